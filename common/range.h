/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_RANGE_H
#define COMMON_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* A range of addresses; never wraps. */
struct range {
	uint64_t start;
	uint64_t size;
};

bool range_overlaps(struct range a, struct range b);
bool range_contains(struct range outer, struct range inner);

#endif
