// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli.h"
#include "page-table-cost.h"
#include "openmetrics.h"
#include "list-regions.h"
#include "seal.h"
#include "parse.h"
#include "target.h"

enum {
	COL_NAME,
	COL_ATTACHED,
	COL_MAPPINGS,
	COL_SIZE,
	COL_MAPPED,
	COL_RESIDENT,
	COL_RESIDENT_SHMEM,
	COL_RESIDENT_FILE,
	COL_RESIDENT_HUGETLB,
	COL_SWAPPED,
	COL_LOCKED,
	COL_PGTABLES,
	COL_UNSHARED,
	COL_FAULTS,
	COL_LINKS,
	COL_FLUSHES,
	COL_IPIS,
	COL_FAULT_RATE,
	COL_LINK_RATE,
	COL_FLUSH_RATE,
	COL_IPI_RATE,
	COL_SEALS,
};

/* clang-format off */
static const struct column columns[] = {
	[COL_NAME] =             { "NAME",             "name, relative to the mount point", COL_LEFT | COL_PATH },
	[COL_ATTACHED] =         { "ATTACHED",         "number of processes that have the region attached", 0 },
	[COL_MAPPINGS] =         { "MAPPINGS",         "number of mappings in the region", 0 },
	[COL_SIZE] =             { "SIZE",             "size of the range of addresses", 0 },
	[COL_MAPPED] =           { "MAPPED",           "mapped memory", 0 },
	[COL_RESIDENT] =         { "RESIDENT",         "resident memory", 0 },
	[COL_RESIDENT_SHMEM] =   { "RESIDENT-SHMEM",   "part of RESIDENT: anonymous memory, memfds and tmpfs", 0 },
	[COL_RESIDENT_FILE] =    { "RESIDENT-FILE",    "part of RESIDENT: files on other file systems", 0 },
	[COL_RESIDENT_HUGETLB] = { "RESIDENT-HUGETLB", "part of RESIDENT: hugetlbfs", 0 },
	[COL_SWAPPED] =          { "SWAPPED",          "memory in swap space", 0 },
	[COL_LOCKED] =           { "LOCKED",           "locked memory", 0 },
	[COL_PGTABLES] =         { "PGTABLES",         "size of the shared page tables", 0 },
	[COL_UNSHARED] =         { "UNSHARED",         "estimated size of page tables without sharing", 0 },
	[COL_FAULTS] =           { "FAULTS",           "faults since the region was created", 0 },
	[COL_LINKS] =            { "LINKS",            "links to shared page tables since then", 0 },
	[COL_FLUSHES] =          { "FLUSHES",          "number of TLB flushes since then", 0 },
	[COL_IPIS] =             { "IPIS",             "number of CPUs interrupted for TLB flushes", 0 },
	[COL_FAULT_RATE] =       { "FAULTS/S",         "faults per second, with --interval", 0 },
	[COL_LINK_RATE] =        { "LINKS/S",          "links per second, with --interval", 0 },
	[COL_FLUSH_RATE] =       { "FLUSHES/S",        "number of TLB flushes per second, with --interval", 0 },
	[COL_IPI_RATE] =         { "IPIS/S",           "interrupted CPUs per second, with --interval", 0 },
	[COL_SEALS] =            { "SEALS",            "permanently forbidden changes", COL_LEFT },
};
/* clang-format on */

static const struct listing_def totals = {
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.defaults = "NAME,ATTACHED,MAPPINGS,MAPPED,RESIDENT,SWAPPED,PGTABLES,"
		    "UNSHARED",
	.key = "regions",
};

static const struct listing_def reports = {
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.defaults = "NAME,ATTACHED,RESIDENT,PGTABLES,FAULTS/S,LINKS/S,"
		    "FLUSHES/S,IPIS/S",
	.key = "regions",
	.is_stream = true,
};

static const struct metric metrics[] = {
	{ COL_ATTACHED, "attached_processes", "processes", false, NULL,
	  "Processes that have the region attached." },
	{ COL_MAPPINGS, "mappings", NULL, false, NULL,
	  "Mappings in the region." },
	{ COL_SIZE, "size_bytes", "bytes", false, NULL,
	  "Size of the range of addresses." },
	{ COL_MAPPED, "mapped_bytes", "bytes", false, NULL,
	  "How much of the region is mapped." },
	{ COL_RESIDENT_SHMEM, "resident_bytes", "bytes", false,
	  "kind=\"shmem\"", "How much of the region is in memory." },
	{ COL_RESIDENT_FILE, "resident_bytes", "bytes", false, "kind=\"file\"",
	  NULL },
	{ COL_RESIDENT_HUGETLB, "resident_bytes", "bytes", false,
	  "kind=\"hugetlb\"", NULL },
	{ COL_SWAPPED, "swapped_bytes", "bytes", false, NULL,
	  "How much of the region is in swap space." },
	{ COL_LOCKED, "locked_bytes", "bytes", false, NULL,
	  "How much of the region is locked in memory." },
	{ COL_PGTABLES, "pgtables_bytes", "bytes", false, NULL,
	  "Size of the shared page tables." },
	{ COL_UNSHARED, "unshared_pgtables_bytes", "bytes", false, NULL,
	  "What page tables would take without sharing." },
	{ COL_FAULTS, "faults", NULL, true, NULL,
	  "Faults that processes took in the region." },
	{ COL_LINKS, "links", NULL, true, NULL,
	  "Entries of page tables set to shared ones." },
	{ COL_FLUSHES, "tlb_flushes", NULL, true, NULL,
	  "Flushes of TLBs for the region." },
	{ COL_IPIS, "tlb_ipis", NULL, true, NULL,
	  "Processors interrupted for flushes of TLBs." },
};

/* The figures that only grow, in the order of their columns. */
enum {
	COUNTERS = COL_IPIS - COL_FAULTS + 1
};

struct sample {
	ino_t inode;
	struct timespec time;
	uint64_t counters[COUNTERS];
};

struct samples {
	struct sample *list;
	size_t count, space;
};

struct stat_command {
	struct listing_options options;
	struct listing listing;
	bool openmetrics, has_count;
	bool printed; /* some report that was not empty */
	uint64_t interval_ms, count;
	struct samples before, now;
};

static const struct argp_option options[] = {
	{ "interval", OPT_INTERVAL, "SEC", 0,
	  "repeat after so many seconds, with rates", 0 },
	{ "count", OPT_COUNT, "N", 0, "with --interval: stop after N times",
	  0 },
	{ "openmetrics", OPT_OPENMETRICS, NULL, 0,
	  "print metrics for Prometheus", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct stat_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->options;
		return 0;
	case OPT_INTERVAL:
		if (seconds_parse(arg, &c->interval_ms) || !c->interval_ms)
			cli_usage_error("--interval: '%s' is no number of "
					"seconds from 0.001 to 86400, with up "
					"to 3 decimals",
					arg);
		return 0;
	case OPT_COUNT:
		if (size_parse(arg, &c->count) || !c->count)
			cli_usage_error("--count: '%s' is no number from 1 on",
					arg);
		c->has_count = true;
		return 0;
	case OPT_OPENMETRICS:
		c->openmetrics = true;
		return 0;
	case ARGP_KEY_END:
		if (c->has_count && !c->interval_ms)
			cli_usage_error("--count needs --interval");
		if (c->openmetrics && c->interval_ms)
			cli_usage_error("--openmetrics and --interval exclude "
					"each other");
		if (c->openmetrics && c->options.format_option)
			cli_usage_error("--openmetrics and %s exclude each "
					"other",
					c->options.format_option);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct sample *find_sample(const struct samples *s, ino_t inode)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->list[i].inode == inode)
			return &s->list[i];
	return NULL;
}

static struct sample *add_sample(struct samples *s)
{
	if (s->count == s->space) {
		size_t space = s->space ? s->space * 2 : 32;
		struct sample *more;

		more = reallocarray(s->list, space, sizeof(*more));
		if (!more)
			return NULL;
		s->list = more;
		s->space = space;
	}
	return &s->list[s->count++];
}

static void fill_rates(struct cell *cells, const struct sample *then,
		       const struct sample *now)
{
	double seconds;

	/* The first time, or another region with the inode of an old one. */
	if (!then)
		return;
	seconds = (double)(now->time.tv_sec - then->time.tv_sec) +
		  (double)(now->time.tv_nsec - then->time.tv_nsec) / 1e9;
	if (seconds <= 0)
		return;
	for (size_t i = 0; i < COUNTERS; i++)
		if (now->counters[i] >= then->counters[i])
			cell_rate(
				&cells[COL_FAULT_RATE + i],
				(double)(now->counters[i] - then->counters[i]) /
					seconds);
}

static int take_sample(struct stat_command *c, struct cell *cells, ino_t inode)
{
	struct sample *now = add_sample(&c->now);

	if (!now)
		return -ENOMEM;
	now->inode = inode;
	clock_gettime(CLOCK_MONOTONIC, &now->time);
	for (size_t i = 0; i < COUNTERS; i++)
		now->counters[i] = cells[COL_FAULTS + i].number;
	fill_rates(cells, find_sample(&c->before, inode), now);
	return 0;
}

static int fill(struct row *row, const struct region *region, void *data)
{
	struct stat_command *c = data;
	struct cell *cells = row->cells;
	char seals[SEAL_STRLEN];
	struct mshare_stat st;
	int err;

	/* Named again: without figures, a region has no metrics. */
	if (c->openmetrics && find_sample(&c->now, region->st.st_ino))
		return 0;
	err = mshare_stat(region->fd, &st);
	if (err)
		return err;
	if (region->range.size)
		cell_value(&cells[COL_SIZE], CELL_SIZE, region->range.size);
	cell_value(&cells[COL_ATTACHED], CELL_NUMBER, st.attached);
	cell_value(&cells[COL_MAPPINGS], CELL_NUMBER, st.mappings);
	cell_value(&cells[COL_MAPPED], CELL_SIZE, st.mapped);
	cell_value(&cells[COL_RESIDENT], CELL_SIZE, st.resident);
	cell_value(&cells[COL_RESIDENT_SHMEM], CELL_SIZE, st.resident_shmem);
	cell_value(&cells[COL_RESIDENT_FILE], CELL_SIZE, st.resident_file);
	cell_value(&cells[COL_RESIDENT_HUGETLB], CELL_SIZE,
		   st.resident_hugetlb);
	cell_value(&cells[COL_SWAPPED], CELL_SIZE, st.swapped);
	cell_value(&cells[COL_LOCKED], CELL_SIZE, st.locked);
	cell_value(&cells[COL_PGTABLES], CELL_SIZE, st.pgtables);
	cell_value(&cells[COL_UNSHARED], CELL_SIZE, cost_unshared(&st));
	cell_value(&cells[COL_FAULTS], CELL_NUMBER, st.faults);
	cell_value(&cells[COL_LINKS], CELL_NUMBER, st.links);
	cell_value(&cells[COL_FLUSHES], CELL_NUMBER, st.flushes);
	cell_value(&cells[COL_IPIS], CELL_NUMBER, st.ipis);
	cell_list(&cells[COL_SEALS], seal_format(st.seals, seals));
	return take_sample(c, cells, region->st.st_ino);
}

/* What was now is before, and now nothing is known. */
static void next_samples(struct stat_command *c)
{
	struct samples spare = c->before;

	spare.count = 0;
	c->before = c->now;
	c->now = spare;
}

static void add_interval(struct timespec *at, uint64_t ms)
{
	at->tv_sec += (time_t)(ms / 1000);
	at->tv_nsec += (long)(ms % 1000) * 1000000;
	if (at->tv_nsec >= 1000000000) {
		at->tv_sec++;
		at->tv_nsec -= 1000000000;
	}
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* What a stop has outlasted is left out, rather than made up for at once. */
static void next_time(struct timespec *at, uint64_t ms)
{
	struct timespec now;

	add_interval(at, ms);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!is_before(at, &now))
		return;
	*at = now;
	add_interval(at, ms);
}

static int print_report(struct stat_command *c, const struct mount *mount)
{
	struct listing_options *o = &c->options;
	const size_t count = listing_count(&c->listing);
	int ret;

	/* For people each report is a table; scripts get one stream. */
	if (c->printed && o->format == LISTING_TABLE && count)
		putchar('\n');
	if (c->printed && o->format == LISTING_RAW)
		o->no_headings = true;
	c->printed |= count > 0;
	ret = listing_print(&c->listing, mount);
	if (fflush(stdout))
		ret = EXIT_FAILURE;
	return ret;
}

/* Each report covers the interval before it. */
static int repeat(struct stat_command *c, const struct mount *mount,
		  const struct region_source *source)
{
	struct timespec at;
	int ret, one;

	clock_gettime(CLOCK_MONOTONIC, &at);
	ret = regions_collect(&c->listing, mount, source);
	for (uint64_t i = 0; !c->has_count || i < c->count; i++) {
		/* Names that are wrong were so the first time. */
		if (c->options.name_count && !listing_count(&c->listing))
			return EXIT_FAILURE;
		next_time(&at, c->interval_ms);
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at,
				       NULL) == EINTR)
			;
		listing_truncate(&c->listing, 0);
		next_samples(c);
		one = regions_collect(&c->listing, mount, source);
		ret |= one | print_report(c, mount);
		if (ferror(stdout))
			return EXIT_FAILURE;
	}
	return ret;
}

static int show(struct stat_command *c, const struct mount *mount,
		const struct region_source *source)
{
	int ret;

	if (c->interval_ms)
		return repeat(c, mount, source);
	ret = regions_collect(&c->listing, mount, source);
	if (c->openmetrics)
		openmetrics_print(&c->listing, metrics,
				  sizeof(metrics) / sizeof(metrics[0]));
	else
		ret |= listing_print(&c->listing, mount);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct stat_command c = { 0 };
	const struct region_source source = { .fill = fill, .data = &c };
	struct mount mount;
	int ret;

	cli_parse(cli, argc, argv, &c);
	if (!listing_begin(&c.listing, c.interval_ms ? &reports : &totals,
			   &c.options))
		return EXIT_SUCCESS;
	ret = target_mount(cli, NULL, &mount);
	if (ret)
		return ret;
	ret = show(&c, &mount, &source);
	listing_free(&c.listing);
	free(c.before.list);
	free(c.now.list);
	mount_close(&mount);
	return ret;
}

const struct command cmd_stat = {
	.name = "stat",
	.summary = "show what regions hold and who uses them",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NAME...]",
		.doc = "Show what regions hold and how many processes use "
		       "them; without NAME, all of them.",
		.children = listing_children,
	},
	.run = run,
};
