# shellcheck shell=bash
# Functions of the scripts behind ./dev. Sourced, never run.

# a failure inside $(...) also ends the script
shopt -s inherit_errexit

TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${MSHARE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/mshare}
export TREE CACHE
# make needs seconds to find that nothing has changed
export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}

note() {
	printf '%s\n' "$*" >&2
}

# die MESSAGE [NEXT-STEP]
die() {
	printf 'dev: %s\n' "$1" >&2
	[[ $# -lt 2 ]] || printf 'dev: %s\n' "$2" >&2
	exit 1
}

usage_error() {
	printf 'dev: %s\ndev: try "./dev --help"\n' "$1" >&2
	exit 2
}

# need_value OPTION COUNT: the option's value is missing if COUNT is 1
need_value() {
	[[ $2 -gt 1 ]] || usage_error "$1 needs a value"
}

# The Linux release of the series, where no option names another one.
# shellcheck disable=SC2034 # for the scripts that source this
default_base=6.12

# choose_base BASE: the Linux release whose series, kernel and guests the verb and
# all scripts that it runs use, in place of 6.12
choose_base() {
	[[ $1 =~ ^[0-9]+\.[0-9]+$ && -e $TREE/kernel/$1/BASE ]] || {
		local bases=("$TREE"/kernel/*/BASE)
		bases=("${bases[@]%/BASE}")
		usage_error "there is no base \"$1\": ${bases[*]##*/}"
	}
	export MSHARE_BASE=$1
}

make_cache() {
	[[ $CACHE == /* ]] || die "the cache folder $CACHE is not an absolute path" \
		"set MSHARE_CACHE to an absolute path"
	mkdir -p "$CACHE/$1" ||
		die "cannot create $CACHE/$1" "set MSHARE_CACHE to a directory that you can write"
}

# Prints a name for this tree, for files in the cache.
tree_key() {
	printf '%s' "$TREE" | sha256sum | cut -c1-12
}

# side_configure KIND CMAKE-ARG...: configures a directory outside the tree for a
# build, and sets $side to its path
side_configure() {
	side=$CACHE/side/$1-$(tree_key)
	mkdir -p "$side"
	cmake -S "$TREE" -B "$side" "${@:2}"
}

# side_build KIND CMAKE-ARG...: configures and builds
side_build() {
	side_configure "$@" && cmake --build "$side" -j "$(nproc)"
}

# Prints a suffix for versions of packages. apt takes a package of the same version
# for the package that is installed, so each commit has its own version, and so has
# each build of a tree with changes that are not committed. Empty outside of git.
commit_suffix() {
	local commit suffix
	commit=$(git -C "$TREE" rev-parse --short=8 HEAD 2>/dev/null) || return 0
	suffix=$(git -C "$TREE" rev-list --count HEAD).g$commit
	[[ -z $(git -C "$TREE" status --porcelain --untracked-files=no) ]] ||
		suffix+=.$(date -u +%Y%m%d%H%M%S)
	printf '%s\n' "$suffix"
}

# print_tap_result COUNT FAILED: prints the last line of a verb that prints TAP, for
# people; fails if a test failed
print_tap_result() {
	printf '# %d passed, %d failed\n' $(($1 - $2)) "$2"
	[[ $2 -eq 0 ]]
}

# locked NAME COMMAND...: runs one COMMAND at a time on this machine
locked() {
	local name=$1 fd
	shift
	make_cache locks
	exec {fd}>"$CACHE/locks/$name"
	if ! flock --nonblock "$fd"; then
		note "waiting for another ./dev (${name%%-*})"
		flock "$fd"
	fi
	"$@"
	exec {fd}>&-
}

# locked_tree NAME COMMAND...: runs one COMMAND at a time in this tree
locked_tree() {
	locked "$1-$(tree_key)" "${@:2}"
}
