#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# bash completion, through the words that readline gives it.

load common

setup() {
	setup_fake
	# shellcheck source=/dev/null
	. "$TREE/completions/msharectl"
	msharectl create -q -s 1G alpha
	msharectl create -q -s 1G alto
	mkdir "$MOUNT/dir"
	msharectl create -q -s 1G dir/beta
}

# completes WORD... WANTED: with the last WORD being typed
completes() {
	local wanted=${*: -1}
	COMP_WORDS=("${@:1:$#-1}")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_msharectl
	assert_equal "${COMPREPLY[*]}" "$wanted"
}

@test "commands" {
	completes msharectl cr create
	completes msharectl unm unmap
	completes msharectl help at attach-exec
	completes msharectl -M "$MOUNT" inf info
	completes msharectl nonsense '' ''
}

@test "names of existing regions" {
	for command in map unmap ls info stat ps rm attach-exec; do
		completes msharectl $command al 'alpha alto'
	done
	completes msharectl info dir/ dir/beta
	completes msharectl info x ''
	completes msharectl protect -p r alp alpha
	completes msharectl rm -f alpha d dir/beta
}

@test "advice comes before the name" {
	completes msharectl advise pop 'populate populate-read'
	completes msharectl advise cold al 'alpha alto'
	completes msharectl advise --size 1G cold alp alpha
}

@test "a new name is not completed" {
	completes msharectl create '' ''
}

@test "names with blanks and quotes are quoted" {
	msharectl create -q -s 1G 'a b'
	msharectl create -q -s 1G "it's"
	msharectl create -q -s 1G $'new\nline'
	completes msharectl info 'a ' 'a\ b'
	completes msharectl info it "it\\'s"
	completes msharectl info new "\$'new\\nline'"
}

@test "names complete a quoted word" {
	msharectl create -q -s 1G 'a b'
	msharectl create -q -s 1G "it's \$5"
	completes msharectl info 'a\ ' 'a\ b'
	completes msharectl info '"a ' 'a b'
	completes msharectl info "'a " 'a b'
	completes msharectl info "'it" "it'\\''s \$5"
	completes msharectl info '"it' "it's \\\$5"
}

@test "names under another mount point" {
	unset MSHARE_MOUNT_POINT
	completes msharectl -M "$MOUNT" info alp alpha
	completes msharectl info --mount-point = "$MOUNT" alp alpha
}

@test "paths outside the mount point" {
	completes msharectl info "$MOUNT/alt" "$MOUNT/alto"
	cd "$MOUNT"
	completes msharectl info ./alt ./alto
}

@test "options" {
	completes msharectl info --j --json
	completes msharectl create --s --size
	completes msharectl attach-exec --r --read-only
}

@test "values" {
	completes msharectl map --prot r 'r rw rx rwx'
	completes msharectl protect -p n none
	completes msharectl map --prot = 'none r rw rx rwx'
	completes msharectl map --prot = rw 'rw rwx'
	completes msharectl create --size '' ''
	mkdir "$BATS_TEST_TMPDIR/x"
	completes msharectl mempolicy --mode i interleave
	completes msharectl create --mode i ''
	completes msharectl mount -o no 'nosuid nodev noexec noatime nodiratime nosymfollow'
	completes msharectl mount --options nr nr_regions=
	completes msharectl mount -o ro,si ro,size=
	completes msharectl umount "$BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/x"
	: >"$BATS_TEST_TMPDIR/data"
	completes msharectl map --file "$BATS_TEST_TMPDIR/d" "$BATS_TEST_TMPDIR/data"
	completes msharectl -M "$BATS_TEST_TMPDIR/x" "$BATS_TEST_TMPDIR/x"
}

@test "columns, also within a list" {
	completes msharectl info -o SI SIZE
	completes msharectl stat --output SW SWAPPED
	completes msharectl info -o NAME,S 'NAME,START NAME,SIZE NAME,STATE'
	completes msharectl info -o +U +UID
	completes msharectl info --mappings -o OF OFFSET
	completes msharectl info -o +UID,G '+UID,GROUP +UID,GID'
}

@test "after --, the command's own completion" {
	# shellcheck disable=SC2317 # the completion calls it
	_command_offset() {
		COMPREPLY=("offset $1")
	}
	completes msharectl attach-exec alpha -- c 'offset 4'
	completes msharectl attach-exec alpha alto -- grep -r x 'offset 5'
	# only attach-exec has a command
	completes msharectl info -- c ''
}

@test "the same with bash-completion" {
	# shellcheck source=/dev/null
	. /usr/share/bash-completion/bash_completion
	# shellcheck disable=SC2317 # the completion calls it
	compopt() { :; }
	COMP_LINE='msharectl attach-exec alpha -- msharectl info --j' COMP_POINT=${#COMP_LINE}
	# shellcheck disable=SC2086 # words
	completes $COMP_LINE --json
}

@test "without bash-completion, names of commands" {
	unset -f _command_offset
	msharectl_completion_test_command() { :; }
	completes msharectl attach-exec alpha -- msharectl_completion_test msharectl_completion_test_command
}
