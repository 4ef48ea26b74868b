/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_MAPPING_COLUMNS_H
#define CLI_MAPPING_COLUMNS_H

#include "listing.h"
#include "region.h"

/* The mappings in regions, as a listing. */
extern const struct listing contents_listing;

/*
 * Adds a row for each mapping in a region, the details of the row with this
 * index in another listing. 0 or -errno, and then there are none of it.
 */
int contents_add(struct listing *listing, const char *name,
		 const struct region *region, size_t owner);

#endif
