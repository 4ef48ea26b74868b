# shellcheck shell=bash
# What the tests of ./dev vm share.
bats_require_minimum_version 1.5.0
. "${BASH_SOURCE[0]%/*}/../assert.bash"

vm() {
	"$BATS_TEST_DIRNAME/../../dev" vm "$@"
}

# Waits until a file that is being written has a line.
wait_for_file_line() {
	local file=$1 line=$2 i
	for ((i = 0; i < 600; i++)); do
		! grep -qxF -- "$line" "$file" || return 0
		sleep 0.1
	done
	fail "no line \"$line\" in $file after a minute"
}
