#!/usr/bin/env bats
# The example that the interface was published with, in a guest of 4 GiB.

load guest
teardown() { remove_regions; }

@test "a consumer reads the text that a donor wrote" {
	logged "$CASES/helper-example" donor
	assert_success
	logged "$CASES/helper-example" consumer
	assert_success
	assert_output 'Some random shared text'
	logged msharectl info --raw --noheadings --bytes --output START,SIZE shareme
	assert_success
	assert_output '0x100000000 2147483648'
}
