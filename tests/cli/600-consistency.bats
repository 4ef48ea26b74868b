#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# Source, --help, manual pages and completions say the same.

load common

commands=(mount umount create map unmap protect advise lock unlock mempolicy seal ls info stat ps report attach-exec run rm)

# The options of a command that --help shows, without those of all commands.
# Asked for once: most tests want those of all commands.
help_options() {
	local known=$BATS_FILE_TMPDIR/options-$1
	[[ -e $known ]] ||
		msharectl "$1" --help | sed '/^ Global options:/,$d' | options_in_help >"$known"
	cat "$known"
}

options_in_help() {
	sed -nE 's/^ +(-[A-Za-z], |    )?(--[a-z-]+).*/\1\2/p' | tr -d ' ' | tr , '\n' | sort
}

# The assembled page of a command; some commands share a page.
page() {
	local page=$BUILD/man/msharectl${1:+-$1}.8 so
	read -r so <"$page"
	[[ $so != .so\ * ]] || page=$BUILD/man/${so#.so man8/}
	printf '%s\n' "$page"
}

# section TITLE PAGE: its lines
section() {
	awk -v title=".SH $1" '/^\.SH / { inside = $0 == title; next } inside' "$2"
}

# What paragraphs are about: .TP and .TQ stand before such a line.
man_terms() {
	section "$1" "$(page "$2")" | grep -A1 '^\.T[PQ]' | grep -v '^\(\.T[PQ]\|--$\)' |
		sed 's/\\-/-/g; s/\\f.//g'
}

# A page of two commands says what only one of them has.
man_options() {
	man_terms OPTIONS "$1" | awk -v mark="(\" $1 \"" '!/ only\)/ || index($0, mark)' |
		grep -oE -- '(^|[ "])--?[A-Za-z][a-z-]*' | tr -d ' "' | sort
}

# The columns there are, and the type that each has in JSON.
man_columns() {
	section COLUMNS "$(page "$1")" | sed -nE 's/\\-/-/g; s/^\.BR ([A-Z/-]+) "? ?\((.*)\)"$/\1 \2/p'
}

# completions SHELL LINE...: "LINE -> WORDS", what it offers at the end of each
completions() {
	local shell=$1
	shift
	"complete_in_$shell" "$@" | grep -F ' -> '
}

complete_in_bash() {
	local line
	for line in "$@"; do
		read -ra COMP_WORDS <<<"$line"
		[[ $line != *' ' ]] || COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_msharectl
		printf '%s -> %s\n' "$line" "${COMPREPLY[*]}"
	done
}

# The words that are offered in "LINE -> WORDS", or any words, one a line.
words() {
	sed 's/.* -> //' | tr -s ' ' '\n' | sort
}

setup() {
	setup_fake
	msharectl_in_path
	# shellcheck source=/dev/null
	. "$TREE/completions/msharectl"
}

@test "the list of commands is the same everywhere" {
	wanted=$(printf '%s\n' "${commands[@]}" help | sort)
	assert_equal "$(msharectl --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | sort)" "$wanted"
	assert_equal "$(grep -hA1 '^const struct command cmd_' "$TREE"/cmd/*.c | sed -n 's/^	.name = "\(.*\)",$/\1/p' | sort)" \
		"$(printf '%s\n' "${commands[@]}" | sort)"
	for shell in bash zsh fish; do
		assert_equal "$shell: $(completions $shell 'msharectl ' | words)" \
			"$shell: $(words <<<"$wanted")"
	done
	for command in "${commands[@]}" help; do
		for page in "$(page "$command")" "$(page '')"; do
			section SYNOPSIS "$page" | grep -qx "\.B msharectl ${command/-/\\\\-}" ||
				fail "no synopsis of $command in $page"
		done
	done
}

@test "the options of each command are the same in --help and page" {
	global=$(printf '%s\n' -h --help -V --version -M --mount-point | sort)
	assert_equal "$(msharectl --help | options_in_help)" "$global"
	assert_equal "$(man_options '')" "$global"
	for command in "${commands[@]}"; do
		wanted=$(help_options "$command")
		[[ -n $wanted ]]
		assert_equal "$command: $(man_options "$command")" "$command: $wanted"
	done
}

@test "the options of each command are the same in --help and bash's completion" {
	offers_options bash
}

@test "the options of each command are the same in --help and zsh's completion" {
	offers_options zsh
}

@test "the options of each command are the same in --help and fish's completion" {
	offers_options fish
}

# offers_options SHELL: those of --help behind each command, and before
offers_options() {
	local command lines=() wanted
	wanted=$(for command in '' "${commands[@]}" help; do
		printf "$command: %s\n" -h --help -V --version -M --mount-point
		[[ -z $command ]] || help_options "$command" | sed "s/^/$command: /"
	done | sort)
	for command in '' "${commands[@]}" help; do
		lines+=("msharectl ${command:+$command }-")
	done
	assert_equal "$(completions "$1" "${lines[@]}" | awk '{
		sub(/^msharectl /, "")
		split($0, parts, / ?- -> /)
		count = split(parts[2], words)
		for (i = 1; i <= count; i++)
			if (words[i] != "--") print parts[1] ": " words[i]
	}' | sort)" "$wanted"
}

@test "the values in completions are those in source and --help" {
	advice=$(grep -oP '^	\{ "\K[a-z-]+(?=", MADV_)' "$TREE/cmd/advise.c" | words)
	modes=$(grep -oP '^	\{ MPOL_[A-Z]+, "\K[a-z]+' "$TREE/cmd/mempolicy.c" | words)
	prots=$(words <<<'none r rw rx rwx')
	msharectl protect --help | grep -q 'access rights: r, rw, rx, rwx or none '
	[[ $advice == *populate* && $modes == *bind* ]]
	for shell in bash zsh fish; do
		completions $shell 'msharectl advise ' 'msharectl mempolicy --mode ' \
			'msharectl map --prot ' >"$BATS_TEST_TMPDIR/found"
		assert_equal "$shell: $(sed -n 1p "$BATS_TEST_TMPDIR/found" | words)" "$shell: $advice"
		assert_equal "$shell: $(sed -n 2p "$BATS_TEST_TMPDIR/found" | words)" "$shell: $modes"
		assert_equal "$shell: $(sed -n 3p "$BATS_TEST_TMPDIR/found" | words)" "$shell: $prots"
	done
}

@test "the mount options in completions are those in the source" {
	wanted=$(sed -nE '/^\} attributes\[\]/,/^\};/s/^	\{ "([a-z]+)", .*/\1/p' "$TREE/common/mount.c" |
		cat - <(words <<<'mode= uid= gid= size= nr_regions=') | sort)
	[[ $wanted == *remount* ]]
	for shell in bash zsh fish; do
		assert_equal "$shell: $(completions $shell 'msharectl mount -o ' | words | sed 's/^\(mode\|uid\|gid\|size\|nr_regions\)$/&=/' | sort)" "$shell: $wanted"
	done
}

@test "apropos(1) finds the subjects" {
	for subject in 'shared memory' 'page table' 'huge page'; do
		for page in "$TREE"/man/*.[578]; do
			section NAME "$page"
		done | grep -q "$subject" || fail "no page is about: $subject"
	done
}

@test "all options in the source are in --help" {
	shown=$(for command in '' "${commands[@]}"; do
		# shellcheck disable=SC2086
		msharectl $command --help
	done | options_in_help | grep '^--' | sort -u)
	written=$(sed -nE '/struct argp_option .*= \{$/,/^\};/p' "$TREE"/{cli,cmd}/*.c |
		sed -nE '/OPTION_HIDDEN/!s/^	\{ "([a-z-]+)", .*/--\1/p' | sort -u)
	assert_equal "$shown" "$written"
}

@test "every option is in a test of its own command" {
	for command in "${commands[@]}"; do
		case $command in
		map | unmap | protect) files=("$TREE/tests/cli/210-change.bats") ;;
		mount | umount) files=("$TREE/tests/cli/120-mounting.bats") ;;
		advise | lock | unlock | mempolicy | seal) files=("$TREE/tests/cli/220-operations.bats") ;;
		info | stat) files=("$TREE"/tests/cli/3[034]0-*.bats) ;;
		ls | ps) files=("$TREE"/tests/cli/{300-*,*-"$command"}.bats) ;;
		*) files=("$TREE"/tests/cli/*-"$command".bats) ;;
		esac
		for option in $(help_options "$command"); do
			grep -qE -- "(^|[ '(])$option([ ),;:]|\$)" "${files[@]}" ||
				fail "$command $option has no test"
		done
	done
}

@test "each command has a page with the common sections" {
	assert_equal "$(man_terms COMMANDS '' | sed -nE 's/^\.BR? (msharectl-)?([a-z-]+)( \(8\))?$/\2/p' | sort)" \
		"$(printf '%s\n' "${commands[@]}" help | sort)"
	for command in '' "${commands[@]}"; do
		assert_equal "$command: $(grep '^\.SH' "$(page "$command")" | grep -vE '(COMMANDS|COLUMNS|JSON|NOTES|FILES)$' | cut -c5-)" \
			"$command: $(printf '%s\n' NAME SYNOPSIS DESCRIPTION OPTIONS 'EXIT STATUS' ENVIRONMENT EXAMPLES 'SEE ALSO')"
	done
}

@test "pages refer to existing pages" {
	for source in "$TREE"/man/*.[0-9]; do
		page=$BUILD/man/${source##*/}
		while read -r name section; do
			name=${name//\\-/-}
			[[ $name != mshare* || -e $TREE/man/$name.$section ]] || fail "$page: there is no $name($section)"
		done < <(sed -nE 's/^\.BR ([^ ]+) \(([0-9])\).*/\1 \2/p; s/^\.so man([0-9])\/(.*)\.[0-9]$/\2 \1/p' "$page")
	done
}

@test "the assembled pages need no other file" {
	for source in "$TREE"/man/*.[0-9]; do
		page=$BUILD/man/${source##*/}
		[[ -s $page ]]
		run grep -H '^\.so include/' "$page"
		assert_failure 1
		assert_equal "$(gzip -dc "$page.gz" | cksum)" "$(cksum <"$page")"
	done
	grep -q '^\.B MSHARE_MOUNT_POINT$' "$(page ls)"
}

@test "the exit statuses in the pages are the program's" {
	for command in '' "${commands[@]}"; do
		wanted='0 1 2 3 '
		[[ $command != attach-exec && $command != run ]] || wanted='0 125 126 127 '
		assert_equal "$command: $(section 'EXIT STATUS' "$(page "$command")" | grep -oE '^\.B [0-9]+' | tr -dc '0-9\n' | tr '\n' ' ')" \
			"$command: $wanted"
	done
}

@test "the columns and the JSON types in the pages are the program's" {
	msharectl create -q -s 1G --map a
	for command in ls info stat ps; do
		wanted=$(msharectl "$command" --list-columns | awk '{ print $1 }')
		[[ $command != info ]] || wanted+=$'\n'$(msharectl info --mappings --list-columns | awk '{ print $1 }')
		assert_equal "$(man_columns $command | cut -d' ' -f1)" "$wanted"
	done
	for command in ls info stat; do
		types=$(man_columns $command | awk '{ gsub("/", "_per_", $1); gsub("-", "_", $1); print tolower($1), $2 }')
		msharectl "$command" --json --output-all | jq -r '(.regions, .entries | values)[0] | to_entries[] |
			select(.value != null and .key != "name_bytes") | "\(.key) \(.value | type)"' >"$BATS_TEST_TMPDIR/json"
		[[ -s $BATS_TEST_TMPDIR/json ]]
		run grep -vxF "$types" "$BATS_TEST_TMPDIR/json"
		assert_output ''
	done
}

@test "the columns' names are the keys of JSON" {
	msharectl create -q -s 1G a
	for command in ls info stat; do
		columns=$(msharectl $command --list-columns | awk '{ print tolower($1) }' | sed 's,/,_per_,; y/-/_/')
		keys=$(msharectl $command -J --output-all | jq -r '(.regions, .entries | values)[0] | keys_unsorted[]' | grep -vE '^(name|program|mount)_bytes$')
		assert_equal "$keys" "$columns"
	done
}

# tests/kernel/in-guest runs every page that has such a line.
@test "the examples of all pages are run in the guest" {
	for page in "$TREE"/man/*.[0-9]; do
		read -r so <"$page"
		[[ $so == .so\ * ]] || grep -qE '^[#$] ' "$page" || fail "${page##*/} has no command"
	done
}

# Structures as C has them, without comments and alignment.
structures() {
	sed -n '/^struct .* {$/,/^};$/p' "$1" |
		sed -E 's,/\*.*\*/,,; s/__aligned_u64/__u64/; s/[[:blank:]]+/ /g; s/ $//'
}

@test "msharefs(5) has what the kernel's header has" {
	header=$TREE/include/uapi/linux/msharefs.h
	[[ -n $(structures "$header") ]]
	assert_equal "$(structures "$TREE/man/msharefs.5" | sort)" "$(structures "$header" | sort)"
	while read -r name; do
		grep -qw "$name" "$TREE/man/msharefs.5" || fail "$name is not in the page"
	done < <(sed -n 's/^#define \(MSHAREFS_[A-Z0-9_]*\).*/\1/p' "$header" | grep -v IOC_MAGIC)
}
