#!/usr/bin/env bats
# Memory runs out, or copies to and from the caller fail, in the middle of an
# operation: each allocation and copy in turn, until the operation gets through.

load ../guest

# A thread that was off its processor after fork() is told so in its area for
# rseq, by a copy of that page. Where this fails, the kernel sends SIGSEGV.
setup_file() { export GLIBC_TUNABLES=glibc.pthread.rseq=0; }
teardown() { remove_regions; }

@test "files, directories and mounts that fail leave nothing" {
	helper faults files
}

@test "CREATE_MAPPING, UNMAP and PROTECT that fail leave the region as it was" {
	helper faults requests
}

@test "CREATE_MAPPING of what is no object leaves nothing, however it ends" {
	helper faults devices
}

@test "the other requests that fail leave the region as it was" {
	helper faults advices
}

@test "a window is all there or not at all, and a touch waits for memory" {
	helper faults windows
}

@test "a touch of memory that another group pays for ends in SIGBUS at worst" {
	helper faults others
}

@test "fork that fails leaves the parent's windows alone" {
	helper faults forks
}
