// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into stress-ng, which knows nothing of regions: has each of its
 * processes use the one that "msharectl attach-exec" attached. A window that
 * nobody touched links no page tables, and what is done to it then says little.
 *
 * A process adds 1 to the region's first word, so that the file mapped there
 * tells how many did, and reads the first word of each other granule.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#define GRANULE (1UL << 30)

static char *region;
static size_t size;

/* A stressor may have unmapped the window before it forks. */
static _Bool is_mapped(char *at)
{
	return !msync(at, 1, MS_ASYNC);
}

static void use_region(void)
{
	if (!is_mapped(region))
		return;
	atomic_fetch_add((_Atomic unsigned long *)region, 1);
	for (char *at = region + GRANULE; at < region + size; at += GRANULE)
		if (is_mapped(at))
			(void)*(volatile unsigned long *)at;
}

/* A program that a client executes has the environment, but no window. */
__attribute__((constructor)) static void start(void)
{
	const char *addr = getenv("MSHARE_ADDR"),
		   *bytes = getenv("MSHARE_SIZE");

	if (!addr || !bytes)
		return;
	region = (char *)strtoul(addr, NULL, 0);
	size = strtoul(bytes, NULL, 0);
	use_region();
	pthread_atfork(NULL, NULL, use_region);
}
