#!/usr/bin/env bats
# bats file_tags=long
# Names: directories, links, and what mshare_info is protected from.

load guest

setup() {
	trace_failures
	cd "$MSHARE" || return
}

teardown() {
	cd /
	remove_regions
}

# The region's inode, which stays the same however it is called.
inode() {
	stat -c %i "$1"
}

@test "regions and directories are created, renamed and removed as on tmpfs" {
	local number
	mkdir a a/b
	: >a/b/region
	number=$(inode a/b/region)
	mv a/b/region a/moved
	[[ $(inode a/moved) == "$number" ]]
	[[ ! -e a/b/region ]]
	mv a c
	[[ $(inode c/moved) == "$number" ]]
	logged rmdir c
	assert_failure
	assert_output --partial 'not empty'
	rm c/moved
	rmdir c/b c
	logged ls
	assert_output mshare_info
}

@test "a renamed region keeps its address and memory" {
	msharectl create --start 8T --size 1G old
	msharectl map old
	msharectl attach-exec old -- "$CASES/helper-attach" write 42
	mkdir dir
	mv old dir/new
	logged msharectl attach-exec dir/new -- "$CASES/helper-attach" read
	assert_output 42
	: >other
	mv -f dir/new other
	logged msharectl attach-exec other -- "$CASES/helper-attach" read
	assert_output 42
}

@test "a hard link is the same region, which stays until the last unlink" {
	msharectl create --start 8T --size 1G one
	msharectl map one
	ln one two
	[[ $(inode one) == "$(inode two)" ]]
	[[ $(stat -c %h one) == 2 ]]
	msharectl attach-exec one -- "$CASES/helper-attach" write 7
	rm one
	logged msharectl attach-exec two -- "$CASES/helper-attach" read
	assert_output 7
}

@test "mshare_info cannot be removed" {
	logged rm -f mshare_info
	assert_failure
	assert_output --partial 'Operation not permitted'
	[[ -f mshare_info ]]
}

@test "mshare_info cannot be renamed or replaced" {
	logged mv mshare_info other
	assert_failure
	: >region
	logged mv -f region mshare_info
	assert_failure
	mkdir dir
	logged mv mshare_info dir
	assert_failure
	logged cat mshare_info
	assert_output 1073741824
	logged ls
	assert_output $'dir\nmshare_info\nregion'
}

@test "mshare_info cannot be written, not even by root" {
	logged dd if=/dev/zero of=mshare_info count=1 conv=notrunc
	assert_failure
	logged truncate -s 0 mshare_info
	assert_failure
	logged cat mshare_info
	assert_output 1073741824
}
