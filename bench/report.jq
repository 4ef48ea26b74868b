# Converts lines "PART METRIC X KIND VALUE" to the document that report writes.
# Repeated values count as their median; repeated times, to which other work of
# the machine only adds, as their minimum.

# In the order of the table. Values that are not measured at "reach" are
# extrapolated; "relative" values are relative to the first value of plain. Times are
# measured in nanoseconds. "calls" are those of each of x objects.
def metrics: [
	{part: "tables", metric: "pgtables", unit: "bytes", reach: 1500,
	 name: "page tables", per: "clients"},
	{part: "files", metric: "attach", unit: "instructions",
	 name: "open, mmap, read, munmap of a file"},
	{part: "files", metric: "pgtables", unit: "bytes",
	 name: "page tables of a file", per: "clients"},
	{part: "flush", metric: "unmap", unit: "instructions",
	 name: "free a page", per: "sharers asleep"},
	{part: "flush", metric: "unmap-interrupts", unit: "interrupts",
	 name: "  interrupts for it", per: "asleep"},
	{part: "flush", metric: "remove", unit: "instructions",
	 name: "free a page by advice", per: "asleep"},
	{part: "flush", metric: "remove-interrupts", unit: "interrupts",
	 name: "  interrupts for it", per: "asleep"},
	{part: "flush", metric: "protect", unit: "instructions",
	 name: "protect a page", per: "sharers asleep"},
	{part: "flush", metric: "protect-interrupts", unit: "interrupts",
	 name: "  interrupts for it", per: "asleep"},
	{part: "bystander", metric: "sharer", unit: "interrupts",
	 name: "1,000 flushes interrupt a sharer"},
	{part: "bystander", metric: "bystander", unit: "interrupts",
	 name: "  and a bystander"},
	{part: "bystander", metric: "neighbour", unit: "interrupts",
	 name: "  and a client of other memory"},
	{part: "change", metric: "protect", unit: "instructions", reach: 1500,
	 name: "protect 1 GiB", per: "clients"},
	{part: "change", metric: "reclaim", unit: "instructions", reach: 1500,
	 name: "reclaim half of it", per: "clients"},
	{part: "granules", metric: "new-granule", unit: "instructions",
	 name: "touch a new granule", per: "used"},
	{part: "faults", metric: "first-touch", unit: "relative",
	 name: "time of a first touch", per: "at once"},
	{part: "tools", metric: "create", unit: "seconds",
	 name: "create, one by one", per: "regions"},
	{part: "tools", metric: "create-calls", unit: "system calls",
	 name: "  calls of one", per: "regions"},
	{part: "tools", metric: "ls", unit: "seconds", name: "ls", per: "regions"},
	{part: "tools", metric: "ls-calls", unit: "calls",
	 name: "  system calls a row", per: "regions"},
	{part: "tools", metric: "stat", unit: "seconds", name: "stat", per: "regions"},
	{part: "tools", metric: "stat-calls", unit: "calls",
	 name: "  system calls a row", per: "regions"},
	{part: "tools", metric: "info", unit: "seconds", name: "info", per: "regions"},
	{part: "tools", metric: "info-calls", unit: "calls",
	 name: "  system calls a row", per: "regions"},
	{part: "tools", metric: "metrics", unit: "seconds", name: "metrics",
	 per: "regions"},
	{part: "tools", metric: "metrics-calls", unit: "calls",
	 name: "  system calls a row", per: "regions"},
	{part: "tools", metric: "ps", unit: "seconds", name: "ps", per: "processes"},
	{part: "tools", metric: "ps-calls", unit: "calls",
	 name: "  system calls each", per: "processes"},
	{part: "tools", metric: "exec", unit: "milliseconds",
	 name: "attach-exec beside env(1)"},
	{part: "tools", metric: "smaps", unit: "seconds",
	 name: "smaps_rollup of 512 MiB", per: "clients"},
	{part: "exec", metric: "instructions", unit: "instructions",
	 name: "attach-exec beside env(1)"},
	{part: "postgres", metric: "pgtables", unit: "bytes",
	 name: "PostgreSQL: tables", per: "backends"},
	{part: "postgres", metric: "shared-pgtables", unit: "bytes",
	 name: "  of shared memory", per: "backends"},
	{part: "postgres", metric: "backend-pgtables", unit: "bytes",
	 name: "  of a backend, by a scan"},
	{part: "postgres", metric: "first-scan-faults", unit: "faults",
	 name: "  faults of a first scan"},
	{part: "postgres", metric: "second-scan-faults", unit: "faults",
	 name: "  and of a second"},
	{part: "postgres", metric: "first-scan", unit: "milliseconds",
	 name: "  milliseconds of a first scan"},
	{part: "postgres", metric: "second-scan", unit: "milliseconds",
	 name: "  and of a second"},
	{part: "postgres", metric: "connect", unit: "milliseconds",
	 name: "  milliseconds to connect"},
	{part: "postgres", metric: "transaction", unit: "milliseconds",
	 name: "  pgbench -S, 4 clients"},
	{part: "postgres", metric: "connected", unit: "milliseconds",
	 name: "  pgbench -S, new connections"},
	{part: "small", metric: "most", unit: "backends",
	 name: "PostgreSQL: backends in 2 GiB"},
	{part: "unused", metric: "fork", unit: "instructions",
	 name: "unused: fork, exit, wait"},
	{part: "unused", metric: "exec", unit: "instructions",
	 name: "unused: the same with an exec"},
	{part: "unused", metric: "fault", unit: "instructions",
	 name: "unused: 64 faults, then none there"},
	{part: "unused", metric: "mmap", unit: "instructions",
	 name: "unused: mmap, fault, munmap"},
	{part: "unused", metric: "switch", unit: "instructions",
	 name: "unused: to a process and back"}
];

def parsed:
	split(" ")
	| {part: .[0], metric: .[1], x: (.[2] | tonumber), kind: .[3],
	   value: (.[4] | tonumber)}
	| if [.part, .metric] | IN(metrics[] | [.part, .metric]) then .
	else error("nobody knows \(.part) \(.metric)") end;

def typical($unit): sort | .[if $unit == "relative" then 0 else length / 2 | floor end];

def scaled($unit; $x):
	if $unit == "seconds" then . / 1000000000
	elif $unit == "milliseconds" then . / 1000000
	elif $unit == "calls" then . / $x
	else . end;

def points($kind; $unit):
	map(select(.kind == $kind))
	| group_by(.x)
	| map({x: .[0].x, extrapolated: false, value:
		(.[0].x as $x | map(.value) | typical($unit) | scaled($unit; $x))});

# On the line through the first and the last point.
def extrapolated_to($x):
	if $x == null or length < 2 or any(.x >= $x) then .
	else
		.[0] as $a | .[-1] as $b
		| . + [{x: $x, extrapolated: true, value: ($b.value + ($b.value - $a.value)
			/ ($b.x - $a.x) * ($x - $b.x) | round)}]
	end;

def relative_to($base): map(.value = .value / $base);

def at($x): map(select(.x == $x)) | .[0];

def rounded: . * 10000 | round / 10000;

def ratio($a; $b):
	if $a == null or $b == null or $b == 0 then null else $a / $b | rounded end;

def grouped: tostring | gsub("(?<d>[0-9])(?=([0-9]{3})+$)"; "\(.d),");

# $huge is memory in huge pages, which only postgres measures.
def row($metric; $x; $msharefs; $plain; $huge):
	{
		part: $metric.part,
		metric: $metric.metric,
		name: ($metric.name
			+ if $metric.per then ", \($metric.per): \($x | grouped)" else "" end),
		x: $x,
		unit: $metric.unit,
		msharefs: ($msharefs.value | if . then rounded else . end),
		plain: ($plain.value | if . then rounded else . end),
		huge: ($huge.value | if . then rounded else . end),
		ratio: ratio($msharefs.value; $plain.value),
		extrapolated: ([
			if $msharefs.extrapolated then "msharefs" else empty end,
			if $plain.extrapolated then "plain" else empty end
		])
	};

def rows($metric):
	(points("msharefs"; $metric.unit) | extrapolated_to($metric.reach)) as $msharefs
	| (points("plain"; $metric.unit) | extrapolated_to($metric.reach)) as $plain
	| points("huge"; $metric.unit) as $huge
	| (if $metric.unit == "relative" then $plain[0].value else 1 end) as $base
	| ($msharefs + $plain + $huge | map(.x) | unique[]) as $x
	| row($metric; $x; $msharefs | relative_to($base) | at($x);
		$plain | relative_to($base) | at($x); $huge | at($x));

[inputs | parsed] as $lines
| {
	format: "mshare-bench",
	version: 1,
	results: [
		metrics[] as $metric
		| $lines
		| map(select(.part == $metric.part and .metric == $metric.metric))
		| rows($metric)
	]
}
