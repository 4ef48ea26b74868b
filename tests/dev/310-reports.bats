#!/usr/bin/env bats
# What in a console log is a report of a bug, which gives 99: in the words of
# the checks of the debug kernel, which no test provokes.

setup() {
	load vm
	. "$BATS_TEST_DIRNAME/../../vm/reports.bash"
}

# A log that has the lines of standard input in its middle, each with the time
# and $prefix.
log() {
	local line
	printf '[    0.000000] Linux version 6.12.117\n'
	while IFS= read -r line; do
		printf '[   12.345678]%s %s\r\n' "${prefix:-}" "$line"
	done
	printf '[   60.000000] reboot: Power down\n'
}

# The report begins with the line that is given, and goes on.
assert_report() {
	log >"$BATS_TEST_TMPDIR/console"
	run reports "$BATS_TEST_TMPDIR/console"
	assert_line --index 0 --partial "$1"
	assert_line --partial 'the next line'
}

@test "what lockdep finds is a report" {
	assert_report 'WARNING: possible circular locking dependency detected' <<-'END'

		======================================================
		WARNING: possible circular locking dependency detected
		6.12.117 #1 Not tainted
		the next line
	END
	assert_report 'WARNING: inconsistent lock state' <<-'END'
		================================
		WARNING: inconsistent lock state
		the next line
	END
	assert_report 'WARNING: bad unlock balance detected!' <<-'END'
		WARNING: bad unlock balance detected!
		the next line
	END
	assert_report 'WARNING: suspicious RCU usage' <<-'END'
		=============================
		WARNING: suspicious RCU usage
		the next line
	END
	assert_report 'INFO: trying to register non-static key.' <<-'END'
		INFO: trying to register non-static key.
		the next line
	END
	assert_report 'BUG: MAX_LOCKDEP_ENTRIES too low!' <<-'END'
		BUG: MAX_LOCKDEP_ENTRIES too low!
		the next line
	END
}

@test "what KASAN finds is a report" {
	assert_report 'BUG: KASAN: slab-use-after-free' <<-'END'
		==================================================================
		BUG: KASAN: slab-use-after-free in mshare_teardown+0x1a2/0x3c0
		the next line
	END
}

@test "sleeping in atomic context is a report" {
	assert_report 'BUG: sleeping function called' <<-'END'
		BUG: sleeping function called from invalid context at kernel/locking/rwsem.c:1523
		the next line
	END
	assert_report 'BUG: scheduling while atomic' <<-'END'
		BUG: scheduling while atomic: guest-storm/123/0x00000002
		the next line
	END
}

@test "a task that hangs, a lockup and a stall are reports" {
	assert_report 'INFO: task guest-storm:123 blocked' <<-'END'
		INFO: task guest-storm:123 blocked for more than 120 seconds.
		the next line
	END
	assert_report 'watchdog: BUG: soft lockup' <<-'END'
		watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [guest-storm:123]
		the next line
	END
	assert_report 'self-detected stall on CPU' <<-'END'
		rcu: INFO: rcu_preempt self-detected stall on CPU
		the next line
	END
	assert_report 'detected stalls on CPUs' <<-'END'
		rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
		the next line
	END
}

@test "pages, page tables and objects that do not add up are reports" {
	assert_report 'BUG: Bad rss-counter state' <<-'END'
		BUG: Bad rss-counter state mm:00000000c0ffee00 type:MM_SHMEMPAGES val:1
		the next line
	END
	assert_report 'BUG: non-zero pgtables_bytes' <<-'END'
		BUG: non-zero pgtables_bytes on freeing mm: 4096
		the next line
	END
	assert_report 'BUG: Bad page state' <<-'END'
		BUG: Bad page state in process guest-storm  pfn:12345
		the next line
	END
	assert_report 'kernel BUG at mm/page_table_check.c' <<-'END'
		kernel BUG at mm/page_table_check.c:125!
		the next line
	END
	assert_report 'BUG kmalloc-cg-512' <<-'END'
		=============================================================================
		BUG kmalloc-cg-512 (Not tainted): Poison overwritten
		the next line
	END
	assert_report 'cut here' <<-'END'
		------------[ cut here ]------------
		refcount_t: underflow; use-after-free.
		the next line
	END
	assert_report 'Oops: general protection fault' <<-'END'
		Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] PREEMPT SMP KASAN
		the next line
	END
}

@test "reports of a kernel that names the caller are reports" {
	local prefix
	for prefix in '[  T123]' '[    C1]' '[T12345]'; do
		assert_report 'BUG: sleeping function called' <<-'END'
			BUG: sleeping function called from invalid context at mm/mshare/region.c:1
			the next line
		END
	done
}

@test "what the kernel says on a good day is no report" {
	log >"$BATS_TEST_TMPDIR/console" <<-'END'
		Kernel command line: console=ttyS0 root=root BUG=none
		kasan: KernelAddressSanitizer initialized
		Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
		rcu: RCU event tracing is enabled.
		INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.234 msecs
		clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable
		workqueue: drain_vmap_area_work hogged CPU for >10000us 4 times
		traps: guest-stale[123] general protection fault ip:401000 sp:7ffc error:0
		guest-stale[124]: segfault at 7f0000000000 ip 401000 sp 7ffc error 4
		Out of memory: Killed process 125 (demo-client) total-vm:1kB
	END
	run reports "$BATS_TEST_TMPDIR/console"
	assert_output ''
}

@test "a breakpoint that an emulated CPU runs while the kernel boots is no fault of the kernel" {
	local console=$BATS_TEST_TMPDIR/console
	log >"$console" <<-'END'
		Oops: int3: 0000 [#1] PREEMPT SMP NOPTI
		CPU: 1 UID: 0 PID: 1 Comm: swapper/0 Not tainted 6.12.117 #1
	END
	run is_emulation_fault "$console"
	assert_success
	log >"$console" <<-'END'
		Run /sbin/init as init process
		Oops: int3: 0000 [#1] PREEMPT SMP NOPTI
	END
	run is_emulation_fault "$console"
	assert_failure
	log >"$console" <<-'END'
		Oops: general protection fault, probably for non-canonical address
	END
	run is_emulation_fault "$console"
	assert_failure
}
