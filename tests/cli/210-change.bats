#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# map, unmap and protect.

load common

START=0x550000000000

setup() {
	setup_fake
	msharectl create -q -s 4G pg
}

make_file() {
	FILE=$BATS_TEST_TMPDIR/file
	truncate -s "$1" "$FILE"
}

teardown() {
	[[ -z ${RUNNING:-} ]] || kill "$RUNNING"
}

# A program that runs may not be written to by root either.
make_unwritable() {
	FILE=$BATS_TEST_TMPDIR/running
	cp "$(type -P sleep)" "$FILE"
	"$FILE" 60 3>&- &
	RUNNING=$!
	until [[ /proc/$RUNNING/exe -ef $FILE ]]; do sleep 0.1; done
}

msharectl_nohup() (
	trap '' HUP
	msharectl "$@"
)

mapped() {
	msharectl stat -nrb -o MAPPINGS,MAPPED pg
}

@test "map: the whole region, rw" {
	works map pg
	assert_output "pg: mapped 4G rw at $START"
	assert_equal "$(mapped)" "1 $((4 * G))"
}

@test "map -a, --addr and -s, --size: a part of the region" {
	works map --addr 0x550000001000 --size 8K pg
	assert_output 'pg: mapped 8K rw at 0x550000001000'
	works map -a 0x5500c0000000 -s 1G pg
	assert_equal "$(mapped)" "2 $((G + 8192))"
	# up to the end
	works map --addr 0x550080000000 --size 1G pg
	works unmap pg
	works map --addr 0x550040000000 pg
	assert_output 'pg: mapped 3G rw at 0x550040000000'
}

@test "map -p, --prot" {
	for prot in r rw rx rwx none; do
		works map --prot $prot pg
		assert_output "pg: mapped 4G $prot at $START"
		works unmap -q pg
	done
	works map -p r pg
	for prot in '' w x wx wr 3 rwxx R; do
		usage_error "--prot: unknown access rights '$prot' (expected r, rw, rx, rwx or none)" map --prot "$prot" pg
		usage_error "--prot: unknown access rights '$prot' (expected r, rw, rx, rwx or none)" protect --prot "$prot" pg
	done
}

@test "map --noreserve" {
	log_requests
	works map --noreserve pg
	assert_equal "$(mapped)" "1 $((4 * G))"
	# MAP_NORESERVE, of the generic flags
	requests_were "CREATE_MAPPING $START 0x100000000 prot 3 flags 0x4031 offset 0x0"
}

@test "map --file: the rest of the file, in whole pages" {
	make_file 10000
	works map --file "$FILE" pg
	assert_output "pg: mapped 12K rw at $START"
	works unmap -q pg
	log_requests
	works map --file "$FILE" --offset 8K -p r -a 0x550000001000 pg
	assert_output 'pg: mapped 4K r at 0x550000001000'
	requests_were 'CREATE_MAPPING 0x550000001000 0x1000 prot 1 flags 0x11 offset 0x2000'
}

@test "map --file --size: this size, inside the region" {
	make_file 5G
	works map --file "$FILE" --size 8K pg
	assert_output "pg: mapped 8K rw at $START"
	works map --file "$FILE" --offset 1G -a 0x550040000000 pg
	assert_output 'pg: mapped 3G rw at 0x550040000000'
	works unmap -q pg
	fails 1 map --file "$FILE" --size 5G pg
}

@test "map --file opens a read-only file for reading" {
	make_file 4096
	# what the fake refuses with a descriptor for reading
	works map -q --file "$FILE" -p rw -s 4K pg
	works unmap -q pg
	make_unwritable
	works map -q --file "$FILE" -p r -s 4K pg
	works unmap -q pg
	fails 1 map --file "$FILE" -p rw pg
	next_step 'Map the file with --prot r.'
}

@test "map --file refuses files that cannot be mapped" {
	make_file 4096
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	: >"$BATS_TEST_TMPDIR/empty"
	fails 1 map --file /nonexistent pg
	cause 'msharectl map: /nonexistent: no such file'
	fails 1 map --file "$BATS_TEST_TMPDIR" pg
	cause "msharectl map: $BATS_TEST_TMPDIR: not a regular file"
	fails 1 map --file "$BATS_TEST_TMPDIR/fifo" pg
	cause "msharectl map: $BATS_TEST_TMPDIR/fifo: not a regular file"
	next_step 'Name a regular file.'
	fails 1 map --file "$BATS_TEST_TMPDIR/empty" pg
	cause "msharectl map: $BATS_TEST_TMPDIR/empty: the file has a size of 0B: nothing from offset 0B on"
	fails 1 map --file "$FILE" --offset 4K pg
	cause "msharectl map: $FILE: the file has a size of 4K: nothing from offset 4K on"
	fails 1 map --file "$FILE" --offset 100 pg
	cause "msharectl map: $FILE: an offset of 100B is not a multiple of $(($(getconf PAGESIZE) / 1024))K"
	fails 1 map --file "$MOUNT/mshare_info" pg
	assert_equal "$(mapped)" '0 0'
	usage_error '--file: the path is empty' map --file '' pg
	usage_error '--offset needs --file' map --offset 4K pg
	usage_error "--offset: 'x' is not an offset" map --file "$FILE" --offset x pg
}

@test "map --populate populates the whole mapping in steps" {
	log_requests
	works map --populate -s 80M pg
	requests_were "CREATE_MAPPING $START 0x5000000 prot 3 flags 0x31 offset 0x0" \
		"ADVISE $START 0x4000000 23" 'ADVISE 0x550004000000 0x1000000 23'
	# without the right to write, and a file, by reading
	works unmap -q pg
	log_requests
	works map --populate -p r -s 4K pg
	requests_were "CREATE_MAPPING $START 0x1000 prot 1 flags 0x31 offset 0x0" "ADVISE $START 0x1000 22"
	make_file 4096
	works map --populate --file "$FILE" -a 0x550000001000 pg
	requests_were 'CREATE_MAPPING 0x550000001000 0x1000 prot 3 flags 0x11 offset 0x0' \
		'ADVISE 0x550000001000 0x1000 22'
	usage_error '--populate needs r in --prot' map --populate -p none pg
	usage_error '--force needs --populate' map --force pg
}

@test "map --huge advises before any page is present" {
	log_requests
	works map --huge --populate -s 4K pg
	requests_were "CREATE_MAPPING $START 0x1000 prot 3 flags 0x31 offset 0x0" \
		"ADVISE $START 0x1000 14" "ADVISE $START 0x1000 23"
}

@test "map names a pool of huge pages that is short" {
	local pool=$MSHARE_FAKE_SYS/hugepages/hugepages-2048kB
	mkdir -p "$pool"
	echo 5 >"$pool/free_hugepages"
	echo 3 >"$pool/resv_hugepages"
	truncate -s 64M "$BATS_TEST_TMPDIR/huge"
	MSHARE_FAKE_HUGETLB=$(realpath "$BATS_TEST_TMPDIR/huge")
	export MSHARE_FAKE_HUGETLB MSHARE_FAKE_FAIL
	for MSHARE_FAKE_FAIL in CREATE_MAPPING:12 ADVISE:14; do
		fails 1 map --populate --file "$MSHARE_FAKE_HUGETLB" pg
		cause 'msharectl map: pg: the pool of huge pages of 2M is short: 2 are free'
		next_step 'Enlarge the pool, or map less: /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages'
		assert_equal "$(mapped)" '0 0'
	done
	unset MSHARE_FAKE_HUGETLB
	fails 1 map --populate --file "$BATS_TEST_TMPDIR/huge" pg
	cause 'msharectl map: pg: the file ends before the range does'
}

@test "a file on msharefs is named, and not the region" {
	works create -q -s 1G other
	fails 1 map --file "$MOUNT/other" pg
	cause "msharectl map: $MOUNT/other: files on msharefs cannot be mapped into a region"
	next_step 'Map a file of another file system.'
}

@test "a map that fails half-way leaves no mapping" {
	export MSHARE_FAKE_FAIL=ADVISE:12
	fails 1 map --populate pg
	cause 'msharectl map: pg: memory is short: 1T of memory and swap are available'
	next_step 'Nothing was mapped. Free memory, or raise the memory limit of the cgroup that created the region, which pays.'
	assert_equal "$(mapped)" '0 0'
	MSHARE_FAKE_FAIL=ADVISE:22
	fails 1 map --huge pg
	cause 'msharectl map: pg: huge pages are not available for this mapping'
	assert_equal "$(mapped)" '0 0'
	# the one thing that can't be undone is said
	MSHARE_FAKE_FAIL=ADVISE:22,UNMAP:1
	run --separate-stderr msharectl map --huge pg
	assert_failure 1
	assert_equal "${stderr_lines[2]}" "msharectl map: pg: note: the new mapping cannot be unmapped: Operation not permitted"
}

@test "an interrupted map leaves no mapping" {
	export MSHARE_FAKE_SIGNAL
	for signal in 1 2 3 10 14 15 24 35; do
		for request in CREATE_MAPPING ADVISE; do
			MSHARE_FAKE_SIGNAL=$request:$signal
			run --separate-stderr msharectl_signalled map --populate pg
			assert_equal "$status $output" "$((128 + signal)) "
			case $request in
			ADVISE) assert_equal "$stderr" 'msharectl map: pg: interrupted after 64M of 4G; nothing is mapped' ;;
			*) assert_equal "$stderr" '' ;;
			esac
			assert_equal "$(MSHARE_FAKE_SIGNAL='' mapped)" '0 0'
		done
	done
	# not by a signal that is ignored, as under nohup
	MSHARE_FAKE_SIGNAL=ADVISE:1
	run --separate-stderr msharectl_nohup map --populate pg
	assert_success
	assert_equal "$(mapped)" "1 $((4 * G))"
}

@test "--dry-run changes nothing" {
	works map --dry-run pg
	assert_output "pg: would map 4G rw at $START"
	assert_equal "$(mapped)" '0 0'
	works map -q pg
	works unmap --dry-run pg
	assert_output "pg: would unmap 4G at $START"
	works protect --dry-run -p r pg
	assert_output "pg: would protect 4G r at $START"
	assert_equal "$(mapped)" "1 $((4 * G))"
}

@test "map --dry-run detects an overlap" {
	works map -q --addr 0x550040000000 --size 1G pg
	for option in '' --dry-run; do
		# shellcheck disable=SC2086
		fails 1 map $option pg
		cause 'msharectl map: pg: the range overlaps a mapping'
		# shellcheck disable=SC2086
		fails 1 map $option --addr 0x550040001000 --size 4K pg
	done
	works map --dry-run --size 1G pg
	works map --dry-run --addr 0x550080000000 pg
	# a kernel that does not list mappings
	MSHARE_FAKE_FAIL=NEXT_MAPPING:25 works map --dry-run pg
}

@test "-q, --quiet: only the name" {
	works map -q pg
	assert_output pg
	works protect -q -p r pg
	assert_output pg
	works unmap -q pg
	assert_output pg
	works map --quiet pg
	assert_output pg
	works protect --quiet -p r pg
	assert_output pg
	works unmap --quiet pg
	assert_output pg
}

@test "map refuses to overlap a mapping" {
	works map -q -s 1G pg
	fails 1 map pg
	cause 'msharectl map: pg: the range overlaps a mapping'
	next_step 'Choose another range with --addr and --size, or unmap the range, which frees its memory.'
}

@test "unmap: the whole region, or a part" {
	works map -q -s 1G pg
	works map -q -a 0x550040000000 -s 1G pg
	works map -q -a 0x550080000000 -s 1G pg
	works unmap --addr 0x550040000000 --size 1G pg
	assert_output 'pg: unmapped 1G at 0x550040000000'
	assert_equal "$(mapped)" "2 $((2 * G))"
	works unmap -a 0x550040000000 -s 2G pg
	assert_equal "$(mapped)" "1 $G"
	works unmap pg
	assert_output "pg: unmapped 4G at $START"
	assert_equal "$(mapped)" '0 0'
}

@test "protect: the whole region, or a part" {
	works map -q -s 1G pg
	works map -q -a 0x550040000000 pg
	works protect --prot r pg
	assert_output "pg: protected 4G r at $START"
	works protect -p none --addr $START --size 1G pg
	assert_output "pg: protected 1G none at $START"
	works protect -p none -a $START -s 1G pg
	usage_error '--prot is missing' protect pg
}

@test "protect requires that the whole range is mapped" {
	works map -q -s 1G pg
	fails 1 protect -p r pg
	[[ ${stderr_lines[0]} == 'msharectl protect: pg: a part of the range is not mapped: 0x'* ]]
}

@test "ranges outside the region are refused" {
	for command in map unmap 'protect -p r'; do
		# shellcheck disable=SC2086
		{
			fails 1 $command --addr 0x1fffc0000000 pg
			cause "msharectl ${command%% *}: pg: address 0x1fffc0000000 is not in the region"
			next_step 'The region reaches from 0x550000000000 to 0x550100000000.'
			fails 1 $command --addr 0x550100000000 pg
			fails 1 $command --size 5G pg
			cause "msharectl ${command%% *}: pg: a size of 5G from 0x550000000000 exceeds the region's end"
			fails 1 $command --addr 0x550040000000 --size 4G pg
			fails 1 $command --addr 0x550040000000 --size 0xffffffffffffffff pg
		}
	done
}

@test "ranges that are not whole pages are refused" {
	page=$(getconf PAGESIZE)
	fails 1 map --size 5000 pg
	cause 'msharectl map: pg: a range of 5000B from 0x550000000000 does not consist of whole pages'
	next_step "Give an address and a size that are multiples of the page size, $((page / 1024))K."
	fails 1 unmap --addr 0x550000000800 pg
	fails 1 protect -p r --addr 0x550000000800 --size 2048 pg
}

@test "bad numbers are refused" {
	for command in map unmap 'protect -p r'; do
		# shellcheck disable=SC2086
		{
			fails 2 $command --size 0 pg
			fails 2 $command --size 1Q pg
			fails 2 $command --addr 1.5 pg
			fails 2 $command --addr 0x10000000000000000 pg
		}
	done
}

@test "names that are not regions are refused" {
	local file=$BATS_TEST_TMPDIR/file
	: >"$file"
	mkdir "$MOUNT/dir"
	: >"$MOUNT/unset"
	for command in map unmap 'protect -p r'; do
		word=${command%% *}
		# shellcheck disable=SC2086
		{
			fails 1 $command nonsense
			cause "msharectl $word: nonsense: no such region"
			fails 1 $command dir
			cause "msharectl $word: dir: a directory, not a region"
			fails 1 $command mshare_info
			cause "msharectl $word: mshare_info: not a region"
			fails 1 $command unset
			cause "msharectl $word: unset: the region has no address and size"
			fails 1 $command "$file"
			cause "msharectl $word: $file: not on msharefs"
			fails 1 $command pg/x
			cause "msharectl $word: pg/x: a part of the path is not a directory"
		}
	done
}

@test "messages explain why the kernel refuses a change" {
	export MSHARE_FAKE_FAIL
	MSHARE_FAKE_FAIL=CREATE_MAPPING:12
	fails 1 map pg
	cause 'msharectl map: pg: not enough memory for the whole range'
	next_step 'Map less with --size, or do not reserve memory: --noreserve.'
	MSHARE_FAKE_FAIL=CREATE_MAPPING:28
	fails 1 map pg
	cause 'msharectl map: pg: the mapping exceeds the size limit of the mount'
	next_step "Check df $MOUNT; as root: mount -o remount,size=SIZE $MOUNT"
	truncate -s 4096 "$BATS_TEST_TMPDIR/object"
	fails 1 map --file "$BATS_TEST_TMPDIR/object" pg
	cause "msharectl map: pg: the mapping exceeds the size limit of the mount"
	MSHARE_FAKE_FAIL=UNMAP:12
	fails 1 unmap pg
	cause 'msharectl unmap: pg: the kernel is out of memory and cannot split mappings'
	MSHARE_FAKE_FAIL=PROTECT:13
	fails 1 protect -p r pg
	cause 'msharectl protect: pg: the mapping does not allow this'
	# not in the table
	MSHARE_FAKE_FAIL=UNMAP:5
	fails 1 unmap pg
	cause 'msharectl unmap: pg: Input/output error'
}
