#!/usr/bin/env bats
# The harness that runs the cases of tests/kernel: harness/harness.c has a case
# for each way to end.

setup() {
	load vm
	export MSHARE_GUEST=1
	harness=${MSHARE_BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/dev/harness
	cd "$BATS_TEST_TMPDIR" || return
	mkdir regions
	: >regions/mshare_info
}

# result LINE...: the lines of a case's result, without numbers and times
assert_result() {
	assert_output --partial "$(printf '%s\n' "$@")"
}

run_harness() {
	run "$harness" "$@"
	output=$(sed -E 's/^((not )?ok) [0-9]+ /\1 /; s/ # [0-9]+ ms$//; s/(harness.c):[0-9]+:/\1:/' <<<"$output")
}

@test "the results are numbered, and the plan comes first" {
	run "$harness" --filter '^harness/(passes|fails|skips):'
	assert_failure 1
	assert_line --index 0 'KTAP version 1'
	assert_line --index 1 '1..3'
	assert_line --index 2 --regexp '^ok 1 harness/passes: a case passes # [0-9]+ ms$'
	assert_line --index 3 --regexp '^not ok 2 harness/fails: a case fails # [0-9]+ ms$'
	assert_line --regexp '^ok 3 harness/skips: a case is skipped # SKIP nothing to see$'
}

@test "a failed case shows its output" {
	run_harness --filter '/fails:'
	assert_result 'not ok harness/fails: a case fails' \
		'# harness.c: set up 1 times [prepared == 2]' \
		'# harness.c: the second [false]' \
		'# before'
}

@test "a failed must() ends the case" {
	run_harness --filter '/stops:'
	assert_result 'not ok harness/stops: a case stops' \
		'# harness.c: the first [0]'
	refute_output --partial 'the second'
}

@test "a crash, an unknown exit status and a case that hangs have failed" {
	run_harness --filter '/(crashes|leaves|hangs):'
	assert_failure 1
	assert_result 'not ok harness/crashes: a case crashes' \
		'# killed by signal 6 (Aborted)'
	assert_result 'not ok harness/leaves: a case exits' '# exited with status 3'
	assert_result 'not ok harness/hangs: a case hangs' '# still running after 1 seconds'
}

@test "no process of a case outlives the case" {
	run_harness --filter '/hangs:'
	run pgrep -f "$harness"
	assert_output ''
}

@test "no region outlives its case" {
	mkdir regions/directory
	run_harness --filter '/leaves-regions:'
	assert_success
	run ls regions
	assert_output mshare_info
}

@test "only cases that need swap space have swap space" {
	run_harness --filter 'swap space'
	assert_success
	assert_output --partial 'ok harness/swaps'
	assert_output --partial 'ok harness/does-not-swap'
}

@test "each kernel runs its own cases, and the debug kernel long ones on demand" {
	run "$harness" --list --filter '/(normal|debug|long):'
	assert_output $'harness/normal: a case of the normal kernel\nharness/long: a long case'
	run "$harness" --debug --list --filter '/(normal|debug|long):'
	assert_output 'harness/debug: a case of the debug kernel'
	run "$harness" --debug --all --list --filter '/(normal|debug|long):'
	assert_output $'harness/debug: a case of the debug kernel\nharness/long: a long case'
}

@test "a case by its name runs in the process itself, with or without a title" {
	run "$harness" internal
	assert_success
	assert_output 'nobody reads this'
	run "$harness" crashes
	assert_failure 134
	run "$harness" skips
	assert_failure 77
	run "$harness" missing
	assert_failure 2
	assert_output --partial 'no case "missing"'
}

@test "nothing runs outside the guest" {
	unset MSHARE_GUEST
	run "$harness"
	assert_failure 2
	assert_output --partial 'cases are for the guest'
	run "$harness" passes
	assert_failure 2
}
