// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <stdio.h>

#include "field.h"

#define OOM_SCORE_ADJ "/proc/self/oom_score_adj"

int memory_available(uint64_t *bytes)
{
	uint64_t available, swap = 0;
	int err;

	err = field_read("/proc/meminfo", "MemAvailable", &available);
	if (err)
		return err;
	field_read("/proc/meminfo", "SwapFree", &swap);
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
