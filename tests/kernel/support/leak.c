// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"
#include "figures.h"
#include "leak.h"
#include "object.h"
#include "peer.h"

/* Adds the counts that each CPU has kept so far. */
static void add_up(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, "1", 1) == 1, "cannot add up figures: %m");
	close(fd);
}

static long tables(void)
{
	add_up();
	return page_tables();
}

static long shmem(void)
{
	add_up();
	return meminfo("Shmem");
}

static long committed(void)
{
	return meminfo("Committed_AS");
}

static long address_spaces(void)
{
	return slab_objects("mm_struct");
}

static long mappings(void)
{
	return slab_objects("vm_area_struct");
}

static long shmem_files(void)
{
	return slab_objects("shmem_inode_cache");
}

static long inodes(void)
{
	return number_in("/proc/sys/fs/inode-nr");
}

/* Not file-nr, which can be off by many files. */
static long open_files(void)
{
	return slab_objects("filp");
}

/*
 * The objects of regions, with parts of files and bit maps: the kernel charges
 * them to a cgroup and keeps those of the same size together.
 */
static long accounted(void)
{
	static const char *const caches[] = { "kmalloc-cg-8", "kmalloc-cg-64",
					      "kmalloc-cg-512",
					      "kmalloc-cg-1k" };
	long objects = 0;

	for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
		objects += slab_objects(caches[i]);
	return objects;
}

/* Allocations with a part for each CPU, such as counters. */
static long percpu(void)
{
	FILE *stats = fopen("/sys/kernel/debug/percpu_stats", "re");
	char line[128];
	long count = -1;

	must(stats, "cannot open percpu_stats: %m");
	while (count < 0 && fgets(line, sizeof(line), stats))
		sscanf(line, " nr_cur_alloc : %ld", &count);
	fclose(stats);
	must(count >= 0, "percpu_stats tells no nr_cur_alloc");
	return count;
}

/* RCU frees memory after seconds, or earlier if memory is short. */
static void free_now(void)
{
	write_setting("/proc/sys/vm/drop_caches", "2");
}

/*
 * The largest increase after MANY rounds that the rest of the guest may cause:
 * a fraction of the increase for one leak in each round.
 */
#define MANY 200

static struct {
	const char *name;
	long (*read)(void);
	long slack;
	long before;
} figures[] = {
	{ "KiB of page tables", tables, 400, 0 },
	{ "KiB of shared memory", shmem, 400, 0 },
	{ "KiB of promised memory", committed, 16384, 0 },
	{ "mm_structs", address_spaces, 40, 0 },
	{ "vm_area_structs", mappings, 120, 0 },
	{ "inodes of shared memory", shmem_files, 40, 0 },
	{ "inodes", inodes, 100, 0 },
	{ "open files", open_files, 40, 0 },
	{ "small objects", accounted, 60, 0 },
	{ "counters of each processor", percpu, 40, 0 },
};

#define FIGURES (sizeof(figures) / sizeof(figures[0]))

/* Returns true if a figure has changed. */
static bool take_figures(void)
{
	bool moved = false;

	for (size_t f = 0; f < FIGURES; f++) {
		long now = figures[f].read();

		moved |= now != figures[f].before;
		figures[f].before = now;
	}
	return moved;
}

/* Memory of earlier cases may still be in transit, in either direction. */
void leaks_begin(void)
{
	free_now();
	take_figures();
	for (int i = 0; i < 30; i++) {
		sleep_ms(100);
		if (!take_figures())
			break;
	}
}

void leaks_check(int rounds)
{
	free_now();
	for (size_t f = 0; f < FIGURES; f++) {
		long limit =
			figures[f].before + figures[f].slack * rounds / MANY;
		long now = settle(figures[f].read, limit);

		check(now <= limit, "%ld %s after %d rounds, %ld before", now,
		      figures[f].name, rounds, figures[f].before);
	}
}
