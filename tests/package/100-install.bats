#!/usr/bin/env bats
# What is installed: from the packages, and used as other projects would.

bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../assert.bash"

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
BUILD=${MSHARE_BUILD:-$TREE/build}

setup_file() {
	export ROOT=$BATS_FILE_TMPDIR/root PACKAGES=$BATS_FILE_TMPDIR/packages
	mkdir -p "$ROOT" "$PACKAGES"
	"$TREE/dev" package >"$PACKAGES/list"
	mapfile -t debs <"$PACKAGES/list"
	for deb in "${debs[@]}"; do
		dpkg-deb -x "$deb" "$ROOT"
	done
	LIBDIR=$ROOT/usr/lib/$(gcc -print-multiarch)
	export LIBDIR PKG_CONFIG_PATH=$LIBDIR/pkgconfig PKG_CONFIG_SYSROOT_DIR=$ROOT
	pkg-config --exists libmshare
}

setup() {
	mapfile -t debs <"$PACKAGES/list"
	cd "$BATS_TEST_TMPDIR"
}

# An empty msharefs that is none, as tests/cli has it.
fake() {
	mkdir -p mshare
	echo $((1 << 30)) >mshare/mshare_info
	LD_LIBRARY_PATH=$LIBDIR LD_PRELOAD=$BUILD/tests/cli/fake-msharefs.so \
		MSHARE_FAKE_DIR=$PWD/mshare run "$@"
}

compile() {
	local flags
	read -ra flags < <(pkg-config --cflags --libs libmshare)
	gcc -std=gnu17 -Wall -Werror -o program "$BATS_TEST_DIRNAME/program.c" "$@" "${flags[@]}"
}

works_on_a_region() {
	fake ./program mshare/region
	assert_success
	assert_output 'shared at 0x550000000000 of 1073741824, 1073741824 mapped'
}

@test "lintian accepts the packages" {
	# the unit that stops at shutdown is for systemd alone
	run lintian --allow-root --display-info --fail-on error,warning,info \
		--suppress-tags package-supports-alternative-init-but-no-init.d-script "${debs[@]}"
	assert_success
	assert_output ''
}

@test "dpkg installs, configures and removes the packages" {
	[[ $(id -u) -eq 0 ]] || skip 'only root installs packages'
	mkdir -p db/updates db/info to
	touch db/status
	# what they depend on is this machine's, not the empty database's
	PATH=$PATH:/usr/sbin:/sbin run dpkg --admindir="$PWD/db" --instdir="$PWD/to" \
		--force-depends --force-not-root --force-script-chrootless --log=/dev/null -i "${debs[@]}"
	assert_success
	run dpkg-query --admindir="$PWD/db" -W -f '${Package} ${Status}\n'
	assert_output - <<-'END'
		libmshare-dev install ok installed
		libmshare0 install ok installed
		mshare install ok installed
	END
	run to/usr/bin/msharectl --version
	assert_success
}

@test "the version of msharectl and the changelog is the project's" {
	version=$("$ROOT/usr/bin/msharectl" --version | sed -n '1s/^msharectl \([^ ]*\).*/\1/p')
	[[ -n $version ]]
	assert_equal "$(dpkg-parsechangelog -l "$TREE/packaging/changelog" -S Version)" "$version"
	assert_equal "$(pkg-config --modversion libmshare)" "$version"
}

@test "the version of the packages names the commit, and is newer than the release" {
	commit=$(git -C "$TREE" rev-parse --short=8 HEAD) || skip 'not a git tree'
	count=$(git -C "$TREE" rev-list --count HEAD)
	for deb in "${debs[@]}"; do
		version=$(dpkg-deb -f "$deb" Version)
		assert_regex "$version" "^0\\.1\\+$count\\.g$commit(\\.[0-9]{14})?\$"
		dpkg --compare-versions "$version" gt 0.1
		dpkg --compare-versions "$version" lt "0.1+$((count + 1)).g00000000"
	done
}

@test "README, NEWS and examples are in the package" {
	for file in README NEWS examples/mshare-example.service examples/mshare-example.slice \
		examples/apparmor.d/usr.bin.msharectl examples/postgresql@.service.d/mshare.conf; do
		[[ -s $ROOT/usr/share/doc/mshare/$file ]]
	done
	run systemd-analyze verify --man=no \
		"$ROOT"/usr/lib/systemd/system/mshare-shutdown.service \
		"$ROOT"/usr/lib/systemd/system/sys-fs-mshare.mount
	refute_output --regexp 'nknown|[Cc]ycle|nvalid'
}

@test "systemd accepts the drop-in for Debian's PostgreSQL" {
	unit=/usr/lib/systemd/system/postgresql@.service
	[[ -e $unit ]] || unit=${unit#/usr}
	[[ -e $unit ]] || skip 'PostgreSQL is not installed'
	mkdir units
	cp -r "$unit" "$ROOT/usr/share/doc/mshare/examples/postgresql@.service.d" units
	SYSTEMD_UNIT_PATH=$PWD/units: run systemd-analyze verify --man=no units/postgresql@15-main.service
	assert_success
	assert_output ''
}

@test "a program is built through pkg-config and uses a region" {
	compile
	run readelf -d program
	assert_output --partial 'Shared library: [libmshare.so.0]'
	works_on_a_region
}

@test "pkg-config knows directories outside the prefix" {
	unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
	cmake -S "$TREE" -B build -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=/usr \
		-DCMAKE_INSTALL_LIBDIR=/opt/lib -DCMAKE_INSTALL_INCLUDEDIR=/opt/include
	PKG_CONFIG_PATH=build/libmshare run pkg-config --cflags --libs libmshare
	assert_output '-I/opt/include/mshare -L/opt/lib -lmshare '
}

@test "a program is built with the static library" {
	compile -Wl,-Bstatic -lmshare -Wl,-Bdynamic -L"$LIBDIR" -Wl,--as-needed
	run readelf -d program
	refute_output --partial libmshare
	works_on_a_region
}

@test "the library has the functions of the header and of the map, with versions" {
	nm -D --defined-only "$LIBDIR/libmshare.so.0" | awk '$2 == "T" { print $3 }' | sort >library
	grep -o '^int mshare_[a-z_]*' "$ROOT/usr/include/mshare/mshare.h" |
		cut -d' ' -f2 | sort >header
	awk '/^MSHARE_/ { version = $1 } /^\tmshare_/ { sub(";", "", $1); print $1 "@@" version }' \
		"$TREE/libmshare/libmshare.map" | sort >map
	[[ -s header ]]
	run diff header <(sed 's/@@.*//' library)
	assert_success
	run diff map library
	assert_success
}

# sources_in PAGE: leaves the programs that a page shows in files of their names
sources_in() {
	awk '/^\.EX$/ { first = 1; next }
		/^\.EE$/ { file = "" }
		first && /^\/\* .* \*\/$/ { file = $2 }
		{ first = 0 }
		file { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); print >file; print file >"sources" }
	' <(gzip -dc "$1")
}

@test "the pages' programs compile with the installed library" {
	read -ra flags < <(pkg-config --cflags --libs libmshare)
	for page in "$ROOT"/usr/share/man/man3/mshare_*.3.gz \
		"$ROOT"/usr/share/man/man7/libmshare.7.gz "$ROOT"/usr/share/man/man5/msharefs.5.gz; do
		[[ $(gzip -dc "$page") != .so\ * ]] || continue
		: >sources
		sources_in "$page"
		[[ -s sources ]]
		sort -u sources | while read -r source; do
			gcc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Werror \
				-o program "$source" "${flags[@]}"
		done
	done
}

@test "each function of the header has a page in libmshare-dev" {
	grep -o '^int mshare_[a-z_]*' "$ROOT/usr/include/mshare/mshare.h" |
		cut -d' ' -f2 | sort >functions
	(cd "$ROOT/usr/share/man/man3" && printf '%s\n' *.3.gz) |
		sed 's/\.3\.gz$//' | sort >pages
	run diff functions pages
	assert_success
	for deb in "${debs[@]}"; do
		[[ $deb != *libmshare-dev* ]] || dpkg-deb -c "$deb" >contents
	done
	grep -q man7/libmshare.7.gz contents
}

@test "the header compiles as C++ and as old C" {
	read -ra flags < <(pkg-config --cflags libmshare)
	for language in c++ c; do
		echo '#include <mshare.h>' | gcc -x "$language" -Wall -Wextra -Wpedantic -Werror \
			-fsyntax-only "${flags[@]}" -
	done
}

@test "the mount unit is named after what it mounts, and sets a limit" {
	unit=$ROOT/usr/lib/systemd/system/sys-fs-mshare.mount
	where=$(sed -n 's/^Where=//p' "$unit")
	assert_equal "${unit##*/}" "$(sed 's,^/,,; s,/,-,g' <<<"$where").mount"
	grep -qx 'Type=msharefs' "$unit"
	grep -qx "ConditionPathExists=$where" "$unit"
	grep -qx "Options=.*,size=50%" "$unit"
	# else files that regions map keep their disks mounted at shutdown
	for line in Conflicts=umount.target Before=umount.target After=local-fs.target; do
		grep -qx "$line" "$unit"
	done
}

@test "completions are in the directories of the shells" {
	[[ -e $ROOT/usr/share/bash-completion/completions/msharectl ]]
	cd "$ROOT"
	run zsh -f -c 'print -l .$^fpath/_msharectl(N)'
	assert_output ./usr/share/zsh/vendor-completions/_msharectl
	run env HOME="$BATS_TEST_TMPDIR" XDG_DATA_DIRS= fish -c 'path filter .$fish_complete_path/msharectl.fish'
	assert_output ./usr/share/fish/vendor_completions.d/msharectl.fish
}
