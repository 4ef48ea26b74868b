// SPDX-License-Identifier: GPL-2.0-only
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "cli.h"
#include "listing.h"

enum {
	COL_NAME,
	COL_START,
	COL_END,
	COL_SIZE,
	COL_MODE,
	COL_OWNER,
	COL_GROUP,
	COL_UID,
	COL_GID,
	COL_INODE,
};

static const struct column columns[] = {
	[COL_NAME] = { "NAME", "name, relative to the mount point", true,
		       true },
	[COL_START] = { "START", "first address", false, true },
	[COL_END] = { "END", "address after the last one", false, false },
	[COL_SIZE] = { "SIZE", "size of the range of addresses", false, true },
	[COL_MODE] = { "MODE", "permissions, in octal", true, true },
	[COL_OWNER] = { "OWNER", "name of the owner", true, true },
	[COL_GROUP] = { "GROUP", "name of the group", true, false },
	[COL_UID] = { "UID", "number of the owner", false, false },
	[COL_GID] = { "GID", "number of the group", false, false },
	[COL_INODE] = { "INODE", "inode number, as in /proc/PID/maps", false,
			false },
};

static void fill_stat(struct cell *cells, const struct stat *st)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	const struct group *gr = getgrgid(st->st_gid);

	cell_string(&cells[COL_MODE], "%04o", st->st_mode & 07777);
	if (pw)
		cell_string(&cells[COL_OWNER], "%s", pw->pw_name);
	else
		cell_string(&cells[COL_OWNER], "%u", st->st_uid);
	if (gr)
		cell_string(&cells[COL_GROUP], "%s", gr->gr_name);
	else
		cell_string(&cells[COL_GROUP], "%u", st->st_gid);
	cell_value(&cells[COL_UID], CELL_NUMBER, st->st_uid);
	cell_value(&cells[COL_GID], CELL_NUMBER, st->st_gid);
	cell_value(&cells[COL_INODE], CELL_NUMBER, st->st_ino);
}

static int fill(struct cell *cells, const struct region *region)
{
	const struct range range = region->range;

	fill_stat(cells, &region->st);
	/* Not set yet: the addresses are unknown rather than 0. */
	if (range.size) {
		cell_value(&cells[COL_START], CELL_ADDRESS, range.start);
		cell_value(&cells[COL_END], CELL_ADDRESS,
			   range.start + range.size);
		cell_value(&cells[COL_SIZE], CELL_SIZE, range.size);
	}
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

int cmd_info(int argc, char **argv)
{
	struct listing listing = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.fill = fill,
		.fill_closed = fill_stat,
	};

	cli_parse(&argp, argc, argv, 0, &listing);
	return listing_run(&listing, true);
}
