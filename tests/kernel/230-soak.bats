#!/usr/bin/env bats
# bats file_tags=debug
# Half a minute each of what "./dev soak" does for as long as one likes.

load guest
teardown() { remove_regions; }

@test "no word is lost where all is done at once, under pressure" {
	logged "$BATS_TEST_DIRNAME/../kernel-soak/in-guest" 30 1 stress
	[[ $status -eq 0 ]]
}

@test "requests and calls at random do no harm" {
	logged "$BATS_TEST_DIRNAME/../kernel-soak/in-guest" 30 1 fuzz
	[[ $status -eq 0 ]]
}
