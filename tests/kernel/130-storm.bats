#!/usr/bin/env bats
# Everything at once.

load guest
teardown() { remove_regions; }

@test "clients that are killed at any moment leave nothing" {
	helper storm kills
}

@test "requests, faults, forks, windows and O_DIRECT race, and no word is wrong" {
	helper storm races
}
