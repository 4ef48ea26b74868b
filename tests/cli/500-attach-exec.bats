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

@test "pid, parent, process group and session stay" {
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

@test "the helper is no child of the program, nor is there a signal of it" {
	for kind in dynamic static; do
		attach pg -- "$PROBES/probe-$kind" signals children
		assert_output $'blocked 0 pending 0\nnone'
	done
}

@test "descriptors are those there were" {
	# shellcheck disable=SC2094
	run --separate-stderr msharectl attach-exec pg other -- "$PROBES/probe-static" descriptors
	given=$output
	run --separate-stderr "$PROBES/probe-static" descriptors
	assert_equal "$given" "$output"
}

@test "standard descriptors may be closed" {
	run bash -c '"$@" <&- 2>&-' - env LD_PRELOAD="$PROBES/fake-msharefs.so" \
		"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- "$PROBES/probe-static" count
	assert_success
	assert_output 1
	msharectl attach-exec pg -- "$PROBES/probe-static" exit 9 <&- >&- 2>&- || status=$?
	assert_equal "$status" 9
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
	assert_line MSHARE_ADDR=0x200000000000
	assert_line MSHARE_SIZE=$((2 * G))
	assert_line "MSHARE_REGIONS=0x200000000000:$((2 * G)):pg"
	attach other pg -- env
	assert_line MSHARE_ADDR=0x200080000000
	assert_line MSHARE_SIZE="$G"
	assert_line "MSHARE_REGIONS=0x200080000000:$G:other 0x200000000000:$((2 * G)):pg"
}

@test "names in MSHARE_REGIONS: relative to the mount, and one word each" {
	works create -q -s 1G $'a b\\\n'
	attach "$MOUNT/pg" $'a b\\\n' -- sh -c 'printf %s "$MSHARE_REGIONS"'
	assert_output "0x200000000000:$((2 * G)):pg 0x2000c0000000:$G:a\\040b\\134\\012"
}

@test "several regions are all attached" {
	attach pg other -- grep -c "$MOUNT/\(pg\|other\)" /proc/self/maps
	assert_output 2
	attach pg other -- grep "$MOUNT/" /proc/self/maps
	assert_line --regexp '^200000000000-200080000000 rw-s .*/pg$'
	assert_line --regexp '^200080000000-2000c0000000 rw-s .*/other$'
}

@test "-r, --read-only: may read and not write" {
	for option in -r --read-only; do
		attach $option pg -- grep "$MOUNT/" /proc/self/maps
		assert_output --regexp '^200000000000-200080000000 r--s '
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
	assert_output $'argument 0x200000000000\nabsent'
	printf 'echo "$1" "$MSHARE_ADDR"\n' >plain
	chmod +x plain
	attach pg -- ./plain argument
	assert_output 'argument 0x200000000000'
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

@test "the command's options are its own" {
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
}

@test "no such command: 127" {
	fails 127 attach-exec pg -- nonsense-command
	cause 'msharectl attach-exec: nonsense-command: command not found'
	next_step 'Check its name and PATH.'
	fails 127 attach-exec pg -- ./nonsense
	fails 127 attach-exec pg -- ''
	printf '#!/nonexistent/interpreter\n' >script
	chmod +x script
	fails 127 attach-exec pg -- ./script
}

@test "what can't be executed: 126" {
	echo text >file
	fails 126 attach-exec pg -- ./file
	cause 'msharectl attach-exec: ./file: permission denied'
	fails 126 attach-exec pg -- /tmp
}

@test "regions that are not there or not ready: 125, and the program does not run" {
	: >"$MOUNT/unset"
	mkdir "$MOUNT/dir"
	for name in nonsense unset dir mshare_info /etc/passwd; do
		fails 125 attach-exec pg "$name" -- touch ran
		[[ ! -e ran ]]
	done
	fails 125 attach-exec unset -- touch ran
	cause 'msharectl attach-exec: unset: the region has no address and size yet'
	fails 125 attach-exec pg pg -- touch ran
	cause 'msharectl attach-exec: pg: its addresses are those of another region named'
	[[ ! -e ran ]]
}

@test "addresses that the program uses: 125, and it does not run" {
	# where a non-PIE program lies
	echo 4096 >"$MOUNT/mshare_info"
	works create -q --start 0x400000 -s 1M taken
	fails 125 attach-exec pg taken -- "$PROBES/probe-nonpie" overwrite
	cause 'msharectl attach-exec: taken: 0x400000 to 0x500000 is in use in the program'
	next_step "The program's own layout is in the way; create the region at another address."
}

@test "no room in the program: 125" {
	run --separate-stderr bash -c 'ulimit -v 1000000; exec "$@"' - \
		env LD_PRELOAD="$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" \
		attach-exec pg -- touch ran
	[[ ! -e ran ]]
	[[ $status -eq 125 ]] || skip "the build does not run with so few addresses"
	assert_equal "${stderr_lines[0]}" 'msharectl attach-exec: pg: the region does not fit into the program'
}

@test "set-user-ID, set-group-ID programs and such scripts' interpreters: 125" {
	cp "$PROBES/probe-static" probe
	printf '#!%s/probe\n' "$PWD" >script
	chmod +x script
	for mode in 4755 2755; do
		chmod $mode probe
		fails 125 attach-exec pg -- ./probe window
		cause 'msharectl attach-exec: ./probe: it changes its user, group or capabilities, which a program that is traced must not'
		fails 125 attach-exec pg -- ./script window
	done
}

@test "programs with file capabilities: 125" {
	cp "$PROBES/probe-static" probe
	setcap cap_net_raw+ep probe 2>/dev/null || skip "no capabilities on files here"
	fails 125 attach-exec pg -- ./probe window
}

@test "32-bit programs and such scripts' interpreters: 125" {
	cat >small.s <<-'END'
		.globl _start
		_start:
			movl $1, %eax
			movl $9, %ebx
			int $0x80
	END
	as --32 -o small.o small.s && ld -m elf_i386 -o small small.o || skip "no 32-bit code here"
	run ./small
	[[ $status -eq 9 ]] || skip "no 32-bit programs here"
	fails 125 attach-exec pg -- ./small
	cause "msharectl attach-exec: ./small: a 32-bit program has no addresses as high as the regions'"
	printf '#!%s/small\n' "$PWD" >script
	chmod +x script
	fails 125 attach-exec pg -- ./script
}

@test "under a debugger: 125" {
	command -v strace >/dev/null || skip "no strace"
	export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
	run --separate-stderr strace -o /dev/null -E LD_PRELOAD="$PROBES/fake-msharefs.so" \
		"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- touch ran
	assert_equal "$status" 125
	[[ ${stderr_lines[0]} =~ 'process '[0-9]+' (a debugger?) traces this one' ]]
	[[ ! -e ran ]]
	# and the other way round
	attach pg -- strace -o /dev/null "$PROBES/probe-static" exit 0
}

@test "an unreadable program: 125" {
	[[ $(id -u) -ne 0 ]] || skip "the superuser may read all"
	cp "$PROBES/probe-static" probe
	chmod 111 probe
	fails 125 attach-exec pg -- ./probe window
}

@test "signals that come during the attach reach the program" {
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

@test "a program that is stopped during the attach stays so until it is continued" {
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
	cat >inherit <<-'END'
		trap '' INT CHLD
		exec "$@"
	END
	LD_PRELOAD=$PROBES/fake-msharefs.so run bash inherit \
		"${MSHARECTL:-$BUILD/msharectl}" attach-exec pg -- grep SigIgn /proc/self/status
	attached=$output
	run bash inherit grep SigIgn /proc/self/status
	assert_equal "$attached" "$output"
}

@test "hundreds at the same time" {
	for ((i = 0; i < 100; i++)); do
		msharectl attach-exec pg -- "$PROBES/probe-static" window >>out &
	done
	wait
	assert_equal "$(sort out | uniq -c | tr -s ' ')" ' 100 present'
}

@test "nothing is left behind" {
	for ((i = 0; i < 10; i++)); do
		msharectl attach-exec pg -- "$PROBES/probe-static" exit 0
	done
	sleep 0.2
	run pgrep -f "attach-exec pg -- $PROBES/probe-static"
	assert_output ''
}
