/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_ENVIRONMENT_H
#define COMMON_ENVIRONMENT_H

#include <stddef.h>

#include "range.h"

struct environment_region {
	const char *name;
	struct range range;
};

/*
 * Adds MSHARE_ADDR, MSHARE_SIZE and MSHARE_REGIONS to the environment of this
 * process. 0 or -errno.
 */
int environment_set(const struct environment_region *regions, size_t count);

/* The value of MSHARE_REGIONS, the caller's to free; NULL: no memory. */
char *environment_list(const struct environment_region *regions, size_t count);

#endif
