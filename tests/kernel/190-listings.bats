#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# msharectl's listings on the real kernel.

load guest

teardown() {
	[[ -z ${child:-} ]] || stops
	[[ -z ${group:-} ]] || kill -- "-$group"
	[[ -z ${other:-} ]] || drop_other
	remove_regions
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

@test "info --mappings shows a file whose path is too long" {
	msharectl create -q --size 1G region
	/usr/bin/python3 - <<-'END'
		import os, subprocess
		os.chdir("/tmp")
		for _ in range(20):
		    os.mkdir("d" * 250)
		    os.chdir("d" * 250)
		with open("file", "wb") as file:
		    file.truncate(1 << 20)
		subprocess.run(["msharectl", "map", "-q", "--file", "file", "region"], check=True)
	END
	msharectl map -q --addr 0x550000200000 --size 4M --noreserve region
	logged msharectl info --mappings -nr -o SIZE,FLAGS,FILE region
	rm -r /tmp/ddd*
	assert_success
	assert_output $'1M - -\n4M anonymous,noreserve -'
	logged msharectl info --at 0x550000000000 -nr -o SIZE
	assert_success
	assert_output 1M
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

@test "ps and stat print no error while hundreds of processes come and go" {
	local i failed=0
	msharectl create --size 1G region
	msharectl create --size 1G other
	# eight at a time, which have a region, name it or execute something else
	msharectl attach-exec other -- bash -c 'while :; do
		for i in 1 2 3 4; do (:) & true other & /bin/true & (exec /bin/true) & done
		wait; done' 3>&- &
	child=$!
	for ((i = 0; i < 100; i++)); do
		msharectl ps >"$BATS_TEST_TMPDIR/out" 2>>"$BATS_TEST_TMPDIR/errors" || failed=$((failed + 1))
		msharectl stat >"$BATS_TEST_TMPDIR/out" 2>>"$BATS_TEST_TMPDIR/errors" || failed=$((failed + 1))
	done
	cat "$BATS_TEST_TMPDIR/errors"
	assert_equal "$failed $(wc -c <"$BATS_TEST_TMPDIR/errors")" '0 0'
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
	make_other
	logged msharectl mount -o mode=0700,nosuid "$other"
	assert_success
	logged findmnt -no FSTYPE,OPTIONS "$other"
	assert_output --regexp '^msharefs .*nosuid.*mode=0?700'
	logged msharectl mount "$other"
	assert_line --index 0 "msharectl mount: $other: msharefs is mounted there already"
	msharectl create -M "$other" --size 1G region
	MSHARE_MOUNT_POINT=$other waits region
	logged msharectl umount "$other"
	assert_failure 1
	assert_line --index 0 "msharectl umount: $other: in use"
	stops
	logged msharectl umount "$other"
	assert_failure 1
	assert_line --index 0 --partial 'unmounting destroys 1 region (region) with 0B of memory'
	logged msharectl mount -o remount,nosuid,size=64M "$other"
	assert_success
	logged findmnt -no OPTIONS "$other"
	assert_output --regexp 'nosuid.*mode=0?700.*size=65536k'
	logged msharectl umount --force "$other"
	assert_success
	logged msharectl umount "$other"
	assert_failure 3
	logged msharectl mount -o nonsense "$other"
	assert_line --index 0 "msharectl mount: $other: the kernel refuses the options: msharefs: Unknown parameter 'nonsense'"
}

# sum_of COLUMN: of all regions of the mount
sum_of() {
	local sum
	sum=$(msharectl stat -nrb -o "$1" | tr '\n' +)
	echo $((${sum}0))
}

@test "the charges of all regions, also of removed ones, are what df and info show" {
	local used
	mount_other size=1G
	export MSHARE_MOUNT_POINT=$other
	# reserved memory; touched memory; a memfd and a file on tmpfs; a file without requests
	msharectl create -q --size 1G named
	msharectl map -q --size 16M named
	msharectl create -q --size 1G --map --noreserve gone
	msharectl advise -q --size 4M populate gone
	head -c 3M /dev/zero >/tmp/object
	msharectl create -q --size 1G --map --file /tmp/object --populate objects
	mkdir "$other/below"
	head -c 5M /dev/zero >"$other/below/file"
	msharectl lock -q --size 1M named
	waits gone objects
	rm "$other/gone"
	# removed, and open in this shell alone
	exec 7<>"$other/below/open"
	truncate -s 2M "$other/below/open"
	head -c 2M /dev/zero >&7
	rm "$other/below/open"
	logged msharectl stat -nr -o NAME,STATE,ATTACHED,RESIDENT --filter STATE=deleted
	assert_line 'gone\x20(deleted) deleted 1 4M'
	assert_line --partial 'below/open\x20(deleted) deleted 0 '
	logged msharectl info -nr -o NAME,SIZE,STATE
	assert_line 'gone\x20(deleted) 1G deleted'
	used=$(df -B1 --output=used "$other" | tail -n 1)
	logged msharectl stat -b -o NAME,CHARGED,PGTABLES
	assert_equal "$(sum_of CHARGED)" "$used"
	assert_equal "$(msharectl info -J | jq .mount.used)" "$used"
	# 16M, 4M, 5M and 2M, and the tables and records of five regions
	((used > 27 << 20 && used < 28 << 20))
	exec 7>&-
	stops
	logged msharectl stat -nr -o NAME
	assert_output $'below/file\nnamed\nobjects'
	assert_equal "$(sum_of CHARGED)" "$(df -B1 --output=used "$other" | tail -n 1)"
	rm /tmp/object
}

@test "df shows no memory of a mount without size=, and info tells" {
	msharectl create -q --size 1G --map --noreserve region
	msharectl advise -q --size 8M populate region
	logged df -B1 --output=size,used,avail "$MSHARE"
	assert_line --index 1 --regexp '^ *0 +0 +0$'
	logged msharectl info
	assert_line --index 2 'memory:  no limit, and not counted for df'
	assert_equal "$(msharectl info -J | jq -c '[.mount.size_limit, .mount.used]')" '[null,null]'
	(($(sum_of CHARGED) > 8 << 20))
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
	stops
	sleep 1
	logged msharectl rm --unused --older 1h used
	assert_failure 1
	assert_line --index 0 'msharectl rm: used: not removed: the region was in use during this time'
	logged msharectl rm --unused --older 1s used
	assert_success
}

@test "stat names the last process, the times and the cgroup that pays" {
	local group=/sys/fs/cgroup/mshare-stat since pid
	since=$(date +%FT%T%z)
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir "$group"
	sh -c 'echo $$ >/sys/fs/cgroup/mshare-stat/cgroup.procs && exec msharectl create -q --size 1G region'
	waits region
	logged msharectl stat -nr -o ATTACHER,DETACHER,CGROUP region
	assert_output "$child - /mshare-stat"
	logged msharectl stat -nr -o CREATED,ATTACHED-AT region
	[[ ! ${lines[0]%% *} < $since && ! ${lines[0]##* } < ${lines[0]%% *} ]]
	pid=$child
	stops
	rmdir "$group"
	logged msharectl stat -nr -o DETACHER region
	assert_output "$pid"
}

# runs PYTHON-CODE: a program under run, by "${as[@]}"; it leads the group $group
runs() {
	"${as[@]}" setsid msharectl run -- python3 -c "import ctypes, mmap, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
def address(m): return ctypes.addressof(ctypes.c_char.from_buffer(m))
$1
print(os.getpid(), flush=True)
time.sleep(1000)" >"$BATS_TEST_TMPDIR/pid" &
	group=$!
	wait_for_pid 600
}

@test "listings show nameless regions with the program, the owner and the processes" {
	local name
	msharectl create -q --size 1G named
	runs 'm = mmap.mmap(-1, 96 << 20)
m[:4 << 20] = b"x" * (4 << 20)
for i in range(2):
    if not os.fork(): time.sleep(1000)'
	logged msharectl ls -nr
	assert_output --regexp '^named region [^ ]+ 1G 0600 root$'
	logged msharectl ls --all -nr --filter TYPE=nameless -o NAME,SIZE,OWNER,ATTACHED,RESIDENT,PROGRAM
	assert_output --regexp '^@[1-9][0-9]* 96M root 3 4M python3$'
	name=${output%% *}
	logged msharectl stat "$name" -nr -o NAME,MAPPINGS,RESIDENT,CREATOR,STATE
	assert_output "$name 1 4M $group nameless"
	logged msharectl info "$name" -nr -o NAME,SIZE,PROGRAM
	assert_output "$name 96M python3"
	logged msharectl ps "$name" -nr -o REGION,KIND,STATE,COMMAND
	assert_output "$(printf "$name window nameless python3\n%.0s" 1 2 3)"
	logged msharectl stat --all --openmetrics
	assert_line "mshare_region_attached_processes{region=\"$name\",nameless=\"yes\"} 3"
	assert_line --regexp "^mshare_region_info\{region=\"$name\",nameless=\"yes\",owner=\"root\",.*,state=\"nameless\",.*program=\"python3\"\} 1\$"
	assert_line --regexp '^mshare_program_regions_total [1-9]'
	# Other users do not see it
	logged setpriv --reuid 65534 --regid 65534 --clear-groups msharectl ls --all -nr -o NAME --filter TYPE=nameless
	assert_output ''
	logged setpriv --reuid 65534 --regid 65534 --clear-groups msharectl stat "$name"
	assert_failure 1
	kill -- "-$group"
	wait "$group" || true
	group=
	for _ in {1..100}; do
		logged msharectl ps "$name"
		((status)) && break
		sleep 0.1
	done
	assert_failure 1
	assert_line --index 0 "msharectl ps: $name: no such nameless region"
}

@test "a user sees the memory of the user's own programs" {
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	runs 'm = mmap.mmap(-1, 96 << 20)'
	logged "${as[@]}" msharectl ps --all -nr -o PID,USER,KIND,COMMAND
	assert_success
	assert_line "$group nobody window python3"
	logged msharectl ls --all -nr -o OWNER --filter TYPE=nameless
	assert_output nobody
}

@test "ps shows which processes have memory that became plain" {
	# A part is unmapped; of whole granules, all becomes code: nothing is cut
	runs 'm = mmap.mmap(-1, 96 << 20)
n = mmap.mmap(-1, 1 << 30, flags=0x4021)
if not os.fork():
    libc.munmap(address(m), 1 << 20, 0)
    assert not libc.mprotect(address(n), 1 << 30, 7)
    time.sleep(1000)
time.sleep(1)'
	logged msharectl ps --all -nr --sort SIZE -o PID,SIZE,KIND --filter KIND=plain
	assert_equal "${#lines[@]}" 2
	assert_line --index 0 --regexp '^[0-9]+ 95M plain$'
	assert_line --index 1 --regexp '^[0-9]+ 1G plain$'
	logged msharectl ps --all -nr --sort SIZE -o PID,SIZE,KIND --filter PID="$group"
	assert_output "$group 96M window
$group 1G window"
	logged msharectl stat --all -nr -o ATTACHED --filter STATE=nameless
	assert_output $'2\n2'
}

@test "System V memory: processes with windows, and processes that attach it plainly" {
	runs 'libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
i = libc.shmget(0, 96 << 20, 0o1600)
p = libc.shmat(i, None, 0)
ctypes.memset(p, 1, 4 << 20)
ready, wait = os.pipe()
if not os.fork():
    libc.shmdt(ctypes.c_void_p(p))
    libc.shmat(i, ctypes.c_void_p(0x700000001000), 0)
    os.write(wait, b"x")
    time.sleep(1000)
os.read(ready, 1)'
	logged msharectl ls --all -nr --filter TYPE=nameless -o SIZE,ATTACHED,RESIDENT,PROGRAM
	assert_output '96M 2 4M python3'
	logged msharectl ps --all -nr --sort KIND -o KIND,STATE,SIZE
	assert_output $'plain nameless 96M\nwindow nameless 96M'
}

@test "--all-mounts: the regions of two mounts, and their processes" {
	mount_other size=1G
	msharectl create -q --size 1G here
	msharectl create -q -M "$other" --size 1G there
	waits here
	logged msharectl ps --all-mounts -nr -o REGION,PID,MOUNT
	assert_output "here $child $MSHARE"
	stops
	MSHARE_MOUNT_POINT=$other waits there
	logged msharectl ps --all-mounts -nr -o REGION,PID,MOUNT
	assert_output "there $child $other"
	logged msharectl stat --all-mounts -nr -o NAME,ATTACHED,MOUNT
	assert_output "here 0 $MSHARE
there 1 $other"
	logged msharectl ls
	assert_line --partial "note: the regions of this msharefs are not shown"
	stops
}
