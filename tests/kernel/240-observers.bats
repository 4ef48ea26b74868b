#!/usr/bin/env bats
# What looks at a client's memory without being asked to by the client.

load guest
teardown() { remove_regions; }

@test "the lists of reclaim age, and no client faults for it" {
	helper observers aging
}

@test "NUMA balancing leaves windows alone" {
	helper observers balancing
}

@test "DAMON watches a window, and takes nothing from it" {
	helper observers damon
}

@test "perf counts each fault once, and finds its page" {
	helper observers samples
}

@test "perf takes no object for a mapping of the process that asked for it" {
	helper observers maps
}
