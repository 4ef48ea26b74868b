// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into stress-ng, which is not changed for regions: each process uses
 * the region that "msharectl attach-exec" attached. An untouched window links
 * no page tables, and would test little.
 *
 * A process adds 1 to the region's first word, so that the mapped file counts
 * the processes, and reads the first word of each other granule.
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

/*
 * A program that a client executes inherits the environment, but not the
 * window.
 */
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
