#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# stat: reports with rates, and metrics. 300-listings.bats has the rest.

load common

setup() {
	setup_fake
	msharectl create -q -s 2G pg
	msharectl map -q --noreserve pg
}

@test "stat: seals and locked memory" {
	works stat -r -n -o SEALS pg
	assert_equal "$output" -
	works stat -J -o SEALS pg
	assert_equal "$(jq -c '.regions[0].seals' <<<"$output")" '[]'
	msharectl seal -q --map --protect pg
	msharectl lock -q pg
	works stat -r -n -o SEALS,LOCKED pg
	assert_output 'map,protect 2G'
	works stat -J -o SEALS pg
	assert_equal "$(jq -c '.regions[0].seals' <<<"$output")" '["map","protect"]'
}

# The fake's counters grow by the same from request to request: 1000 faults, 20
# links, 300 flushes, 600 interrupts.
@test "--interval, --count: reports with rates" {
	begin=${EPOCHREALTIME/./}
	works stat --interval 0.5 --count 2 -r pg
	elapsed=$((${EPOCHREALTIME/./} - begin))
	assert_equal "${#lines[@]}" 3
	assert_line --index 0 'NAME ATTACHED RESIDENT PGTABLES FAULTS/S LINKS/S FLUSHES/S IPIS/S'
	sum=0
	for line in "${lines[@]:1}"; do
		read -r name attached resident pgtables faults links flushes ipis <<<"$line"
		assert_equal "$name $attached $resident $pgtables" 'pg 3 5M 12K'
		[[ $faults =~ ^[0-9]+\.[0-9]$ && $links =~ ^[0-9]+\.[0-9]$ ]]
		faults=${faults/./} links=${links/./}
		((faults > links * 50 - 30 && faults < links * 50 + 30))
		((${flushes%.*} * 2 <= ${ipis%.*} + 1 && ${ipis%.*} <= ${flushes%.*} * 2 + 2))
		# the interval of this rate, in microseconds
		sum=$((sum + 1000 * 10000000 / faults))
	done
	# shorter than said where the report before came late
	((sum > 10000 && sum <= elapsed + 1000))
}

@test "--interval: a blank line between tables, one JSON object a line" {
	works stat --interval=0.01 --count=2 -o NAME pg
	assert_output $'NAME\npg\n\nNAME\npg'
	works stat --interval 0.01 --count 3 -J
	assert_equal "${#lines[@]}" 3
	for line in "${lines[@]}"; do
		assert_equal "$(jq -c 'keys_unsorted' <<<"$line")" '["version","time","mount_point","granule","mount","regions"]'
		assert_equal "$(jq -c '.regions[0] | keys_unsorted' <<<"$line")" \
			'["name","name_bytes","attached","resident","pgtables","faults_per_s","links_per_s","flushes_per_s","ipis_per_s"]'
		jq -e '.regions[0].faults_per_s > 0 and .time > 1000000000' <<<"$line"
	done
	works stat --interval 0.01 --count 1 -o +FAULTS -n -r
	assert_output --regexp '^pg 3 5M 12K .* 2000$'
}

@test "--interval continues until the reader closes the pipe" {
	run bash -c 'exec 2>&1; timeout 20 env LD_PRELOAD="$1" "$2" stat --interval 0.01 -nr -o NAME | head -n 3' - \
		"$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}"
	assert_success
	assert_output $'pg\npg\npg'
}

# reports ARG...: what stat --interval prints from now on goes to a file
reports() {
	: >"$BATS_TEST_TMPDIR/reports"
	LD_PRELOAD=$PROBES/fake-msharefs.so "${MSHARECTL:-$BUILD/msharectl}" stat "$@" \
		>>"$BATS_TEST_TMPDIR/reports" 3>&- &
	pid=$!
}

# How many lines of them there are, once there are so many.
lines_of_reports() {
	local count
	for ((i = 0; i < 200; i++)); do
		count=$(wc -l <"$BATS_TEST_TMPDIR/reports")
		((count < $1)) || break
		sleep 0.05
	done
	echo "$count"
}

@test "--interval skips the reports that a stopped process missed" {
	reports --interval 0.1 -nr -o NAME pg
	lines_of_reports 1
	kill -STOP $pid
	sleep 2
	before=$(lines_of_reports 0)
	kill -CONT $pid
	after=$(lines_of_reports $((before + 2)))
	kill $pid
	((after < before + 10))
}

@test "--interval prints the heading with the first region" {
	msharectl rm pg
	reports --interval 0.05 -r -o NAME,MAPPINGS
	sleep 0.5
	msharectl create -q -s 2G late
	lines_of_reports 3
	kill $pid
	assert_equal "$(head -n 3 "$BATS_TEST_TMPDIR/reports")" $'NAME MAPPINGS\nlate 0\nlate 0'
}

@test "--interval with wrong names" {
	fails 1 stat --interval 100 nonsense
	cause 'msharectl stat: nonsense: no such region'
}

@test "--interval and --count refuse invalid values" {
	for value in 0 -1 x 1s '' 86401 1,5 0.0001 0.0019; do
		usage_error "--interval: invalid interval '$value' (expected 0.001 to 86400 seconds, up to 3 decimals)" stat "--interval=$value"
	done
	for value in 0 -1 x ''; do
		usage_error "--count: invalid count '$value' (expected 1 or more)" stat --interval 1 "--count=$value"
	done
	usage_error '--count needs --interval' stat --count 3
}

@test "--openmetrics" {
	works stat --openmetrics
	assert_line --index 0 '# TYPE mshare_region_attached_processes gauge'
	assert_line --index 1 '# UNIT mshare_region_attached_processes processes'
	assert_line 'mshare_region_attached_processes{region="pg"} 3'
	assert_line 'mshare_region_size_bytes{region="pg"} 2147483648'
	assert_line 'mshare_region_resident_bytes{region="pg",kind="shmem"} 3145728'
	assert_line 'mshare_region_resident_bytes{region="pg",kind="file"} 2097152'
	assert_line 'mshare_region_resident_bytes{region="pg",kind="hugetlb"} 0'
	assert_line 'mshare_region_unshared_pgtables_bytes{region="pg"} 30720'
	assert_line '# TYPE mshare_region_faults counter'
	assert_line 'mshare_region_faults_total{region="pg"} 1000'
	assert_line --index $((${#lines[@]} - 1)) '# EOF'
	# each family once, its samples together, a unit at the end of its name
	assert_equal "$(grep -c '^# TYPE' <<<"$output")" "$(grep '^# TYPE' <<<"$output" | sort -u | wc -l)"
	assert_equal "$(sed -n 's/^\(mshare_[a-z_]*\){.*/\1/p' <<<"$output" | uniq)" \
		"$(sed -n 's/^\(mshare_[a-z_]*\){.*/\1/p' <<<"$output" | awk '!seen[$0]++')"
	while read -r _ _ family unit; do
		[[ $family == *_"$unit" ]]
	done < <(grep '^# UNIT' <<<"$output")
}

@test "--openmetrics escapes names, and keeps names distinct" {
	msharectl rm pg
	names=('a b' $'new\nline' 'quo"te' 'back\slash' $'bad\xff' $'bad\xfe')
	for name in "${names[@]}"; do
		msharectl create -q -s 1G -- "$name"
	done
	works stat --openmetrics
	assert_line 'mshare_region_mappings{region="a b"} 0'
	assert_line 'mshare_region_mappings{region="new\nline"} 0'
	assert_line 'mshare_region_mappings{region="quo\"te"} 0'
	assert_line 'mshare_region_mappings{region="back\\slash"} 0'
	assert_line $'mshare_region_mappings{region="bad\xef\xbf\xbd",region_bytes="626164ff"} 0'
	assert_line $'mshare_region_mappings{region="bad\xef\xbf\xbd",region_bytes="626164fe"} 0'
	iconv -f UTF-8 <<<"$output" >/dev/null
}

@test "--openmetrics prints the metrics of a region once" {
	works stat --openmetrics
	once=$output
	cd "$MOUNT"
	works stat --openmetrics pg "$MOUNT/pg" pg ./pg
	assert_output "$once"
	works stat --openmetrics "$MOUNT/pg"
	assert_output "$once"
}

@test "--openmetrics without regions, and with other formats" {
	msharectl rm pg
	works stat --openmetrics
	assert_line '# EOF'
	[[ $output != *'{'* ]]
	usage_error '--openmetrics and --json exclude each other' stat --openmetrics -J
	usage_error '--openmetrics and --interval exclude each other' stat --openmetrics --interval 1
}

@test "--openmetrics, --prometheus: the mount, and properties of regions" {
	export MSHARE_FAKE_USAGE=1000:400:50:20
	works stat --openmetrics
	assert_line '# TYPE mshare_region info'
	assert_line --regexp '^mshare_region_info\{region="pg",owner="[^"]+",group="[^"]+",inode="[0-9]+",mode="0600",seals="",state="present"\} 1$'
	assert_line "mshare_mount_size_bytes{mount_point=\"$MOUNT\"} 4096000"
	assert_line "mshare_mount_used_bytes{mount_point=\"$MOUNT\"} 2457600"
	assert_line "mshare_mount_regions_limit{mount_point=\"$MOUNT\"} 50"
	assert_line "mshare_mount_regions{mount_point=\"$MOUNT\"} 30"
	works stat --prometheus
	assert_line '# TYPE mshare_region_faults_total counter'
	assert_line 'mshare_region_faults_total{region="pg"} 1000'
	assert_line '# TYPE mshare_region_info gauge'
	refute_line --regexp '^# (UNIT|EOF)'
	unset MSHARE_FAKE_USAGE
	works stat --prometheus
	refute_output --partial mshare_mount
	usage_error '--openmetrics and --prometheus exclude each other' stat --prometheus --openmetrics
	usage_error '--prometheus and --json exclude each other' stat --prometheus -J
}

@test "promtool accepts the metrics, the alerts and the queries" {
	type -P promtool >/dev/null || skip 'promtool is not installed'
	export MSHARE_FAKE_USAGE=1000:400:50:20
	msharectl create -q -s 1G 'quo"te'
	msharectl stat --prometheus | promtool check metrics
	# promtool reads OpenMetrics with times only
	msharectl stat --openmetrics | sed -E 's/^([^#].*)$/\1 1700000000/' >"$BATS_TEST_TMPDIR/metrics"
	promtool tsdb create-blocks-from openmetrics "$BATS_TEST_TMPDIR/metrics" "$BATS_TEST_TMPDIR/blocks"
	promtool check rules "$TREE/packaging/examples/prometheus-rules.yml"
	jq -r '.. | .expr? // empty' "$TREE/packaging/examples/grafana-dashboard.json" >"$BATS_TEST_TMPDIR/expressions"
	[[ -s $BATS_TEST_TMPDIR/expressions ]]
	jq -Rn '{groups: [{name: "dashboard", rules: [inputs | {record: "x", expr: .}]}]}' \
		"$BATS_TEST_TMPDIR/expressions" >"$BATS_TEST_TMPDIR/rules.yml"
	promtool check rules --lint=none "$BATS_TEST_TMPDIR/rules.yml"
	# every metric that they name exists
	grep -ohE 'mshare_(region|mount)_[a-z_]+' "$TREE"/packaging/examples/{prometheus-rules.yml,grafana-dashboard.json} |
		sort -u >"$BATS_TEST_TMPDIR/named"
	msharectl stat --prometheus | sed -n 's/^\(mshare_[a-z_]*\){.*/\1/p' | sort -u >"$BATS_TEST_TMPDIR/printed"
	assert_equal "$(comm -23 "$BATS_TEST_TMPDIR/named" "$BATS_TEST_TMPDIR/printed")" ''
}

@test "stat: OWNER, GROUP, MODE and CTIME" {
	works stat -nr -o OWNER,GROUP,MODE,INODE,CTIME
	assert_output --regexp "^$(id -un) $(id -gn) 0600 $(stat -c %i "$MOUNT/pg") $(date +%Y)-[0-9-]*T[0-9:]{8}[+-][0-9]{4}$"
}

# top_with KEYS ARG...: types a key after each report, on a terminal of 4 rows
top_with() {
	local keys=$1 i
	shift
	TERM=xterm run -0 script -qec "stty rows 4 cols 60
		LD_PRELOAD='$PROBES/fake-msharefs.so' '${MSHARECTL:-$BUILD/msharectl}' stat --top $*
		echo status \$?
		stty -a | grep -o '.icanon'" /dev/null < <(
		for ((i = 0; i < ${#keys}; i++)); do
			sleep 0.5
			printf %s "${keys:i:1}"
		done
	)
	output=${output//$'\r'/}
}

@test "--top refreshes the report in place, and q quits" {
	for i in 1 2 3 4; do
		msharectl create -q -s 1G "r$i"
	done
	top_with q --interval 0.2 -o NAME,SIZE --sort NAME
	# the second screen, and the first one again
	[[ $output == $'\e[?1049h'*$'\e[?1049l''status 0'* ]]
	assert_line --partial ' icanon'
	# several reports, each one as many lines as the terminal has
	((${#lines[@]} >= 2 * 3 + 1))
	assert_line --partial 'regions: 5, sorted by NAME'
	assert_line --partial 'r1'
	refute_line --partial 'r2'
}

@test "--top: < and > choose the column that sorts, r reverses" {
	top_with '<r>q' --interval 100 -o NAME,SIZE,MAPPED
	for sorted in -RESIDENT -MAPPED MAPPED NAME; do
		assert_line --partial "sorted by $sorted "
	done
}

@test "--top gives the terminal back when a signal ends or stops it" {
	TERM=xterm run -0 script -qec "LD_PRELOAD='$PROBES/fake-msharefs.so' '${MSHARECTL:-$BUILD/msharectl}' stat --top &
		pid=\$!; sleep 0.5; kill -TSTP \$pid; sleep 0.3; echo stopped; stty -a | grep -o '.icanon'
		kill -CONT \$pid; sleep 0.3; kill \$pid; wait \$pid; echo status \$?; stty -a | grep -o '.icanon'" /dev/null </dev/null
	output=${output//$'\r'/}
	[[ $output == *$'\e[?1049h'*$'\e[?1049l'*stopped*' icanon'*$'\e[?1049h'*$'\e[?1049l'*'status 143'*' icanon'* ]]
}

@test "--top without a terminal prints reports, sorted by RESIDENT" {
	works stat --top --interval 0.01 --count 2 -o NAME
	assert_output $'NAME\npg\n\nNAME\npg'
	TERM=dumb run -0 script -qec "LD_PRELOAD='$PROBES/fake-msharefs.so' '${MSHARECTL:-$BUILD/msharectl}' stat --top --interval 0.01 --count 1 -nr -o NAME" /dev/null
	assert_equal "${output//$'\r'/}" pg
	works stat --top --interval 0.01 --count 1 -J
	assert_equal "$(jq -r '.regions[0].name' <<<"$output")" pg
	usage_error '--openmetrics and --top exclude each other' stat --top --openmetrics
	fails 1 stat --top nonsense
}

@test "stat: charges, huge pages, times, processes and the cgroup" {
	created=$(date -d "@$(stat -c %Z "$MOUNT/pg")" +%FT%T%z)
	attached=$(date -d "@$(($(stat -c %Z "$MOUNT/pg") + 1))" +%FT%T%z)
	works stat -nr -o CHARGED,RESIDENT-HUGE,STATE,CREATED,ATTACHED-AT,DETACHED-AT,CREATOR,ATTACHER,DETACHER,CGROUP
	assert_output "6M 2M present $created $attached - 101 102 - -"
	# a cgroup that is not visible is shown by its ID
	MSHARE_FAKE_CGROUP=18446744073709551615 works stat -J -o CGROUP
	assert_equal "$(jq -r '.regions[0].cgroup' <<<"$output")" 18446744073709551615
}

@test "stat: the cgroup by its path" {
	local root=/sys/fs/cgroup child
	[[ ! -d $root/memory ]] || root=$root/memory
	case $(stat -fc %T "$root") in cgroup*) ;; *) skip 'no cgroups' ;; esac
	MSHARE_FAKE_CGROUP=$(stat -c %i "$root") works stat -nr -o CGROUP
	assert_output /
	child=$(find "$root" -mindepth 1 -type d ! -name '*[\\ ]*' -print -quit)
	[[ $child ]] || skip 'one cgroup'
	MSHARE_FAKE_CGROUP=$(stat -c %i "$child") works stat -nr -o CGROUP
	assert_output "${child#"$root"}"
}

@test "stat, info and ls show removed regions, marked, with what they hold" {
	export MSHARE_FAKE_REMOVED=dir/gone:4194304:2
	works stat -nr -o NAME,STATE,ATTACHED,RESIDENT,CHARGED,INODE
	assert_output "pg present 3 5M 6M $(stat -c %i "$MOUNT/pg")
dir/gone\\x20(deleted) deleted 2 4M 4M 4711
dir/gone\\x20(deleted) deleted 0 4M 4M 4712"
	works stat -J -o NAME,STATE,OWNER,MODE,CTIME
	assert_equal "$(jq -c '.regions[1] | [.name, .state, .owner, .mode, .ctime]' <<<"$output")" \
		"[\"dir/gone (deleted)\",\"deleted\",\"$(id -nu 1)\",\"0640\",null]"
	works info -nr -o NAME,START,SIZE,STATE
	assert_line --index 1 'dir/gone\x20(deleted) 0x210000000000 1G deleted'
	works ls -nr
	assert_line 'dir/gone\x20(deleted) region 0x210000000000 1G 0640 '"$(id -nu 1)"
	# not for a name, and not for other programs
	works stat -nr -o NAME pg
	assert_output pg
	works ls --zero
	assert_output pg
	# a kernel without the request
	MSHARE_FAKE_FAIL=NEXT_REMOVED:25 works stat -nr -o NAME
	assert_output pg
	MSHARE_FAKE_FAIL=NEXT_REMOVED:5 run -1 --separate-stderr msharectl stat -nr -o NAME
	assert_output pg
	assert_equal "${stderr_lines[0]}" "msharectl stat: $MOUNT: Input/output error"
}

@test "--openmetrics, --prometheus: removed regions and charges" {
	export MSHARE_FAKE_REMOVED=gone:4194304:2
	works stat --openmetrics
	assert_line 'mshare_region_charged_bytes{region="pg"} 6291456'
	assert_line 'mshare_region_resident_huge_bytes{region="pg"} 2097152'
	assert_line 'mshare_region_charged_bytes{region="gone (deleted)",deleted="4711"} 4194304'
	assert_line 'mshare_region_charged_bytes{region="gone (deleted)",deleted="4712"} 4194304'
	assert_line --regexp '^mshare_region_info\{region="gone \(deleted\)",deleted="4711",owner="[^"]+",.*,state="deleted"\} 1$'
	# no sample twice
	assert_equal "$(grep -v '^#' <<<"$output" | sed 's/ [^ ]*$//' | sort | uniq -d)" ''
	MSHARE_FAKE_CGROUP=18446744073709551615 works stat --prometheus
	assert_line --regexp '^mshare_region_info\{region="pg",.*,state="present",cgroup="18446744073709551615"\} 1$'
}

@test "stat --all: nameless regions, their figures, rates and metrics" {
	touch "$BATS_TEST_TMPDIR/memory"
	export MSHARE_FAKE_NAMELESS=$BATS_TEST_TMPDIR/memory:postgres:268435456:3
	works stat --all -nr
	assert_output "pg 3 1 2G 5M 1.5K 12K 30K $(id -un) -
@7 3 1 256M 5M 0B 8K 30K $(id -nu 1) postgres
@9 0 1 256M 5M 0B 8K 0B $(id -nu 1) sh"
	works stat @7 -J -o NAME,SIZE,CREATOR,PROGRAM,STATE,MODE,GROUP
	assert_equal "$(jq -c '.regions' <<<"$output")" \
		'[{"name":"@7","name_bytes":null,"size":268435456,"creator":101,"program":"postgres","program_bytes":null,"state":"nameless","mode":null,"group":null}]'
	works stat --all --interval 0.01 --count 1 -nr -o NAME,FAULTS/S --filter STATE=nameless
	assert_output $'@7 0.0\n@9 0.0'
	mkdir -p "$MSHARE_FAKE_SYS/mshare"
	echo 12 >"$MSHARE_FAKE_SYS/mshare/program_regions"
	echo 3 >"$MSHARE_FAKE_SYS/mshare/program_ordinary"
	echo 1 >"$MSHARE_FAKE_SYS/mshare/program_plain"
	# a region of a user has such a name
	msharectl create -q -s 1G "$MOUNT/@7"
	works stat --all --openmetrics
	assert_equal "$(cut -d ' ' -f 1 <<<"$output" | grep -v '^#' | sort | uniq -d)" ''
	assert_line 'mshare_region_mapped_bytes{region="@7",nameless="yes"} 268435456'
	assert_line "mshare_region_info{region=\"@7\",nameless=\"yes\",owner=\"$(id -nu 1)\",inode=\"$(stat -c %i "$BATS_TEST_TMPDIR/memory")\",seals=\"\",state=\"nameless\",program=\"postgres\"} 1"
	assert_line 'mshare_program_ordinary_total 3'
	assert_line '# TYPE mshare_program_plain counter'
	if command -v promtool >"$BATS_TEST_TMPDIR/path"; then
		works stat --all --prometheus
		run -0 promtool check metrics <<<"$output"
		assert_output ''
	fi
	works stat --openmetrics
	refute_output --partial mshare_program
	works info --all
	assert_line --index 3 'programs: 12 mappings with a region, 3 of ordinary memory, 1 made plain'
	assert_line --regexp '^@9 +0x7000000000 256M .* sh$'
	works info -J @9 --mappings
	assert_equal "$(jq -c '.regions[0].mappings' <<<"$output")" null
	works info --at 0x550000000000 --all
}
