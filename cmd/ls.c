// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"
#include "place.h"
#include "regions.h"
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

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static const struct argp_child children[] = {
	{ &listing_argp, 0, NULL, 0 },
	{ &cli_global_argp, 0, NULL, 0 },
	{ 0 },
};

static const struct argp argp = {
	.parser = parse,
	.args_doc = "[NAME...]",
	.doc = "List regions and directories with all that is in them; without "
	       "NAME, all there are.",
	.children = children,
};

int cmd_ls(int argc, char **argv)
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

	cli_parse(&argp, argc, argv, 0, &listing);
	return regions_list(&listing, &source);
}
