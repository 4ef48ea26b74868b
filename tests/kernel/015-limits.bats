#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2154 # bats and guest.bash set variables
# size= and nr_regions=: what a mount holds at most.

load guest
bats_load_library bats-support
bats_load_library bats-assert

setup() {
	make_other
	export MSHARE_MOUNT_POINT=$other
}

teardown() {
	drop_other
	remove_regions
}

# KiB that the page tables of a granule count from its first use
tables=2052

limited() {
	mount -t msharefs -o "$1" msharefs "$other"
}

# KiB that are in use, of what size= allows
used() {
	df --output=used "$other" | tail -n 1 | tr -d ' '
}

# Memory of a removed region comes back a little later.
wait_until_used() {
	local i
	for ((i = 0; i < 50; i++)); do
		[[ $(used) -ne $1 ]] || return 0
		sleep 0.1
	done
	echo "$(used) KiB are in use, not $1"
	return 1
}

@test "no more is mapped than size= allows, touched or not" {
	limited size=$((8192 + 2 * tables))k
	msharectl create --size 1G one
	msharectl create --size 1G two
	msharectl map --size 4M one
	msharectl map --size 4M --noreserve two
	assert_equal "$(used)" $((8192 + 2 * tables))
	start=$(msharectl info -nr -o START two)
	logged msharectl map --addr "$((start + (4 << 20)))" --size 4K two
	assert_failure 1
	assert_line --index 0 'msharectl map: two: more than the mount may hold'
	assert_line --index 1 --partial "remount,size="
	msharectl unmap --addr "$start" --size 4K two
	msharectl map --addr "$start" --size 4K two
	msharectl rm one
	wait_until_used $((4096 + tables))
	msharectl rm two
	wait_until_used 0
}

@test "what is refused, or mapped already, is not charged" {
	limited size=16M
	msharectl create --size 1G region
	msharectl map --size 4M region
	for _ in 1 2 3; do
		logged msharectl map --size 2M region
		assert_failure
	done
	assert_equal "$(used)" $((4096 + tables))
	# a range with a hole in it
	start=$(msharectl info -nr -o START region)
	msharectl unmap --addr "$((start + (1 << 20)))" --size 1M region
	msharectl unmap --addr "$start" --size 3M region
	assert_equal "$(used)" $((1024 + tables))
}

@test "files are the business of their own file system, their tables are not" {
	limited size=$((2 * tables))k
	msharectl create --size 4G region
	start=$(msharectl info -nr -o START region)
	truncate --size 4M /tmp/object
	# once for each granule, and until the region goes
	msharectl map --file /tmp/object region
	assert_equal "$(used)" "$tables"
	msharectl map --file /tmp/object --size 4K --addr "$((start + (1 << 30) - 4096))" region
	assert_equal "$(used)" "$tables"
	msharectl unmap --addr "$start" --size 1G region
	assert_equal "$(used)" "$tables"
	msharectl map --file /tmp/object --addr "$((start + (1 << 30) - 4096))" region
	assert_equal "$(used)" $((2 * tables))
	logged msharectl map --file /tmp/object --addr "$((start + (3 << 30)))" region
	assert_failure
	rm /tmp/object
	msharectl rm region
	wait_until_used 0
}

@test "files on what a user mounted count, whatever limits that has" {
	limited size=$((4096 + tables))k
	msharectl create --size 1G region
	unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs none /mnt && truncate --size 4M /mnt/object &&
		msharectl map --file /mnt/object region'
	assert_equal "$(used)" $((4096 + tables))
	logged msharectl map --size 4K region
	assert_failure
}

@test "a remount changes the limits, to no less than what is in use" {
	limited size=$((8192 + tables))k,nr_regions=3
	msharectl create --size 1G one
	msharectl create --size 1G two
	msharectl map --size 8M one
	for option in size=4M nr_regions=1 size=nonsense mode=0700; do
		logged mount -o "remount,$option" "$other"
		assert_failure
	done
	assert_equal "$(df --output=avail "$other" | tail -n 1)" "    0"
	mount -o remount,size=$((16384 + 2 * tables))k,nr_regions=2 "$other"
	msharectl map --size 8M two
	logged msharectl create --size 1G three
	assert_failure 1
	assert_line --index 0 'msharectl create: three: the mount'\''s limit of names is reached'
	assert_line --index 1 --partial "remount,nr_regions="
	mount -o remount,size=0,nr_regions=0 "$other"
	logged findmnt -no OPTIONS "$other"
	assert_output --partial 'size=0k,nr_regions=0'
	msharectl create --size 2T large
	msharectl map --noreserve large
}

@test "what is mapped already is told, whether or not there is room" {
	limited size=$((4096 + tables))k
	msharectl create --size 1G one
	msharectl map --size 4M one
	logged msharectl map --size 4M one
	assert_failure 1
	assert_line --index 0 --partial 'mapped in this range already'
	msharectl rm one
}

@test "regions, directories and links count for nr_regions=" {
	limited nr_regions=3
	free() { stat --file-system --format %d "$other"; }
	assert_equal "$(free)" 3
	touch "$other/a"
	mkdir "$other/d"
	ln "$other/a" "$other/d/b"
	assert_equal "$(free)" 0
	for command in "touch c" "mkdir c" "ln a c"; do
		logged sh -c "cd '$other' && $command"
		assert_failure
		assert_output --partial 'No space left on device'
		[[ ! -e $other/c ]]
	done
	mv "$other/a" "$other/c"
	mv --no-target-directory "$other/d/b" "$other/d/e"
	assert_equal "$(free)" 0
	rm "$other/d/e"
	rmdir "$other/d"
	assert_equal "$(free)" 2
	touch "$other/f"
	mv "$other/f" "$other/c"
	assert_equal "$(free)" 2
	rm "$other/c"
	assert_equal "$(free)" 3
}

@test "half of the memory is the default, and a percentage is one of it" {
	limited defaults
	total=$(df --output=size "$other" | tail -n 1)
	umount "$other"
	limited size=100%
	all=$(df --output=size "$other" | tail -n 1)
	# rounded to pages
	((all - 2 * total <= 4 && 2 * total - all <= 4))
	logged findmnt -no OPTIONS "$other"
	assert_output --partial "size=${all// /}k"
}

@test "limits that mean nothing are refused" {
	for option in size= size=x size=k size=-1 size=101% size=16E size=1Q size=1M1 nr_regions= \
		nr_regions=x nr_regions=-1; do
		logged mount -t msharefs -o "$option" msharefs "$other"
		assert_failure
	done
}
