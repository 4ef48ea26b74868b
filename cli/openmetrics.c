// SPDX-License-Identifier: GPL-2.0-only
#include "openmetrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "listing.h"
#include "nameless.h"
#include "xalloc.h"

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

static void print_region(const struct listing *l, const struct metrics *metrics,
			 const struct row *row)
{
	const char *name = row->cells[0].string;
	const char *state = row->cells[metrics->state_column].string;
	const char *mount = row->cells[l->def->mount_column].string;

	fputs("region=", stdout);
	escape_label(stdout, name);
	/* Two names can differ only in bytes that are not valid UTF-8. */
	if (!escape_is_utf8(name)) {
		fputs(",region_bytes=\"", stdout);
		escape_hex(stdout, name);
		putchar('"');
	}
	if (mount && l->options->all_mounts) {
		fputs(",mount_point=", stdout);
		escape_label(stdout, mount);
	}
	/* A region can be called like a nameless region. */
	if (state && !strcmp(state, "nameless"))
		fputs(",nameless=\"yes\"", stdout);
	/* Several removed regions can have had one name. */
	if (state && !strcmp(state, "deleted"))
		printf(",deleted=\"%" PRIu64 "\"",
		       row->cells[metrics->inode_column].number);
}

static void print_sample(const struct listing *l, const struct metrics *metrics,
			 const struct metric *m, const struct row *row)
{
	const struct cell *cell = &row->cells[m->column];

	if (cell->type == CELL_UNKNOWN)
		return;
	printf("mshare_region_%s%s{", m->name, m->counter ? "_total" : "");
	print_region(l, metrics, row);
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
		print_region(l, metrics, row);
		for (size_t i = 0; i < metrics->label_count; i++)
			print_label(&metrics->labels[i],
				    &row->cells[metrics->labels[i].column]);
		puts("} 1");
	}
}

/* A gauge of mounts: a figure that is there if the mount has the limit. */
static const struct {
	struct metric metric;
	size_t limit, value; /* offsets in struct mount_usage */
} gauges[] = {
	{ { 0, "size_bytes", "bytes", false, NULL,
	    "Limit of the memory of all regions of the mount." },
	  offsetof(struct mount_usage, size_limit),
	  offsetof(struct mount_usage, size_limit) },
	{ { 0, "used_bytes", "bytes", false, NULL,
	    "Part of the limit that is used: the sum of charged_bytes." },
	  offsetof(struct mount_usage, size_limit),
	  offsetof(struct mount_usage, used) },
	{ { 0, "regions_limit", NULL, false, NULL,
	    "Limit of the number of names." },
	  offsetof(struct mount_usage, names_limit),
	  offsetof(struct mount_usage, names_limit) },
	{ { 0, "regions", NULL, false, NULL, "Number of names." },
	  offsetof(struct mount_usage, names_limit),
	  offsetof(struct mount_usage, names) },
};

static uint64_t figure_of(const struct mount_usage *u, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)u + offset, sizeof(value));
	return value;
}

static void print_gauge(const struct mounts *mounts,
			const struct mount_usage *usage, size_t gauge,
			enum metrics_format format)
{
	const struct metric *m = &gauges[gauge].metric;
	bool has_head = false;

	for (size_t i = 0; i < mounts->count; i++) {
		if (!figure_of(&usage[i], gauges[gauge].limit))
			continue;
		if (!has_head)
			print_head("mshare_mount_", m, format);
		has_head = true;
		printf("mshare_mount_%s{mount_point=", m->name);
		escape_label(stdout, mounts->items[i].path);
		printf("} %" PRIu64 "\n",
		       figure_of(&usage[i], gauges[gauge].value));
	}
}

/* The figures of a mount are those of one moment. */
static void print_mounts(const struct mounts *mounts,
			 enum metrics_format format)
{
	struct mount_usage *usage =
		xcheck(calloc(mounts->count, sizeof(*usage)));

	for (size_t i = 0; i < mounts->count; i++)
		if (mount_get_usage(&mounts->items[i], &usage[i]))
			usage[i] = (struct mount_usage){ 0 };
	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		print_gauge(mounts, usage, i, format);
	free(usage);
}

/* Of the programs that do not know msharefs. */
static void print_counters(enum metrics_format format)
{
	struct nameless_counters c;

	if (!nameless_read_counters(&c))
		return;
	const struct {
		struct metric metric;
		uint64_t value;
	} counters[] = {
		{ { 0, "regions", NULL, true, NULL,
		    "Mappings of programs that got a nameless region." },
		  c.regions },
		{ { 0, "ordinary", NULL, true, NULL,
		    "Mappings of programs that got ordinary memory." },
		  c.ordinary },
		{ { 0, "plain", NULL, true, NULL,
		    "Windows of programs that became plain mappings." },
		  c.plain },
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		print_head("mshare_program_", &counters[i].metric, format);
		printf("mshare_program_%s_total %" PRIu64 "\n",
		       counters[i].metric.name, counters[i].value);
	}
}

void openmetrics_print(const struct listing *l, const struct mounts *mounts,
		       const struct metrics *metrics,
		       enum metrics_format format)
{
	print_mounts(mounts, format);
	if (l->options->all)
		print_counters(format);
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metric *m = &metrics->metrics[i];

		if (!i || strcmp(m->name, m[-1].name))
			print_head("mshare_region_", m, format);
		for (size_t r = 0; r < listing_count(l); r++)
			print_sample(l, metrics, m, listing_row(l, r));
	}
	print_info(l, metrics, format);
	if (format == METRICS_OPEN)
		puts("# EOF");
}
