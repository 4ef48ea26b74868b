// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "region.h"
#include "touch.h"

/*
 * A case that hangs must not hold the suite up for ever; the debug kernel
 * under emulation needs most of this for the longest.
 */
#define CASE_SECONDS 300

int case_main(const struct test_case *cases, size_t count, int argc,
	      char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CASE, one of:\n", argv[0]);
		for (size_t i = 0; i < count; i++)
			fprintf(stderr, "  %s\n", cases[i].name);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		if (strcmp(cases[i].name, argv[1]))
			continue;
		alarm(CASE_SECONDS);
		regions_init();
		touch_init();
		cases[i].run();
		return failed_checks ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	fprintf(stderr, "%s: no case called '%s'\n", argv[0], argv[1]);
	return 2;
}

void skip_case(const char *why)
{
	puts(why);
	exit(CASE_SKIPPED);
}
