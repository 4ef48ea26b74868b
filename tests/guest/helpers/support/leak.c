// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "check.h"
#include "figures.h"
#include "leak.h"
#include "peer.h"

/* Adds what each processor has counted for itself so far. */
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

/* Not file-nr, which is many files off. */
static long open_files(void)
{
	return slab_objects("filp");
}

/*
 * How much more of each there may be after MANY rounds, for what the rest of
 * the guest does meanwhile: a fraction of what even one leak a round would
 * make.
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
};

#define FIGURES (sizeof(figures) / sizeof(figures[0]))

/* Returns whether a figure is another one than before. */
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

/* What went before may still be on its way, there and back. */
void leaks_begin(void)
{
	take_figures();
	for (int i = 0; i < 30; i++) {
		sleep_ms(100);
		if (!take_figures())
			break;
	}
}

void leaks_check(int rounds)
{
	for (size_t f = 0; f < FIGURES; f++) {
		long limit =
			figures[f].before + figures[f].slack * rounds / MANY;
		long now = settle(figures[f].read, limit);

		check(now <= limit, "%ld %s after %d rounds, %ld before", now,
		      figures[f].name, rounds, figures[f].before);
	}
}
