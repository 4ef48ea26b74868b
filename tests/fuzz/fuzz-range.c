// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "fuzz.h"
#include "internal.h"
#include "range.h"

#define MAX_USED 16
#define LOW      (1ULL << 30)
#define HIGH     (1ULL << 47)

/*
 * Ranges in units of a sixteenth of the granule: eight bytes of input each, as
 * many starts as sizes make overlaps and gaps of all kinds.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t align = 1ULL << 30;
	struct mshare_info used[MAX_USED];
	struct range found = { .size = align };
	size_t count = 0;
	int err;

	if (size) {
		found.size = align * (1 + data[0]);
		data++;
		size--;
	}
	for (; count < MAX_USED && size >= 8; data += 8, size -= 8) {
		uint32_t start, length;

		memcpy(&start, data, 4);
		memcpy(&length, data + 4, 4);
		used[count].start = (uint64_t)start << 26;
		used[count].size = (uint64_t)length << 20;
		count++;
	}

	err = mshare_find_free(used, count, LOW, HIGH, align, found.size,
			       &found.start);
	HOLDS(err == 0 || err == -ENOSPC);
	if (err)
		return 0;
	HOLDS(!(found.start % align));
	HOLDS(range_contains((struct range){ LOW, HIGH - LOW }, found));
	for (size_t i = 0; i < count; i++) {
		const struct range u = { used[i].start, used[i].size };

		HOLDS(!range_overlaps(found, u));
		HOLDS(!range_overlaps(u, found));
	}
	return 0;
}
