#!/usr/bin/env bats
# bats file_tags=long
# The last of all: what it sets stays until the next boot.

load guest

teardown() {
	remove_regions
}

@test "attach-exec fails if Yama forbids all tracing" {
	[[ -e /proc/sys/kernel/yama/ptrace_scope ]] || skip "a kernel without Yama"
	msharectl create --size 1G region
	echo 3 >/proc/sys/kernel/yama/ptrace_scope
	for option in --read-only --dry-run; do
		logged msharectl attach-exec $option region -- touch "$BATS_TEST_TMPDIR/ran"
		assert_failure 125
		assert_line --index 0 'msharectl attach-exec: Yama forbids all tracing (ptrace_scope is 3), which attaching needs'
		assert_line --index 1 "The setting lasts until the next boot; search /etc/sysctl.d for kernel.yama.ptrace_scope."
	done
	[[ ! -e $BATS_TEST_TMPDIR/ran ]]
	logged msharectl attach-exec --env-only region -- true
	assert_success
}
