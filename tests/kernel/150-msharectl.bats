#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2154 # the functions of guest.bash set variables
# msharectl on the real kernel; tests/cli has the rest, with the kernel faked.

load guest

teardown() {
	[[ -z ${child:-} ]] || stops
	remove_regions
}

@test "create, map, attach-exec and rm work together" {
	logged msharectl create --start 8T --size 2G region
	assert_success
	logged msharectl map region
	assert_success
	logged msharectl attach-exec region -- "$CASES/helper-attach" write 1234
	assert_success
	logged msharectl attach-exec --read-only region -- "$CASES/helper-attach" read
	assert_success
	assert_output 1234
	logged msharectl rm region
	assert_success
	[[ ! -e $MSHARE/region ]]
}

@test "attach-exec --read-only cannot write" {
	msharectl create --start 8T --size 2G region
	msharectl map region
	logged msharectl attach-exec --read-only region -- "$CASES/helper-attach" write 1
	assert_equal "$status" $((128 + 11))
	logged msharectl attach-exec region -- "$CASES/helper-attach" read
	assert_output 0
}

@test "create without an address chooses a free address" {
	local first second
	msharectl create --size 1G one
	msharectl create --size 1G two
	first=$(msharectl info -r -n -b -o START one)
	second=$(msharectl info -r -n -b -o START two)
	((first % 1073741824 == 0 && second % 1073741824 == 0))
	((first >= second + 1073741824 || second >= first + 1073741824))
	msharectl map one
	msharectl map two
	logged msharectl attach-exec one two -- printenv MSHARE_REGIONS
	assert_success
	assert_output "$(printf '0x%x:1073741824:one 0x%x:1073741824:two' "$first" "$second")"
}

@test "stat counts attached processes" {
	msharectl create --start 8T --size 2G region
	msharectl map region
	msharectl attach-exec region -- "$CASES/helper-attach" write 1
	waits region
	[[ $(<"$BATS_TEST_TMPDIR/pid") == "$child" ]]
	logged msharectl stat -J region
	assert_success
	assert_output --regexp '"attached": *1[,}[:space:]]'
	assert_output --regexp '"resident": *4096[,}[:space:]]'
	stops
	logged msharectl stat -J region
	assert_output --regexp '"attached": *0[,}[:space:]]'
}

@test "attach-exec does not run the program if attaching fails" {
	msharectl create --start 8T --size 1G one
	msharectl create --start 8T --size 1G two
	logged msharectl attach-exec one two -- touch "$BATS_TEST_TMPDIR/ran"
	assert_failure 125
	logged msharectl attach-exec missing -- touch "$BATS_TEST_TMPDIR/ran"
	assert_failure 125
	[[ ! -e $BATS_TEST_TMPDIR/ran ]]
}

@test "README's tour runs as a script" {
	local tour=$BATS_TEST_TMPDIR/tour
	sed -n '/^A tour$/,/^"/s/^    //p' "$BATS_TEST_DIRNAME/../../README" >"$tour"
	[[ -s $tour ]]
	logged bash -e "$tour" 3>&-
	assert_success
	assert_line 'cache: created 300G at 0x550000000000'
	logged msharectl info -nr
	assert_output ''
}
