#!/usr/bin/env bats
# Other users.

load guest
teardown() { remove_regions; }

@test "a private region keeps other users out" {
	helper users private
}

@test "a region that others may read, they may only read" {
	helper users readable
}

@test "an ordinary user has regions of their own" {
	helper users ordinary-user
}

@test "a window stays when the rights that it was mapped with go" {
	helper users dropped-rights
}
