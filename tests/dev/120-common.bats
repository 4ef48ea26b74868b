#!/usr/bin/env bats
# What the verbs of ./dev share.

setup() {
	load vm
	. "$BATS_TEST_DIRNAME/../../dev.d/common.bash"
}

@test "a verb that prints TAP ends with its result, and fails where a test did" {
	run print_tap_result 11 0
	assert_success
	assert_output '# 11 passed, 0 failed'
	run print_tap_result 11 2
	assert_failure 1
	assert_output '# 9 passed, 2 failed'
}

@test "an unknown verb is a usage error" {
	run "$TREE/dev" no-such-verb
	assert_failure 2
	assert_line 'dev: unknown verb "no-such-verb"'
	run "$TREE/dev" ../dev.d/build
	assert_failure 2
}

@test "each verb is a file in dev.d that ./dev --help lists" {
	local verb
	run "$TREE/dev" --help
	assert_success
	for verb in "$TREE"/dev.d/*; do
		verb=${verb##*/}
		[[ $verb == common.bash ]] || assert_line --regexp "^  $verb( |$)"
	done
}
