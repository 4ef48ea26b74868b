// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that walk, lock, or change a process's mappings, applied to a window:
 * each has the documented result, and none affects the region.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>

#include "case.h"
#include "cgroup.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW     (PROT_READ | PROT_WRITE)
#define LENGTH (16 * PAGE)

/* Some libcs lack these in their headers. */
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

/* A region of two granules, each with an object of a few pages. */
static const char *path;
static uint64_t start, size;
static char *window, *object, *second;
static int fd;

/*
 * The open mode of the region for this process's window: the kernel does not
 * treat the mapping of a file that is open for reading only as shared.
 */
static int opened = O_RDWR;

static const char *opened_for(void)
{
	return opened == O_RDONLY ? "O_RDONLY" : "O_RDWR";
}

static void attach(void)
{
	int mine = region_open(path, opened);

	window = window_map(mine, start, size,
			    opened == O_RDONLY ? PROT_READ : RW, 0);
	close(mine);
}

static void new_region(void)
{
	size = 2 * granule;
	fd = region_create(path = region_path(), start, size);
	object = (char *)start + 16 * MIB;
	second = (char *)start + granule + 16 * MIB;
	region_fill(fd, (uint64_t)object, LENGTH, RW);
	region_fill(fd, (uint64_t)second, LENGTH, RW);
	window = window_map(fd, start, size, RW, 0);
	paint(object, LENGTH, PAGE, 1);
	if (opened == O_RDONLY) {
		munmap(window, size);
		attach();
	}
}

static void end_region(void)
{
	munmap(window, size);
	close(fd);
}

static uint64_t resident(void)
{
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	return stat.resident;
}

static uint64_t locked(void)
{
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	return stat.locked;
}

static uint64_t faults(void)
{
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	return stat.faults;
}

/* Is all memory still present, without being faulted in by the check? */
static void check_unharmed(const char *what)
{
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	check(stat.resident == LENGTH && !stat.swapped && !stat.locked &&
		      stat.mappings == 2,
	      "%s: %llu bytes resident, %llu locked, %llu mappings", what,
	      stat.resident, stat.locked, stat.mappings);
	check(!misses(object, LENGTH, PAGE, 1), "%s: other contents", what);
}

/* Memory that is paged out is not mapped, and comes back. */
static void check_contents(const char *what)
{
	check(!misses(object, LENGTH, PAGE, 1), "%s: other contents", what);
}

#define expect(want, call)                                            \
	do {                                                          \
		errno = 0;                                            \
		check_result((call) < 0 ? -errno : 0, want, "%s: %s", \
			     opened_for(), #call);                    \
		check_unharmed(#call);                                \
	} while (0)

/* For mmap() and mremap() */
static long mapped(void *at)
{
	return at == MAP_FAILED ? -1 : 0;
}

/* Must hold for both kinds of windows. */
static void on_each_window(void (*run)(void))
{
	static const int ways[] = { O_RDWR, O_RDONLY };

	for (int i = 0; i < 2; i++) {
		opened = ways[i];
		run();
	}
}

static void layout_of_window(void)
{
	const int more = opened == O_RDONLY ? EACCES : 0;
	const uint64_t g = granule;
	int key = pkey_alloc(0, 0);

	new_region();
	expect(0, mprotect(window, size, PROT_READ));
	expect(0, mprotect(window, g, PROT_READ | PROT_EXEC));
	expect(more, mprotect(window, g, RW));
	expect(more, mprotect(window, size, RW));
	expect(EINVAL, mprotect(object, PAGE, PROT_NONE));
	expect(0, pkey_mprotect(window, size, PROT_READ, -1));
	if (key >= 0) {
		expect(EACCES, pkey_mprotect(window, size, PROT_READ, key));
		pkey_free(key);
	}
	expect(EINVAL, munmap(object, PAGE));
	expect(EINVAL, munmap(window, g + PAGE));
	expect(EINVAL, mapped(mremap(window, size, PAGE, 0)));
	expect(EINVAL, mapped(mremap(window, size, 3 * g, MREMAP_MAYMOVE)));
	expect(EINVAL,
	       mapped(mremap(window, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			     window + 16 * g)));
	expect(EINVAL, mapped(mremap(window, size, size,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP)));
	expect(EINVAL, mapped(mremap(window, 0, size, MREMAP_MAYMOVE)));
	expect(0, mapped(mremap(window, size, size, 0)));
	expect(EINVAL,
	       mapped(mmap(object, PAGE, RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
	expect(EINVAL, syscall(SYS_remap_file_pages, window, size, 0, 1, 0));
	end_region();
}

static void layout(void)
{
	on_each_window(layout_of_window);
}

/*
 * On a part of the window, inside an object, and on the whole window, which has
 * holes.
 */
static const struct advice {
	const char *name;
	int number, part, all;
} advices[] = {
	{ "NORMAL", MADV_NORMAL, 0, 0 },
	{ "RANDOM", MADV_RANDOM, 0, 0 },
	{ "SEQUENTIAL", MADV_SEQUENTIAL, 0, 0 },
	{ "WILLNEED", MADV_WILLNEED, 0, ENOMEM },
	{ "DONTNEED", MADV_DONTNEED, 0, 0 },
	{ "DONTNEED_LOCKED", MADV_DONTNEED_LOCKED, 0, 0 },
	{ "FREE", MADV_FREE, EINVAL, EINVAL },
	{ "DONTFORK", MADV_DONTFORK, EINVAL, 0 },
	{ "DOFORK", MADV_DOFORK, EINVAL, 0 },
	{ "MERGEABLE", MADV_MERGEABLE, 0, 0 },
	{ "UNMERGEABLE", MADV_UNMERGEABLE, 0, 0 },
	{ "HUGEPAGE", MADV_HUGEPAGE, 0, ENOMEM },
	{ "NOHUGEPAGE", MADV_NOHUGEPAGE, 0, ENOMEM },
	{ "COLLAPSE", MADV_COLLAPSE, EINVAL, EINVAL },
	{ "DONTDUMP", MADV_DONTDUMP, EINVAL, 0 },
	{ "DODUMP", MADV_DODUMP, EINVAL, 0 },
	{ "WIPEONFORK", MADV_WIPEONFORK, EINVAL, EINVAL },
	{ "KEEPONFORK", MADV_KEEPONFORK, 0, 0 },
	{ "COLD", MADV_COLD, 0, ENOMEM },
	{ "PAGEOUT", MADV_PAGEOUT, 0, ENOMEM },
	/* The range has holes. */
	{ "POPULATE_READ", MADV_POPULATE_READ, 0, EFAULT },
	{ "POPULATE_WRITE", MADV_POPULATE_WRITE, 0, EFAULT },
	{ "no advice", 99, EINVAL, EINVAL },
};

/* The result for a process that may only read, if different. */
static int denied(int advice, int otherwise)
{
	switch (advice) {
	case MADV_REMOVE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_COLLAPSE:
		return EACCES;
	case MADV_POPULATE_WRITE:
		return EINVAL;
	case MADV_COLD:
	case MADV_PAGEOUT:
		return 0;
	default:
		return otherwise;
	}
}

static void take_advice(const struct advice *row, char *at, uint64_t length,
			int want, const char *what)
{
	if (opened == O_RDONLY)
		want = denied(row->number, want);
	check_result(madvise(at, length, row->number) ? -errno : 0, want,
		     "%s: %s of %s", opened_for(), row->name, what);
	check_contents(row->name);
	check_unharmed(row->name);
}

static void advice_for_window(void)
{
	new_region();
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		const struct advice *row = &advices[i];

		take_advice(row, object, LENGTH, row->part, "a part");
		take_advice(row, window, size, row->all, "all");
	}
	end_region();
}

static void advice(void)
{
	on_each_window(advice_for_window);
}

/* Memory that is removed is gone for all clients, if a client may write. */
static void remove_by_window(void)
{
	bool may = opened == O_RDWR;

	new_region();
	check_result(madvise(object, PAGE, MADV_REMOVE) ? -errno : 0,
		     may ? 0 : EACCES, "%s", opened_for());
	check(resident() == LENGTH - (may ? PAGE : 0), "%lu bytes resident",
	      resident());
	check(!peek(object) == may, "contents of the page");
	check(!misses(object + PAGE, LENGTH - PAGE, PAGE, 1),
	      "contents of the others");
	end_region();
}

static void removal(void)
{
	on_each_window(remove_by_window);
}

/* After MADV_DONTFORK, and not after MADV_DOFORK. */
static void look_in_child(struct peer *parent, void *arg)
{
	uint64_t value;

	(void)parent;
	check(load(object, &value) == (arg ? 0 : SIGSEGV),
	      "a child's load: signal %d", touch_fault.signal);
}

static void dont_fork(void)
{
	struct peer peer;

	new_region();
	must(!madvise(window, size, MADV_DONTFORK), "MADV_DONTFORK: %m");
	peer = peer_start(look_in_child, NULL);
	peer_end(&peer);
	must(!madvise(window, size, MADV_DOFORK), "MADV_DOFORK: %m");
	peer = peer_start(look_in_child, "there");
	peer_end(&peer);
	check_unharmed("a child without the window");
	end_region();
}

static void stay(struct peer *parent, void *arg)
{
	(void)arg;
	check(!misses(object, LENGTH, PAGE, 1), "contents at first");
	go(parent);
	wait_go(parent);
	check(!misses(object, LENGTH, PAGE, 1), "contents in the end");
}

/* The effect of the advice that a process may give to another process. */
static void advice_from_outside(void)
{
	/* Of a part, and of the window, which has holes. */
	const struct {
		const char *name;
		int number, want[2];
	} rows[] = {
		{ "COLD", MADV_COLD, { 0, ENOMEM } },
		{ "PAGEOUT", MADV_PAGEOUT, { 0, ENOMEM } },
		{ "WILLNEED", MADV_WILLNEED, { 0, ENOMEM } },
		{ "COLLAPSE", MADV_COLLAPSE, { EINVAL, EINVAL } },
		{ "DONTNEED", MADV_DONTNEED, { EINVAL, EINVAL } },
	};
	struct peer peer;
	int pidfd;

	new_region();
	peer = peer_start(stay, NULL);
	wait_go(&peer);
	pidfd = syscall(SYS_pidfd_open, peer.pid, 0);
	must(pidfd >= 0, "pidfd_open: %m");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct iovec all[] = { { object, LENGTH }, { window, size } };

		for (int j = 0; j < 2; j++) {
			long done = syscall(SYS_process_madvise, pidfd, &all[j],
					    1, rows[i].number, 0);

			check_result(done < 0 ? -errno : 0, rows[i].want[j],
				     "%s", rows[i].name);
			check_contents(rows[i].name);
			check_unharmed(rows[i].name);
		}
	}
	close(pidfd);
	go(&peer);
	peer_end(&peer);
	end_region();
}

/*
 * mlock() locks pages for all clients, if the process may write to the region.
 * mlockall() faults pages in, and the kernel may reclaim them again.
 */
static void locking_of_window(void)
{
	const uint64_t locks = opened == O_RDWR ? LENGTH : 0;

	new_region();
	check_result(mlock(object, LENGTH) ? -errno : 0, 0, "mlock");
	check(locked() == locks, "mlock: %lu bytes locked", locked());
	check_result(madvise(object, PAGE, MADV_REMOVE) ? -errno : 0,
		     locks ? EINVAL : EACCES, "MADV_REMOVE");
	expect(0, munlock(object, LENGTH));
	check_result(mlock2(object, LENGTH, MLOCK_ONFAULT) ? -errno : 0, 0,
		     "mlock2");
	check(locked() == locks, "mlock2: %lu bytes locked", locked());
	expect(0, munlock(object, LENGTH));
	expect(ENOMEM, mlock(object + LENGTH, PAGE));

	check_result(mlock(second, LENGTH / 2) ? -errno : 0, 0, "mlock");
	check(!munlock(second, LENGTH / 2), "munlock: %m");
	check(resident() == LENGTH + LENGTH / 2, "mlock left %lu bytes",
	      resident());
	check(process_status(0, "VmLck") < 64, "%ld KiB locked",
	      process_status(0, "VmLck"));
	must(!region_advise(fd, (uint64_t)second, LENGTH, MADV_REMOVE),
	     "locked memory cannot be removed");

	/* All that is mapped behind the window, on both sides of a hole. */
	check_result(mlockall(MCL_CURRENT | MCL_FUTURE) ? -errno : 0, 0,
		     "mlockall");
	check(resident() == 2 * LENGTH, "mlockall left %lu bytes", resident());
	check(process_status(0, "VmLck") < (long)(granule / KIB),
	      "the window counts as locked: %ld KiB",
	      process_status(0, "VmLck"));
	check(!munmap(window, size), "munmap: %m");
	must(!region_advise(fd, (uint64_t)second, LENGTH, MADV_REMOVE),
	     "locked memory cannot be removed");
	attach();
	check(process_status(0, "VmLck") < (long)(granule / KIB),
	      "a later window counts as locked: %ld KiB",
	      process_status(0, "VmLck"));
	check(resident() == 2 * LENGTH, "a later window left %lu bytes",
	      resident());
	must(!munlockall(), "munlockall: %m");
	must(!region_advise(fd, (uint64_t)second, LENGTH, MADV_REMOVE),
	     "memory that was locked cannot be removed");
	/* The window has holes. */
	check_result(mlock(window, size) ? -errno : 0, locks ? ENOMEM : 0,
		     "mlock of the window");
	check(locks || resident() == 2 * LENGTH,
	      "mlock of the window left %lu bytes", resident());
	end_region();
}

/* MAP_POPULATE goes on behind a hole, and ends without an error. */
static void populate(void)
{
	new_region();
	must(!munmap(window, size), "munmap: %m");
	must(!region_advise(fd, (uint64_t)object, LENGTH, MADV_REMOVE) &&
		     !region_advise(fd, (uint64_t)second, LENGTH, MADV_REMOVE),
	     "REMOVE failed");
	window =
		mmap((void *)start, size, RW, MAP_SHARED | MAP_POPULATE, fd, 0);
	must(window != MAP_FAILED, "mmap: %m");
	check(resident() == 2 * LENGTH, "MAP_POPULATE left %lu bytes",
	      resident());
	end_region();
}

static void locking(void)
{
	on_each_window(locking_of_window);
}

/* The kernel searches for the pages in the process, which has none. */

struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, any, result;
};

struct scanned {
	uint64_t start, end, categories;
};

#define SCAN            _IOWR('f', 16, struct scan)
#define SCAN_PROTECT    (1ULL << 0)
#define SCAN_STRICT     (1ULL << 1)
#define SCAN_WRITTEN    (1ULL << 1)
#define SCAN_PRESENT    (1ULL << 3)
#define SCAN_SWAPPED    (1ULL << 4)
#define PAGEMAP_PRESENT (3ULL << 62)

/* Ranges of pages that are resident, or in swap space */
static long scan(int pagemap, const char *at, uint64_t length)
{
	struct scanned ranges[8];
	struct scan scan = {
		.size = sizeof(scan),
		.start = (uintptr_t)at,
		.end = (uintptr_t)at + length,
		.vec = (uintptr_t)ranges,
		.vec_len = 8,
		.any = SCAN_PRESENT | SCAN_SWAPPED,
		.result = SCAN_PRESENT | SCAN_SWAPPED,
	};
	long found = ioctl(pagemap, SCAN, &scan);

	check(found < 0 || scan.walk_end == scan.end, "it ended at %#lx",
	      scan.walk_end);
	return found < 0 ? -errno : found;
}

static uint64_t pages_in_pagemap(int pagemap, const char *at)
{
	uint64_t entries[LENGTH / PAGE], found = 0;

	must(pread(pagemap, entries, sizeof(entries),
		   (uintptr_t)at / PAGE * sizeof(*entries)) == sizeof(entries),
	     "pagemap: %m");
	for (size_t i = 0; i < LENGTH / PAGE; i++)
		found += !!(entries[i] & PAGEMAP_PRESENT);
	return found;
}

static char *ordinary_memory(uint64_t length)
{
	char *memory =
		mmap(NULL, length, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED, "mmap: %m");
	paint(memory, length, PAGE, 1);
	return memory;
}

/* Lines of the dump of this process's page tables: user pages in a range */
static size_t shown_in_dump(const char *at, uint64_t length)
{
	FILE *file =
		fopen("/sys/kernel/debug/page_tables/current_kernel", "re");
	uint64_t first, end;
	size_t count = 0;
	char line[256];

	if (!file)
		skip_case("this kernel shows no page tables");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "0x%lx-0x%lx", &first, &end) == 2 &&
		    first < (uint64_t)at + length && end > (uint64_t)at &&
		    strstr(line, "USR"))
			count++;
	fclose(file);
	return count;
}

/* The dump holds locks of the process alone. */
static void table_dump(void)
{
	char *ordinary = ordinary_memory(LENGTH);

	new_region();
	check(!misses(object, LENGTH, PAGE, 1), "contents");
	must(shown_in_dump(ordinary, LENGTH),
	     "not even ordinary memory is shown");
	check(!shown_in_dump(window, size), "%zu lines about a window",
	      shown_in_dump(window, size));
	check_unharmed("a dump of page tables");
	end_region();
}

/* They show the memory of the region, as that of the process itself. */
static void page_lists(void)
{
	char *ordinary = ordinary_memory(LENGTH);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	must(pagemap >= 0, "pagemap: %m");
	new_region();
	check(!misses(object, LENGTH, PAGE, 1), "contents");
	check(pages_in_pagemap(pagemap, ordinary) == LENGTH / PAGE &&
		      scan(pagemap, ordinary, LENGTH) == 1,
	      "not even ordinary memory is found");
	check(pages_in_pagemap(pagemap, object) == LENGTH / PAGE,
	      "pagemap shows %lu pages", pages_in_pagemap(pagemap, object));
	check(!pages_in_pagemap(pagemap, second), "pagemap shows %lu pages",
	      pages_in_pagemap(pagemap, second));
	check(scan(pagemap, window, size) == 1, "PAGEMAP_SCAN: %ld",
	      scan(pagemap, window, size));
	check_unharmed("looking for pages");
	expect(0, msync(window, size, MS_SYNC));
	expect(0, msync(window, size, MS_ASYNC));
	expect(0, msync(window, size, MS_INVALIDATE));
	close(pagemap);
	end_region();
}

static long register_range(int uffd, char *at, uint64_t length, uint64_t mode)
{
	struct uffdio_register range = {
		.range = { (uintptr_t)at, length },
		.mode = mode,
	};

	return ioctl(uffd, UFFDIO_REGISTER, &range);
}

static int open_userfaultfd(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	must(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api), "userfaultfd: %m");
	return uffd;
}

static void userfaults(void)
{
	int uffd = open_userfaultfd(0);
	char *ordinary = ordinary_memory(LENGTH);

	new_region();
	must(!register_range(uffd, ordinary, LENGTH,
			     UFFDIO_REGISTER_MODE_MISSING),
	     "ordinary memory cannot be registered: %m");
	expect(EINVAL, register_range(uffd, window, size,
				      UFFDIO_REGISTER_MODE_MISSING));
	expect(EINVAL, register_range(uffd, object, PAGE,
				      UFFDIO_REGISTER_MODE_MISSING));
	expect(EINVAL,
	       register_range(uffd, window, size, UFFDIO_REGISTER_MODE_MINOR));
	expect(EINVAL,
	       register_range(uffd, window, size, UFFDIO_REGISTER_MODE_WP));
	close(uffd);
	end_region();
}

/*
 * Asynchronous write protection works on any mapping: the kernel write-protects
 * pages and removes the protection at a fault. In shared page tables, the fault
 * would affect all clients.
 */

/* @flags: SCAN_PROTECT and similar; for the pages that were written to */
static long scan_written(int pagemap, const char *at, uint64_t length,
			 uint64_t flags)
{
	struct scanned ranges[8];
	struct scan scan = {
		.size = sizeof(scan),
		.flags = flags,
		.start = (uintptr_t)at,
		.end = (uintptr_t)at + length,
		.vec = (uintptr_t)ranges,
		.vec_len = 8,
		.mask = SCAN_WRITTEN,
		.result = SCAN_WRITTEN,
	};
	long found = ioctl(pagemap, SCAN, &scan);

	return found < 0 ? -errno : found;
}

static void write_twice(struct peer *parent, void *arg)
{
	(void)arg;
	paint(object, LENGTH, PAGE, 1);
	go(parent);
	wait_go(parent);
	paint(object, LENGTH, PAGE, 1);
}

/* Memory of a file, which is neither anonymous nor shared memory. */
static char *file_memory(uint64_t length)
{
	int file = object_open(&object_kinds[EXT4], length);
	char *memory = mmap(NULL, length, RW, MAP_SHARED, file, 0);

	must(memory != MAP_FAILED, "mmap: %m");
	close(file);
	paint(memory, length, PAGE, 1);
	return memory;
}

static void noted_writes(void)
{
	int uffd = open_userfaultfd(UFFD_FEATURE_WP_ASYNC);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	char *ordinary = file_memory(LENGTH);
	struct peer client;
	uint64_t before;

	must(pagemap >= 0, "pagemap: %m");
	must(!register_range(uffd, ordinary, LENGTH, UFFDIO_REGISTER_MODE_WP),
	     "a file's memory cannot be registered: %m");
	check(scan_written(pagemap, ordinary, LENGTH, SCAN_PROTECT) == 1 &&
		      !scan_written(pagemap, ordinary, LENGTH, 0),
	      "not even ordinary memory is protected");
	new_region();
	client = peer_start(write_twice, NULL);
	wait_go(&client);
	before = faults();

	expect(EINVAL,
	       register_range(uffd, window, size, UFFDIO_REGISTER_MODE_WP));
	expect(EINVAL,
	       register_range(uffd, object, LENGTH, UFFDIO_REGISTER_MODE_WP));
	check_result(scan_written(pagemap, window, size, SCAN_PROTECT), 0,
		     "protecting what was written in a window");
	check_result(
		scan_written(pagemap, window, size, SCAN_PROTECT | SCAN_STRICT),
		EPERM, "insisting on it");
	check_unharmed("protecting pages");
	paint(object, LENGTH, PAGE, 1);
	go(&client);
	peer_end(&client);
	check(faults() == before, "%lu writes made a fault", faults() - before);
	munmap(ordinary, LENGTH);
	close(pagemap);
	close(uffd);
	end_region();
}

/* Advice on a range goes on behind a hole, and behind a window with a hole. */
static void advice_behind(void)
{
	int file = object_open(&object_kinds[MEMFD], LENGTH);
	char *behind;

	new_region();
	behind = mmap(window + size, LENGTH, RW,
		      MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
	must(behind == window + size, "mmap: %m");
	paint(behind, LENGTH, PAGE, 1);
	check(madvise(window, size + LENGTH, MADV_REMOVE) == -1 &&
		      errno == ENOMEM,
	      "MADV_REMOVE of a range with a hole: %m");
	check(!peek(object) && !peek(behind),
	      "REMOVE left %#" PRIx64 ", and behind the window %#" PRIx64,
	      peek(object), peek(behind));
	munmap(behind, LENGTH);
	close(file);
	end_region();
}

/* NUMA nodes, for all clients, of a process that may write. */

static int node_of_page(const void *at)
{
	int node = -1;

	syscall(SYS_get_mempolicy, &node, NULL, 0, at,
		MPOL_F_NODE | MPOL_F_ADDR);
	return node;
}

/* A page that cannot move does not keep the others from moving. */
static void placement_strict(void)
{
	struct iovec page;
	int from, pins[2];
	unsigned long to;

	size = 2 * granule;
	fd = region_create(path = region_path(), start, size);
	must(!region_map(fd, start, size, RW, MAP_NORESERVE), "no mapping");
	window = window_map(fd, start, size, RW, 0);
	object = window + 16 * MIB;
	second = window + granule + 16 * MIB;
	paint(object, LENGTH, PAGE, 1);
	paint(second, LENGTH, PAGE, 1);
	from = node_of_page(object);
	to = from ? 1UL << 0 : 1UL << 1;
	if (access("/sys/devices/system/node/node1", F_OK))
		skip_case("the guest has one node");
	page = (struct iovec){ object, PAGE };
	must(!pipe2(pins, O_CLOEXEC) &&
		     vmsplice(pins[1], &page, 1, 0) == (ssize_t)PAGE,
	     "vmsplice: %m");
	check(syscall(SYS_mbind, window, size, MPOL_BIND, &to, 64,
		      MPOL_MF_MOVE | MPOL_MF_STRICT) == -1 &&
		      errno == EIO,
	      "mbind of a page that cannot move: %m");
	check(node_of_page(object) == from, "that page is on node %d",
	      node_of_page(object));
	check(node_of_page(object + PAGE) != from,
	      "the next one has not moved");
	check(node_of_page(second) != from,
	      "the next granule's page has not moved");
	check(!misses(object, LENGTH, PAGE, 1) &&
		      !misses(second, LENGTH, PAGE, 1),
	      "other contents");
	close(pins[0]);
	close(pins[1]);
	end_region();
}

static long bind_window(char *at, uint64_t length, unsigned int flags)
{
	const unsigned long mask = 1;

	return syscall(SYS_mbind, at, length, MPOL_BIND, &mask, 64, flags);
}

static long home_node(void)
{
	return syscall(SYS_set_mempolicy_home_node, window, size, 0, 0);
}

static long migrate(unsigned long from, unsigned long to)
{
	return syscall(SYS_migrate_pages, 0, 64, &from, &to);
}

static void check_moves(void)
{
	const int nodes[] = { 0, 0, 0, 0 };
	void *pages[] = { object, object + PAGE, second, window };
	int status[4] = { 9, 9, 9, 9 };

	check(syscall(SYS_move_pages, 0, 4, pages, nodes, status,
		      MPOL_MF_MOVE) >= 0,
	      "move_pages: %m");
	for (int i = 0; i < 2; i++)
		check(status[i] == (opened == O_RDWR ? 0 : -EFAULT),
		      "move_pages: page %d is %d", i, status[i]);
	for (int i = 2; i < 4; i++)
		check(status[i] == -EFAULT || status[i] == -ENOENT,
		      "move_pages: page %d is %d", i, status[i]);
	check_unharmed("move_pages");
}

static void placement_of_window(void)
{
	const int denied = opened == O_RDONLY ? EACCES : 0;
	int mode = 0;

	new_region();
	expect(denied ? denied : ENOENT, home_node());
	expect(denied, bind_window(object, LENGTH, 0));
	expect(denied, bind_window(object, LENGTH, MPOL_MF_MOVE));
	expect(0,
	       syscall(SYS_get_mempolicy, &mode, NULL, 0, object, MPOL_F_ADDR));
	check_int(mode, denied ? MPOL_DEFAULT : MPOL_BIND);
	/* The window has holes. */
	expect(opened == O_RDONLY ? EACCES : EFAULT,
	       bind_window(window, size, 0));
	expect(denied, home_node());
	expect(0, migrate(1, 1));
	if (!access("/sys/devices/system/node/node1", F_OK)) {
		expect(0, migrate(1, 2));
		expect(0, migrate(2, 1));
	}
	check_moves();
	end_region();
}

static void placement(void)
{
	on_each_window(placement_of_window);
}

/* KSM, with identical pages in the region and in ordinary memory. */

#define KSM "/sys/kernel/mm/ksm/"

/* Until KSM has merged all but one of these pages, and scanned all others. */
static void wait_for_merging(long pages)
{
	long scans = number_in(KSM "full_scans");
	bool done = false;

	for (int i = 0; i < 400 && !done; i++) {
		sleep_ms(50);
		done = number_in(KSM "pages_sharing") >= pages - 1 &&
		       number_in(KSM "full_scans") > scans + 2;
	}
	check(done, "of %ld pages, %ld are merged after %ld scans", pages,
	      number_in(KSM "pages_sharing"),
	      number_in(KSM "full_scans") - scans);
}

static void same_pages(void)
{
	char *private =
		mmap(NULL, LENGTH, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(private != MAP_FAILED, "mmap: %m");
	set_for_now(KSM "run", "1");
	set_for_now(KSM "sleep_millisecs", "1");
	new_region();
	for (uint64_t i = 0; i < LENGTH; i += PAGE) {
		memset(second + i, 0x77, PAGE);
		memset(private + i, 0x77, PAGE);
	}
	must(!prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0),
	     "PR_SET_MEMORY_MERGE: %m");
	check(!madvise(window, size, MADV_MERGEABLE), "MADV_MERGEABLE: %m");
	wait_for_merging(LENGTH / PAGE);
	store(second, 1);
	for (uint64_t i = PAGE; i < LENGTH; i += PAGE)
		check(peek(second + i) == 0x7777777777777777,
		      "page %llu changed with the first", i / PAGE);
	check(!misses(object, LENGTH, PAGE, 1), "other contents");
	check(resident() == 2 * LENGTH, "%lu bytes resident", resident());
	prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0);
	munmap(private, LENGTH);
	end_region();
}

/*
 * The kernel reads the memory of a dumping process without locks of the region.
 */

#define CORE "/tmp/core-of-a-client"

static char *dumped;

static void dump_with(const char *filter)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int file = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	must(file >= 0 && write(file, filter, strlen(filter)) > 0,
	     "coredump_filter: %m");
	close(file);
	setrlimit(RLIMIT_CORE, &all);
	prctl(PR_SET_DUMPABLE, 1);
}

static void crash(const char *filter)
{
	int status;
	pid_t pid;

	pid = fork();
	must(pid >= 0, "fork: %m");
	if (!pid) {
		dump_with(filter);
		/* One granule takes long enough. */
		munmap(window + granule, granule);
		misses(object, LENGTH, PAGE, 1);
		abort();
	}
	must(waitpid(pid, &status, 0) == pid && WCOREDUMP(status),
	     "no core dump: wait status %#x", status);
}

/* The place of that mapping in the dump. */
static off_t dumped_from;

/* The number of bytes in a core dump of the mapping at an address. */
static long dumped_at(const void *at)
{
	Elf64_Phdr segments[256];
	Elf64_Ehdr header;
	long bytes = -1;
	int file = open(CORE, O_RDONLY | O_CLOEXEC);

	must(file >= 0 && read(file, &header, sizeof(header)) == sizeof(header),
	     "no core: %m");
	must(header.e_phnum <= 256, "%d segments", header.e_phnum);
	must(pread(file, segments, header.e_phnum * sizeof(*segments),
		   (off_t)header.e_phoff) ==
		     (ssize_t)(header.e_phnum * sizeof(*segments)),
	     "no segments: %m");
	for (int i = 0; i < header.e_phnum; i++)
		if (segments[i].p_vaddr == (uintptr_t)at) {
			bytes = (long)segments[i].p_filesz;
			dumped_from = (off_t)segments[i].p_offset;
		}
	close(file);
	return bytes;
}

/* Pages of the object that are not in the dump of the window. */
static int misses_in_core(void)
{
	int file = open(CORE, O_RDONLY | O_CLOEXEC), missing = 0;
	uint64_t word;

	for (char *page = object; page < object + LENGTH; page += PAGE)
		if (pread(file, &word, sizeof(word),
			  dumped_from + (page - window)) != sizeof(word) ||
		    word != paint_for(page, 1))
			missing++;
	close(file);
	return missing;
}

static void core_dump(void)
{
	/* Without and with shared memory of files that have a name. */
	const char *const filters[] = { "0x33", "0xff" };

	set_for_now("/proc/sys/kernel/core_pattern", CORE);
	set_for_now("/proc/sys/kernel/core_uses_pid", "0");
	dumped = ordinary_memory(LENGTH);
	new_region();
	for (int i = 0; i < 2; i++) {
		crash(filters[i]);
		check(dumped_at(dumped) == LENGTH,
		      "%ld bytes of ordinary memory in the dump",
		      dumped_at(dumped));
		check(i ? dumped_at(window) == (long)granule :
			  dumped_at(window) <= 0,
		      "%s: %ld bytes of the region", filters[i],
		      dumped_at(window));
		check(!i || !misses_in_core(), "%s: other contents",
		      filters[i]);
		unlink(CORE);
	}
	check_unharmed("a dump");
	end_region();
}

/* A region that is much larger than memory, with a page at either end. */
static void core_dump_sparse(void)
{
	const uint64_t length = 512 * granule, last = length - PAGE;
	double begin = seconds();
	int status = 0, file;
	uint64_t word = 0;
	pid_t pid, done;

	set_for_now("/proc/sys/kernel/core_pattern", CORE);
	set_for_now("/proc/sys/kernel/core_uses_pid", "0");
	fd = region_create(path = region_path(), start, size = length);
	must(!region_map(fd, start, length, RW, MAP_NORESERVE), "no mapping");
	window = window_map(fd, start, length, RW, 0);
	paint(window, PAGE, PAGE, 1);
	paint(window + last, PAGE, PAGE, 1);
	pid = fork();
	must(pid >= 0, "fork: %m");
	if (!pid) {
		dump_with("0xff");
		abort();
	}
	do {
		sleep_ms(20);
		done = waitpid(pid, &status, WNOHANG);
	} while (!done && seconds() < begin + 30);
	if (!done) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	check(done == pid && WCOREDUMP(status), "not dumped after %.1f s",
	      seconds() - begin);
	check(dumped_at(window) == (long)length, "%ld bytes of the region",
	      dumped_at(window));
	file = open(CORE, O_RDONLY | O_CLOEXEC);
	check(pread(file, &word, sizeof(word), dumped_from + (off_t)last) ==
			      sizeof(word) &&
		      word == paint_for(window + last, 1),
	      "%#" PRIx64 " at the end", word);
	close(file);
	unlink(CORE);
	end_region();
}

/* Pages of a file that are in memory. */
static uint64_t cached(int file, uint64_t length)
{
	unsigned char *there = calloc(1, length / PAGE);
	void *at = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
	uint64_t count = 0;

	must(there && at != MAP_FAILED && !mincore(at, length, there),
	     "mincore: %m");
	munmap(at, length);
	for (uint64_t page = 0; page < length / PAGE; page++)
		count += there[page] & 1;
	free(there);
	return count;
}

/* The dump has what clients have touched, and reads no file. */
static void core_dump_file(void)
{
	const uint64_t length = 16 * MIB;
	int file = object_open(&object_kinds[EXT4], length);
	char *data = calloc(1, length);
	uint64_t before, after;

	set_for_now("/proc/sys/kernel/core_pattern", CORE);
	set_for_now("/proc/sys/kernel/core_uses_pid", "0");
	new_region();
	must(data && pwrite(file, data, length, 0) == (ssize_t)length &&
		     !fsync(file) &&
		     !posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED),
	     "cannot write a file: %m");
	free(data);
	must(!region_map_file(fd, start + 64 * MIB, length, RW, 0, file, 0),
	     "no file is mapped");
	before = cached(file, length);
	check(before < length / PAGE / 4, "%lu pages in memory at first",
	      (unsigned long)before);
	crash("0xff");
	after = cached(file, length);
	check(after <= before, "%lu pages in memory after the dump, %lu before",
	      (unsigned long)after, (unsigned long)before);
	check(dumped_at(window) == (long)granule && !misses_in_core(),
	      "the dump lacks memory");
	unlink(CORE);
	close(file);
	end_region();
}

/* One client has too much memory of its own. */

static void take_memory(struct peer *parent, void *arg)
{
	char *memory;

	cgroup_enter(arg);
	check(!misses(object, LENGTH, PAGE, 1), "contents");
	go(parent);
	memory = mmap(NULL, 256 * MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory != MAP_FAILED, "mmap: %m");
	paint(memory, 256 * MIB, PAGE, 1);
}

static void out_of_memory(void)
{
	const char *group = cgroup_make(NULL, "greedy");
	struct peer greedy, other;
	int status;

	cgroup_set(group, "memory.max", "16M");
	new_region();
	other = peer_start(stay, NULL);
	wait_go(&other);
	greedy = peer_start(take_memory, (void *)group);
	wait_go(&greedy);
	must(waitpid(greedy.pid, &status, 0) == greedy.pid, "waitpid: %m");
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "wait status %#x", status);
	check(cgroup_event(group, "memory.events", "oom_kill") == 1,
	      "nobody was killed for memory");
	check_unharmed("a client's end");
	go(&other);
	peer_end(&other);
	cgroup_remove(group);
	end_region();
}

/*
 * The kernel frees the memory of a killed process early. Only a mapping that is
 * not shared counts as the process's own: the window of a reader.
 */

static void be_victim(struct peer *parent, void *arg)
{
	char *memory =
		mmap(NULL, 8 * MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	must(memory != MAP_FAILED, "mmap: %m");
	paint(memory, 8 * MIB, PAGE, 1);
	munmap(window, size);
	opened = O_RDONLY;
	attach();
	check(!misses(object, LENGTH, PAGE, 1), "contents");
	go(parent);
	wait_go(parent);
}

/* Kills the process, and makes it stop just before it frees its memory. */
static void kill_halfway(pid_t pid)
{
	int status;

	must(!ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT),
	     "PTRACE_SEIZE: %m");
	must(!kill(pid, SIGKILL), "kill: %m");
	must(waitpid(pid, &status, 0) == pid &&
		     status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8),
	     "it does not stop at its end: wait status %#x", status);
}

static void reaping(void)
{
	struct peer victim;
	uint64_t before;
	int pidfd, status;

	new_region();
	victim = peer_start(be_victim, NULL);
	wait_go(&victim);
	before = faults();
	pidfd = syscall(SYS_pidfd_open, victim.pid, 0);
	must(pidfd >= 0, "pidfd_open: %m");
	kill_halfway(victim.pid);
	check(process_status(victim.pid, "RssAnon") > 8192,
	      "the victim's memory is gone already");
	must(!syscall(SYS_process_mrelease, pidfd, 0), "process_mrelease: %m");
	check(process_status(victim.pid, "RssAnon") < 1024,
	      "%ld KiB of the victim are left",
	      process_status(victim.pid, "RssAnon"));
	check_unharmed("taking a victim's memory");
	check(faults() == before, "%lu faults to have the region back",
	      faults() - before);
	must(!ptrace(PTRACE_CONT, victim.pid, NULL, NULL), "PTRACE_CONT: %m");
	must(waitpid(victim.pid, &status, 0) == victim.pid, "waitpid: %m");
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "wait status %#x", status);
	check_unharmed("a victim's end");
	check(faults() == before, "%lu faults after a victim's end",
	      faults() - before);
	close(pidfd);
	end_region();
}

static const struct test_case cases[] = {
	{ "layout",
	  "mprotect changes a window in its limits, and nothing moves it",
	  layout },
	{ "advice",
	  "madvise returns what the documentation says and loses no memory",
	  advice },
	{ "removal", "MADV_REMOVE frees memory for all clients", removal },
	{ "dont-fork",
	  "MADV_DONTFORK keeps a window from children, and MADV_DOFORK reverts",
	  dont_fork },
	{ "advice-from-outside", "process_madvise gives the results of madvise",
	  advice_from_outside },
	{ "locking", "mlock locks pages of a region, and mlockall populates",
	  locking },
	{ "populate", "MAP_POPULATE populates a window behind its holes",
	  populate },
	{ "page-lists",
	  "pagemap and PAGEMAP_SCAN show pages of a region, msync writes none",
	  page_lists },
	{ "table-dump", "the dump of page tables shows a window as a hole",
	  table_dump, CASE_DEBUG },
	{ "userfaults", "userfaultfd refuses a window", userfaults },
	{ "noted-writes", "write tracking does not protect pages of a window",
	  noted_writes },
	{ "placement",
	  "mbind and move_pages place memory of a region, if a client may write",
	  placement },
	{ "placement-strict",
	  "mbind goes on behind a page that cannot move, and reports it",
	  placement_strict },
	{ "advice-behind", "madvise goes on behind a window with a hole",
	  advice_behind },
	{ "same-pages", "KSM does not merge pages of a region", same_pages },
	{ "core-dump",
	  "a client's core dump contains a window if the filter says so",
	  core_dump },
	{ "core-dump-sparse",
	  "a core dump of a window takes time for memory, not for addresses",
	  core_dump_sparse },
	{ "core-dump-file", "a core dump of a window reads no file",
	  core_dump_file },
	{ "out-of-memory",
	  "the OOM killer of a client does not free the region",
	  out_of_memory },
	{ "reaping",
	  "the OOM reaper frees a client's memory, but not the region",
	  reaping },
};

static void setup(void)
{
	start = region_address(340);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
