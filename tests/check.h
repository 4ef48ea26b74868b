/* SPDX-License-Identifier: GPL-2.0-only */
/* What a case says about the kernel, and what happens when it is wrong. */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include <stdbool.h>

/* Checks of this process that failed so far. */
extern int failed_checks;

/* Goes on after a failure, so that one run shows all that is wrong. */
#define check(cond, ...) report((cond), __FILE__, __LINE__, #cond, __VA_ARGS__)

/* For what the rest of the case stands on. */
#define must(cond, ...)                        \
	do {                                   \
		if (!check(cond, __VA_ARGS__)) \
			give_up();             \
	} while (0)

/* A result of the functions in region.h: 0, or a negative errno. */
#define check_result(got, want, ...) \
	report_result((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/*
 * Wanted where the interface promises a refusal but no particular errno;
 * larger than any errno.
 */
#define REFUSED 4096

__attribute__((format(printf, 5, 6))) bool report(bool ok, const char *file,
						  int line, const char *cond,
						  const char *format, ...);
__attribute__((format(printf, 5, 6))) bool
report_result(long got, int want, const char *file, int line,
	      const char *format, ...);
_Noreturn void give_up(void);

#endif /* GUEST_CHECK_H */
