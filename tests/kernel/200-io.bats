#!/usr/bin/env bats
# Input and output that the kernel does on a client's behalf.

load guest
teardown() { remove_regions; }

@test "a client's O_DIRECT, AIO, io_uring and vmsplice reach what others see" {
	helper io by-client
}

@test "process_vm_writev, /proc/PID/mem and ptrace reach it from outside" {
	helper io from-outside
}

@test "none of them writes where the window or the object is read-only" {
	helper io read-only
}

@test "only debuggers see into a window without access" {
	helper io no-access
}

@test "none of them finds anything in a hole" {
	helper io holes
}

@test "fixed buffers of io_uring outlive their mapping and the region" {
	helper io pinned
}

@test "files on disks are no fixed buffers, in a region as elsewhere" {
	helper io lasting-files
}

@test "processes wait for one another on mutexes, conditions and futexes" {
	helper io futexes
}
