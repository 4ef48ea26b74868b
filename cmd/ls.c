// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"
#include "region-columns.h"
#include "list-regions.h"
#include "target.h"

static int fill(struct cell *cells, const struct region *region, void *data)
{
	(void)data;
	place_fill(cells, region);
	cell_string(&cells[PLACE_TYPE], "region");
	return 0;
}

static void fill_closed(struct cell *cells, const struct stat *st)
{
	place_fill_stat(cells, st);
	cell_string(&cells[PLACE_TYPE], "region");
}

static void fill_directory(struct cell *cells, const struct stat *st)
{
	place_fill_stat(cells, st);
	cell_string(&cells[PLACE_TYPE], "directory");
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct listing listing = {
		.columns = place_columns,
		.column_count = PLACE_COLUMNS,
		.key = "entries",
		.usual = "NAME,TYPE,START,SIZE,MODE,OWNER",
	};
	const struct region_source source = {
		.fill = fill,
		.fill_closed = fill_closed,
		.fill_directory = fill_directory,
	};

	cli_parse(cli, argc, argv, &listing);
	return regions_list(cli, &listing, &source);
}

const struct command cmd_ls = {
	.name = "ls",
	.summary = "list regions and directories",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "[NAME...]",
		.doc = "List regions and directories with all that is in "
		       "them; without NAME, all there are.",
		.children = listing_children,
	},
	.run = run,
};
