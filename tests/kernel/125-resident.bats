#!/usr/bin/env bats
# What a client is told about the memory behind its window.

load guest
teardown() { remove_regions; }

@test "smaps counts what is resident, and shares it out among the clients" {
	helper resident smaps
}

@test "smaps looks through holes, files and forbidden pages" {
	helper resident smaps-mixed
}

@test "smaps tells huge pages of both kinds" {
	helper resident smaps-huge
}

@test "smaps takes no page of a file for one in swap space" {
	helper resident smaps-evicted
}

@test "smaps shares out what several clients have, granule by granule" {
	helper resident smaps-windows
}

@test "numa_maps tells the nodes of the pages and the number of clients" {
	helper resident numa-maps
}

@test "mincore tells which pages are resident" {
	helper resident mincore
}

@test "move_pages tells on which nodes pages are, and moves none" {
	helper resident move-pages
}
