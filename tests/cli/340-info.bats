#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# info: the mappings in regions. 300-listings.bats has the rest.

load common

setup() {
	setup_fake
	msharectl create -q -s 2G pg
	msharectl create -q -s 1G empty
	msharectl map -q --noreserve --size 1M pg
	FILE=$BATS_TEST_TMPDIR/data
	truncate -s 64K "$FILE"
	msharectl map -q --prot r --file "$FILE" --offset 4K --addr 0x550000200000 pg
}

@test "info NAME: the same table for one region and for several" {
	works info pg
	assert_output "NAME          START SIZE MODE OWNER
pg   0x550000000000   2G 0600 $(id -un)"
	works info pg empty
	assert_output "NAME           START SIZE MODE OWNER
pg    0x550000000000   2G 0600 $(id -un)
empty 0x550080000000   1G 0600 $(id -un)"
}

@test "info --mappings: the same table for one region and for several" {
	wanted="NAME          START            END SIZE PROT FLAGS               OFFSET FILE
pg   0x550000000000 0x550000100000   1M rw   anonymous,noreserve      - -
pg   0x550000200000 0x55000020f000  60K r    -                     4096 $FILE"
	works info --mappings pg
	assert_output "$wanted"
	works info --mappings
	assert_output "$wanted"
}

@test "info NAME: a kernel without counters and mappings" {
	export MSHARE_FAKE_NO_STAT=1 MSHARE_FAKE_FAIL=NEXT_MAPPING:25
	works info pg
	assert_equal "${#lines[@]}" 2
	fails 1 info --mappings pg
	cause 'msharectl info: pg: this kernel does not list mappings'
	next_step 'Update the kernel, or omit --mappings.'
}

@test "info --mappings: an error while listing mappings is not an empty region" {
	for err in 12 5; do
		MSHARE_FAKE_FAIL=NEXT_MAPPING:$err fails 1 info --mappings pg
		# without the option, nothing asks for mappings
		MSHARE_FAKE_FAIL=NEXT_MAPPING:$err works info -nr -o NAME pg
		assert_output pg
	done
	MSHARE_FAKE_FAIL=NEXT_MAPPING:5 fails 1 info --mappings pg
	cause 'msharectl info: pg: Input/output error'
}

@test "info --mappings: one line for each mapping" {
	works info --mappings -r
	assert_output "NAME START END SIZE PROT FLAGS OFFSET FILE
pg 0x550000000000 0x550000100000 1M rw anonymous,noreserve - -
pg 0x550000200000 0x55000020f000 60K r - 4096 $FILE"
	works info --mappings -n -r -o NAME,INODE,DEVICE,SIZE -b pg
	device=$(stat -c %d "$FILE")
	assert_output "pg - - 1048576
pg $(stat -c %i "$FILE") $(((device >> 8) & 0xfff)):$(((device & 0xff) | ((device >> 12) & 0xfff00))) 61440"
	works info --mappings empty
	assert_output ''
	works info --mappings -P -o FILE,OFFSET pg
	assert_output "FILE=\"\" OFFSET=\"\"
FILE=\"$FILE\" OFFSET=\"4096\""
	MSHARE_MOUNT_POINT=/nonexistent works info --mappings --list-columns
	columns=$(awk '{ print $1 }' <<<"$output" | paste -sd ' ')
	works info --mappings --output-all -r
	assert_line --index 0 "$columns"
}

@test "info --mappings --json: mappings inside their regions" {
	works info --mappings -J
	assert_equal "$(jq -c '[.regions[] | keys_unsorted] | unique' <<<"$output")" \
		'[["name","name_bytes","start","size","mode","owner","mappings"]]'
	assert_equal "$(jq -c '.regions[0].mappings' <<<"$output")" '[]'
	assert_equal "$(jq -c '.regions[1].mappings' <<<"$output")" \
		"[{\"start\":\"0x550000000000\",\"end\":\"0x550000100000\",\"size\":1048576,\"prot\":\"rw\",\"flags\":[\"anonymous\",\"noreserve\"],\"offset\":null,\"file\":null,\"file_bytes\":null},{\"start\":\"0x550000200000\",\"end\":\"0x55000020f000\",\"size\":61440,\"prot\":\"r\",\"flags\":[],\"offset\":4096,\"file\":\"$FILE\",\"file_bytes\":null}]"
	works info --mappings -J -o SIZE pg
	assert_equal "$(jq -c '.regions[0] | [.name, .mappings]' <<<"$output")" '["pg",[{"size":1048576},{"size":61440}]]'
	# without it there is no such key
	works info -J
	assert_equal "$(jq -c '.regions[0] | has("mappings")' <<<"$output")" false
}

@test "info --mappings: locked mappings, and files with hostile names" {
	msharectl lock -q --size 1M pg
	works info --mappings -J -o FLAGS pg
	assert_equal "$(jq -c '.regions[0].mappings[0].flags' <<<"$output")" '["anonymous","noreserve","locked"]'
	hostile=$BATS_TEST_TMPDIR/$'a "b"\n\xff'
	truncate -s 4K "$hostile"
	msharectl map -q --file "$hostile" empty
	works info --mappings -J -o FILE empty
	assert_equal "$(jq -r '.regions[0].mappings[0].file' <<<"$output")" "$BATS_TEST_TMPDIR/"$'a "b"\n\xef\xbf\xbd'
	assert_equal "$(jq -r '.regions[0].mappings[0].file_bytes' <<<"$output")" \
		"$(printf %s "$hostile" | od -An -v -tx1 | tr -d ' \n')"
	works info --mappings -nr empty
	assert_equal "${#lines[@]}" 1
}

@test "info shows how much of the limits is used" {
	MSHARE_FAKE_USAGE=262144:131072:50:20 works info
	assert_line 'memory:  512M of 1G used'
	assert_line 'names:   30 of 50'
	MSHARE_FAKE_USAGE=262144:131072:0:0 works info -b
	assert_line 'memory:  536870912 of 1073741824 used'
	refute_line --partial names:
}

@test "info --at finds the region and the mapping of an address" {
	msharectl create -q -s 2G --addr 0x300000000000 at
	msharectl map -q -s 4M at
	works info --at 0x300000001234 -o NAME,START,END,PROT -nr
	assert_output 'at 0x300000000000 0x300000400000 rw'
	works info --at 0x300000001234 -r
	assert_line 'NAME START END SIZE PROT FLAGS OFFSET FILE RESIDENT'
	# the fake's region is a sparse file
	assert_line --index 1 --regexp ' no$'
	printf x | dd of="$MOUNT/at" bs=4096 seek=1 conv=notrunc status=none
	works info --at 0x300000001234 -nr -o RESIDENT
	assert_output yes
	works info --mappings -nr -o RESIDENT at
	assert_equal "$output" -
	works info --at 0x300000001234 -J
	assert_equal "$(jq -c '[.regions[] | [.name, (.mappings | length)]]' <<<"$output")" '[["at",1]]'
	fails 1 info --at 0x300040000000
	cause 'msharectl info: at: nothing is mapped at 0x300040000000: an access raises SIGSEGV'
	fails 1 info --at 0x700000000000
	cause 'msharectl info: 0x700000000000: no region has this address'
	next_step 'List the ranges: msharectl info'
}

@test "info --at: an error of a request is the only cause" {
	msharectl create -q -s 2G --addr 0x300000000000 at
	MSHARE_FAKE_FAIL=NEXT_MAPPING:5 fails 1 info --at 0x300000001234
	cause 'msharectl info: at: Input/output error'
	assert_equal "${#stderr_lines[@]}" 2
}

@test "info --at notes that the file ends before the address" {
	truncate -s 8K "$BATS_TEST_TMPDIR/file"
	file=$(realpath "$BATS_TEST_TMPDIR/file")
	msharectl create -q -s 1G --addr 0x300000000000 --map --file "$file" at
	works info --at 0x300000001fff
	truncate -s 1 "$file"
	works info --at 0x300000000fff
	run -0 --separate-stderr msharectl info --at 0x300000001000 -nr -o NAME
	assert_output at
	assert_equal "$stderr" "msharectl info: $file: note: the file ends before the address: an access raises SIGBUS; the size of the file is 1B"
	# another file of this name
	: >"$file.new"
	mv "$file.new" "$file"
	works info --at 0x300000001000
}

@test "info --at names a removed region" {
	export MSHARE_FAKE_REMOVED=gone:4194304:2
	fails 1 info --at 0x210000000000
	cause 'msharectl info: gone (deleted): the region with this address was removed; its mappings are not listed'
	next_step 'Show its processes: msharectl ps'
}
