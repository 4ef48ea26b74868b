#!/usr/bin/env bats
# A minute of what "./dev soak" does for as long as one likes.

load ../guest
teardown() { remove_regions; }

soak() {
	logged "$BATS_TEST_DIRNAME/../../soak/run" 60 1 "$1"
	[[ $status -eq 0 ]]
}

@test "no word is lost where all is done at once, under pressure" {
	soak stress
}

@test "requests at random do no more than they may" {
	soak fuzz
}
