#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables

load common

setup() {
	setup_fake
	export MSHARE_FAKE_ATTACHED=0
	mkdir -p "$MOUNT/dir/sub"
	for name in a b dir/c dir/sub/d; do
		msharectl create -q -s 1G $name
	done
}

left() {
	(cd "$MOUNT" && find . -mindepth 1 ! -name mshare_info -printf '%P\n' | sort | tr '\n' ' ')
}

@test "rm removes regions and prints nothing" {
	works rm a dir/c
	assert_output ''
	assert_equal "$(left)" 'b dir dir/sub dir/sub/d '
}

@test "rm continues after an error, and fails" {
	run --separate-stderr msharectl rm nonsense a
	assert_failure 1
	cause 'msharectl rm: nonsense: no such file or directory'
	next_step 'List the regions: msharectl ls'
	assert_equal "$(left)" 'b dir dir/c dir/sub dir/sub/d '
}

@test "-f, --force ignores names that do not exist" {
	for option in -f --force; do
		works rm $option nonsense
		works rm $option
	done
	works rm -f nonsense a
	assert_equal "$(left)" 'b dir dir/c dir/sub dir/sub/d '
	fails 1 rm -f dir
	fails 1 rm -f a/b/c dir
}

@test "rm removes directories only with -r, --recursive" {
	fails 1 rm dir
	cause 'msharectl rm: dir: a directory'
	next_step 'Remove the directory and all its regions: msharectl rm -r dir'
	works rm -r dir/sub
	assert_equal "$(left)" 'a b dir dir/c '
	works rm --recursive dir a
	assert_equal "$(left)" 'b '
}

@test "--dry-run removes nothing" {
	works rm --dry-run -r dir a
	assert_output "$(printf 'would remove %s\n' dir/c dir/sub/d dir/sub dir a)"
	assert_equal "$(left)" 'a b dir dir/c dir/sub dir/sub/d '
	fails 1 rm --dry-run nonsense
}

@test "rm reports the number of processes that keep the memory" {
	export MSHARE_FAKE_ATTACHED=2
	works rm --dry-run a
	assert_output 'would remove a, which 2 processes have attached'
	run --separate-stderr msharectl rm a
	assert_success
	assert_equal "$output" ''
	assert_equal "$stderr" 'msharectl rm: a: removed; still attached by 2 processes, which keep the memory (msharectl ps)'
	MSHARE_FAKE_ATTACHED=1
	works rm --dry-run b
	assert_output 'would remove b, which 1 process has attached'
	run --separate-stderr msharectl rm -r dir
	assert_success
	assert_equal "${stderr_lines[0]}" 'msharectl rm: dir/c: removed; still attached by 1 process, which keeps the memory (msharectl ps)'
	assert_equal "${#stderr_lines[@]}" 2
}

@test "rm --dry-run fails where rm does: a read-only mount, the directory of another user" {
	# shellcheck disable=SC2016
	read_only=(unshare --map-root-user --mount sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" || exit
		shift; export LD_PRELOAD="$1"; shift; exec "$@"' - "$MOUNT" "$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}")
	"${read_only[@]}" ls >/dev/null || skip 'no user namespaces'
	for option in '' --dry-run; do
		# shellcheck disable=SC2086
		run --separate-stderr "${read_only[@]}" rm $option a
		show
		assert_failure 1
		assert_output ''
		cause 'msharectl rm: a: msharefs is mounted read-only here'
		next_step "In a service: ReadWritePaths=$MOUNT; in a container: a writable mount; else as root: mount -o remount,rw $MOUNT"
	done
	export MSHARE_FAKE_USER=1234
	chmod 1777 "$MOUNT"
	fails 1 rm --dry-run a
	cause 'msharectl rm: a: only the owner may remove this name'
}

@test "rm removes nothing outside msharefs" {
	echo keep >"$BATS_TEST_TMPDIR/keep"
	fails 1 rm "$BATS_TEST_TMPDIR/keep"
	cause "msharectl rm: $BATS_TEST_TMPDIR/keep: not on msharefs"
	next_step 'Use rm(1) for files that are not on msharefs.'
	cd "$MOUNT"
	fails 1 rm -r ../keep
	[[ -e $BATS_TEST_TMPDIR/keep ]]
}

@test "rm refuses the mount point, . and .." {
	cd "$MOUNT/dir"
	for name in . .. dir/. dir/.. ./ /; do
		fails 1 rm -r "$name"
	done
	fails 1 rm -r "$MOUNT"
	cause "msharectl rm: $MOUNT: a mount point, or the current directory"
	fails 1 rm mshare_info
	cause 'msharectl rm: mshare_info: mshare_info is a part of msharefs'
	[[ -e $MOUNT/mshare_info ]]
	works rm -f mshare_info
	[[ -e $MOUNT/mshare_info ]]
	assert_equal "$(left)" 'a b dir dir/c dir/sub dir/sub/d '
}

@test "rm removes symbolic links and does not follow them" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	echo keep >"$BATS_TEST_TMPDIR/outside/keep"
	ln -s "$BATS_TEST_TMPDIR/outside" "$MOUNT/dir/link"
	works rm -r dir
	[[ -e $BATS_TEST_TMPDIR/outside/keep ]]
	assert_equal "$(left)" 'a b '
}

@test "rm does not enter another msharefs" {
	needs_other
	works create -q -s 1G -M "$MOUNT/other" region
	for option in '' --dry-run; do
		# shellcheck disable=SC2086
		fails 1 rm -r $option other
		cause 'msharectl rm: other: a mount point, or the current directory'
		next_step 'Name regions, or directories below the mount point.'
		[[ -e $OTHER/region ]]
	done
	works rm "$MOUNT/other/region"
	[[ ! -e $OTHER/region ]]
}

@test "rm --names-from" {
	msharectl rm -r a b dir
	printf '%s\0' a 'b c' $'d\ne' >"$BATS_TEST_TMPDIR/names"
	create() {
		for name in a 'b c' $'d\ne' kept; do
			msharectl create -q --if-missing -s 1G "$name"
		done
	}
	create
	export MSHARE_FAKE_ATTACHED=0
	works rm --names-from "$BATS_TEST_TMPDIR/names"
	assert_equal "$(msharectl ls -nr -o NAME)" kept
	fails 1 rm --names-from="$BATS_TEST_TMPDIR/none"
	cause "msharectl rm: $BATS_TEST_TMPDIR/none: no such file"
	create
	# the line of the page
	msharectl stat --json | jq --join-output '.regions[] | select(.attached == 0).name + "\u0000"' |
		msharectl rm --names-from -
	assert_equal "$(msharectl ls)" ''
	works rm --names-from /dev/null
	fails 1 rm --names-from "$BATS_TEST_TMPDIR"
	usage_error 'NAME and --names-from exclude each other' rm --names-from x a
}

@test "--unused removes what nobody has attached, in one request" {
	log_requests
	works rm --unused a dir/c
	assert_output ''
	assert_equal "$(left)" 'b dir dir/sub dir/sub/d '
	requests_were 'REMOVE_UNUSED a 0' 'REMOVE_UNUSED c 0'
	works rm --unused
	assert_equal "$(left)" 'dir dir/sub '
}

@test "--unused -r removes the regions in a directory, not the directory" {
	works rm --unused -r dir
	assert_equal "$(left)" 'a b dir dir/sub '
	fails 1 rm --unused dir
	cause 'msharectl rm: dir: a directory'
}

@test "--unused: attached regions stay, and are an error only if they are named" {
	export MSHARE_FAKE_ATTACHED=2
	works rm --unused
	assert_equal "$(left)" 'a b dir dir/c dir/sub dir/sub/d '
	fails 1 rm --unused a
	cause 'msharectl rm: a: not removed: attached by 2 processes'
	next_step 'Show the clients: msharectl ps'
	fails 1 rm --unused --dry-run a
	cause 'msharectl rm: a: not removed: attached by 2 processes'
	assert_equal "$(left)" 'a b dir dir/c dir/sub dir/sub/d '
}

@test "--older passes the time to the kernel" {
	log_requests
	fails 1 rm --unused --older 15m a
	cause 'msharectl rm: a: not removed: the region was in use during this time'
	next_step 'See when: msharectl stat --output NAME,CREATED,DETACHED-AT'
	requests_were 'REMOVE_UNUSED a 900000000000'
	works rm --unused --older 7d
	assert_equal "$(left)" 'a b dir dir/c dir/sub dir/sub/d '
	works rm --unused --older 0 a
	usage_error '--older needs --unused' rm --older 1d a
	for time in '' d 1y -1 1.5h 1dd 99999999999d; do
		usage_error "--older: invalid time '$time' (expected a number with s, m, h or d)" rm --unused "--older=$time"
	done
}

@test "--unused --dry-run prints what nobody has attached" {
	works rm --unused --dry-run
	assert_output "$(printf 'would remove %s\n' a b dir/c dir/sub/d)"
	works rm --unused --older 1d --dry-run
	assert_output ''
	assert_equal "$(left)" 'a b dir dir/c dir/sub dir/sub/d '
}

@test "--unused --dry-run shows a region that the user may remove and not open" {
	[[ $(id -u) -eq 0 ]] || skip 'needs another user'
	publish_mount
	chmod 777 "$MOUNT/dir"
	chmod 600 "$MOUNT/dir/c"
	run --separate-stderr as_nobody_msharectl rm --unused --dry-run
	show
	assert_success
	assert_output 'would remove dir/c, if the region is unused'
}

@test "--unused with a kernel without the request" {
	MSHARE_FAKE_FAIL=REMOVE_UNUSED:25 fails 1 rm --unused a
	cause 'msharectl rm: a: this kernel does not support --unused'
	next_step 'Update the kernel, or show the clients: msharectl ps'
	MSHARE_FAKE_FAIL=REMOVE_UNUSED:1 fails 1 rm --unused a
	# without names, regions of other users are not meant
	MSHARE_FAKE_FAIL=REMOVE_UNUSED:1 works rm --unused
	MSHARE_FAKE_FAIL=REMOVE_UNUSED:25 run -1 msharectl rm --unused
	assert_equal "$(left)" 'a b dir dir/c dir/sub dir/sub/d '
}
