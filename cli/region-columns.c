// SPDX-License-Identifier: GPL-2.0-only
#include "region-columns.h"

#include <grp.h>
#include <pwd.h>

const struct column place_columns[PLACE_COLUMNS] = {
	[PLACE_NAME] = { "NAME", "name, relative to the mount point", true,
			 true, true },
	[PLACE_START] = { "START", "first address", false, true, false },
	[PLACE_END] = { "END", "address after the last one", false, false,
			false },
	[PLACE_SIZE] = { "SIZE", "size of the range of addresses", false, true,
			 false },
	[PLACE_MODE] = { "MODE", "permissions, in octal", true, true, false },
	[PLACE_OWNER] = { "OWNER", "name of the owner", true, true, false },
	[PLACE_GROUP] = { "GROUP", "name of the group", true, false, false },
	[PLACE_UID] = { "UID", "number of the owner", false, false, false },
	[PLACE_GID] = { "GID", "number of the group", false, false, false },
	[PLACE_INODE] = { "INODE", "inode number, as in /proc/PID/maps", false,
			  false, false },
	[PLACE_TYPE] = { "TYPE", "region or directory", true, false, false },
};

void place_fill_stat(struct cell *cells, const struct stat *st)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	const struct group *gr = getgrgid(st->st_gid);

	cell_string(&cells[PLACE_MODE], "%04o", st->st_mode & 07777);
	if (pw)
		cell_string(&cells[PLACE_OWNER], "%s", pw->pw_name);
	else
		cell_string(&cells[PLACE_OWNER], "%u", st->st_uid);
	if (gr)
		cell_string(&cells[PLACE_GROUP], "%s", gr->gr_name);
	else
		cell_string(&cells[PLACE_GROUP], "%u", st->st_gid);
	cell_value(&cells[PLACE_UID], CELL_NUMBER, st->st_uid);
	cell_value(&cells[PLACE_GID], CELL_NUMBER, st->st_gid);
	cell_value(&cells[PLACE_INODE], CELL_NUMBER, st->st_ino);
}

void place_fill(struct cell *cells, const struct region *region)
{
	const struct range range = region->range;

	place_fill_stat(cells, &region->st);
	/* Not set yet: the addresses are unknown rather than 0. */
	if (!range.size)
		return;
	cell_value(&cells[PLACE_START], CELL_ADDRESS, range.start);
	cell_value(&cells[PLACE_END], CELL_ADDRESS, range.start + range.size);
	cell_value(&cells[PLACE_SIZE], CELL_SIZE, range.size);
}
