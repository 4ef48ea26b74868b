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

static struct mshare_info info(uint64_t start, uint64_t size)
{
	return (struct mshare_info){ .start = start, .size = size };
}

static void finds_free_ranges(void)
{
	struct mshare_info used[] = {
		info(40 * G, 10 * G), info(0, 0),          info(10 * G, 5 * G),
		info(16 * G, 4 * G),  info(12 * G, 6 * G), info(1, 1),
	};
	const size_t count = sizeof(used) / sizeof(used[0]);
	uint64_t start = 77;

	/* No regions. */
	check_int(mshare_find_free(NULL, 0, 10 * G, 50 * G, G, G, &start), 0);
	check_int(start, 10 * G);
	/* The first gap that is large enough. */
	check_int(mshare_find_free(used, count, 10 * G, 60 * G, G, 20 * G,
				   &start),
		  0);
	check_int(start, 20 * G);
	check_int(mshare_find_free(used, count, 10 * G, 90 * G, G, 21 * G,
				   &start),
		  0);
	check_int(start, 50 * G);
	check_int(
		mshare_find_free(used, count, 5 * G, 90 * G, G, 5 * G, &start),
		0);
	check_int(start, 5 * G);
	/* Just not enough below the end. */
	start = 77;
	check_int(mshare_find_free(used, count, 10 * G, 60 * G, G, 21 * G,
				   &start),
		  -ENOSPC);
	check_int(start, 77);
	check_int(mshare_find_free(used, count, 45 * G, 50 * G, G, G, &start),
		  -ENOSPC);
	check_int(mshare_find_free(NULL, 0, 10 * G, 11 * G, G, UINT64_MAX,
				   &start),
		  -ENOSPC);
	check_int(mshare_find_free(NULL, 0, 12 * G, 11 * G, G, G, &start),
		  -ENOSPC);
}

static void aligns_what_it_finds(void)
{
	struct mshare_info used[] = { info(8 * G, 1) };
	struct mshare_info top[] = { info(0, UINT64_MAX) };
	uint64_t start;

	check_int(mshare_find_free(used, 1, 1, 50 * G, 4 * G, 4 * G, &start),
		  0);
	check_int(start, 4 * G);
	check_int(
		mshare_find_free(used, 1, 5 * G, 50 * G, 4 * G, 4 * G, &start),
		0);
	check_int(start, 12 * G);
	/* Rounding up must not wrap to the bottom. */
	check_int(mshare_find_free(NULL, 0, UINT64_MAX - 1, UINT64_MAX, G, G,
				   &start),
		  -ENOSPC);
	check_int(mshare_find_free(top, 1, G, UINT64_MAX, G, G, &start),
		  -ENOSPC);
}

int main(void)
{
	tells_overlaps();
	tells_containment();
	finds_free_ranges();
	aligns_what_it_finds();
	return checks_status();
}
