// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>

#include "check.h"
#include "internal.h"
#include "range.h"

#define G   (1ULL << 30)
#define TOP (UINT64_MAX - 4 * G + 1)

static struct range range(uint64_t start, uint64_t size)
{
	return (struct range){ .start = start, .size = size };
}

static void tells_overlaps(void)
{
	check(range_overlaps(range(10, 10), range(10, 10)));
	check(range_overlaps(range(10, 10), range(19, 10)));
	check(range_overlaps(range(19, 10), range(10, 10)));
	check(range_overlaps(range(10, 30), range(20, 1)));
	check(!range_overlaps(range(10, 10), range(20, 10)));
	check(!range_overlaps(range(20, 10), range(10, 10)));
	/* A region without a size has no range. */
	check(!range_overlaps(range(0, 0), range(0, 10)));
	check(!range_overlaps(range(10, 10), range(15, 0)));
	/* Up to the last byte of the address space. */
	check(range_overlaps(range(TOP, 4 * G - 1), range(TOP + G, G)));
	check(!range_overlaps(range(TOP, G), range(TOP + G, 3 * G - 1)));
}

static void tells_containment(void)
{
	check(range_contains(range(10, 10), range(10, 10)));
	check(range_contains(range(10, 10), range(15, 5)));
	check(!range_contains(range(10, 10), range(15, 6)));
	check(!range_contains(range(10, 10), range(9, 5)));
	check(!range_contains(range(10, 10), range(21, 1)));
	check(!range_contains(range(10, 10), range(15, UINT64_MAX)));
	check(!range_contains(range(10, 10), range(UINT64_MAX, 20)));
}

int main(void)
{
	tells_overlaps();
	tells_containment();
	return checks_status();
}
