#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# What all commands have in common.

load common

commands=(create map unmap protect advise lock unlock mempolicy seal info stat attach-exec rm)

@test "--help and -h print help and end with status 0" {
	for option in --help -h; do
		works $option
		assert_line --index 0 'Usage: msharectl [OPTION...] COMMAND [ARG...]'
		for command in "${commands[@]}"; do
			assert_line --regexp "^  $command +[a-z]"
		done
	done
}

@test "each command has --help and -h, the same as help COMMAND" {
	for command in "${commands[@]}"; do
		works "$command" --help
		assert_line --index 0 --partial "Usage: msharectl $command "
		assert_line --index $((${#lines[@]} - 1)) "See msharectl-$command(8)."
		help=$output
		works "$command" -h
		assert_equal "$output" "$help"
		works help "$command"
		assert_equal "$output" "$help"
	done
}

@test "ARGP_HELP_FMT does not change help" {
	works create --help
	help=$output
	for arguments in 'create --help' 'create -h' 'help create'; do
		# shellcheck disable=SC2086
		ARGP_HELP_FMT=rmargin=50,short-usage-col=2 works $arguments
		assert_equal "$output" "$help"
	done
}

@test "help without a command is --help" {
	works --help
	help=$output
	works help
	assert_equal "$output" "$help"
}

@test "help accepts the same options as other commands" {
	works help help
	assert_line --index 0 'Usage: msharectl help [OPTION...] [COMMAND]'
	help=$output
	for option in --help -h; do
		works help $option
		assert_equal "$output" "$help"
	done
	works create --help
	help=$output
	for arguments in '-M /nonexistent help create' 'help -M /nonexistent create' 'help create -M /nonexistent'; do
		# shellcheck disable=SC2086
		works $arguments
		assert_equal "$output" "$help"
	done
	works help --version
}

@test "help refuses unknown commands" {
	fails 2 help nonsense
	cause "msharectl help: unknown command 'nonsense'"
	usage_error "more than one COMMAND: 'map'" help create map
	usage_error "unrecognized option '--nonsense'" help --nonsense
}

@test "--version and -V print version and libraries" {
	for arguments in --version -V 'create --version' 'info -V'; do
		# shellcheck disable=SC2086
		works $arguments
		assert_output --regexp '^msharectl [0-9.]+ \(libmount [0-9.]+, libsmartcols [0-9.]+, json-c [0-9.]+, attach-exec [a-z0-9_]+\)$'
	done
}

@test "a missing, unknown or abbreviated command is wrong usage" {
	fails 2
	cause 'msharectl: no command given'
	next_step "Try 'msharectl --help' for more information."
	fails 2 nonsense
	cause "msharectl: unknown command 'nonsense'"
	fails 2 cre
	cause "msharectl: unknown command 'cre'"
	fails 2 --nonsense info
	cause "msharectl: unrecognized option '--nonsense'"
}

@test "unknown options and missing arguments are wrong usage" {
	for command in create map unmap protect info stat rm; do
		usage_error "unrecognized option '--nonsense'" "$command" --nonsense
		usage_error "invalid option -- 'Z'" "$command" -Z
		usage_error "option '--mount-point' requires an argument" "$command" --mount-point
	done
}

@test "NAME is missing" {
	usage_error 'NAME is missing' create --size 1G
	usage_error 'NAME is missing' map
	usage_error 'NAME is missing' unmap
	usage_error 'NAME is missing' protect --prot r
	usage_error 'NAME is missing' rm
	usage_error 'NAME is missing' advise cold
	usage_error 'NAME is missing' seal
}

@test "a second NAME is wrong usage where one is expected" {
	usage_error "more than one NAME: 'b'" create --size 1G a b
	usage_error "more than one NAME: 'b'" map a b
	usage_error "more than one NAME: 'b'" unmap a b
	usage_error "more than one NAME: 'b'" protect --prot r a b
	usage_error "more than one NAME: 'b'" advise cold a b
	usage_error "more than one NAME: 'b'" seal a b
}

@test "an empty NAME is wrong usage" {
	usage_error 'a name is empty' create --size 1G ''
	usage_error 'a name is empty' info ''
	usage_error 'a name is empty' rm ''
}

@test "--mount-point is accepted before and after the command" {
	unset MSHARE_MOUNT_POINT
	works --mount-point "$MOUNT" create -q --size 1G a
	works create -q --size 1G b --mount-point "$MOUNT"
	works info -nr -o NAME -M "$MOUNT"
	assert_output $'a\nb'
	works -M "$MOUNT" info -nr -o NAME
	assert_output $'a\nb'
}

@test "--mount-point overrides MSHARE_MOUNT_POINT" {
	export MSHARE_MOUNT_POINT=/nonexistent
	works info -M "$MOUNT"
	fails 3 info
	cause 'msharectl info: /nonexistent: no such directory'
}

@test "a name that begins with - follows --" {
	works create -q --size 1G -- -x
	works info -nr -o NAME
	assert_output -- -x
	MSHARE_FAKE_ATTACHED=0 works rm -- -x
	[[ ! -e $MOUNT/-x ]]
}

@test "an error on standard output is a failure" {
	for arguments in --help 'create --help' --version info 'info -J' 'info --list-columns'; do
		# shellcheck disable=SC2086
		run --separate-stderr msharectl_full $arguments
		assert_equal "$status" 1
		assert_equal "${#stderr_lines[@]}" 2
		[[ ${stderr_lines[0]} == *': standard output: No space left on device' ]]
	done
	msharectl create -q --size 1G --if-missing a
	run --separate-stderr msharectl_full stat --interval 0.01 --count 2
	assert_equal "$status" 1
	assert_equal "$stderr" 'msharectl stat: standard output: No space left on device
What was printed is not complete.'
}

msharectl_full() {
	msharectl "$@" >/dev/full
}

@test "closed standard output is a failure only for commands that print" {
	works create -q --size 1G a
	for arguments in --help --version 'info -J' 'stat --openmetrics' 'ls --list-columns'; do
		# shellcheck disable=SC2086
		run --separate-stderr msharectl_closed $arguments
		assert_equal "$status" 1
		assert_equal "${#stderr_lines[@]}" 2
		[[ ${stderr_lines[0]} == *': standard output: Bad file descriptor' ]]
	done
	msharectl_closed rm a
}

msharectl_closed() {
	msharectl "$@" >&-
}

@test "messages escape control characters in words" {
	fails 1 info $'a\nb\e[31m\xff'
	cause 'msharectl info: a\x0ab\x1b[31m\xff: no such region'
	usage_error "--prot: unknown access rights 'r\x0a\x1b[31mw' (expected r, rw, rx, rwx or none)" \
		protect --prot $'r\n\e[31mw' a
}

# tests/kernel/150-msharectl.bats runs the tour with the kernel.
@test "README's tour runs as a script" {
	msharectl_in_path
	export MSHARE_FAKE_USER=0 MSHARE_FAKE_ATTACHED=0
	sed -n '/^A tour$/,/^"/s/^    //p' "$TREE/README" >"$BATS_TEST_TMPDIR/tour"
	[[ $(grep -c '^msharectl ' "$BATS_TEST_TMPDIR/tour") -eq 10 ]]
	timeout 60 bash -e "$BATS_TEST_TMPDIR/tour" 3>&- >"$BATS_TEST_TMPDIR/out"
	grep -q '^cache: created 300G at 0x550000000000$' "$BATS_TEST_TMPDIR/out"
	[[ ! -e $MOUNT/cache ]]
}

@test "a misspelt command: did you mean" {
	for pair in lss:ls stta:'' sta:stat attach-exce:'' maap:map lok:lock infi:info; do
		wrong=${pair%:*} right=${pair#*:}
		fails 2 "$wrong"
		cause "msharectl: unknown command '$wrong'${right:+; did you mean $right?}"
	done
}

@test "commands in messages act on the same mount, and on the same name" {
	unset MSHARE_MOUNT_POINT
	ln -s "$MOUNT" "$BATS_TEST_TMPDIR/a mount"
	for option in "-M$BATS_TEST_TMPDIR/a mount" "--mount-point=$BATS_TEST_TMPDIR/a mount"; do
		fails 1 info "$option" nonsense
		next_step "List the regions: msharectl -M '$BATS_TEST_TMPDIR/a mount' ls"
	done
	export MSHARE_MOUNT_POINT=$MOUNT
	for name in 'a b' "it's" '$(ls)'; do
		msharectl create -q -s 1G "$name"
		fails 1 create -q -s 1G "$name"
		eval "words=(${stderr_lines[1]#*: })"
		assert_equal "${words[*]}" "msharectl rm $name"
		assert_equal "${#words[@]}" 3
	done
	mkdir "$MOUNT/-d"
	fails 1 rm -- -d
	next_step 'Remove the directory and all its regions: msharectl rm -r -- -d'
}
