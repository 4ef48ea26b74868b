#!/usr/bin/env bats
# Memory on the NUMA node that was asked for: ./dev vm --append numa=fake=2

load guest
teardown() { remove_regions; }

@test "MEMPOLICY puts pages on its node, whoever faults them in" {
	helper operations nodes
}

@test "MEMPOLICY moves pages between nodes, and no store is lost" {
	helper reclaim nodes
}

@test "it moves huge pages of hugetlbfs as well" {
	helper reclaim nodes-huge
}
