# shellcheck shell=bash
# Finds the kernel's sources and their version. Sourced by the scripts here.
. "$(dirname "${BASH_SOURCE[0]}")/../dev.d/common.bash"

package=linux-source-6.12
tarball=/usr/src/$package.tar.xz
pinned=$(<"$TREE/kernel/BASE")

shopt -s nullglob
# shellcheck disable=SC2034 # for the scripts that source this
series=("$TREE"/kernel/patches/*.patch)
shopt -u nullglob

short_hash() {
	sha256sum | cut -c1-16
}

# Prints a word that changes with the base.
base_key() {
	local source=${MSHARE_KERNEL_SOURCE:-} version
	if [[ -z $source ]]; then
		version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) ||
			die "there is no package $package here" \
				"run ./dev setup, or set MSHARE_KERNEL_SOURCE to a 6.12 tree or tarball"
		printf '%s\n' "$version"
	elif [[ -d $source ]]; then
		find "$source" -name .git -prune -o -type f -printf '%P %s %T@\n' |
			LC_ALL=C sort | short_hash
	elif [[ -f $source ]]; then
		stat -L -c '%n %s %Y' "$source" | short_hash
	else
		die "MSHARE_KERNEL_SOURCE=$source is neither a folder nor a file" \
			"set it to a Linux 6.12 tree or tarball, or unset it"
	fi
}

# Prints the directory in the cache for the base.
base_dir() {
	local key
	key=$(base_key)
	printf '%s\n' "$CACHE/kernel/base-$key"
}

unpack_into() {
	local new=$1 source=${MSHARE_KERNEL_SOURCE:-$tarball}
	if [[ -d $source ]]; then
		rsync -a --exclude=/.git "$source/" "$new/"
		if [[ -e $new/.config || -d $new/include/config ]]; then
			make -C "$new" -s mrproper >&2
		fi
	else
		tar -xf "$source" --strip-components=1 -C "$new"
	fi
}

kernel_version() {
	awk '/^(VERSION|PATCHLEVEL|SUBLEVEL) = / { v = v sep $3; sep = "." } END { print v }' \
		"$1/Makefile"
}

unpack_base() {
	local dir=$1 new version
	[[ ! -e $dir/source ]] || return 0
	note "kernel: unpacking the base"
	make_cache "${dir#"$CACHE/"}"
	rm -rf "$dir"/new.*
	new=$(mktemp -d "$dir/new.XXXXXX")
	chmod 755 "$new"
	unpack_into "$new"
	[[ -f $new/Makefile && -f $new/Kconfig ]] ||
		die "what was unpacked is no kernel source" "check MSHARE_KERNEL_SOURCE"
	version=$(kernel_version "$new")
	[[ $version == 6.12.* ]] ||
		die "the base is Linux $version; the series is for 6.12" "check MSHARE_KERNEL_SOURCE"
	[[ $version == "$pinned" ]] ||
		note "kernel: the base is $version; the series was written on $pinned"
	mv -T "$new" "$dir/source"
}

# Prints the directory of the unpacked base, which nobody may write to.
base_source() {
	local dir
	dir=$(base_dir)
	[[ -e $dir/source ]] || locked kernel unpack_base "$dir"
	printf '%s\n' "$dir/source"
}

# base_git ARG...: runs git in base.git in $dir, with patched/ as its work tree.
# Detects a changed file by time and size, since patched/ starts as hard links.
base_git() {
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 \
		git --git-dir="$dir/base.git" --work-tree="$dir/patched" -c core.autocrlf=false \
		-c core.trustctime=false -c core.checkStat=minimal "$@"
}

# Creates base.git in $dir, with the base as one commit, tagged "base". The repository
# is kept, because adding 80,000 files is slow.
make_base_commit() {
	[[ ! -e $dir/base.git ]] || return 0
	local git=(git --git-dir="$dir/base.git.new" --work-tree="$dir/source")
	note "kernel: making the base a commit"
	rm -rf "$dir/base.git.new"
	git init -q --bare -b mshare "$dir/base.git.new"
	# the kernel's own .gitignore would leave files out
	"${git[@]}" -c core.autocrlf=false add --all --force .
	GIT_AUTHOR_NAME=base GIT_AUTHOR_EMAIL=base GIT_AUTHOR_DATE='@0 +0000' \
		GIT_COMMITTER_NAME=base GIT_COMMITTER_EMAIL=base GIT_COMMITTER_DATE='@0 +0000' \
		"${git[@]}" -c commit.gpgSign=false commit -q \
		-m "Linux $(kernel_version "$dir/source")"
	"${git[@]}" tag base
	mv -T "$dir/base.git.new" "$dir/base.git"
}
