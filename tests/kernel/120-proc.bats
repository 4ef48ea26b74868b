#!/usr/bin/env bats
# A client's files in /proc.

load guest
teardown() { remove_regions; }

@test "maps names the region and its addresses" {
	helper proc maps-line
}

@test "a client's files in /proc can be read, and its references cleared" {
	helper proc readable
}

@test "they can be read while the region changes" {
	helper proc changing
}
