#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# fish completion, as fish itself says it would be.

load common

setup() {
	setup_fake
	msharectl_in_path
	msharectl create -q -s 1G alpha
	msharectl create -q -s 1G alto
	mkdir "$MOUNT/dir"
	msharectl create -q -s 1G dir/beta
}

@test "commands" {
	offers fish 'msharectl cr' create \
		'msharectl unm' unmap \
		'msharectl help at' attach-exec \
		"msharectl -M $MOUNT inf" info \
		'msharectl nonsense ' ''
}

@test "names of existing regions" {
	for command in map unmap ls info stat ps rm attach-exec; do
		lines+=("msharectl $command al" 'alpha alto')
	done
	offers fish "${lines[@]}" \
		'msharectl info dir/' dir/beta \
		'msharectl info x' '' \
		'msharectl protect -p r alp' alpha \
		'msharectl rm -f alpha d' dir/beta \
		'msharectl create a' ''
}

@test "advice comes before the name" {
	offers fish 'msharectl advise pop' 'populate populate-read' \
		'msharectl advise cold al' 'alpha alto' \
		'msharectl advise --size 1G cold alp' alpha
}

@test "names with blanks and quotes are quoted" {
	msharectl create -q -s 1G 'a b'
	msharectl create -q -s 1G "it's"
	msharectl create -q -s 1G $'new\nline'
	msharectl create -q -s 1G $'tab\tb'
	mkdir "$MOUNT/bytes"
	msharectl create -q -s 1G $'bytes/\xff'
	offers fish 'msharectl info a\ ' 'a b' \
		'msharectl info "a ' 'a b' \
		'msharectl info it' "it's" \
		'msharectl info new' 'new line' \
		'msharectl info tab' '' \
		'msharectl info by' $'bytes/\xff'
}

@test "names under another mount point, or anywhere" {
	unset MSHARE_MOUNT_POINT
	offers fish "msharectl -M $MOUNT info alp" alpha \
		"msharectl info --mount-point=$MOUNT alp" alpha \
		"msharectl info $MOUNT/alt" "$MOUNT/alto"
}

@test "options" {
	offers fish 'msharectl info --j' --json \
		'msharectl create --ad' --addr \
		'msharectl attach-exec --r' --read-only
}

@test "values" {
	mkdir "$BATS_TEST_TMPDIR/xdir"
	: >"$BATS_TEST_TMPDIR/xfile"
	offers fish 'msharectl map --prot r' 'r rw rwx rx' \
		'msharectl map --prot=rw' '--prot=rw --prot=rwx' \
		'msharectl protect -p n' none \
		'msharectl create --size ' '' \
		'msharectl mempolicy --mode i' interleave \
		'msharectl create --mode i' '' \
		'msharectl mount -o re' 'relatime remount' \
		'msharectl mount -o ro,si' 'ro,size=' \
		"msharectl umount $BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/xdir/" \
		"msharectl map --file $BATS_TEST_TMPDIR/xf" "$BATS_TEST_TMPDIR/xfile" \
		"msharectl map --file=$BATS_TEST_TMPDIR/xf" "--file=$BATS_TEST_TMPDIR/xfile" \
		"msharectl -M $BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/xdir/"
}

@test "columns, also within a list" {
	offers fish 'msharectl info -o SI' SIZE \
		'msharectl info --mappings -o OF' OFFSET \
		'msharectl stat --output SW' SWAPPED \
		'msharectl info --output=NAME,S' '--output=NAME,SIZE --output=NAME,START --output=NAME,STATE' \
		'msharectl info -o +U' +UID \
		'msharectl info -o +UID,G' '+UID,GID +UID,GROUP'
}

@test "after --, the command's own completion" {
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/only-here"
	chmod +x "$BATS_TEST_TMPDIR/bin/only-here"
	offers fish 'msharectl attach-exec alpha -- only-h' only-here \
		'msharectl attach-exec alpha alto -- msharectl info --j' --json \
		'msharectl info -- c' ''
}
