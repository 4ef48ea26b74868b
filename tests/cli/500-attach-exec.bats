#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# The injection is real here; only the ioctls are not: a region of the fake is a
# sparse file, which is mapped as a region is.

load common

setup() {
	setup_fake
	msharectl create -q -s 2G pg
	msharectl create -q -s 1G other
	cd "$BATS_TEST_TMPDIR"
}

attach() {
	works attach-exec "$@"
}

# under COMMAND... -- ARG...: msharectl started by another program, as "run" does
under() {
	local by=()
	while [[ $1 != -- ]]; do
		by+=("$1")
		shift
	done
	shift
	run --separate-stderr "${by[@]}" env LD_PRELOAD="$PROBES/fake-msharefs.so" \
		"${MSHARECTL:-$BUILD/msharectl}" attach-exec "$@"
	show
}

refused() {
	assert_equal "$status" 125
	assert_equal "${#stderr_lines[@]}" 2
	cause "msharectl attach-exec: $1"
	[[ ! -e ran ]]
}

# No process of this test's is left, soon.
all_gone() {
	local i
	for ((i = 0; i < 50; i++)); do
		pgrep -f "attach-exec pg -- .*$BATS_TEST_TMPDIR" >/dev/null || return 0
		sleep 0.1
	done
	pgrep -af "$BATS_TEST_TMPDIR"
	return 1
}

needs_privileged_files() {
	[[ ,$(findmnt -no OPTIONS -T .), != *,nosuid,* ]] || skip "set-user-ID means nothing here"
}

@test "a dynamic, a static and a non-PIE program find the region and share it" {
	count=0
	for kind in dynamic static nonpie dynamic; do
		attach pg -- "$PROBES/probe-$kind" count
		assert_output $((++count))
	done
}

@test "the region is there at the first instruction" {
	run --separate-stderr msharectl attach-exec pg -- "$PROBES/probe-first"
	assert_equal "$status" 7
	# and not without
	run "$PROBES/probe-first"
	assert_equal "$status" 139
}

@test "the exit status is the program's" {
	for wanted in 0 1 2 3 7 255; do
		run msharectl attach-exec pg -- "$PROBES/probe-static" exit $wanted
		assert_equal "$status" $wanted
	done
	run msharectl attach-exec pg -- sh -c 'kill -TERM $$'
	assert_equal "$status" 143
}

@test "PID, parent, process group and session stay the same" {
	cat >caller <<-'END'
		"$@" &
		wait $!
		printf 'pid %s\nparent %s\n' $! $$
		ps -o pgid=,sid= -p $$ | awk '{ print "group", $1; print "session", $2 }'
	END
	LD_PRELOAD=$PROBES/fake-msharefs.so run bash caller \
		"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- "$PROBES/probe-static" ids
	assert_equal "${#lines[@]}" 8
	assert_equal "${lines[*]:0:4}" "${lines[*]:4:4}"
}

@test "the program has neither a child process nor a signal from the helper" {
	for kind in dynamic static; do
		attach pg -- "$PROBES/probe-$kind" signals children
		assert_output $'blocked 0 pending 0\nnone'
		# not even where orphans are the program's to wait for
		under "$PROBES/probe-static" as-reaper -- pg -- "$PROBES/probe-$kind" signals children reaper
		assert_output $'blocked 0 pending 0\nnone\nreaper 1'
	done
	attach pg -- "$PROBES/probe-static" reaper
	assert_output 'reaper 0'
}

@test "the program inherits the file descriptors" {
	# shellcheck disable=SC2094
	run --separate-stderr msharectl attach-exec pg other -- "$PROBES/probe-static" descriptors
	given=$output
	run --separate-stderr "$PROBES/probe-static" descriptors
	assert_equal "$given" "$output"
}

@test "closed standard descriptors stay closed for the program" {
	close=('<&-' '>&-' '2>&-')
	for bits in 0 1 2 3 4 5 6 7; do
		words=
		for fd in 0 1 2; do
			((bits & 1 << fd)) && words+=" ${close[fd]}"
		done
		status=0
		eval "msharectl attach-exec pg other -- '$PROBES/probe-static' closed $words" || status=$?
		assert_equal "$bits: $status" "$bits: $bits"
	done
}

@test "closed standard error: a message is not written into a region" {
	before=$(stat -c '%n %y %b' "$MOUNT"/*)
	status=0
	msharectl attach-exec pg other nonsense -- touch ran <&- >&- 2>&- || status=$?
	assert_equal "$status" 125
	[[ ! -e ran ]]
	assert_equal "$(stat -c '%n %y %b' "$MOUNT"/*)" "$before"
}

@test "standard input and output are the program's" {
	run bash -c 'echo words | "$@" | tr a-z A-Z' - env LD_PRELOAD="$PROBES/fake-msharefs.so" \
		"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- cat
	assert_output WORDS
}

@test "the environment: MSHARE_ADDR, MSHARE_SIZE, MSHARE_REGIONS, and the rest" {
	export OUTER=kept MSHARE_ADDR=stale
	attach pg -- env
	assert_line OUTER=kept
	assert_line MSHARE_ADDR=0x550000000000
	assert_line MSHARE_SIZE=$((2 * G))
	assert_line "MSHARE_REGIONS=0x550000000000:$((2 * G)):pg"
	attach other pg -- env
	assert_line MSHARE_ADDR=0x550080000000
	assert_line MSHARE_SIZE="$G"
	assert_line "MSHARE_REGIONS=0x550080000000:$G:other 0x550000000000:$((2 * G)):pg"
}

@test "names in MSHARE_REGIONS are relative to the mount point, one word each" {
	works create -q -s 1G $'a b\\\n'
	attach "$MOUNT/pg" $'a b\\\n' -- sh -c 'printf %s "$MSHARE_REGIONS"'
	assert_output "0x550000000000:$((2 * G)):pg 0x5500c0000000:$G:a\\040b\\134\\012"
	attach "$MOUNT//./pg" -- sh -c 'printf %s "$MSHARE_REGIONS"'
	assert_output "0x550000000000:$((2 * G)):pg"
}

@test "several regions are attached" {
	attach pg other -- grep -c "$MOUNT/\(pg\|other\)" /proc/self/maps
	assert_output 2
	attach pg other -- grep "$MOUNT/" /proc/self/maps
	assert_line --regexp '^550000000000-550080000000 rw-s .*/pg$'
	assert_line --regexp '^550080000000-5500c0000000 rw-s .*/other$'
}

@test "-r, --read-only: the program can read and cannot write" {
	for option in -r --read-only; do
		attach $option pg -- grep "$MOUNT/" /proc/self/maps
		assert_output --regexp '^550000000000-550080000000 r--s '
		run msharectl attach-exec $option pg -- "$PROBES/probe-static" overwrite
		assert_equal "$status" 139
	done
	attach pg -- "$PROBES/probe-static" overwrite
	# what may only be read can be attached so
	chmod 400 "$MOUNT/pg"
	attach -r pg -- "$PROBES/probe-static" window
	assert_output present
}

@test "scripts, with an interpreter and without" {
	printf '#!/bin/sh\necho "$1" "$MSHARE_ADDR"; exec %s/probe-static window\n' "$PROBES" >script
	chmod +x script
	attach pg -- ./script argument
	# a program that it executes has no mapping left
	assert_output $'argument 0x550000000000\nabsent'
	printf 'echo "$1" "$MSHARE_ADDR"\n' >plain
	chmod +x plain
	attach pg -- ./plain argument
	assert_output 'argument 0x550000000000'
	printf '#!%s/probe-static\n' "$PROBES" >own
	chmod +x own
	attach pg -- ./own window
	assert_line present
}

@test "the command is found in PATH" {
	mkdir bin
	cp "$PROBES/probe-static" bin/a-probe
	PATH=/nonexistent:$PWD/bin:$PATH attach pg -- a-probe window
	assert_output present
	cd bin
	PATH=:$PATH attach pg -- a-probe window
}

@test "options after COMMAND belong to COMMAND" {
	attach pg -- "$PROBES/probe-static" -r --help -- --read-only count
	assert_output $'argument -r\nargument --help\nargument --\nargument --read-only\n1'
}

@test "wrong usage" {
	fails 125 attach-exec
	cause 'msharectl attach-exec: NAME is missing'
	fails 125 attach-exec -- true
	cause 'msharectl attach-exec: NAME is missing'
	fails 125 attach-exec pg true
	cause 'msharectl attach-exec: -- and COMMAND are missing'
	fails 125 attach-exec pg --
	cause 'msharectl attach-exec: -- and COMMAND are missing'
	next_step "Try 'msharectl attach-exec --help' for more information."
	fails 125 attach-exec pg --read-only other -- true
	cause 'msharectl attach-exec: options go before NAME'
	fails 125 attach-exec --nonsense pg -- true
	cause "msharectl attach-exec: unrecognized option '--nonsense'"
	# before it is known which command it is
	fails 2 --nonsense attach-exec pg -- true
}

@test "no such command: 127" {
	fails 127 attach-exec pg -- nonsense-command
	cause 'msharectl attach-exec: nonsense-command: command not found'
	next_step 'Check the name and PATH.'
	fails 127 attach-exec pg -- ./nonsense
	fails 127 attach-exec pg -- ''
	printf '#!/nonexistent/interpreter\n' >script
	chmod +x script
	fails 127 attach-exec pg -- ./script
}

@test "a file that cannot be executed: 126" {
	echo text >file
	fails 126 attach-exec pg -- ./file
	cause 'msharectl attach-exec: ./file: permission denied'
	fails 126 attach-exec pg -- /tmp
	printf '#!%s/file\n' "$PWD" >script
	chmod +x script
	fails 126 attach-exec pg -- ./script
	cause 'msharectl attach-exec: ./script: the kernel refuses to execute the traced program'
}

@test "missing regions and regions without a size: 125, and the program does not run" {
	: >"$MOUNT/unset"
	mkdir "$MOUNT/dir"
	for name in nonsense unset dir mshare_info /etc/passwd; do
		fails 125 attach-exec pg "$name" -- touch ran
		[[ ! -e ran ]]
	done
	fails 125 attach-exec unset -- touch ran
	cause 'msharectl attach-exec: unset: the region has no address and size'
	fails 125 attach-exec pg pg -- touch ran
	cause 'msharectl attach-exec: pg: the region has the same addresses as another named region'
	[[ ! -e ran ]]
}

@test "addresses that the program uses: 125, and the program does not run" {
	# where a non-PIE program lies
	echo 4096 >"$MOUNT/mshare_info"
	works create -q --addr 0x400000 -s 1M taken
	fails 125 attach-exec pg taken -- "$PROBES/probe-nonpie" overwrite
	cause 'msharectl attach-exec: taken: 0x400000 to 0x500000 is in use in the program'
	next_step "Create the region at another address; the program itself uses this range."
}

@test "no room in the program's address space: 125" {
	run --separate-stderr bash -c 'ulimit -v 1000000; exec "$@"' - \
		env LD_PRELOAD="$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" \
		attach-exec pg -- touch ran
	[[ ! -e ran ]]
	[[ $status -eq 125 ]] || skip "the build does not run with so few addresses"
	assert_equal "${stderr_lines[0]}" 'msharectl attach-exec: pg: no room for the region in the address space of the program'
}

@test "set-user-ID and set-group-ID programs and interpreters: 125" {
	needs_privileged_files
	cp "$PROBES/probe-static" probe
	printf '#!%s/probe\n' "$PWD" >script
	chmod +x script
	for mode in 4755 2755; do
		chmod $mode probe
		for program in ./probe ./script; do
			fails 125 attach-exec pg -- $program window
			cause "msharectl attach-exec: $program: the program changes its user, group or capabilities, and such a program cannot be traced"
		done
	done
	# where the kernel does not heed these bits, nor on scripts, they do not matter
	under setpriv --no-new-privs -- pg -- ./probe window
	assert_output present
	chmod 755 probe
	chmod 6755 script
	attach pg -- ./script window
	assert_line present
}

@test "programs with file capabilities: 125" {
	needs_privileged_files
	cp "$PROBES/probe-static" probe
	setcap cap_net_raw+ep probe 2>/dev/null || skip "no capabilities on files here"
	fails 125 attach-exec pg -- ./probe window
}

# The smallest there is: exits with status 9.
make_32bit() {
	{
		printf '\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x03\0\x01\0\0\0'
		printf '\x54\x80\x04\x08\x34\0\0\0\0\0\0\0\0\0\0\0\x34\0\x20\0\x01\0\0\0\0\0\0\0'
		printf '\x01\0\0\0\0\0\0\0\0\x80\x04\x08\0\x80\x04\x08'
		printf '\x60\0\0\0\x60\0\0\0\x05\0\0\0\0\x10\0\0'
		printf '\xb8\x01\0\0\0\xbb\x09\0\0\0\xcd\x80'
	} >"$1"
	chmod +x "$1"
}

@test "a program whose entry point is not mapped: 125" {
	cp "$PROBES/probe-first" astray
	# e_entry
	printf '\0\0\0\0\177\0\0\0' | dd of=astray bs=1 seek=24 conv=notrunc status=none
	fails 125 attach-exec pg -- ./astray
	cause 'msharectl attach-exec: ./astray: the first instruction of the program is not in the program'
	next_step 'Link the program again: readelf -hl shows its entry point.'
}

@test "32-bit programs and interpreters: 125" {
	make_32bit small
	printf '#!%s/small\n' "$PWD" >script
	chmod +x script
	for program in ./small ./script; do
		fails 125 attach-exec pg -- $program
		cause "msharectl attach-exec: $program: a 32-bit program cannot map regions at their addresses"
	done
}

@test "a program that is replaced after the check: 125" {
	replace() {
		cp --remove-destination "$PROBES/probe-static" program
		MSHARE_FAKE_BETWEEN="mv $1 program" fails 125 attach-exec pg -- ./program exit 0
		[[ ! -e $1 ]]
		cause "msharectl attach-exec: ./program: $2"
	}
	# on a mount where they mean nothing, these bits do not matter
	if [[ ,$(findmnt -no OPTIONS -T .), != *,nosuid,* ]]; then
		cp "$PROBES/probe-static" other
		chmod 4755 other
		replace other 'the program changes its user, group or capabilities, and such a program cannot be traced'
	fi
	make_32bit small
	run ./small
	[[ $status -eq 9 ]] || skip "no 32-bit programs here"
	replace small "a 32-bit program cannot map regions at their addresses"
}

refused_for_tracer() {
	[[ ${stderr_lines[0]} =~ 'process '[0-9]+' (a debugger?) traces msharectl' ]]
	next_step 'Run msharectl without the tracer, then trace the program: gdb -p PID, strace -p PID'
	[[ ! -e ran ]]
}

@test "under strace: 125" {
	command -v strace >/dev/null || skip "no strace"
	export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
	run --separate-stderr strace -o /dev/null -E LD_PRELOAD="$PROBES/fake-msharefs.so" \
		"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- touch ran
	assert_equal "$status" 125
	refused_for_tracer
}

@test "under gdb: 125" {
	command -v gdb >/dev/null || skip "no gdb"
	export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
	run --separate-stderr timeout 60 gdb --batch -nx -ex 'set startup-with-shell off' \
		-ex "set environment LD_PRELOAD $PROBES/fake-msharefs.so" -ex run \
		--args "${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- touch ran
	assert_line --regexp 'exited with code 0175\]$'
	refused_for_tracer
}

@test "gdb attaches to a program that has a region" {
	command -v gdb >/dev/null || skip "no gdb"
	mkfifo pid end
	msharectl attach-exec pg -- sh -c 'echo $$ >pid; read -r _ <end' 3>&- &
	run timeout 60 gdb --batch -nx -p "$(<pid)" -ex 'x/1xb 0x550000000000'
	echo >end
	wait
	assert_line --regexp '^0x550000000000:	0x00$'
}

@test "an unreadable program: 125" {
	[[ $(id -u) -ne 0 ]] || skip "the superuser may read all"
	cp "$PROBES/probe-static" probe
	chmod 111 probe
	fails 125 attach-exec pg -- ./probe window
}

@test "signals that arrive during the attach reach the program" {
	# blocked until then, so pending: TERM ends it, whenever it comes
	for delay in 0 0.001 0.002 0.004 0.008; do
		msharectl attach-exec pg -- sleep 100 &
		sleep $delay
		kill -TERM $!
		status=0
		wait $! || status=$?
		assert_equal "$status" 143
	done
}

@test "every signal during the attach has its usual effect on the program" {
	for signal in HUP INT QUIT USR1 ALRM RTMIN+3; do
		cat >sender <<-END
			kill -$signal \$PPID
		END
		status=0
		MSHARE_FAKE_BETWEEN=". $PWD/sender" LD_PRELOAD=$PROBES/fake-msharefs.so \
			env --default-signal "${MSHARECTL:-$BUILD/msharectl}" \
			attach-exec pg -- sleep 100 || status=$?
		assert_equal "$signal $status" "$signal $((128 + $(kill -l $signal)))"
	done
	# nor is one of another child's lost
	for signal in CHLD WINCH URG; do
		MSHARE_FAKE_BETWEEN="kill -$signal \$PPID" attach pg -- "$PROBES/probe-static" window
		assert_output present
	done
}

@test "job control: ^Z during the attach stops the program, fg continues it" {
	cat >shell <<-'END'
		set -m
		"$@" >out &
		status=0
		wait $! || status=$?
		echo "waited $status"
		ps -o stat= -p $! | cut -c1
		kill -CONT %1
		wait $!
		cat out
	END
	for signal in TSTP STOP; do
		MSHARE_FAKE_BETWEEN="kill -$signal \$PPID" LD_PRELOAD=$PROBES/fake-msharefs.so \
			run bash shell "${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- \
			"$PROBES/probe-static" window signals
		assert_line "waited $((128 + $(kill -l $signal)))"
		assert_line T
		assert_line present
		assert_line 'blocked 0 pending 0'
	done
}

@test "a program that is stopped during the attach stays stopped until SIGCONT" {
	for delay in 0 0.001 0.002 0.004 0.008; do
		rm -f out
		msharectl attach-exec pg -- "$PROBES/probe-static" window signals >out &
		sleep $delay
		kill -STOP $! 2>/dev/null || true
		sleep 0.1
		kill -CONT $! 2>/dev/null || true
		wait $!
		assert_equal "$(cat out)" $'present\nblocked 0 pending 0'
	done
}

@test "the signal mask and ignored signals are inherited" {
	# shellcheck disable=SC2054 # they are lists
	inherit=(env --ignore-signal=INT,CHLD,USR2 --block-signal=USR1,HUP,RTMIN+5)
	under "${inherit[@]}" -- pg -- grep -E 'SigIgn|SigBlk' /proc/self/status
	attached=$output
	run "${inherit[@]}" grep -E 'SigIgn|SigBlk' /proc/self/status
	assert_equal "$attached" "$output"
	[[ $output != *SigBlk:?0000000000000000* ]]
}

@test "seccomp filters that forbid ptrace: 125" {
	under "$PROBES/filtered" ptrace:errno -- pg -- touch ran
	refused 'msharectl may not be traced, which attaching needs: Operation not permitted'
	# as security modules do
	under "$PROBES/filtered" ptrace:access -- pg -- touch ran
	refused 'a security module (AppArmor, SELinux) forbids tracing msharectl, which attaching needs'
	for action in trap kill; do
		under "$PROBES/filtered" ptrace:$action -- pg -- touch ran
		refused 'the helper process was killed before it attached a region'
	done
}

@test "seccomp filters that forbid mmap: the program does not run" {
	under "$PROBES/filtered" mmap:errno -- pg -- touch ran
	refused 'pg: the program may not map the region'
	under "$PROBES/filtered" mmap:trap -- pg -- touch ran
	refused 'touch: a seccomp filter kills the program for a system call that attaching needs'
	# the filter ends it, not msharectl
	under "$PROBES/filtered" mmap:kill -- pg -- touch ran
	assert_equal "$status" 159
	cause 'msharectl attach-exec: touch: a seccomp filter kills the program for a system call that attaching needs'
	[[ ! -e ran ]]
}

@test "a refused program does not run, even if a filter forbids exit" {
	for action in errno trap; do
		under "$PROBES/filtered" mmap:errno exit_group:$action -- pg -- touch ran
		assert_equal "$status" 137
		cause 'msharectl attach-exec: pg: the program may not map the region'
		[[ ! -e ran ]]
	done
}

@test "a seccomp filter that answers ptrace with success: 125, and the program does not run" {
	for option in "" --dry-run; do
		# shellcheck disable=SC2086
		under "$PROBES/filtered" ptrace:success -- $option pg -- touch ran
		refused 'ptrace reports success, but nothing traces the process, and attaching needs ptrace'
		next_step 'A seccomp filter or a sandbox answers for the kernel; check its settings.'
		[[ ! -e ran ]]
	done
}

@test "without /proc, attach-exec names the command that mounts proc" {
	skip_sanitized
	unshare --user --map-root-user --mount true || skip "no user namespaces here"
	under without_proc -- pg -- touch ran
	assert_equal "$status" 125
	next_step 'Mount proc: mount -t proc proc /proc'
	[[ ! -e ran ]]
}

@test "no_new_privs, other namespaces, PID 1, and the /proc of another namespace" {
	under setpriv --no-new-privs -- pg -- "$PROBES/probe-static" count
	assert_output 1
	unshare --user --map-root-user true || skip "no user namespaces here"
	under unshare --user --map-root-user --pid --fork --mount-proc -- pg -- "$PROBES/probe-static" count ids
	assert_line 2
	assert_line 'pid 1'
	under unshare --user --map-root-user --pid --fork -- pg -- "$PROBES/probe-static" count ids
	assert_line 3
	assert_line 'pid 1'
	[[ $stderr == '' ]]
}

@test "the helper is killed at any moment: no half-attached program runs or hangs" {
	for ((n = 1; ; n++)); do
		rm -f ran
		status=0
		MSHARE_FAKE_KILL=helper:$n timeout 20 env LD_PRELOAD="$PROBES/fake-msharefs.so" \
			"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- "$PROBES/probe-static" \
			exit 42 2>err || status=$?
		[[ $status -ne 42 ]] || break
		if ((n == 1)); then
			assert_equal "$status" 125
		else
			assert_equal "$n: $status" "$n: 137"
		fi
	done
	# all of its ptrace() have been gone through
	((n > 15))
}

@test "the program is killed at any moment: it does not run, without a message" {
	for ((n = 2; ; n++)); do
		status=0
		MSHARE_FAKE_KILL=target:$n timeout 20 env LD_PRELOAD="$PROBES/fake-msharefs.so" \
			"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- "$PROBES/probe-static" \
			exit 42 2>err || status=$?
		[[ $status -ne 42 ]] || break
		assert_equal "$n: $status" "$n: 137"
		assert_equal "$n: $(<err)" "$n: "
	done
	((n > 15))
	# and before it is traced
	status=0
	MSHARE_FAKE_BETWEEN='kill -KILL $PPID' msharectl attach-exec pg -- "$PWD/nonsense" || status=$?
	assert_equal "$status" 137
	all_gone
}

@test "--env-only names the regions and attaches nothing" {
	chmod 400 "$MOUNT/pg"
	attach --env-only pg other -- sh -c 'echo "$MSHARE_ADDR $MSHARE_SIZE $MSHARE_REGIONS"; grep -c "$MSHARE_MOUNT_POINT" /proc/self/maps || true'
	assert_line --index 0 "0x550000000000 $((2 * G)) 0x550000000000:$((2 * G)):pg 0x550080000000:$G:other"
	assert_line --index 1 0
	# nothing is traced, so nothing of that can be refused
	under "$PROBES/filtered" ptrace:kill -- --env-only pg -- "$PROBES/probe-static" window exit 7
	assert_equal "$status" 7
	assert_output absent
	attach --env-only pg -- "$PROBES/probe-static" descriptors
	run --separate-stderr "$PROBES/probe-static" descriptors
	given=$output
	attach --env-only pg -- "$PROBES/probe-static" descriptors
	assert_equal "$output" "$given"
	fails 127 attach-exec --env-only pg -- nonsense-command
	fails 126 attach-exec --env-only pg -- /tmp
	fails 125 attach-exec --env-only nonsense -- touch ran
	fails 125 attach-exec --env-only -r pg -- touch ran
	cause 'msharectl attach-exec: --read-only and --env-only exclude each other'
	[[ ! -e ran ]]
}

@test "--dry-run prints what would be done and runs nothing" {
	attach --dry-run pg other -- touch ran
	assert_output "pg: would attach 2G rw at 0x550000000000
other: would attach 1G rw at 0x550080000000
touch: would run $(type -P touch)"
	attach --dry-run -r pg -- "$PROBES/probe-static"
	assert_line --index 0 'pg: would attach 2G r at 0x550000000000'
	attach --dry-run --env-only pg -- touch ran
	assert_line --index 0 'pg: would name 2G at 0x550000000000'
	[[ ! -e ran ]]
}

@test "--dry-run fails if attach-exec would fail" {
	fails 127 attach-exec --dry-run pg -- nonsense-command
	fails 126 attach-exec --dry-run pg -- /tmp
	fails 125 attach-exec --dry-run nonsense -- touch ran
	fails 125 attach-exec --dry-run pg pg -- touch ran
	make_32bit small
	fails 125 attach-exec --dry-run pg -- ./small
	echo 4096 >"$MOUNT/mshare_info"
	works create -q --addr 0x400000 -s 1M taken
	fails 125 attach-exec --dry-run pg taken -- "$PROBES/probe-nonpie"
	cause 'msharectl attach-exec: taken: 0x400000 to 0x500000 is in use in the program'
	under "$PROBES/filtered" ptrace:errno -- --dry-run pg -- touch ran
	refused 'msharectl may not be traced, which attaching needs: Operation not permitted'
	under "$PROBES/filtered" ptrace:kill -- --dry-run pg -- touch ran
	refused 'the helper process was killed before it attached a region'
}

@test "hundreds of attach-execs at the same time" {
	for ((i = 0; i < 100; i++)); do
		msharectl attach-exec pg -- "$PROBES/probe-static" window >>out &
	done
	wait
	assert_equal "$(sort out | uniq -c | tr -s ' ')" ' 100 present'
}

@test "attach-exec leaves nothing behind" {
	for ((i = 0; i < 10; i++)); do
		msharectl attach-exec pg -- "$PROBES/probe-static" exit 0
	done
	sleep 0.2
	run pgrep -f "attach-exec pg -- $PROBES/probe-static"
	assert_output ''
}

@test "without memory for a path, the exit status is the command's own" {
	local verb
	export MSHARE_FAKE_FAIL=ASPRINTF:12
	fails 125 attach-exec pg -- touch ran
	cause 'msharectl attach-exec: pg: Cannot allocate memory'
	[[ ! -e ran ]]
	for verb in info stat 'ps' 'rm' unmap; do
		fails 1 "$verb" pg
		cause "msharectl $verb: pg: Cannot allocate memory"
		next_step 'Free memory, or raise the memory limit of the cgroup.'
	done
	fails 1 create -s 1G new
	cause 'msharectl create: new: the kernel is out of memory'
}

@test "a command that executes another program: a note" {
	for command in 'nice true' 'env A=B true' 'timeout 9 true' 'nohup true' "sh -c exec\ true"; do
		eval "words=($command)"
		run --separate-stderr msharectl attach-exec pg -- "${words[@]}"
		assert_success
		assert_equal "$stderr" "msharectl attach-exec: ${words[0]}: note: the program that this command executes loses the region; put this command before msharectl"
	done
	for command in env 'env A=B' 'sh -c true' 'true nice'; do
		eval "words=($command)"
		works attach-exec pg -- "${words[@]}"
	done
}

@test "where only reading is allowed, the hint is --read-only" {
	# shellcheck disable=SC2016
	run --separate-stderr unshare --map-root-user --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit
		shift; export LD_PRELOAD="$1"; shift; exec "$@"' - "$MOUNT" "$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- true
	[[ $status -eq 125 ]] || skip 'no user namespaces'
	show
	cause 'msharectl attach-exec: pg: msharefs is mounted read-only here'
	next_step "Attach the region read-only: --read-only; or mount for writing, in a service ReadWritePaths=$MOUNT"
}
