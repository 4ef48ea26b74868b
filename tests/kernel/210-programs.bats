#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# Programs that do not know msharefs, under "msharectl run".

load guest

COUNTERS=/sys/kernel/mm/mshare

setup() {
	trace_failures
}

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

# has_window PID: is its memory "/dev/zero" a window?
has_window() {
	awk '/^[0-9a-f]+-[0-9a-f]+ / { zero = /\/dev\/zero \(deleted\)$/ }
		zero && /^VmFlags:/ && / sp/ { found = 1 }
		END { exit !found }' "/proc/$1/smaps"
}

@test "run: children of an unmodified program share page tables" {
	cat >/tmp/workers.py <<-'END'
		import mmap, os
		size = 256 << 20
		memory = mmap.mmap(-1, size)
		for i in range(0, size, 1 << 21):
		    memory[i] = 1
		def tables():
		    for line in open("/proc/self/status"):
		        if line.startswith("VmPTE:"):
		            return int(line.split()[1])
		for worker in range(3):
		    if not os.fork():
		        before = tables()
		        for i in range(0, size, 1 << 21):
		            assert memory[i] == 1
		        print(tables() - before, flush=True)
		        os._exit(0)
		    os.wait()
	END
	regions=$(counter regions)
	logged python3 /tmp/workers.py
	assert_success
	((lines[0] >= 500 && lines[2] >= 500))
	assert_equal "$(counter regions)" "$regions"
	logged msharectl run python3 /tmp/workers.py
	assert_success
	((lines[0] <= 16 && lines[2] <= 16))
	assert_equal "$(counter regions)" $((regions + 1))
	# too small to be worth it
	logged msharectl run --min-size 512M python3 /tmp/workers.py
	assert_success
	((lines[0] >= 500))
	assert_equal "$(counter regions)" $((regions + 1))
}

@test "run --strict refuses memory for which there is no room" {
	script='import mmap; mmap.mmap(-1, 256 << 20); print("mapped")'
	logged msharectl run -- prlimit --as=$((900 << 20)) python3 -c "$script"
	assert_output mapped
	logged msharectl run --strict -- prlimit --as=$((900 << 20)) python3 -c "$script"
	assert_failure 1
	assert_output --partial 'Cannot allocate memory'
}

# as_postgres COMMAND...
as_postgres() {
	(cd /tmp && setpriv --reuid postgres --regid postgres --clear-groups \
		env -i LC_ALL=C HOME=/tmp PATH="$PG:/usr/bin:/bin" "$@")
}

sql() {
	as_postgres psql -h /tmp -Atqc "$1" postgres
}

# start_server COMMAND...: starts it by the command
start_server() {
	as_postgres "$@" pg_ctl -D /tmp/pg/data -l /tmp/pg/log -w start >/dev/null
}

# scan_all N: N backends read all of the table and wait; sets $backends
scan_all() {
	local i
	for ((i = 0; i < $1; i++)); do
		sql "select sum(length(f)) from t; select pg_sleep(1000)" >"/tmp/pg/scan$i" 2>&1 3>&- &
	done
	for ((i = 0; i < 600; i++)); do
		mapfile -t backends < <(sql "select pid from pg_stat_activity where query like '%pg_sleep%' and wait_event = 'PgSleep'")
		((${#backends[@]} < $1)) || return 0
		sleep 0.5
	done
	return 1
}

@test "PostgreSQL, unmodified: backends share the page tables of its buffers" {
	PG=$(echo /usr/lib/postgresql/*/bin)
	[[ -x $PG/initdb ]] || skip 'PostgreSQL is not installed'
	install -d -o postgres /tmp/pg
	install -t /tmp/pg "$(command -v msharectl)"
	as_postgres initdb -D /tmp/pg/data -N -A trust -E UTF8 >/dev/null
	cat >>/tmp/pg/data/postgresql.conf <<-END
		shared_buffers = 256MB
		listen_addresses = ''
		unix_socket_directories = '/tmp'
		fsync = off
		autovacuum = off
		max_parallel_workers_per_gather = 0
		logging_collector = on
	END

	start_server env
	# less than a quarter of the buffers, or a scan uses only a few of them
	sql "create table t as select g, repeat('x', 1900) as f from generate_series(1, 29000) g"
	scan_all 3
	plain=$(tables "${backends[0]}")
	if has_window "${backends[0]}"; then
		return 1
	fi
	as_postgres pg_ctl -D /tmp/pg/data -w -m fast stop
	wait

	before=$(shmem) regions=$(counter regions) made_plain=$(counter plain)
	start_server /tmp/pg/msharectl run --strict --
	assert_equal "$(counter regions)" $((regions + 1))
	scan_all 3
	for pid in "${backends[@]}"; do
		has_window "$pid"
		shared=$(tables "$pid")
		echo "a backend's page tables: $plain KiB without, $shared KiB with a region"
		((plain - shared >= 100))
	done
	assert_equal "$(sql 'select count(*) from pg_shmem_allocations where size > 200 * 1024 * 1024')" 1

	# a crash: the server makes its memory anew
	kill -9 "${backends[0]}"
	wait
	for ((i = 0; i < 100; i++)); do
		if [[ $(sql 'select count(*) from t' 2>/dev/null) == 29000 ]]; then break; fi
		sleep 0.5
	done
	((i < 100))
	assert_equal "$(counter regions)" $((regions + 2))
	as_postgres pg_ctl -D /tmp/pg/data -w restart >/dev/null
	assert_equal "$(sql 'select count(*) from t')" 29000
	assert_equal "$(counter plain)" "$made_plain"
	as_postgres pg_ctl -D /tmp/pg/data -w -m fast stop >/dev/null
	# logs are in data/log, and in tmpfs
	for ((i = 0; i < 50; i++)); do
		(($(shmem) > before + 8192)) || break
		sleep 0.2
	done
	(($(shmem) <= before + 8192))
}
