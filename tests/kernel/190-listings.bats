#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# msharectl's listings on the real kernel.

load guest

teardown() {
	[[ -z ${child:-} ]] || kill "$child"
	remove_regions
}

# waits ARG...: a program that attach-exec made, in $child
waits() {
	holds wait "$@"
}

# holds HOW ARG...: the same; HOW helper-attach waits
holds() {
	local i how=$1
	shift
	msharectl attach-exec "$@" -- "$CASES/helper-attach" "$how" >"$BATS_TEST_TMPDIR/pid" &
	child=$!
	for ((i = 0; i < 100; i++)); do
		[[ ! -s $BATS_TEST_TMPDIR/pid ]] || return 0
		sleep 0.1
	done
	return 1
}

@test "ls and ps print hostile names as valid JSON" {
	local names=('a b' $'new\nline' 'quo"ted' $'bad\xff') name
	mkdir "$MSHARE/dir"
	for name in "${names[@]}"; do
		msharectl create -q --size 1G -- "dir/$name"
	done
	logged msharectl ls -J
	assert_success
	assert_equal "$(jq -c '[.entries[] | [.name, .name_bytes, .type]]' <<<"$output")" \
		$'[["dir",null,"directory"],["dir/a b",null,"region"],["dir/bad\xef\xbf\xbd","6469722f626164ff","region"],["dir/new\\nline",null,"region"],["dir/quo\\"ted",null,"region"]]'
	waits --read-only "${names[@]/#/dir/}"
	rm "$MSHARE/dir/"$'new\nline'
	logged msharectl ps -J
	assert_success
	assert_equal "$(jq -c "[.windows[] | select(.pid == $child) | [.region, .prot, .size, .state]]" <<<"$output")" \
		$'[["dir/a b","r",1073741824,"present"],["dir/bad\xef\xbf\xbd","r",1073741824,"present"],["dir/new\\nline","r",1073741824,"deleted"],["dir/quo\\"ted","r",1073741824,"present"]]'
}

@test "ps shows process and user, and reports hidden processes" {
	msharectl create --start 8T --size 1G -m 644 region
	waits region
	logged msharectl ps -nr -o REGION,PID,USER,START,PROT,COMMAND,ARGUMENTS region
	assert_output "region $child root 0x80000000000 rw helper-attach $CASES/helper-attach\\x20wait"
	logged setpriv --reuid 65534 --regid 65534 --clear-groups msharectl ps region
	assert_failure 1
	assert_line --index 0 'msharectl ps: region: 1 of 1 processes that have the region attached are not visible here'
}

@test "ps succeeds while clients come and go" {
	local i
	msharectl create --size 1G region
	# each child has the region, and ends at once
	msharectl attach-exec region -- bash -c 'while :; do (:); done' &
	child=$!
	for ((i = 0; i < 100; i++)); do
		[[ $(msharectl stat -nr -o ATTACHED region) == 0 ]] || break
		sleep 0.1
	done
	for ((i = 0; i < 30; i++)); do
		logged msharectl ps -nr -o PID region
		assert_success
		assert_line "$child"
		refute_output --regexp '[^0-9[:space:]]'
	done
}

@test "ps without /proc fails and names the command that mounts proc" {
	# shellcheck disable=SC2016
	logged unshare --mount sh -c 'mount -t tmpfs tmpfs /proc && exec msharectl ps'
	assert_failure 1
	assert_line --index 0 'msharectl ps: /proc: proc is not mounted there'
	assert_line --index 1 'Mount proc: mount -t proc proc /proc'
}

@test "ps shows a process whose main thread has exited" {
	msharectl create --start 8T --size 1G region
	holds wait-in-thread region
	logged msharectl ps -nr -o REGION,PID,USER,START,PROT,COMMAND,ARGUMENTS
	assert_output "region $child root 0x80000000000 rw helper-attach $CASES/helper-attach\\x20wait-in-thread"
}

@test "info shows the mappings of a region" {
	local file
	truncate -s 64K "$BATS_TEST_TMPDIR/data"
	file=$(realpath "$BATS_TEST_TMPDIR/data")
	msharectl create --start 8T --size 1G region
	msharectl map --size 1M --noreserve region
	msharectl map --addr 0x80000200000 --prot r --file "$file" --offset 4K region
	msharectl protect --addr 0x80000080000 --size 512K --prot none region
	logged msharectl info --mappings -nrb region
	assert_output "region 0x80000000000 0x80000080000 524288 rw anonymous,noreserve - -
region 0x80000080000 0x80000100000 524288 none anonymous,noreserve - -
region 0x80000200000 0x8000020f000 61440 r - 4096 $file"
	logged msharectl info --mappings -J -o FILE,INODE region
	assert_equal "$(jq -c '.regions[0].mappings[2] | [.file, .inode]' <<<"$output")" "[\"$file\",$(stat -c %i "$file")]"
	logged msharectl info region
	assert_equal "${#lines[@]}" 2
	logged msharectl stat -nr -o PGTABLES,UNSHARED region
	assert_output --regexp '^[0-9.]+[BK] 0B$'
}

@test "stat prints figures, rates and metrics" {
	msharectl create --start 8T --size 1G --map --noreserve region
	msharectl lock -q --on-fault --size 1M region
	msharectl seal -q --unmap region
	waits region
	msharectl attach-exec region -- "$CASES/helper-attach" write 1
	logged msharectl stat -nrb -o ATTACHED,RESIDENT-SHMEM,RESIDENT-FILE,LOCKED,UNSHARED,SEALS region
	assert_output '1 4096 0 1048576 8 unmap'
	logged msharectl stat -J --interval 0.5 --count 1 -o FAULTS,LINKS,FAULTS/S region
	assert_equal "$(jq -c '.regions[0] | [.faults > 0, .links > 0, .faults_per_s == 0]' <<<"$output")" '[true,true,true]'
	logged msharectl stat --openmetrics
	assert_line 'mshare_region_attached_processes{region="region"} 1'
	assert_line 'mshare_region_resident_bytes{region="region",kind="shmem"} 4096'
	assert_line --regexp '^mshare_region_faults_total\{region="region"\} [1-9]'
}

@test "mount and umount work and explain failures" {
	local dir=$BATS_TEST_TMPDIR/dir
	mkdir "$dir"
	logged msharectl mount -o mode=0700,nosuid "$dir"
	assert_success
	logged findmnt -no FSTYPE,OPTIONS "$dir"
	assert_output --regexp '^msharefs .*nosuid.*mode=0?700'
	logged msharectl mount "$dir"
	assert_line --index 0 "msharectl mount: $dir: msharefs is mounted there already"
	msharectl create -M "$dir" --size 1G region
	MSHARE_MOUNT_POINT=$dir waits region
	logged msharectl umount "$dir"
	assert_failure 1
	assert_line --index 0 "msharectl umount: $dir: in use"
	kill "$child"
	wait "$child" || true
	child=
	logged msharectl umount "$dir"
	assert_failure 1
	assert_line --index 0 --partial 'unmounting destroys 1 region (region) with 0B of memory'
	logged msharectl mount -o remount,nosuid,size=64M "$dir"
	assert_success
	logged findmnt -no OPTIONS "$dir"
	assert_output --regexp 'nosuid.*mode=0?700.*size=65536k'
	logged msharectl umount --force "$dir"
	assert_success
	logged msharectl umount "$dir"
	assert_failure 3
	logged msharectl mount -o nonsense "$dir"
	assert_line --index 0 "msharectl mount: $dir: the kernel refuses the options: msharefs: Unknown parameter 'nonsense'"
}

@test "the charges of all regions, also of removed ones, are what df shows" {
	local dir=$BATS_TEST_TMPDIR/dir sum
	mkdir "$dir"
	mount -t msharefs -o size=1G mshare "$dir"
	export MSHARE_MOUNT_POINT=$dir
	msharectl create -q --size 1G named
	msharectl map -q --size 16M named
	msharectl create -q --size 1G --map --noreserve gone
	msharectl advise -q --size 4M populate gone
	waits gone
	rm "$dir/gone"
	logged msharectl stat -nr -o NAME,STATE,ATTACHED,RESIDENT
	assert_output "named present 0 0B
gone\\x20(deleted) deleted 1 4M"
	logged msharectl info -nr -o NAME,SIZE,STATE
	assert_line 'gone\x20(deleted) 1G deleted'
	logged msharectl stat -nrb -o CHARGED
	sum=$(tr '\n' + <<<"$output")
	assert_equal "$((${sum}0))" "$(df -B1 --output=used "$dir" | tail -n 1)"
	kill "$child"
	wait "$child" || true
	logged msharectl stat -nr -o NAME
	assert_output named
	umount "$dir"
}

@test "rm --unused removes what no process has attached, and rm --older what nobody used" {
	msharectl create -q --size 1G used
	msharectl create -q --size 1G unused
	waits used
	logged msharectl rm --unused --older 1h
	assert_success
	logged msharectl ls -nr -o NAME
	assert_output $'unused\nused'
	logged msharectl rm --unused
	assert_success
	logged msharectl ls -nr -o NAME
	assert_output used
	logged msharectl rm --unused used
	assert_failure 1
	assert_line --index 0 'msharectl rm: used: not removed: attached by 1 process'
	kill "$child"
	wait "$child" || true
	sleep 1
	logged msharectl rm --unused --older 1h used
	assert_failure 1
	assert_line --index 0 'msharectl rm: used: not removed: the region was in use during this time'
	logged msharectl rm --unused --older 1s used
	assert_success
}

@test "stat names the last process, the times and the cgroup that pays" {
	local group=/sys/fs/cgroup/mshare-stat since
	since=$(date +%FT%T%z)
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$group"
	sh -c 'echo $$ >/sys/fs/cgroup/mshare-stat/cgroup.procs && exec msharectl create -q --size 1G region'
	waits region
	logged msharectl stat -nr -o ATTACHER,DETACHER,CGROUP region
	assert_output "$child - /mshare-stat"
	logged msharectl stat -nr -o CREATED,ATTACHED-AT region
	[[ ! ${lines[0]%% *} < $since && ! ${lines[0]##* } < ${lines[0]%% *} ]]
	kill "$child"
	wait "$child" || true
	rmdir "$group"
	logged msharectl stat -nr -o DETACHER region
	assert_output "$child"
}
