/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_REGION_COLUMNS_H
#define CLI_REGION_COLUMNS_H

#include <time.h>

#include "listing.h"
#include "region.h"

/* Columns with the place and the owner of a region. */

enum {
	REGION_NAME,
	REGION_START,
	REGION_END,
	REGION_SIZE,
	REGION_MODE,
	REGION_OWNER,
	REGION_GROUP,
	REGION_UID,
	REGION_GID,
	REGION_INODE,
	REGION_STATE,
	REGION_CTIME,
	REGION_ATTACHED,
	REGION_RESIDENT,
	REGION_PROGRAM,
	REGION_MOUNT,
	REGION_TYPE, /* the last, for listings with directories */
	REGION_COLUMNS,
};

extern const struct column region_columns[REGION_COLUMNS];

/* Local time, in the form of ISO 8601. */
void region_columns_fill_time(struct cell *cell, time_t time);
/* All columns except name, type, mount and those of the next function. */
void region_columns_fill(struct cell *cells, const struct region *region);
/* The figures, if the listing needs them. 0 or -errno. */
int region_columns_read_use(const struct listing *listing, struct cell *cells,
			    const struct region *region);
void region_columns_fill_use(struct cell *cells,
			     const struct msharefs_stat *stat);
/* All columns except name and type; there is no mount. */
void region_columns_fill_nameless(struct cell *cells,
				  const struct msharefs_nameless *nameless,
				  const struct msharefs_stat *stat);
/* The columns that are known of a file that is not open. */
void region_columns_fill_stat(struct cell *cells, const struct stat *st);

#endif
