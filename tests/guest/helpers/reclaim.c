// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a region are swapped out and moved while clients write to them. A
 * store through an old translation goes to a page that is on its way out, or
 * is somebody else's: the client finds an older value than it wrote.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW      (PROT_READ | PROT_WRITE)
#define WRITERS 2
#define PAGES   2048
/*
 * Pages that are written to all the time: few enough for a processor to keep
 * the translations of all of them, so that it uses old ones if it is let.
 */
#define HOT 64

/* Not in every libc's headers. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

static uint64_t start;
static const char *path;

struct progress {
	volatile int stop;
	volatile uint64_t stores[WRITERS];
};

static struct progress *shared;

/* Which of a page's words a writer uses, from its first to its last. */
static volatile uint64_t *word_of(uint32_t page)
{
	return (uint64_t *)(start + page * PAGE) + page % 512;
}

static uint64_t value_of(uint32_t page, uint32_t sequence)
{
	return (uint64_t)page << 32 | sequence;
}

static void write_page(uint32_t page, uint32_t *last)
{
	uint64_t found = *word_of(page), want = value_of(page, last[page]);

	must(found == want || (!last[page] && !found),
	     "page %u holds %#lx, %#lx was written", page, found, want);
	*word_of(page) = value_of(page, ++last[page]);
}

/* Writer 0 has the even pages, writer 1 the odd ones. */
static void writer(struct peer *parent, void *arg)
{
	uint32_t me = (uintptr_t)arg;
	uint32_t *last = calloc(PAGES, sizeof(*last));

	must(last, "out of memory");
	pin_to_cpu(me);
	window_map(region_open(path, O_RDWR), start, granule, RW, 0);
	for (uint32_t page = me; page < PAGES; page += WRITERS)
		write_page(page, last);
	go(parent);
	while (!shared->stop) {
		for (uint32_t page = me; page < HOT; page += WRITERS)
			write_page(page, last);
		shared->stores[me] += HOT / WRITERS;
	}
	go(parent);
	wait_go(parent);
	for (uint32_t page = me; page < PAGES; page += WRITERS)
		write_page(page, last);
}

/* Takes about @mib of memory away from whoever has it, for swap space. */
static void reclaim(const char *mib)
{
	int fd = open("/sys/fs/cgroup/memory.reclaim", O_WRONLY | O_CLOEXEC);
	char request[64] = "";

	must(fd >= 0, "no memory.reclaim: %m");
	strcat(strcat(request, mib), "M swappiness=200");
	/* EAGAIN: there was less to have. */
	(void)!write(fd, request, strlen(request));
	close(fd);
}

static void swap(void)
{
	struct peer writers[WRITERS];
	struct mshare_stat stat;
	double end;
	long out;
	int fd;

	must(meminfo("SwapTotal") > PAGES * 4, "no swap space");
	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	fd = region_create(path = region_path(), start, granule);
	region_fill(fd, start, PAGES * PAGE, RW);
	for (uintptr_t i = 0; i < WRITERS; i++) {
		writers[i] = peer_start(writer, (void *)i);
		wait_go(&writers[i]);
	}

	/* When the rest is out, it is the turn of the hot pages, many times. */
	out = vmstat("pswpout");
	end = seconds() + 90;
	while (vmstat("pswpout") - out < PAGES + 8 * HOT && seconds() < end)
		reclaim("16");
	out = vmstat("pswpout") - out;
	check(out > PAGES + 4 * HOT, "only %ld pages went out", out);
	shared->stop = 1;
	for (int i = 0; i < WRITERS; i++) {
		wait_go(&writers[i]);
		check(shared->stores[i] > 10000, "writer %d: %lu stores", i,
		      shared->stores[i]);
	}

	/* All of it out, as far as that goes, and back again. */
	for (int i = 0; i < 4; i++)
		reclaim("16");
	region_stat(fd, &stat);
	check(stat.swapped > PAGES * PAGE / 2,
	      "%llu bytes swapped out, %llu resident", stat.swapped,
	      stat.resident);
	check(stat.resident + stat.swapped >= PAGES * PAGE,
	      "%llu bytes swapped out, %llu resident", stat.swapped,
	      stat.resident);
	for (int i = 0; i < WRITERS; i++) {
		go(&writers[i]);
		peer_end(&writers[i]);
	}
	region_stat(fd, &stat);
	check(stat.resident == PAGES * PAGE, "%llu bytes resident",
	      stat.resident);
	close(fd);
}

/* Two halves of which one is locked: when the other is out, this is in. */
static void locked(void)
{
	const uint64_t half = PAGES * PAGE / 2;
	struct mshare_range range = {
		.size = sizeof(range),
		.addr = start,
		.length = half,
	};
	struct mshare_stat stat = { .swapped = 0 };
	double end = seconds() + 90;
	uint64_t before;

	must(meminfo("SwapTotal") > PAGES * 4, "no swap space");
	fd = region_create(path = region_path(), start, granule);
	region_fill(fd, start, 2 * half, RW);
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, 2 * half, PAGE, 1);
	check_result(request(fd, MSHAREFS_LOCK, &range), 0, "LOCK");
	check_result(region_advise(fd, start, half, MADV_PAGEOUT), EINVAL,
		     "PAGEOUT of locked memory");
	while (stat.swapped < half * 7 / 8 && seconds() < end) {
		reclaim("4");
		region_stat(fd, &stat);
	}
	check(stat.swapped >= half * 7 / 8, "only %llu bytes went out",
	      stat.swapped);
	check(stat.resident >= half && stat.swapped <= half,
	      "%llu bytes resident, %llu swapped out", stat.resident,
	      stat.swapped);

	region_stat(fd, &stat);
	before = stat.faults;
	check(!misses((void *)start, half, PAGE, 1), "values are lost");
	region_stat(fd, &stat);
	check(stat.faults == before, "%llu faults in locked memory",
	      stat.faults - before);
	check(!misses((void *)(start + half), half, PAGE, 1),
	      "values that were out are lost");
	close(fd);
}

static void stop_writers(struct peer *writers)
{
	shared->stop = 1;
	for (int i = 0; i < WRITERS; i++) {
		wait_go(&writers[i]);
		check(shared->stores[i] > 10000, "writer %d: %lu stores", i,
		      shared->stores[i]);
		go(&writers[i]);
		peer_end(&writers[i]);
	}
}

/*
 * As if the memory under the hot pages were about to fail: the kernel moves
 * what is there to other pages and never uses these again.
 */
static void move(void)
{
	struct peer writers[WRITERS];
	int fd, moved = 0;

	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	fd = region_create(path = region_path(), start, granule);
	region_fill(fd, start, PAGES * PAGE, RW);
	for (uintptr_t i = 0; i < WRITERS; i++) {
		writers[i] = peer_start(writer, (void *)i);
		wait_go(&writers[i]);
	}
	window_map(fd, start, granule, RW, 0);
	/* Not every attempt succeeds: the writers' faults hold the pages too. */
	for (int i = 0; i < 8 * HOT && moved < HOT; i++)
		moved += !madvise((void *)(start + i % HOT * PAGE), PAGE,
				  MADV_SOFT_OFFLINE);
	check(moved >= HOT, "only %d pages moved: %m", moved);
	stop_writers(writers);
	close(fd);
}

/* Blocks of memory that are taken away from the kernel, and given back */

#define BLOCKS "/sys/devices/system/memory"

static uint64_t block_size;

static bool set_block(long block, const char *state)
{
	char name[64];
	bool done;
	int fd;

	snprintf(name, sizeof(name), BLOCKS "/memory%ld/state", block);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, state, strlen(state)) > 0;
	close(fd);
	return done;
}

/*
 * The highest block that can be had. It comes back as one that holds nothing
 * but what can be moved, and is the first choice for that.
 */
static long movable_block(void)
{
	FILE *file = fopen(BLOCKS "/block_size_bytes", "re");
	long block = 63;

	must(file && fscanf(file, "%lx", &block_size) == 1, "block size: %m");
	fclose(file);
	while (block && !set_block(block, "offline"))
		block--;
	must(block && set_block(block, "online_movable"),
	     "no block of memory can be taken: %m");
	return block;
}

/* Else pages come from the node of whatever processor asks for them. */
static void prefer_node_of(long block)
{
	unsigned long nodes = 0;
	char name[64];

	for (int node = 0; node < 8; node++) {
		snprintf(name, sizeof(name), BLOCKS "/memory%ld/node%d", block,
			 node);
		if (!access(name, F_OK))
			nodes |= 1UL << node;
	}
	must(!syscall(SYS_set_mempolicy, MPOL_PREFERRED, &nodes, 64UL),
	     "set_mempolicy: %m");
}

/* Hot pages that lie in a block */
static int pages_in(long block, int file)
{
	int count = 0;

	for (uint32_t i = 0; i < HOT; i++)
		count += (long)(file_page(file, i * PAGE) * PAGE /
				block_size) == block;
	return count;
}

static void offline(void)
{
	long block = movable_block();
	int file = object_open(&object_kinds[MEMFD], PAGES * PAGE), fd;
	struct peer writers[WRITERS];
	bool taken = false;

	prefer_node_of(block);
	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	fd = region_create(path = region_path(), start, granule);
	must(!region_map_file(fd, start, PAGES * PAGE, RW, 0, file, 0),
	     "no object");
	for (uintptr_t i = 0; i < WRITERS; i++) {
		writers[i] = peer_start(writer, (void *)i);
		wait_go(&writers[i]);
	}
	check(pages_in(block, file) == HOT, "%d pages of %d in the block",
	      pages_in(block, file), HOT);
	for (int i = 0; i < 10 && !taken; i++)
		taken = set_block(block, "offline");
	check(taken, "the block cannot be had: %m");
	check(!pages_in(block, file), "%d pages stay in the block",
	      pages_in(block, file));
	stop_writers(writers);
	must(set_block(block, "online"), "the block does not come back: %m");
	close(file);
	close(fd);
}

static const struct test_case cases[] = {
	{ "swap", swap },
	{ "locked", locked },
	{ "move", move },
	{ "offline", offline },
};

int main(int argc, char **argv)
{
	regions_init();
	start = region_address(128);
	return run_case(cases, argc, argv);
}
