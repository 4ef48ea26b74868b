# shellcheck shell=bash
# What the guest's test files have in common. Each begins with "load guest".
# Those that assert something themselves load bats-assert, too; for the others
# it would be most of what a test takes.

MSHARE=/sys/fs/mshare
# how a program says that this guest can't show a case
SKIPPED=77

# keep_cases_near BUILD: the guest's own memory is a much faster place to start
# programs from. Sets CASES.
keep_cases_near() {
	export CASES=/tmp/guest-helpers
	mkdir -m 755 "$CASES"
	cp "$1"/tests/kernel/guest-* "$CASES"
}

# Like bats' own run, and says what came of it where a test fails.
logged() {
	run "$@"
	# shellcheck disable=SC2154 # run sets them
	printf '%s: status %s\n%s\n' "$*" "$status" "$output"
}

# helper PROGRAM CASE...: the checks are the program's; see cases/PROGRAM.c
helper() {
	local program=$1 case
	shift
	for case in "$@"; do
		logged "$CASES/guest-$program" "$case"
		[[ $status -ne "$SKIPPED" ]] || skip "$output"
		[[ $status -eq 0 ]] || return 1
	done
}

# A second mount point, $other, for a test to mount msharefs on.
make_other() {
	other=$BATS_TEST_TMPDIR/mshare
	mkdir "$other"
}

drop_other() {
	if mountpoint -q "$other"; then
		umount "$other"
	fi
}

# Regions that a test left, one that was killed say. As a rule there are none,
# and to start find takes half a second on the debug kernel.
remove_regions() {
	local left=("$MSHARE"/* "$MSHARE"/.[!.]*)
	[[ ${left[*]} != "$MSHARE/mshare_info $MSHARE/.[!.]*" ]] || return 0
	find "$MSHARE" -mindepth 1 -depth ! -name mshare_info -delete
}
