// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

int failed_checks;

int checks_status(void)
{
	return failed_checks ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_failure(const char *file, int line, const char *format,
			  va_list args)
{
	const char *slash = strrchr(file, '/');

	fprintf(stderr, "%s:%d:", slash ? slash + 1 : file, line);
	vfprintf(stderr, format, args);
}

bool report(bool ok, const char *file, int line, const char *cond,
	    const char *format, ...)
{
	va_list args;

	if (ok)
		return true;
	va_start(args, format);
	print_failure(file, line, format, args);
	va_end(args);
	fprintf(stderr, " [%s]\n", cond);
	/* Last: a thread that sees it may end the process. */
	failed_checks++;
	return false;
}

bool report_int(long long got, long long want, const char *file, int line,
		const char *expression)
{
	return report(got == want, file, line, expression, " %lld, not %lld",
		      got, want);
}

bool report_string(const char *got, const char *want, const char *file,
		   int line, const char *expression)
{
	bool same = got && want ? !strcmp(got, want) : got == want;

	return report(same, file, line, expression, " \"%s\", not \"%s\"",
		      got ? got : "(null)", want ? want : "(null)");
}

static const char *errno_name(long number)
{
	const char *name;

	if (!number)
		return "success";
	if (number == REFUSED)
		return "an error";
	name = strerrorname_np(number);
	return name ? name : "an unknown error";
}

bool report_result(long got, int want, const char *file, int line,
		   const char *format, ...)
{
	va_list args;

	if (want == REFUSED ? got < 0 : got == -want)
		return true;
	va_start(args, format);
	print_failure(file, line, format, args);
	va_end(args);
	fprintf(stderr, ": %s instead of %s\n", errno_name(-got),
		errno_name(want));
	failed_checks++;
	return false;
}

void give_up(void)
{
	exit(EXIT_FAILURE);
}
