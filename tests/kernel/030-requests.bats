#!/usr/bin/env bats
# Every request with every kind of argument: cases/requests.c has the tables.

load guest
teardown() { remove_regions; }

@test "GET_SIZE gives zeros until the size is set" {
	helper requests get-size
}

@test "SET_SIZE takes what is aligned and inside user space" {
	helper requests set-size
}

@test "SET_SIZE works once, through a descriptor that may write" {
	helper requests set-size-once set-size-readonly
}

@test "CREATE_MAPPING takes what fits, with the flags that it knows" {
	helper requests create-mapping
}

@test "CREATE_MAPPING puts no region into a region" {
	helper requests nested
}

@test "CREATE_MAPPING reserves memory unless told not to" {
	helper requests reserve
}

@test "UNMAP takes what is inside the region" {
	helper requests unmap
}

@test "PROTECT takes what is mapped" {
	helper requests protect
}

@test "CREATE_MAPPING and UNMAP do what they say" {
	helper requests effects
}

@test "requests copy their argument, and no more, or fail with EFAULT" {
	helper requests pointers
}

@test "requests need a region, open for what they do" {
	helper requests descriptors
}

@test "requests that do not exist are ENOTTY" {
	helper requests unknown
}

@test "STAT serves callers that know more fields, or fewer" {
	helper requests stat-sizes
}

@test "32-bit programs make the same requests" {
	helper requests compat
}
