# shellcheck shell=bash
# Says at once what is missing, instead of in each test.

. "$(dirname "${BASH_SOURCE[0]}")/guest.bash"

setup_suite() {
	local build=${MSHARE_BUILD:-$(dirname "${BASH_SOURCE[0]}")/../../build}

	if [[ ${MSHARE_GUEST:-} != 1 ]]; then
		echo 'these tests are for the guest: ./dev test guest' >&2
		return 1
	fi
	if [[ $(stat --file-system --format=%t /sys/fs/mshare) != 4d534852 ]]; then
		echo 'no msharefs at /sys/fs/mshare' >&2
		return 1
	fi
	if [[ ! -x $build/tests/kernel/guest-windows ]]; then
		echo "no cases in $build/tests/kernel: ./dev build" >&2
		return 1
	fi
	keep_cases_near "$build"
}
