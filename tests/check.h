/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests in C find, and what happens when it is wrong. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>

/* Checks of this process that failed so far. */
extern int failed_checks;

/* The exit status that says whether one failed. */
int checks_status(void);

/*
 * Prints a failure, with the message if there is one, and goes on, so that one
 * run shows all that is wrong.
 */
#define check(cond, ...) \
	report((cond), __FILE__, __LINE__, #cond, " " __VA_ARGS__)

/* For what the rest of the test stands on. */
#define must(cond, ...)                        \
	do {                                   \
		if (!check(cond, __VA_ARGS__)) \
			give_up();             \
	} while (0)

/* Integers, and strings, of which both may be NULL. */
#define check_int(got, want) report_int((got), (want), __FILE__, __LINE__, #got)
#define check_string(got, want) \
	report_string((got), (want), __FILE__, __LINE__, #got)

/* A result such as those of region.h: 0, or a negative errno. */
#define check_result(got, want, ...) \
	report_result((got), (want), __FILE__, __LINE__, " " __VA_ARGS__)

/*
 * Wanted where the interface promises a refusal but no particular errno;
 * larger than any errno.
 */
#define REFUSED 4096

__attribute__((format(printf, 5, 6))) bool report(bool ok, const char *file,
						  int line, const char *cond,
						  const char *format, ...);
bool report_int(long long got, long long want, const char *file, int line,
		const char *expression);
bool report_string(const char *got, const char *want, const char *file,
		   int line, const char *expression);
__attribute__((format(printf, 5, 6))) bool
report_result(long got, int want, const char *file, int line,
	      const char *format, ...);
_Noreturn void give_up(void);

#endif /* TESTS_CHECK_H */
