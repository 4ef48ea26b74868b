#!/usr/bin/env bats
# The package that follows the kernels of a base, in an archive of empty packages.

bats_require_minimum_version 1.5.0
. "$BATS_TEST_DIRNAME/../assert.bash"

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p archive empty/DEBIAN apt/lists/partial apt/cache/archives/partial
	touch apt/status
}

# kernel BASE VERSION BUILD: puts a kernel's package into the archive, and the package
# that follows the base
kernel() {
	printf '%s\n' "Package: linux-image-$2-mshare" "Version: $2-$3" \
		'Architecture: amd64' 'Maintainer: none <none@example.org>' 'Description: none' \
		>empty/DEBIAN/control
	dpkg-deb --root-owner-group -b empty "archive/linux-image-$2-mshare_$2-$3_amd64.deb"
	"$TREE/kernel/meta-package" "$1" "$2-mshare" "$2-$3" archive
}

# Brings apt to know the archive and nothing else.
apt_here() {
	apt-get -qq -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" \
		-o Dir::State::status="$PWD/apt/status" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o APT::Sandbox::User=root \
		-o Dir::Etc::preferences=/dev/null -o Debug::NoLocking=true \
		-o APT::Architecture=amd64 "$@"
}

update() {
	(cd archive && dpkg-scanpackages -m . >Packages)
	echo "deb [trusted=yes] file:$PWD/archive ./" >apt/sources.list
	apt_here update
}

# would_install ARGUMENT...: prints the packages that "apt-get ARGUMENT..." installs
would_install() {
	apt_here --simulate "$@" >simulated
	sed -nE 's/^Inst ([^ ]+) .*\(([^ ]+) .*/\1 \2/p' simulated | sort
}

# installed PACKAGE VERSION: apt takes the package for installed
installed() {
	{
		(cd archive && dpkg-scanpackages -m . 2>/dev/null) |
			awk -v RS= -v name="$1" -v version="$2" -F '\n' '
				index($0, "Package: " name "\n") && index($0, "\nVersion: " version "\n")' |
			sed -E 's/^(Package: .*)/\1\nStatus: install ok installed/; /^(Filename|Size|MD5sum|SHA[0-9]+):/d'
		echo
	} >>apt/status
}

@test "the package of a base installs the newest kernel of that base" {
	kernel 6.12 6.12.117 9.g1234abcd
	kernel 6.12 6.12.117 10.g01234567
	kernel 6.12 6.12.118 11.gabcdef01
	kernel 7.3 7.3.4 11.gabcdef01
	update
	run would_install install linux-image-mshare-6.12
	assert_success
	assert_output - <<-'END'
		linux-image-6.12.118-mshare 6.12.118-11.gabcdef01
		linux-image-mshare-6.12 6.12.118-11.gabcdef01
	END
	run would_install install linux-image-mshare-7.3
	assert_output --partial 'linux-image-7.3.4-mshare 7.3.4-11.gabcdef01'
}

@test "an upgrade brings the next kernel of the base, beside the kernel that is installed" {
	kernel 6.12 6.12.117 10.g01234567
	installed linux-image-6.12.117-mshare 6.12.117-10.g01234567
	installed linux-image-mshare-6.12 6.12.117-10.g01234567
	kernel 6.12 6.12.118 11.gabcdef01
	kernel 7.3 7.3.4 11.gabcdef01
	update
	run would_install upgrade --with-new-pkgs
	assert_success
	assert_output - <<-'END'
		linux-image-6.12.118-mshare 6.12.118-11.gabcdef01
		linux-image-mshare-6.12 6.12.118-11.gabcdef01
	END
	run grep '^Remv' simulated
	assert_failure
}

@test "lintian accepts the package of a base" {
	kernel 6.12 6.12.117 10.g01234567
	run lintian --allow-root --display-info --fail-on error,warning,info \
		archive/linux-image-mshare-6.12_*.deb
	assert_success
	assert_output ''
}
