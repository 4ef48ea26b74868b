#!/usr/bin/env bats
# What the guest is like.

setup() {
	load vm
}

@test "the current directory is kept" {
	cd "$BATS_TEST_DIRNAME"
	run vm -- pwd
	assert_success
	assert_output "$BATS_TEST_DIRNAME"
}

@test "a current directory below /tmp is kept" {
	local dir
	dir=$(mktemp -d /tmp/vm-test.XXXXXX)
	echo text >"$dir/file"
	cd "$dir"
	run vm -- cat file
	rm -r "$dir"
	assert_success
	assert_output text
}

@test "this machine's files are there and can't be written" {
	cd "$BATS_TEST_DIRNAME"
	run vm -- sh -c 'cmp "$1" - <"$1" && ! touch "$1" && ! touch /etc/new' - "$BATS_TEST_FILENAME"
	assert_success
	assert_output --partial 'Read-only file system'
}

@test "/tmp, /run and /dev/shm are the guest's own" {
	run vm -- sh -c 'for d in /tmp /run /dev/shm; do touch $d/file && ls $d | grep -x file; done'
	assert_success
	assert_output $'file\nfile\nfile'
}

@test "the file systems that programs expect are mounted" {
	run vm -- sh -c '
		test -e /proc/self/maps && test -e /sys/kernel/mm && test -c /dev/null &&
		test -e /sys/fs/cgroup/cgroup.procs && test -d /sys/kernel/debug/tracing &&
		test -e /dev/pts/ptmx && test -e /dev/fd/0 &&
		[ $(($(cat /sys/class/net/lo/flags) & 1)) -eq 1 ]'
	assert_success
}

@test "--share makes a folder writable" {
	local dir="$BATS_TEST_TMPDIR/a, b"
	mkdir "$dir"
	run vm --share "$dir" -- sh -c 'echo text >"$1/file"' - "$dir"
	assert_success
	assert_equal "$(<"$dir/file")" text
}

@test "--disk gives a disk, --cpus and --memory what they say" {
	run vm --disk 300M --cpus 3 --memory 1G -- sh -c '
		cat /sys/block/vda/size; nproc; sed -n "s/MemTotal: *\([0-9]*\) kB/\1/p" /proc/meminfo'
	assert_success
	assert_line --index 0 614400
	assert_line --index 1 3
	[[ ${lines[2]} -gt 900000 && ${lines[2]} -lt 1048576 ]]
}

@test "--la57 gives page tables of five levels, and nothing else does" {
	run vm -- grep -qw la57 /proc/cpuinfo
	assert_failure 1
	run vm --la57 -- grep -qw la57 /proc/cpuinfo
	assert_success
}

@test "msharefs is mounted, --no-mount leaves it" {
	run vm -- stat -f -c %t /sys/fs/mshare
	assert_success
	assert_output 4d534852
	run vm --no-mount -- grep -w msharefs /proc/mounts
	assert_failure 1
}

@test "the msharectl that was built is the one on PATH" {
	run vm -- sh -c 'command -v msharectl'
	assert_success
	assert_output "$(realpath "${MSHARE_BUILD:-$BATS_TEST_DIRNAME/../../build}")/msharectl"
}

@test "--icount: time leaps to the next event where all wait" {
	run vm --icount --timeout 100 -- sleep 300
	assert_success
}
