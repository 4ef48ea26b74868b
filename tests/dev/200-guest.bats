#!/usr/bin/env bats
# What the guest is like.

setup() {
	load vm
}

# One guest for all that takes no option: to boot takes longer than to look.
@test "a guest has this machine's files, file systems of its own, and msharefs" {
	cd "$BATS_TEST_DIRNAME"
	run --separate-stderr vm -- sh -exc '
		# of this machine, in the same place
		pwd
		sha256sum <"$1"
		cmp "$1" "${1##*/}"
		command -v msharectl
		if touch "$1" || touch /etc/new; then exit 1; fi
		# of its own
		for dir in /tmp /run /dev/shm; do
			touch $dir/file
			ls $dir | grep -qx file
		done
		# what programs expect
		test -c /dev/null
		for file in /proc/self/maps /sys/kernel/mm /sys/fs/cgroup/cgroup.procs \
			/sys/kernel/tracing/trace /dev/pts/ptmx /dev/fd/0; do
			test -e $file
		done
		test $(($(cat /sys/class/net/lo/flags) & 1)) -eq 1
		test "$(stat --file-system --format=%t /sys/fs/mshare)" = 4d534852
		# what is to be had for the asking
		if grep -qw la57 /proc/cpuinfo; then exit 1; fi' - "$BATS_TEST_FILENAME"
	# shellcheck disable=SC2154 # run sets it
	echo "$stderr"
	assert_success
	[[ $stderr == *"$BATS_TEST_FILENAME"*'Read-only file system'*/etc/new*'Read-only file system'* ]]
	assert_output "$PWD
$(sha256sum <"$BATS_TEST_FILENAME")
$(realpath "${MSHARE_BUILD:-$BATS_TEST_DIRNAME/../../build}")/msharectl"
}

@test "a directory below /tmp is kept, --share makes another writable" {
	local dir="$BATS_TEST_TMPDIR/a, b" current
	mkdir "$dir"
	current=$(mktemp -d /tmp/vm-test.XXXXXX)
	echo text >"$current/file"
	cd "$current"
	run vm --share "$dir" -- sh -c 'cat file >"$1/copy"' - "$dir"
	rm -r "$current"
	assert_success
	assert_equal "$(<"$dir/copy")" text
}

@test "--disk, --cpus, --memory, --la57 and --no-mount give what they say" {
	run vm --disk 300M --cpus 3 --memory 1G --la57 --no-mount -- sh -c '
		cat /sys/block/vda/size; nproc; grep -owm 1 la57 /proc/cpuinfo
		grep -cw msharefs /proc/mounts
		sed -n "s/MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo'
	assert_success
	assert_line --index 0 614400
	assert_line --index 1 3
	assert_line --index 2 la57
	assert_line --index 3 0
	[[ ${lines[4]} -gt 900000 && ${lines[4]} -lt 1048576 ]]
}

@test "--icount: time leaps to the next event where all wait" {
	run vm --icount --timeout 100 -- sleep 300
	assert_success
}
