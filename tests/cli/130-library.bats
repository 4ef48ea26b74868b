#!/usr/bin/env bats
# libmshare itself, with a faked kernel: the functions that msharectl uses.

load common

library() {
	LD_PRELOAD=$PROBES/fake-msharefs.so run "$PROBES/library" "$MOUNT" "$1" </dev/null
	assert_success
	assert_output ''
}

@test "mshare_choose has the lowest free range" {
	library choose
}

@test "mshare_create leaves a complete region or none" {
	library create
	rm "$MOUNT/a"
	LD_PRELOAD=$PROBES/fake-msharefs.so MSHARE_FAKE_FAIL=CHOOSE:12 \
		run "$PROBES/library" "$MOUNT" choose
	assert_failure 1
	assert_output --partial '-12, not 0 [new_region("b", 0, 2 * GRANULE)]'
	[[ ! -e $MOUNT/b ]]
}

@test "mshare_create refuses other file systems" {
	library outside
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
