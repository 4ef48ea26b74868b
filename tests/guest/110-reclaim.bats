#!/usr/bin/env bats
# Pages are swapped out and moved under clients that write to them.

load guest

# A disk in memory, for swap space.
setup_file() {
	echo 512M >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null
	swapon /dev/zram0
}

# Brings back what is out: the last thing that swap can do wrong.
teardown_file() {
	swapoff /dev/zram0
	echo 1 >/sys/block/zram0/reset
}

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
