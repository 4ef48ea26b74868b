// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <errno.h>
#include <stdio.h>

#define OOM_SCORE_ADJ "/proc/self/oom_score_adj"

int memory_available(uint64_t *bytes)
{
	unsigned long long available = 0, swap = 0;
	bool found = false;
	char line[128];
	FILE *f;

	f = fopen("/proc/meminfo", "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		found |= sscanf(line, "MemAvailable: %llu kB", &available) == 1;
		sscanf(line, "SwapFree: %llu kB", &swap);
	}
	fclose(f);
	if (!found)
		return -ENODATA;
	*bytes = (available + swap) << 10;
	return 0;
}

void memory_kill_me_first(bool first)
{
	static int before;
	int value = 1000;
	FILE *f;

	/* Without /proc, the kernel chooses. */
	f = fopen(OOM_SCORE_ADJ, first ? "r+e" : "we");
	if (!f)
		return;
	if (first && fscanf(f, "%d", &before) != 1)
		before = 0;
	if (!first)
		value = before;
	rewind(f);
	fprintf(f, "%d\n", value);
	fclose(f);
}
