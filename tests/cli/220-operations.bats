#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2153,SC2154 # tests are subshells; bats sets variables
# advise, lock, unlock, mempolicy and seal.

load common

START=0x550000000000

setup() {
	setup_fake
	msharectl create -q -s 2G --map pg
	log_requests
}

# The commands that take --addr and --size, as they are called.
ranged=('advise cold' lock unlock 'mempolicy -m local')

@test "advise: each word is the kernel's advice" {
	for advice in 'populate 23' 'populate-read 22' 'willneed 3' 'cold 20' 'pageout 21' \
		'remove 9' 'hugepage 14' 'nohugepage 15' 'collapse 25'; do
		works advise -s 64M "${advice% *}" pg
		assert_output "pg: advised 64M ${advice% *} at $START"
		requests_were "ADVISE $START 0x4000000 ${advice#* }"
	done
	usage_error 'ADVICE is missing' advise
	usage_error "unknown advice 'warm'" advise warm pg
}

@test "advise hugepage names the setting that gives no huge pages" {
	local thp=$MSHARE_FAKE_SYS/transparent_hugepage
	mkdir -p "$thp/hugepages-2048kB"
	echo 'always within_size [advise] never deny force' >"$thp/shmem_enabled"
	works advise hugepage pg
	echo 'always within_size advise [never] deny force' >"$thp/shmem_enabled"
	run -0 --separate-stderr msharectl advise hugepage pg
	assert_equal "$stderr" 'msharectl advise: pg: note: the memory gets no huge pages: /sys/kernel/mm/transparent_hugepage/shmem_enabled is never'
	works advise collapse pg
	works advise nohugepage pg
	run -0 --separate-stderr msharectl create --map --huge -s 1G other
	assert_equal "$stderr" 'msharectl create: other: note: the memory gets no huge pages: /sys/kernel/mm/transparent_hugepage/shmem_enabled is never'
	# the setting of the size goes before the setting of all
	echo 'always inherit within_size [advise] never' >"$thp/hugepages-2048kB/shmem_enabled"
	works advise hugepage pg
	echo 'always inherit within_size advise [never]' >"$thp/hugepages-2048kB/shmem_enabled"
	run -0 --separate-stderr msharectl advise hugepage pg
	assert_equal "$stderr" 'msharectl advise: pg: note: the memory gets no huge pages: /sys/kernel/mm/transparent_hugepage/hugepages-2048kB/shmem_enabled is never'
}

@test "advise names the locked range that the advice does not apply to" {
	works lock -s 1M pg
	for advice in cold pageout remove; do
		fails 1 advise $advice pg
		cause "msharectl advise: pg: a part of the range is locked: $START to 0x550080000000"
		next_step 'Unlock the memory first: msharectl unlock pg'
	done
	export MSHARE_FAKE_FAIL=ADVISE:22
	fails 1 advise hugepage pg
	cause 'msharectl advise: pg: huge pages are not available for this mapping'
	works unlock pg
	fails 1 advise cold pg
	cause 'msharectl advise: pg: the mapping does not support this advice'
	next_step 'See msharectl-advise(8) for the memory that the advice applies to.'
}

@test "lock, lock --on-fault and unlock" {
	works lock -s 64M pg
	assert_output "pg: locked 64M at $START"
	works lock --on-fault pg
	works unlock pg
	assert_output "pg: unlocked 2G at $START"
	requests_were "LOCK $START 0x4000000 0" "LOCK $START 0x80000000 1" "UNLOCK $START 0x80000000 0"
}

@test "mempolicy -m, --mode and -n, --nodes" {
	for mode in 'default 0' 'local 4'; do
		works mempolicy --mode "${mode% *}" pg
		assert_output "pg: placed 2G ${mode% *} at $START"
		requests_were "MEMPOLICY $START 0x80000000 mode ${mode#* } nodes 0x0 flags 0"
	done
	for mode in 'preferred 1' 'bind 2' 'interleave 3'; do
		works mempolicy -m "${mode% *}" --nodes 0-1,3 pg
		requests_were "MEMPOLICY $START 0x80000000 mode ${mode#* } nodes 0xb flags 0"
	done
	usage_error '--mode is missing' mempolicy pg
	usage_error "--mode: unknown mode 'x' (expected default, bind, interleave, preferred or local)" mempolicy --mode x pg
	usage_error '--mode bind needs --nodes' mempolicy -m bind pg
	usage_error '--mode local does not accept --nodes' mempolicy -m local -n 0 pg
	for nodes in '' 1- x 0,,1 1024; do
		usage_error "--nodes: '$nodes' is not a list of nodes such as 0-1,3" mempolicy -m bind -n "$nodes" pg
	done
}

@test "mempolicy --move" {
	works mempolicy -m bind -n 0 --move pg
	requests_were "MEMPOLICY $START 0x80000000 mode 2 nodes 0x1 flags 2"
}

@test "mempolicy on a kernel without NUMA" {
	export MSHARE_FAKE_FAIL=MEMPOLICY:95 # EOPNOTSUPP
	fails 1 mempolicy -m local pg
	cause 'msharectl mempolicy: pg: this kernel does not support memory policies'
	next_step 'Boot a kernel with CONFIG_NUMA.'
}

@test "seal: all three, or --map, --unmap and --protect" {
	works seal --map pg
	assert_output 'pg: sealed against map'
	works seal --unmap --protect pg
	assert_output 'pg: sealed against unmap,protect'
	works seal pg
	assert_output 'pg: sealed against map,unmap,protect'
	requests_were 'SEAL 0x1' 'SEAL 0x6' 'SEAL 0x7'
}

@test "seal: --seal is the owner's last word" {
	works seal --map --seal pg
	assert_output 'pg: sealed against map,seal'
	requests_were 'SEAL 0x9'
	export MSHARE_FAKE_FAIL=SEAL:1 # EPERM
	fails 1 seal pg
	cause 'msharectl seal: pg: the kernel refuses further seals here'
	next_step 'The owner may seal a region, until it is sealed against seals.'
}

@test "messages explain a seal" {
	declare -A change=([map]=mapping [unmap]=unmapping [protect]='changes to access rights')
	for command in map unmap 'protect -p r'; do
		word=${command%% *}
		works create -q -s 1G "$word"
		works map -q "$word"
		works seal -q "--$word" "$word"
		# shellcheck disable=SC2086
		fails 1 $command "$word"
		cause "msharectl $word: $word: the region is sealed against ${change[$word]}"
		next_step "A seal cannot be removed; create another region."
	done
	# rights that are refused for another reason
	MSHARE_FAKE_FAIL=PROTECT:1 fails 1 protect -p rwx pg
	cause 'msharectl protect: pg: these access rights are not allowed here'
}

@test "-a, --addr and -s, --size: a part of the region" {
	for command in "${ranged[@]}"; do
		# shellcheck disable=SC2086
		{
			works $command --addr 0x550000001000 --size 8K pg
			assert_output --regexp '^pg: [a-z]+ 8K .*at 0x550000001000$'
			works $command -a 0x550040000000 -s 4K pg
			fails 1 $command --addr 0x550080000000 pg
			fails 1 $command --size 3G pg
			fails 1 $command --size 100 pg
			fails 2 $command --size x pg
		}
	done
}

@test "--dry-run changes nothing, -q and --quiet print only the name" {
	for command in "${ranged[@]}" seal; do
		# shellcheck disable=SC2086
		{
			works $command --dry-run pg
			assert_output --partial 'pg: would '
			requests_were ''
			works $command -q pg
			assert_output pg
			works $command --quiet pg
			assert_output pg
			: >"$MSHARE_FAKE_LOG"
		}
	done
}

@test "holes, and requests that the kernel does not know" {
	works unmap -q pg
	for command in "${ranged[@]}"; do
		# shellcheck disable=SC2086
		fails 1 $command pg
		[[ ${stderr_lines[0]} == *'a part of the range is not mapped: 0x'* ]]
	done
	for command in "${ranged[@]}" seal; do
		request=${command%% *}
		# shellcheck disable=SC2086
		MSHARE_FAKE_FAIL=${request^^}:25 fails 1 $command pg
		[[ ${stderr_lines[0]} == "msharectl $request: pg: this kernel "* ]]
		# shellcheck disable=SC2086
		fails 1 $command nonsense
		cause "msharectl $request: nonsense: no such region"
	done
}

@test "advise populate and lock refuse more than the available memory without -f, --force" {
	msharectl create -q -s 2G --map big
	printf '%s\n' 'MemAvailable: 1048576 kB' 'SwapFree: 0 kB' >"$MSHARE_FAKE_MEMINFO"
	for verb in 'advise populate' lock; do
		# shellcheck disable=SC2086
		fails 1 $verb big
		cause "msharectl ${verb%% *}: big: 2G more are needed, and 1G of memory and swap are available"
		for option in -f --force '-s 1G'; do
			# shellcheck disable=SC2086
			works $verb $option big
		done
	done
	works lock --on-fault big
	works unlock big
}

@test "advise pageout notes that there is no swap space" {
	works advise pageout pg
	printf '%s\n' 'MemAvailable: 1048576 kB' 'SwapFree: 4 kB' >"$MSHARE_FAKE_MEMINFO"
	works advise pageout pg
	printf '%s\n' 'MemAvailable: 1048576 kB' 'SwapFree: 0 kB' >"$MSHARE_FAKE_MEMINFO"
	run -0 --separate-stderr msharectl advise pageout pg
	assert_output "pg: advised 2G pageout at $START"
	assert_equal "$stderr" 'msharectl advise: pg: note: anonymous memory stays resident: the system has no free swap space'
}

@test "advise tells a hole from a shortage of memory" {
	msharectl create -q -s 2G big
	msharectl map -q -s 4M big
	fails 1 advise pageout big
	cause 'msharectl advise: big: a part of the range is not mapped: 0x550080400000 to 0x550100000000'
	printf '%s\n' 'MemAvailable: 2048 kB' 'SwapFree: 1024 kB' >"$MSHARE_FAKE_MEMINFO"
	MSHARE_FAKE_FAIL=ADVISE:12 fails 1 advise -s 4M pageout big
	cause 'msharectl advise: big: memory is short: 3M of memory and swap are available'
}

# What can take long is requested in parts: multiples of 64 MiB, all of the range.
@test "advise and lock request large ranges in parts" {
	for verb in 'advise populate' 'advise populate-read' 'advise pageout' lock; do
		# shellcheck disable=SC2086
		works $verb --addr 0x550003000000 --size 144M pg
		run -0 cut -d' ' -f2,3 "$MSHARE_FAKE_LOG"
		assert_output "$(printf '%s\n' '0x550003000000 0x1000000' '0x550004000000 0x4000000' '0x550008000000 0x4000000')"
		: >"$MSHARE_FAKE_LOG"
		[[ $verb != lock ]] || continue
		# shellcheck disable=SC2086
		MSHARE_FAKE_FAIL=ADVISE:5 fails 1 $verb pg
		requests_were ''
	done
	works unlock -q pg
	log_requests
	works advise cold pg
	requests_were "ADVISE $START 0x80000000 20"
}

@test "advise pageout continues after a hole" {
	msharectl create -q -s 2G holes
	for addr in 0x550080000000 0x550088000000; do
		msharectl map -q -s 64M --addr $addr holes
	done
	log_requests
	fails 1 advise -s 192M pageout holes
	[[ ${stderr_lines[0]} == *'a part of the range is not mapped: 0x550084000000 to 0x550088000000' ]]
	assert_equal "$(wc -l <"$MSHARE_FAKE_LOG")" 3
	log_requests
	fails 1 advise -s 192M populate holes
	assert_equal "$(wc -l <"$MSHARE_FAKE_LOG")" 2
}

@test "an interrupted advise, lock or map prints the part that was done" {
	msharectl create -q -s 2G empty
	export MSHARE_FAKE_SIGNAL
	for signal in 1 2 3 15; do
		for verb in 'advise populate' 'advise pageout' lock; do
			MSHARE_FAKE_SIGNAL=ADVISE:$signal,LOCK:$signal
			# shellcheck disable=SC2086
			run --separate-stderr msharectl_signalled $verb pg
			assert_equal "$status $output" "$((128 + signal)) "
			[[ $stderr =~ ^'msharectl '${verb%% *}': pg: interrupted after '[0-9.]+[BMG]' of 2G'$ ]]
		done
		MSHARE_FAKE_SIGNAL=ADVISE:$signal
		run --separate-stderr msharectl_signalled map --populate empty
		assert_equal "$status $output$stderr" "$((128 + signal)) msharectl map: empty: interrupted after 64M of 2G; nothing is mapped"
	done
	# nohup(1)
	MSHARE_FAKE_SIGNAL=LOCK:1
	run -0 --separate-stderr env --ignore-signal=HUP LD_PRELOAD="$PROBES/fake-msharefs.so" "${MSHARECTL:-$BUILD/msharectl}" lock pg
	assert_equal "$output$stderr" "pg: locked 2G at $START"
}

@test "populate, lock and pageout show their progress on a terminal" {
	msharectl create -q -s 2G empty
	export MSHARE_FAKE_SLOW=ADVISE:60,LOCK:60
	for command in 'lock pg' 'advise --force populate pg' 'map --populate --force empty'; do
		run -0 script -qec "LD_PRELOAD='$PROBES/fake-msharefs.so' '${MSHARECTL:-$BUILD/msharectl}' $command" /dev/null
		assert_output --regexp $'\r\e\\[K'"msharectl ${command%% *}: [0-9.]+[MG] of 2G, [0-9]+%"$'\r\e\\[K'
		[[ ${lines[-1]} == *2G*" at 0x"* ]]
	done
	# not with --quiet, not for a second's work, not in a file
	run -0 script -qec "LD_PRELOAD='$PROBES/fake-msharefs.so' '${MSHARECTL:-$BUILD/msharectl}' lock -q pg" /dev/null
	assert_equal "$output" $'pg\r'
	run -0 script -qec "LD_PRELOAD='$PROBES/fake-msharefs.so' '${MSHARECTL:-$BUILD/msharectl}' lock -s 128M pg" /dev/null
	assert_equal "$output" "pg: locked 128M at $START"$'\r'
	works lock pg
}

@test "advise and map populate name the size limit of a full mount" {
	msharectl create -q -s 2G empty
	export MSHARE_FAKE_FAIL=ADVISE:14 MSHARE_FAKE_USAGE=16384:100:50:20
	for command in 'advise populate pg' 'map --populate empty'; do
		# shellcheck disable=SC2086
		fails 1 $command
		cause "msharectl ${command%% *}: ${command##* }: the mount's size limit is reached: 63.6M of 64M are used"
		next_step "Free memory of the mount, or as root: mount -o remount,size=SIZE $MOUNT"
	done
	MSHARE_FAKE_FAIL=LOCK:28 fails 1 lock pg
	cause "msharectl lock: pg: the mount's size limit is reached: 63.6M of 64M are used"
	MSHARE_FAKE_USAGE=16384:8000:50:20 fails 1 advise populate pg
	cause 'msharectl advise: pg: a part of the range cannot be accessed'
}
