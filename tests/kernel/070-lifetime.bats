#!/usr/bin/env bats
# How long memory and page tables stay, and that they go.

load guest
teardown() { remove_regions; }

@test "memory goes with the last close" {
	helper lifetime close-last
}

@test "memory goes with the last munmap" {
	helper lifetime munmap-last
}

@test "memory goes with the last name" {
	helper lifetime unlink-last
}

@test "memory goes with the last process: exit, SIGKILL, exec" {
	helper lifetime exit-last kill-last exec-last
}

@test "memory goes with UNMAP" {
	helper lifetime unmap-returns
}

@test "memory of a part goes with UNMAP of that part" {
	helper lifetime unmap-part
}

@test "an unlinked region goes on for those who have it" {
	helper lifetime unlink-attached
}

@test "a region outlives the process that made it" {
	helper lifetime creator-exited creator-killed
}

@test "a region outlives the thread that made it" {
	helper lifetime creator-thread
}
