// SPDX-License-Identifier: GPL-2.0-only
/* Memory of a region fails: who touches it is told, all others go on. */
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

#define RW     (PROT_READ | PROT_WRITE)
#define PAGES  16
#define LENGTH (PAGES * PAGE)
#define BAD    (5 * PAGE)

#define HWPOISON "/sys/kernel/debug/hwpoison/"

static const char *path;
static uint64_t start, object;
static int fd;

/* Reads a page for ever, and has nothing else to do with what fails. */
struct reader {
	volatile uint64_t count, first;
	char *at;
	int expected;
};

static struct reader *readers;

static void new_region(int file)
{
	fd = region_create(path = region_path(), start, granule);
	must(!region_map_file(fd, object, LENGTH, RW, 0, file, 0), "no object");
	window_map(fd, start, granule, RW, 0);
	paint((void *)object, LENGTH, PAGE, 1);
	readers = mmap(NULL, 2 * sizeof(*readers), RW,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(readers != MAP_FAILED, "mmap: %m");
}

static void end_region(void)
{
	munmap((void *)start, granule);
	munmap(readers, 2 * sizeof(*readers));
	close(fd);
}

static void read_on(struct peer *parent, void *arg)
{
	struct reader *reader = arg;

	(void)parent;
	pin_to_cpu(reader - readers);
	load_until_fault(reader->at, &reader->count, &reader->first);
	check(touch_fault.signal == SIGBUS && touch_fault.code == BUS_MCEERR_AR,
	      "signal %d, code %d", touch_fault.signal, touch_fault.code);
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
	uint64_t value;

	(void)parent;
	check(misses((void *)object, LENGTH, PAGE, 1) == 1,
	      "%lu pages are lost", misses((void *)object, LENGTH, PAGE, 1));
	check(load((void *)(object + BAD), &value) == SIGBUS &&
		      touch_fault.code == BUS_MCEERR_AR,
	      "a load of the bad page: signal %d, code %d", touch_fault.signal,
	      touch_fault.code);
	check(store((void *)(object + BAD), 1) == SIGBUS,
	      "a store to the bad page: signal %d", touch_fault.signal);
	/* The kernel on behalf of this process */
	check(write(*(int *)arg, (void *)(object + BAD), 8) < 0,
	      "write(2) from the bad page");
	check(write(*(int *)arg, (void *)(object + BAD + PAGE), 8) == 8,
	      "write(2) from the page after it: %m");
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

/* Gives the page back, as soon as what is left of the region lets go of it. */
static void unpoison(uint64_t page)
{
	for (int i = 0; i < 50; i++) {
		if (write_page_number(HWPOISON "unpoison-pfn", page) != -EBUSY)
			return;
		sleep_ms(20);
	}
}

/* EBUSY means that somebody still refers to the page; it is lost even so. */
static void fail_file(uint64_t page)
{
	int result = write_page_number(HWPOISON "corrupt-pfn", page);

	must(!result || result == -EBUSY, "corrupt-pfn: %s", strerror(-result));
}

static void fail_window(uint64_t page)
{
	(void)page;
	check(!madvise((void *)(object + BAD), PAGE, MADV_HWPOISON) ||
		      errno == EBUSY,
	      "MADV_HWPOISON: %m");
}

static void fail_page(void (*fail)(uint64_t page))
{
	int file = object_open(&object_kinds[MEMFD], LENGTH);
	int sink = object_open(&object_kinds[TMPFS], PAGE);
	struct peer victim, other, late;
	struct mshare_stat stat;
	uint64_t page;

	new_region(file);
	page = file_page(file, BAD);
	must(page, "no page of memory behind the file");
	victim = start_reader(0, BAD);
	other = start_reader(1, BAD + PAGE);
	fail(page);
	peer_end(&victim);
	wait_loads(&readers[1]);
	late = peer_start(look_at_rest, &sink);
	peer_end(&late);
	region_stat(fd, &stat);
	check(stat.resident == LENGTH - PAGE, "%llu bytes resident",
	      stat.resident);

	/* Memory in its place is as good as any. */
	check_result(region_unmap(fd, object + BAD, PAGE), 0, "UNMAP");
	region_fill(fd, object + BAD, PAGE, RW);
	check(!store((void *)(object + BAD), 7) &&
		      peek((void *)(object + BAD)) == 7,
	      "new memory: signal %d", touch_fault.signal);
	wait_loads(&readers[1]);
	peer_kill(&other);
	close(file);
	close(sink);
	end_region();
	unlink(path);
	unpoison(page);
}

static void failing_page(void)
{
	fail_page(fail_file);
}

static void advised_page(void)
{
	fail_page(fail_window);
}

/* A page that the disk has as well is read again. */
static void clean_page(void)
{
	int file = object_open(&object_kinds[EXT4], LENGTH);
	struct peer reader;
	uint64_t page;

	new_region(file);
	must(!fsync(file), "fsync: %m");
	page = file_page(file, BAD);
	reader = start_reader(0, BAD);
	fail_file(page);
	wait_loads(&readers[0]);
	check(!misses((void *)object, LENGTH, PAGE, 1), "%lu pages are lost",
	      misses((void *)object, LENGTH, PAGE, 1));
	check(file_page(file, BAD) != page, "the bad page is still in use");
	peer_kill(&reader);
	close(file);
	end_region();
	unpoison(page);
}

static const struct test_case cases[] = {
	{ "failing-page", failing_page },
	{ "advised-page", advised_page },
	{ "clean-page", clean_page },
};

int main(int argc, char **argv)
{
	regions_init();
	start = region_address(420);
	object = start + 16 * MIB;
	return run_case(cases, argc, argv);
}
