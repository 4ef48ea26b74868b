#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables

load common

starts() {
	msharectl info -nr -o START "$@" | tr '\n' ' '
}

@test "create makes a region of this size, mode 0600" {
	works create --size 2G pg
	assert_output 'pg: created 2G at 0x200000000000'
	works info -nrb -o SIZE,MODE pg
	assert_output "$((2 * G)) 0600"
}

@test "-q, --quiet: the name only" {
	works create -q --size 1G pg
	assert_output pg
	works create --quiet -s 1G pg2
	assert_output pg2
}

@test "-m, --mode: exactly this one, whatever the umask" {
	umask 077
	works create -s 1G --mode 0664 a
	works create -s 1G -m 400 b
	umask 000
	works create -s 1G c
	works info -nr -o NAME,MODE
	assert_output $'a 0664\nb 0400\nc 0600'
}

@test "--mode refuses what is no mode" {
	for mode in 8 1777 4755 -1 '' u+w 99999999999999999999 0x1; do
		usage_error "--mode: '$mode' is not an octal mode up to 0777" create -s 1G --mode "$mode" a
	done
}

@test "--start: at this address" {
	works create -s 1G --start 0x300000000000 a
	assert_output 'a: created 1G at 0x300000000000'
	works create -s 1G --start 3T b
	assert_output 'b: created 1G at 0x30000000000'
	usage_error '--start: the address is 0' create -s 1G --start 0 c
	usage_error "--start: 'x' is not an address" create -s 1G --start x c
	usage_error "--start: address '16E' is too large" create -s 1G --start 16E c
}

@test "without --start each region is where no other is" {
	for name in a b c; do
		works create -q -s 2G $name
	done
	assert_equal "$(starts a b c)" '0x200000000000 0x200080000000 0x200100000000 '
}

@test "a gap that fits is used, one that does not is not" {
	for name in a b c; do
		works create -q -s 2G $name
	done
	works rm b
	works create -q -s 3G large
	works create -q -s 1G small
	assert_equal "$(starts large small)" '0x200180000000 0x200080000000 '
}

@test "regions in directories, and not set yet, are looked at too" {
	mkdir -p "$MOUNT/d/e"
	: >"$MOUNT/unset"
	works create -q -s 2G d/e/a
	works create -q -s 2G b
	assert_equal "$(starts b)" '0x200080000000 '
}

@test "regions with an address of their own are in the way" {
	works create -q -s 1G --start 0x200040000000 a
	works create -q -s 2G b
	works create -q -s 1G c
	assert_equal "$(starts a b c)" '0x200040000000 0x200080000000 0x200000000000 '
}

@test "no range is free" {
	# 16 TiB is more than a file of the fake may have
	for name in a b c; do
		works create -q -s 15T $name
	done
	fails 1 create -s 4T d
	cause 'msharectl create: d: no free range of 4T between 0x200000000000 and 0x500000000000'
	[[ ! -e $MOUNT/d ]]
	works create -q -s 3T d
}

@test "concurrent creates get ranges of their own" {
	for name in {1..12}; do
		msharectl create -q -s 1G "$name" &
	done
	wait
	works info -nr -o START
	assert_equal "${#lines[@]}" 12
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" 12
}

@test "the choice of a range waits for the lock of the mount's root" {
	exec {lock}<"$MOUNT"
	flock "$lock"
	msharectl create -q -s 1G a {lock}<&- &
	sleep 1
	kill -0 $!
	[[ ! -e $MOUNT/a ]]
	flock -u "$lock"
	wait $!
	[[ -e $MOUNT/a ]]
}

@test "a lock that is kept for long is no reason to wait for ever" {
	exec {lock}<"$MOUNT"
	flock "$lock"
	fails 1 create -s 1G a
	cause 'msharectl create: a: another process has locked the mount for long'
	next_step 'Find it with lslocks, or try again later.'
	[[ ! -e $MOUNT/a ]]
}

@test "sizes are multiples of the granule, which the message names" {
	fails 1 create -s 1M a
	cause 'msharectl create: a: a size of 1048576 is not a multiple of the granule, 1G'
	next_step "Round it up: --size $G"
	fails 1 create -s 1G --start 0x300000001000 a
	cause 'msharectl create: a: address 0x300000001000 is not a multiple of the granule, 1G'
	next_step 'Round it down: --start 0x300000000000'
	fails 1 create -s 1G --start 4096 a
	next_step 'Leave --start out to have one chosen.'
	fails 1 create -s 18446744073709551615 a
	next_step 'Make it smaller.'
	[[ ! -e $MOUNT/a ]]
}

@test "a range beyond all addresses is refused" {
	fails 1 create -s 2G --start 0xffffffffc0000000 a
	cause 'msharectl create: a: 0xffffffffc0000000 plus 2147483648 goes beyond all addresses'
	# not user space: the kernel's to refuse
	fails 1 create -s 1G --start 0x800000000000 a
	cause 'msharectl create: a: the kernel takes no region with this address and size'
	next_step 'Both are multiples of 1G, and it ends in user space.'
	[[ ! -e $MOUNT/a ]]
}

@test "bad sizes are refused, never truncated" {
	usage_error '--size is missing' create a
	usage_error '--size: the size is 0' create -s 0 a
	for size in '' 1.5G 1GB -1G 1X ' 1G' 0x; do
		usage_error "--size: '$size' is not a size" create --size "$size" a
	done
	for size in 16E 18446744073709551616 99999999999G; do
		usage_error "--size: size '$size' is too large" create --size "$size" a
	done
	[[ ! -e $MOUNT/a ]]
}

@test "--dry-run makes nothing" {
	works create --dry-run -s 2G a
	assert_output 'a: would create 2G at 0x200000000000'
	[[ ! -e $MOUNT/a ]]
	works create -q -s 2G a
	fails 1 create --dry-run -s 2G a
	cause 'msharectl create: a: exists already'
}

@test "an existing name is left alone" {
	works create -q -s 2G a
	fails 1 create -s 1G a
	cause 'msharectl create: a: exists already'
	next_step 'Choose another name, or remove it: msharectl rm a'
	works info -nr -o SIZE a
	assert_output 2G
}

@test "a failed create leaves nothing" {
	export MSHARE_FAKE_FAIL
	for failure in GET_SIZE:25 SET_SIZE:12 SET_SIZE:22 SET_SIZE:16 SET_SIZE:5; do
		MSHARE_FAKE_FAIL=$failure
		fails 1 create -s 1G --start 1T a
		[[ ! -e $MOUNT/a ]]
	done
	MSHARE_FAKE_FAIL=SET_SIZE:12
	fails 1 create -s 1G a
	cause 'msharectl create: a: the kernel has no memory for it'
}

@test "in a directory that is not there, or is none" {
	fails 1 create -s 1G d/a
	cause 'msharectl create: d/a: the directory it is to be in does not exist'
	works create -q -s 1G a
	fails 1 create -s 1G a/b
	cause 'msharectl create: a/b: a part of the path is not a directory'
	fails 1 create -s 1G "$(printf 'x%.0s' {1..300})"
	[[ ${stderr_lines[0]} == *': the name is too long' ]]
}

@test "absolute paths, relative ones, and what is not on msharefs" {
	works create -q -s 1G "$MOUNT/a"
	cd "$MOUNT"
	works create -q -s 1G ./b
	mkdir d
	cd d
	works create -q -s 1G ../c
	# without ./ it is relative to the mount point wherever this is
	works create -q -s 1G e
	works info -nr -o NAME
	assert_output $'a\nb\nc\ne'
	fails 1 create -s 1G "$BATS_TEST_TMPDIR/x"
	cause "msharectl create: $BATS_TEST_TMPDIR/x: not on msharefs"
	[[ ! -e $BATS_TEST_TMPDIR/x ]]
}

@test "no permission" {
	public_copy
	run --separate-stderr as_nobody_create
	show
	assert_equal "$status" 1
	assert_equal "${stderr_lines[0]}" 'msharectl create: a: no permission to make files in its directory'
}

@test "regions that may not be read are mentioned" {
	public_copy
	works create -q -s 1G --mode 0600 secret
	[[ $(id -u) -eq 0 ]] || chmod 0 "$MOUNT/secret"
	chmod 1777 "$MOUNT"
	run --separate-stderr as_nobody_create
	show
	assert_success
	assert_equal "$stderr" 'msharectl create: a: note: 1 of the other regions may not be read by you, so one of them may have the same addresses'
}

# nobody can't reach the build
public_copy() {
	PUBLIC=$(mktemp -d /tmp/mshare-cli-XXXXXX)
	chmod 755 "$PUBLIC"
	cp "${MSHARECTL:-$BUILD/msharectl}" "$PROBES/fake-msharefs.so" "$PUBLIC"
	mv "$MOUNT" "$PUBLIC/mshare"
	MOUNT=$PUBLIC/mshare
	export MSHARE_FAKE_DIR=$MOUNT MSHARE_MOUNT_POINT=$MOUNT
	[[ $(id -u) -eq 0 ]] || chmod a-w "$MOUNT"
}

as_nobody_create() {
	as_nobody env LD_PRELOAD="$PUBLIC/fake-msharefs.so" "$PUBLIC/msharectl" create -s 1G a
}

teardown() {
	if [[ -n ${PUBLIC:-} ]]; then
		chmod -R u+w "$PUBLIC"
		rm -rf "$PUBLIC"
	fi
}
