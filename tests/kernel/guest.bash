# shellcheck shell=bash
# What the guest's test files share. Each file begins with "load guest".

. "${BASH_SOURCE[0]%/*}/../assert.bash"

MSHARE=/sys/fs/mshare
# Sets CASES, where the programs are: the guest's own memory is a much faster
# place to start them from. Says at once what is missing, instead of in each test.
find_cases() {
	local here build
	here=$(dirname "${BASH_SOURCE[0]}")
	build=${MSHARE_BUILD:-$here/../../build}/tests/kernel

	if [[ ${MSHARE_GUEST:-} != 1 ]]; then
		echo 'these tests are for the guest: ./dev test guest' >&2
		return 1
	fi
	if [[ $(stat --file-system --format=%t "$MSHARE") != 4d534852 ]]; then
		echo "no msharefs at $MSHARE" >&2
		return 1
	fi
	if [[ ! -x $build/guest-windows ]]; then
		echo "no cases in $build: ./dev build" >&2
		return 1
	fi
	export CASES=/tmp/guest-cases
	install -D -t "$CASES" "$build"/{guest,helper}-*
}

# bats records a stack trace before each command, which takes longer than most
# commands in an emulated guest. Records a stack trace where a command fails.
trace_failures() {
	trap - DEBUG
	trap trace_failure ERR
}

trace_failure() {
	local status=$?
	if [[ -z ${BATS_DEBUG_LAST_STACK_TRACE_IS_VALID:-} ]]; then
		bats_capture_stack_trace
		BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
	fi
	BATS_ERROR_STATUS=${BATS_ERROR_STATUS:-$status}
	bats_error_trap
}

# A setup of a file begins with trace_failures, too.
setup() {
	trace_failures
}

# Like bats' own run, and says what came of it where a test fails.
logged() {
	run "$@"
	# shellcheck disable=SC2154 # run sets them
	printf '%s: status %s\n%s\n' "$*" "$status" "$output"
}

# Waits for the PID that a program in the background prints: wait_for_pid TENTHS
wait_for_pid() {
	local i
	for ((i = 0; i < $1; i++)); do
		[[ ! -s $BATS_TEST_TMPDIR/pid ]] || return 0
		sleep 0.1
	done
	return 1
}

# shellcheck disable=SC2034 # for the files that load this
NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# waits ARG...: a program that attach-exec made, in $child
waits() {
	holds wait "$@"
}

# holds HOW ARG...: the same; HOW helper-attach waits
# shellcheck disable=SC2034
holds() {
	local how=$1
	shift
	# The file of an earlier program stays until the shell in the background opens it.
	rm -f "$BATS_TEST_TMPDIR/pid"
	msharectl attach-exec "$@" -- "$CASES/helper-attach" "$how" >"$BATS_TEST_TMPDIR/pid" &
	child=$!
	wait_for_pid 600
}

# stops: ends what waits or holds has started
stops() {
	kill "$child"
	wait "$child" || true
	child=
}

# A second mount point, $other, for a test to mount msharefs on.
make_other() {
	other=$BATS_TEST_TMPDIR/mshare
	mkdir "$other"
}

# mount_other OPTIONS: the same, with msharefs
mount_other() {
	make_other
	mount -t msharefs -o "$1" mshare "$other"
}

drop_other() {
	if mountpoint -q "$other"; then
		umount "$other"
	fi
}

# Regions that a test left, one that was killed say. As a rule there are none,
# and to start find takes half a second on the debug kernel. A segment outlives
# its processes, and later tests would count its nameless region.
remove_regions() {
	[[ $(wc -l </proc/sysvipc/shm) -eq 1 ]] || ipcrm --all=shm
	local left=("$MSHARE"/* "$MSHARE"/.[!.]*)
	[[ ${left[*]} != "$MSHARE/mshare_info $MSHARE/.[!.]*" ]] || return 0
	find "$MSHARE" -mindepth 1 -depth ! -name mshare_info -delete
}
