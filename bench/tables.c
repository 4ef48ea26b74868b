// SPDX-License-Identifier: GPL-2.0-only
/* tables KIND CLIENTS: the size of page tables for CLIENTS clients of 4 GiB. */
#include <stdlib.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

static struct memory memory;

static void use(int number)
{
	(void)number;
	memory_map(&memory);
	/* A page in every 2 MiB: each page needs its own page table. */
	memory_write(&memory, 2 * MIB);
}

int main(int argc, char **argv)
{
	uint64_t before;
	struct crowd crowd;

	if (argc != 3)
		return EXIT_FAILURE;
	memory = memory_make(argv[1], 4 * GIB);
	before = page_tables();
	crowd = crowd_start(atoi(argv[2]), use, NULL);
	report("pgtables", page_tables() - before);
	crowd_end(&crowd);
	return EXIT_SUCCESS;
}
