#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # shells inside; tests are subshells; bats sets variables
# What msharectl says where the real kernel decides: mounts, regions that exist,
# removed regions, shortages, programs that lose or may not have a region.

load guest

setup() {
	trace_failures
	make_other
}

teardown() {
	[[ -z ${child:-} ]] || stops
	drop_other
	remove_regions
}

# says STATUS CAUSE NEXT COMMAND...: the two lines of a failure
says() {
	logged "${@:4}"
	assert_failure "$1"
	assert_output "$2
$3"
}

@test "mount: wrong options are named with the kernel's reason, a remount keeps the others" {
	local row known='The options of msharefs are mode=, uid=, gid=, size= and nr_regions=; see msharefs(5).'
	for row in "size=1X:size 1X is no size" "size=0x10:size 0x10 is no size" "mode=9:Bad value for 'mode'" \
		"nr_regions=-1:Bad value for 'nr_regions'" "ro,bogus:Unknown parameter 'bogus'" \
		"huge=1:Unknown parameter 'huge'"; do
		says 1 "msharectl mount: $other: the kernel refuses the options: msharefs: ${row#*:}" "$known" \
			msharectl mount -o "${row%%:*}" "$other"
	done
	says 1 "msharectl mount: $other: no msharefs is mounted there" 'List the mounts: findmnt -t msharefs' \
		msharectl mount -o remount,size=1G "$other"
	msharectl mount -o size=64M,nosuid,nodev "$other"
	msharectl mount --if-missing "$other"
	msharectl mount -o remount,size=128M "$other"
	assert_equal "$(findmnt -no OPTIONS "$other")" rw,nosuid,nodev,relatime,size=131072k
	msharectl create -q -M "$other" --size 1G --map --noreserve region
	msharectl advise -q -M "$other" --size 4M populate region
	says 1 "msharectl mount: $other: the kernel refuses the options: msharefs: size is less than what is in use" "$known" \
		msharectl mount -o remount,size=1M "$other"
	mkdir "$other/dir"
	says 1 "msharectl mount: $other/dir: no msharefs is mounted there" 'List the mounts: findmnt -t msharefs' \
		msharectl mount -o remount,size=1G "$other/dir"
}

@test "umount: --dry-run and the refusal name what is lost, and that it is in use" {
	mount -t msharefs other "$other"
	export MSHARE_MOUNT_POINT=$other
	msharectl create -q --size 1G --map --noreserve one
	ln "$other/one" "$other/two"
	msharectl advise -q --size 4M populate one
	msharectl create -q --size 1G 'a name'
	waits one
	for option in --dry-run --force; do
		says 1 "msharectl umount: $other: in use" "Find the processes: msharectl -M $other ps; fuser -vm $other" \
			msharectl umount $option "$other"
	done
	rm "$other"/{one,two}
	# a removed region is in use, too
	logged msharectl umount --dry-run "$other"
	assert_failure 1
	assert_line --index 0 "msharectl umount: $other: in use"
	stops
	msharectl create -q --size 1G --map --noreserve one
	ln "$other/one" "$other/two"
	msharectl advise -q --size 4M populate one
	logged msharectl umount --dry-run "$other"
	assert_output "would unmount $other, and destroy 2 regions (a name, one) with 4M of memory"
	# the region of the usual mount is not lost
	msharectl create -q -M "$MSHARE" --size 1G precious
	logged msharectl umount "$other"
	assert_failure 1
	eval "words=(${lines[1]#*: })"
	assert_equal "${words[*]}" "msharectl umount --force $other"
	"${words[@]}"
	[[ -e $MSHARE/precious ]]
	says 3 "msharectl umount: $other: not the mount point of an msharefs" 'List the mounts: findmnt -t msharefs' \
		msharectl umount "$other"
}

@test "commands in messages work: hostile names, and another mount" {
	mount -t msharefs -o nr_regions=9 other "$other"
	for name in 'a b' "it's" '-rf' '$(reboot)' $'two\nlines'; do
		msharectl create -q -M "$MSHARE" --size 1G -- "$name"
		msharectl create -q -M "$other" --size 1G -- "$name"
		logged msharectl create -q -M "$other" --size 1G -- "$name"
		assert_failure 1
		eval "words=(${lines[1]#*: })"
		"${words[@]}"
		[[ ! -e $other/$name && -e $MSHARE/$name ]]
	done
}

@test "create --if-missing names what differs in the region that exists" {
	local next='Change the existing region, or choose another name.'
	truncate -s 64M /tmp/data /tmp/data2
	missing() {
		msharectl create --if-missing --size 2G "$@" region
	}
	msharectl create -q --size 2G --mode 0640 --map --file /tmp/data --prot r region
	logged missing --mode 640 --map --file /tmp/data --prot r
	assert_output 'region: has 2G at 0x550000000000'
	says 1 'msharectl create: region: exists already, with 2G at 0x550000000000 instead of 1G' \
		'Ask for the same size and address, or choose another name.' \
		msharectl create --if-missing --size 1G region
	says 1 'msharectl create: region: exists already, with mode 0640 instead of 0600' "$next" missing --mode 600
	says 1 'msharectl create: region: exists already, with access rights r instead of rw' "$next" \
		missing --map --file /tmp/data --prot rw
	logged missing --map --file /tmp/data2
	assert_failure 1
	assert_line --index 0 --partial 'exists already, and maps another file at offset 0 instead of the given file'
	logged missing --map
	assert_failure 1
	assert_line --index 0 --partial 'instead of anonymous memory'
	rm /tmp/data /tmp/data2
}

@test "removed regions: rm counts who keeps them, and ls, info, ps and metrics show them" {
	local charged
	msharectl create -q --size 1G --map --noreserve region
	msharectl advise -q --size 4M populate region
	waits region
	logged msharectl rm --dry-run region
	assert_output 'would remove region, which 1 process has attached'
	logged msharectl rm region
	assert_output 'msharectl rm: region: removed; still attached by 1 process, which keeps the memory (msharectl ps)'
	logged msharectl ls -nr -o NAME,SIZE
	assert_output 'region\x20(deleted) 1G'
	logged msharectl info -nr -o NAME,START,STATE
	assert_output 'region\x20(deleted) 0x550000000000 deleted'
	logged msharectl info --at 0x550000000123
	assert_line --index 0 'msharectl info: region (deleted): the region with this address was removed; its mappings are not listed'
	logged msharectl ps -nr -o REGION,PID,STATE
	assert_output "region $child deleted"
	charged=$(msharectl stat -nrb -o CHARGED)
	((charged > 4 << 20))
	logged msharectl stat --prometheus
	assert_line --regexp "^mshare_region_charged_bytes\{region=\"region \(deleted\)\",deleted=\"[0-9]+\"\} $charged\$"
	assert_line --regexp '^mshare_region_info\{.*,state="deleted".*\} 1$'
	stops
	logged msharectl ls
	assert_output ''
}

@test "metrics have the limits of the mount and their use" {
	mount -t msharefs -o size=64M,nr_regions=10 other "$other"
	export MSHARE_MOUNT_POINT=$other
	msharectl create -q --size 1G --map --noreserve region
	msharectl advise -q --size 4M populate region
	for format in --openmetrics --prometheus; do
		logged msharectl stat $format
		assert_line "mshare_mount_size_bytes{mount_point=\"$other\"} $((64 << 20))"
		assert_line "mshare_mount_used_bytes{mount_point=\"$other\"} $(df -B1 --output=used "$other" | tail -n 1)"
		assert_line "mshare_mount_regions{mount_point=\"$other\"} 1"
		assert_line "mshare_mount_regions_limit{mount_point=\"$other\"} 10"
	done
}

@test "advise populate and lock beyond the memory of the machine need --force" {
	local verb
	msharectl create -q --size 64G --map --noreserve region
	for verb in 'advise populate' lock; do
		# shellcheck disable=SC2086
		logged msharectl $verb region
		assert_failure 1
		assert_line --index 0 --regexp "^msharectl ${verb%% *}: region: 64G more are needed, and [0-9.]+G of memory and swap are available\$"
		assert_line --index 1 --partial -- '--force'
	done
	logged msharectl create --size 64G --map --noreserve --populate new
	assert_failure 1
	assert_line --index 0 --partial '64G more are needed'
	[[ ! -e $MSHARE/new ]]
	assert_equal "$(msharectl stat -nr -o RESIDENT,LOCKED)" '0B 0B'
}

@test "what another user may do is in the message" {
	msharectl create -q --size 1G --map --noreserve --mode 0644 readable
	msharectl create -q --size 1G --map --noreserve private
	says 125 'msharectl attach-exec: readable: no permission to write to the region' \
		'Attach the region read-only: --read-only' \
		"${NOBODY[@]}" msharectl attach-exec readable -- true
	says 1 'msharectl advise: private: permission denied' \
		'Check the mode and the owner: msharectl ls private' \
		"${NOBODY[@]}" msharectl advise cold private
	says 1 'msharectl info: private: permission denied' \
		'Check the mode and the owner: msharectl ls private' \
		"${NOBODY[@]}" msharectl info --mappings private
	logged "${NOBODY[@]}" msharectl ls -nr -o NAME,MODE,OWNER private
	assert_output 'private 0600 root'
}

@test "attach-exec: programs that lose the region, and sandboxes that only seem to trace" {
	local filtered=${MSHARE_BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/cli/filtered
	msharectl create -q --size 1G --map --noreserve region
	for words in nice 'env A=B' 'timeout 60' 'setpriv --no-new-privs' 'taskset 1'; do
		# shellcheck disable=SC2086
		logged msharectl attach-exec region -- $words "$CASES/helper-attach" read
		assert_failure
		assert_line "msharectl attach-exec: ${words%% *}: note: the program that this command executes loses the region; put this command before msharectl"
		# shellcheck disable=SC2086
		logged $words msharectl attach-exec region -- "$CASES/helper-attach" read
		assert_output 0
	done
	for option in '' --dry-run; do
		# shellcheck disable=SC2086
		says 125 'msharectl attach-exec: ptrace reports success, but nothing traces the process, and attaching needs ptrace' \
			'A seccomp filter or a sandbox answers for the kernel; check its settings.' \
			"$filtered" ptrace:success msharectl attach-exec $option region -- touch "$BATS_TEST_TMPDIR/ran"
	done
	for action in errno trap kill; do
		logged "$filtered" mmap:$action msharectl attach-exec region -- touch "$BATS_TEST_TMPDIR/ran"
		assert_failure
	done
	[[ ! -e $BATS_TEST_TMPDIR/ran ]]
}
