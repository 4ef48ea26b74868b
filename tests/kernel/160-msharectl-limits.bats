#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# msharectl where the kernel, and not a stand-in, decides. 150-msharectl.bats has
# the ordinary case.

load guest

YAMA=/proc/sys/kernel/yama/ptrace_scope

setup() {
	trace_failures
	[[ ! -e $YAMA ]] || scope=$(<$YAMA)
}

teardown() {
	[[ -z ${scope:-} ]] || echo "$scope" >$YAMA
	[[ -z ${other:-} ]] || drop_other
	remove_regions
}

as_user() {
	setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"
}

# refused STATUS CAUSE COMMAND...: two lines, the first of which is CAUSE
refused() {
	logged "${@:3}"
	assert_failure "$1"
	assert_line --index 0 "$2"
	assert_equal "${#lines[@]}" 2
}

@test "map needs --noreserve for more than memory and swap" {
	msharectl create --size 300G region
	refused 1 'msharectl map: region: not enough memory for the whole range' \
		msharectl map region
	logged msharectl map --noreserve region
	assert_output 'region: mapped 300G rw at 0x550000000000'
	logged msharectl attach-exec region -- "$CASES/helper-attach" write 7
	assert_success
	logged msharectl stat -nrb -o NAME,MAPPINGS,MAPPED,RESIDENT region
	assert_output "region 1 $((300 << 30)) 4096"
}

@test "protect and unmap hold for present and future clients" {
	msharectl create --size 2G region
	msharectl map region
	msharectl attach-exec region -- "$CASES/helper-attach" write 7
	msharectl protect --prot r region
	logged msharectl attach-exec region -- "$CASES/helper-attach" write 8
	assert_failure 139
	logged msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_output 7
	msharectl protect --prot none --addr 0x550040000000 region
	logged msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_failure 139
	msharectl protect --prot rw region
	logged msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_output 7
	msharectl unmap --addr 0x550040000000 --size 1G region
	logged msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_failure 139
	logged msharectl stat -nrb -o MAPPED,RESIDENT region
	assert_output "$((1 << 30)) 0"
	refused 1 'msharectl protect: region: a part of the range is not mapped: 0x550040000000 to 0x550080000000' \
		msharectl protect --prot r region
	refused 1 'msharectl map: region: the range overlaps a mapping' \
		msharectl map region
}

@test "concurrent creates get different ranges" {
	local i
	for ((i = 0; i < 16; i++)); do
		msharectl create --quiet --size 2G "region$i" &
	done
	wait
	logged msharectl info -nr -o START
	assert_equal "${#lines[@]}" 16
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" 16
}

@test "a failed create leaves no region" {
	refused 1 'msharectl create: region: the kernel refuses this address and size' \
		msharectl create --start 0xffffff8000000000 --size 1G region
	[[ ! -e $MSHARE/region ]]
}

@test "users can attach their own regions, and others' regions by mode" {
	as_user 1000 msharectl create --size 1G --mode 0644 theirs
	as_user 1000 msharectl map theirs
	as_user 1000 msharectl attach-exec theirs -- "$CASES/helper-attach" write 7
	logged as_user 1001 msharectl attach-exec --read-only theirs -- "$CASES/helper-attach" read
	assert_output 7
	refused 125 'msharectl attach-exec: theirs: no permission to write to the region' \
		as_user 1001 msharectl attach-exec theirs -- "$CASES/helper-attach" read
	refused 1 'msharectl unmap: theirs: permission denied' as_user 1001 msharectl unmap theirs
	refused 1 'msharectl rm: theirs: only the owner may remove this name' as_user 1001 msharectl rm theirs
	chmod 600 "$MSHARE/theirs"
	logged as_user 1001 msharectl info -nr -o NAME,START,MODE,UID
	assert_output 'theirs - 0600 1000'
	logged as_user 1001 msharectl stat -nr -o NAME,ATTACHED
	assert_output 'theirs -'
}

@test "attach-exec runs dynamic programs and scripts" {
	msharectl create --size 1G region
	logged msharectl attach-exec region -- grep "$MSHARE" /proc/self/maps
	assert_output --regexp "^550000000000-550040000000 rw-s 00000000 .* $MSHARE/region\$"
	logged msharectl attach-exec --read-only region -- grep "$MSHARE" /proc/self/maps
	assert_output --regexp '^550000000000-550040000000 r--s '
	printf '#!/bin/sh\ngrep %s /proc/$$/maps\n' "$MSHARE" >"$BATS_TEST_TMPDIR/script"
	chmod +x "$BATS_TEST_TMPDIR/script"
	logged msharectl attach-exec region -- "$BATS_TEST_TMPDIR/script"
	assert_success
}

@test "attach-exec works in other namespaces and as PID 1" {
	msharectl create --size 1G --mode 0666 region
	msharectl map region
	logged unshare --pid --fork --mount-proc \
		msharectl attach-exec region -- "$CASES/helper-attach" write 7
	assert_success
	logged as_user 1000 unshare --user --map-root-user --pid --fork --mount-proc \
		msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_output 7
	logged as_user 1000 setpriv --no-new-privs \
		msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_output 7
}

@test "attach-exec works with a foreign /proc and fails without /proc" {
	msharectl create --size 1G region
	msharectl map region
	logged unshare --pid --fork \
		msharectl attach-exec region -- "$CASES/helper-attach" write 7
	assert_success
	refused 125 'msharectl attach-exec: /proc does not show this process, and attaching verifies windows there: No such file or directory' \
		unshare --mount sh -c 'mount -t tmpfs none /proc && msharectl attach-exec region -- "$1" read' \
		- "$CASES/helper-attach"
}

@test "attach-exec --env-only and --dry-run do not attach" {
	msharectl create --size 1G region
	logged msharectl attach-exec --env-only region -- "$CASES/helper-attach" read
	assert_failure 139
	logged msharectl attach-exec --dry-run region -- "$CASES/helper-attach" read
	assert_line --index 0 'region: would attach 1G rw at 0x550000000000'
	logged msharectl stat -nrb -o ATTACHED region
	assert_output 0
}

@test "attach-exec works as far as Yama permits" {
	[[ -e $YAMA ]] || skip "a kernel without Yama"
	msharectl create --size 1G --mode 0666 region
	msharectl map region
	local s
	for s in 0 1; do
		echo $s >$YAMA
		logged as_user 1000 msharectl attach-exec region -- "$CASES/helper-attach" read
		assert_output 0
	done
	# 3 stays until the next boot: 990-yama-locked.bats
	echo 2 >$YAMA
	logged msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_output 0
	refused 125 'msharectl attach-exec: Yama forbids tracing without CAP_SYS_PTRACE (ptrace_scope is 2), and attaching needs it' \
		as_user 1000 msharectl attach-exec region -- "$CASES/helper-attach" read
}

@test "msharectl finds the mount point, or reports that msharefs is not mounted" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	logged unshare --mount sh -c 'umount "$1" && msharectl info' - "$MSHARE"
	assert_failure 3
	assert_output 'msharectl info: msharefs is not mounted
Mount msharefs: msharectl mount'
	logged unshare --mount sh -c 'umount "$1" && mount -t msharefs msharefs "$2" && msharectl info -J' \
		- "$MSHARE" "$BATS_TEST_TMPDIR/elsewhere"
	assert_success
	assert_equal "$(jq -r .mount_point <<<"$output")" "$BATS_TEST_TMPDIR/elsewhere"
	# of several the usual one, with a note, unless told otherwise
	# shellcheck disable=SC2016
	logged unshare --mount sh -c 'mount -t msharefs msharefs "$1" && msharectl info -J 2>"$2" && msharectl info -J -M "$1"' \
		- "$BATS_TEST_TMPDIR/elsewhere" "$BATS_TEST_TMPDIR/note"
	assert_equal "$(<"$BATS_TEST_TMPDIR/note")" "msharectl info: $BATS_TEST_TMPDIR/elsewhere: note: the regions of this msharefs are not shown; choose a mount with --mount-point, or --all-mounts"
	assert_equal "$(jq -r .mount_point <<<"$output" | tr '\n' ' ')" "$MSHARE $BATS_TEST_TMPDIR/elsewhere "
}

@test "msharectl works in a directory of msharefs that is mounted by itself" {
	mkdir "$MSHARE/tenant" "$BATS_TEST_TMPDIR/tenant"
	# shellcheck disable=SC2016
	logged unshare --mount sh -ec 'mount --bind "$1/tenant" "$2"; umount "$1"
		msharectl create --size 1G --map mine
		msharectl attach-exec mine -- true; msharectl ls -nr -o NAME
		mount -t msharefs msharefs "$1"; mount -t tmpfs tmpfs "$1"; msharectl ls -nr -o NAME' \
		- "$MSHARE" "$BATS_TEST_TMPDIR/tenant"
	assert_success
	assert_line --index 0 'mine: created 1G at 0x550000000000'
	assert_line --index 2 mine
	assert_line --index 3 mine
	logged unshare --mount sh -c 'mount -t tmpfs tmpfs "$1"; msharectl ls' - "$MSHARE"
	assert_failure 3
	assert_line --index 0 'msharectl ls: another file system is mounted over msharefs'
}

@test "rm does not remove mshare_info or the mount point" {
	refused 1 'msharectl rm: mshare_info: mshare_info is a part of msharefs' msharectl rm mshare_info
	logged msharectl rm -f mshare_info
	assert_success
	[[ -e $MSHARE/mshare_info ]]
	logged msharectl rm -r "$MSHARE"
	assert_failure 1
	[[ -e $MSHARE/mshare_info ]]
}

@test "a full mount is named: by populate, and by create" {
	mount_other size=64M
	msharectl -M "$other" create -q --size 1G --map --noreserve region
	refused 1 "msharectl advise: region: the mount's size limit is reached: 64M of 64M are used" \
		msharectl -M "$other" advise populate region
	refused 1 "msharectl create: new: the mount's size limit is reached: 64M of 64M are used" \
		msharectl -M "$other" create --size 1G new
	umount "$other"
	mount -t msharefs -o nr_regions=1 mshare "$other"
	msharectl -M "$other" create -q --size 1G region
	refused 1 "msharectl create: new: the mount's limit of names is reached" \
		msharectl -M "$other" create --size 1G new
}

@test "create needs no /proc" {
	# shellcheck disable=SC2016
	logged unshare --mount sh -c 'mount -t tmpfs tmpfs /proc && msharectl create --size 1G region'
	assert_success
	assert_output 'region: created 1G at 0x550000000000'
}
