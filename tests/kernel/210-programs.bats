#!/usr/bin/env bats
# bats file_tags=long
# shellcheck disable=SC2030,SC2031,SC2154 # tests are subshells; bats sets variables
# Programs that do not know msharefs, under "msharectl run".

load guest
load programs

setup() {
	trace_failures
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

# start_messages: of the server's last start, without times and process IDs
start_messages() {
	sed -En 's/^.*\] (LOG|WARNING|FATAL): +//p' "$(find /tmp/pg/data/log -type f | sort | tail -n 1)" |
		sed -E 's/ at [0-9].*//; /ready to accept connections/q'
}

# The command of the drop-in for systemd, with a cluster for pg_ctlcluster.
start_by_drop_in() {
	local version command
	version=${PG%/bin}
	version=${version##*/}
	install -d -o postgres "/tmp/clusters/$version/test" /tmp/pg/logs
	mount --bind /tmp/pg/logs /var/log/postgresql
	cp -p /tmp/pg/data/*.conf "/tmp/clusters/$version/test"
	echo "data_directory = '/tmp/pg/data'" >>"/tmp/clusters/$version/test/postgresql.conf"
	command=$(sed -n '/^ExecStart=-/,$p' \
		"$BATS_TEST_DIRNAME/../../packaging/examples/postgresql@.service.d/mshare.conf")
	command=${command#ExecStart=-}
	PG_CLUSTER_CONF_ROOT=/tmp/clusters bash -c "${command//%i/$version-test}" 3>&-
	umount -l /var/log/postgresql
}

@test "PostgreSQL, unmodified: backends share the page tables of its buffers" {
	PG=$(echo /usr/lib/postgresql/*/bin)
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
	start_messages >/tmp/pg/messages
	rm -r /tmp/pg/data/log
	assert_equal "$(windows "${backends[0]}")" 0
	as_postgres pg_ctl -D /tmp/pg/data -w -m fast stop
	wait

	before=$(shmem) regions=$(counter regions) made_plain=$(counter plain)
	start_server /tmp/pg/msharectl run --strict --
	assert_equal "$(counter regions)" $((regions + 1))
	assert_equal "$(start_messages)" "$(</tmp/pg/messages)"
	scan_all 3
	for pid in "${backends[@]}"; do
		assert_equal "$(windows "$pid")" 1
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
	as_postgres /tmp/pg/msharectl run --strict -- pg_ctl -D /tmp/pg/data -w restart >/dev/null
	assert_equal "$(counter regions)" $((regions + 3))
	assert_equal "$(sql 'select count(*) from t')" 29000
	assert_equal "$(counter plain)" "$made_plain"
	as_postgres pg_ctl -D /tmp/pg/data -w -m fast stop >/dev/null

	# huge pages that are reserved are the server's first choice
	echo 170 >/proc/sys/vm/nr_hugepages
	start_server /tmp/pg/msharectl run --strict -- env
	assert_equal "$(counter regions)" $((regions + 3))
	scan_all 1
	assert_equal "$(windows "${backends[0]}")" 0
	(($(sed -n 's/^HugePages_Free: *//p' /proc/meminfo) < 170))
	as_postgres pg_ctl -D /tmp/pg/data -w -m fast stop >/dev/null
	echo 0 >/proc/sys/vm/nr_hugepages

	start_by_drop_in
	assert_equal "$(counter regions)" $((regions + 4))
	assert_equal "$(windows "$(head -n 1 /tmp/pg/data/postmaster.pid)")" 1
	as_postgres pg_ctl -D /tmp/pg/data -w -m fast stop >/dev/null

	echo 'shared_memory_type = sysv' >>/tmp/pg/data/postgresql.conf
	start_server /tmp/pg/msharectl run --strict --
	assert_equal "$(counter regions)" $((regions + 5))
	scan_all 1
	assert_equal "$(windows "${backends[0]}")" 1
	(($(tables "${backends[0]}") <= plain - 100))
	as_postgres pg_ctl -D /tmp/pg/data -w -m fast stop >/dev/null
	assert_equal "$(counter plain)" "$made_plain"
	assert_equal "$(wc -l </proc/sysvipc/shm)" 1
	# logs are in data/log, and in tmpfs
	eventually no_nameless_region
	eventually shmem_is_at_most "$before"
}
