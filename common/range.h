/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_RANGE_H
#define COMMON_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a range of addresses is; never wraps. */
struct range {
	uint64_t start;
	uint64_t size;
};

/*
 * Where regions go when nobody says where: the same address has to be free in
 * every process that will ever attach. Programs load below 4 GiB or at two
 * thirds of the address space (85 TiB), heaps follow them, libraries and
 * stacks come down from the top (128 TiB), and the shadow memory of the
 * address sanitizer ends just above 16 TiB.
 */
#define RANGE_SEARCH_START (32ULL << 40)
#define RANGE_SEARCH_END   (80ULL << 40)

bool range_overlaps(struct range a, struct range b);
bool range_contains(struct range outer, struct range inner);

/*
 * The lowest aligned range of this size in [low, high) that no range in used
 * overlaps. Sorts used. 0 or -ENOSPC.
 */
int range_find_free(struct range *used, size_t count, uint64_t low,
		    uint64_t high, uint64_t align, uint64_t size,
		    uint64_t *start);

#endif
