// SPDX-License-Identifier: GPL-2.0-only
#include "region-columns.h"

#include <time.h>

/* clang-format off */
const struct column region_columns[REGION_COLUMNS] = {
	[REGION_NAME] =  { "NAME",  "name, relative to the mount point", COL_LEFT | COL_PATH },
	[REGION_START] = { "START", "first address", 0 },
	[REGION_END] =   { "END",   "address after the last byte", 0 },
	[REGION_SIZE] =  { "SIZE",  "size of the range of addresses", 0 },
	[REGION_MODE] =  { "MODE",  "permissions, in octal", COL_LEFT },
	[REGION_OWNER] = { "OWNER", "user name of the owner", COL_LEFT },
	[REGION_GROUP] = { "GROUP", "name of the group", COL_LEFT },
	[REGION_UID] =   { "UID",   "user ID of the owner", 0 },
	[REGION_GID] =   { "GID",   "group ID", 0 },
	[REGION_INODE] = { "INODE", "inode number, as in /proc/PID/maps", 0 },
	[REGION_STATE] = { "STATE", "state of the region: present, deleted or nameless", COL_LEFT },
	[REGION_CTIME] = { "CTIME", "time of the last change to names, mode or owner", COL_LEFT },
	[REGION_ATTACHED] = { "ATTACHED", "number of processes that have the region attached", 0 },
	[REGION_RESIDENT] = { "RESIDENT", "resident memory", 0 },
	[REGION_PROGRAM] =  { "PROGRAM",  "program that created a nameless region", COL_LEFT | COL_PATH },
	[REGION_MOUNT] = { "MOUNT", "mount point", COL_LEFT | COL_PATH },
	[REGION_TYPE] =  { "TYPE",  "region, directory or nameless", COL_LEFT },
};
/* clang-format on */

void region_columns_fill_time(struct cell *cell, time_t time)
{
	char text[64] = "";
	struct tm tm;

	if (localtime_r(&time, &tm))
		strftime(text, sizeof(text), "%FT%T%z", &tm);
	cell_string(cell, "%s", text);
}

void region_columns_fill_stat(struct cell *cells, const struct stat *st)
{
	cell_string(&cells[REGION_MODE], "%04o", st->st_mode & 07777);
	cell_value(&cells[REGION_OWNER], CELL_USER, st->st_uid);
	cell_value(&cells[REGION_GROUP], CELL_GROUP, st->st_gid);
	cell_value(&cells[REGION_UID], CELL_NUMBER, st->st_uid);
	cell_value(&cells[REGION_GID], CELL_NUMBER, st->st_gid);
	cell_value(&cells[REGION_INODE], CELL_NUMBER, st->st_ino);
	cell_string(&cells[REGION_STATE], "%s",
		    st->st_nlink ? "present" : "deleted");
	/* Unknown of a removed region. */
	if (st->st_nlink)
		region_columns_fill_time(&cells[REGION_CTIME],
					 st->st_ctim.tv_sec);
}

void region_columns_fill(struct cell *cells, const struct region *region)
{
	const struct range range = region->range;

	region_columns_fill_stat(cells, &region->st);
	/* Without a size, the addresses are unknown rather than 0. */
	if (!range.size)
		return;
	cell_value(&cells[REGION_START], CELL_ADDRESS, range.start);
	cell_value(&cells[REGION_END], CELL_ADDRESS, range.start + range.size);
	cell_value(&cells[REGION_SIZE], CELL_SIZE, range.size);
}

void region_columns_fill_use(struct cell *cells,
			     const struct msharefs_stat *stat)
{
	cell_value(&cells[REGION_ATTACHED], CELL_NUMBER, stat->attached);
	cell_value(&cells[REGION_RESIDENT], CELL_SIZE, stat->resident);
}

int region_columns_read_use(const struct listing *l, struct cell *cells,
			    const struct region *region)
{
	struct msharefs_stat stat;
	int err;

	if (!listing_needs(l, REGION_ATTACHED) &&
	    !listing_needs(l, REGION_RESIDENT))
		return 0;
	err = mshare_stat(region->fd, &stat, sizeof(stat));
	if (!err)
		region_columns_fill_use(cells, &stat);
	return err;
}

void region_columns_fill_nameless(struct cell *cells,
				  const struct msharefs_nameless *nameless,
				  const struct msharefs_stat *stat)
{
	const uint64_t start = nameless->start, size = nameless->bytes;

	cell_value(&cells[REGION_OWNER], CELL_USER, nameless->uid);
	cell_value(&cells[REGION_UID], CELL_NUMBER, nameless->uid);
	cell_value(&cells[REGION_INODE], CELL_NUMBER, nameless->inode);
	cell_string(&cells[REGION_STATE], "nameless");
	cell_string(&cells[REGION_PROGRAM], "%s", nameless->command);
	region_columns_fill_use(cells, stat);
	if (!nameless->length)
		return;
	cell_value(&cells[REGION_START], CELL_ADDRESS, start);
	cell_value(&cells[REGION_END], CELL_ADDRESS, start + size);
	cell_value(&cells[REGION_SIZE], CELL_SIZE, size);
}
