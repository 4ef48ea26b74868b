/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_OPENMETRICS_H
#define CLI_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>

struct listing;

/* The metric of a column in a listing of regions. */
struct metric {
	size_t column;
	const char *name; /* without mshare_region_; the unit at its end */
	const char *unit; /* or NULL */
	bool counter;
	const char *label; /* additional label, such as kind="file", or NULL */
	const char *help;
};

/* Metrics of one name follow one another. */
void openmetrics_print(const struct listing *listing,
		       const struct metric *metrics, size_t count);

#endif
