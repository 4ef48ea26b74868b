#!/usr/bin/env bats
# Files and huge pages in a region.

load guest
teardown() { remove_regions; }

@test "clients and read(2) see the same bytes of a memfd" {
	helper objects share-memfd
}

@test "clients and read(2) see the same bytes of a file on tmpfs" {
	helper objects share-tmpfs
}

@test "clients and read(2) see the same bytes of a file on ext4" {
	helper objects share-ext4
}

@test "clients and read(2) see the same bytes of huge pages" {
	helper objects share-hugetlb
}

@test "a region holds objects of every kind side by side" {
	helper objects side-by-side
}

@test "a file keeps what is unmapped of it, and what a region had of it" {
	helper objects keep-files
}

@test "what is cut off a file is SIGBUS for every client, at once" {
	helper objects cut-files
}

@test "what is cut off a file of huge pages is SIGBUS for every client, at once" {
	helper objects cut-hugetlb
}

@test "pages past the end of a file are SIGBUS" {
	helper objects past-end
}

@test "MAP_POPULATE leaves clients nothing to fault in" {
	helper objects populate
}

@test "MAP_POPULATE takes what the rights and the file give" {
	helper objects populate-rights
}

@test "huge pages are set aside unless MAP_NORESERVE is given" {
	helper objects reserve-hugetlb
}

@test "what clients store between two fsync(2) gets to the disk" {
	helper objects written-back
}

@test "PROTECT of one page splits a huge page under clients that store" {
	helper objects huge-split
}

@test "MADV_COLLAPSE loses no store of clients" {
	helper objects huge-collapse
}

@test "nor does khugepaged, which finds large pages in regions by itself" {
	helper objects huge-khugepaged
}

@test "a region does not use tables that hugetlbfs shares" {
	helper objects tables-plain-first
}

@test "hugetlbfs does not share tables of a region" {
	helper objects tables-region-first
}

@test "a huge file is cut under a region and processes without one" {
	helper objects tables-cut
}

@test "CREATE_MAPPING refuses what is no such file, or not for the descriptor" {
	helper objects refuse
}

@test "PROTECT gives no rights that the file's descriptor does not" {
	helper objects protect-file
}
