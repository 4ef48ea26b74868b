#!/usr/bin/env bats
# Who pays for a region, and which limits bind whom.

load guest
teardown() { remove_regions; }

@test "the creator's group pays for memory and tables, also when it is gone" {
	helper accounting payers
}

@test "a full group without processes is SIGBUS for a client of another one" {
	helper accounting nobody-left
}

@test "a full group loses its own processes, not a client of another one" {
	helper accounting somebody-left
}

@test "a client of the group that pays and is full is killed" {
	helper accounting own-group
}

@test "RLIMIT_AS counts windows" {
	helper accounting address-space
}

@test "vm.overcommit_memory holds for CREATE_MAPPING" {
	helper accounting overcommit
}
