#!/usr/bin/env bats
# A guest that dies or whose kernel complains is never a pass.

setup() {
	load vm
	export MSHARE_CONSOLE=$BATS_TEST_TMPDIR/console
}

provoke() {
	vm "${@:2}" -- sh -c 'echo before; dmesg -n 1; echo "$1" >/sys/kernel/debug/provoke-crash/DIRECT; exit 0' - "$1"
}

@test "a WARNING gives 99 and is shown, whatever the command does to the log level" {
	run --separate-stderr provoke WARNING
	assert_failure 99
	assert_output before
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *'WARNING: CPU:'*lkdtm_WARNING* ]]
	[[ $stderr == *"$MSHARE_CONSOLE"* ]]
	grep -q 'WARNING: CPU:' "$MSHARE_CONSOLE"
}

@test "a BUG gives 99 although it takes the guest down" {
	run provoke BUG
	assert_failure 99
	assert_output --partial 'kernel BUG at'
}

@test "a wild pointer in the kernel gives 99" {
	run provoke ACCESS_NULL
	assert_failure 99
	assert_output --partial 'BUG: kernel NULL pointer dereference'
}

# sysrq KEY: the command waits without reading files. Files are QEMU's, which can
# crash if the guest resets its devices before an answer.
sysrq() {
	vm -- sh -c 'echo "$1" >/proc/sysrq-trigger; while :; do :; done' - "$1"
}

@test "a panic gives 98" {
	run sysrq c
	assert_failure 98
	assert_output --partial 'the kernel panicked'
	assert_output --partial "$MSHARE_CONSOLE"
}

@test "a guest that powers itself off gives 98" {
	run sysrq o
	assert_failure 98
	assert_output --partial 'powered off'
}

@test "a guest that resets itself gives 98" {
	run sysrq b
	assert_failure 98
}

@test "a QEMU that crashes gives 98, and the status of a command that has ended" {
	local end
	mkdir "$BATS_TEST_TMPDIR/bin"
	# a guest that reports its end, or nothing, and a crash
	cat >"$BATS_TEST_TMPDIR/bin/qemu-system-x86_64" <<-'END'
		#!/bin/bash
		job=$(sed -n 's/.*local,id=job,path=\([^,]*\),.*/\1/p' <<<"$*")
		printf '%s' "$FAKE_END" >"$job/end"
		kill -SEGV $$
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
	export FAKE_END
	for end in '' $'exit 3\n'; do
		FAKE_END=$end
		PATH=$BATS_TEST_TMPDIR/bin:$PATH MSHARE_ACCEL=tcg run --separate-stderr vm -- true
		if [[ -n $end ]]; then
			assert_failure 3
			assert_equal "$stderr" ''
		else
			assert_failure 98
			[[ $stderr == *'the guest was lost: QEMU was killed by signal 11'* ]]
		fi
	done
}

@test "a guest that takes too long gives 98" {
	run vm --timeout 5 -- sleep 600
	assert_failure 98
	assert_output --partial 'in time'
}

@test "a kernel that does not boot gives 98" {
	head -c 1000000 /dev/zero >"$BATS_TEST_TMPDIR/image"
	MSHARE_KERNEL=$BATS_TEST_TMPDIR/image run vm --timeout 10 -- true
	assert_failure 98
}

@test "a command that exits 98, or prints what looks like a report, is not taken for one" {
	run --separate-stderr vm -- sh -c 'echo "[    1.000000] WARNING: CPU: 0"; exit 98'
	assert_failure 98
	# shellcheck disable=SC2154 # run sets it
	assert_equal "$stderr" ''
}

# start_guest: leaves in $pid a vm whose command runs
start_guest() {
	"$BATS_TEST_DIRNAME/../../dev" vm -- sh -c 'echo started; exec sleep 300' >"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	wait_for_file_line "$BATS_TEST_TMPDIR/out" started
}

assert_no_qemu() {
	local console=$MSHARE_CONSOLE
	for _ in {1..50}; do
		pgrep -f "$console" >/dev/null || return 0
		sleep 0.1
	done
	fail "QEMU runs on: $(pgrep -af "$console")"
}

@test "an interrupted vm leaves nothing running" {
	local pid status=0
	start_guest
	kill -TERM "$pid"
	wait "$pid" || status=$?
	assert_equal "$status" 143
	assert_no_qemu
}

@test "a vm that is killed leaves nothing running" {
	local pid
	start_guest
	kill -KILL "$pid"
	wait "$pid" || true
	assert_no_qemu
}

@test "a guest that its init gives up gives 98 and says why" {
	run vm --append initcall_blacklist=msharefs_init -- true
	assert_failure 98
	assert_output --partial 'the guest was lost: cannot mount msharefs on /sys/fs/mshare'
}

@test "usage errors give 2 and start nothing" {
	run vm
	assert_failure 2
	run vm --memory lots -- true
	assert_failure 2
	run vm --no-such-option -- true
	assert_failure 2
	assert_output --partial --no-such-option
	[[ ! -e $MSHARE_CONSOLE ]]
}

@test "a guest boots again if an emulated CPU fails before the command begins" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/qemu-system-x86_64" <<-'END'
		#!/bin/bash
		job=$(sed -n 's/.*local,id=job,path=\([^,]*\),.*/\1/p' <<<"$*")
		console=$(sed -n 's/.*-serial file:\([^ ]*\) .*/\1/p' <<<"$*")
		echo >>"$BOOTS"
		if [[ $(wc -l <"$BOOTS") -lt $GOOD ]]; then
			printf '[    1.101562] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n' >"$console"
		else
			: >"$console"
			echo 'exit 3' >"$job/end"
		fi
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/qemu-system-x86_64"
	export BOOTS=$BATS_TEST_TMPDIR/boots GOOD=2
	PATH=$BATS_TEST_TMPDIR/bin:$PATH MSHARE_ACCEL=tcg run --separate-stderr vm -- true
	assert_failure 3
	assert_equal "$stderr" 'dev vm: boot 1: QEMU ran a breakpoint that the kernel had removed'
	assert_equal "$(wc -l <"$BOOTS")" 2
	rm "$BOOTS"
	GOOD=9
	PATH=$BATS_TEST_TMPDIR/bin:$PATH MSHARE_ACCEL=tcg run vm -- true
	assert_failure 99
	assert_equal "$(wc -l <"$BOOTS")" 3
}
