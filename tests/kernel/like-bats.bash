# shellcheck shell=bash disable=SC2154,SC2317 # run and the tests share names
# What the test files use of bats, for run.

skip_file=$scratch/skipped

load() {
	# shellcheck disable=SC1090 # a file's own choice
	. "$BATS_TEST_DIRNAME/$1.bash"
}

# Once is enough for all files.
for library in support assert; do
	# shellcheck disable=SC1090 # Debian's
	. "$BATS_LIB_PATH/bats-$library/load.bash"
done
bats_load_library() { :; }

# shellcheck disable=SC2034 # tests look at these
run() {
	status=0
	output=$("$@" 2>&1) || status=$?
	IFS=$'\n' read -r -d '' -a lines <<<"$output" || true
}

# skip REASON: ends the test
skip() {
	printf '%s' "$1" >"$skip_file"
	exit 0
}

# Why the last test was skipped, if it was, as TAP has it: in $reason, for run.
# shellcheck disable=SC2034 # that prints it
find_reason() {
	reason=
	[[ -e $skip_file ]] || return 0
	reason=" # skip $(<"$skip_file")"
	rm "$skip_file"
}

setup() { :; }
teardown() { :; }
setup_file() { :; }
teardown_file() { :; }
