#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2154 # bats and guest.bash set variables
# size= and nr_regions=: what a mount holds at most.

load guest

setup() {
	trace_failures
	make_other
	export MSHARE_MOUNT_POINT=$other
}

teardown() {
	drop_other
	remove_regions
}

# KiB that count for a region with nothing in it, for its VMAs, and for the
# tables that come with 4 MiB that are reserved
region=16 vmas=4 tables=8

limited() {
	mount -t msharefs -o "$1" msharefs "$other"
}

# KiB that are in use, of what size= allows
used() {
	df --output=used "$other" | tail -n 1 | tr -d ' '
}

@test "size= counts reserved memory at map, and other memory at the first fault" {
	limited size=16M
	msharectl create --size 1G one
	msharectl create --size 1G two
	assert_equal "$(used)" $((2 * region))
	msharectl map --size 4M one
	assert_equal "$(used)" $((2 * region + vmas + tables + 4096))
	msharectl map --size 512M --noreserve two
	mapped=$((2 * (region + vmas) + tables + 4096))
	assert_equal "$(used)" "$mapped"
	start=$(msharectl info -nr -o START two)
	# a table of each of three levels
	msharectl advise --addr "$start" --size 1M populate two
	assert_equal "$(used)" $((mapped + 1024 + 12))
	logged msharectl map --addr "$((start + (512 << 20)))" --size 12M two
	assert_failure 1
	assert_line --index 0 --partial 'msharectl map: two: the mapping exceeds the size limit of the mount: '
	assert_line --index 1 --partial "remount,size="
	# more than there is room for, which is not seen before it is touched
	logged msharectl advise --addr "$start" --size 64M populate two
	assert_failure
	(($(used) > 16384 - 64 && $(used) <= 16384))
	# a full mount still takes what needs no memory, and gives memory back
	msharectl protect --addr "$start" --size 4K --prot r two
	msharectl unmap --addr "$start" --size 512M two
	# the tables of whole spans of 2 MiB are gone, those above them are not
	assert_equal "$(used)" $((mapped - vmas + 8))
	msharectl rm two
	msharectl rm one
	assert_equal "$(used)" 0
}

@test "refused requests are not charged" {
	limited size=16M
	msharectl create --size 1G region
	msharectl map --size 4M region
	for _ in 1 2 3; do
		logged msharectl map --size 2M region
		assert_failure
	done
	assert_equal "$(used)" $((region + vmas + tables + 4096))
	# a range with a hole in it
	start=$(msharectl info -nr -o START region)
	msharectl unmap --addr "$((start + (1 << 20)))" --size 1M region
	msharectl unmap --addr "$start" --size 3M region
	# the MiB that is left ends where a table does
	assert_equal "$(used)" $((region + vmas + 1024 + 4))
}

@test "page tables of mapped files are charged, files are not" {
	limited size=64k
	msharectl create --size 4G region
	truncate --size 64M /tmp/object
	msharectl map --file /tmp/object region
	assert_equal "$(used)" $((region + vmas))
	msharectl advise --size 4K populate region
	assert_equal "$(used)" $((region + vmas + 12))
	# a table each for as many spans of 2 MiB as there is room for
	start=$(msharectl info -nr -o START region)
	for ((i = 1; i < 32; i++)); do
		msharectl advise --addr "$((start + (i << 21)))" --size 4K populate-read region || break
	done
	assert_equal "$(used)" 64
	rm /tmp/object
	msharectl rm region
	assert_equal "$(used)" 0
}

@test "files on a user's mount are charged" {
	limited size=$((region + vmas + tables + 4096))k
	msharectl create --size 1G region
	unshare --user --map-root-user --mount sh -c '
		mount -t tmpfs none /mnt && truncate --size 4M /mnt/object &&
		msharectl map --file /mnt/object region'
	assert_equal "$(used)" $((region + vmas + tables + 4096))
	logged msharectl map --size 4K region
	assert_failure
}

@test "a remount changes the limits, but not below current use" {
	limited size=$((2 * (region + vmas) + 16 + 8192))k,nr_regions=3
	msharectl create --size 1G one
	msharectl create --size 1G two
	msharectl map --size 8M one
	for option in size=4M nr_regions=1 size=nonsense mode=0700; do
		logged mount -o "remount,$option" "$other"
		assert_failure
	done
	(($(df --output=avail "$other" | tail -n 1) <= vmas))
	mount -o remount,size=$((2 * (region + vmas) + 32 + 16384))k,nr_regions=2 "$other"
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

@test "a range in use is reported before a lack of space" {
	limited size=$((region + vmas + tables + 4096))k
	msharectl create --size 1G one
	msharectl map --size 4M one
	logged msharectl map --size 4M one
	assert_failure 1
	assert_line --index 0 --partial 'the range overlaps a mapping'
	msharectl rm one
}

@test "nr_regions= limits regions, directories and links" {
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

@test "size= has no default and accepts a percentage" {
	limited defaults
	assert_equal "$(findmnt -no FS-OPTIONS "$other")" rw
	assert_equal "$(stat --file-system --format %b "$other")" 0
	msharectl create --size 512G large
	msharectl map --size 300G --noreserve large
	msharectl rm large
	umount "$other"
	limited size=50%
	half=$(df --output=size "$other" | tail -n 1)
	umount "$other"
	limited size=100%
	all=$(df --output=size "$other" | tail -n 1)
	# rounded to pages
	((all - 2 * half <= 4 && 2 * half - all <= 4))
	assert_equal "$(findmnt -no FS-OPTIONS "$other")" "rw,size=${all// /}k"
}

@test "mount options show limits that were given, also after a remount" {
	limited size=010,nr_regions=12
	assert_equal "$(findmnt -no FS-OPTIONS "$other")" rw,size=4k,nr_regions=12
	mount -o remount,size=2G "$other"
	assert_equal "$(findmnt -no FS-OPTIONS "$other")" rw,size=2097152k,nr_regions=12
	umount "$other"
	limited nr_regions=0
	assert_equal "$(findmnt -no FS-OPTIONS "$other")" rw,nr_regions=0
	mount -o remount,size=1E "$other"
	assert_equal "$(findmnt -no FS-OPTIONS "$other")" rw,size=1125899906842624k,nr_regions=0
}

@test "mount options and limits are the same after memory goes offline" {
	limited size=50%
	before=$(findmnt -no FS-OPTIONS "$other")
	blocks=$(stat --file-system --format %b "$other")
	# one block that can go, of the last ones
	for block in $(printf '%s\n' /sys/devices/system/memory/memory*/state | sort -rV); do
		[[ $(<"$block") == online ]] || continue
		if echo offline >"$block"; then break; fi
	done 2>/dev/null
	[[ $(<"$block") == offline ]] || skip "no memory can go offline"
	after=$(findmnt -no FS-OPTIONS "$other")
	left=$(stat --file-system --format %b "$other")
	echo online >"$block"
	assert_equal "$after" "$before"
	assert_equal "$left" "$blocks"
	umount "$other"
	limited defaults
	assert_equal "$(findmnt -no FS-OPTIONS "$other")" rw
}

@test "invalid limits are refused" {
	for option in size= size=x size=k size=-1 size=101% size=0% size=5%5 size=16E size=17E size=1Q \
		size=1M1 size=1.5G size=1e3 size=0x10 size=0x1000000P size=18446744073709551616 \
		size=18446744073709551617 size=18446744073709551715% size=99999999999999999999 \
		nr_regions= nr_regions=x nr_regions=-1 nr_regions=18446744073709551617; do
		logged mount -t msharefs -o "$option" msharefs "$other"
		assert_failure
	done
}
