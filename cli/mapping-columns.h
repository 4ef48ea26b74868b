/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_MAPPING_COLUMNS_H
#define CLI_MAPPING_COLUMNS_H

#include "listing.h"
#include "region.h"

/* A listing of the mappings in regions. */
extern const struct listing_def mapping_listing;

/* The same, and whether the page at an address is resident. */
extern const struct listing_def mapping_listing_at;

/*
 * Adds a row for each mapping in a region, with this owner; if at is not NULL,
 * only for the mapping that has this address. 0 or -errno, and then no row is
 * added.
 */
int mapping_rows_add(struct listing *listing, const char *name,
		     const struct region *region, size_t owner,
		     const uint64_t *at);

#endif
