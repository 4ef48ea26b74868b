#!/usr/bin/env bats
# bats file_tags=debug
# Half a minute each of what "./dev soak" does for as long as one likes.

load guest
teardown() { remove_regions; }

@test "half a minute of stress under memory pressure loses no word" {
	logged "$BATS_TEST_DIRNAME/../kernel-soak/in-guest" 30 1 stress
	[[ $status -eq 0 ]]
}

@test "half a minute of random requests and calls does no harm" {
	logged "$BATS_TEST_DIRNAME/../kernel-soak/in-guest" 30 1 fuzz
	[[ $status -eq 0 ]]
}
