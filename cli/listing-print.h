/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_LISTING_PRINT_H
#define CLI_LISTING_PRINT_H

#include "listing.h"

/* The forms of listing_print(). */

void listing_print_json(const struct listing *listing,
			const struct mounts *mounts);

/* A table, raw columns, or pairs. 0 or -errno. */
int listing_print_table(const struct listing *listing);

#endif
