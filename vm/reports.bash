# shellcheck shell=bash
# How to tell that a kernel reported a bug. Sourced, never run.

# Lines in the console log that begin a report. User space can't print there.
report_lines='(------------\[ cut here \]|(watchdog: |rcu: )?(WARNING|BUG|INFO: .*(blocked for more than|stall|detected)|INFO: (possible|trying|suspicious|inconsistent))|BUG |Oops|kernel BUG at|general protection fault,|KASAN|UBSAN|refcount_t:|Bad page|=+\[ cut|page_table_check)'
report_start="^\\[ *[0-9]+\\.[0-9]+\\](\\[[ TC0-9]+\\])? *$report_lines"

# reports CONSOLE: the first one in the log, if there is any
reports() {
	tr -d '\r' <"$1" | grep -aE -m1 -A50 "$report_start" || true
}
