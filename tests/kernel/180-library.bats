#!/usr/bin/env bats
# bats file_tags=long
# libmshare and the real kernel; tests/package has it with a faked one.

load guest
teardown() { remove_regions; }

@test "a program uses a region through libmshare" {
	logged "$CASES/helper-library" "$MSHARE/region"
	assert_success
	assert_output 'shared at 0x550000000000 of 1073741824, 1073741824 mapped'
}

@test "libmshare refuses other files" {
	logged "$CASES/helper-library" /dev/zero
	assert_failure 1
	assert_output 'open: Wrong medium type'
	logged "$CASES/helper-library" "$MSHARE"
	assert_failure 1
	assert_output 'open: Is a directory'
}
