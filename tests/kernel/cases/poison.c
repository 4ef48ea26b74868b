// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a region fails: the process that touches it gets a signal, and all
 * other processes continue.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW   (PROT_READ | PROT_WRITE)
#define HUGE (2 * MIB)

#define HWPOISON "/sys/kernel/debug/hwpoison/"

/*
 * Kinds of memory of a region, and the amount of memory that fails at a time.
 */
struct memory {
	enum object_kinds kind;
	uint64_t length;
	/*
	 * The distance between two words that are checked; the sixth word
	 * fails.
	 */
	uint64_t step;
	uint64_t lost;
	int lsb;
	/* In transparent huge pages. */
	bool huge;
};

static const struct memory pages = {
	.kind = MEMFD,
	.length = 16 * PAGE,
	.step = PAGE,
	.lost = PAGE,
	.lsb = 12,
};

static const struct memory disk_pages = {
	.kind = EXT4,
	.length = 16 * PAGE,
	.step = PAGE,
	.lost = PAGE,
	.lsb = 12,
};

static const struct memory huge_pages = {
	.kind = HUGETLB,
	.length = 2 * HUGE,
	.step = HUGE / 8,
	.lost = HUGE,
	.lsb = 21,
};

static const struct memory transparent_pages = {
	.kind = MEMFD,
	.length = 2 * HUGE,
	.step = PAGE,
	.lost = PAGE,
	.lsb = 12,
	.huge = true,
};

static const struct memory *memory;
static uint64_t length, bad;

static const char *path;
static uint64_t start, object;
static int fd;

/* Reads a page in a loop, and does not use the memory that fails. */
struct reader {
	volatile uint64_t count, first;
	char *at;
	int expected;
};

static struct reader *readers;

static void fill_memory(void)
{
	long before = meminfo("ShmemPmdMapped");

	if (memory->huge) {
		set_for_now(SHMEM_HUGE_PAGES, "advise");
		must(!region_advise(fd, object, length, MADV_HUGEPAGE),
		     "no advice");
	}
	paint((void *)object, length, memory->step, 1);
	must(!memory->huge ||
		     meminfo("ShmemPmdMapped") - before == (long)(length / KIB),
	     "%ld KiB in huge pages", meminfo("ShmemPmdMapped") - before);
}

/* Returns the file that contains the region's memory. */
static int new_region(const struct memory *kind)
{
	int file;

	memory = kind;
	length = kind->length;
	bad = 5 * kind->step;
	if (kind->kind == HUGETLB)
		set_for_now(HUGE_PAGES, "4");
	file = object_open(&object_kinds[kind->kind], length);
	fd = region_create(path = region_path(), start, granule);
	must(!region_map_file(fd, object, length, RW, 0, file, 0), "no object");
	window_map(fd, start, granule, RW, 0);
	fill_memory();
	readers = mmap(NULL, 2 * sizeof(*readers), RW,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(readers != MAP_FAILED, "mmap: %m");
	return file;
}

static void end_region(void)
{
	munmap((void *)start, granule);
	munmap(readers, 2 * sizeof(*readers));
	close(fd);
}

static void check_signal(const char *what, uint64_t at)
{
	check(touch_fault.signal == SIGBUS &&
		      touch_fault.code == BUS_MCEERR_AR &&
		      touch_fault.lsb == memory->lsb,
	      "%s: signal %d, code %d, %d bits", what, touch_fault.signal,
	      touch_fault.code, touch_fault.lsb);
	check((uint64_t)touch_fault.addr / memory->lost == at / memory->lost,
	      "%s: address %p, not %#lx", what, touch_fault.addr, at);
}

static void read_on(struct peer *parent, void *arg)
{
	struct reader *reader = arg;

	(void)parent;
	pin_to_cpu(reader - readers);
	load_until_fault(reader->at, &reader->count, &reader->first);
	check_signal("a reader", object + bad);
}

static void wait_loads(struct reader *reader)
{
	uint64_t loads = reader->count + 100;

	for (int ms = 0; reader->count < loads; ms++) {
		must(ms < 30000, "a client that reads does not get on");
		usleep(1000);
	}
}

static struct peer start_reader(int i, uint64_t at)
{
	struct peer peer;

	readers[i].at = (char *)object + at;
	peer = peer_start(read_on, &readers[i]);
	wait_loads(&readers[i]);
	return peer;
}

static void look_at_rest(struct peer *parent, void *arg)
{
	uint64_t lost = misses((void *)object, length, memory->step, 1), value;
	char *at = (char *)object + bad;

	(void)parent;
	check(lost == memory->lost / memory->step, "%lu words are lost", lost);
	load(at, &value);
	check_signal("a load", (uint64_t)at);
	store(at, 1);
	check_signal("a store", (uint64_t)at);
	/* The kernel on behalf of this process */
	check(write(*(int *)arg, at, 8) < 0, "write(2) of what failed");
	check(write(*(int *)arg, at + memory->lost, 8) == 8,
	      "write(2) of what is next to it: %m");
}

/* Returns 0 or a negative errno. */
static int write_page_number(const char *name, uint64_t page)
{
	int file = open(name, O_WRONLY | O_CLOEXEC), result = 0;
	char number[32];

	must(file >= 0, "cannot open %s: %m", name);
	snprintf(number, sizeof(number), "%lu", page);
	if (write(file, number, strlen(number)) < 0)
		result = -errno;
	close(file);
	return result;
}

/*
 * Returns the page to the kernel, once the rest of the region has dropped it.
 */
static void unpoison(uint64_t page)
{
	for (int i = 0; i < 50; i++) {
		if (write_page_number(HWPOISON "unpoison-pfn", page) != -EBUSY)
			return;
		sleep_ms(20);
	}
}

/* EBUSY: the page still has a reference; the memory is lost all the same. */
static bool failed(int result)
{
	return !result || result == -EBUSY;
}

static void fail_file(uint64_t page)
{
	int result = write_page_number(HWPOISON "corrupt-pfn", page);

	must(failed(result), "corrupt-pfn: %s", strerror(-result));
}

static void advise(void *result)
{
	if (madvise((void *)(object + bad), PAGE, MADV_HWPOISON))
		*(volatile int *)result = -errno;
}

/*
 * As if the caller had touched it: the caller gets a signal, as for its own
 * memory.
 */
static void fail_window(uint64_t page)
{
	volatile int result = 0;
	int signal = signal_of(advise, (void *)&result);

	(void)page;
	check(failed(result), "MADV_HWPOISON: %s", strerror(-result));
	check(signal == SIGBUS && touch_fault.code == BUS_MCEERR_AR &&
		      touch_fault.addr == (void *)(object + bad),
	      "signal %d, code %d at %p", signal, touch_fault.code,
	      touch_fault.addr);
}

/* New memory in place of the failed memory works. */
static void replace(void)
{
	uint64_t hole = (object + bad) / memory->lost * memory->lost;

	check_result(region_unmap(fd, hole, memory->lost), 0, "UNMAP");
	region_fill(fd, hole, memory->lost, RW);
	check(!store((void *)(object + bad), 7) &&
		      peek((void *)(object + bad)) == 7,
	      "new memory: signal %d", touch_fault.signal);
}

static void fail_memory(const struct memory *kind, void (*fail)(uint64_t page))
{
	int sink = object_open(&object_kinds[TMPFS], PAGE);
	int file = new_region(kind);
	struct peer victim, other, late;
	struct msharefs_stat stat;
	uint64_t page;

	page = file_page(file, bad);
	must(page, "no page of memory behind the file");
	victim = start_reader(0, bad);
	other = start_reader(1, bad + memory->lost);
	fail(page);
	peer_end(&victim);
	wait_loads(&readers[1]);
	late = peer_start(look_at_rest, &sink);
	peer_end(&late);
	region_stat(fd, &stat);
	check(stat.resident == length - memory->lost, "%llu bytes resident",
	      stat.resident);
	replace();
	wait_loads(&readers[1]);
	peer_kill(&other);
	close(file);
	close(sink);
	end_region();
	unlink(path);
	/* A failed huge page is identified by its first page. */
	unpoison(page / (memory->lost / PAGE) * (memory->lost / PAGE));
}

static void failing_page(void)
{
	fail_memory(&pages, fail_file);
}

static void advised_page(void)
{
	fail_memory(&pages, fail_window);
}

static void failing_huge(void)
{
	fail_memory(&huge_pages, fail_file);
}

static void advised_huge(void)
{
	fail_memory(&huge_pages, fail_window);
}

static void look_before_and_after(struct peer *parent, void *arg)
{
	check(!misses((void *)object, length, memory->step, 1),
	      "words are lost before");
	go(parent);
	wait_go(parent);
	look_at_rest(parent, arg);
}

/*
 * Returns false if the kernel could not split the huge page. The bad page is then
 * part of a huge page that clients still use.
 */
static bool lose_part(int (*fail)(uint64_t page))
{
	int sink = object_open(&object_kinds[TMPFS], PAGE);
	int file = new_region(&transparent_pages);
	uint64_t page = file_page(file, bad);
	struct msharefs_stat stat;
	struct peer clients[2];
	bool split;

	must(page, "no page of memory behind the file");
	for (int i = 0; i < 2; i++) {
		clients[i] = peer_start(look_before_and_after, &sink);
		wait_go(&clients[i]);
	}
	split = fail(page) != -EHWPOISON;
	for (int i = 0; i < 2; i++) {
		if (!split) {
			peer_kill(&clients[i]);
			continue;
		}
		go(&clients[i]);
		peer_end(&clients[i]);
	}
	if (split) {
		region_stat(fd, &stat);
		check(stat.resident == length - PAGE, "%llu bytes resident",
		      stat.resident);
		replace();
	}
	close(file);
	close(sink);
	end_region();
	unlink(path);
	unpoison(page);
	return split;
}

/*
 * The kernel first splits the huge page. It cannot while anybody holds a
 * reference: a process that faults the page in, so the clients sleep; or, for a
 * moment, another CPU. Then another page fails.
 */
static void fail_part(int (*fail)(uint64_t page))
{
	for (int tries = 0; tries < 10; tries++)
		if (lose_part(fail))
			return;
	check(false, "no huge page can be split");
}

static int fail_part_of_file(uint64_t page)
{
	int result = write_page_number(HWPOISON "corrupt-pfn", page);

	must(failed(result) || result == -EHWPOISON, "corrupt-pfn: %s",
	     strerror(-result));
	return result;
}

static void failing_part(void)
{
	fail_part(fail_part_of_file);
}

/*
 * Splitting a huge page of a file unmaps it from all processes, so the kernel
 * finds no process to signal. If it cannot be split, the caller gets a signal,
 * before it sees the result.
 */
static int fail_part_of_window(uint64_t page)
{
	volatile int result = 0;
	int signal = signal_of(advise, (void *)&result);

	(void)page;
	if (signal == SIGBUS)
		return -EHWPOISON;
	must(failed(result) || result == -EHWPOISON,
	     "MADV_HWPOISON: %s, signal %d", strerror(-result), signal);
	return result;
}

static void advised_part(void)
{
	fail_part(fail_part_of_window);
}

/* The kernel reads a page again that is also on the disk. */
static void clean_page(void)
{
	int file = new_region(&disk_pages);
	struct peer reader;
	uint64_t page;

	must(!fsync(file), "fsync: %m");
	page = file_page(file, bad);
	reader = start_reader(0, bad);
	fail_file(page);
	wait_loads(&readers[0]);
	check(!misses((void *)object, length, PAGE, 1), "%lu pages are lost",
	      misses((void *)object, length, PAGE, 1));
	check(file_page(file, bad) != page, "the bad page is still in use");
	peer_kill(&reader);
	close(file);
	end_region();
	unpoison(page);
}

/*
 * The page is also in a region that this process has no window on: there, at
 * the region's address, it may have memory of its own.
 */
static void failing_elsewhere(void)
{
	uint64_t other = start + 4 * granule;
	int file = object_open(&object_kinds[MEMFD], PAGE), region;
	volatile int result = 0;
	volatile uint64_t *own;
	uint64_t page;
	int signal;

	/* Mapped first, it is found first. */
	region = region_create(path = region_path(), other, granule);
	must(!region_map_file(region, other, PAGE, RW, 0, file, 0),
	     "no object");
	must(!region_advise(region, other, PAGE, MADV_POPULATE_WRITE),
	     "POPULATE failed");
	fd = region_create(region_path(), start, granule);
	region_fill(fd, start, PAGE, RW);
	window_map(fd, start, granule, RW, 0);
	*(volatile uint64_t *)start = 1;
	must(mmap((void *)other, PAGE, RW,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		  0) == (void *)other,
	     "mmap: %m");
	object = (uint64_t)mmap(NULL, PAGE, RW, MAP_SHARED, file, 0);
	must(object != (uint64_t)MAP_FAILED, "mmap: %m");
	own = (void *)object;
	*own = 1;
	bad = 0;
	page = file_page(file, 0);
	signal = signal_of(advise, (void *)&result);
	check(failed(result), "MADV_HWPOISON: %s", strerror(-result));
	check(signal == SIGBUS && touch_fault.code == BUS_MCEERR_AR,
	      "signal %d, code %d", signal, touch_fault.code);
	check(touch_fault.addr == own, "the signal is for %p, not %p",
	      touch_fault.addr, (void *)own);
	close(file);
	close(region);
	munmap((void *)object, PAGE);
	unlink(path);
	close(fd);
	unpoison(page);
}

static const struct test_case cases[] = {
	{ "failing-page", "only processes that touch failed memory get SIGBUS",
	  failing_page },
	{ "advised-page",
	  "MADV_HWPOISON on a window has the effect of a memory failure",
	  advised_page },
	{ "failing-huge", "a failed hugetlbfs page is lost for every client",
	  failing_huge },
	{ "advised-huge",
	  "MADV_HWPOISON on a hugetlbfs page has the effect of a memory failure",
	  advised_huge },
	{ "failing-part",
	  "only the failed part of a transparent huge page is lost",
	  failing_part },
	{ "advised-part",
	  "MADV_HWPOISON on a part of a transparent huge page poisons this part",
	  advised_part },
	{ "failing-elsewhere",
	  "SIGBUS has the address that the process touched, not a region's",
	  failing_elsewhere },
	{ "clean-page", "a failed page with a copy on disk is read again",
	  clean_page },
};

static void setup(void)
{
	start = region_address(420);
	object = start + 16 * MIB;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
