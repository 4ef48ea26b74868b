/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_LIST_REGIONS_H
#define CLI_LIST_REGIONS_H

#include "listing.h"
#include "message.h"
#include "region.h"

/* The source of the rows of a listing of regions. */
struct region_source {
	/*
	 * Fills a row from an open region. 0 or -errno, which is reported in
	 * the words for op, OP_STAT by default.
	 */
	int (*fill)(struct row *row, const struct region *region, void *data);
	/* The same if the user may not open the region; may be NULL. */
	void (*fill_closed)(struct cell *cells, const struct stat *st);
	/*
	 * Fills a row from a region without a name, whose descriptor is -1;
	 * NULL if such regions are not listed.
	 */
	void (*fill_removed)(struct row *row, const struct region *region,
			     const struct msharefs_stat *stat, void *data);
	/* For a nameless region. */
	void (*fill_nameless)(struct row *row,
			      const struct msharefs_nameless *nameless,
			      const struct msharefs_stat *stat, void *data);
	/* For a directory; NULL if directories are not listed. */
	void (*fill_directory)(struct cell *cells, const struct stat *st);
	void *data;
	enum operation op;
};

/*
 * Adds a row for each region that the listing names, or for all regions of the
 * mounts; reports errors. EXIT_SUCCESS or EXIT_FAILURE.
 */
int regions_collect(struct listing *listing, const struct mounts *mounts,
		    const struct region_source *source);

#endif
