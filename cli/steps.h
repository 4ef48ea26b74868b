/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_STEPS_H
#define CLI_STEPS_H

#include <stdbool.h>

#include "range.h"

/*
 * A request that can take long, as requests for parts of its range: people see
 * the progress, and after a signal the part that was done.
 */
struct steps {
	const char *name; /* of the region */
	int fd;
	struct range range;
	int (*apply)(int fd, struct range range, const void *input);
	const void *input;
	/* The kernel continues after a hole, and reports it at the end. */
	bool passes_holes;
	bool quiet;
};

/*
 * 0 or -errno. A signal that ends the process interrupts the request at once,
 * as without steps.
 */
int steps_apply(const struct steps *steps);

#endif
