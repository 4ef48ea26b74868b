#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# report.

load common

@test "report prints the system, the mount and all regions" {
	works create -q -s 1G --map secret
	works create -q -s 2G other
	works report
	assert_line --regexp '^msharectl: [0-9]'
	assert_line "kernel: $(uname -srvm)"
	assert_line 'memory: MemAvailable: 1073741824 kB'
	assert_line "granule: $G"
	assert_line --regexp '^limit of locked memory: '
	assert_line --regexp '^region secret: start 0x550000000000 size 1073741824 mode 0600 names 1 attached 3 mappings 1 mapped 1073741824 resident 5242880 .* seals -$'
	assert_line --regexp '^region other: start 0x550040000000 size 2147483648 '
	MSHARE_FAKE_NO_STAT=1 works report
	assert_line 'region other: start 0x550040000000 size 2147483648 mode 0600 names 1 figures: Inappropriate ioctl for device'
}

@test "report --anonymous has no names" {
	works create -q -s 1G secret
	works report --anonymous
	assert_line --regexp '^region 1: start 0x550000000000 '
	refute_output --partial secret
	refute_output --partial "$MOUNT"
	refute_line --regexp '^(command line|security profile|cgroup): /'
}

@test "report without msharefs prints the system" {
	export MSHARE_MOUNT_POINT=/proc
	run -3 --separate-stderr msharectl report
	assert_line "kernel: $(uname -srvm)"
	assert_equal "${stderr_lines[0]}" 'msharectl report: /proc: not the mount point of an msharefs'
	usage_error "unexpected argument 'x'" report x
}
