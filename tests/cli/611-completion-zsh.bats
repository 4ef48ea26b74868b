#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# zsh completion, in a zsh on a terminal.

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
	offers zsh 'msharectl cr' create \
		'msharectl unm' unmap \
		'msharectl help at' attach-exec \
		"msharectl -M $MOUNT inf" info \
		'msharectl nonsense ' ''
	becomes zsh 'msharectl cr' 'msharectl create '
}

@test "names of existing regions" {
	for command in map unmap ls info stat ps rm attach-exec; do
		lines+=("msharectl $command al" 'alpha alto')
	done
	offers zsh "${lines[@]}" \
		'msharectl info dir/' dir/beta \
		'msharectl info x' '' \
		'msharectl protect -p r alp' alpha \
		'msharectl rm -f alpha d' dir/beta \
		'msharectl create a' ''
}

@test "advice comes before the name" {
	offers zsh 'msharectl advise pop' 'populate populate-read' \
		'msharectl advise cold al' 'alpha alto' \
		'msharectl advise --size 1G cold alp' alpha
}

@test "names with blanks and quotes are quoted" {
	msharectl create -q -s 1G 'a b'
	msharectl create -q -s 1G "it's"
	msharectl create -q -s 1G $'new\nline'
	mkdir "$MOUNT/bytes"
	msharectl create -q -s 1G $'bytes/\xff'
	becomes zsh 'msharectl info a\ ' 'msharectl info a\ b ' \
		'msharectl info "a ' 'msharectl info "a b" ' \
		'msharectl info it' "msharectl info it\\'s " \
		'msharectl info new' "msharectl info new\$'\\n'line " \
		"msharectl info by" "msharectl info bytes/\$'\\377' "
}

@test "names under another mount point, or anywhere" {
	unset MSHARE_MOUNT_POINT
	offers zsh "msharectl -M $MOUNT info alp" alpha \
		"msharectl info --mount-point=$MOUNT alp" alpha \
		"msharectl info $MOUNT/alt" alto
}

@test "options" {
	offers zsh 'msharectl info --j' --json \
		'msharectl create --ad' --addr \
		'msharectl attach-exec --r' --read-only
	becomes zsh 'msharectl create --siz' 'msharectl create --size='
}

@test "values" {
	mkdir "$BATS_TEST_TMPDIR/xdir"
	: >"$BATS_TEST_TMPDIR/xfile"
	offers zsh 'msharectl map --prot r' 'r rw rx rwx' \
		'msharectl map --prot=rw' 'rw rwx' \
		'msharectl protect -p n' none \
		'msharectl create --size ' '' \
		'msharectl mempolicy --mode i' interleave \
		'msharectl create --mode i' '' \
		'msharectl mount -o re' 'relatime remount' \
		"msharectl umount $BATS_TEST_TMPDIR/x" xdir \
		"msharectl map --file $BATS_TEST_TMPDIR/xf" xfile \
		"msharectl map --file=$BATS_TEST_TMPDIR/xf" xfile \
		"msharectl -M $BATS_TEST_TMPDIR/x" xdir
}

@test "columns, also within a list" {
	offers zsh 'msharectl info -o SI' SIZE \
		'msharectl info --mappings -o OF' OFFSET \
		'msharectl stat --output SW' SWAPPED \
		'msharectl info --output=NAME,S' 'START SIZE STATE' \
		'msharectl info -o +U' UID \
		'msharectl info -o +UID,G' 'GROUP GID'
	becomes zsh 'msharectl info -o NAME,U' 'msharectl info -o NAME,UID,'
}

@test "after --, the command's own completion" {
	printf '#!/bin/sh\n' >"$BATS_TEST_TMPDIR/bin/only-here"
	chmod +x "$BATS_TEST_TMPDIR/bin/only-here"
	offers zsh 'msharectl attach-exec alpha -- only-h' only-here \
		'msharectl attach-exec alpha alto -- msharectl info --j' --json \
		'msharectl info -- c' ''
}
