/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_REGION_COLUMNS_H
#define CLI_REGION_COLUMNS_H

#include "listing.h"
#include "region.h"

/* Columns: where regions are, and whose. */

enum {
	PLACE_NAME,
	PLACE_START,
	PLACE_END,
	PLACE_SIZE,
	PLACE_MODE,
	PLACE_OWNER,
	PLACE_GROUP,
	PLACE_UID,
	PLACE_GID,
	PLACE_INODE,
	PLACE_TYPE, /* where there is something else than regions */
	PLACE_COLUMNS,
};

extern const struct column place_columns[PLACE_COLUMNS];

/* All but name and type. */
void place_fill(struct cell *cells, const struct region *region);
/* What is known of a file without opening it. */
void place_fill_stat(struct cell *cells, const struct stat *st);

#endif
