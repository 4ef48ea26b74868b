#!/usr/bin/env bats
# libmshare itself, with a faked kernel: the functions that msharectl uses.

load common

library() {
	LD_PRELOAD=$PROBES/fake-msharefs.so run "$PROBES/library" "$MOUNT" "$1" </dev/null
	assert_success
	assert_output ''
}

@test "mshare_choose_range finds the lowest free range" {
	library choose
}

@test "mshare_create leaves a complete region or none" {
	library create
	rm "$MOUNT/a"
	LD_PRELOAD=$PROBES/fake-msharefs.so MSHARE_FAKE_FAIL=SET_SIZE:12 \
		run "$PROBES/library" "$MOUNT" lock
	assert_failure 1
	assert_output --partial '-12, not 0 [new_region("a", 0, GRANULE)]'
	[[ ! -e $MOUNT/a ]]
}

@test "mshare_create refuses other file systems" {
	library outside
}

@test "mshare_lock_mount gives up after the timeout" {
	library lock
}

@test "mshare_walk_regions has the order, the depth and the flags" {
	library walk
}

@test "mshare_walk_mappings has the mappings by address" {
	library mappings
}

@test "the library refuses other files" {
	library others
}
