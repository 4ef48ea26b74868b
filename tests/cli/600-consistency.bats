#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# Source, --help, manual page and completions say the same.

load common

commands=(mount umount create map unmap protect advise lock unlock mempolicy seal ls info stat ps attach-exec rm)
page=$TREE/man/msharectl.8

# The options of a command that --help shows, without those of all commands.
help_options() {
	msharectl "$@" --help | sed '/^ Everywhere:/,$d' | options_in_help
}

options_in_help() {
	sed -nE 's/^ +(-[A-Za-z], |    )?(--[a-z-]+).*/\1\2/p' | tr -d ' ' | tr , '\n' | sort
}

# The page's section on a command.
section() {
	awk -v name="$1" '
		/^\.S[SH] / { inside = 0 }
		/^\.SS / {
			gsub(/\\/, "")
			for (i = 2; i <= NF; i++) {
				gsub(/"/, "", $i)
				if ($i == name) inside = 1
			}
		}
		/^\.SH OPTIONS/ { if (name == "OPTIONS") inside = 1 }
		inside' "$page"
}

# Options at the beginning of a paragraph, that is, those that are explained.
man_options() {
	{
		section "$1"
		[[ ! $1 =~ ^(ls|info|stat|ps)$ ]] || section Listings
	} | grep -A1 '^\.T[PQ]' | sed 's/\\-/-/g; s/\\f.//g' |
		grep -oE -- '(^|[ "])--?[A-Za-z][a-z-]*' | tr -d ' "' | sort
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
	assert_equal "$(grep -oE '^	\{ "[a-z-]+", cmd_' "$TREE/cmd/msharectl.c" | cut -d'"' -f2 | sort)" \
		"$(printf '%s\n' "${commands[@]}" | sort)"
	for shell in bash zsh fish; do
		assert_equal "$shell: $(completions $shell 'msharectl ' | words)" \
			"$shell: $(words <<<"$wanted")"
	done
	for command in "${commands[@]}" help; do
		[[ -n $(section "$command") ]]
		grep -q "^\.B msharectl ${command/-/\\\\-}$" "$page" || fail "no synopsis of $command"
	done
}

@test "the options of each command are the same in --help and page" {
	global=$(printf '%s\n' -h --help -V --version -M --mount-point | sort)
	assert_equal "$(msharectl --help | options_in_help)" "$global"
	assert_equal "$(man_options OPTIONS)" "$global"
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
	wanted=$(for command in '' "${commands[@]}"; do
		printf "$command: %s\n" -h --help -V --version -M --mount-point
		[[ -z $command ]] || help_options "$command" | sed "s/^/$command: /"
	done | sort)
	for command in '' "${commands[@]}"; do
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

@test "all options in the source are in --help" {
	shown=$(for command in '' "${commands[@]}"; do
		# shellcheck disable=SC2086
		msharectl $command --help
	done | options_in_help | grep '^--' | sort -u)
	written=$(grep -hoE '^	\{ "[a-z-]+", ([A-Z_]+|'"'.'"'),' "$TREE"/cmd/*.c |
		sed -E 's/^[^"]*"([a-z-]+)".*/--\1/' | sort -u)
	assert_equal "$shown" "$written"
}

@test "every option is in a test of its own command" {
	for command in "${commands[@]}"; do
		case $command in
		map | unmap | protect) files=("$TREE/tests/cli/210-change.bats") ;;
		mount | umount) files=("$TREE/tests/cli/120-mounting.bats") ;;
		advise | lock | unlock | mempolicy | seal) files=("$TREE/tests/cli/220-operations.bats") ;;
		info | stat) files=("$TREE"/tests/cli/3[034]0-*.bats) ;;
		*) files=("$TREE"/tests/cli/*-"$command".bats) ;;
		esac
		for option in $(help_options "$command"); do
			grep -qE -- "(^|[ '(])$option([ ),;:]|\$)" "${files[@]}" ||
				fail "$command $option has no test"
		done
	done
}

@test "the exit statuses in the page are those there are" {
	statuses=$(sed -n '/^\.SH EXIT STATUS/,/^\.SH ENV/p' "$page" | grep -oE '^\.B [0-9]+' | tr -dc '0-9\n' | tr '\n' ' ')
	assert_equal "$statuses" '0 1 2 3 125 126 127 '
}

@test "the columns' names are the keys of JSON" {
	msharectl create -q -s 1G a
	for command in ls info stat; do
		columns=$(msharectl $command --list-columns | awk '{ print tolower($1) }' | sed 's,/,_per_,; y/-/_/')
		keys=$(msharectl $command -J --output-all | jq -r '(.regions, .entries | values)[0] | keys_unsorted[]' | grep -vx name_bytes)
		assert_equal "$keys" "$columns"
	done
}

@test "the examples of the page work as they stand" {
	sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/{/^\.EX/,/^\.EE/p}' "$page" |
		grep -v '^\.' | sed 's/\\-/-/g; s/\\(aq/'"'"'/g' >"$BATS_TEST_TMPDIR/examples"
	grep -q '^msharectl mount$' "$BATS_TEST_TMPDIR/examples"
	run examples
	assert_success
	assert_equal "$output" 'cache: created 4G at 0x200000000000
cache: mapped 4G rw at 0x200000000000
0x200000000000
4294967296
NAME  ATTACHED MAPPINGS MAPPED RESIDENT SWAPPED PGTABLES UNSHARED
cache        3        1     4G       5M    1.5K      12K      30K'
}

examples() {
	set -e
	cd "$BATS_TEST_TMPDIR"
	# shellcheck source=/dev/null
	. <(grep -v '^msharectl mount$' "$BATS_TEST_TMPDIR/examples")
}

# Structures as C has them, without comments and alignment.
structures() {
	sed -n '/^struct .* {$/,/^};$/p' "$1" |
		sed -E 's,/\*.*\*/,,; s/__aligned_u64/__u64/; s/[[:blank:]]+/ /g; s/ $//'
}

@test "msharefs(5) has what the kernel's header has" {
	header=$TREE/common/include/uapi/linux/msharefs.h
	[[ -n $(structures "$header") ]]
	assert_equal "$(structures "$TREE/man/msharefs.5" | sort)" "$(structures "$header" | sort)"
	while read -r name; do
		grep -qw "$name" "$TREE/man/msharefs.5" || fail "$name is not in the page"
	done < <(sed -n 's/^#define \(MSHAREFS_[A-Z_]*\).*/\1/p' "$header" | grep -v IOC_MAGIC)
}
