#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# map, unmap and protect.

load common

START=0x200000000000

setup() {
	setup_fake
	msharectl create -q -s 4G pg
}

mapped() {
	msharectl stat -nrb -o MAPPINGS,MAPPED pg
}

@test "map: the whole region, rw" {
	works map pg
	assert_output "pg: mapped 4G rw at $START"
	assert_equal "$(mapped)" "1 $((4 * G))"
}

@test "map -a, --addr and -s, --size: a part of it" {
	works map --addr 0x200000001000 --size 8K pg
	assert_output 'pg: mapped 8K rw at 0x200000001000'
	works map -a 0x2000c0000000 -s 1G pg
	assert_equal "$(mapped)" "2 $((G + 8192))"
	# up to the end
	works map --addr 0x200080000000 --size 1G pg
	works unmap pg
	works map --addr 0x200040000000 pg
	assert_output 'pg: mapped 3G rw at 0x200040000000'
}

@test "map -p, --prot" {
	for prot in r rw rx rwx none w x wx; do
		works map --prot $prot pg
		assert_output "pg: mapped 4G $prot at $START"
		works unmap -q pg
	done
	works map -p r pg
	for prot in '' wr 3 rwxx R; do
		usage_error "--prot: '$prot' is none of r, w, x, rw, rx, wx, rwx, none" map --prot "$prot" pg
		usage_error "--prot: '$prot' is none of r, w, x, rw, rx, wx, rwx, none" protect --prot "$prot" pg
	done
}

@test "map --noreserve" {
	log_requests
	works map --noreserve pg
	assert_equal "$(mapped)" "1 $((4 * G))"
	# MAP_NORESERVE, of the generic flags
	requests_were "CREATE_MAPPING $START 0x100000000 prot 3 flags 0x4031 offset 0x0"
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

@test "-q, --quiet: the name only" {
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

@test "map over something" {
	works map -q -s 1G pg
	fails 1 map pg
	cause 'msharectl map: pg: something is mapped in this range already'
	next_step 'Unmap it first, or choose another range with --addr and --size.'
}

@test "unmap: all of it, or a part" {
	works map -q -s 1G pg
	works map -q -a 0x200040000000 -s 1G pg
	works map -q -a 0x200080000000 -s 1G pg
	works unmap --addr 0x200040000000 --size 1G pg
	assert_output 'pg: unmapped 1G at 0x200040000000'
	assert_equal "$(mapped)" "2 $((2 * G))"
	works unmap -a 0x200040000000 -s 2G pg
	assert_equal "$(mapped)" "1 $G"
	works unmap pg
	assert_output "pg: unmapped 4G at $START"
	assert_equal "$(mapped)" '0 0'
}

@test "protect: all of it, or a part" {
	works map -q -s 1G pg
	works map -q -a 0x200040000000 pg
	works protect --prot r pg
	assert_output "pg: protected 4G r at $START"
	works protect -p none --addr $START --size 1G pg
	assert_output "pg: protected 1G none at $START"
	works protect -p none -a $START -s 1G pg
	usage_error '--prot is missing' protect pg
}

@test "protect needs all of it mapped" {
	works map -q -s 1G pg
	fails 1 protect -p r pg
	cause 'msharectl protect: pg: not all of this range is mapped'
}

@test "ranges outside the region are refused" {
	for command in map unmap 'protect -p r'; do
		# shellcheck disable=SC2086
		{
			fails 1 $command --addr 0x1fffc0000000 pg
			cause "msharectl ${command%% *}: pg: address 0x1fffc0000000 is not in the region"
			next_step 'It reaches from 0x200000000000 to 0x200100000000.'
			fails 1 $command --addr 0x200100000000 pg
			fails 1 $command --size 5G pg
			cause "msharectl ${command%% *}: pg: a size of 5368709120 from 0x200000000000 on goes beyond the region's end"
			fails 1 $command --addr 0x200040000000 --size 4G pg
			fails 1 $command --addr 0x200040000000 --size 0xffffffffffffffff pg
		}
	done
}

@test "ranges that are not whole pages are refused" {
	page=$(getconf PAGESIZE)
	fails 1 map --size 5000 pg
	cause 'msharectl map: pg: a range of 5000 from 0x200000000000 is not made of whole pages'
	next_step "Give an address and a size that are multiples of the page size, $page."
	fails 1 unmap --addr 0x200000000800 pg
	fails 1 protect -p r --addr 0x200000000800 --size 2048 pg
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

@test "names that are no regions" {
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
			cause "msharectl $word: unset: the region has no address and size yet"
			fails 1 $command /etc/passwd
			cause "msharectl $word: /etc/passwd: not on msharefs"
			fails 1 $command pg/x
			cause "msharectl $word: pg/x: a part of the path is not a directory"
		}
	done
}

@test "what the kernel refuses is explained" {
	export MSHARE_FAKE_FAIL
	MSHARE_FAKE_FAIL=CREATE_MAPPING:12
	fails 1 map pg
	cause 'msharectl map: pg: not enough memory for the whole range'
	next_step 'Map less with --size, or promise nothing with --noreserve.'
	MSHARE_FAKE_FAIL=UNMAP:12
	fails 1 unmap pg
	cause 'msharectl unmap: pg: the kernel has no memory to split mappings'
	MSHARE_FAKE_FAIL=PROTECT:13
	fails 1 protect -p r pg
	cause 'msharectl protect: pg: what is mapped there does not allow it'
	# not in the table
	MSHARE_FAKE_FAIL=UNMAP:5
	fails 1 unmap pg
	cause 'msharectl unmap: pg: Input/output error'
}
