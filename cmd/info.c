// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "escape.h"
#include "place.h"
#include "regions.h"
#include "size.h"
#include "target.h"

static int fill(struct cell *cells, const struct region *region, void *data)
{
	(void)data;
	place_fill(cells, region);
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
	.doc = "Show where regions are and whose they are; without NAME, all "
	       "of them.",
	.children = children,
};

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

int cmd_info(int argc, char **argv)
{
	struct listing listing = {
		.columns = place_columns,
		.column_count = PLACE_TYPE,
		.key = "regions",
	};
	const struct region_source source = {
		.fill = fill,
		.fill_closed = place_fill_stat,
	};
	struct mount mount;
	int ret;

	cli_parse(&argp, argc, argv, 0, &listing);
	if (!listing_begin(&listing))
		return EXIT_SUCCESS;
	target_mount(&mount);
	ret = regions_collect(&listing, &mount, &source);
	if (listing.format == LISTING_TABLE && !listing.name_count &&
	    !listing.no_headings)
		print_mount(&listing, &mount);
	ret |= listing_print(&listing, &mount);
	listing_free(&listing);
	mount_close(&mount);
	return ret;
}
