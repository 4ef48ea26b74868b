# shellcheck shell=bash
# Finds reports of bugs in a kernel's log. Sourced, never run.

# Lines in the console log that begin a report. User space can't print there.
report_lines='(------------\[ cut here \]|(watchdog: |rcu: )?(WARNING|BUG|INFO: .*(blocked for more than|stall|detected)|INFO: (possible|trying|suspicious|inconsistent))|BUG |Oops|kernel BUG at|general protection fault,|KASAN|UBSAN|refcount_t:|Bad page|=+\[ cut|page_table_check)'
report_start="^\\[ *[0-9]+\\.[0-9]+\\](\\[[ TC0-9]+\\])? *$report_lines"

# reports CONSOLE: prints the first report in the log, if any
reports() {
	tr -d '\r' <"$1" | grep -aE -m1 -A50 "$report_start" || true
}

# Has an emulated CPU run a breakpoint that the kernel had removed, before the
# kernel started its first program? The kernel changes its own code by breakpoints,
# and QEMU's threads can keep what they translated while one was there.
is_emulation_fault() {
	grep -aq '\] Oops: int3: ' "$1" && ! grep -aq 'as init process' "$1"
}
