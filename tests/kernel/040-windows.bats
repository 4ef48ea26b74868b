#!/usr/bin/env bats
# Windows: where they go, what may be done to them, what is left of them.

load guest
teardown() { remove_regions; }

@test "a window goes where the region is, and nowhere else" {
	helper windows place
}

@test "there is no window before the size is set" {
	helper windows sizeless
}

@test "a window pushes nothing out of its place unless told to" {
	helper windows occupied
}

@test "a window cannot be cut, moved, or changed in part" {
	helper windows refused
}

@test "munmap of more than the window takes all of it" {
	helper windows munmap-around
}

@test "fork inherits windows" {
	helper windows fork
}

@test "exec drops windows" {
	helper windows exec
}

@test "ordinary memory in a window's place has nothing to do with the region" {
	helper windows reuse
}

@test "windows on parts of a region are each their own" {
	helper windows partial
}

@test "regions side by side do not touch one another" {
	helper windows several
}

@test "regions at the same address replace one another in a process" {
	helper windows same-address
}

@test "madvise and its like leave the contents of a window alone" {
	helper windows calls
}

@test "a region may lie above 47 bits, where there are such addresses" {
	helper windows high
}
