#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2154 # guest.bash sets variables
# The mount point, the mount's options, and mshare_info.

load guest

setup() {
	trace_failures
	make_other
}

teardown() {
	drop_other
	remove_regions
}

@test "the kernel creates the mount point, and all users can add regions" {
	logged stat -c '%a %u %g %F' "$MSHARE"
	assert_output '1777 0 0 directory'
	logged findmnt -no FSTYPE "$MSHARE"
	assert_output msharefs
	logged grep -w msharefs /proc/filesystems
	assert_output $'nodev\tmsharefs'
}

@test "mshare_info holds the granule" {
	logged stat -c '%a %u %g %F' "$MSHARE/mshare_info"
	assert_output --regexp '^444 0 0 regular (empty )?file$'
	logged cat "$MSHARE/mshare_info"
	assert_output 1073741824
	logged wc -l "$MSHARE/mshare_info"
	assert_output "1 $MSHARE/mshare_info"
}

@test "mount options set the root directory's owner and mode" {
	mount -t msharefs -o mode=0750,uid=12,gid=34 msharefs "$other"
	logged stat -c '%a %u %g' "$other"
	assert_output '750 12 34'
	logged findmnt -no OPTIONS "$other"
	assert_output --partial 'mode=750'
	assert_output --partial 'uid=12'
	assert_output --partial 'gid=34'
	logged setpriv --reuid 65534 --regid 65534 --clear-groups ls "$other"
	assert_failure
	assert_output --partial 'Permission denied'
	[[ -f $other/mshare_info ]]
}

@test "invalid mount options are refused" {
	local option
	for option in mode=9 mode=x uid=-2 uid=x gid= nonsense nonsense=1; do
		logged mount -t msharefs -o "$option" msharefs "$other"
		assert_failure
	done
	logged mountpoint "$other"
	assert_failure
}

@test "umount frees the regions" {
	mount -t msharefs msharefs "$other"
	msharectl create -M "$other" --start 8T --size 1G left
	msharectl map "$other/left"
	umount "$other"
	mount -t msharefs msharefs "$other"
	[[ -f $other/mshare_info ]]
}
