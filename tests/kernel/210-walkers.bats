#!/usr/bin/env bats
# What calls do to a window: the table in the kernel's documentation.

load guest
teardown() { remove_regions; }

@test "mprotect, mremap, munmap and mmap leave a window as it is" {
	helper walkers layout
}

@test "madvise: what each advice says, and that the region keeps its memory" {
	helper walkers advice
}

@test "MADV_DONTFORK keeps a window from children, MADV_DOFORK gives it" {
	helper walkers dont-fork
}

@test "process_madvise: the same from outside" {
	helper walkers advice-from-outside
}

@test "mlock and mlockall bring pages in, and lock none" {
	helper walkers locking
}

@test "pagemap, PAGEMAP_SCAN and msync find no page" {
	helper walkers page-lists
}

@test "userfaultfd takes no window" {
	helper walkers userfaults
}

@test "no write to a window is noted, and none of its pages protected" {
	helper walkers noted-writes
}

@test "mbind, migrate_pages and move_pages place nothing" {
	helper walkers placement
}

@test "KSM merges no page of a region" {
	helper walkers same-pages
}

@test "a client's core dump leaves the region out" {
	helper walkers core-dump
}

@test "a client that is killed for its memory takes nobody's along" {
	helper walkers out-of-memory
}

@test "a dying client's memory is taken, but not the region it may read" {
	helper walkers reaping
}
