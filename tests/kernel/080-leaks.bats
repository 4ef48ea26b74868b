#!/usr/bin/env bats
# Page tables, shared memory and slab objects before and after hundreds of...

load guest
teardown() { remove_regions; }

@test "regions" {
	helper leaks regions
}

@test "windows" {
	helper leaks windows
}

@test "objects" {
	helper leaks objects
}

@test "processes that end with a window" {
	helper leaks processes
}
