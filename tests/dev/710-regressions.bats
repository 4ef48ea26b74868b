#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets variables
# What ./dev regressions makes of what its guests print.

setup() {
	load ../cli/common
	cd "$BATS_TEST_TMPDIR"
	cat >plain <<-'END'
		# left out: migration takes minutes
		TAP version 13
		# ok 1 free pages from 10 to 20
		# ok 2 # SKIP too little memory
		# # not ok 3 never worked
		ok 1 map
		# Run test: collapse (madvise)
		# Split huge page... OK
		# Collapse... Fail
		ok 2 huge # SKIP
		not ok 3 slow -d 20 # exit=124
		not ok 4 broken # exit=1
	END
	cp plain patched
}

compare() {
	run "$TREE/tests/kernel-regressions/compare" "$@" plain patched
	show
}

# again KERNEL LINE...: more of what a test printed there
again() {
	printf '%s\n' "${@:2}" >>"$1"
}

@test "regressions: the same result on both kernels does not count" {
	sed -i 's/10 to 20/11 to 23/' patched
	compare
	assert_success
	assert_output - <<-'END'
		                                          plain           patched
		map                                       pass 1/3        pass 1/3
		huge                                      skip 1/2        skip 1/2
		slow -d 20                                time out        time out
		broken                                    fail (1)        fail (1)

		4 tests, 5 subtests: 0 worse on the patched kernel ("differs"),
		0 worse once ("once"), 0 on plain, too ("flaky"), 0 better
		left out: migration takes minutes
	END
	compare --differing
	assert_output ''
}

@test "regressions: a worse test, subtest or skip counts" {
	sed -i -e 's/^ok 1 map/not & # exit=139/' -e 's/Split huge page... OK/Split huge page... Fail/' \
		-e 's/^# ok 2 # SKIP/# not ok 2/' patched
	compare
	assert_failure 1
	assert_line --regexp '^map .* fail \(139\) 1/3  differs$'
	assert_line --regexp '^  too little memory +skip +fail +differs$'
	assert_line --regexp '^  collapse \(madvise\): Split huge page +pass +fail +differs$'
	compare --differing
	assert_output $'map\nhuge'
}

@test "regressions: tests that did not run in a lost guest count" {
	sed -i '/^ok 2/,$d' patched
	compare
	assert_failure 1
	assert_line --regexp '^huge +skip 1/2 +none +differs$'
	compare --differing
	assert_output 'huge'
}

@test "regressions: a program without tests fails" {
	: >plain
	: >patched
	compare
	assert_failure 1
}

@test "regressions: a worse test counts if it is worse again" {
	sed -i 's/^ok 1 map/not & # exit=1/' patched
	again plain 'ok 1 map' 'ok 2 map' 'ok 3 map'
	again patched 'ok 1 map' 'not ok 2 map # exit=1' 'ok 3 map'
	compare
	assert_failure 1
	assert_line --regexp '^map .* differs$'
	assert_line --regexp '^  repeated +pass, pass, pass, pass  fail \(1\), pass, fail \(1\), pass$'
}

@test "regressions: a worse test with good repetitions does not count" {
	sed -i 's/^ok 1 map/not & # exit=1/' patched
	again plain 'ok 1 map' 'ok 2 map' 'ok 3 map'
	again patched 'ok 1 map' 'ok 2 map' 'ok 3 map'
	compare
	assert_success
	assert_line --regexp '^map .* once$'
}

@test "regressions: a test that sometimes fails without the series does not count" {
	sed -i 's/^ok 1 map/not & # exit=1/' patched
	again plain 'ok 1 map' 'not ok 2 map # exit=1' 'ok 3 map'
	again patched 'not ok 1 map # exit=1' 'not ok 2 map # exit=1' 'ok 3 map'
	compare
	assert_success
	assert_line --regexp '^map .* flaky$'
}

@test "regressions: a test that fails only without the series is reported" {
	sed -i 's/^ok 1 map/not & # exit=1/' plain
	compare
	assert_success
	assert_line --regexp '^map .* better$'
}
