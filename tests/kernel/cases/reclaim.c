// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a region are swapped out and moved while clients write to them. A
 * store through an old translation reaches a page that is being written out, or
 * belongs to another user: the client then reads an older value than it wrote.
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
#include "random.h"
#include "region.h"
#include "ring.h"
#include "swap.h"
#include "touch.h"

#define RW      (PROT_READ | PROT_WRITE)
#define WRITERS 2
#define PAGES   2048
#define LENGTH  (PAGES * PAGE)
/*
 * Pages that are written to continuously: few enough for a CPU to keep the
 * translations of all of them, so that it uses old translations if they remain.
 */
#define HOT 64

/* Some libcs lack these in their headers. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

static uint64_t start;
static const char *path;
static int fd;

struct progress {
	volatile int stop;
	/*
	 * The number of pages, from the first one, that are written to
	 * continuously.
	 */
	volatile uint32_t hot;
	/*
	 * The number of stores after which a writer sleeps for a short time; 0:
	 * never.
	 */
	volatile uint32_t burst;
	volatile uint64_t stores[WRITERS];
	/* The sequence number of the last store to each page. */
	volatile uint32_t last[PAGES];
};

static struct progress *shared;
static struct peer writers[WRITERS];

/* The whole memory, or the file. */
static void new_region(int file)
{
	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(shared != MAP_FAILED, "mmap: %m");
	shared->hot = HOT;
	fd = region_create(path = region_path(), start, granule);
	if (file < 0)
		region_fill(fd, start, LENGTH, RW);
	else
		must(!region_map_file(fd, start, LENGTH, RW, 0, file, 0),
		     "no object");
}

/* The words of a page that a writer uses, from the first to the last. */
static volatile uint64_t *word_of(uint32_t page)
{
	return (uint64_t *)(start + page * PAGE) + page % 512;
}

static uint64_t value_of(uint32_t page, uint32_t sequence)
{
	return (uint64_t)page << 32 | sequence;
}

static void write_page(uint32_t page)
{
	uint32_t last = shared->last[page];
	uint64_t found = *word_of(page), want = value_of(page, last);

	must(found == want || (!last && !found),
	     "page %u holds %#lx, %#lx was written", page, found, want);
	shared->last[page] = last + 1;
	*word_of(page) = value_of(page, last + 1);
}

/* Writer 0 has the even pages, writer 1 the odd pages. */
static void writer(struct peer *parent, void *arg)
{
	uint32_t me = (uintptr_t)arg;

	pin_to_cpu(me);
	window_map(region_open(path, O_RDWR), start, granule, RW, 0);
	for (uint32_t page = me; page < PAGES; page += WRITERS)
		write_page(page);
	go(parent);
	while (!shared->stop) {
		uint32_t hot = shared->hot, burst = shared->burst;

		for (uint32_t page = me; page < hot; page += WRITERS) {
			write_page(page);
			if (burst && page / WRITERS % burst == 0)
				sleep_ms(1);
		}
		shared->stores[me] += hot / WRITERS;
	}
	go(parent);
	wait_go(parent);
	for (uint32_t page = me; page < PAGES; page += WRITERS)
		write_page(page);
}

static void start_writers(void)
{
	for (uintptr_t i = 0; i < WRITERS; i++) {
		writers[i] = peer_start(writer, (void *)i);
		wait_go(&writers[i]);
	}
}

/* Writers rest here at times, until they have made enough stores. */
static void wait_stores(void)
{
	for (int i = 0; i < WRITERS; i++)
		for (int ms = 0; shared->stores[i] <= 10000; ms++) {
			must(ms < 60000, "writer %d does not get on", i);
			sleep_ms(1);
		}
}

static void pause_writers(void)
{
	shared->stop = 1;
	for (int i = 0; i < WRITERS; i++) {
		wait_go(&writers[i]);
		check(shared->stores[i] > 10000, "writer %d: %lu stores", i,
		      shared->stores[i]);
	}
}

/* Each writer checks all of its pages once more. */
static void end_writers(void)
{
	for (int i = 0; i < WRITERS; i++) {
		go(&writers[i]);
		peer_end(&writers[i]);
	}
}

static void stop_writers(void)
{
	pause_writers();
	end_writers();
}

/* Clients that sleep, as most clients do, and read a page now and then. */

#define SHARERS 32

static struct peer sharers[SHARERS];

/*
 * The contents of a page: the last store, which may be in progress while there
 * are writers.
 */
static void look_at(uint32_t page, bool written)
{
	uint32_t least = shared->last[page] - written;
	uint64_t found = *word_of(page);

	check(found >= value_of(page, least) &&
		      found <= value_of(page, shared->last[page]),
	      "page %u holds %#lx, %#lx was written", page, found,
	      value_of(page, least));
}

static void sharer(struct peer *parent, void *arg)
{
	random_seed((uintptr_t)arg);
	window_map(region_open(path, O_RDWR), start, granule, RW, 0);
	go(parent);
	while (!shared->stop) {
		look_at(random_below(PAGES), true);
		sleep_ms(300);
	}
	go(parent);
	wait_go(parent);
	for (uint32_t page = 0; page < PAGES; page++)
		look_at(page, false);
}

static void start_sharers(void)
{
	for (uintptr_t i = 0; i < SHARERS; i++) {
		sharers[i] = peer_start(sharer, (void *)i);
		wait_go(&sharers[i]);
	}
}

/* While no page is written to, all pages at the same time. */
static void end_sharers(void)
{
	for (int i = 0; i < SHARERS; i++)
		wait_go(&sharers[i]);
	for (int i = 0; i < SHARERS; i++)
		go(&sharers[i]);
	for (int i = 0; i < SHARERS; i++)
		peer_end(&sharers[i]);
}

/* Reclaims about @amount of memory from any process, into swap space. */
static void reclaim(const char *amount)
{
	int file = open("/sys/fs/cgroup/memory.reclaim", O_WRONLY | O_CLOEXEC);
	char request[64];

	must(file >= 0, "no memory.reclaim: %m");
	snprintf(request, sizeof(request), "%s swappiness=200", amount);
	/* EAGAIN: less memory could be reclaimed. */
	(void)!write(file, request, strlen(request));
	close(file);
}

static void reclaim_all(void)
{
	reclaim("16M");
}

static void reclaim_some(void)
{
	reclaim("1M");
}

static void advise_hot(void)
{
	region_advise(fd, start, HOT * PAGE, MADV_PAGEOUT);
}

/* Until @pages are swapped out. */
static void swap_out(void (*press)(void), long pages)
{
	double end = seconds() + 90;
	long before = vmstat("pswpout"), out;

	do {
		press();
		out = vmstat("pswpout") - before;
	} while (out < pages && seconds() < end);
	check(out > pages - pages / 4, "only %ld pages went out, not %ld", out,
	      pages);
}

/* Swaps all pages out, as far as possible, except for @pinned pages. */
static void swap_rest(uint32_t pinned)
{
	double end = seconds() + 60;
	struct msharefs_stat stat;
	int rounds = 0;

	/* The kernel may prefer the memory of other processes. */
	do {
		reclaim("16M");
		region_stat(fd, &stat);
	} while (++rounds < 4 ||
		 (stat.swapped <= LENGTH / 2 && seconds() < end));
	check(stat.swapped > LENGTH / 2,
	      "%llu bytes swapped out, %llu resident", stat.swapped,
	      stat.resident);
	check(stat.resident + stat.swapped >= LENGTH - pinned * PAGE,
	      "%llu bytes swapped out, %llu resident", stat.swapped,
	      stat.resident);
	check(stat.swapped <= LENGTH - pinned * PAGE,
	      "%llu bytes swapped out, %u pages were pinned", stat.swapped,
	      pinned);
}

static void check_resident(void)
{
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	check(stat.resident == LENGTH && !stat.swapped,
	      "%llu bytes resident, %llu swapped out", stat.resident,
	      stat.swapped);
}

static void begin_swapping(void)
{
	must(meminfo("SwapTotal") > PAGES * 4, "no swap space");
	new_region(-1);
	start_writers();
}

static void end_swapping(void)
{
	pause_writers();
	swap_rest(0);
	end_writers();
	check_resident();
	close(fd);
}

static void swap(void)
{
	begin_swapping();
	/* After the rest, the hot pages are swapped out, many times. */
	swap_out(reclaim_all, PAGES + 8 * HOT);
	end_swapping();
}

/*
 * Two halves, of which one is locked: it is resident while the other is
 * swapped.
 */
static void locked(void)
{
	const uint64_t half = PAGES * PAGE / 2;
	struct msharefs_range range = {
		.size = sizeof(range),
		.addr = start,
		.length = half,
	};
	struct msharefs_stat stat = { .swapped = 0 };
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
		reclaim("4M");
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

/*
 * The kernel's older reclaim, with lists of active and inactive pages, spares
 * pages in use: it swaps hot pages out on request.
 */
static void swap_classic(void)
{
	set_for_now("/sys/kernel/mm/lru_gen/enabled", "n");
	begin_swapping();
	swap_out(reclaim_some, 4 * HOT);
	swap_out(advise_hot, 4 * HOT);
	end_swapping();
}

static void swap_sharers(void)
{
	begin_swapping();
	start_sharers();
	swap_out(reclaim_some, 4 * HOT);
	pause_writers();
	swap_rest(0);
	end_sharers();
	end_writers();
	check_resident();
	close(fd);
}

/* swapoff brings all pages in at once, while clients fault them in, too. */
static void swap_off(void)
{
	const char *device = swap_device();

	must(device, "no swap space");
	begin_swapping();
	for (int round = 0; round < 2; round++) {
		struct msharefs_stat stat;
		double end = seconds() + 90;

		/* Such pages are seldom in the way. */
		shared->burst = 1;
		shared->hot = HOT;
		do {
			reclaim_some();
			region_stat(fd, &stat);
		} while (stat.swapped < 4 * HOT * PAGE && seconds() < end);
		check(stat.swapped >= 4 * HOT * PAGE,
		      "only %llu bytes swapped out", stat.swapped);
		shared->burst = 0;
		shared->hot = PAGES;
		check_result(swap_anew(device), 0, "swapoff");
		region_stat(fd, &stat);
		check(!stat.swapped, "%llu bytes swapped out, nowhere",
		      stat.swapped);
	}
	wait_stores();
	stop_writers();
	check_resident();
	close(fd);
}

/* The kernel's own pages, at their physical addresses */

#define PINNED (HOT / 2)

static uint64_t frames[HOT];

static void remember_frames(int file)
{
	for (uint32_t page = 0; page < HOT; page++)
		frames[page] = file_page(file, page * PAGE);
}

/* The number of pages, of the first @pages, that have moved. */
static uint32_t count_moved(int file, uint32_t pages)
{
	uint32_t moved = 0;

	for (uint32_t page = 0; page < pages; page++)
		moved += file_page(file, page * PAGE) != frames[page];
	return moved;
}

/* A word that no writer uses. */
static uint64_t *spare_word(uint32_t page)
{
	return (uint64_t *)(start + page * PAGE) + (page + 256) % 512;
}

/*
 * While no page is written to, io_uring finds in its buffer what clients have
 * stored, and clients find what io_uring reads into it.
 */
static void check_fixed(struct io_uring *ring)
{
	const uint32_t length = PINNED * PAGE;
	void *buffer = (void *)start;
	int copy = object_open(&object_kinds[TMPFS], length);
	uint32_t wrong = 0;

	check_result(ring_fixed(ring, copy, false, buffer, length, 0), 0,
		     "writing from the fixed buffer");
	for (uint32_t page = 0; page < PINNED; page++) {
		uint64_t at = (uintptr_t)word_of(page) - start;

		wrong += file_word(copy, at) !=
			 value_of(page, shared->last[page]);
		at = (uintptr_t)spare_word(page) - start;
		set_file_word(copy, at, ~(uint64_t)page);
	}
	check(!wrong, "%u pages of the buffer lack a store", wrong);
	check_result(ring_fixed(ring, copy, true, buffer, length, 0), 0,
		     "reading into the fixed buffer");
	wrong = 0;
	for (uint32_t page = 0; page < PINNED; page++)
		wrong += peek(spare_word(page)) != ~(uint64_t)page;
	check(!wrong, "%u pages are not those of the buffer", wrong);
	close(copy);
}

static void swap_pinned(void)
{
	int file = object_open(&object_kinds[MEMFD], LENGTH);
	struct io_uring ring;
	uint32_t moved;

	new_region(file);
	start_writers();
	window_map(fd, start, granule, RW, 0);
	ring_open(&ring);
	must(!ring_register(&ring, (void *)start, PINNED * PAGE),
	     "no fixed buffer");
	remember_frames(file);
	swap_out(reclaim_some, 4 * HOT);
	swap_out(advise_hot, 4 * HOT);
	pause_writers();
	swap_rest(PINNED);
	moved = count_moved(file, PINNED);
	check(!moved, "%u pinned pages are somewhere else", moved);
	check_fixed(&ring);
	io_uring_queue_exit(&ring);
	end_writers();
	close(file);
	close(fd);
}

/* Files on disks: reclaim writes pages back, and drops clean pages */

static uint32_t pages_cached(int file)
{
	unsigned char there[PAGES];
	void *at = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, file, 0);
	uint32_t count = 0;

	must(at != MAP_FAILED && !mincore(at, LENGTH, there), "mincore: %m");
	munmap(at, LENGTH);
	for (uint32_t page = 0; page < PAGES; page++)
		count += there[page] & 1;
	return count;
}

/*
 * Only the disk has the contents then: a store to a clean page is lost if the
 * kernel does not learn of it.
 */
static void drop_file(void)
{
	int file = object_open(&object_kinds[EXT4], LENGTH);
	double end = seconds() + 90;
	uint32_t dropped = 0, wrong = 0;

	new_region(file);
	start_writers();
	/* All pages become dirty again, but not before fsync(2) returns. */
	shared->burst = 16;
	shared->hot = PAGES;
	while (dropped < PAGES / 16 && seconds() < end) {
		must(!fsync(file), "fsync: %m");
		region_advise(fd, start, LENGTH, MADV_PAGEOUT);
		dropped += PAGES - pages_cached(file);
	}
	check(dropped >= PAGES / 16, "only %u pages were dropped", dropped);
	wait_stores();
	stop_writers();

	must(!region_unmap(fd, start, LENGTH) && !fsync(file), "fsync: %m");
	for (int i = 0; i < 10 && pages_cached(file); i++)
		write_setting("/proc/sys/vm/drop_caches", "1");
	check(!pages_cached(file), "%u pages are not read again",
	      pages_cached(file));
	for (uint32_t page = 0; page < PAGES; page++)
		wrong += file_word(file, page * PAGE + page % 512 * 8) !=
			 value_of(page, shared->last[page]);
	check(!wrong, "the disk lacks %u stores", wrong);
	close(file);
	close(fd);
}

/*
 * Offlines the memory under the hot pages: the kernel moves their contents to
 * other pages and never uses the old pages again.
 */
static void move(void)
{
	int moved = 0;

	new_region(-1);
	start_writers();
	window_map(fd, start, granule, RW, 0);
	/* Some attempts fail: the writers' faults hold the pages, too. */
	for (int i = 0; i < 8 * HOT && moved < HOT; i++)
		moved += !madvise((void *)(start + i % HOT * PAGE), PAGE,
				  MADV_SOFT_OFFLINE);
	check(moved >= HOT, "only %d pages moved: %m", moved);
	stop_writers();
	close(fd);
}

/* Blocks of memory that are offlined and onlined */

#define BLOCKS "/sys/devices/system/memory"

static uint64_t block_size;

static bool set_block(long block, const char *state)
{
	char name[64];
	bool done;
	int file;

	snprintf(name, sizeof(name), BLOCKS "/memory%ld/state", block);
	file = open(name, O_WRONLY | O_CLOEXEC);
	done = file >= 0 && write(file, state, strlen(state)) > 0;
	close(file);
	return done;
}

/*
 * The highest block that can be offlined. Onlined again, it holds only movable
 * memory, and is the first choice for it.
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

/* Otherwise, pages come from the node of the CPU that allocates them. */
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

/* The number of hot pages in a block */
static int pages_in(long block, int file)
{
	int count = 0;

	for (uint32_t i = 0; i < HOT; i++)
		count += (long)(file_page(file, i * PAGE) * PAGE /
				block_size) == block;
	return count;
}

static long block;
static int file;

static void begin_in_block(void)
{
	block = movable_block();
	prefer_node_of(block);
	file = object_open(&object_kinds[MEMFD], LENGTH);
	new_region(file);
	start_writers();
	check(pages_in(block, file) == HOT, "%d pages of %d in the block",
	      pages_in(block, file), HOT);
}

static void take_block(void)
{
	bool taken = false;

	for (int i = 0; i < 10 && !taken; i++)
		taken = set_block(block, "offline");
	check(taken, "the block cannot be had: %m");
	check(!pages_in(block, file), "%d pages stay in the block",
	      pages_in(block, file));
}

static void end_in_block(void)
{
	must(set_block(block, "online"), "the block does not come back: %m");
	close(file);
	close(fd);
}

static void offline(void)
{
	begin_in_block();
	take_block();
	stop_writers();
	end_in_block();
}

/* A long-term pin must first move pages out of memory that can be offlined. */
static void offline_pinned(void)
{
	struct io_uring ring;
	int result = -EAGAIN;

	begin_in_block();
	window_map(fd, start, granule, RW, 0);
	ring_open(&ring);
	/* The writers' faults hold the pages at times, too. */
	for (int i = 0; i < 10 && result; i++)
		result = ring_register(&ring, (void *)start, PINNED * PAGE);
	check_result(result, 0, "a fixed buffer");
	remember_frames(file);
	check(pages_in(block, file) == HOT - PINNED,
	      "%d pages in the block, %d of them pinned", pages_in(block, file),
	      pages_in(block, file) - HOT + PINNED);
	take_block();
	check(!count_moved(file, PINNED), "%u pinned pages are somewhere else",
	      count_moved(file, PINNED));
	pause_writers();
	check_fixed(&ring);
	io_uring_queue_exit(&ring);
	end_writers();
	end_in_block();
}

/* Other memory between the pages, which is freed. */
#define GAP (12 * PAGE)

static void spread_pages(void)
{
	char *filler =
		mmap(NULL, PAGES * GAP, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(filler != MAP_FAILED, "mmap: %m");
	window_map(fd, start, granule, RW, 0);
	for (uint32_t i = 0; i < PAGES; i++) {
		/* The first pages must be everywhere, too. */
		peek(word_of(i * 33 % PAGES));
		paint(filler + i * GAP, GAP, PAGE, 1);
	}
	munmap(filler, PAGES * GAP);
	munmap((void *)start, granule);
}

/*
 * In an almost empty block, because compaction moves the pages that it finds
 * first, until there is no room above.
 */
static void compact(void)
{
	uint32_t moved = 0;

	block = movable_block();
	prefer_node_of(block);
	file = object_open(&object_kinds[MEMFD], LENGTH);
	new_region(file);
	spread_pages();
	remember_frames(file);
	start_writers();
	for (int i = 0; i < 10 && moved < HOT / 4; i++) {
		write_setting("/proc/sys/vm/compact_memory", "1");
		moved = count_moved(file, HOT);
	}
	check(moved >= HOT / 4, "only %u pages moved", moved);
	stop_writers();
	must(set_block(block, "offline"), "the block cannot be had: %m");
	end_in_block();
}

/* Pages from node to node */

static void bind_to(int node)
{
	uint64_t mask = 1ULL << node;
	struct msharefs_mempolicy policy = {
		.size = sizeof(policy),
		.mode = MPOL_BIND,
		.addr = start,
		.length = LENGTH,
		.nodemask = (uintptr_t)&mask,
		.maxnode = 64,
		.flags = MPOL_MF_MOVE,
	};

	check_result(request(fd, MSHAREFS_MEMPOLICY, &policy), 0, "MEMPOLICY");
}

/* All pages to the other node and back, twice. */
static void move_nodes(int object)
{
	if (access("/sys/devices/system/node/node1", F_OK))
		skip_case("one NUMA node");
	new_region(object);
	start_writers();
	window_map(fd, start, granule, RW, 0);
	for (int round = 0; round < 4; round++) {
		int node = round % 2;
		size_t on_node = 0;

		/*
		 * Pages that are being faulted in do not move. For a huge page
		 * that all writers use, this can take long on a busy host,
		 * unless the writers rest.
		 */
		for (int i = 0; i < 50 && on_node < PAGES; i++) {
			shared->burst = i < 5 ? 0 : 1;
			bind_to(node);
			on_node = pages_on_node(start, PAGES, node);
		}
		check(on_node == PAGES, "%zu pages of %d on node %d", on_node,
		      PAGES, node);
	}
	shared->burst = 0;
	wait_stores();
	stop_writers();
	close(fd);
}

static void nodes(void)
{
	move_nodes(-1);
}

/* Each node has the number of huge pages that the region needs. */
static void nodes_huge(void)
{
	int object;

	set_for_now(HUGE_PAGES, "16");
	object = object_open(&object_kinds[HUGETLB], LENGTH);
	move_nodes(object);
	close(object);
}

static const struct test_case cases[] = {
	{ "swap", "no store is lost while pages are swapped out and in", swap,
	  CASE_SWAP },
	{ "locked",
	  "LOCK keeps memory resident while the rest of the region is swapped out",
	  locked, CASE_SWAP | CASE_LONG },
	{ "swap-classic", "no store is lost with the classic LRU reclaim",
	  swap_classic, CASE_SWAP | CASE_LONG },
	{ "swap-sharers", "clients that sleep during swapping find every store",
	  swap_sharers, CASE_SWAP | CASE_LONG },
	{ "swap-off", "no store is lost at swapoff", swap_off,
	  CASE_SWAP | CASE_LONG },
	{ "swap-pinned",
	  "a fixed buffer of io_uring stays shared during swapping",
	  swap_pinned, CASE_SWAP | CASE_LONG },
	{ "drop-file",
	  "no store to a file is lost while its page cache is dropped",
	  drop_file, CASE_SWAP | CASE_LONG },
	{ "move", "no store is lost while pages migrate", move, CASE_SWAP },
	{ "offline",
	  "no store is lost while memory blocks go offline and online", offline,
	  CASE_SWAP },
	{ "offline-pinned",
	  "a fixed buffer of io_uring stays shared while memory goes offline",
	  offline_pinned, CASE_SWAP | CASE_LONG },
	{ "compact", "no store is lost while memory is compacted", compact,
	  CASE_SWAP | CASE_LONG },
	{ "nodes", "MEMPOLICY moves pages between nodes and keeps every store",
	  nodes },
	{ "nodes-huge", "MEMPOLICY moves hugetlbfs pages between nodes",
	  nodes_huge },
};

static void setup(void)
{
	start = region_address(128);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
