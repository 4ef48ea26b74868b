// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgroup.h"
#include "cli.h"
#include "page-table-cost.h"
#include "openmetrics.h"
#include "list-regions.h"
#include "region-columns.h"
#include "samples.h"
#include "screen.h"
#include "seal.h"
#include "parse.h"
#include "names.h"
#include "xalloc.h"

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
	COL_MODE,
	COL_OWNER,
	COL_GROUP,
	COL_INODE,
	COL_CTIME,
	COL_CHARGED,
	COL_RESIDENT_HUGE,
	COL_STATE,
	COL_CREATED,
	COL_ATTACHED_AT,
	COL_DETACHED_AT,
	COL_CREATOR,
	COL_ATTACHER,
	COL_DETACHER,
	COL_CGROUP,
	COL_PROGRAM,
	COL_MOUNT,
};

/* clang-format off */
static const struct column columns[] = {
	[COL_NAME] =             { "NAME",             "name, relative to the mount point", COL_LEFT | COL_PATH },
	[COL_ATTACHED] =         { "ATTACHED",         "number of processes "
						       "that have the region "
						       "attached", 0 },
	[COL_MAPPINGS] =         { "MAPPINGS",         "number of mappings in "
						       "the region", 0 },
	[COL_SIZE] =             { "SIZE",             "size of the range of addresses", 0 },
	[COL_MAPPED] =           { "MAPPED",           "mapped memory", 0 },
	[COL_RESIDENT] =         { "RESIDENT",         "resident memory", 0 },
	[COL_RESIDENT_SHMEM] =   { "RESIDENT-SHMEM",   "part of RESIDENT: "
						       "anonymous memory, "
						       "memfds and tmpfs", 0 },
	[COL_RESIDENT_FILE] =    { "RESIDENT-FILE",    "part of RESIDENT: "
						       "files on other file "
						       "systems", 0 },
	[COL_RESIDENT_HUGETLB] = { "RESIDENT-HUGETLB", "part of RESIDENT: "
						       "hugetlbfs", 0 },
	[COL_SWAPPED] =          { "SWAPPED",          "memory in swap space", 0 },
	[COL_LOCKED] =           { "LOCKED",           "locked memory", 0 },
	[COL_PGTABLES] =         { "PGTABLES",         "size of the shared page tables", 0 },
	[COL_UNSHARED] =         { "UNSHARED",         "estimated size of "
						       "page tables without "
						       "sharing", 0 },
	[COL_FAULTS] =           { "FAULTS",           "faults since the region was created", 0 },
	[COL_LINKS] =            { "LINKS",            "links to shared page tables since then", 0 },
	[COL_FLUSHES] =          { "FLUSHES",          "number of TLB flushes since then", 0 },
	[COL_IPIS] =             { "IPIS",             "number of CPUs interrupted for TLB flushes", 0 },
	[COL_FAULT_RATE] =       { "FAULTS/S",         "faults per second, "
						       "with --interval", 0 },
	[COL_LINK_RATE] =        { "LINKS/S",          "links per second, "
						       "with --interval", 0 },
	[COL_FLUSH_RATE] =       { "FLUSHES/S",        "number of TLB flushes per second, with --interval", 0 },
	[COL_IPI_RATE] =         { "IPIS/S",           "interrupted CPUs per "
						       "second, with "
						       "--interval", 0 },
	[COL_SEALS] =            { "SEALS",            "permanently forbidden "
						       "changes", COL_LEFT },
	[COL_MODE] =             { "MODE",             "permissions, in octal", COL_LEFT },
	[COL_OWNER] =            { "OWNER",            "user name of the owner", COL_LEFT },
	[COL_GROUP] =            { "GROUP",            "name of the group", COL_LEFT },
	[COL_INODE] =            { "INODE",            "inode number, as in /proc/PID/maps", 0 },
	[COL_CTIME] =            { "CTIME",            "time of the last change to names, mode or owner", COL_LEFT },
	[COL_CHARGED] =          { "CHARGED",          "memory that counts for size= of the mount, page tables included", 0 },
	[COL_RESIDENT_HUGE] =    { "RESIDENT-HUGE",    "part of RESIDENT: mapped as huge pages", 0 },
	[COL_STATE] =            { "STATE",            "state of the region: present, deleted or nameless", COL_LEFT },
	[COL_CREATED] =          { "CREATED",          "time of creation", COL_LEFT },
	[COL_ATTACHED_AT] =      { "ATTACHED-AT",      "time when a process attached the region last", COL_LEFT },
	[COL_DETACHED_AT] =      { "DETACHED-AT",      "time when a process detached the region last", COL_LEFT },
	[COL_CREATOR] =          { "CREATOR",          "process that created the region", 0 },
	[COL_ATTACHER] =         { "ATTACHER",         "process that attached the region last", 0 },
	[COL_DETACHER] =         { "DETACHER",         "process that detached the region last", 0 },
	[COL_CGROUP] =           { "CGROUP",           "memory cgroup that pays", COL_LEFT },
	[COL_PROGRAM] =          { "PROGRAM",          "program that created a nameless region", COL_LEFT | COL_PATH },
	[COL_MOUNT] =            { "MOUNT",            "mount point", COL_LEFT | COL_PATH },
};
/* clang-format on */

static const struct listing_def totals = {
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.defaults = "NAME,ATTACHED,MAPPINGS,MAPPED,RESIDENT,SWAPPED,PGTABLES,"
		    "UNSHARED",
	.all_defaults = "OWNER,PROGRAM",
	.mount_column = COL_MOUNT,
	.key = "regions",
};

static const struct listing_def reports = {
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.defaults = "NAME,ATTACHED,RESIDENT,PGTABLES,FAULTS/S,LINKS/S,"
		    "FLUSHES/S,IPIS/S",
	.all_defaults = "PROGRAM",
	.mount_column = COL_MOUNT,
	.key = "regions",
	.is_stream = true,
};

/* clang-format off */
static const struct metric metrics[] = {
	{ COL_ATTACHED,         "attached_processes", "processes", false, NULL, "Number "
										"of "
										"processes "
										"that "
										"have "
										"the "
										"region "
										"attached." },
	{ COL_MAPPINGS,         "mappings", NULL, false, NULL, "Number of "
							       "mappings in "
							       "the region." },
	{ COL_SIZE,             "size_bytes", "bytes", false, NULL, "Size of the range of addresses." },
	{ COL_MAPPED,           "mapped_bytes", "bytes", false, NULL, "Size of the mappings." },
	{ COL_RESIDENT_SHMEM,   "resident_bytes", "bytes", false, "kind=\"shmem\"", "Memory in use." },
	{ COL_RESIDENT_FILE,    "resident_bytes", "bytes", false, "kind=\"file\"", NULL },
	{ COL_RESIDENT_HUGETLB, "resident_bytes", "bytes", false, "kind=\"hugetlb\"", NULL },
	{ COL_SWAPPED,          "swapped_bytes", "bytes", false, NULL, "Swap space in use." },
	{ COL_LOCKED,           "locked_bytes", "bytes", false, NULL, "Size of the locked mappings." },
	{ COL_PGTABLES,         "pgtables_bytes", "bytes", false, NULL, "Size of the shared page tables." },
	{ COL_CHARGED,          "charged_bytes", "bytes", false, NULL, "Memory that counts for the limit of the mount." },
	{ COL_RESIDENT_HUGE,    "resident_huge_bytes", "bytes", false, NULL, "Part of the memory that is mapped as huge pages." },
	{ COL_UNSHARED,         "unshared_pgtables_bytes", "bytes", false, NULL, "Size of page tables without sharing." },
	{ COL_FAULTS,           "faults", NULL, true, NULL, "Faults of processes in the region." },
	{ COL_LINKS,            "links", NULL, true, NULL, "Page table entries set to shared page tables." },
	{ COL_FLUSHES,          "tlb_flushes", NULL, true, NULL, "TLB flushes "
								 "for the "
								 "region." },
	{ COL_IPIS,             "tlb_ipis", NULL, true, NULL, "CPUs interrupted by TLB flushes." },
};
/* clang-format on */

static const struct metric_label labels[] = {
	{ COL_OWNER, "owner" },   { COL_GROUP, "group" },
	{ COL_INODE, "inode" },   { COL_MODE, "mode" },
	{ COL_SEALS, "seals" },   { COL_STATE, "state" },
	{ COL_CGROUP, "cgroup" }, { COL_PROGRAM, "program" },
};

static const struct metrics all_metrics = {
	.metrics = metrics,
	.count = sizeof(metrics) / sizeof(metrics[0]),
	.labels = labels,
	.label_count = sizeof(labels) / sizeof(labels[0]),
	.state_column = COL_STATE,
	.inode_column = COL_INODE,
};

/* A field of struct msharefs_stat, and the columns that show the field. */
struct figure {
	size_t column;
	enum cell_type type;
	size_t field; /* offset */
	size_t rate;  /* of a counter: the column with the rate; else 0 */
};

#define FIELD(name) offsetof(struct msharefs_stat, name)

/* clang-format off */
static const struct figure figures[] = {
	{ COL_ATTACHED,         CELL_NUMBER, FIELD(attached),         0 },
	{ COL_MAPPINGS,         CELL_NUMBER, FIELD(mappings),         0 },
	{ COL_MAPPED,           CELL_SIZE,   FIELD(mapped),           0 },
	{ COL_RESIDENT,         CELL_SIZE,   FIELD(resident),         0 },
	{ COL_RESIDENT_SHMEM,   CELL_SIZE,   FIELD(resident_shmem),   0 },
	{ COL_RESIDENT_FILE,    CELL_SIZE,   FIELD(resident_file),    0 },
	{ COL_RESIDENT_HUGETLB, CELL_SIZE,   FIELD(resident_hugetlb), 0 },
	{ COL_RESIDENT_HUGE,    CELL_SIZE,   FIELD(resident_huge),    0 },
	{ COL_CHARGED,          CELL_SIZE,   FIELD(charged),          0 },
	{ COL_SWAPPED,          CELL_SIZE,   FIELD(swapped),          0 },
	{ COL_LOCKED,           CELL_SIZE,   FIELD(locked),           0 },
	{ COL_PGTABLES,         CELL_SIZE,   FIELD(pgtables),         0 },
	{ COL_FAULTS,           CELL_NUMBER, FIELD(faults),           COL_FAULT_RATE },
	{ COL_LINKS,            CELL_NUMBER, FIELD(links),            COL_LINK_RATE },
	{ COL_FLUSHES,          CELL_NUMBER, FIELD(flushes),          COL_FLUSH_RATE },
	{ COL_IPIS,             CELL_NUMBER, FIELD(ipis),             COL_IPI_RATE },
};
/* clang-format on */

struct stat_command {
	struct listing_options options;
	struct listing listing;
	enum metrics_format metrics;
	bool has_count;
	bool is_top;
	bool printed; /* a report was not empty */
	uint64_t interval_ms, count;
	struct samples samples;
};

enum {
	OPT_COUNT = 0x100,
	OPT_INTERVAL,
	OPT_OPENMETRICS,
	OPT_PROMETHEUS,
	OPT_TOP,
};

/* Of --top without --interval, in milliseconds. */
#define TOP_INTERVAL 2000

static const struct argp_option options[] = {
	{ "interval", OPT_INTERVAL, "SEC", 0,
	  "report every SEC seconds, with rates", 0 },
	{ "count", OPT_COUNT, "N", 0, "with --interval: stop after N reports",
	  0 },
	{ "top", OPT_TOP, NULL, 0,
	  "refresh the reports in place, sorted; q quits", 0 },
	{ "openmetrics", OPT_OPENMETRICS, NULL, 0,
	  "print metrics in the OpenMetrics format", 0 },
	{ "prometheus", OPT_PROMETHEUS, NULL, 0,
	  "print metrics in the text format of Prometheus", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct stat_command *c = state->input;
	const char *option;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->options;
		return 0;
	case OPT_INTERVAL:
		if (seconds_parse(arg, &c->interval_ms) || !c->interval_ms)
			cli_usage_error("--interval: invalid interval '%s' "
					"(expected 0.001 to 86400 seconds, up "
					"to 3 decimals)",
					arg);
		return 0;
	case OPT_COUNT:
		if (size_parse(arg, &c->count) || !c->count)
			cli_usage_error("--count: invalid count '%s' "
					"(expected 1 or more)",
					arg);
		c->has_count = true;
		return 0;
	case OPT_TOP:
		c->is_top = true;
		return 0;
	case OPT_OPENMETRICS:
	case OPT_PROMETHEUS:
		if (c->metrics &&
		    (c->metrics == METRICS_OPEN) != (key == OPT_OPENMETRICS))
			cli_usage_error("--openmetrics and --prometheus "
					"exclude each other");
		c->metrics = key == OPT_OPENMETRICS ? METRICS_OPEN :
						      METRICS_CLASSIC;
		return 0;
	case ARGP_KEY_END:
		option = c->metrics == METRICS_OPEN ? "--openmetrics" :
						      "--prometheus";
		if (c->is_top && c->metrics)
			cli_usage_error("%s and --top exclude each other",
					option);
		if (c->is_top && !c->interval_ms)
			c->interval_ms = TOP_INTERVAL;
		if (c->has_count && !c->interval_ms)
			cli_usage_error("--count needs --interval");
		if (c->metrics && c->interval_ms)
			cli_usage_error("%s and --interval exclude each other",
					option);
		if (c->metrics && c->options.format_option)
			cli_usage_error("%s and %s exclude each other", option,
					c->options.format_option);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static uint64_t read_figure(const struct msharefs_stat *st,
			    const struct figure *f)
{
	uint64_t value;

	memcpy(&value, (const char *)st + f->field, sizeof(value));
	return value;
}

static void fill_figures(struct cell *cells, const struct msharefs_stat *st)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		cell_value(&cells[figures[i].column], figures[i].type,
			   read_figure(st, &figures[i]));
}

static void fill_rate(struct cell *cells, const struct figure *f,
		      const struct sample *before, const struct sample *now)
{
	const uint64_t from = read_figure(&before->stat, f);
	const uint64_t to = read_figure(&now->stat, f);

	/* A counter falls if a new region has the inode of an old one. */
	if (!f->rate || to < from)
		return;
	cell_rate(&cells[f->rate], (double)(to - from) * 1e9 /
					   (double)(now->time - before->time));
}

static void fill_rates(struct cell *cells, const struct sample *before,
		       const struct sample *now)
{
	/* The first report has no previous sample. */
	if (!before || now->time <= before->time)
		return;
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		fill_rate(cells, &figures[i], before, now);
}

static void fill_file(struct cell *cells, const struct stat *st)
{
	cell_string(&cells[COL_MODE], "%04o", st->st_mode & 07777);
	cell_value(&cells[COL_OWNER], CELL_USER, st->st_uid);
	cell_value(&cells[COL_GROUP], CELL_GROUP, st->st_gid);
	cell_value(&cells[COL_INODE], CELL_NUMBER, st->st_ino);
	cell_string(&cells[COL_STATE], "%s",
		    st->st_nlink ? "present" : "deleted");
	/* Unknown of a removed region. */
	if (st->st_nlink)
		region_columns_fill_time(&cells[COL_CTIME], st->st_ctim.tv_sec);
}

/* Nanoseconds since 1970; 0: never, or not known to the kernel. */
static void fill_time(struct cell *cell, uint64_t time)
{
	if (time)
		region_columns_fill_time(cell, (time_t)(time / 1000000000));
}

/* 0: never, or in another PID namespace. */
static void fill_process(struct cell *cell, uint32_t pid)
{
	if (pid)
		cell_value(cell, CELL_NUMBER, pid);
}

/* A cgroup that is not visible here is shown by its ID. */
static void fill_cgroup(struct cell *cell, uint64_t id)
{
	const char *path = id ? cgroup_path(id) : NULL;

	if (path)
		cell_string(cell, "%s", path);
	else if (id)
		cell_string(cell, "%" PRIu64, id);
}

static void fill_use(const struct stat_command *c, struct cell *cells,
		     const struct msharefs_stat *st)
{
	fill_time(&cells[COL_CREATED], st->created);
	fill_time(&cells[COL_ATTACHED_AT], st->attached_last);
	fill_time(&cells[COL_DETACHED_AT], st->detached_last);
	fill_process(&cells[COL_CREATOR], st->creator);
	fill_process(&cells[COL_ATTACHER], st->attacher);
	fill_process(&cells[COL_DETACHER], st->detacher);
	/* Reads the names of all cgroups. */
	if (c->metrics || listing_needs(&c->listing, COL_CGROUP))
		fill_cgroup(&cells[COL_CGROUP], st->cgroup);
}

static void fill_all_figures(struct stat_command *c, struct cell *cells,
			     dev_t dev, ino_t inode,
			     const struct msharefs_stat *st)
{
	const struct sample *before;
	char seals[SEAL_STRLEN];

	fill_figures(cells, st);
	cell_value(&cells[COL_UNSHARED], CELL_SIZE, cost_unshared(st));
	cell_list(&cells[COL_SEALS], seal_format(st->seals, seals));
	fill_use(c, cells, st);
	before = samples_find(&c->samples.before, dev, inode,
			      c->samples.now.count);
	fill_rates(cells, before, samples_add(&c->samples, dev, inode, st));
}

static void fill_row(struct stat_command *c, struct cell *cells,
		     const struct region *region,
		     const struct msharefs_stat *st)
{
	fill_file(cells, &region->st);
	if (region->range.size)
		cell_value(&cells[COL_SIZE], CELL_SIZE, region->range.size);
	fill_all_figures(c, cells, region->st.st_dev, region->st.st_ino, st);
}

static void fill_nameless(struct row *row,
			  const struct msharefs_nameless *nameless,
			  const struct msharefs_stat *st, void *data)
{
	struct cell *cells = row->cells;

	cell_value(&cells[COL_OWNER], CELL_USER, nameless->uid);
	cell_value(&cells[COL_INODE], CELL_NUMBER, nameless->inode);
	cell_string(&cells[COL_STATE], "nameless");
	cell_string(&cells[COL_PROGRAM], "%s", nameless->command);
	if (nameless->length)
		cell_value(&cells[COL_SIZE], CELL_SIZE, nameless->bytes);
	fill_all_figures(data, cells, 0, nameless->number, st);
}

static void fill_removed(struct row *row, const struct region *region,
			 const struct msharefs_stat *st, void *data)
{
	fill_row(data, row->cells, region, st);
}

static int fill(struct row *row, const struct region *region, void *data)
{
	struct stat_command *c = data;
	struct msharefs_stat st;
	int err;

	/* A region is named twice: a row without figures has no metrics. */
	if (c->metrics && (c->options.name_count || region->st.st_nlink > 1) &&
	    samples_find(&c->samples.now, region->st.st_dev, region->st.st_ino,
			 0))
		return 0;
	err = mshare_stat(region->fd, &st, sizeof(st));
	if (!err)
		fill_row(c, row->cells, region, &st);
	return err;
}

/* Sleeps until an interval after at, in nanoseconds; returns that time. */
static uint64_t sleep_interval(uint64_t at, uint64_t interval)
{
	const uint64_t now = samples_clock();
	struct timespec ts;

	at += interval;
	/* Reports that a stopped process has missed are left out. */
	if (at < now)
		at = now + interval;
	ts.tv_sec = (time_t)(at / 1000000000);
	ts.tv_nsec = (long)(at % 1000000000);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) ==
	       EINTR)
		;
	return at;
}

static int print_report(struct stat_command *c, const struct mounts *mounts)
{
	struct listing_options *o = &c->options;
	size_t count;
	int ret;

	listing_arrange(&c->listing);
	count = listing_count(&c->listing);
	/* Each report is a table for people, and one stream for scripts. */
	if (c->printed && o->format == LISTING_TABLE && count)
		putchar('\n');
	if (c->printed && o->format == LISTING_RAW)
		o->no_headings = true;
	c->printed |= count > 0;
	ret = listing_print(&c->listing, mounts);
	if (fflush(stdout) && errno != EPIPE)
		message_error("standard output",
			      "What was printed is not complete.", "%s",
			      strerror(errno));
	return ferror(stdout) ? EXIT_FAILURE : ret;
}

/* Each report covers the interval before it. */
static int repeat(struct stat_command *c, const struct mounts *mounts,
		  const struct region_source *source)
{
	uint64_t at = samples_clock();
	size_t found;
	int ret, one;

	ret = regions_collect(&c->listing, mounts, source);
	found = listing_count(&c->listing);
	for (uint64_t i = 0; !c->has_count || i < c->count; i++) {
		/* Wrong names were reported the first time. */
		if (c->options.name_count && !found)
			return EXIT_FAILURE;
		at = sleep_interval(at, c->interval_ms * 1000000);
		listing_truncate(&c->listing, 0);
		samples_next(&c->samples);
		one = regions_collect(&c->listing, mounts, source);
		found = listing_count(&c->listing);
		ret |= one | print_report(c, mounts);
		if (ferror(stdout))
			return EXIT_FAILURE;
	}
	return ret;
}

/* "14:03:22, 3 regions, 2G of 4G used, sorted by -RESIDENT" */
static char *top_head(const struct stat_command *c, const struct mounts *mounts)
{
	const struct listing *l = &c->listing;
	char clock[16] = "", used[SIZE_STRLEN], limit[SIZE_STRLEN], *text;
	const time_t now = time(NULL);
	struct mount_usage u = { 0 };
	size_t len;
	struct tm tm;
	FILE *f = xcheck(open_memstream(&text, &len));

	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%T", &tm);
	fprintf(f, "%s, regions: %zu", clock, listing_count(l));
	if (mounts->count == 1)
		mount_get_usage(mounts->items, &u);
	if (u.size_limit)
		fprintf(f, ", %s of %s used", size_format(u.used, used),
			size_format(u.size_limit, limit));
	fprintf(f, ", sorted by %s%s  (< > r: sort, q: quit)",
		l->sorts_down ? "-" : "", columns[l->sort_column].name);
	fclose(f);
	return xcheck(text);
}

static void top_draw(struct stat_command *c, const struct mounts *mounts)
{
	char *head = top_head(c, mounts), *text = NULL;

	listing_arrange(&c->listing);
	if (listing_count(&c->listing))
		text = xcheck(listing_table_text(&c->listing, screen_width()));
	screen_draw(head, text ? text : "");
	free(text);
	free(head);
}

/* Sorts by the shown column to the right, or to the left. */
static void top_sort(struct listing *l, bool right)
{
	size_t at = 0;

	while (at < l->selected_count && l->selected[at] != l->sort_column)
		at++;
	/* After the last column is the first one, and the other way round. */
	if (right)
		at = at + 1 < l->selected_count ? at + 1 : 0;
	else
		at = at ? at - 1 : l->selected_count - 1;
	listing_set_sort(l, l->selected[at], l->sorts_down);
}

/* Handles keys until the time is over. false: the user quits. */
static bool top_wait(struct stat_command *c, const struct mounts *mounts,
		     uint64_t until)
{
	struct listing *l = &c->listing;

	for (;;) {
		switch (screen_wait(until)) {
		case SCREEN_TIME:
		case ' ':
			return true;
		case 'q':
		case 'Q':
			return false;
		case '<':
			top_sort(l, false);
			break;
		case '>':
			top_sort(l, true);
			break;
		case 'r':
			listing_set_sort(l, l->sort_column, !l->sorts_down);
			break;
		}
		top_draw(c, mounts);
	}
}

/* Wrong names are reported before the screen is taken. */
static int top(struct stat_command *c, const struct mounts *mounts,
	       const struct region_source *source)
{
	int ret = regions_collect(&c->listing, mounts, source);

	if (c->options.name_count && !listing_count(&c->listing))
		return ret;
	screen_begin();
	for (uint64_t i = 1;; i++) {
		top_draw(c, mounts);
		if (ferror(stdout) || (c->has_count && i >= c->count))
			break;
		if (!top_wait(c, mounts,
			      samples_clock() + c->interval_ms * 1000000))
			break;
		listing_truncate(&c->listing, 0);
		samples_next(&c->samples);
		ret = regions_collect(&c->listing, mounts, source);
	}
	screen_end();
	return ret;
}

static int show(struct stat_command *c, const struct mounts *mounts,
		const struct region_source *source)
{
	int ret;

	if (c->is_top && c->options.format == LISTING_TABLE && screen_exists())
		return top(c, mounts, source);
	if (c->interval_ms)
		return repeat(c, mounts, source);
	ret = regions_collect(&c->listing, mounts, source);
	listing_arrange(&c->listing);
	if (c->metrics)
		openmetrics_print(&c->listing, mounts, &all_metrics,
				  c->metrics);
	else
		ret |= listing_print(&c->listing, mounts);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct stat_command c = { 0 };
	const struct region_source source = {
		.fill = fill,
		.fill_removed = fill_removed,
		.fill_nameless = fill_nameless,
		.data = &c,
	};
	struct mounts mounts;
	int ret;

	cli_parse(cli, argc, argv, &c);
	if (!listing_begin(&c.listing, c.interval_ms ? &reports : &totals,
			   &c.options))
		return EXIT_SUCCESS;
	if (c.is_top && !c.options.sort)
		listing_set_sort(&c.listing, COL_RESIDENT, true);
	ret = names_mounts(cli, &c.options, &mounts);
	if (ret)
		return ret;
	ret = show(&c, &mounts, &source);
	listing_free(&c.listing);
	samples_free(&c.samples);
	mount_close_all(&mounts);
	return ret;
}

const struct command cmd_stat = {
	.name = "stat",
	.summary = "show memory, page tables and clients of regions",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NAME...]",
		.doc = "Show memory, page tables and clients of regions; "
		       "without NAME, of all regions.",
		.children = listing_children,
	},
	.run = run,
};
