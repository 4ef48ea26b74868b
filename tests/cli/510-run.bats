#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# run: the fake has the attribute and logs it; the kernel here has none.

load common

setup() {
	setup_fake
	export MSHARE_FAKE_LOG=$BATS_TEST_TMPDIR/log
	cd "$BATS_TEST_TMPDIR"
}

@test "run sets the attribute and executes the program with its arguments" {
	works run printf '%s.' a 'b c' --strict --
	assert_output 'a.b c.--strict.--.'
	assert_equal "$(<log)" "PR_SET_MSHARE $((64 << 20)) 0"
	works run --min-size 1G --strict -- echo -n
	assert_output ''
	works run -s 128M -- echo -s
	assert_output -- -s
	assert_equal "$(tail -n 2 log)" "PR_SET_MSHARE $((1 << 30)) 1
PR_SET_MSHARE $((128 << 20)) 0"
}

@test "run needs no msharefs that is mounted" {
	MSHARE_MOUNT_POINT=/nonexistent works run echo finished
	assert_output finished
}

@test "run: the exit status is the program's, 126 or 127" {
	run msharectl run sh -c 'exit 7'
	assert_failure 7
	fails 127 run no-such-program
	cause 'msharectl run: no-such-program: command not found'
	touch file
	fails 126 run ./file
	cause 'msharectl run: ./file: permission denied'
	chmod +x file
	echo garbage >file
	mkdir directory
	fails 126 run ./directory
	cause 'msharectl run: ./directory: permission denied'
}

@test "run: wrong usage is 125, and runs nothing" {
	for arguments in '' -- '--min-size 3M touch ran' '--min-size 0 touch ran' \
		'--min-size x touch ran' '--nonsense touch ran' '-s'; do
		# shellcheck disable=SC2086 # words
		fails 125 run $arguments
	done
	[[ ! -e ran && ! -e log ]]
	fails 125 run -s 3M true
	cause 'msharectl run: --min-size is not a power of two'
	fails 125 run
	cause 'msharectl run: PROGRAM is missing'
}

@test "run reports a kernel without the attribute, and runs nothing" {
	MSHARE_FAKE_FAIL=PR_SET_MSHARE:22 fails 125 run touch ran
	cause "msharectl run: the kernel does not share page tables of programs' memory"
	next_step 'Boot a kernel with the mshare series that has PR_SET_MSHARE.'
	MSHARE_FAKE_FAIL=PR_SET_MSHARE:22 fails 125 run -s 1K touch ran
	cause 'msharectl run: --min-size is smaller than a page'
	MSHARE_FAKE_FAIL=PR_SET_MSHARE:95 fails 125 run touch ran
	cause 'msharectl run: this machine has no shared page tables'
	MSHARE_FAKE_FAIL=PR_SET_MSHARE:1 fails 125 run touch ran
	cause 'msharectl run: cannot set the attribute: Operation not permitted'
	[[ ! -e ran ]]
}

@test "run reports a seccomp filter that forbids the call, and runs nothing" {
	run --separate-stderr env -u LD_PRELOAD "$PROBES/filtered" prctl:errno \
		"${MSHARECTL:-$BUILD/msharectl}" run touch ran
	assert_failure 125
	cause 'msharectl run: cannot set the attribute: Operation not permitted'
	next_step 'Check seccomp filters for a rule that forbids prctl.'
	[[ ! -e ran ]]
}

@test "run on this kernel, which has no such attribute" {
	[[ $(uname -r) != *mshare* ]] || skip 'a kernel of ours'
	run --separate-stderr env -u LD_PRELOAD "${MSHARECTL:-$BUILD/msharectl}" run touch ran
	assert_failure 125
	[[ ! -e ran ]]
}
