#!/usr/bin/env bats
# Memory under a region fails.

load guest
teardown() { remove_regions; }

@test "who touches memory that failed is told, and nobody else" {
	helper poison failing-page
}

@test "MADV_HWPOISON on a window is no different" {
	helper poison advised-page
}

@test "a huge page of hugetlbfs that fails is lost, for everybody" {
	helper poison failing-huge advised-huge
}

@test "of a transparent huge page only the part that fails is lost" {
	helper poison failing-part advised-part
}

@test "a page that is on the disk as well is read again" {
	helper poison clean-page
}
