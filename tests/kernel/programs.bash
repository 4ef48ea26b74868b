# shellcheck shell=bash
# What the sessions with programs share that do not know msharefs.

COUNTERS=/sys/kernel/mm/mshare

# counter NAME: since the system started
counter() {
	cat "$COUNTERS/program_$1"
}

# tables PID: KiB of page tables
tables() {
	sed -n 's/^VmPTE:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# shmem: KiB of shared memory in the system
shmem() {
	sed -n 's/^Shmem:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/meminfo
}

# windows PID: the number of mappings with shared page tables
windows() {
	grep -c '^VmFlags:.* sp' "/proc/$1/smaps" || true
}

# eventually COMMAND...: repeats the command until it succeeds, for a minute
eventually() {
	local i
	for ((i = 0; i < 300; i++)); do
		if "$@"; then return; fi
		sleep 0.2
	done
	echo "in vain: $*" >&2
	return 1
}

# shmem_is_at_most KIB: allows for logs and results in tmpfs
shmem_is_at_most() {
	(($(shmem) <= $1 + 8192))
}

# Does no program, running or ended, have memory in a nameless region?
no_nameless_region() {
	[[ -z $(msharectl ls --all --noheadings --output NAME --filter TYPE=nameless) ]]
}

ended() {
	[[ ! -e /proc/$1 ]]
}

# ends_with COMMAND PID...: COMMAND ends the processes
ends_with() {
	local pid
	eval "$1"
	for pid in "${@:2}"; do
		eventually ended "$pid"
	done
}
