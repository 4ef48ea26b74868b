#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# mount and umount. Nothing is mounted: the fake writes down what would be.

load common

setup() {
	setup_fake
	# the device numbers of other file systems than tmpfs may differ in maps
	SHM=$(mktemp -d /dev/shm/mshare-cli-XXXXXX)
	mv "$MOUNT" "$SHM/mshare"
	MOUNT=$SHM/mshare
	export MSHARE_FAKE_DIR=$MOUNT
	unset MSHARE_MOUNT_POINT
	export MSHARE_FAKE_USER=0 MSHARE_FAKE_LOG=$BATS_TEST_TMPDIR/log
	DIR=$(realpath "$BATS_TEST_TMPDIR")/dir
	mkdir "$DIR"
	: >"$MSHARE_FAKE_LOG"
}

teardown() {
	[[ -z ${pid:-} ]] || kill "$pid"
	drop_other
	rm -rf "$SHM"
}

logged() {
	assert_equal "$(<"$MSHARE_FAKE_LOG")" "$1"
}

@test "mount DIR" {
	works mount "$DIR"
	assert_output ''
	logged "MOUNT $DIR attributes 0x0 options "
}

@test "mount: the directory from --mount-point or the environment" {
	works mount -M "$DIR"
	works mount -M "$DIR" "$DIR"
	MSHARE_MOUNT_POINT=$DIR works mount
	logged "MOUNT $DIR attributes 0x0 options 
MOUNT $DIR attributes 0x0 options 
MOUNT $DIR attributes 0x0 options "
	usage_error 'DIR and --mount-point exclude each other' mount -M "$DIR" /tmp
	usage_error "more than one DIR: 'b'" mount a b
	usage_error 'DIR is empty' mount ''
}

@test "mount -o, --options" {
	works mount -o mode=0700,nosuid "$DIR"
	works mount --options noexec,uid=5,gid=6,ro "$DIR"
	works mount -o suid,nosuid,defaults,x-systemd.automount "$DIR"
	logged "MOUNT $DIR attributes 0x2 options mode=0700
MOUNT $DIR attributes 0x9 options uid=5,gid=6,ro
MOUNT $DIR attributes 0x2 options "
	export MSHARE_FAKE_FAIL=MOUNT:22
	fails 1 mount -o nonsense "$DIR"
	cause "msharectl mount: $DIR: the kernel refuses these mount options"
}

@test "mount prints the kernel's reason for a wrong option" {
	export MSHARE_FAKE_FAIL=OPTION:22 MSHARE_FAKE_REASON="e msharefs: size 4X is no size"
	fails 1 mount -o size=4X "$DIR"
	cause "msharectl mount: $DIR: the kernel refuses the options: msharefs: size 4X is no size"
	next_step 'The options of msharefs are mode=, uid=, gid=, size= and nr_regions=; see msharefs(5).'
	export MSHARE_FAKE_FAIL=MOUNT:22 MSHARE_FAKE_REASON="e msharefs: size is less than what is in use"
	fails 1 mount -o remount,size=1M "$MOUNT"
	cause "msharectl mount: $MOUNT: the kernel refuses the options: msharefs: size is less than what is in use"
}

@test "mount -o remount changes the options of a mount" {
	works mount -o remount,size=4G,nr_regions=10 "$MOUNT"
	assert_output ''
	logged "REMOUNT $MOUNT options size=4G,nr_regions=10"
	: >"$MSHARE_FAKE_LOG"
	works mount -o remount,rw,noexec,suid "$MOUNT"
	logged "REMOUNT $MOUNT options rw
SETATTR $MOUNT set 0x8 clear 0x3"
	: >"$MSHARE_FAKE_LOG"
	works mount --dry-run -o remount,size=1G "$MOUNT"
	assert_output "would change the options of $MOUNT"
	fails 1 mount -o remount,size=1G "$DIR"
	cause "msharectl mount: $DIR: no msharefs is mounted there"
	logged ''
}

@test "mount --if-missing" {
	works mount --if-missing "$MOUNT"
	works mount --if-missing --dry-run "$MOUNT"
	logged ''
	works mount --if-missing "$DIR"
	logged "MOUNT $DIR attributes 0x0 options "
	fails 1 mount --if-missing /proc
	usage_error '--if-missing and the option remount exclude each other' mount --if-missing -o remount,rw
}

@test "mount refuses to hide files or mounts" {
	fails 1 mount "$MOUNT"
	cause "msharectl mount: $MOUNT: msharefs is mounted there already"
	next_step "Use this mount (--if-missing), or change its options: -o remount,OPTIONS"
	fails 1 mount /proc
	cause 'msharectl mount: /proc: another file system is mounted there'
	touch "$DIR/file"
	fails 1 mount "$DIR"
	cause "msharectl mount: $DIR: the directory is not empty"
	fails 1 mount "$DIR/file"
	cause "msharectl mount: $DIR/file: not a directory"
	fails 1 mount "$DIR/missing"
	cause "msharectl mount: $DIR/missing: no such directory"
	logged ''
}

@test "mount: a directory on msharefs is not a mount of msharefs" {
	mkdir "$MOUNT/within"
	fails 1 mount -o remount,size=1G "$MOUNT/within"
	cause "msharectl mount: $MOUNT/within: no msharefs is mounted there"
	logged ''
	works mount --if-missing "$MOUNT/within"
	logged "MOUNT $MOUNT/within attributes 0x0 options "
}

@test "mount: a kernel without msharefs" {
	export MSHARE_FAKE_FAIL=MOUNT:19
	fails 3 mount "$DIR"
	cause "msharectl mount: $DIR: this kernel has no msharefs"
	if [[ ! -e /sys/fs/mshare ]]; then
		fails 3 mount
		cause 'msharectl mount: /sys/fs/mshare: this kernel has no msharefs'
	fi
}

@test "mount, umount: root only" {
	export MSHARE_FAKE_USER=1000
	fails 1 mount "$DIR"
	cause "msharectl mount: $DIR: only root may mount"
	next_step 'Run the command as root.'
	fails 1 umount "$MOUNT"
	cause "msharectl umount: $MOUNT: only root may unmount"
	logged ''
	# without its capability root may not either
	export MSHARE_FAKE_USER=0 MSHARE_FAKE_FAIL=MOUNT:1
	fails 1 mount "$DIR"
	cause "msharectl mount: $DIR: only root may mount"
}

@test "mount, umount --dry-run" {
	export MSHARE_FAKE_FILESYSTEMS=$BATS_TEST_TMPDIR/filesystems
	printf 'nodev\t%s\n' sysfs msharefs >"$MSHARE_FAKE_FILESYSTEMS"
	works mount --dry-run "$DIR"
	assert_output "would mount msharefs on $DIR"
	fails 1 mount --dry-run "$MOUNT"
	printf 'nodev\t%s\n' sysfs >"$MSHARE_FAKE_FILESYSTEMS"
	fails 3 mount --dry-run "$DIR"
	cause "msharectl mount: $DIR: this kernel has no msharefs"
	works umount --dry-run "$MOUNT"
	assert_output "would unmount $MOUNT"
	logged ''
}

@test "umount --dry-run fails while a process has a removed region" {
	msharectl -M "$MOUNT" create -q -s 1G gone
	LD_PRELOAD=$PROBES/fake-msharefs.so "${MSHARECTL:-$BUILD/msharectl}" -M "$MOUNT" attach-exec gone -- sleep 100 3>&- &
	pid=$!
	until [[ $(<"/proc/$pid/comm") == sleep ]] && grep -q "$MOUNT/gone" "/proc/$pid/maps"; do
		sleep 0.05
	done
	rm "$MOUNT/gone"
	fails 1 umount --dry-run "$MOUNT"
	cause "msharectl umount: $MOUNT: in use"
}

# libmount looks for what it unmounts in mountinfo. "works", "fails" and what
# else of msharectl is called run with a tmpfs there.
msharectl() {
	[[ $1 == umount && -n ${MOUNTED:-} ]] || {
		LD_PRELOAD=$PROBES/fake-msharefs.so "${MSHARECTL:-$BUILD/msharectl}" "$@"
		return
	}
	# shellcheck disable=SC2016
	unshare --map-root-user --mount sh -c 'mount -t tmpfs tmpfs "$1" && echo 4096 >"$1/mshare_info" || exit
		shift
		export LD_PRELOAD="$1"
		shift
		exec "$@"' - "$MOUNT" "$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" "$@"
}

needs_namespaces() {
	unshare --map-root-user --mount mount -t tmpfs tmpfs "$MOUNT" || skip 'no user namespaces'
	MOUNTED=yes
}

@test "umount" {
	needs_namespaces
	works umount "$MOUNT"
	assert_output ''
	logged "UMOUNT $MOUNT flags 0"
	MSHARE_MOUNT_POINT=$MOUNT works umount
	logged "UMOUNT $MOUNT flags 0
UMOUNT $MOUNT flags 0"
}

@test "umount: busy" {
	needs_namespaces
	export MSHARE_FAKE_FAIL=UMOUNT:16
	fails 1 umount "$MOUNT"
	cause "msharectl umount: $MOUNT: in use"
	next_step "Find the processes: msharectl -M $MOUNT ps; fuser -vm $MOUNT"
}

@test "umount asks for -f, --force where regions exist, and names them" {
	export MSHARE_FAKE_ATTACHED=0
	for name in a b 'c d' e; do
		msharectl create -M "$MOUNT" -q -s 1G "$name"
	done
	fails 1 umount "$MOUNT"
	cause "msharectl umount: $MOUNT: unmounting destroys 4 regions (a, b, c d, ...) with 12M of memory"
	next_step "To destroy the regions and unmount: msharectl umount --force $MOUNT"
	works umount --dry-run "$MOUNT"
	assert_output "would unmount $MOUNT, and destroy 4 regions (a, b, c d, ...) with 12M of memory"
	rm "$MOUNT"/{b,'c d',e}
	works umount --dry-run "$MOUNT"
	assert_output "would unmount $MOUNT, and destroy 1 region (a) with 3M of memory"
	MSHARE_FAKE_ATTACHED=1
	for option in '' --dry-run --force; do
		# shellcheck disable=SC2086
		fails 1 umount $option "$MOUNT"
		cause "msharectl umount: $MOUNT: in use"
	done
	logged ''
	MSHARE_FAKE_ATTACHED=0
	for option in -f --force; do
		works umount $option "$MOUNT"
	done
	logged "UMOUNT $MOUNT flags 0
UMOUNT $MOUNT flags 0"
}

@test "umount counts a region with two names once" {
	msharectl create -M "$MOUNT" -q -s 1G a
	ln "$MOUNT/a" "$MOUNT/b"
	msharectl create -M "$MOUNT" -q -s 1G c
	export MSHARE_FAKE_ATTACHED=0
	works umount --dry-run "$MOUNT"
	assert_output --partial 'destroy 2 regions ('
	assert_output --partial ' with 6M of memory'
}

@test "umount refuses a directory that is not an msharefs" {
	fails 3 umount /proc
	cause 'msharectl umount: /proc: not the mount point of an msharefs'
	next_step 'List the mounts: findmnt -t msharefs'
	fails 3 umount "$DIR/missing"
	cause "msharectl umount: $DIR/missing: no such directory"
	next_step 'List the mounts: findmnt -t msharefs'
	usage_error "more than one DIR: 'b'" umount a b
}
