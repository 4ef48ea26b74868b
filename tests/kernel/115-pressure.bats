#!/usr/bin/env bats
# As in 110-reclaim.bats, in more ways, some of which take their time.

load guest
load ../swap

setup_file() { swap_on 512M; }
teardown_file() { swap_off; }
teardown() { remove_regions; }

@test "no store is lost where pages to swap out are chosen the older way" {
	helper reclaim swap-classic
}

@test "clients that sleep meanwhile find every store when they wake up" {
	helper reclaim swap-sharers
}

@test "no store is lost when swap space is given up" {
	helper reclaim swap-off
}

@test "pages that io_uring has as its buffer stay the clients' while others go" {
	helper reclaim swap-pinned
}

@test "no store to a file is lost while its pages are cleaned and dropped" {
	helper reclaim drop-file
}

@test "LOCK keeps memory in while the rest of the region goes out" {
	helper reclaim locked
}

@test "io_uring's buffer stays the clients' memory where a block is taken away" {
	helper reclaim offline-pinned
}

@test "no store is lost while memory is compacted" {
	helper reclaim compact
}
