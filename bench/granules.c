// SPDX-License-Identifier: GPL-2.0-only
/*
 * granules KIND COUNT: the cost of the first touch of another granule, for a
 * process that has used COUNT granules of the memory. Another process has
 * filled the granule, so that only the process's own page tables are missing.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

#define ROUNDS 15

static struct memory memory;
static volatile char *shared;
static uint64_t used;

static void attach(int number)
{
	(void)number;
	shared = memory_map(&memory);
}

/* The other process is one granule ahead. */
static void fill_next(int number)
{
	(void)number;
	shared[used++ * GIB] = 0;
}

int main(int argc, char **argv)
{
	uint64_t count = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t took[ROUNDS];
	struct crowd crowd;

	if (!count)
		return EXIT_FAILURE;
	memory = memory_make(argv[1], (count + ROUNDS) * GIB);
	crowd = crowd_start(1, attach, fill_next);
	attach(0);
	for (; used < count; used++) {
		crowd_step(&crowd);
		(void)shared[used * GIB];
	}
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t since;

		crowd_step(&crowd);
		since = instructions();
		(void)shared[used++ * GIB];
		took[i] = instructions() - since;
	}
	report("new-granule", median(took, ROUNDS));
	crowd_end(&crowd);
	return EXIT_SUCCESS;
}
