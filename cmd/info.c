// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "mapping-columns.h"
#include "escape.h"
#include "region-columns.h"
#include "list-regions.h"
#include "parse.h"
#include "target.h"

struct info {
	struct listing regions, contents;
	bool mappings; /* --mappings */
};

static const struct argp_option options[] = {
	{ "mappings", OPT_MAPPINGS, NULL, 0, "show the mappings in the regions",
	  0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct info *info = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &info->regions;
		return 0;
	case OPT_MAPPINGS:
		info->mappings = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int fill(struct cell *cells, const struct region *region, void *data)
{
	struct info *info = data;
	int err;

	place_fill(cells, region);
	if (!info->mappings)
		return 0;
	err = contents_add(&info->contents, cells[PLACE_NAME].string, region,
			   info->regions.row_count - 1);
	if (!err)
		listing_set_known(cells);
	return err;
}

/* The mount, before a table of all regions. */
static void print_mount(const struct listing *l, const struct mount *mount)
{
	char size[SIZE_STRLEN];

	fputs("mount:   ", stdout);
	escape_message(stdout, mount->path);
	if (l->bytes)
		snprintf(size, sizeof(size), "%" PRIu64, mount->granule);
	else
		size_format(mount->granule, size);
	printf("\ngranule: %s\n%s", size, l->row_count ? "\n" : "");
}

/* What is wanted of the mappings rather than of the regions. */
static void divide(struct info *info)
{
	struct listing *r = &info->regions, *c = &info->contents;

	c->format = r->format;
	c->bytes = r->bytes;
	c->no_headings = r->no_headings;
	if (!info->mappings)
		return;
	c->output = r->output;
	c->output_all = r->output_all;
	c->list_columns = r->list_columns;
	r->output = NULL;
	r->output_all = false;
	r->list_columns = false;
	r->details = c;
}

static int print(const struct info *info, const struct mount *mount)
{
	const struct listing *r = &info->regions, *c = &info->contents;

	if (info->mappings && r->format != LISTING_JSON)
		return listing_print(c, mount);
	if (r->format == LISTING_TABLE && !r->name_count && !r->no_headings)
		print_mount(r, mount);
	return listing_print(r, mount);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct info info = {
		.regions = {
			.columns = place_columns,
			.column_count = PLACE_TYPE,
			.key = "regions",
		},
		.contents = contents_listing,
	};
	const struct region_source source = {
		.fill = fill,
		.fill_closed = place_fill_stat,
		.op = OP_MAPPINGS,
		.data = &info,
	};
	struct mount mount;
	int ret;

	cli_parse(cli, argc, argv, &info);
	divide(&info);
	if (!listing_begin(&info.regions) || !listing_begin(&info.contents))
		return EXIT_SUCCESS;
	ret = target_mount(cli, NULL, &mount);
	if (ret)
		return ret;
	ret = regions_collect(&info.regions, &mount, &source);
	ret |= print(&info, &mount);
	listing_free(&info.regions);
	listing_free(&info.contents);
	mount_close(&mount);
	return ret;
}

const struct command cmd_info = {
	.name = "info",
	.summary = "show regions, their ranges and owners",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NAME...]",
		.doc = "Show the addresses and owners of regions. Without NAME, show "
		       "the mount point, the granule and all regions.",
		.children = listing_children,
	},
	.run = run,
};
