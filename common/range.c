// SPDX-License-Identifier: GPL-2.0-only
#include "range.h"

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
