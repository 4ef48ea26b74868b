# shellcheck shell=bash
# For bats that is started by hand; in-guest has found the programs already.

. "$(dirname "${BASH_SOURCE[0]}")/guest.bash"

setup_suite() {
	[[ -n ${CASES:-} ]] || find_cases
}
