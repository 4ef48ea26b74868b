# shellcheck shell=bash
# Where the kernel's sources are and which they are. Sourced by the scripts here.
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

# A word that changes whenever the base does.
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

# All that belongs to one base is in one folder.
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

# The unpacked base; nobody may write there.
base_source() {
	local dir
	dir=$(base_dir)
	[[ -e $dir/source ]] || locked kernel unpack_base "$dir"
	printf '%s\n' "$dir/source"
}
