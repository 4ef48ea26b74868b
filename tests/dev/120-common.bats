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

@test "a verb waits for the same verb in its tree, not in another tree" {
	export MSHARE_CACHE=$BATS_TEST_TMPDIR/cache
	local began=$BATS_TEST_TMPDIR/began
	# shellcheck disable=SC2016 # for another shell
	local in_tree='. "$1/dev.d/common.bash"; TREE=$2; locked_tree build "${@:3}"'
	bash -c "$in_tree" - "$TREE" /one bash -c "touch '$began'; exec sleep 100" 3>&- &
	local holder=$!
	until [[ -e $began ]]; do sleep 0.1; done
	run timeout 30 bash -c "$in_tree" - "$TREE" /two echo built
	assert_success
	assert_output built
	run timeout 2 bash -c "$in_tree" - "$TREE" /one echo built
	assert_failure 124
	assert_output 'waiting for another ./dev (build)'
	pkill -P "$holder"
	wait "$holder" || true
}
