# shellcheck shell=bash
# Finds the kernel's sources and their version. Sourced by the scripts here.
. "$(dirname "${BASH_SOURCE[0]}")/../dev.d/common.bash"

# use_base BASE: sets what the functions below and the scripts that source this file
# know of a base. BASE has the version and, for a package that this Debian release
# does not have, the archive, and the version and hash of the package.
# shellcheck disable=SC2034 # for the scripts that source this
use_base() {
	local lines
	choose_base "$1"
	base=$1
	base_folder=kernel/$base
	package=linux-source-$base
	mapfile -t lines <"$TREE/$base_folder/BASE"
	pinned=${lines[0]}
	archive=${lines[1]:-}
	read -r pinned_package pinned_hash <<<"${lines[2]:-}"
	fetched=$CACHE/kernel/$base/package
	shopt -s nullglob
	series=("$TREE/$base_folder"/patches/*.patch)
	shopt -u nullglob
}

# Prints the subject of a patch.
patch_subject() {
	sed -nE '/^Subject: /{s/^Subject: (\[[^]]*\] )?//;N;s/\n//;p;q}' "$1"
}

# Prints each series of kernel/SERIES, in their order: the name, and the numbers of
# its first and last patch.
series_ranges() {
	local name subject i=0 previous='' start
	local -A number=()
	for patch in "${series[@]}"; do
		i=$((i + 1))
		number[$(patch_subject "$patch")]=$i
	done
	while read -r name subject; do
		[[ $name != \#* && -n $name ]] || continue
		start=${number[$subject]:-}
		[[ -n $start ]] || die "kernel/SERIES: no patch has the subject \"$subject\"" \
			"write the subject of the first patch of the series $name"
		[[ -z $previous ]] || printf '%s %d\n' "$previous" "$((start - 1))"
		previous="$name $start"
	done <"$TREE/kernel/SERIES"
	[[ -z $previous ]] || printf '%s %d\n' "$previous" "${#series[@]}"
}

short_hash() {
	sha256sum | cut -c1-16
}

# apt_aside COMMAND ARG...: runs COMMAND, of apt, with lists and a cache of its own, and
# with the archive of the base as the only source
apt_aside() {
	local aside=$CACHE/kernel/$base/apt
	mkdir -p "$aside/lists/partial" "$aside/cache/archives/partial"
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s\n' \
		"$archive" >"$aside/sources.list"
	"$1" -qq -o "Dir::Etc::sourcelist=$aside/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o "Dir::State::lists=$aside/lists" -o "Dir::Cache=$aside/cache" \
		-o APT::Sandbox::User=root "${@:2}" >&2
}

# Fetches the package of the base: the pinned version or, if the archive has moved
# on, the newest of the same release.
fetch_package() {
	local new got
	[[ ! -e $fetched/chosen ]] || return 0
	command -v apt-get >/dev/null || die "only Debian has $package" \
		"set MSHARE_KERNEL_SOURCE to a Linux $base tree or tarball"
	note "kernel: fetching $package from $archive"
	make_cache "kernel/$base/package"
	rm -rf "$fetched"/new.*
	new=$(mktemp -d "$fetched/new.XXXXXX")
	apt_aside apt-get update || note "kernel: the lists of $archive could not be updated"
	if (cd "$new" && apt_aside apt-get download "$package=$pinned_package") 2>/dev/null; then
		sha256sum --quiet --check <<<"$pinned_hash  $(echo "$new"/*.deb)" >&2 ||
			die "$package $pinned_package is not the package that $base_folder/BASE names" \
				"compare the hash with that of another mirror"
	else
		(cd "$new" && apt_aside apt-get download "$package") ||
			die "$archive has no $package" \
				"set MSHARE_KERNEL_SOURCE to a Linux $base tree or tarball"
	fi
	got=$(basename "$new"/*.deb)
	[[ $got == *"_${pinned_package}_"* ]] ||
		note "kernel: $archive has no $package $pinned_package any more: taking $got"
	mv "$new/$got" "$fetched/"
	rmdir "$new"
	printf '%s\n' "$pinned_package $got" >"$fetched/chosen"
}

# Prints the path of the package that was fetched for the pinned version.
fetched_package() {
	local for got
	read -r for got 2>/dev/null <"$fetched/chosen" || true
	if [[ ${for:-} != "$pinned_package" || ! -e $fetched/$got ]]; then
		rm -f "$fetched/chosen"
		locked kernel fetch_package
		read -r for got <"$fetched/chosen"
	fi
	printf '%s\n' "$fetched/$got"
}

# Prints a word that changes with the base.
base_key() {
	local source=${MSHARE_KERNEL_SOURCE:-} version
	if [[ -z $source && -n $archive ]]; then
		version=$(fetched_package)
		version=${version##*/"$package"_}
		printf '%s\n' "${version%_all.deb}"
	elif [[ -z $source ]]; then
		version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) ||
			die "there is no package $package here" \
				"run ./dev setup, or set MSHARE_KERNEL_SOURCE to a $base tree or tarball"
		printf '%s\n' "$version"
	elif [[ -d $source ]]; then
		find "$source" -name .git -prune -o -type f -printf '%P %s %T@\n' |
			LC_ALL=C sort | short_hash
	elif [[ -f $source ]]; then
		stat -L -c '%n %s %Y' "$source" | short_hash
	else
		die "MSHARE_KERNEL_SOURCE=$source is neither a folder nor a file" \
			"set it to a Linux $base tree or tarball, or unset it"
	fi
}

# Prints the directory in the cache for the base. The directories of another base
# than the default one are in a folder of that base.
base_dir() {
	local key folder=$CACHE/kernel
	[[ $base == "$default_base" ]] || folder+=/$base
	key=$(base_key)
	printf '%s\n' "$folder/base-$key"
}

unpack_into() {
	local new=$1 source=${MSHARE_KERNEL_SOURCE:-/usr/src/$package.tar.xz} file
	if [[ -z ${MSHARE_KERNEL_SOURCE:-} && -n $archive ]]; then
		file=$(fetched_package)
		dpkg-deb --fsys-tarfile "$file" | tar -xO "./usr/src/$package.tar.xz" |
			tar -xJ --strip-components=1 -C "$new"
	elif [[ -d $source ]]; then
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
	[[ $version == "$base".* || -n ${MSHARE_KERNEL_ANY:-} ]] ||
		die "the base is Linux $version; the series is for $base" "check MSHARE_KERNEL_SOURCE"
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

# apply_to_index PATCH...: to the index that GIT_INDEX_FILE names
apply_to_index() {
	local patch
	for patch; do
		base_git apply --cached --whitespace=nowarn "$patch" ||
			die "${patch##*/} does not apply to Linux $(kernel_version "$dir/source")" \
				"./dev kernel edit, mend it there, then ./dev kernel export"
	done
}

# parse_edit_options VERB ARG...: sets the base and $edit_dir for "./dev kernel VERB"
parse_edit_options() {
	local verb=$1
	shift
	edit_dir=
	while [[ $# -gt 0 ]]; do
		case $1 in
		-h | --help) help; exit 0 ;;
		--base)
			need_value "$1" $#
			use_base "$2"
			shift
			;;
		-*) usage_error "kernel $verb: unknown option $1" ;;
		*)
			[[ -z $edit_dir ]] || usage_error "kernel $verb: one folder at most"
			edit_dir=$1
			;;
		esac
		shift
	done
	[[ -n $edit_dir ]] || edit_dir=$CACHE/kernel/edit
	[[ $base == "$default_base" || $edit_dir != "$CACHE/kernel/edit" ]] || edit_dir+=-$base
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

use_base "${MSHARE_BASE:-$default_base}"
