# shellcheck shell=bash
# Finds reports of bugs in a kernel's log. Sourced, never run.

# Lines in the console log that begin a report. User space can't print there.
report_lines='(------------\[ cut here \]|(watchdog: |rcu: )?(WARNING|BUG|INFO: .*(blocked for more than|stall|detected)|INFO: (possible|trying|suspicious|inconsistent))|BUG |Oops|kernel BUG at|general protection fault,|KASAN|UBSAN|refcount_t:|Bad page|=+\[ cut|page_table_check)'
report_start="^\\[ *[0-9]+\\.[0-9]+\\](\\[[ TC0-9]+\\])? *$report_lines"

# reports CONSOLE: prints the first report in the log, if any
reports() {
	tr -d '\r' <"$1" | grep -aE -m1 -A50 "$report_start" || true
}
