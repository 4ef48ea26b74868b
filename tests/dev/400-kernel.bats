#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets variables
# How ./dev kernel applies the series, with a base of a few files whose Makefile
# only knows the targets that configure a kernel for packages.

setup() {
	load vm
	build=$BATS_TEST_DIRNAME/../../kernel/build
	cd "$BATS_TEST_TMPDIR"
	export MSHARE_CACHE=$PWD/cache MSHARE_KERNEL_SOURCE=$PWD/base
	export MSHARE_KERNEL_CONFIG=$PWD/config
	touch config
	mkdir -p base/scripts base/mm
	touch base/Kconfig
	printf '#!/bin/sh\n' >base/scripts/config
	chmod +x base/scripts/config
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nolddefconfig:\n' >base/Makefile
	echo '*.order' >base/.gitignore
	seq 10 >base/mm/a.c
	seq 10 >base/mm/b.c
	# a file that the kernel's .gitignore hides
	echo 1 >base/mm/c.order
	touch -d 2020-01-01 base/mm/*
	make_patch a 's/^5$/five/' mm/a.c
	make_patch b 's/^7$/seven/' mm/b.c
	make_patch new 's/^1$/one/' mm/new.c
}

# make_patch NAME SCRIPT FILE: NAME.patch changes or makes FILE as sed's SCRIPT says
make_patch() {
	rm -rf new
	cp -a base new
	[[ -e new/$3 ]] || echo 1 >"new/$3"
	sed -i "$2" "new/$3"
	git diff --no-index --no-prefix base new | sed -E 's, (base|new)/, x/,g' >"$1.patch" || true
	sed -i -E 's,^(---) x/,\1 a/,; s,^(\+\+\+) x/,\1 b/,; s,^(diff --git) x/(.*) x/,\1 a/\2 b/,' "$1.patch"
}

# patched NAME...: brings patched/ to the base with these patches
patched() {
	local arguments=()
	for name; do
		arguments+=(--with "$name.patch")
	done
	run "$build" --deb --config-only --first 0 "${arguments[@]}"
	tree=$(echo cache/kernel/base-*/patched)
}

@test "kernel: the patched tree has the series, and only changed files a new time" {
	local before
	patched a new
	assert_success
	assert_equal "$(sed -n 5p "$tree/mm/a.c")" five
	assert_equal "$(<"$tree/mm/new.c")" one
	assert_equal "$(stat -c %y "$tree/mm/b.c")" "$(stat -c %y base/mm/b.c)"
	touch -d 2021-01-01 "$tree/mm/new.c"
	before=$(stat -c %Y "$tree/mm/a.c")
	sleep 1.1
	patched a b
	assert_success
	assert_equal "$(stat -c %Y "$tree/mm/a.c")" "$before"
	assert_equal "$(sed -n 7p "$tree/mm/b.c")" seven
	[[ ! -e $tree/mm/new.c && -e $tree/mm/c.order ]]
	patched b
	assert_success
	cmp "$tree/mm/a.c" base/mm/a.c
}

@test "kernel: the base stays as it was unpacked" {
	patched a b new
	assert_success
	run diff -r base "$tree/../source"
	assert_output ''
}

@test "kernel: a patched tree that was changed is put right" {
	patched a
	assert_success
	echo text >"$tree/mm/a.c"
	echo text >"$tree/mm/left.c"
	rm "$tree/mm/b.c"
	touch "$tree/../base.git/index.lock"
	patched a
	assert_success
	assert_equal "$(sed -n 5p "$tree/mm/a.c")" five
	cmp "$tree/mm/b.c" base/mm/b.c
	[[ ! -e $tree/mm/left.c ]]
}

@test "kernel: a patch that does not apply is named" {
	patched a a
	assert_failure 1
	assert_line 'dev: a.patch does not apply to Linux 6.12.117'
}
