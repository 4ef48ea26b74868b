// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"
#include "region-columns.h"
#include "list-regions.h"
#include "names.h"

static const struct listing_def entries = {
	.columns = region_columns,
	.column_count = REGION_COLUMNS,
	.defaults = "NAME,TYPE,START,SIZE,MODE,OWNER",
	.key = "entries",
};

static int fill(struct row *row, const struct region *region, void *data)
{
	(void)data;
	region_columns_fill(row->cells, region);
	cell_string(&row->cells[REGION_TYPE], "region");
	return 0;
}

static void fill_removed(struct row *row, const struct region *region,
			 const struct msharefs_stat *stat, void *data)
{
	(void)stat;
	fill(row, region, data);
}

static void fill_closed(struct cell *cells, const struct stat *st)
{
	region_columns_fill_stat(cells, st);
	cell_string(&cells[REGION_TYPE], "region");
}

static void fill_directory(struct cell *cells, const struct stat *st)
{
	region_columns_fill_stat(cells, st);
	cell_string(&cells[REGION_TYPE], "directory");
}

static int run(struct cli *cli, int argc, char **argv)
{
	const struct region_source source = {
		.fill = fill,
		.fill_closed = fill_closed,
		.fill_removed = fill_removed,
		.fill_directory = fill_directory,
	};
	struct listing_options options = { 0 };
	struct listing listing;
	struct mount mount;
	int ret;

	cli_parse(cli, argc, argv, &options);
	if (!listing_begin(&listing, &entries, &options))
		return EXIT_SUCCESS;
	ret = names_mount(cli, NULL, &mount);
	if (ret)
		return ret;
	names_note_other(&mount, options.name_count);
	ret = regions_collect(&listing, &mount, &source);
	ret |= listing_print(&listing, &mount);
	listing_free(&listing);
	mount_close(&mount);
	return ret;
}

const struct command cmd_ls = {
	.name = "ls",
	.summary = "list regions and directories",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "[NAME...]",
		.doc = "List regions, and directories with their contents; "
		       "without NAME, the whole mount.",
		.children = listing_children,
	},
	.run = run,
};
