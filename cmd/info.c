// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "mapping-columns.h"
#include "page-table-cost.h"
#include "escape.h"
#include "region-columns.h"
#include "list-regions.h"
#include "parse.h"
#include "target.h"

struct info {
	struct listing regions, contents;
	bool mappings; /* --mappings */
	bool all_of_one;
	bool has_figures;
	struct mshare_stat figures; /* of the last region */
};

static const struct argp_option options[] = {
	{ "mappings", OPT_MAPPINGS, NULL, 0, "show the mappings in regions",
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
	if (!info->mappings && !info->all_of_one)
		return 0;
	err = contents_add(&info->contents, cells[PLACE_NAME].string, region,
			   info->regions.row_count - 1);
	/* What an older kernel can't tell is missed only where it was asked for. */
	if (err == -ENOTTY && !info->mappings)
		err = 0;
	if (err)
		return err;
	listing_set_known(cells);
	info->has_figures = !mshare_stat(region->fd, &info->figures);
	return 0;
}

/* What all regions have in common, before a table of all. */
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

static void print_figure(const struct listing *l, uint64_t bytes)
{
	char size[SIZE_STRLEN];

	if (l->bytes)
		printf("%" PRIu64, bytes);
	else
		fputs(size_format(bytes, size), stdout);
}

static void print_cost(const struct info *info)
{
	const struct mshare_stat *st = &info->figures;

	fputs("\npage tables: ", stdout);
	print_figure(&info->regions, st->pgtables);
	fputs(", without sharing ", stdout);
	print_figure(&info->regions, cost_unshared(st));
	putchar('\n');
}

/* What is wanted of the mappings rather than of the regions. */
static void divide(struct info *info)
{
	struct listing *r = &info->regions, *c = &info->contents;

	c->format = r->format;
	c->bytes = r->bytes;
	c->no_headings = r->no_headings;
	info->all_of_one = !info->mappings && r->name_count == 1 &&
			   r->format == LISTING_TABLE && !r->no_headings &&
			   !r->output && !r->output_all;
	if (info->all_of_one)
		c->usual = "START,END,SIZE,PROT,FLAGS,OFFSET,FILE";
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
	int ret;

	if (info->mappings && r->format != LISTING_JSON)
		return listing_print(c, mount);
	if (r->format == LISTING_TABLE && !r->name_count && !r->no_headings)
		print_mount(r, mount);
	ret = listing_print(r, mount);
	if (!info->all_of_one || !r->row_count)
		return ret;
	if (c->row_count)
		putchar('\n');
	ret |= listing_print(c, mount);
	if (info->has_figures)
		print_cost(info);
	return ret;
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
		.doc = "Show where regions are and whose they are; without "
		       "NAME, all of them. A table of one region has its "
		       "mappings, too.",
		.children = listing_children,
	},
	.run = run,
};
