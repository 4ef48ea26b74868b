#!/usr/bin/env bats
# shellcheck disable=SC2154 # bats sets variables
# What ./dev bench makes of what its guests print.

setup() {
	load ../cli/common
	cd "$BATS_TEST_TMPDIR"
	cat >lines <<-'END'
		tables pgtables 1 plain 8388608
		tables pgtables 101 plain 847249408
		tables pgtables 1 msharefs 8429568
		tables pgtables 101 msharefs 12525568
		flush unmap 1 plain 9000
		flush unmap 1500 plain 8100000
		flush unmap 1 msharefs 8000
		flush unmap 1500 msharefs 8100
		flush protect 1 msharefs 3000
		bystander sharer 1 msharefs 1000
		bystander sharer 1 plain 1250
		bystander bystander 1 msharefs 0
		bystander bystander 1 plain 0
		faults first-touch 1 plain 5000
		faults first-touch 1 plain 90000
		faults first-touch 1 msharefs 5500
		faults first-touch 2 msharefs 2750
		unused fork 1 msharefs 200600
		unused fork 1 plain 200000
		unused fork 1 plain 210000
		unused fork 1 plain 199000
		unused exec 1 msharefs 199000
		unused exec 1 plain 200000
	END
}

report() {
	"$TREE/bench/report" "$@" <lines
}

@test "bench: the table compares, extrapolates, and marks extrapolated values" {
	run --separate-stderr report
	show
	assert_success
	assert_output - <<-'END'
		                                        msharefs            plain     ratio
		page tables, clients: 1                8,232 KiB        8,192 KiB     1.0049
		page tables, clients: 101             12,232 KiB      827,392 KiB     0.0148
		page tables, clients: 1,500           68,192 KiB*  12,288,000 KiB*    0.0055
		free a page, sharers asleep: 1             8,000            9,000     0.8889
		free a page, sharers asleep: 1,500         8,100        8,100,000      0.001
		protect a page, sharers asleep: 1          3,000                -          -
		1,000 flushes interrupt a sharer           1,000            1,250        0.8
		  and a bystander                              0                0          -
		time of a first touch, at once: 1            1.1                1        1.1
		time of a first touch, at once: 2           0.55                -          -
		unused: fork, exit, wait                 200,600          200,000      +0.3%
		unused: the same with an exec            199,000          200,000      -0.5%

		* extrapolated
	END
}

@test "bench: seconds, milliseconds, and calls of each object" {
	cat >lines <<-'END'
		tools create 2000 msharefs 80000000000
		tools create-calls 2000 msharefs 111
		tools ls 2000 msharefs 1500000000
		tools ls-calls 2000 msharefs 16200
		tools ps 10000 msharefs 3820000000
		tools exec 1 plain 20000000
		tools exec 1 msharefs 59000000
	END
	run --separate-stderr report
	show
	assert_success
	assert_output - <<-'END'
		                                        msharefs            plain     ratio
		create, one by one, regions: 2,000            80                -          -
		  calls of one, regions: 2,000               111                -          -
		ls, regions: 2,000                           1.5                -          -
		  system calls a row, regions: 2,000           8.1                -          -
		ps, processes: 10,000                       3.82                -          -
		attach-exec beside env(1)                     59               20       2.95

		* extrapolated
	END
}

@test "bench: PostgreSQL has a column for huge pages" {
	cat >lines <<-'END'
		postgres pgtables 50 plain 114112000
		postgres pgtables 50 msharefs 6141120
		postgres pgtables 50 huge 16141120
		postgres pgtables 90 huge 20141120
		postgres first-scan 1 plain 2000000000
		postgres first-scan 1 huge 1000000000
		tables pgtables 200 plain 12345555
	END
	run --separate-stderr report --plots three --json results.json
	show
	assert_success
	assert_output - <<-'END'
		                                        msharefs            plain     ratio     huge pages
		page tables, clients: 200                      -       12,056 KiB          -              -
		PostgreSQL: tables, backends: 50       5,997 KiB      111,438 KiB     0.0538     15,763 KiB
		PostgreSQL: tables, backends: 90               -                -          -     19,669 KiB
		  milliseconds of a first scan                 -             2000          -           1000

		* extrapolated
	END
	run jq -c '.results[] | [.metric, .huge]' results.json
	assert_output $'["pgtables",null]\n["pgtables",16141120]\n["pgtables",20141120]\n["first-scan",1000]'
	grep -q '>huge pages<' three/postgres.svg
}

@test "bench: JSON has exact results and their meaning" {
	report --json results.json >table
	run jq -c '.format, .version, (.results | length)' results.json
	assert_output $'"mshare-bench"\n1\n12'
	run jq -c '.results[2] | [.part, .metric, .x, .unit, .msharefs, .plain, .extrapolated]' results.json
	assert_output '["tables","pgtables",1500,"bytes",69828608,12582912000,["msharefs","plain"]]'
	run jq -c '.results[] | select(.metric == "first-touch") | [.x, .msharefs, .plain, .ratio]' results.json
	assert_output $'[1,1.1,1,1.1]\n[2,0.55,null,null]'
}

@test "bench: plots have both curves, and skip parts that were not run" {
	report --plots both >table
	run grep -lE '>plain MAP_SHARED<' both/tables.svg both/flush.svg
	assert_output $'both/tables.svg\nboth/flush.svg'
	run grep -c '>msharefs<' both/flush.svg
	assert_output 1
	sed -i '/^tables/d' lines
	report --plots one >table
	run ls one
	assert_output flush.svg
}

@test "bench: an invalid figure or an unknown metric is an error" {
	echo 'tables pgtables 1 plain lots' >lines
	run report
	assert_failure
	echo 'tables pages 1 plain 5' >lines
	run report
	assert_failure
	assert_output --partial 'tables pages'
}

@test "bench: an unknown part is a usage error" {
	run --separate-stderr "$TREE/dev.d/bench" flushes
	assert_failure 2
	assert_equal "${stderr_lines[0]}" 'dev: bench: unknown part "flushes"'
}
