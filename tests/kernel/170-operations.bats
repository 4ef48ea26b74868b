#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# The operations on a region's memory, by msharectl on the real kernel.

load guest
teardown() { remove_regions; }

stat_of() {
	msharectl stat -nrb -o MAPPED,RESIDENT region
}

# In KiB, of all of the guest.
shared_memory() {
	sed -nE 's/^Shmem: *([0-9]+) kB$/\1/p' /proc/meminfo
}

@test "--populate populates the mapping" {
	logged msharectl create --size 1G --map --noreserve region
	assert_output 'region: created 1G at 0x550000000000
region: mapped 1G rw at 0x550000000000'
	assert_equal "$(stat_of)" "$((1 << 30)) 0"
	logged msharectl create --if-missing --size 1G --map region
	assert_output 'region: has 1G at 0x550000000000'
	msharectl unmap region
	logged msharectl map --populate --size 4M region
	assert_success
	assert_equal "$(stat_of)" "$((4 << 20)) $((4 << 20))"
}

@test "map --file maps a file, which clients need not be able to open" {
	truncate -s 1G "$BATS_TEST_TMPDIR/file"
	logged msharectl create --size 1G --map --file "$BATS_TEST_TMPDIR/file" region
	assert_success
	rm "$BATS_TEST_TMPDIR/file"
	msharectl attach-exec region -- "$CASES/helper-attach" write 77
	logged msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_output 77
}

@test "map --populate beyond a file's end leaves no mapping" {
	truncate -s 8K "$BATS_TEST_TMPDIR/file"
	msharectl create --size 1G region
	logged msharectl map --file "$BATS_TEST_TMPDIR/file" --size 64K --populate region
	assert_failure 1
	assert_line --index 0 'msharectl map: region: the file ends before the range does'
	assert_equal "$(stat_of)" '0 0'
}

@test "an interrupted create --populate leaves no region" {
	local child status=0 before
	before=$(shared_memory)
	msharectl create --size 2G --map --noreserve --populate region 2>"$BATS_TEST_TMPDIR/error" &
	child=$!
	# the region has no name yet
	until (($(shared_memory) - before > 128 << 10)); do
		sleep 0.02
	done
	kill -TERM "$child"
	wait "$child" || status=$?
	assert_equal "$status" 143
	[[ ! -e $MSHARE/region ]]
	[[ $(<"$BATS_TEST_TMPDIR/error") =~ ^'msharectl create: region: interrupted after '[0-9.]+[MG]' of 2G; nothing is mapped'$ ]]
}

@test "advise populates, removes and ages memory" {
	msharectl create --size 1G --map --noreserve region
	logged msharectl advise --size 2M populate region
	assert_success
	assert_equal "$(stat_of)" "$((1 << 30)) $((2 << 20))"
	logged msharectl advise --size 1M remove region
	assert_success
	assert_equal "$(stat_of)" "$((1 << 30)) $((1 << 20))"
	logged msharectl advise --size 1M cold region
	assert_success
}

@test "lock makes memory resident, and unlock reverts" {
	msharectl create --size 1G region
	msharectl map --size 2M region
	logged msharectl lock --size 1M region
	assert_success
	assert_equal "$(stat_of)" "$((2 << 20)) $((1 << 20))"
	logged msharectl lock --on-fault --size 2M region
	assert_success
	logged msharectl unlock --size 2M region
	assert_success
	logged msharectl lock region
	assert_failure 1
}

@test "a signal interrupts lock at once, and a line has the size that is locked" {
	local child start status=0 part locked resident
	msharectl create --size 2G --map --noreserve region
	msharectl lock region 2>"$BATS_TEST_TMPDIR/error" &
	child=$!
	until read -r _ resident < <(stat_of) && ((resident > 100 << 20)); do
		sleep 0.02
	done
	start=${EPOCHREALTIME/./}
	kill -TERM "$child"
	wait "$child" || status=$?
	assert_equal "$status" 143
	((${EPOCHREALTIME/./} - start < 1000000))
	[[ $(<"$BATS_TEST_TMPDIR/error") =~ ^'msharectl lock: region: interrupted after '([0-9]+)'M of 2G'$ ]]
	part=$((BASH_REMATCH[1] << 20))
	read -r locked resident < <(msharectl stat -nrb -o LOCKED,RESIDENT region)
	# a step that was not finished can be locked
	((part >= 64 << 20 && part <= resident && resident < 2 << 30))
	((locked == part || locked == part + (64 << 20)))
	# the same command locks the rest, and mappings become one again
	logged msharectl lock region
	assert_success
	assert_equal "$(msharectl stat -nrb -o MAPPINGS,LOCKED,RESIDENT region)" "1 $((2 << 30)) $((2 << 30))"
}

@test "seal forbids the sealed operations only" {
	msharectl create --size 1G region
	msharectl map --size 2M region
	msharectl seal --unmap region
	logged msharectl unmap region
	assert_failure 1
	assert_line --index 0 'msharectl unmap: region: the region is sealed against unmapping'
	logged msharectl protect --size 2M -p r region
	assert_success
	msharectl seal region
	logged msharectl protect --size 2M -p rw region
	assert_failure 1
	logged msharectl map --addr 0x550000200000 region
	assert_line --index 0 'msharectl map: region: the region is sealed against mapping'
}

@test "mempolicy binds memory to a node" {
	msharectl create --size 1G region
	msharectl map --size 2M region
	logged msharectl mempolicy --size 2M --mode bind --nodes 0 --move region
	[[ $output != *'no memory policies'* ]] || skip 'a kernel without NUMA'
	assert_success
	logged msharectl mempolicy --size 2M --mode bind --nodes 1023 region
	assert_failure 1
}
