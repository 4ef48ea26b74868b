/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program of tests is a table of cases. Without an argument the program runs
 * all cases of its table, each in a process of its own, and prints the results
 * as KTAP. With the name of a case the program runs this case alone, in its own
 * process.
 */
#ifndef KERNEL_CASE_H
#define KERNEL_CASE_H

#include <stddef.h>

struct test_case {
	/* the argument that selects the case */
	const char *name;
	/* what the kernel does, as results show it; NULL: for other cases */
	const char *title;
	void (*run)(void);
	/* what the case needs, CASE_* */
	unsigned int needs;
};

enum {
	/* swap space, with nothing in it */
	CASE_SWAP = 1,
	/* the normal kernel: the debug kernel lacks the tested feature */
	CASE_NORMAL = 2,
	/* the debug kernel */
	CASE_DEBUG = 4,
	/* much time; the debug kernel runs such cases only with --all */
	CASE_LONG = 8,
};

/* The exit status of a case that this guest cannot show. */
#define CASE_SKIPPED 77

/*
 * What main() of a program returns. @setup, or NULL, runs in the process of
 * each case before the case does.
 */
#define run_cases(cases, setup, argc, argv) \
	cases_main(cases, sizeof(cases) / sizeof((cases)[0]), setup, argc, argv)

int cases_main(const struct test_case *cases, size_t count, void (*setup)(void),
	       int argc, char **argv);

/* Ends the case; @why says what is missing. */
_Noreturn void skip_case(const char *why);

#endif /* KERNEL_CASE_H */
