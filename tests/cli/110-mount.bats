#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# Finding msharefs, and saying why not.

load common

@test "no msharefs in this kernel" {
	! grep -qw msharefs /proc/filesystems || skip "this kernel has it"
	unset MSHARE_MOUNT_POINT
	for arguments in ls info stat ps 'create --size 1G a' 'map a' 'unmap a' 'protect -p r a' 'rm a'; do
		# shellcheck disable=SC2086
		fails 3 $arguments
		cause "msharectl ${arguments%% *}: this kernel has no msharefs"
		next_step 'Boot a kernel with CONFIG_MSHARE; see README.'
	done
}

@test "attach-exec without msharefs: 125" {
	export MSHARE_MOUNT_POINT=/nonexistent
	fails 125 attach-exec a -- true
	cause 'msharectl attach-exec: /nonexistent: no such directory'
}

@test "an empty MSHARE_MOUNT_POINT is ignored; an empty --mount-point is wrong usage" {
	! grep -qw msharefs /proc/filesystems || skip "this kernel has it"
	export MSHARE_MOUNT_POINT=
	fails 3 info
	cause 'msharectl info: this kernel has no msharefs'
	usage_error 'the mount point is empty' info --mount-point ''
}

@test "a directory that is not an msharefs" {
	fails 3 info -M /proc
	cause 'msharectl info: /proc: not the mount point of an msharefs'
	fails 3 info -M /proc/version
	cause 'msharectl info: /proc/version: not a directory'
}

@test "a directory of an msharefs, mounted by itself" {
	mkdir "$MOUNT/part"
	export MSHARE_MOUNT_POINT=$MOUNT/part
	works create -s 1G a
	assert_output 'a: created 1G at 0x550000000000'
	works ls -nr -o NAME
	assert_output a
	works info
	assert_line 'granule: 1G'
	MSHARE_FAKE_ATTACHED=0 works rm a
	[[ ! -e $MOUNT/part/a ]]
}

@test "mshare_info without a number" {
	for text in '' nonsense 0 -1; do
		echo "$text" >"$MOUNT/mshare_info"
		fails 3 info
		cause "msharectl info: $MOUNT: mshare_info does not contain a size"
	done
}

@test "the granule is read from mshare_info" {
	echo $((2 << 20)) >"$MOUNT/mshare_info"
	works create -q --size 2M a
	works info -J
	assert_equal "$(jq .granule <<<"$output")" $((2 << 20))
}

@test "below the root, mshare_info is a region like others" {
	mkdir "$MOUNT/part"
	works create -q --size 1G "$MOUNT/part/mshare_info"
	printf '4096\n' | dd of="$MOUNT/part/mshare_info" conv=notrunc status=none
	works --mount-point "$MOUNT/part" info -J
	assert_equal "$(jq -c '[.granule, .regions[].name]' <<<"$output")" '[1073741824,"mshare_info"]'
}

@test "listings of all regions name another msharefs" {
	unset MSHARE_MOUNT_POINT
	device=$(stat -c %Hd:%Ld "$MOUNT")
	export MSHARE_FAKE_MOUNTINFO=$BATS_TEST_TMPDIR/mountinfo
	needs_other
	printf '20 1 %s / %s rw - msharefs none rw\n' "$device" "$MOUNT" \
		"$device" "$MOUNT/second" >"$MSHARE_FAKE_MOUNTINFO"
	works create -q -s 1G a
	works ls
	sed -i "1i 19 1 $(stat -c %Hd:%Ld "$OTHER") / $MOUNT/other rw - msharefs none rw" "$MSHARE_FAKE_MOUNTINFO"
	for command in ls info stat 'stat -J'; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr msharectl $command
		assert_equal "$stderr" "msharectl ${command% *}: $MOUNT/other: note: the regions of this msharefs are not shown; choose a mount with --mount-point, or --all-mounts"
	done
	works ls a
	works ls --mount-point "$MOUNT"
	# hidden by another file system, and by another msharefs
	echo "20 1 $device / $MOUNT rw - msharefs none rw
		21 1 99:99 / /proc rw - msharefs none rw
		22 1 99:98 / $MOUNT rw - msharefs none rw" >"$MSHARE_FAKE_MOUNTINFO"
	works ls
	works ls --all-mounts -nr -o MOUNT --filter NAME=a
	assert_output "$MOUNT"
}
