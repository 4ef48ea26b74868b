/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_PAGE_TABLE_COST_H
#define COMMON_PAGE_TABLE_COST_H

#include <stdint.h>
#include <unistd.h>

#include "region.h"

/*
 * The size of page tables in bytes if each attached process had its own: an
 * entry of 8 bytes for each resident page and process. Excludes huge pages of
 * hugetlbfs, which need far fewer entries, and upper levels and unused entries:
 * a lower bound.
 */
static inline uint64_t cost_unshared(const struct msharefs_stat *st)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (st->resident - st->resident_hugetlb) / page * 8 * st->attached;
}

#endif
