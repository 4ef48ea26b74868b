#!/usr/bin/env bats
# What an object's rights and a window's rights allow, both together.

load guest
teardown() { remove_regions; }

@test "a hole is SIGSEGV" {
	helper protection holes
}

@test "an object's rights hold, with its pages there or not" {
	helper protection objects
}

@test "a read-only window reads only, whatever other windows may do" {
	helper protection readonly-windows
}

@test "a window without access has none" {
	helper protection no-access-windows
}

@test "code runs where both the object and the window say so" {
	helper protection exec-windows
}

@test "PROTECT gives and takes rights for every process" {
	helper protection protect
}

@test "uprobes are for private mappings, and leave a region's code alone" {
	helper protection uprobes
}
