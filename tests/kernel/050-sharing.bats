#!/usr/bin/env bats
# Unrelated processes share memory, and the page tables for it.

load guest
teardown() { remove_regions; }

@test "pointers into a region mean the same in every process" {
	helper sharing pointers
}

@test "clients use one set of page tables, and take a handful of faults" {
	helper sharing tables
}

@test "so do clients that attached before the memory was there" {
	helper sharing late
}

@test "objects that are added appear in windows that exist" {
	helper sharing add-objects
}

@test "STAT counts the processes that are attached" {
	helper sharing attached
}
