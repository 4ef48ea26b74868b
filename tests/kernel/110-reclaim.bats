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

@test "no store is lost while pages are moved" {
	helper reclaim move
}

@test "no store is lost while blocks of memory are taken away and given back" {
	helper reclaim offline
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
