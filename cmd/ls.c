// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"
#include "region-columns.h"
#include "list-regions.h"
#include "names.h"

static const struct listing_def entries = {
	.columns = region_columns,
	.column_count = REGION_COLUMNS,
	.defaults = "NAME,TYPE,START,SIZE,MODE,OWNER",
	.all_defaults = "ATTACHED,RESIDENT,PROGRAM",
	.mount_column = REGION_MOUNT,
	.key = "entries",
};

static int fill(struct row *row, const struct region *region, void *data)
{
	region_columns_fill(row->cells, region);
	cell_string(&row->cells[REGION_TYPE], "region");
	return region_columns_read_use(data, row->cells, region);
}

static void fill_removed(struct row *row, const struct region *region,
			 const struct msharefs_stat *stat, void *data)
{
	(void)data;
	region_columns_fill(row->cells, region);
	region_columns_fill_use(row->cells, stat);
	cell_string(&row->cells[REGION_TYPE], "region");
}

static void fill_nameless(struct row *row,
			  const struct msharefs_nameless *nameless,
			  const struct msharefs_stat *stat, void *data)
{
	(void)data;
	region_columns_fill_nameless(row->cells, nameless, stat);
	cell_string(&row->cells[REGION_TYPE], "nameless");
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
	struct listing_options options = { 0 };
	struct listing listing;
	const struct region_source source = {
		.fill = fill,
		.fill_closed = fill_closed,
		.fill_removed = fill_removed,
		.fill_nameless = fill_nameless,
		.fill_directory = fill_directory,
		.data = &listing,
	};
	struct mounts mounts;
	int ret;

	cli_parse(cli, argc, argv, &options);
	if (!listing_begin(&listing, &entries, &options))
		return EXIT_SUCCESS;
	ret = names_mounts(cli, &options, &mounts);
	if (ret)
		return ret;
	ret = regions_collect(&listing, &mounts, &source);
	ret |= listing_print(&listing, &mounts);
	listing_free(&listing);
	mount_close_all(&mounts);
	return ret;
}

const struct command cmd_ls = {
	.name = "ls",
	.summary = "list regions and directories",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "[NAME...]",
		.doc = "List regions, and directories with their contents; "
		       "without NAME, the whole mount. @NUMBER is a nameless "
		       "region that --all lists.",
		.children = listing_children,
	},
	.run = run,
};
