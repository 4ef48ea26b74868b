#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables

load common

starts() {
	msharectl info -nr -o START "$@" | tr '\n' ' '
}

@test "create creates a region with the given size and mode 0600" {
	works create --size 2G pg
	assert_output 'pg: created 2G at 0x550000000000'
	works info -nrb -o SIZE,MODE pg
	assert_output "$((2 * G)) 0600"
}

@test "-q, --quiet: only the name" {
	works create -q --size 1G pg
	assert_output pg
	works create --quiet -s 1G pg2
	assert_output pg2
}

@test "-m, --mode: exactly this mode, whatever the umask" {
	umask 077
	works create -s 1G --mode 0664 a
	works create -s 1G -m 400 b
	umask 000
	works create -s 1G c
	works info -nr -o NAME,MODE
	assert_output $'a 0664\nb 0400\nc 0600'
}

@test "--mode refuses invalid modes" {
	for mode in 8 1777 4755 -1 '' u+w 99999999999999999999 0x1; do
		usage_error "--mode: '$mode' is not an octal mode up to 0777" create -s 1G --mode "$mode" a
	done
}

@test "--addr sets the address" {
	works create -s 1G --addr 0x300000000000 a
	assert_output 'a: created 1G at 0x300000000000'
	works create -s 1G -a 3T b
	assert_output 'b: created 1G at 0x30000000000'
	usage_error '--addr: the address is 0' create -s 1G --addr 0 c
	usage_error "--addr: 'x' is not an address" create -s 1G --addr x c
	usage_error "--addr: address '16E' is too large" create -s 1G --addr 16E c
}

@test "--start is another name of --addr, without a place in --help" {
	works create -s 1G --start 3T a
	assert_output 'a: created 1G at 0x30000000000'
	usage_error "--addr: 'x' is not an address" create -s 1G --start x b
	works create --help
	refute_output --partial --start
}

@test "without --addr each region has a free range" {
	for name in a b c; do
		works create -q -s 2G $name
	done
	assert_equal "$(starts a b c)" '0x550000000000 0x550080000000 0x550100000000 '
}

@test "create uses a gap only if the region fits" {
	for name in a b c; do
		works create -q -s 2G $name
	done
	MSHARE_FAKE_ATTACHED=0 works rm b
	works create -q -s 3G large
	works create -q -s 1G small
	assert_equal "$(starts large small)" '0x550180000000 0x550080000000 '
}

@test "create finds regions in directories and regions without a size" {
	mkdir -p "$MOUNT/d/e"
	: >"$MOUNT/unset"
	works create -q -s 2G d/e/a
	works create -q -s 2G b
	assert_equal "$(starts b)" '0x550080000000 '
}

@test "create avoids regions with a chosen address" {
	works create -q -s 1G --addr 0x550040000000 a
	works create -q -s 2G b
	works create -q -s 1G c
	assert_equal "$(starts a b c)" '0x550040000000 0x550080000000 0x550000000000 '
}

@test "create fails if no range is free" {
	# 16 TiB is more than a file of the fake may have
	works create -q -s 13T a
	fails 1 create -s 4T d
	cause 'msharectl create: d: the kernel has no addresses for this size'
	next_step 'Choose the address: --addr ADDR; or remove regions, which destroys their memory.'
	[[ ! -e $MOUNT/d ]]
	works create -q -s 2T d
	assert_equal "$(starts a d)" '0x410000000000 0x4e0000000000 '
}

@test "concurrent creates get different ranges" {
	for name in {1..12}; do
		msharectl create -q -s 1G "$name" &
	done
	wait
	works info -nr -o START
	assert_equal "${#lines[@]}" 12
	assert_equal "$(printf '%s\n' "${lines[@]}" | sort -u | wc -l)" 12
}

@test "a size that is not a multiple of the granule is refused with the granule" {
	fails 1 create -s 1M a
	cause 'msharectl create: a: a size of 1M is not a multiple of the granule, 1G'
	next_step 'Round it up: --size 1G'
	fails 1 create -s 1G --addr 0x300000001000 a
	cause 'msharectl create: a: address 0x300000001000 is not a multiple of the granule, 1G'
	next_step 'Round it down: --addr 0x300000000000'
	fails 1 create -s 1G --addr 4096 a
	next_step 'Omit --addr to let the kernel choose.'
	fails 1 create -s 18446744073709551615 a
	next_step 'Choose a smaller --size.'
	[[ ! -e $MOUNT/a ]]
}

@test "a range beyond the address space is refused" {
	fails 1 create -s 2G --addr 0xffffffffc0000000 a
	cause 'msharectl create: a: 0xffffffffc0000000 plus 2G exceeds the address space'
	# not user space: the kernel's to refuse
	fails 1 create -s 1G --addr 0x800000000000 a
	cause 'msharectl create: a: the kernel refuses this address and size'
	next_step 'Both must be multiples of 1G, and the range must be in user space.'
	[[ ! -e $MOUNT/a ]]
}

@test "bad sizes are refused, never truncated" {
	usage_error '--size is missing' create a
	usage_error '--size: the size is 0' create -s 0 a
	for size in '' 1.5G 1GB -1G 1X ' 1G' 0x; do
		usage_error "--size: '$size' is not a size" create --size "$size" a
	done
	for size in 16E 18446744073709551616 99999999999G; do
		usage_error "--size: size '$size' is too large" create --size "$size" a
	done
	[[ ! -e $MOUNT/a ]]
}

@test "--dry-run creates nothing" {
	works create --dry-run -s 2G a
	assert_output 'a: would create 2G at 0x550000000000'
	[[ ! -e $MOUNT/a ]]
	works create -q -s 2G a
	fails 1 create --dry-run -s 2G a
	cause 'msharectl create: a: exists already'
}

@test "--dry-run fails if create would fail" {
	for option in '' --dry-run; do
		# shellcheck disable=SC2086
		fails 1 create $option -s 1G no/such/a
		cause 'msharectl create: no/such/a: the parent directory does not exist'
		# shellcheck disable=SC2086
		fails 1 create $option -s 1G "$BATS_TEST_TMPDIR/a"
		cause "msharectl create: $BATS_TEST_TMPDIR/a: not on msharefs"
		# shellcheck disable=SC2086
		fails 1 create $option -s 1G "$(printf 'x%.0s' {1..300})"
		[[ ${stderr_lines[0]} == *': the name is too long' ]]
	done
	ln -s nowhere "$MOUNT/link"
	fails 1 create --dry-run -s 1G link
	cause 'msharectl create: link: exists already'
}

@test "create does not change an existing region" {
	works create -q -s 2G a
	fails 1 create -s 1G a
	cause 'msharectl create: a: exists already'
	next_step 'Choose another name, or remove the region and its memory: msharectl rm a'
	works info -nr -o SIZE a
	assert_output 2G
}

@test "create does not advise to remove mshare_info" {
	for name in mshare_info "$MOUNT/mshare_info"; do
		fails 1 create -s 1G "$name"
		cause "msharectl create: $name: the name is reserved"
		next_step 'Choose another name.'
	done
	mkdir "$MOUNT/dir"
	works create -q -s 1G dir/mshare_info
}

@test "a failed create leaves no region" {
	export MSHARE_FAKE_FAIL
	for failure in GET_SIZE:25 SET_SIZE:12 SET_SIZE:22 SET_SIZE:16 SET_SIZE:5; do
		MSHARE_FAKE_FAIL=$failure
		fails 1 create -s 1G --addr 1T a
		[[ ! -e $MOUNT/a ]]
	done
	for failure in GET_SIZE:25 CHOOSE:12 CHOOSE:22 CHOOSE:16 CHOOSE:5; do
		MSHARE_FAKE_FAIL=$failure
		fails 1 create -s 1G a
		[[ ! -e $MOUNT/a ]]
	done
	MSHARE_FAKE_FAIL=CHOOSE:12
	fails 1 create -s 1G a
	cause 'msharectl create: a: the kernel has no addresses for this size'
}

@test "an interrupted create leaves no region" {
	export MSHARE_FAKE_SIGNAL
	# HUP INT QUIT USR1 USR2 ALRM TERM XCPU VTALRM IO, and RTMIN+1
	for signal in 1 2 3 10 12 14 15 24 26 29 35; do
		for request in CHOOSE CREATE_MAPPING ADVISE; do
			MSHARE_FAKE_SIGNAL=$request:$signal
			run --separate-stderr msharectl_signalled create -s 1G --map --populate a
			assert_equal "$status $output" "$((128 + signal)) "
			[[ ! -e $MOUNT/a ]]
			if [[ $request != ADVISE ]]; then
				assert_equal "$stderr" ''
			else
				[[ $stderr == 'msharectl create: a: interrupted after '*' of 1G; nothing is mapped' ]]
			fi
		done
	done
}

@test "ignored and blocked signals do not interrupt create" {
	# CHLD CONT URG WINCH
	for signal in 17 18 23 28; do
		MSHARE_FAKE_SIGNAL=CHOOSE:$signal works create -q -s 1G --map a$signal
	done
	run --separate-stderr env MSHARE_FAKE_SIGNAL=CHOOSE:10 LD_PRELOAD="$PROBES/fake-msharefs.so" \
		env --block-signal=USR1 "${MSHARECTL:-$BUILD/msharectl}" create -q -s 1G --map b
	assert_success
	run --separate-stderr env MSHARE_FAKE_SIGNAL=CHOOSE:10 LD_PRELOAD="$PROBES/fake-msharefs.so" \
		env --ignore-signal=USR1 "${MSHARECTL:-$BUILD/msharectl}" create -q -s 1G --map c
	assert_success
	assert_output c
}

@test "--map creates and maps in one command" {
	works create -s 4G --map a
	assert_output $'a: created 4G at 0x550000000000\na: mapped 4G rw at 0x550000000000'
	works create -q -s 1G --map b
	assert_output b
	works stat -nrb -o NAME,MAPPED
	assert_output "a $((4 * G))"$'\n'"b $G"
	works create --dry-run -s 1G --map c
	assert_output $'c: would create 1G at 0x550140000000\nc: would map 1G rw at 0x550140000000'
	[[ ! -e $MOUNT/c ]]
}

@test "--map accepts --prot, --noreserve, --file, --offset, --populate, --force and --huge" {
	truncate -s 16K "$BATS_TEST_TMPDIR/file"
	log_requests
	works create -s 1G --map --prot r --noreserve --huge --populate a
	requests_were 'CREATE_MAPPING 0x550000000000 0x40000000 prot 1 flags 0x4031 offset 0x0' \
		'ADVISE 0x550000000000 0x40000000 14' \
		"$(for ((i = 0; i < 16; i++)); do printf 'ADVISE 0x%x 0x4000000 22\n' $((0x550000000000 + (i << 26))); done)"
	works create -s 1G --map -p rx --file "$BATS_TEST_TMPDIR/file" --offset 4K b
	assert_line 'b: mapped 12K rx at 0x550040000000'
	requests_were 'CREATE_MAPPING 0x550040000000 0x3000 prot 5 flags 0x11 offset 0x1000'
	for option in '-p r' --noreserve --populate --huge '--file x'; do
		# shellcheck disable=SC2086
		fails 2 create -s 1G $option c
	done
	cause 'msharectl create: --file needs --map'
}

@test "a failed --map leaves no region" {
	export MSHARE_FAKE_FAIL
	for failure in CREATE_MAPPING:12 ADVISE:12; do
		MSHARE_FAKE_FAIL=$failure
		fails 1 create -s 1G --map --populate a
		[[ ! -e $MOUNT/a ]]
	done
	fails 1 create -s 1G --map --file /nonexistent a
	cause 'msharectl create: /nonexistent: no such file'
	[[ ! -e $MOUNT/a ]]
}

@test "--if-missing succeeds if an identical region exists" {
	works create --if-missing -s 2G a
	assert_output 'a: created 2G at 0x550000000000'
	works create --if-missing -s 2G a
	assert_output 'a: has 2G at 0x550000000000'
	works create --if-missing -q -s 2G --addr 0x550000000000 a
	assert_output a
	fails 1 create --if-missing -s 1G a
	cause 'msharectl create: a: exists already, with 2G at 0x550000000000 instead of 1G'
	next_step 'Ask for the same size and address, or choose another name.'
	fails 1 create --if-missing -s 2G --addr 1T a
	cause 'msharectl create: a: exists already, with 2G at 0x550000000000 instead of 0x10000000000'
	works create --if-missing -s 2G -m 0600 a
	fails 1 create --if-missing -s 2G -m 0640 a
	cause 'msharectl create: a: exists already, with mode 0600 instead of 0640'
	next_step 'Change the existing region, or choose another name.'
	: >"$MOUNT/unset"
	fails 1 create --if-missing -s 2G unset
	cause 'msharectl create: unset: the region has no address and size'
	mkdir "$MOUNT/d"
	fails 1 create --if-missing -s 2G d
	cause 'msharectl create: d: a directory, not a region'
}

@test "--if-missing succeeds if another process creates the region meanwhile" {
	works create -q -s 1G other
	# it stops before its own region gets the name
	LD_PRELOAD=$PROBES/fake-msharefs.so MSHARE_FAKE_SIGNAL=GET_SIZE:19 \
		"${MSHARECTL:-$BUILD/msharectl}" create --if-missing -s 1G a >"$BATS_TEST_TMPDIR/out" &
	until [[ $(ps -o stat= $! || echo T) == T* ]]; do
		sleep 0.05
	done
	mv "$MOUNT/other" "$MOUNT/a"
	while kill -CONT $! 2>/dev/null; do
		sleep 0.05
	done
	wait $!
	assert_equal "$(<"$BATS_TEST_TMPDIR/out")" 'a: has 1G at 0x550000000000'
}

@test "--if-missing --map maps only into an empty region" {
	works create -q -s 2G a
	works create --if-missing --dry-run -s 2G --map a
	assert_output $'a: has 2G at 0x550000000000\na: would map 2G rw at 0x550000000000'
	works create --if-missing -s 2G --map a
	assert_output $'a: has 2G at 0x550000000000\na: mapped 2G rw at 0x550000000000'
	log_requests
	works create --if-missing -s 2G --map a
	assert_output 'a: has 2G at 0x550000000000'
	fails 1 create --if-missing -s 2G --map -p r a
	cause 'msharectl create: a: exists already, with access rights rw instead of r'
	truncate -s 1G "$BATS_TEST_TMPDIR/file"
	fails 1 create --if-missing -s 2G --map --file "$BATS_TEST_TMPDIR/file" a
	cause 'msharectl create: a: exists already, and maps anonymous memory at offset 0 instead of the given file at offset 0'
	requests_were ''
	msharectl unmap -q a
	MSHARE_FAKE_FAIL=CREATE_MAPPING:12 fails 1 create --if-missing -s 2G --map a
	[[ -e $MOUNT/a ]]
}

@test "--if-missing --map --populate populates a mapping that exists" {
	works create -q -s 1G --map a
	log_requests
	works create --if-missing -s 1G --map --populate --dry-run a
	assert_output $'a: has 1G at 0x550000000000\na: would populate 1G at 0x550000000000'
	requests_were ''
	works create --if-missing -s 1G --map --populate a
	assert_output $'a: has 1G at 0x550000000000\na: populated 1G at 0x550000000000'
	assert_equal "$(grep -c '^ADVISE ' "$MSHARE_FAKE_LOG")" 16
	MSHARE_FAKE_FAIL=ADVISE:12 fails 1 create --if-missing -s 1G --map --populate a
	cause 'msharectl create: a: memory is short: 1T of memory and swap are available'
	next_step 'Free memory, or raise the memory limit of the cgroup that created the region, which pays.'
}

@test "--populate refuses more than the available memory without --force" {
	printf '%s\n' 'MemTotal: 4194304 kB' 'MemAvailable: 1048576 kB' 'SwapFree: 524288 kB' >"$MSHARE_FAKE_MEMINFO"
	fails 1 create -s 2G --map --populate a
	cause 'msharectl create: a: 2G more are needed, and 1.5G of memory and swap are available'
	next_step 'Choose a smaller --size, or use --force: the kernel then kills processes if memory is short.'
	[[ ! -e $MOUNT/a ]]
	works create -q -s 1G --map --populate a
	works create -q -s 2G --map --populate --force b
	usage_error '--force needs --populate' create -s 1G --map --force c
}

@test "concurrent creates of one name create one region" {
	for i in {1..6}; do
		msharectl create --if-missing -s 1G --map a >"$BATS_TEST_TMPDIR/$i" &
	done
	wait
	assert_equal "$(cat "$BATS_TEST_TMPDIR"/[1-6] | sort | uniq -c | sed -E 's/^ *//; s/ at 0x55[0-9a-f]+$//')" '1 a: created 1G
5 a: has 1G
1 a: mapped 1G rw'
}

@test "a missing parent directory, or a parent that is not a directory" {
	fails 1 create -s 1G d/a
	cause 'msharectl create: d/a: the parent directory does not exist'
	works create -q -s 1G a
	fails 1 create -s 1G a/b
	cause 'msharectl create: a/b: a part of the path is not a directory'
	fails 1 create -s 1G "$(printf 'x%.0s' {1..300})"
	[[ ${stderr_lines[0]} == *': the name is too long' ]]
}

@test "absolute paths, relative paths, and paths outside msharefs" {
	works create -q -s 1G "$MOUNT/a"
	cd "$MOUNT"
	works create -q -s 1G ./b
	mkdir d
	cd d
	works create -q -s 1G ../c
	# without ./ it is relative to the mount point wherever this is
	works create -q -s 1G e
	works info -nr -o NAME
	assert_output $'a\nb\nc\ne'
	fails 1 create -s 1G "$BATS_TEST_TMPDIR/x"
	cause "msharectl create: $BATS_TEST_TMPDIR/x: not on msharefs"
	[[ ! -e $BATS_TEST_TMPDIR/x ]]
}

@test "a path on another msharefs" {
	needs_other
	for option in '' --dry-run --if-missing '--addr 1T'; do
		# shellcheck disable=SC2086
		fails 1 create $option -s 1G "$MOUNT/other/a"
		cause "msharectl create: $MOUNT/other/a: on another msharefs"
		next_step 'Choose the mount with --mount-point; see findmnt -t msharefs'
		[[ ! -e $OTHER/a ]]
	done
	works create -q -s 1G -M "$MOUNT/other" a
	[[ -e $OTHER/a ]]
}

@test "create without permission" {
	publish_mount
	[[ $(id -u) -eq 0 ]] || chmod a-w "$MOUNT"
	for option in --quiet --dry-run; do
		run --separate-stderr as_nobody_create $option
		show
		assert_equal "$status" 1
		assert_equal "${stderr_lines[0]}" 'msharectl create: a: no permission to create files in the directory'
	done
}

as_nobody_create() {
	as_nobody_msharectl create -s 1G "$@" a
}
