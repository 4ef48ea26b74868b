#!/usr/bin/env bats
# Translations are gone from every processor when the call returns.

load guest
teardown() { remove_regions; }

@test "UNMAP takes a page from a client that reads it" {
	helper stale unmap-load
}

@test "UNMAP takes a page from a client that writes it" {
	helper stale unmap-store
}

@test "UNMAP takes page tables from a client that uses them" {
	helper stale unmap-tables
}

@test "PROTECT takes all rights from a client that reads" {
	helper stale protect-none
}

@test "PROTECT stops a client that writes" {
	helper stale protect-store
}

@test "UNMAP takes huge pages from a client that reads them" {
	helper stale unmap-huge unmap-thp
}

@test "PROTECT stops a client that writes to huge pages" {
	helper stale protect-huge protect-thp
}

@test "UNMAP reaches several clients on each processor" {
	helper stale crowd
}

@test "UNMAP reaches every thread of a client" {
	helper stale threads
}

@test "UNMAP reaches a thread that ran before its process had a window" {
	helper stale first-window
}

@test "UNMAP reaches a client that is asleep on an idle processor" {
	helper stale asleep
}

@test "UNMAP reaches a client that is asleep on a busy processor" {
	helper stale asleep-busy
}

@test "UNMAP reaches a child that was forked while its parent mapped the window" {
	helper stale fork-race
}

@test "munmap takes the window from the process's other threads" {
	helper stale own-munmap
}

@test "mmap over a window takes it from the process's other threads" {
	helper stale own-mmap
}
