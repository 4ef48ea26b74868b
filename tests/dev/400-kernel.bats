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

@test "kernel: --base names a folder with a series, and the source must be of that release" {
	run "$build" --base 6.11 --source
	assert_failure 2
	assert_line --regexp '^dev: there is no base "6.11": 6.12'
	run "$build" --base
	assert_failure 2
	sed -i 's/PATCHLEVEL = 12/PATCHLEVEL = 11/' base/Makefile
	run "$build" --base 6.12 --source
	assert_failure 1
	assert_line 'dev: the base is Linux 6.11.117; the series is for 6.12'
}

@test "kernel: the configurations of packages are alternatives" {
	run "$build" --guest-config
	assert_failure 2
	assert_line 'dev: --guest-config goes with --deb, and without --local-modules'
	run "$build" --deb --guest-config --local-modules
	assert_failure 2
	run "$build" --local-modules
	assert_failure 2
	assert_line 'dev: --local-modules goes with --deb'
}

@test "kernel: --source prints the unpacked base" {
	run "$build" --base 6.12 --source
	assert_success
	assert_line --regexp "^$PWD/cache/kernel/base-.*/source$"
}

@test "kernel: a patch that does not apply is named" {
	patched a a
	assert_failure 1
	assert_line 'dev: a.patch does not apply to Linux 6.12.117'
}

# fake_archive VERSION...: an archive with these versions of the source of 7.3
fake_archive() {
	mkdir -p bin
	printf '#!/bin/bash\nversions=(%s)\n' "$*" >bin/apt-get
	cat >>bin/apt-get <<-'END'
		[[ " $* " == *" download "* ]] || exit 0
		version=${versions[*]: -1}
		[[ ${!#} != *=* ]] || version=${!##*=}
		[[ -n $version && " ${versions[*]} " == *" $version "* ]] || exit 100
		echo "$version" >"linux-source-7.3_${version}_all.deb"
	END
	chmod +x bin/apt-get
	PATH=$PWD/bin:$PATH
	unset MSHARE_KERNEL_SOURCE
}

# key_of_base: what ./dev makes of the package of 7.3
key_of_base() {
	run --separate-stderr bash -euc '. "$1/base.bash"; use_base 7.3; base_key' - "${build%/*}"
}

@test "kernel: where the archive has moved on, the newest package of the release serves" {
	fake_archive 7.3.8-1 7.3.9-1
	key_of_base
	assert_success
	assert_output 7.3.9-1
	[[ $stderr == *' any more: taking linux-source-7.3_7.3.9-1_all.deb'* ]]
	# without another look at the archive
	fake_archive 7.3.10-1
	key_of_base
	assert_output 7.3.9-1
	assert_equal "$stderr" ''
}

@test "kernel: a package of the pinned version with another hash is refused" {
	fake_archive "$(sed -n '3s/ .*//p' "${build%/*}/7.3/BASE")"
	key_of_base
	assert_failure 1
	[[ $stderr == *'is not the package that kernel/7.3/BASE names'* ]]
}

@test "kernel: an archive without the package is named" {
	fake_archive ''
	key_of_base
	assert_failure 1
	[[ $stderr == *'http://deb.debian.org/debian trixie-backports main has no linux-source-7.3'* ]]
}

# series_tree: makes tree/, a copy of the scripts with a series of patches a, b and new
series_tree() {
	local name i=0
	mkdir -p tree/kernel/6.12/patches tree/kernel/cover
	cp -r "$BATS_TEST_DIRNAME/../../dev.d" tree/
	cp "$BATS_TEST_DIRNAME/../../kernel/base.bash" tree/kernel/
	echo 6.12.117 >tree/kernel/6.12/BASE
	for name in a b new; do
		i=$((i + 1))
		{
			printf 'From: Who <who@example.org>\nSubject: [PATCH] mm: patch\n %s\n\n' "$name"
			printf 'Why.\n---\n'
			cat "$name.patch"
		} >"tree/kernel/6.12/patches/000$i-mm-patch-$name.patch"
	done
	printf '# comment\none  mm: patch a\ntwo  mm: patch new\n' >tree/kernel/SERIES
	printf 'mm: the first\n\nText.\n' >tree/kernel/cover/one.txt
	printf 'mm: the second\n\nText.\n' >tree/kernel/cover/two.txt
}

@test "series: each series has numbered patches, and a cover letter with a diffstat" {
	series_tree
	run --separate-stderr tree/dev.d/series --version 2
	assert_success
	assert_output "$PWD/tree/build/series/one
$PWD/tree/build/series/two"
	run ls tree/build/series/one
	assert_output 'v2-0000-cover-letter.patch
v2-0001-mm-patch-a.patch
v2-0002-mm-patch-b.patch'
	grep -qxF 'Subject: [PATCH v2 2/2] mm: patch' tree/build/series/one/v2-0002-*
	run cat tree/build/series/one/v2-0000-cover-letter.patch
	assert_line 'Subject: [PATCH v2 0/2] mm: the first'
	assert_line '  mm: patch b'
	refute_line '  mm: patch new'
	assert_line --regexp '^ 2 files changed, 2 insertions\(\+\), 2 deletions\(-\)'
	# the patches before a series are not in its diffstat
	run cat tree/build/series/two/v2-0000-cover-letter.patch
	assert_line ' create mode 100644 mm/new.c'
	assert_line --regexp '^ 1 file changed, 1 insertion'
}

@test "series: a series is named, and must begin with a patch and have a cover letter" {
	series_tree
	run --separate-stderr tree/dev.d/series two
	assert_success
	assert_output "$PWD/tree/build/series/two"
	run tree/dev.d/series three
	assert_failure 2
	assert_line 'dev: series: kernel/SERIES has no series "three"'
	rm tree/kernel/cover/two.txt
	run tree/dev.d/series
	assert_failure 1
	assert_line 'dev: there is no kernel/cover/two.txt'
	echo 'three  mm: patch c' >>tree/kernel/SERIES
	run tree/dev.d/series
	assert_failure 1
	assert_line 'dev: kernel/SERIES: no patch has the subject "mm: patch c"'
}
