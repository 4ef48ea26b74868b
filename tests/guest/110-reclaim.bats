#!/usr/bin/env bats
# Pages are swapped out and moved under clients that write to them.

load guest
load ../swap

setup_file() { swap_on 512M; }
teardown_file() { swap_off; }
teardown() { remove_regions; }

@test "no store is lost while pages are swapped out and in" {
	helper reclaim swap
}

@test "nor where pages to swap out are chosen the older way" {
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

@test "no store is lost while pages are moved" {
	helper reclaim move
}

@test "no store is lost while blocks of memory are taken away and given back" {
	helper reclaim offline
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

@test "MADV_PAGEOUT puts pages out, and clients get them back" {
	helper operations advise-pageout
}

@test "smaps tells what of a region is in swap space" {
	helper resident smaps-swapped
}

@test "a client that was asleep when its page went out does not use it again" {
	helper stale asleep-pageout
}
