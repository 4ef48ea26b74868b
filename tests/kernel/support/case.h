/* SPDX-License-Identifier: GPL-2.0-only */
/* A helper program is a table of cases; its argument says which to run. */
#ifndef GUEST_CASE_H
#define GUEST_CASE_H

#include <stddef.h>

struct test_case {
	const char *name;
	void (*run)(void);
};

/* How a program ends whose case this guest can't show. */
#define CASE_SKIPPED 77

#define run_case(cases, argc, argv) \
	case_main(cases, sizeof(cases) / sizeof((cases)[0]), argc, argv)

int case_main(const struct test_case *cases, size_t count, int argc,
	      char **argv);

/* Ends the program; @why says what is missing. */
_Noreturn void skip_case(const char *why);

#endif /* GUEST_CASE_H */
