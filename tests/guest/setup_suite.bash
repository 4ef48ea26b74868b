# shellcheck shell=bash
# Says at once what is missing, instead of in each test.

setup_suite() {
	local build=${MSHARE_BUILD:-$BATS_TEST_DIRNAME/../../build}

	if [[ ${MSHARE_GUEST:-} != 1 ]]; then
		echo 'these tests are for the guest: ./dev test guest' >&2
		return 1
	fi
	if [[ $(stat --file-system --format=%t /sys/fs/mshare) != 4d534852 ]]; then
		echo 'no msharefs at /sys/fs/mshare' >&2
		return 1
	fi
	if [[ ! -x $build/tests/guest/guest-windows ]]; then
		echo "no helpers in $build/tests/guest: ./dev build" >&2
		return 1
	fi
	# The guest's own memory is a much faster place to start programs from.
	export HELPERS=/tmp/guest-helpers
	mkdir -m 755 "$HELPERS"
	cp "$build"/tests/guest/guest-* "$HELPERS"
}
