// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "cli.h"
#include "mapping-columns.h"
#include "message.h"
#include "escape.h"
#include "region-columns.h"
#include "list-regions.h"
#include "parse.h"
#include "nameless.h"
#include "names.h"
#include "xalloc.h"

static const struct listing_def region_listing = {
	.columns = region_columns,
	.column_count = REGION_TYPE,
	.defaults = "NAME,START,SIZE,MODE,OWNER",
	.all_defaults = "ATTACHED,RESIDENT,PROGRAM",
	.mount_column = REGION_MOUNT,
	.key = "regions",
};

struct info {
	struct listing_options options;
	struct listing_options region_options; /* with --mappings */
	bool show_mappings;
	bool has_at, found_region;
	bool failed;   /* to read the region with the address, or another one */
	char *removed; /* with --at: a removed region with the address, or NULL */
	uint64_t at;   /* of --at */
	struct listing regions, mappings;
};

enum {
	OPT_AT = 0x100,
	OPT_MAPPINGS,
};

static const struct argp_option options[] = {
	{ "at", OPT_AT, "ADDR", 0,
	  "show the region and the mapping that have this address", 0 },
	{ "mappings", OPT_MAPPINGS, NULL, 0, "show the mappings in the regions",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct info *info = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &info->options;
		return 0;
	case OPT_AT:
		info->at = args_address("--at", arg);
		info->has_at = true;
		info->show_mappings = true;
		return 0;
	case OPT_MAPPINGS:
		info->show_mappings = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool has_address(const struct info *info, struct range range)
{
	return info->at >= range.start && info->at - range.start < range.size;
}

static int fill_details(struct row *row, const struct region *region,
			struct info *info)
{
	int err;

	region_columns_fill(row->cells, region);
	err = region_columns_read_use(&info->regions, row->cells, region);
	if (err || !info->show_mappings)
		return err;
	err = mapping_rows_add(&info->mappings, row->cells[REGION_NAME].string,
			       region, listing_count(&info->regions) - 1,
			       info->has_at ? &info->at : NULL);
	row->has_details = !err;
	return err;
}

static int fill(struct row *row, const struct region *region, void *data)
{
	struct info *info = data;
	int err;

	if (info->has_at && !has_address(info, region->range)) {
		/* Not a row of this listing. */
		listing_truncate(&info->regions,
				 listing_count(&info->regions) - 1);
		return 0;
	}
	err = fill_details(row, region, info);
	info->found_region = true;
	info->failed |= err != 0;
	return err;
}

/* The kernel does not list the mappings of a removed region. */
static void fill_removed(struct row *row, const struct region *region,
			 const struct msharefs_stat *stat, void *data)
{
	struct info *info = data;

	region_columns_fill(row->cells, region);
	region_columns_fill_use(row->cells, stat);
	if (!info->has_at)
		return;
	if (!info->removed && has_address(info, region->range))
		info->removed = xstrdup(row->cells[REGION_NAME].string);
	listing_truncate(&info->regions, listing_count(&info->regions) - 1);
}

/* With --at, the address is one of a region: each process has its own here. */
static void fill_nameless(struct row *row,
			  const struct msharefs_nameless *nameless,
			  const struct msharefs_stat *stat, void *data)
{
	struct info *info = data;

	region_columns_fill_nameless(row->cells, nameless, stat);
	if (info->has_at)
		listing_truncate(&info->regions,
				 listing_count(&info->regions) - 1);
}

static const char *format(const struct info *info, uint64_t number,
			  char text[SIZE_STRLEN])
{
	if (!info->options.bytes)
		return size_format(number, text);
	snprintf(text, SIZE_STRLEN, "%" PRIu64, number);
	return text;
}

/* A mount, before a table of all regions. */
static void print_mount(const struct info *info, const struct mount *mount)
{
	char text[SIZE_STRLEN], limit[SIZE_STRLEN];
	struct mount_usage u;

	fputs("mount:   ", stdout);
	escape_message(stdout, mount->path);
	printf("\ngranule: %s\n", format(info, mount->granule, text));
	if (mount_get_usage(mount, &u))
		return;
	if (u.size_limit)
		printf("memory:  %s of %s used\n", format(info, u.used, text),
		       format(info, u.size_limit, limit));
	else
		puts("memory:  no limit, and not counted for df");
	if (u.names_limit)
		printf("names:   %" PRIu64 " of %" PRIu64 "\n", u.names,
		       u.names_limit);
}

/* The mappings of programs since the system started. */
static void print_counters(void)
{
	struct nameless_counters c;

	if (nameless_read_counters(&c))
		printf("programs: %" PRIu64 " mappings with a region, %" PRIu64
		       " of ordinary memory, %" PRIu64 " made plain\n",
		       c.regions, c.ordinary, c.plain);
}

static void print_head(const struct info *info, const struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++) {
		if (i)
			putchar('\n');
		print_mount(info, &mounts->items[i]);
	}
	if (info->options.all)
		print_counters();
	if (listing_count(&info->regions))
		putchar('\n');
}

/* With --mappings, the options for columns are about mappings. */
static bool begin_mappings(struct info *info)
{
	const struct listing_options *o = &info->options;

	info->region_options = (struct listing_options){
		.format = o->format,
		.names = o->names,
		.name_count = o->name_count,
		.all = o->all,
		.all_mounts = o->all_mounts,
	};
	if (!listing_begin(
		    &info->mappings,
		    info->has_at ? &mapping_listing_at : &mapping_listing, o))
		return false;
	listing_begin(&info->regions, &region_listing, &info->region_options);
	info->regions.details = &info->mappings;
	return true;
}

static bool begin(struct info *info)
{
	if (info->show_mappings)
		return begin_mappings(info);
	return listing_begin(&info->regions, &region_listing, &info->options);
}

static int print(struct info *info, const struct mounts *mounts)
{
	const struct listing_options *o = &info->options;

	if (info->show_mappings)
		listing_filter(&info->mappings);
	if (info->show_mappings && o->format != LISTING_JSON)
		return listing_print(&info->mappings, mounts);
	if (o->format == LISTING_TABLE && !o->name_count && !o->no_headings)
		print_head(info, mounts);
	return listing_print(&info->regions, mounts);
}

/* The answer to --at if no line is one. */
static int report_at(const struct info *info)
{
	char address[24];
	size_t i = 0;

	/* An error was reported. */
	if (!info->has_at || info->failed || listing_count(&info->mappings))
		return EXIT_SUCCESS;
	snprintf(address, sizeof(address), "0x%" PRIx64, info->at);
	if (!info->found_region && info->removed)
		return message_error(info->removed,
				     "Show its processes: {msharectl} ps",
				     "the region with this address was "
				     "removed; its mappings are not listed");
	if (!info->found_region)
		return message_error(address,
				     "List the ranges: {msharectl} info",
				     "no region has this address");
	/* Regions that the user cannot read have no address here. */
	while (listing_row(&info->regions, i)->cells[REGION_START].type ==
	       CELL_UNKNOWN)
		i++;
	return message_error(
		listing_row(&info->regions, i)->cells[REGION_NAME].string,
		"Map memory there: {msharectl} map; {msharectl} info --mappings "
		"shows the mappings.",
		"nothing is mapped at %s: an access raises SIGSEGV", address);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct info info = { 0 };
	const struct region_source source = {
		.fill = fill,
		.fill_closed = region_columns_fill_stat,
		.fill_removed = fill_removed,
		.fill_nameless = fill_nameless,
		.op = OP_MAPPINGS,
		.data = &info,
	};
	struct mounts mounts;
	int ret;

	cli_parse(cli, argc, argv, &info);
	if (!begin(&info))
		return EXIT_SUCCESS;
	ret = names_mounts(cli, &info.options, &mounts);
	if (ret)
		return ret;
	ret = regions_collect(&info.regions, &mounts, &source);
	ret |= report_at(&info);
	ret |= print(&info, &mounts);
	listing_free(&info.regions);
	listing_free(&info.mappings);
	free(info.removed);
	mount_close_all(&mounts);
	return ret;
}

const struct command cmd_info = {
	.name = "info",
	.summary = "show addresses, owners and mappings of regions",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NAME...]",
		.doc = "Show the addresses and owners of regions. Without NAME, "
		       "show the mount point, the granule and all regions.",
		.children = listing_children,
	},
	.run = run,
};
