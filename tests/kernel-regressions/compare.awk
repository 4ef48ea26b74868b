# Compares what the same tests printed on two kernels, as TAP: the table of
# tests/kernel-regressions/compare, or with -v differing=yes the names of tests
# that ended differently.
#
# Tests are "(not )ok N NAME", with what they said before in lines that begin
# with "# ". Some have subtests there in TAP, some in words of their own.

BEGIN {
	rank["fail"] = 0
	rank["time out"] = 0
	rank["none"] = 0
	rank["skip"] = 1
	rank["pass"] = 2
	word["OK"] = word["done"] = "pass"
	word["Fail"] = word["failed"] = "fail"
	word["Skip"] = word["skipped"] = "skip"
}

function kind(outcome) {
	return outcome ~ /^fail/ ? "fail" : outcome
}

function good(outcome) {
	return rank[kind(outcome)]
}

# Numbers, of free pages say, are no part of a name.
function add_subtest(name, outcome,    plainly) {
	plainly = name
	gsub(/[0-9]+/, "N", plainly)
	seen[plainly]++
	plainly = plainly SUBSEP seen[plainly]
	count++
	pending[count] = plainly
	pending_name[count] = name
	pending_outcome[count] = outcome
}

# A key is a test, or a test and a subtest.
function add(key, outcome) {
	runs[kernel, key]++
	outcomes[kernel, key, runs[kernel, key]] = outcome
}

function end_test(test, outcome,    i, key) {
	if (!(test in known)) {
		known[test] = 1
		order[++tests] = test
	}
	add(test, outcome)
	for (i = 1; i <= count; i++) {
		key = test SUBSEP pending[i]
		if (!(key in name_of)) {
			name_of[key] = pending_name[i]
			subtests[test]++
			subtest[test, subtests[test]] = key
		}
		add(key, pending_outcome[i])
		if (runs[kernel, test] == 1 && pending_outcome[i] == "pass")
			passed[kernel, test]++
	}
	count = 0
	delete seen
	group = ""
}

FNR == 1 {
	kernel++
	count = 0
	delete seen
}

{
	gsub(/\r|\033\[[0-9;]*m/, "")
}

/^# left out: / {
	if (kernel == 1)
		left_out[++out] = substr($0, 13)
	next
}

/^(not )?ok [0-9]+ / {
	outcome = /^ok/ ? "pass" : "fail"
	if (sub(/ # SKIP.*/, ""))
		outcome = "skip"
	if (match($0, / # exit=/)) {
		status = substr($0, RSTART + 8)
		outcome = status == 124 || status == 137 ? "time out" : "fail (" status ")"
		$0 = substr($0, 1, RSTART - 1)
	}
	sub(/^(not )?ok [0-9]+ /, "")
	end_test($0, outcome)
	next
}

/^# Run test: / {
	group = substr($0, 13) ": "
	next
}

/^# +(# +)?(not )?ok [0-9]+/ {
	outcome = /not ok/ ? "fail" : "pass"
	sub(/^# +(# +)?(not )?ok [0-9]+ */, "")
	if (sub(/# SKIP */, ""))
		outcome = "skip"
	sub(/# XFAIL */, "")
	add_subtest($0, outcome)
	next
}

match($0, /\.\.\.+ *(OK|done|Fail|failed|Skip|skipped)/) {
	split(substr($0, RSTART, RLENGTH), part, /[. ]+/)
	add_subtest(group substr($0, 3, RSTART - 3), word[part[2]])
}

function result(kernel, key, run) {
	return (kernel, key, run) in outcomes ? outcomes[kernel, key, run] : "none"
}

# All results of a test, as a run of equal ones each.
function all_results(kernel, key,    i, text) {
	text = result(kernel, key, 1)
	for (i = 2; i <= runs[kernel, key]; i++)
		text = text ", " result(kernel, key, i)
	return text
}

function verdict(key,    wanted, i, again) {
	wanted = good(result(1, key, 1))
	if (good(result(2, key, 1)) >= wanted)
		return good(result(2, key, 1)) > wanted ? "better" : ""
	if (runs[2, key] < 2)
		return "differs"
	for (i = 2; i <= runs[1, key]; i++)
		if (good(result(1, key, i)) < wanted)
			return "flaky"
	for (i = 2; i <= runs[2, key]; i++)
		if (good(result(2, key, i)) < wanted)
			return "differs"
	return "once"
}

# How many of its subtests passed, besides how a test ended.
function with_subtests(kernel, test,    text) {
	text = result(kernel, test, 1)
	if (test in subtests && text != "none")
		text = text sprintf(" %d/%d", passed[kernel, test], subtests[test])
	return text
}

function row(name, plain, patched, how) {
	if (how)
		verdicts[how]++
	sub(/ +$/, "", name)
	if (length(name) > 40)
		name = substr(name, 1, 38) ".."
	line = sprintf("%-40s  %-14s  %-14s  %s", name, plain, patched, how)
	sub(/ +$/, "", line)
	print line
}

function print_test(test,    i, key, how) {
	how = verdict(test)
	row(test, with_subtests(1, test), with_subtests(2, test), how)
	if (runs[1, test] > 1 && how)
		row("  repeated", all_results(1, test), all_results(2, test))
	for (i = 1; i <= subtests[test]; i++) {
		key = subtest[test, i]
		how = verdict(key)
		if (how)
			row("  " name_of[key], all_results(1, key), all_results(2, key), how)
	}
}

function differs(test,    i) {
	if (verdict(test) == "differs")
		return 1
	for (i = 1; i <= subtests[test]; i++)
		if (verdict(subtest[test, i]) == "differs")
			return 1
	return 0
}

END {
	if (differing) {
		for (i = 1; i <= tests; i++)
			if (differs(order[i]))
				print order[i]
		exit
	}
	row("", "plain", "patched")
	for (i = 1; i <= tests; i++) {
		print_test(order[i])
		all += subtests[order[i]]
	}
	printf "\n%d tests, %d subtests: %d worse on the patched kernel (\"differs\")", tests, all, verdicts["differs"]
	printf ",\n%d worse once (\"once\"), %d on plain, too (\"flaky\"), %d better\n",
		verdicts["once"], verdicts["flaky"], verdicts["better"]
	for (i = 1; i <= out; i++)
		print "left out: " left_out[i]
	exit !tests || verdicts["differs"] > 0
}
