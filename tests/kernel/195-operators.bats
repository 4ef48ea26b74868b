#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# What an operator meets on the real kernel: hidden processes and mounts, mounts
# that are read-only, shortages, addresses in the kernel's log, and old regions.

load guest

teardown() {
	[[ -z ${child:-} ]] || stops
	[[ -z ${other:-} ]] || drop_other
	remove_regions
}

@test "ps reports processes that namespaces and hidepid= hide" {
	local hidden='msharectl ps: region: 1 of 1 processes that have the region attached are not visible here'
	msharectl create -q --size 1G -m 644 region
	waits region
	logged unshare --pid --fork --mount-proc msharectl ps region
	assert_failure 1
	assert_line --index 0 "$hidden"
	logged unshare --user --map-root-user msharectl ps region
	assert_failure 1
	assert_line --index 0 "$hidden"
	# shellcheck disable=SC2016
	logged unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' - "${NOBODY[@]}" msharectl ps region
	assert_failure 1
	assert_line --index 0 "$hidden"
	logged msharectl ps -nr -o PID region
	assert_output "$child"
}

@test "a read-only mount: each command that changes a region fails, and reading works" {
	local command
	msharectl create -q --size 1G --map --noreserve region
	# shellcheck disable=SC2016
	readonly=(unshare --mount sh -c 'mount -o remount,bind,ro /sys/fs/mshare && exec "$@"' -)
	for command in 'create --size 1G new' 'map region' 'protect --prot r region' \
		'rm region' 'rm --dry-run region' 'rm --unused region' 'advise populate region'; do
		# shellcheck disable=SC2086
		logged "${readonly[@]}" msharectl $command
		assert_failure 1
		assert_line --index 0 --regexp ': msharefs is mounted read-only here$'
		assert_line --index 1 --partial 'ReadWritePaths=/sys/fs/mshare'
	done
	logged "${readonly[@]}" msharectl attach-exec region -- true
	assert_failure 125
	assert_line --index 1 --partial -- '--read-only'
	logged "${readonly[@]}" msharectl attach-exec --read-only region -- true
	assert_success
	logged "${readonly[@]}" msharectl stat -nr -o NAME,ATTACHED
	assert_output 'region 0'
}

@test "mounts over msharefs: the visible msharefs is used, and advice is right" {
	local other=$BATS_TEST_TMPDIR/other
	mkdir "$other"
	msharectl create -q --size 1G below
	# shellcheck disable=SC2016
	logged unshare --mount sh -c 'mount -t tmpfs tmpfs /sys/fs && msharectl ls'
	assert_failure 3
	assert_line --index 0 'msharectl ls: another file system is mounted over msharefs'
	# shellcheck disable=SC2016
	logged unshare --mount sh -c 'mount -t msharefs other "$1" && mount -t tmpfs tmpfs /sys/fs/mshare &&
		msharectl create --size 1G there && msharectl ls -nr -o NAME' - "$other"
	assert_success
	assert_output --regexp $'^there: created 1G at 0x[0-9a-f]+\nthere$'
	# shellcheck disable=SC2016
	logged unshare --mount sh -c 'mount -t msharefs top /sys/fs/mshare && msharectl create -q --size 1G top &&
		msharectl ls -nr -o NAME && msharectl ls --all-mounts -nr -o NAME && umount /sys/fs/mshare && msharectl ls -nr -o NAME'
	assert_success
	assert_output $'top\ntop\ntop\nbelow'
}

@test "a directory of msharefs is found among 2,000 mounts and very long lines" {
	local other=$BATS_TEST_TMPDIR/$'blank #\n\\'
	mkdir "$other" "$MSHARE/tenant" /tmp/layers /tmp/many
	# in the list of mounts before and behind the directory: an overlay with options of
	# 3.9 KiB, and mounts that each double the number
	cat >"$BATS_TEST_TMPDIR/mounts" <<-'END'
		double() {
			for i; do mkdir -p /tmp/many/$i && mount --rbind /tmp/many /tmp/many/$i; done
		}
		cd /tmp/layers
		for i in $(seq 100 159); do
			name=$(printf 'layer-%058d' $i)
			mkdir $name
			layers=$layers:$name
		done
		mkdir before behind
		export LIBMOUNT_FORCE_MOUNT2=always # the other calls take 256 bytes
		mount -t overlay -o "lowerdir=${layers#:}" overlay before
		mount -t tmpfs many /tmp/many
		double 1 2 3 4 5 6 7 8 9 10
		mount --bind /sys/fs/mshare/tenant "$1"
		mount -t overlay -o "lowerdir=${layers#:}" overlay behind
		mount -t tmpfs many /tmp/many
		double 1 2 3 4 5 6 7 8 9 10
		umount -l /sys/fs/mshare
		grep -c . /proc/self/mountinfo
		awk 'length > 3900' /proc/self/mountinfo | wc -l
		msharectl create --size 1G own
		msharectl attach-exec own -- true
		msharectl ls -nr -o NAME,MODE
		msharectl info -J | jq -r .mount_point
		msharectl rm own
	END
	logged unshare --mount sh -e "$BATS_TEST_TMPDIR/mounts" "$other"
	assert_success
	((lines[0] > 2000))
	assert_line --index 1 2
	assert_line 'own 0600'
	assert_output --partial "$other"
	rm -r /tmp/layers
	rmdir /tmp/many "$MSHARE/tenant"
}

@test "a shortage of memory: the message names the cgroup that pays" {
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir /sys/fs/cgroup/small
	echo 32M >/sys/fs/cgroup/small/memory.max
	sh -c 'echo $$ >/sys/fs/cgroup/small/cgroup.procs && exec msharectl create -q --size 1G region'
	msharectl map -q --noreserve --size 128M region
	logged msharectl advise populate --size 128M region
	assert_failure 1
	assert_line --index 0 --partial 'msharectl advise: region: memory is short: '
	assert_line --index 1 'Free memory, or raise the memory limit of the cgroup /small, which pays.'
	msharectl rm region
	logged sh -c 'echo $$ >/sys/fs/cgroup/small/cgroup.procs && exec msharectl create --size 1G --map --populate region'
	[[ ! -e $MSHARE/region ]]
	rmdir /sys/fs/cgroup/small
}

@test "while msharectl populates, the OOM killer chooses msharectl first" {
	msharectl create -q --size 1G region
	msharectl map -q --noreserve --size 512M region
	msharectl advise -q --size 512M populate region &
	child=$!
	while read -r score <"/proc/$child/oom_score_adj"; do
		((score != 1000)) || break
	done
	assert_equal "$score" 1000
	wait "$child"
	child=
}

@test "create --populate does what a killed create --populate has not done" {
	truncate -s 64M /tmp/data
	msharectl create -q --size 1G --map --file /tmp/data region
	msharectl advise -q --size 16M populate region
	logged msharectl create --if-missing --size 1G --map --file /tmp/data --populate region
	assert_line --partial 'region: populated 64M at '
	logged msharectl stat -nr -o RESIDENT region
	assert_output 64M
	rm /tmp/data
}

@test "huge pages: a note where there are none, a column with those that there are" {
	local setting=/sys/kernel/mm/transparent_hugepage/shmem_enabled before
	before=$(sed 's/.*\[\(.*\)\].*/\1/' $setting)
	echo never >$setting
	logged msharectl create --size 1G --map --noreserve --huge small
	assert_success
	assert_line "msharectl create: small: note: the memory gets no huge pages: $setting is never"
	msharectl advise -q --size 4M populate small
	echo advise >$setting
	logged msharectl create -q --size 1G --map --noreserve --huge large
	assert_output large
	msharectl advise -q --size 4M populate large
	logged msharectl stat -nr -o NAME,RESIDENT,RESIDENT-HUGE
	assert_output $'large 4M 4M\nsmall 4M 0B'
	echo "$before" >$setting
	msharectl lock -q --size 1M small
	logged msharectl advise pageout --size 1M small
	assert_failure 1
	assert_line --index 0 --partial 'a part of the range is locked: '
	mkdir /tmp/pool
	mount -t hugetlbfs -o pagesize=2M pool /tmp/pool
	truncate -s 4M /tmp/pool/file
	logged msharectl create --size 1G --map --file /tmp/pool/file pool
	assert_failure 1
	assert_line --index 0 'msharectl create: pool: the pool of huge pages of 2M is short: 0 are free'
	umount /tmp/pool
	rmdir /tmp/pool
}

@test "a full mount is named by map and create, with the limit and the option that raises it" {
	local command
	mount_other size=16M
	export MSHARE_MOUNT_POINT=$other
	msharectl create -q --size 1G region
	msharectl map -q --size 8M region
	for command in 'map --addr 0x550001000000 region' 'create --size 1G --map new' \
		'map --addr 0x550001000000 --size 32M --noreserve --populate region'; do
		# shellcheck disable=SC2086
		logged msharectl $command
		assert_failure 1
		assert_line --index 0 --regexp 'size limit .*: [0-9.]+M of 16M are used$'
		assert_line --index 1 --partial "remount,size=SIZE $other"
	done
}

@test "info --at explains the address of a fault" {
	head -c 6000 /dev/zero >/tmp/data
	msharectl create -q --size 1G --addr 8T region
	msharectl map -q --size 16K --file /tmp/data region
	msharectl map -q --addr 0x80000100000 --size 1M region
	msharectl advise -q --addr 0x80000100000 --size 4K populate region
	msharectl lock -q --on-fault --addr 0x80000180000 --size 512K region
	logged msharectl info -nr --at 0x80000100123
	assert_output 'region 0x80000100000 0x80000180000 512K rw anonymous - - yes'
	logged msharectl info -nr --at 0x80000180123
	assert_output 'region 0x80000180000 0x80000200000 512K rw anonymous,locked - - no'
	logged msharectl info -nr --at 0x80000002001
	assert_line 'region 0x80000000000 0x80000004000 16K rw - 0 /tmp/data no'
	assert_line --partial 'the file ends before the address: an access raises SIGBUS'
	logged msharectl info --at 0x80000300000
	assert_failure 1
	assert_line --index 0 --partial 'nothing is mapped at 0x80000300000: an access raises SIGSEGV'
	logged msharectl info --at 0x1234
	assert_failure 1
	assert_line --index 0 'msharectl info: 0x1234: no region has this address'
	rm /tmp/data
}

@test "report prints the facts of this kernel, with and without names" {
	msharectl create -q --size 1G --map --noreserve secret
	waits secret
	logged msharectl report
	assert_success
	assert_line --regexp "^kernel: Linux $(uname -r) "
	assert_line --regexp '^region secret: start 0x[0-9a-f]+ size 1073741824 mode 0600 names 1 attached 1 mappings 1 '
	assert_line --regexp '^mount: .* /sys/fs/mshare .* - msharefs '
	logged msharectl report --anonymous
	assert_success
	assert_line --regexp '^region 1: start .* attached 1 '
	refute_output --partial secret
	refute_output --partial /sys/fs/mshare
}

@test "the metrics of this kernel pass promtool" {
	msharectl create -q --size 1G --map --noreserve region
	mount -o remount,size=64M "$MSHARE"
	msharectl stat --all --prometheus >"$BATS_TEST_TMPDIR/metrics"
	logged promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
	mount -o remount,size=0 "$MSHARE"
	assert_success
	assert_output ''
}

@test "which of 10,000 regions nobody uses, whose they are, and their removal" {
	local first=() second=() i
	for ((i = 0; i < 9999; i += 3)); do
		first+=("$MSHARE/r$i")
		second+=("$MSHARE/r$((i + 1))")
	done
	truncate -s 1G "$MSHARE"/r{0..9999}
	chown 1 "${first[@]}"
	chown 2 "${second[@]}"
	waits r3 r4
	logged msharectl stat -nr -o NAME --filter ATTACHED=0 --filter OWNER="$(id -nu 1)"
	assert_equal "${#lines[@]}" 3332
	logged msharectl stat -nr -o NAME,OWNER --filter ATTACHED=1
	assert_output "r3 $(id -nu 1)
r4 $(id -nu 2)"
	# those of one user, by names for another program
	msharectl stat -z --filter ATTACHED=0 --filter OWNER="$(id -nu 1)" | msharectl rm --unused --names-from -
	logged msharectl rm --unused --older 1h
	logged msharectl stat -nr -o NAME
	assert_equal "${#lines[@]}" 6668
	logged msharectl rm --unused
	logged msharectl ls -nr -o NAME
	assert_output $'r3\nr4'
	logged msharectl rm -rf "$MSHARE"/*
	assert_line --partial 'still attached by 1 process'
	assert_success
	assert_equal "$(ls "$MSHARE")" mshare_info
}
