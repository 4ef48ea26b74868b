# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of bats
# What the tests of the command line share.

bats_require_minimum_version 1.5.0
. "${BASH_SOURCE[0]%/*}/../assert.bash"

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
BUILD=${MSHARE_BUILD:-$TREE/build}
PROBES=$BUILD/tests/cli
G=$((1 << 30))

# An empty msharefs that is none, with a granule of 1 GiB.
setup_fake() {
	MOUNT=$(realpath "$BATS_TEST_TMPDIR")/mshare
	mkdir "$MOUNT"
	echo $G >"$MOUNT/mshare_info"
	# enough for every test
	export MSHARE_FAKE_MEMINFO=$BATS_TEST_TMPDIR/meminfo
	echo 'MemAvailable: 1073741824 kB' >"$MSHARE_FAKE_MEMINFO"
	export MSHARE_FAKE_SYS=$BATS_TEST_TMPDIR/sys # has none
	export MSHARE_FAKE_DIR=$MOUNT MSHARE_MOUNT_POINT=$MOUNT
	# the build with sanitizers gives way to the preloaded fake
	export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=1
	unset MSHARE_FAKE_FAIL MSHARE_FAKE_HUGETLB MSHARE_FAKE_MOUNTINFO MSHARE_FAKE_NO_STAT
	unset MSHARE_FAKE_SIGNAL MSHARE_FAKE_SLOW MSHARE_FAKE_LOG MSHARE_FAKE_FILESYSTEMS
	unset MSHARE_FAKE_BETWEEN MSHARE_FAKE_KILL MSHARE_FAKE_ATTACHED
	unset MSHARE_ADDR MSHARE_SIZE MSHARE_REGIONS
	export LC_ALL=C.UTF-8
}

setup() {
	setup_fake
}

teardown() {
	drop_other
	drop_public
}

# From here on msharectl sees another msharefs, mounted on "other" in the first,
# and what is in it is in $OTHER, a directory in one of another file system.
needs_other() {
	OTHER=$(mktemp -d "${1:-/dev/shm}/mshare-cli-XXXXXX")
	[[ $(stat -c %d "$OTHER") != "$(stat -c %d "$MOUNT")" ]] || skip 'one file system for all'
	echo $G >"$OTHER/mshare_info"
	mkdir "$MOUNT/other"
	unshare --map-root-user --mount mount --bind "$OTHER" "$MOUNT/other" || skip 'no user namespaces'
}

drop_other() {
	rm -rf ${OTHER:+"$OTHER"}
}

msharectl() {
	if [[ -z ${OTHER:-} ]]; then
		LD_PRELOAD=$PROBES/fake-msharefs.so "${MSHARECTL:-$BUILD/msharectl}" "$@"
		return
	fi
	# shellcheck disable=SC2016
	unshare --map-root-user --mount sh -c 'mount --bind "$1" "$2" || exit
		export LD_PRELOAD="$3"
		shift 3
		exec "$@"' - "$OTHER" "$MOUNT/other" "$PROBES/fake-msharefs.so" \
		"${MSHARECTL:-$BUILD/msharectl}" "$@"
}

# The same, whatever signals the tests' caller ignores.
msharectl_signalled() {
	env --default-signal LD_PRELOAD="$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" "$@"
}

# works ARG...: status 0 and nothing on standard error
works() {
	run --separate-stderr msharectl "$@"
	show
	assert_success
	assert_equal "$stderr" ''
}

# fails STATUS ARG...: two lines on standard error, and none on standard output
fails() {
	local status_wanted=$1
	shift
	run "-$status_wanted" --separate-stderr msharectl "$@"
	show
	assert_equal "$output" ''
	assert_equal "${#stderr_lines[@]}" 2
	[[ ${stderr_lines[0]} == msharectl* ]]
}

# The first line of a message, and the second.
cause() {
	assert_equal "${stderr_lines[0]}" "$1"
}

next_step() {
	assert_equal "${stderr_lines[1]}" "$1"
}

usage_error() {
	local words=$1
	shift
	fails 2 "$@"
	cause "msharectl $1: $words"
	next_step "Try 'msharectl $1 --help' for more information."
}

show() {
	printf 'status: %s\noutput:\n%s\nstderr:\n%s\n' "$status" "$output" "$stderr"
}

# From here on the fake keeps the requests that change a region.
log_requests() {
	export MSHARE_FAKE_LOG=$BATS_TEST_TMPDIR/requests
	: >"$MSHARE_FAKE_LOG"
}

# requests_were LINE...: since log_requests, or since this was called last
requests_were() {
	assert_equal "$(<"$MSHARE_FAKE_LOG")" "$(printf '%s\n' "$@")"
	: >"$MSHARE_FAKE_LOG"
}

region_size() {
	stat -c %s "$MOUNT/$1"
}

# Where nobody but root may go, the superuser tests nothing. A build that counts
# which lines run writes that where nobody can, instead of complaining.
as_nobody() {
	local counts status=0
	if [[ $(id -u) -ne 0 ]]; then
		"$@"
		return
	fi
	counts=$(mktemp -d /tmp/mshare-cli-XXXXXX)
	chmod 1777 "$counts"
	GCOV_PREFIX=$counts setpriv --reuid 65534 --regid 65534 --clear-groups "$@" || status=$?
	rm -rf "$counts"
	return "$status"
}

# What nobody needs to run msharectl, because nobody cannot reach the build.
make_public() {
	PUBLIC=$(mktemp -d /tmp/mshare-cli-XXXXXX)
	chmod 755 "$PUBLIC"
	cp "${MSHARECTL:-$BUILD/msharectl}" "$PROBES/fake-msharefs.so" "$PUBLIC"
}

# From here on, msharectl uses a copy of the mount that nobody can reach.
publish_mount() {
	make_public
	cp -a --sparse=always "$MOUNT" "$PUBLIC/mshare"
	MOUNT=$PUBLIC/mshare
	chmod 755 "$MOUNT"
	export MSHARE_FAKE_DIR=$MOUNT MSHARE_MOUNT_POINT=$MOUNT
}

as_nobody_msharectl() {
	as_nobody env LD_PRELOAD="$PUBLIC/fake-msharefs.so" "$PUBLIC/msharectl" "$@"
}

drop_public() {
	[[ -n ${PUBLIC:-} ]] || return 0
	chmod -R u+rwx "$PUBLIC"
	rm -rf "$PUBLIC"
}

# The sanitizers themselves need /proc. tests/kernel has these cases, too.
skip_sanitized() {
	! ldd "${MSHARECTL:-$BUILD/msharectl}" | grep -q libasan || skip 'the sanitizers need /proc'
}

# Runs a command that finds an empty directory at /proc. The fake finds it elsewhere.
without_proc() {
	mkdir "$BATS_TEST_TMPDIR/proc"
	# shellcheck disable=SC2016
	MSHARE_FAKE_PROC=$BATS_TEST_TMPDIR/proc unshare --user --map-root-user --mount sh -c '
		mount --rbind /proc "$MSHARE_FAKE_PROC" && mount -t tmpfs tmpfs /proc || exit
		exec "$@"' - "$@"
}

# Shells that complete find msharectl in PATH, with the kernel faked.
msharectl_in_path() {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/msharectl" <<-END
		#!/bin/sh
		export LD_PRELOAD='$PROBES/fake-msharefs.so'
		exec '${MSHARECTL:-$BUILD/msharectl}' "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/msharectl"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	export HOME=$BATS_TEST_TMPDIR
}

# offers SHELL LINE WANTED [LINE WANTED]...: what can be put for the last word
offers() {
	completes_as '->' "$@"
}

# becomes SHELL LINE WANTED [LINE WANTED]...: what is made of the line
becomes() {
	completes_as '=>' "$@"
}

completes_as() {
	local arrow=$1 shell=$2 lines=() wanted=()
	shift 2
	while [[ $# -gt 0 ]]; do
		lines+=("$1")
		wanted+=("$1 $arrow $2")
		shift 2
	done
	assert_equal "$("complete_in_$shell" "${lines[@]}" | grep -aF " $arrow ")" \
		"$(printf '%s\n' "${wanted[@]}")"
}

complete_in_fish() {
	fish --no-config "$BATS_TEST_DIRNAME/complete.fish" "$@"
}

complete_in_zsh() {
	timeout 60 zsh -f "$BATS_TEST_DIRNAME/complete.zsh" "$BATS_FILE_TMPDIR" "$@"
}
