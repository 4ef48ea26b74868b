/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_OPENMETRICS_H
#define CLI_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>

struct listing;
struct mounts;

enum metrics_format {
	METRICS_NONE,
	METRICS_OPEN,    /* OpenMetrics: names of counters without _total */
	METRICS_CLASSIC, /* of Prometheus: without units and end */
};

/* The metric of a column in a listing of regions. */
struct metric {
	size_t column;
	const char *name; /* without mshare_region_; the unit at its end */
	const char *unit; /* or NULL */
	bool counter;
	const char *label; /* additional label, such as kind="file", or NULL */
	const char *help;
};

/* A label of the metric mshare_region_info. */
struct metric_label {
	size_t column;
	const char *name;
};

struct metrics {
	/* Metrics of one name follow one another. */
	const struct metric *metrics;
	size_t count;
	const struct metric_label *labels;
	size_t label_count;
	/* A region whose state is "deleted" has its inode as a label, too. */
	size_t state_column, inode_column;
};

void openmetrics_print(const struct listing *listing,
		       const struct mounts *mounts,
		       const struct metrics *metrics,
		       enum metrics_format format);

#endif
