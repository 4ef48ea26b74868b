#!/usr/bin/python3
"""Measures backends of a running PostgreSQL:

    backends.py DIR BEFORE COUNT...
    backends.py --most DIR COUNT

--most starts backends until the OOM killer ends a process, or COUNT backends
exist.

DIR has the server's socket. BEFORE are all page tables, in bytes, without the
server. The database has the table t, which fills shared_buffers and has two rows a
page. Prints lines "METRIC X VALUE".
"""
import ctypes
import os
import resource
import statistics
import sys
import threading
import time

PQ = ctypes.CDLL("libpq.so.5")
PQ.PQconnectdb.restype = PQ.PQexec.restype = ctypes.c_void_p
PQ.PQgetvalue.restype = PQ.PQerrorMessage.restype = ctypes.c_char_p
for function in PQ.PQstatus, PQ.PQexec, PQ.PQclear, PQ.PQgetvalue, PQ.PQbackendPID, \
        PQ.PQresultStatus, PQ.PQfinish, PQ.PQerrorMessage:
    function.argtypes = [ctypes.c_void_p]
PQ.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
PQ.PQgetvalue.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
PGRES_TUPLES_OK = 2

SCAN = "select count(*) from t"
# A row in each 2 MiB of the buffers, to which a page of a page table belongs: the
# page tables are those of a scan.
SAMPLE = """select count(*) from t where ctid = any(array(
    select format('(%s,1)', page)::tid
    from generate_series(0, (pg_relation_size('t') / 8192 - 1)::int, 256) page))"""


class Backend:
    """A connection, and the process that serves it."""

    def __init__(self, directory):
        self.connection = PQ.PQconnectdb(f"host={directory} dbname=postgres user=postgres".encode())
        if PQ.PQstatus(self.connection):
            raise SystemExit(PQ.PQerrorMessage(self.connection).decode())
        self.pid = PQ.PQbackendPID(self.connection)

    def ask(self, statement):
        result = PQ.PQexec(self.connection, statement.encode())
        if PQ.PQresultStatus(result) != PGRES_TUPLES_OK:
            raise SystemExit(PQ.PQerrorMessage(self.connection).decode())
        value = PQ.PQgetvalue(result, 0, 0).decode()
        PQ.PQclear(result)
        return value

    def close(self):
        PQ.PQfinish(self.connection)

    def page_tables(self):
        """In bytes."""
        return number_in(f"/proc/{self.pid}/status", "VmPTE:") * 1024

    def faults(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[7])


def number_in(path, name):
    with open(path, encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name))


def all_page_tables():
    """In bytes, without those of this program."""
    own = number_in("/proc/self/status", "VmPTE:")
    return (number_in("/proc/meminfo", "PageTables:") - own) * 1024


def report(metric, count, value):
    print(metric, count, round(value), flush=True)


def nanoseconds(function, *arguments):
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    result = function(*arguments)
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) - began, result


def measure_scans(backend):
    """The first two scans of a backend."""
    for scan in "first", "second":
        faults = backend.faults()
        report(f"{scan}-scan", 1, nanoseconds(backend.ask, SCAN)[0])
        report(f"{scan}-scan-faults", 1, backend.faults() - faults)


def main(directory, before, counts):
    # reads the catalogues, and sets hint bits
    warm = Backend(directory)
    warm.ask(SCAN)
    warm.ask(SAMPLE)
    warm.close()

    times = []
    for _ in range(20):
        took, backend = nanoseconds(Backend, directory)
        times.append(took)
        backend.close()
    report("connect", 1, statistics.median(times))

    backends = [Backend(directory)]
    private = backends[0].page_tables()
    measure_scans(backends[0])
    report("backend-pgtables", 1, backends[0].page_tables() - private)
    for count in counts:
        print(f"bench: postgres: {count} backends", file=sys.stderr)
        while len(backends) < count:
            backends.append(Backend(directory))
            private += backends[-1].page_tables()
            backends[-1].ask(SAMPLE)
        tables = all_page_tables() - before
        report("pgtables", count, tables)
        report("shared-pgtables", count, tables - private)


def most(directory, limit):
    """Backends that have read a row of each 2 MiB before the OOM killer acts."""
    backends = []

    def start():
        try:
            while len(backends) < limit:
                backend = Backend(directory)
                backend.ask(SAMPLE)
                backends.append(backend)
                if len(backends) % 50 == 0:
                    print(f"bench: {len(backends)} backends", file=sys.stderr)
        except SystemExit as lost:
            print(f"bench: {len(backends)} backends: {lost}", file=sys.stderr)

    # Without memory, an answer can take minutes.
    thread = threading.Thread(target=start, daemon=True)
    kills = number_in("/proc/vmstat", "oom_kill")
    thread.start()
    while thread.is_alive() and number_in("/proc/vmstat", "oom_kill") == kills:
        thread.join(0.2)
    report("most", 1, len(backends))
    sys.stdout.flush()
    os._exit(0)


# a socket for each backend
limit_of_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit_of_files, limit_of_files))
if sys.argv[1] == "--most":
    most(sys.argv[2], int(sys.argv[3]))
else:
    main(sys.argv[1], int(sys.argv[2]), [int(count) for count in sys.argv[3:]])
