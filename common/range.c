// SPDX-License-Identifier: GPL-2.0-only
#include "range.h"

#include <errno.h>
#include <stdlib.h>

bool range_overlaps(struct range a, struct range b)
{
	if (!a.size || !b.size)
		return false;
	if (a.start <= b.start)
		return b.start - a.start < a.size;
	return a.start - b.start < b.size;
}

bool range_contains(struct range outer, struct range inner)
{
	return inner.start >= outer.start && inner.size <= outer.size &&
	       inner.start - outer.start <= outer.size - inner.size;
}

static int by_start(const void *pa, const void *pb)
{
	const struct range *a = pa, *b = pb;

	return (a->start > b->start) - (a->start < b->start);
}

int range_find_free(struct range *used, size_t count, uint64_t low,
		    uint64_t high, uint64_t align, uint64_t size,
		    uint64_t *start)
{
	struct range r = { .size = size };

	if (__builtin_add_overflow(low, align - 1, &r.start))
		return -ENOSPC;
	r.start -= r.start % align;

	if (count)
		qsort(used, count, sizeof(*used), by_start);
	/*
	 * Sorted by start, so a range can only be in the way of the candidate
	 * or of later ones: moving up never meets an earlier one again.
	 */
	for (size_t i = 0; i < count; i++) {
		uint64_t end, gap;

		if (r.start >= high)
			return -ENOSPC;
		if (!range_overlaps(r, used[i]))
			continue;
		if (__builtin_add_overflow(used[i].start, used[i].size, &end))
			return -ENOSPC;
		gap = end % align ? align - end % align : 0;
		if (__builtin_add_overflow(end, gap, &r.start))
			return -ENOSPC;
	}
	if (r.start >= high || size > high - r.start)
		return -ENOSPC;
	*start = r.start;
	return 0;
}
