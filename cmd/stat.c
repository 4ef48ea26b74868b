// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"
#include "regions.h"

enum {
	COL_NAME,
	COL_ATTACHED,
	COL_MAPPINGS,
	COL_SIZE,
	COL_MAPPED,
	COL_RESIDENT,
	COL_SWAPPED,
	COL_PGTABLES,
};

static const struct column columns[] = {
	[COL_NAME] = { "NAME", "name, relative to the mount point", true, true,
		       true },
	[COL_ATTACHED] = { "ATTACHED", "processes that have it attached", false,
			   true, false },
	[COL_MAPPINGS] = { "MAPPINGS", "mappings in the region", false, true,
			   false },
	[COL_SIZE] = { "SIZE", "size of the range of addresses", false, false,
		       false },
	[COL_MAPPED] = { "MAPPED", "how much of it is mapped", false, true,
			 false },
	[COL_RESIDENT] = { "RESIDENT", "how much is in memory", false, true,
			   false },
	[COL_SWAPPED] = { "SWAPPED", "how much is in swap space", false, true,
			  false },
	[COL_PGTABLES] = { "PGTABLES", "size of the shared page tables", false,
			   true, false },
};

static int fill(struct cell *cells, const struct region *region, void *data)
{
	struct mshare_stat st;
	int err;

	(void)data;
	if (region->range.size)
		cell_value(&cells[COL_SIZE], CELL_SIZE, region->range.size);
	err = region_stat(region->fd, &st);
	if (err)
		return err;
	cell_value(&cells[COL_ATTACHED], CELL_NUMBER, st.attached);
	cell_value(&cells[COL_MAPPINGS], CELL_NUMBER, st.mappings);
	cell_value(&cells[COL_MAPPED], CELL_SIZE, st.mapped);
	cell_value(&cells[COL_RESIDENT], CELL_SIZE, st.resident);
	cell_value(&cells[COL_SWAPPED], CELL_SIZE, st.swapped);
	cell_value(&cells[COL_PGTABLES], CELL_SIZE, st.pgtables);
	return 0;
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
	.doc = "Show what regions hold and how many processes use them; "
	       "without NAME, all of them.",
	.children = children,
};

int cmd_stat(int argc, char **argv)
{
	struct listing listing = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.key = "regions",
	};
	const struct region_source source = { .fill = fill };

	cli_parse(&argp, argc, argv, 0, &listing);
	return regions_list(&listing, &source);
}
