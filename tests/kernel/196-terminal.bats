#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # shells inside; tests are subshells; bats sets variables
# What an operator sees on a terminal, and what ^C leaves: a pseudo-terminal of
# script(1), and the real kernel.

load guest
. "$BATS_TEST_DIRNAME/../../vm/swap.bash"

ENTER=$'\e[?1049h' LEAVE=$'\e[?1049l' TOP=$'\e[H' REST=$'\e[J' CLEAR=$'\r\e[K'
CONTROL_C=$'\003' CONTROL_Z=$'\032'

setup() {
	trace_failures
	export TERM=xterm
	screen=$BATS_TEST_TMPDIR/screen
	# The shell in the background may open the file later than a test reads it.
	: >"$screen"
	mkfifo "$BATS_TEST_TMPDIR/keys"
}

teardown() {
	[[ -z ${terminal:-} ]] || kill "$terminal"
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || cat -v "$screen"
	[[ ! -e ${group:-} ]] || rmdir "$group"
	remove_regions
	[[ -z ${swap:-} ]] || swap_off
}

# Of dash(1), with job control: bash ends where a command does that ^C ends. The command
# is the shell's own child: a shell between them could stop before the command, and the
# command would have to give back a terminal that is no longer its own. A command that ^Z
# stops goes on at once.
shell='set -m
trap : INT
stty rows 6 cols 80
sh -c "echo \$\$ >\"\$PID\"; exec $COMMAND"
status=$?
if [ $status -eq 148 ]; then
	stty -a | grep -oE -e "-?icanon"
	fg >/dev/null
	status=$?
fi
echo "status $status"
stty -a | grep -oE -e "-?icanon"'

# on_terminal COMMAND...: starts a command in a shell on a terminal of 6 rows. The
# shell prints the command's exit status, and whether the terminal is as it was. In
# the background, bash would have programs ignore ^C.
on_terminal() {
	env --default-signal COMMAND="$*" PID="$BATS_TEST_TMPDIR/pid" SCRIPT="$shell" \
		script -qec 'exec dash -c "$SCRIPT"' /dev/null <"$BATS_TEST_TMPDIR/keys" >"$screen" 3>&- &
	terminal=$!
	exec 9>"$BATS_TEST_TMPDIR/keys"
}

type_key() {
	printf %s "$1" >&9
}

# until_true COMMAND...: waits for two minutes
until_true() {
	local end=$((SECONDS + 120))
	while ((SECONDS < end)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "not true: $*"
	cat -v "$screen"
	return 1
}

# shows PATTERN: of all that the terminal got
shows() {
	local text
	text=$(<"$screen")
	# shellcheck disable=SC2053
	[[ $text == $1 ]]
}

# views LINE...: the last screen that is complete has these lines; LINE is a pattern
views() {
	local text line
	text=$(<"$screen")
	text=${text%"$REST"*}
	text=${text##*"$TOP"}
	while IFS= read -r line; do
		line=${line%$'\r'}
		while [[ $line =~ $'\e'\[[?0-9]*[a-zA-Z] ]]; do
			line=${line/"${BASH_REMATCH[0]}"/}
		done
		read -ra words <<<"$line"
		# shellcheck disable=SC2053
		[[ $# -gt 0 && ${words[*]} == $1 ]] || return 1
		shift
	done <<<"$text"
	[[ $# -eq 0 ]]
}

# ends: the shell has ended; $text has what the terminal got, without the ^C that the
# kernel shows: it sends the signal first, so that ^C stands anywhere in what follows
ends() {
	exec 9>&-
	wait "$terminal"
	terminal=
	[[ -z ${group:-} ]] || rmdir "$group"
	text=$(<"$screen")
	text=${text//$'\r\n'/$'\n'}
	text=${text//'^C'/}
	text=${text%$'\r'}
	cat -v <<<"$text"
}

@test "stat --top: sorted, refreshed in place, and q gives the terminal back" {
	local name frames
	for name in one two three four; do
		msharectl create -q --size 1G --map --noreserve $name
	done
	msharectl advise -q --size 4M populate one
	msharectl advise -q --size 8M populate two
	on_terminal msharectl stat --top --interval 0.3 --output NAME,RESIDENT
	until_true views '*regions: 4, sorted by -RESIDENT *' 'NAME RESIDENT' 'two 8M' 'one 4M' 'four 0B' 'three 0B'
	# what happens meanwhile
	msharectl advise -q --size 16M populate three
	msharectl create -q --size 1G five
	until_true views '*regions: 5, sorted by -RESIDENT *' 'NAME RESIDENT' 'three 16M' 'two 8M' 'one 4M' '* 0B'
	type_key r
	until_true views '*sorted by RESIDENT *' 'NAME RESIDENT' '* 0B' '* 0B' 'one 4M' 'two 8M'
	type_key '<'
	until_true views '*sorted by NAME *' 'NAME RESIDENT' 'five 0B' 'four 0B' 'one 4M' 'three 16M'
	msharectl rm five four
	until_true views '*regions: 3, sorted by NAME *' 'NAME RESIDENT' 'one 4M' 'three 16M' 'two 8M'
	type_key q
	ends
	assert_equal "${text##*"$LEAVE"}" $'status 0\nicanon'
	[[ $text == "$ENTER"* ]]
	# in place: a line that ends scrolls, unless it is one of the first five
	frames=${text#*"$TOP"}
	while [[ $frames == *"$TOP"* ]]; do
		name=${frames%%"$TOP"*}
		name=${name//[^$'\n']/}
		((${#name} <= 5))
		frames=${frames#*"$TOP"}
	done
}

@test "stat --top: ^C and ^Z give the terminal back" {
	msharectl create -q --size 1G --map --noreserve region
	on_terminal msharectl stat --top --interval 0.3
	until_true views '*regions: 1, *' 'NAME *' 'region *'
	type_key "$CONTROL_Z"
	until_true shows "*$LEAVE*icanon*$ENTER*region*"
	type_key "$CONTROL_C"
	ends
	assert_equal "${text##*"$LEAVE"}" $'status 130\nicanon'
}

# shared_memory: in KiB, of all of the guest
shared_memory() {
	sed -nE 's/^Shmem: *([0-9]+) kB$/\1/p' /proc/meminfo
}

# differs_from KIB: by more than a step
differs_from() {
	local now
	now=$(($(shared_memory) - $1))
	((now > 64 << 10 || now < -64 << 10))
}

# works_long COMMAND...: starts a command, and freezes it for longer than the second
# after which it shows its progress, because a machine can be too fast
works_long() {
	local before
	before=$(shared_memory)
	on_terminal "$@"
	until_true differs_from "$before"
	group=/sys/fs/cgroup/frozen
	mkdir $group
	echo "$(<"$BATS_TEST_TMPDIR/pid")" >$group/cgroup.procs
	echo 1 >$group/cgroup.freeze
	sleep 1.2
	echo 0 >$group/cgroup.freeze
	until_true shows_progress "$1 $2"
}

# shows_progress COMMAND
shows_progress() {
	local text
	text=$(<"$screen")
	[[ $text == *"$CLEAR$1: "*[BMG]' of '*% ]]
}

# interrupts COMMAND...: ^C ends it; $part is the size in its last line
interrupts() {
	works_long "$@"
	type_key "$CONTROL_C"
	ends
	[[ $text =~ ^"$CLEAR$1 $2: "[0-9.]+[BMG]' of 2G, '[0-9]+%.*"$CLEAR$1 $2: region: interrupted after "([0-9.]+[BMG])' of 2G'('; nothing is mapped')?$'\nstatus 130\nicanon'$ ]]
	part=${BASH_REMATCH[1]}
	# the progress stays on its line
	[[ ${text%%' interrupted'*} != *$'\n'* ]]
}

# bytes SIZE: in bytes, of a size that was rounded to three digits
bytes() {
	numfmt --from=iec "${1%B}"
}

figures() {
	msharectl stat -nrb -o "$1" region
}

@test "^C while populate, lock and pageout show their progress: what was done stays" {
	local locked resident
	msharectl create -q --size 2G --map --noreserve region
	interrupts msharectl advise populate region
	resident=$(figures RESIDENT)
	(($(bytes "$part") <= resident + (8 << 20) && resident < 2 << 30))
	msharectl rm region
	msharectl create -q --size 2G --map --noreserve region
	interrupts msharectl lock region
	read -r locked resident < <(figures LOCKED,RESIDENT)
	(($(bytes "$part") <= resident + (8 << 20) && resident < 2 << 30))
	# the step that was not finished can be locked
	((locked <= resident + (64 << 20) && locked + (8 << 20) >= $(bytes "$part")))
	logged msharectl unlock region
	assert_success
	assert_equal "$(figures LOCKED)" 0
}

@test "^C while pageout shows its progress: what is swapped is told" {
	local resident swapped
	msharectl create -q --size 2G --map --noreserve region
	msharectl advise -q populate region
	swap=yes
	swap_on 2G
	interrupts msharectl advise pageout region
	read -r resident swapped < <(figures RESIDENT,SWAPPED)
	((swapped > 0 && resident > 0 && resident + swapped == 2 << 30))
	(($(bytes "$part") <= swapped + (8 << 20)))
}

@test "^C while map and create populate: nothing is mapped, no region is left" {
	local before
	before=$(shared_memory)
	msharectl create -q --size 2G region
	interrupts msharectl map --noreserve --populate region
	assert_equal "$(figures MAPPINGS,RESIDENT)" '0 0'
	msharectl rm region
	interrupts msharectl create --size 2G --map --noreserve --populate region
	[[ ! -e $MSHARE/region ]]
	(($(shared_memory) - before < 64 << 10))
}

@test "the progress of populate makes room for its result" {
	msharectl create -q --size 1G --map --noreserve region
	works_long msharectl advise populate region
	ends
	[[ $text == "$CLEAR"*"$CLEAR"$'region: advised 1G populate at 0x550000000000\nstatus 0\nicanon' ]]
	assert_equal "$(figures RESIDENT)" $((1 << 30))
}
