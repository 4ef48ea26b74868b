// SPDX-License-Identifier: GPL-2.0-only
#include "openmetrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "listing.h"

static void print_head(const char *prefix, const struct metric *m,
		       enum metrics_format format)
{
	const bool is_classic = format == METRICS_CLASSIC;
	const char *total = is_classic && m->counter ? "_total" : "";

	printf("# TYPE %s%s%s %s\n", prefix, m->name, total,
	       m->counter ? "counter" : "gauge");
	if (m->unit && !is_classic)
		printf("# UNIT %s%s %s\n", prefix, m->name, m->unit);
	printf("# HELP %s%s%s %s\n", prefix, m->name, total, m->help);
}

static void print_region(const struct metrics *metrics, const struct row *row)
{
	const char *name = row->cells[0].string;
	const char *state = row->cells[metrics->state_column].string;

	fputs("region=", stdout);
	escape_label(stdout, name);
	/* Two names can differ only in bytes that are not valid UTF-8. */
	if (!escape_is_utf8(name)) {
		fputs(",region_bytes=\"", stdout);
		escape_hex(stdout, name);
		putchar('"');
	}
	/* Several removed regions can have had one name. */
	if (state && !strcmp(state, "deleted"))
		printf(",deleted=\"%" PRIu64 "\"",
		       row->cells[metrics->inode_column].number);
}

static void print_sample(const struct metrics *metrics, const struct metric *m,
			 const struct row *row)
{
	const struct cell *cell = &row->cells[m->column];

	if (cell->type == CELL_UNKNOWN)
		return;
	printf("mshare_region_%s%s{", m->name, m->counter ? "_total" : "");
	print_region(metrics, row);
	if (m->label)
		printf(",%s", m->label);
	printf("} %" PRIu64 "\n", cell->number);
}

static void print_label(const struct metric_label *l, const struct cell *cell)
{
	const char *name = listing_cell_name(cell);
	char number[24];

	if (cell->type == CELL_UNKNOWN)
		return;
	printf(",%s=", l->name);
	snprintf(number, sizeof(number), "%" PRIu64, cell->number);
	escape_label(stdout, name ? name : number);
}

/* Properties as labels, to be joined with the other metrics. */
static void print_info(const struct listing *l, const struct metrics *metrics,
		       enum metrics_format format)
{
	if (format == METRICS_CLASSIC)
		puts("# TYPE mshare_region_info gauge\n"
		     "# HELP mshare_region_info Properties of the region.");
	else
		puts("# TYPE mshare_region info\n"
		     "# HELP mshare_region Properties of the region.");
	for (size_t r = 0; r < listing_count(l); r++) {
		const struct row *row = listing_row(l, r);

		/* Not readable, or named twice. */
		if (row->cells[metrics->labels[0].column].type == CELL_UNKNOWN)
			continue;
		fputs("mshare_region_info{", stdout);
		print_region(metrics, row);
		for (size_t i = 0; i < metrics->label_count; i++)
			print_label(&metrics->labels[i],
				    &row->cells[metrics->labels[i].column]);
		puts("} 1");
	}
}

static void print_mount(const struct mount *mount, enum metrics_format format)
{
	struct mount_usage u;

	if (mount_get_usage(mount, &u))
		return;
	const struct {
		struct metric metric;
		uint64_t limit, value;
	} gauges[] = {
		{ { 0, "size_bytes", "bytes", false, NULL,
		    "Limit of the memory of all regions of the mount." },
		  u.size_limit,
		  u.size_limit },
		{ { 0, "used_bytes", "bytes", false, NULL,
		    "Part of the limit that is used: the sum of charged_bytes." },
		  u.size_limit,
		  u.used },
		{ { 0, "regions_limit", NULL, false, NULL,
		    "Limit of the number of names." },
		  u.names_limit,
		  u.names_limit },
		{ { 0, "regions", NULL, false, NULL, "Number of names." },
		  u.names_limit,
		  u.names },
	};

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		if (!gauges[i].limit)
			continue;
		print_head("mshare_mount_", &gauges[i].metric, format);
		printf("mshare_mount_%s{mount_point=", gauges[i].metric.name);
		escape_label(stdout, mount->path);
		printf("} %" PRIu64 "\n", gauges[i].value);
	}
}

void openmetrics_print(const struct listing *l, const struct mount *mount,
		       const struct metrics *metrics,
		       enum metrics_format format)
{
	print_mount(mount, format);
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metric *m = &metrics->metrics[i];

		if (!i || strcmp(m->name, m[-1].name))
			print_head("mshare_region_", m, format);
		for (size_t r = 0; r < listing_count(l); r++)
			print_sample(metrics, m, listing_row(l, r));
	}
	print_info(l, metrics, format);
	if (format == METRICS_OPEN)
		puts("# EOF");
}
