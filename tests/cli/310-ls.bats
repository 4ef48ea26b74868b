#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# ls.

load common

setup() {
	setup_fake
	mkdir -p "$MOUNT/dir/below" "$MOUNT/empty"
	msharectl create -q -s 2G -m 640 pg
	msharectl create -q -s 1G dir/below/one
	chmod 755 "$MOUNT"/dir "$MOUNT"/dir/below "$MOUNT"/empty
}

@test "ls: regions and directories, recursively" {
	works ls
	me=$(id -un)
	assert_output "$(sed 's/ *$//' <<-END
		NAME          TYPE               START SIZE MODE OWNER
		dir           directory              -    - 0755 $me
		dir/below     directory              -    - 0755 $me
		dir/below/one region    0x550080000000   1G 0600 $me
		empty         directory              -    - 0755 $me
		pg            region    0x550000000000   2G 0640 $me
	END
	)"
}

@test "ls NAME: the contents of a directory, or one region" {
	works ls -nr -o NAME dir
	assert_output $'dir/below\ndir/below/one'
	works ls -n --raw -o NAME,TYPE dir/ pg empty
	assert_output $'dir/below directory\ndir/below/one region\npg region'
	works ls -nr -o NAME
	all=$output
	for path in "$MOUNT" "$MOUNT/" "$MOUNT/."; do
		works ls -nr -o NAME "$path"
		assert_output "$all"
	done
	works ls empty
	assert_output ''
}

@test "ls NAME continues after a missing name, and fails" {
	run --separate-stderr msharectl ls -nr -o NAME nonsense pg
	assert_failure 1
	assert_output pg
	cause 'msharectl ls: nonsense: no such file or directory'
	next_step 'List the regions: msharectl ls'
	fails 1 ls /proc
	cause 'msharectl ls: /proc: not on msharefs'
}

@test "ls PATH: on another msharefs" {
	needs_other
	fails 1 ls "$MOUNT/other"
	cause "msharectl ls: $MOUNT/other: on another msharefs"
	next_step 'Choose the mount with --mount-point; see findmnt -t msharefs'
	works ls -nr -o NAME -M "$MOUNT/other" "$MOUNT/other"
	assert_output ''
}

@test "ls: formats" {
	for option in -J --json; do
		works ls $option
		assert_equal "$(jq -c '[keys_unsorted, .version, (.entries | length)]' <<<"$output")" \
			'[["version","mount_point","granule","mount","entries"],2,5]'
		assert_equal "$(jq -c '.entries[0]' <<<"$output")" \
			"{\"name\":\"dir\",\"name_bytes\":null,\"type\":\"directory\",\"start\":null,\"size\":null,\"mode\":\"0755\",\"owner\":\"$(id -un)\"}"
	done
	works ls -J empty
	assert_equal "$(jq -c .entries <<<"$output")" '[]'
	for option in -P --pairs; do
		works ls $option -o NAME,TYPE,SIZE pg
		assert_output 'NAME="pg" TYPE="region" SIZE="2G"'
	done
	for option in -b --bytes; do
		works ls $option --noheadings -r --output SIZE pg
		assert_output $((2 * G))
	done
	works ls --output-all -r pg
	assert_line --index 0 'NAME START END SIZE MODE OWNER GROUP UID GID INODE STATE CTIME ATTACHED RESIDENT PROGRAM MOUNT TYPE'
	works ls -o +INODE -nr pg
	assert_output "pg region 0x550000000000 2G 0640 $(id -un) $(stat -c %i "$MOUNT/pg")"
	MSHARE_MOUNT_POINT=/nonexistent works ls --list-columns
	assert_equal "${#lines[@]}" 17
}

@test "ls: all formats stay valid with hostile names" {
	names=('a b' $'new\nline' 'quo"te' $'bad\xffbyte' 'back\slash' $'\e[31m')
	for name in "${names[@]}"; do
		mkdir "$MOUNT/$name"
		msharectl create -q -s 1G -- "$name/$name"
	done
	works ls -J
	assert_equal "$(jq '.entries | length' <<<"$output")" 17
	assert_equal "$(jq -r '.entries[] | select(.name_bytes) | .name_bytes' <<<"$output")" \
		$'626164ff62797465\n626164ff627974652f626164ff62797465'
	works ls -nr
	assert_equal "${#lines[@]}" 17
}

@test "ls NAME of a region that the user may not open" {
	[[ $(id -u) -eq 0 ]] || skip 'needs another user'
	publish_mount
	msharectl create -q -s 1G priv
	run --separate-stderr as_nobody_msharectl ls -nr priv
	show
	assert_success
	assert_output 'priv region - - 0600 root'
}

@test "ls --sort, --filter, -z, --zero" {
	works ls --filter TYPE=directory -nr -o NAME,TYPE
	refute_output --partial region
	works ls --sort NAME -nr -o NAME
	sorted=$output
	for option in -z --zero; do
		msharectl ls --sort=NAME $option | tr '\0' '\n' >"$BATS_TEST_TMPDIR/names"
		assert_equal "$(<"$BATS_TEST_TMPDIR/names")" "$sorted"
	done
}

@test "ls truncates long names on a terminal only" {
	name=$(printf 'n%.0s' {1..200})
	works create -q -s 1G "$name"
	works ls
	assert_line --partial "$name"
	run -0 script -qec "stty cols 70; LD_PRELOAD='$PROBES/fake-msharefs.so' '$BUILD/msharectl' ls" /dev/null
	refute_line --partial "$name"
	assert_line --regexp '^nnnnnnnn.* region +0x5500c0000000 '
}

# From here on the fake has the regions @7, of postgres, and @9.
some_nameless() {
	touch "$BATS_TEST_TMPDIR/memory"
	export MSHARE_FAKE_NAMELESS=$BATS_TEST_TMPDIR/memory:postgres:268435456:3
}

@test "ls -a, --all shows nameless regions with their program" {
	rm -r "${MOUNT:?}"/*/ && works create -q -s 1G one
	some_nameless
	works ls -nr --filter NAME=@7
	assert_output ''
	for option in -a --all; do
		works ls $option -r
		assert_line --index 0 'NAME TYPE START SIZE MODE OWNER ATTACHED RESIDENT PROGRAM'
		assert_line 'one region 0x550080000000 1G 0600 '"$(id -un)"' 3 5M -'
		assert_line "@7 nameless 0x7000000000 256M - $(id -nu 1) 3 5M postgres"
		assert_line "@9 nameless 0x7000000000 256M - $(id -nu 1) 0 5M sh"
	done
	works ls --all -nr --filter PROGRAM=postgres -o NAME,STATE,END,GROUP,CTIME
	assert_output '@7 nameless 0x7010000000 - -'
	works ls @9 -nr -o NAME,PROGRAM
	assert_output '@9 sh'
	# no name for another command
	works ls --all --zero
	assert_output --partial one
	refute_output --partial @
	usage_error 'NAME and --all exclude each other' ls --all one
}

@test "ls: nameless regions that do not exist, and kernels without them" {
	some_nameless
	for name in @0 @8 @10 @18446744073709551615; do
		fails 1 ls "$name"
		cause "msharectl ls: $name: no such nameless region"
		next_step 'List these regions: msharectl ls --all'
	done
	# names of files
	for name in @ @7x @18446744073709551616 @-7; do
		fails 1 ls "$name"
		cause "msharectl ls: $name: no such file or directory"
	done
	works ls "$MOUNT"
	MSHARE_FAKE_FAIL=NEXT_NAMELESS:25 run -1 --separate-stderr msharectl ls --all
	cause 'msharectl ls: this kernel does not list nameless regions'
	next_step 'Update the kernel.'
	[[ -n $output ]]
	MSHARE_FAKE_FAIL=NEXT_NAMELESS:25 works ls
}
