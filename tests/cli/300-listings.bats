#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# info and stat.

load common

setup() {
	setup_fake
	mkdir "$MOUNT/dir"
	msharectl create -q -s 2G -m 640 pg
	msharectl create -q -s 300G dir/large
	msharectl map -q --noreserve dir/large
}

# The output is exactly this.
prints() {
	assert_output "$(cat)"
}

@test "info: mount point, granule, and a table" {
	works info
	assert_output "$(printf '%s\n' "mount:   $MOUNT" 'granule: 1G' 'memory:  no limit, and not counted for df')

NAME               START SIZE MODE OWNER
dir/large 0x550080000000 300G 0600 $(id -un)
pg        0x550000000000   2G 0640 $(id -un)"
}

@test "info without regions: mount point and granule" {
	MSHARE_FAKE_ATTACHED=0 works rm -r pg dir
	works info
	assert_output "$(printf '%s\n' "mount:   $MOUNT" 'granule: 1G' 'memory:  no limit, and not counted for df')"
	works info --bytes
	assert_line "granule: $G"
	works info -r
	assert_output ''
}

@test "info NAME: only these regions, in this order" {
	works info -n pg dir/large pg
	prints <<-END
		pg        0x550000000000   2G 0640 $(id -un)
		dir/large 0x550080000000 300G 0600 $(id -un)
		pg        0x550000000000   2G 0640 $(id -un)
	END
	works info "$MOUNT/pg" "$MOUNT//./dir/large" -nr -o NAME
	assert_output $'pg\ndir/large'
}

@test "info NAME continues after a missing region, and fails" {
	run --separate-stderr msharectl info -nr -o NAME nonsense pg
	assert_failure 1
	assert_output pg
	cause 'msharectl info: nonsense: no such region'
	next_step 'List the regions: msharectl ls'
}

@test "info refuses names that are not regions" {
	fails 1 info dir
	cause 'msharectl info: dir: a directory, not a region'
	fails 1 info mshare_info
	cause 'msharectl info: mshare_info: not a region'
	mkfifo "$MOUNT/fifo"
	fails 1 info fifo
	cause 'msharectl info: fifo: not a region'
	# and does not hang on it
	works info -nr -o NAME
	assert_output $'dir/large\npg'
}

@test "a region without a size: unknown values" {
	: >"$MOUNT/unset"
	works info -nr -o NAME,START,END,SIZE unset
	assert_output 'unset - - -'
	works info -P -o START,SIZE unset
	assert_output 'START="" SIZE=""'
	works info -J unset
	assert_equal "$(jq -c '.regions[0] | [.start, .size]' <<<"$output")" '[null,null]'
}

@test "stat: the kernel's counters" {
	works stat
	prints <<-END
		NAME      ATTACHED MAPPINGS MAPPED RESIDENT SWAPPED PGTABLES UNSHARED
		dir/large        3        1   300G       5M    1.5K      12K      30K
		pg               3        0     0B       5M    1.5K      12K      30K
	END
	works stat -n pg
	assert_output --regexp '^pg +3 +0 +0B +5M +1.5K +12K +30K$'
}

@test "stat: a kernel without counters" {
	export MSHARE_FAKE_NO_STAT=1
	fails 1 stat pg
	cause "msharectl stat: pg: this kernel does not count the memory of regions"
	next_step 'Update the kernel, or use msharectl info.'
}

@test "-b, --bytes" {
	for option in -b --bytes; do
		works info $option -nr -o NAME,SIZE
		assert_output "$(printf 'dir/large %d\npg %d' $((300 * G)) $((2 * G)))"
		works stat $option -nr pg
		assert_output 'pg 3 0 0 5242880 1536 12288 30720'
	done
}

@test "-n, --noheadings" {
	for option in -n --noheadings; do
		works info $option pg
		assert_output --regexp "^pg +0x550000000000 +2G 0640 $(id -un)\$"
		works info $option
		assert_equal "${#lines[@]}" 2
	done
}

@test "-r, --raw" {
	for option in -r --raw; do
		works info $option
		prints <<-END
			NAME START SIZE MODE OWNER
			dir/large 0x550080000000 300G 0600 $(id -un)
			pg 0x550000000000 2G 0640 $(id -un)
		END
	done
}

@test "-P, --pairs" {
	for option in -P --pairs; do
		works info $option -o NAME,SIZE
		prints <<-END
			NAME="dir/large" SIZE="300G"
			NAME="pg" SIZE="2G"
		END
	done
}

@test "-J, --json" {
	for option in -J --json; do
		works info $option
		assert_equal "$(jq -c 'keys_unsorted' <<<"$output")" '["version","mount_point","granule","mount","regions"]'
		assert_equal "$(jq -c '[.version, .mount_point, .granule]' <<<"$output")" "[2,\"$MOUNT\",$G]"
		assert_equal "$(jq -c '.regions[1]' <<<"$output")" \
			"{\"name\":\"pg\",\"name_bytes\":null,\"start\":\"0x550000000000\",\"size\":$((2 * G)),\"mode\":\"0640\",\"owner\":\"$(id -un)\"}"
		works stat $option pg
		assert_equal "$(jq -c '.regions' <<<"$output")" \
			'[{"name":"pg","name_bytes":null,"attached":3,"mappings":0,"mapped":0,"resident":5242880,"swapped":1536,"pgtables":12288,"unshared":30720}]'
	done
}

@test "JSON has an array even if the array is empty or a region failed" {
	run --separate-stderr msharectl info -J nonsense
	assert_failure 1
	assert_equal "$(jq -c .regions <<<"$output")" '[]'
	MSHARE_FAKE_ATTACHED=0 works rm -r pg dir
	works info -J
	assert_equal "$(jq -c .regions <<<"$output")" '[]'
}

@test "the formats exclude each other" {
	usage_error '--json and --raw exclude each other' info -J -r
	usage_error '--raw and --pairs exclude each other' info -r --pairs
	usage_error '--pairs and --json exclude each other' stat -P --json
	works info -J --json
}

@test "-o, --output: these columns; +LIST adds columns" {
	works info -nr -o name,End,SIZE pg
	assert_output 'pg 0x550080000000 2G'
	works info -nr --output SIZE,NAME pg
	assert_output '2G pg'
	works info -nr -o +UID,GID pg
	assert_output "pg 0x550000000000 2G 0640 $(id -un) $(id -u) $(id -g)"
	works info -nr -o SIZE,SIZE pg
	assert_output 2G
	works info -nr -o +SIZE pg
	assert_output "pg 0x550000000000 2G 0640 $(id -un)"
	for list in nonsense NAM NAMES '' ',' 'NAME,' ',NAME' +; do
		fails 2 info -o "$list"
		[[ ${stderr_lines[0]} == "msharectl info: unknown column '"*"'; see --list-columns" ]]
	done
}

@test "--output-all: all columns" {
	works info --output-all -r pg
	assert_line --index 0 'NAME START END SIZE MODE OWNER GROUP UID GID INODE STATE CTIME ATTACHED RESIDENT PROGRAM MOUNT'
	assert_line --index 1 "pg 0x550000000000 0x550080000000 2G 0640 $(id -un) $(id -gn) $(id -u) $(id -g) $(stat -c %i "$MOUNT/pg") present $(date -d "@$(stat -c %Z "$MOUNT/pg")" +%FT%T%z) 3 5M - $MOUNT"
	works stat --output-all -r pg
	assert_line --index 0 'NAME ATTACHED MAPPINGS SIZE MAPPED RESIDENT RESIDENT-SHMEM RESIDENT-FILE RESIDENT-HUGETLB SWAPPED LOCKED PGTABLES UNSHARED FAULTS LINKS FLUSHES IPIS FAULTS/S LINKS/S FLUSHES/S IPIS/S SEALS MODE OWNER GROUP INODE CTIME CHARGED RESIDENT-HUGE STATE CREATED ATTACHED-AT DETACHED-AT CREATOR ATTACHER DETACHER CGROUP PROGRAM MOUNT'
	assert_line --index 1 --regexp "^pg 3 0 2G 0B 5M 3M 2M 0B 1.5K 0B 12K 30K 1000 20 300 600 - - - - - 0640 $(id -un) $(id -gn) [0-9]+ [0-9T:+-]+ 6M 2M present [0-9T:+-]+ [0-9T:+-]+ - 101 102 - - - $MOUNT\$"
}

@test "--list-columns: all columns with help, without msharefs" {
	export MSHARE_MOUNT_POINT=/nonexistent
	for command in info stat; do
		works $command --list-columns
		columns=$(awk '{ print $1 }' <<<"$output" | paste -sd ' ')
		for line in "${lines[@]}"; do
			[[ $line =~ ^[A-Z/-]+\ +[a-z] ]]
		done
		MSHARE_MOUNT_POINT=$MOUNT run msharectl $command --output-all -r
		assert_line --index 0 "$columns"
	done
}

@test "all formats stay valid with hostile names" {
	names=('a b' $'new\nline' 'quo"te' 'back\slash' $'bad\xffbyte' $'tab\t' 'ä' "'" '$(x)' $'\e[31m')
	msharectl rm -r pg dir
	for name in "${names[@]}"; do
		works create -q -s 1G -- "$name"
	done
	works info -J
	assert_equal "$(jq '.regions | length' <<<"$output")" ${#names[@]}
	for name in "${names[@]}"; do
		works info -J -- "$name"
		if [[ $name == bad* ]]; then
			assert_equal "$(jq -r '.regions[0].name' <<<"$output")" $'bad\xef\xbf\xbdbyte'
			assert_equal "$(jq -r '.regions[0].name_bytes' <<<"$output")" 626164ff62797465
		else
			assert_equal "$(jq -j '.regions[0].name' <<<"$output"; echo .)" "$name."
			assert_equal "$(jq '.regions[0].name_bytes' <<<"$output")" null
		fi
	done
	works info -nr -o NAME,SIZE
	assert_equal "${#lines[@]}" ${#names[@]}
	for line in "${lines[@]}"; do
		[[ $line =~ ^[^\ ]+\ 1G$ ]]
		# as a shell takes it back
		name=$(printf %bx "${line% *}")
		[[ -e $MOUNT/${name%x} ]]
	done
	works info -n -P -o NAME,SIZE
	assert_equal "${#lines[@]}" ${#names[@]}
	works info -n -o NAME,SIZE
	assert_equal "${#lines[@]}" ${#names[@]}
	MSHARE_FAKE_ATTACHED=0 works rm -- "${names[@]}"
}

@test "unreadable regions are listed with the known values" {
	mkdir "$MOUNT/closed"
	publish_mount
	chmod 0 "$MOUNT/pg" "$MOUNT/closed"
	run --separate-stderr as_nobody_msharectl info -nr -o NAME,START,SIZE,MODE,UID
	show
	# that a directory is closed is a failure: nobody knows what is in it
	assert_failure 1
	assert_line "pg - - 0000 $(id -u)"
	cause 'msharectl info: closed: permission denied'
	run --separate-stderr as_nobody_msharectl stat -nr
	assert_line 'pg - - - - - - -'
	run --separate-stderr as_nobody_msharectl info pg
	assert_failure 1
	cause 'msharectl info: pg: permission denied'
	next_step 'Check the mode and the owner: msharectl ls pg'
}

@test "a directory without search permission hides only its contents" {
	publish_mount
	chmod 444 "$MOUNT/dir"
	chmod 666 "$MOUNT/pg"
	chmod 1777 "$MOUNT"
	for command in info stat ls; do
		run --separate-stderr as_nobody_msharectl $command -nr -o NAME
		show
		assert_failure 1
		assert_line pg
		cause "msharectl $command: dir: permission denied"
		assert_equal "${#stderr_lines[@]}" 2
	done
	MSHARE_FAKE_ATTACHED=0 run --separate-stderr as_nobody_msharectl ps
	show
	assert_success
	run --separate-stderr as_nobody_msharectl create -s 1G new
	show
	assert_success
}

@test "--sort sorts by a column, in both directions" {
	rm -rf "${MOUNT:?}"/*
	echo "$G" >"$MOUNT/mshare_info"
	for size in 2 10 1; do
		msharectl create -q -s ${size}G "r$size"
	done
	: >"$MOUNT/unset"
	works ls -nr --sort SIZE -o NAME
	assert_output $'r1\nr2\nr10\nunset'
	works ls -nr --sort=-size -o NAME
	assert_output $'r10\nr2\nr1\nunset'
	works ls -nr --sort -OWNER -o NAME
	assert_output $'r1\nr10\nr2\nunset'
	works ls -J --sort=-START
	assert_equal "$(jq -r '.entries[0].name' <<<"$output")" r1
	usage_error "unknown column 'nonsense'; see --list-columns" ls --sort nonsense
}

@test "-z, --zero prints names for xargs -0" {
	rm -rf "${MOUNT:?}"/*
	echo "$G" >"$MOUNT/mshare_info"
	names=('a b' $'new\nline' 'quo"te')
	for name in "${names[@]}"; do
		msharectl create -q -s 1G -- "$name"
	done
	for option in -z --zero; do
		msharectl info $option >"$BATS_TEST_TMPDIR/names"
		assert_equal "$(tr '\0\n' '\n_' <"$BATS_TEST_TMPDIR/names")" $'a b\nnew_line\nquo"te'
	done
	usage_error '--json and --zero exclude each other' info -J -z
}

@test "JSON has the limits of the mount, and what is used" {
	for verb in ls info stat ps; do
		MSHARE_FAKE_USAGE=1000:400:50:20 MSHARE_FAKE_ATTACHED=0 works $verb -J
		assert_equal "$(jq -c .mount <<<"$output")" \
			'{"size_limit":4096000,"used":2457600,"names_limit":50,"names":30}'
		MSHARE_FAKE_ATTACHED=0 works $verb -J
		assert_equal "$(jq -c .mount <<<"$output")" '{"size_limit":null,"used":null,"names_limit":null,"names":null}'
	done
}

@test "--filter leaves only rows that compare, without printing the column" {
	: >"$MOUNT/unset"
	for filter in SIZE=2G size=2147483648 'SIZE<300G' 'SIZE<=2G' SIZE!=300G 'START<0x550080000000' \
		MODE=0640 'MODE!=0600' NAME=pg 'NAME>dir/large'; do
		works info -nr -o NAME --filter "$filter"
		[[ $filter != [NM][A-Z]* ]] || output=$(grep -v unset <<<"$output")
		assert_output pg
	done
	for filter in 'SIZE>2G' 'SIZE>=300G' 'SIZE!=2G' 'START>0x550000000000'; do
		works info -nr -o NAME --filter "$filter"
		assert_output dir/large
	done
	works info -nr -o NAME --filter "OWNER=$(id -un)" --filter=UID="$(id -u)" --filter 'SIZE>1G' --sort SIZE
	assert_output $'pg\ndir/large'
	works info --filter 'SIZE>1T' -r
	assert_output ''
	works info -J --filter SIZE=2G
	assert_equal "$(jq -r '.regions[].name' <<<"$output")" pg
	msharectl info --filter SIZE=2G -z pg dir/large >"$BATS_TEST_TMPDIR/names"
	assert_equal "$(tr '\0' '\n' <"$BATS_TEST_TMPDIR/names")" pg
	works info --mappings -nr -o NAME --filter SIZE=300G
	assert_output dir/large
	works info --mappings -J --filter SIZE=1G
	assert_equal "$(jq -c '[.regions[] | .mappings]' <<<"$output")" '[[],[],[]]'
}

@test "stat --filter: reports and metrics" {
	works stat -nr -o NAME --filter MAPPED=0
	assert_output pg
	works stat --prometheus --filter 'MAPPED>0'
	assert_line --partial 'mshare_region_mapped_bytes{region="dir/large"}'
	refute_output --partial 'region="pg"'
	works stat --interval 0.01 --count 2 -nr -o NAME --filter 'FAULTS/S>1' pg
	assert_output $'pg\npg'
	works stat --interval 0.01 --count 2 -nr --filter 'ATTACHED>3' pg
	assert_output ''
}

@test "--filter refuses wrong expressions" {
	for filter in '' SIZE = SIZE=! 'SIZE!2' 'SIZE==2' 'SIZE=<2' 'SIZE><2' 'SIZE<>2'; do
		fails 2 info --filter "$filter"
	done
	usage_error "--filter: 'SIZE' is not a filter such as SIZE>=2G" info --filter SIZE
	usage_error "unknown column 'NONSENSE'; see --list-columns" info --filter NONSENSE=1
	usage_error "--filter: 'large' is not a number" info --filter SIZE=large
	usage_error '--filter is given more than 8 times' info --filter={1,2,3,4,5,6,7,8,9}
}

@test "--all-mounts: the regions of all mounts, each with its mount" {
	rm "$MOUNT/pg"
	needs_other
	touch "$OTHER/b"
	export MSHARE_FAKE_MOUNTINFO=$BATS_TEST_TMPDIR/mountinfo
	printf '20 1 %s / %s rw - msharefs none rw\n' "$(stat -c %Hd:%Ld "$MOUNT")" "$MOUNT" \
		"$(stat -c %Hd:%Ld "$OTHER")" "$MOUNT/other" >"$MSHARE_FAKE_MOUNTINFO"
	works ls --all-mounts -nr -o NAME,MOUNT --filter TYPE=region
	assert_output "dir/large $MOUNT
b $MOUNT/other"
	works stat --all-mounts -r
	assert_line --index 0 --regexp ' UNSHARED MOUNT$'
	assert_line --index 2 --regexp "^b .* $MOUNT/other\$"
	works stat --all-mounts --openmetrics
	assert_line "mshare_region_attached_processes{region=\"b\",mount_point=\"$MOUNT/other\"} 3"
	assert_equal "$(grep -v '^#' <<<"$output" | sed 's/ [^ ]*$//' | sort | uniq -d)" ''
	works stat --openmetrics
	refute_output --partial mount_point
	works info --all-mounts
	assert_line --index 0 "mount:   $MOUNT"
	assert_line "mount:   $MOUNT/other"
	works info --all-mounts -J -o NAME,MOUNT
	assert_equal "$(jq -c '[.version, [.mounts[] | [.mount_point, .granule]], .mount_point, [.regions[] | [.name, .mount]]]' <<<"$output")" \
		"[2,[[\"$MOUNT\",$G],[\"$MOUNT/other\",$G]],null,[[\"dir/large\",\"$MOUNT\"],[\"b\",\"$MOUNT/other\"]]]"
	# the mount that is chosen comes first
	works ls --all-mounts -M "$MOUNT/other" -nr -o MOUNT --filter TYPE=region
	assert_output "$MOUNT/other"$'\n'"$MOUNT"
	usage_error 'NAME and --all-mounts exclude each other' ls --all-mounts b
	run -1 --separate-stderr msharectl ps --all-mounts
	assert_equal "${stderr_lines[0]}" 'msharectl ps: dir/large: 3 of 3 processes that have the region attached are not visible here'
	assert_equal "${stderr_lines[2]}" 'msharectl ps: b: 3 of 3 processes that have the region attached are not visible here'
}
