#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# ps.

load common

setup() {
	setup_fake
	# the device numbers of other file systems than tmpfs may differ in maps
	SHM=$(mktemp -d /dev/shm/mshare-cli-XXXXXX)
	mv "$MOUNT" "$SHM/mshare"
	MOUNT=$SHM/mshare
	export MSHARE_FAKE_DIR=$MOUNT MSHARE_MOUNT_POINT=$MOUNT
	# as many as are visible, at most
	export MSHARE_FAKE_ATTACHED=0
	mkdir "$MOUNT/dir"
	msharectl create -q -s 1G one
	msharectl create -q -s 2G dir/two
	pids=()
}

teardown() {
	((${#pids[@]} == 0)) || kill "${pids[@]}"
	drop_other
	drop_public
	rm -rf "$SHM"
}

# holds ARG...: a process that attach-exec made, in $pid
holds() {
	LD_PRELOAD=$PROBES/fake-msharefs.so "${MSHARECTL:-$BUILD/msharectl}" attach-exec "$@" -- sleep 100 3>&- &
	pid=$!
	pids+=("$pid")
	for ((i = 0; i < 200; i++)); do
		[[ $(<"/proc/$pid/comm") != sleep ]] || break
		sleep 0.05
	done
	# traced as long as it is not attached
	while grep -q '^TracerPid:	[1-9]' "/proc/$pid/status"; do
		sleep 0.05
	done
}

@test "ps: processes, their windows and access rights" {
	holds one dir/two
	first=$pid
	holds -r one
	second=$pid
	works ps -r
	me=$(id -un)
	if ((first < second)); then order=; else order=-r; fi
	assert_output "REGION PID USER START SIZE PROT STATE COMMAND
dir/two $first $me 0x550040000000 2G rw present sleep
$(sort $order <<-END
	one $first $me 0x550000000000 1G rw present sleep
	one $second $me 0x550000000000 1G r present sleep
END
)"
	works ps -n --raw -o PID,ARGUMENTS,INODE,END,UID dir/two
	assert_output "$first sleep\\x20100 $(stat -c %i "$MOUNT/dir/two") 0x5500c0000000 $(id -u)"
	works ps --noheadings -P --output PROT dir/two
	assert_output 'PROT="rw"'
	works ps -nr -o REGION "$MOUNT/dir/two"
	assert_output dir/two
	works ps --pairs -b -o SIZE dir/two
	assert_output "SIZE=\"$((2 * G))\""
	works ps --bytes -n -o SIZE dir/two
	assert_output $((2 * G))
}

# maps_plainly FILE: a process has the file mapped
maps_plainly() {
	local i
	"$PROBES/probe-dynamic" plainly "$1" >"$BATS_TEST_TMPDIR/mapped" 3>&- &
	pids+=($!)
	for ((i = 0; i < 200; i++)); do
		[[ ! -s $BATS_TEST_TMPDIR/mapped ]] || break
		sleep 0.05
	done
}

@test "ps -o KIND distinguishes windows from plain mappings" {
	holds one
	maps_plainly "$MOUNT/one"
	works ps -nr --sort KIND -o KIND,START,SIZE
	assert_output $'plain 0x7000000000 4K\nwindow 0x550000000000 1G'
	rm "$MOUNT/one"
	works ps -nr --sort KIND -o KIND,STATE
	assert_output $'plain deleted\nwindow deleted'
}

@test "ps --all: the processes of nameless regions" {
	holds one
	truncate -s 1G "$SHM/memory"
	export MSHARE_FAKE_NAMELESS=$SHM/memory:postgres:268435456:1
	maps_plainly "$SHM/memory"
	# on this file system, everything is a region
	works ps -nr -o REGION
	refute_line @7
	works ps --all -r --filter STATE=nameless
	assert_output "REGION PID USER START SIZE PROT STATE COMMAND KIND
@7 $! $(id -un) 0x7000000000 4K r nameless probe-dynamic plain"
	works ps --all -nr -o KIND --filter PID=$pid
	assert_output window
	works ps @7 -nr -o REGION,PID,MOUNT
	assert_output "@7 $! -"
	MSHARE_FAKE_NAMELESS=$SHM/memory:postgres:268435456:2 run -1 --separate-stderr msharectl ps -a
	cause 'msharectl ps: @7: 1 of 2 processes that have the region attached are not visible here'
	works ps @9
	assert_output ''
	fails 1 ps @8
	cause 'msharectl ps: @8: no such nameless region'
}

@test "ps --sort, --filter, -z, --zero" {
	holds one dir/two
	works ps --sort=-SIZE -nr -o SIZE
	assert_output $'2G\n1G'
	for option in -z --zero; do
		assert_equal "$(msharectl ps --sort SIZE $option | tr '\0' '\n')" $'one\ndir/two'
	done
	# names that commands take, and each once
	holds one
	msharectl rm dir/two
	for option in -z --zero; do
		# others' windows have absolute paths
		assert_equal "$(msharectl ps $option | tr '\0' '\n' | grep -v /)" one
	done
	works ps --filter STATE=present --filter PID=$pid -nr -o REGION
	assert_output one
	works ps --filter 'ARGUMENTS!=x' --filter REGION=one --filter PID=$pid -nr -o REGION
	assert_output one
	works ps --filter 'SIZE<1G' -nr
	assert_output ''
}

@test "ps --output accepts RIGHTS, the former name of PROT" {
	holds one
	works ps -P -o rights
	assert_output 'PROT="rw"'
	works ps -nr -o PROT,RIGHTS
	assert_output rw
	works ps -J -o RIGHTS
	assert_equal "$(jq -c .windows <<<"$output")" '[{"prot":"rw"}]'
	works ps --list-columns
	refute_output --partial RIGHTS
}

@test "ps shows deleted regions with their names" {
	holds one
	rm "$MOUNT/one"
	works ps -nr -o REGION,PID,STATE
	assert_output "one $pid deleted"
	fails 1 ps one
	cause 'msharectl ps: one: no such region'
}

@test "ps: a region without clients" {
	works ps
	assert_output ''
	for option in -J --json; do
		works ps $option
		assert_equal "$(jq -c '[.version, .windows]' <<<"$output")" '[2,[]]'
	done
	MSHARE_MOUNT_POINT=/nonexistent works ps --list-columns
	columns=$(awk '{ print $1 }' <<<"$output" | paste -sd ' ')
	holds one
	works ps --output-all -r
	assert_line --index 0 "$columns"
}

@test "ps NAME continues after a missing region, and fails" {
	holds one
	run --separate-stderr msharectl ps -nr -o PID nonsense one dir
	assert_failure 1
	assert_output "$pid"
	cause 'msharectl ps: nonsense: no such region'
	assert_equal "${stderr_lines[2]}" 'msharectl ps: dir: a directory, not a region'
	fails 1 ps /proc/version
	cause 'msharectl ps: /proc/version: not on msharefs'
}

@test "ps PATH: on another msharefs" {
	# not $MOUNT's file system
	needs_other "$BATS_TEST_TMPDIR"
	touch "$OTHER/region"
	fails 1 ps "$MOUNT/other/region"
	cause "msharectl ps: $MOUNT/other/region: on another msharefs"
	next_step 'Choose the mount with --mount-point; see findmnt -t msharefs'
}

@test "ps: all formats stay valid with hostile names, also of deleted regions" {
	names=('a b' $'new\nline' 'quo"te' $'bad\xffbyte' 'x (deleted)')
	for name in "${names[@]}"; do
		msharectl create -q -s 1G -- "$name"
	done
	holds "${names[@]}"
	works ps -J
	assert_equal "$(jq -c '[.windows[] | [.pid, .state]] | unique' <<<"$output")" "[[$pid,\"present\"]]"
	assert_equal "$(jq -r '.windows[] | .region_bytes | values' <<<"$output")" 626164ff62797465
	assert_equal "$(jq -c '[.windows[].region]' <<<"$output")" \
		$'["a b","bad\xef\xbf\xbdbyte","new\\nline","quo\\"te","x (deleted)"]'
	rm -- "${names[@]/#/$MOUNT/}"
	works ps -J
	assert_equal "$(jq -c '[.windows[] | [.region, .state]] | .[2]' <<<"$output")" \
		$'["new\\nline","deleted"]'
	works ps -nr
	assert_equal "${#lines[@]}" 5
}

# holds_as SCRIPT ARG...: a shell that runs it first
holds_as() {
	mkfifo "$SHM/pid" "$SHM/never"
	msharectl attach-exec one -- bash -c "$1"'; echo $$ >"$1"; read -r _ <"$2"' \
		- "$SHM/pid" "$SHM/never" "${@:2}" 3>&- &
	pid=$(<"$SHM/pid")
	pids+=("$pid")
}

@test "ps shows long command lines completely" {
	long=$(printf 'x%.0s' {1..9000})
	holds_as : "$long" "last word"
	works ps -J -o ARGUMENTS
	[[ $(jq -r '.windows[0].arguments' <<<"$output") == "bash -c "*" $long last word" ]]
}

@test "ps: an empty command name does not shift columns" {
	holds_as 'printf "\0" >"/proc/$$/comm"'
	works ps -nr -o PID,COMMAND,STATE
	assert_output "$pid - present"
	works ps -P -o PID,COMMAND,STATE
	assert_output "PID=\"$pid\" COMMAND=\"\" STATE=\"present\""
	works ps -J -o COMMAND
	assert_equal "$(jq -c '.windows[0].command' <<<"$output")" '""'
}

@test "ps: a limit of open files is not reported as a failure of /proc" {
	export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
	ps_with() {
		run --separate-stderr bash -c 'ulimit -n "$1"; exec env LD_PRELOAD="$2" "$3" ps one' - \
			"$1" "$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}"
	}
	for ((files = 40; files > 4; files--)); do
		ps_with $files
		[[ $status -eq 0 ]] || break
	done
	# a file of a process, and its directory
	for ((least = files - 1; files >= least; files--)); do
		ps_with $files
		show
		assert_equal "$files: $status" "$files: 1"
		cause 'msharectl ps: /proc: Too many open files'
		next_step 'Raise the limit of open files: ulimit -n'
	done
}

@test "ps: processes that the kernel counts and /proc does not show" {
	holds one
	for names in '' 'one dir/two'; do
		# shellcheck disable=SC2086
		MSHARE_FAKE_ATTACHED=1 run --separate-stderr msharectl ps -nr -o PID $names
		show
		assert_failure 1
		assert_output "$pid"
		cause 'msharectl ps: dir/two: 1 of 1 processes that have the region attached are not visible here'
		next_step 'Run as root, in the first PID namespace and with a /proc that is mounted without hidepid=.'
		assert_equal "${#stderr_lines[@]}" 2
	done
	MSHARE_FAKE_ATTACHED=3 fails 1 ps -n dir/two
	cause 'msharectl ps: dir/two: 3 of 3 processes that have the region attached are not visible here'
}

@test "ps: an error of one name says nothing of the processes of others" {
	export MSHARE_FAKE_ATTACHED=1
	holds one
	run --separate-stderr msharectl ps -nr -o REGION,PID one missing
	show
	assert_failure 1
	assert_output "one $pid"
	cause 'msharectl ps: missing: no such region'
	assert_equal "${#stderr_lines[@]}" 2
	MSHARE_FAKE_FAIL=NEXT_NAMELESS:25 run --separate-stderr msharectl ps --all -nr -o REGION,PID one
	show
	assert_failure
	refute_regex "$stderr" 'one: '
}

@test "ps does not take a region for a removed one that had the name" {
	msharectl rm one
	export MSHARE_FAKE_REMOVED=one:1048576:5
	fails 1 ps
	cause 'msharectl ps: one: 5 of 5 processes that have the region attached are not visible here'
	msharectl create -q -s 1G one
	fails 1 ps
	cause 'msharectl ps: one: 5 of 5 processes that have the region attached are not visible here'
}

@test "ps: hidden processes may have a region attached that the user cannot open" {
	[[ $(id -u) -eq 0 ]] || skip 'needs another user'
	make_public
	chmod 755 "$SHM" "$MOUNT" "$MOUNT/dir"
	chmod 600 "$MOUNT/one" "$MOUNT/dir/two"
	as_nobody unshare --user --pid --fork --mount-proc true || skip "no user namespaces here"
	run --separate-stderr as_nobody unshare --user --pid --fork --mount-proc \
		env LD_PRELOAD="$PUBLIC/fake-msharefs.so" "$PUBLIC/msharectl" ps
	show
	assert_failure 1
	assert_output ''
	assert_equal "$stderr" 'msharectl ps: 2 regions cannot be opened, and hidden processes may have the regions attached; run as root to see all processes'
}

@test "ps in a PID namespace of its own reports that it cannot see the processes" {
	holds one
	unshare --user --map-root-user --pid --fork --mount-proc true || skip "no user namespaces here"
	MSHARE_FAKE_ATTACHED=1 run --separate-stderr unshare --user --map-root-user --pid --fork --mount-proc \
		env LD_PRELOAD="$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" ps one
	show
	assert_failure 1
	assert_output ''
	cause 'msharectl ps: one: 1 of 1 processes that have the region attached are not visible here'
}

@test "ps counts processes that share their memory once" {
	LD_PRELOAD=$PROBES/fake-msharefs.so "${MSHARECTL:-$BUILD/msharectl}" attach-exec one -- "$PROBES/probe-vfork" 3>&- &
	pids+=($!)
	until child=$(<"/proc/$!/task/$!/children") && [[ -n $child ]]; do
		sleep 0.05
	done
	pids+=("${child% }")
	MSHARE_FAKE_ATTACHED=1 works ps -nr -o PID one
	assert_equal "$(sort <<<"$output")" "$(printf '%s\n' "${pids[@]}" | sort)"
	# the second process of the kernel's count is another one
	MSHARE_FAKE_ATTACHED=2 run --separate-stderr msharectl ps one
	assert_failure 1
	cause 'msharectl ps: one: 1 of 2 processes that have the region attached are not visible here'
}

@test "ps without /proc fails" {
	skip_sanitized
	unshare --user --map-root-user --mount true || skip "no user namespaces here"
	run --separate-stderr without_proc \
		env LD_PRELOAD="$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" ps
	show
	assert_failure 1
	cause 'msharectl ps: /proc: proc is not mounted there'
	next_step 'Mount proc: mount -t proc proc /proc'
}

@test "ps counts unreadable processes of other users" {
	[[ $(id -u) -eq 0 ]] || skip 'needs another user'
	# not on the file system of what is a region here
	make_public
	chmod 755 "$SHM" "$MOUNT" "$MOUNT/dir"
	holds one
	run --separate-stderr as_nobody_msharectl ps
	show
	# the region is not theirs either: nothing tells whether it is in use
	assert_failure 1
	assert_output ''
	[[ ${stderr_lines[0]} =~ ^'msharectl ps: '[0-9]+' processes of other users are not readable; run as root to see all processes'$ ]]
	assert_equal "${#stderr_lines[@]}" 1
}
