#!/usr/bin/env bats
# What a command in the guest gets, and what comes back from it.

setup() {
	load vm
	cd "$BATS_TEST_DIRNAME"
}

@test "standard output, error and the exit status come through, each by itself" {
	run --separate-stderr vm -- sh -c 'echo one; echo two >&2; echo three; exit 42'
	assert_failure 42
	assert_output $'one\nthree'
	# shellcheck disable=SC2154 # run sets it
	assert_equal "$stderr" two
}

@test "a command killed by a signal gives 128 and its number" {
	run vm -- sh -c 'kill -TERM $$'
	assert_failure 143
}

@test "a command that is not there gives 127, one that is no program 126" {
	run -127 vm -- /nowhere/to/be-found
	assert_output --partial /nowhere/to/be-found
	run vm -- "$BATS_TEST_DIRNAME"
	assert_failure 126
}

@test "arguments arrive as they are" {
	run --separate-stderr vm -- printf '<%s>' 'a b' '' $'new\nline' "q'\"\$HOME\\" --memory -- '*'
	assert_success
	assert_output "<a b><><new
line><q'\"\$HOME\\><--memory><--><*>"
}

@test "output is binary-clean and whole" {
	local data=$BATS_TEST_TMPDIR/data
	head -c 3000000 /dev/urandom >"$data"
	cp "$data" "$BATS_FILE_TMPDIR/data"
	cd "$BATS_FILE_TMPDIR"
	vm --share "$BATS_FILE_TMPDIR" -- cat data >"$BATS_TEST_TMPDIR/out"
	cmp "$data" "$BATS_TEST_TMPDIR/out"
}

@test "output comes while the command runs" {
	"$BATS_TEST_DIRNAME/../../dev" vm -- sh -c 'echo started; exec sleep 300' >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$! status=0
	wait_for_file_line "$BATS_TEST_TMPDIR/out" started
	kill "$pid"
	wait "$pid" || status=$?
	assert_equal "$status" 143
}

@test "standard input is empty, and who runs on in the background keeps no guest up" {
	run vm -- sh -c 'sleep 600 & wc -c' <<<'not for the guest'
	assert_success
	assert_output 0
}

@test "a reader that goes away ends the guest, as SIGPIPE would end the command" {
	local status=0 output
	output=$(set -o pipefail; vm -- yes | head -n 1) || status=$?
	assert_equal "$output" y
	assert_equal "$status" 141
}

@test "a reader that is slow gets all of the output, after the guest has ended" {
	vm -- seq 100000 | { sleep 20; cat; } >"$BATS_TEST_TMPDIR/out"
	seq 100000 | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "output goes behind what a file has, and what comes later behind the output" {
	{ echo before; vm -- echo guest; echo after; } >"$BATS_TEST_TMPDIR/out" </dev/null
	assert_equal "$(<"$BATS_TEST_TMPDIR/out")" $'before\nguest\nafter'
}

@test "standard input may be closed" {
	run vm -- wc -c <&-
	assert_success
	assert_output 0
}
