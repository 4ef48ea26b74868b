#!/usr/bin/env bats
# Who mirrors the page tables of a process, and clients: never both.

load guest
teardown() { remove_regions; }

@test "a client makes no virtual machine, not even when its window is gone" {
	helper mirrors client-first
}

@test "the process of a virtual machine attaches nothing, and its children may" {
	helper mirrors machine-first
}
