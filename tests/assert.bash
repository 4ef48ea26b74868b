# shellcheck shell=bash
# Loads bats-support and bats-assert, as bats_load_library does, which starts 18
# processes for each test. In an emulated guest, these take longer than most tests.
for library in "${BATS_LIB_PATH:-/usr/lib/bats}"/bats-{support,assert}/src/*.bash; do
	# shellcheck disable=SC1090
	. "$library"
done
unset library
