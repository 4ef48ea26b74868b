// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests with a structure that begins with its size: their effects, and
 * the requests that the kernel refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/mempolicy.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW     (PROT_READ | PROT_WRITE)
#define HUGE   (2 * MIB)
#define PAGES  16
#define LENGTH (PAGES * PAGE)

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

_Static_assert(sizeof(struct msharefs_stat) == MSHAREFS_STAT_SIZE_VER0,
	       "msharefs_stat");
_Static_assert(sizeof(struct msharefs_mapping) == MSHAREFS_MAPPING_SIZE_VER0,
	       "msharefs_mapping");
_Static_assert(sizeof(struct msharefs_range) == MSHAREFS_RANGE_SIZE_VER0,
	       "msharefs_range");
_Static_assert(sizeof(struct msharefs_seal) == MSHAREFS_SEAL_SIZE_VER0,
	       "msharefs_seal");
_Static_assert(sizeof(struct msharefs_mempolicy) ==
		       MSHAREFS_MEMPOLICY_SIZE_VER0,
	       "msharefs_mempolicy");
_Static_assert(sizeof(struct msharefs_choose) == MSHAREFS_CHOOSE_SIZE_VER0,
	       "msharefs_choose");
_Static_assert(sizeof(struct msharefs_features) == MSHAREFS_FEATURES_SIZE_VER0,
	       "msharefs_features");
_Static_assert(sizeof(struct msharefs_removed) == MSHAREFS_REMOVED_SIZE_VER0,
	       "msharefs_removed");
_Static_assert(sizeof(struct msharefs_remove) == MSHAREFS_REMOVE_SIZE_VER0,
	       "msharefs_remove");

static const char *path;
static uint64_t start, object;
static int fd;

/* With an object of PAGES pages, unless @prot is -1, and a window. */
static void new_region(int prot)
{
	fd = region_create(path = region_path(), start, 2 * granule);
	if (prot != -1)
		region_fill(fd, object, LENGTH, prot);
	window_map(fd, start, 2 * granule, RW, 0);
}

static void end_region(void)
{
	munmap((void *)start, 2 * granule);
	unlink(path);
	close(fd);
}

static struct msharefs_stat stat_now(void)
{
	struct msharefs_stat stat;

	check_result(region_stat(fd, &stat), 0, "STAT");
	return stat;
}

static int lock(int on, uint64_t addr, uint64_t length, uint32_t flags)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.flags = flags,
		.addr = addr,
		.length = length,
	};

	return request(on, MSHAREFS_LOCK, &range);
}

static int unlock(uint64_t addr, uint64_t length, uint32_t flags)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.flags = flags,
		.addr = addr,
		.length = length,
	};

	return request(fd, MSHAREFS_UNLOCK, &range);
}

static int seal(int on, uint32_t seals)
{
	struct msharefs_seal seal = { sizeof(seal), 0, seals };

	return request(on, MSHAREFS_SEAL, &seal);
}

static int bind_to(uint32_t mode, uint64_t mask)
{
	struct msharefs_mempolicy policy = {
		.size = sizeof(policy),
		.mode = mode,
		.addr = object,
		.length = LENGTH,
		.nodemask = (uintptr_t)&mask,
		.maxnode = 64,
	};

	return request(fd, MSHAREFS_MEMPOLICY, &policy);
}

/* NEXT_MAPPING */

static int next_mapping(struct msharefs_mapping *mapping, uint64_t addr,
			char *name, uint32_t room)
{
	memset(mapping, 0xee, sizeof(*mapping));
	mapping->size = sizeof(*mapping);
	mapping->flags = 0;
	mapping->addr = addr;
	mapping->name = (uintptr_t)name;
	mapping->name_size = room;
	return request(fd, MSHAREFS_NEXT_MAPPING, mapping);
}

/* The mappings that a walk must find, in order. */
struct found {
	uint64_t addr, length, offset;
	/* Offset in the file, or -1. */
	int file;
	uint32_t prot, flags;
	const char *name;
};

static void check_mapping(const struct found *want, uint64_t from)
{
	struct msharefs_mapping got;
	char name[PATH_MAX] = "";
	struct stat status = { 0 };

	if (want->file >= 0)
		must(!fstat(want->file, &status), "fstat: %m");
	if (!check_result(next_mapping(&got, from, name, sizeof(name)), 0,
			  "NEXT_MAPPING at %#lx", from))
		return;
	check(got.size == sizeof(got), "size became %u", got.size);
	check(got.addr == want->addr && got.length == want->length,
	      "at %#lx: %#llx bytes at %#llx, not %#lx at %#lx", from,
	      got.length, got.addr, want->length, want->addr);
	check(got.offset == want->offset, "%s: offset %#llx", want->name,
	      got.offset);
	check(got.inode == status.st_ino, "%s: inode %llu, not %lu", want->name,
	      got.inode, status.st_ino);
	check(got.dev == status.st_dev, "%s: device %#llx, not %#lx",
	      want->name, got.dev, status.st_dev);
	check(got.prot == want->prot, "%s: rights %#x", want->name, got.prot);
	check(got.flags == want->flags, "%s: flags %#x, not %#x", want->name,
	      got.flags, want->flags);
	check(!strcmp(name, want->name), "\"%s\" instead of \"%s\"", name,
	      want->name);
	check(got.name_size == (*name ? strlen(name) + 1 : 0),
	      "%s: name of %u bytes", want->name, got.name_size);
}

static void walk(void)
{
	static const char plain[] = "/tmp/test-mapping";
	int memfd = object_open(&object_kinds[MEMFD], MIB), file, huge, ext4;
	char name[PATH_MAX];

	set_for_now(HUGE_PAGES, "4");
	huge = object_open(&object_kinds[HUGETLB], 2 * HUGE);
	file = open(plain, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	snprintf(name, sizeof(name), "%s/a name\nof two lines", disk());
	ext4 = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(file >= 0 && ext4 >= 0 && !ftruncate(file, MIB) &&
		     !ftruncate(ext4, MIB),
	     "files: %m");

	const struct found want[] = {
		{ start, LENGTH, 0, -1, RW,
		  MSHAREFS_MAPPING_ANONYMOUS | MSHAREFS_MAPPING_NORESERVE, "" },
		/* A hole of one page */
		{ start + LENGTH + PAGE, 3 * PAGE, 5 * PAGE, memfd, PROT_READ,
		  0, "/memfd:object (deleted)" },
		{ start + LENGTH + 4 * PAGE, PAGE, 0, file, RW,
		  MSHAREFS_MAPPING_NORESERVE, plain },
		{ start + MIB, 2 * PAGE, 0, -1, PROT_NONE,
		  MSHAREFS_MAPPING_ANONYMOUS, "" },
		{ start + MIB + 2 * PAGE, PAGE, 0, -1, RW,
		  MSHAREFS_MAPPING_ANONYMOUS | MSHAREFS_MAPPING_LOCKED, "" },
		{ start + HUGE, HUGE, HUGE, huge, RW, MSHAREFS_MAPPING_HUGETLB,
		  "/memfd:huge (deleted)" },
		{ start + 2 * granule - PAGE, PAGE, 3 * PAGE, ext4,
		  PROT_READ | PROT_EXEC, 0, name },
	};
	const int count = sizeof(want) / sizeof(want[0]);
	struct msharefs_mapping got;

	new_region(-1);
	check_result(next_mapping(&got, start, NULL, 0), ENOENT,
		     "an empty region");
	for (int i = count - 1; i >= 0; i--) {
		int noreserve = want[i].flags & MSHAREFS_MAPPING_NORESERVE ?
					MAP_NORESERVE :
					0;
		int anonymous = want[i].file < 0 ? MAP_ANONYMOUS : 0;

		must(!region_map_file(fd, want[i].addr, want[i].length,
				      want[i].prot, noreserve | anonymous,
				      want[i].file, want[i].offset),
		     "no mapping %d", i);
		if (want[i].flags & MSHAREFS_MAPPING_LOCKED)
			check_result(lock(fd, want[i].addr, want[i].length, 0),
				     0, "LOCK");
	}

	for (int i = 0; i < count; i++) {
		uint64_t last = want[i].addr + want[i].length - 1;

		check_mapping(&want[i],
			      i ? want[i - 1].addr + want[i - 1].length : 0);
		check_mapping(&want[i], want[i].addr);
		check_mapping(&want[i], last);
	}
	check_result(next_mapping(&got, start + 2 * granule, name, 9), ENOENT,
		     "past the last");
	check_result(next_mapping(&got, ~0ULL, name, 9), ENOENT,
		     "the highest address");
	unlink(plain);
	unlink(name);
	end_region();
}

static void names(void)
{
	int file = object_open(&object_kinds[MEMFD], MIB);
	static const char whole[] = "/memfd:object (deleted)";
	struct msharefs_mapping got;
	char name[64];

	new_region(-1);
	must(!region_map_file(fd, object, PAGE, RW, 0, file, 0), "no mapping");

	memset(name, 'x', sizeof(name));
	check_result(next_mapping(&got, start, name, sizeof(whole)), 0,
		     "just enough room");
	check(!strcmp(name, whole) && name[sizeof(whole)] == 'x',
	      "the name is %.*s", (int)sizeof(name), name);
	memset(name, 'x', sizeof(name));
	check_result(next_mapping(&got, start, name, sizeof(whole) - 1), ERANGE,
		     "a byte too little");
	check_result(next_mapping(&got, start, name, 0), ERANGE, "no room");
	check(got.name_size == sizeof(whole) && got.addr == start,
	      "%u bytes are needed, not %zu; the address is %#llx",
	      got.name_size, sizeof(whole), got.addr);
	check(name[0] == 'x' && name[sizeof(whole) - 2] == 'x',
	      "a name that has no room was written all the same");
	check_result(next_mapping(&got, start, (char *)1, 64), EFAULT,
		     "a name at a wrong address");
	check_result(next_mapping(&got, start, NULL, 64), 0, "no name");
	check(!got.name_size && got.addr == object && got.length == PAGE,
	      "no name: %u bytes of it are used", got.name_size);

	got.flags = MSHAREFS_MAPPING_LOCKED;
	check_result(request(fd, MSHAREFS_NEXT_MAPPING, &got), EINVAL,
		     "a flag");
	end_region();
}

/* ADVISE */

static const uint32_t advices[] = {
	MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_WILLNEED,
	MADV_COLD,          MADV_PAGEOUT,        MADV_REMOVE,
	MADV_HUGEPAGE,      MADV_NOHUGEPAGE,     MADV_COLLAPSE,
};

#define NR_ADVICES (sizeof(advices) / sizeof(advices[0]))

static bool is_advice(uint32_t advice)
{
	for (size_t i = 0; i < NR_ADVICES; i++)
		if (advices[i] == advice)
			return true;
	return false;
}

static void advise(void)
{
	struct msharefs_stat before, after;
	int readonly;

	new_region(RW);
	readonly = region_open(path, O_RDONLY);
	before = stat_now();
	for (uint32_t advice = 0; advice < 256; advice++)
		if (!is_advice(advice))
			check_result(region_advise(fd, object, LENGTH, advice),
				     EINVAL, "advice %u", advice);
	check_result(region_advise(fd, object, LENGTH, -1U), EINVAL,
		     "advice of all ones");
	check_result(region_advise(fd, object, LENGTH, 1U << 31 | MADV_REMOVE),
		     EINVAL, "advice with another bit");

	for (size_t i = 0; i < NR_ADVICES; i++) {
		uint32_t what = advices[i];

		check_result(region_advise(readonly, object, LENGTH, what),
			     EBADF, "advice %u, O_RDONLY", what);
		check_result(region_advise(fd, object + 1, LENGTH, what),
			     EINVAL, "advice %u, unaligned", what);
		check_result(region_advise(fd, object, 0, what), EINVAL,
			     "advice %u, no length", what);
		check_result(region_advise(fd, start - PAGE, PAGE, what),
			     EINVAL, "advice %u below the region", what);
		check_result(region_advise(fd, object, 2 * granule, what),
			     EINVAL, "advice %u past the region", what);
		check_result(region_advise(fd, start, PAGE, what), ENOMEM,
			     "advice %u for a hole", what);
	}
	after = stat_now();
	check(!memcmp(&before, &after, sizeof(before)),
	      "what was refused changed the region");
	close(readonly);
	end_region();
}

/* A hole is an error, even next to a mapping. */
static void advise_holes(void)
{
	new_region(RW);
	for (size_t i = 0; i < NR_ADVICES; i++) {
		if (advices[i] == MADV_COLLAPSE)
			continue;
		check_result(
			region_advise(fd, object - PAGE, LENGTH, advices[i]),
			ENOMEM, "advice %u, a hole before", advices[i]);
		check_result(
			region_advise(fd, object, LENGTH + PAGE, advices[i]),
			ENOMEM, "advice %u, a hole behind", advices[i]);
		check_result(region_advise(fd, object, LENGTH - 1, advices[i]),
			     0, "advice %u, rounded up", advices[i]);
	}
	end_region();
}

static void advise_populate(void)
{
	new_region(RW);
	check_result(region_advise(fd, object, 4 * PAGE, MADV_POPULATE_READ), 0,
		     "POPULATE_READ");
	check(stat_now().resident == 4 * PAGE, "%llu bytes resident",
	      stat_now().resident);
	check_result(region_advise(fd, object + 2 * PAGE, 6 * PAGE,
				   MADV_POPULATE_WRITE),
		     0, "POPULATE_WRITE");
	check(stat_now().resident == 8 * PAGE, "%llu bytes resident",
	      stat_now().resident);
	check(!stat_now().faults, "%llu faults of clients", stat_now().faults);

	region_protect(fd, object, LENGTH, PROT_READ);
	check_result(region_advise(fd, object, LENGTH, MADV_POPULATE_READ), 0,
		     "POPULATE_READ without the right to write");
	check_result(region_advise(fd, object, LENGTH, MADV_POPULATE_WRITE),
		     EINVAL, "POPULATE_WRITE without it");
	region_protect(fd, object, LENGTH, PROT_NONE);
	check_result(region_advise(fd, object, LENGTH, MADV_POPULATE_READ),
		     EINVAL, "POPULATE_READ without any");
	end_region();
}

static void advise_past_end(void)
{
	int file = object_open(&object_kinds[MEMFD], 2 * PAGE);

	new_region(-1);
	must(!region_map_file(fd, object, LENGTH, RW, 0, file, 0), "no object");
	check_result(region_advise(fd, object, LENGTH, MADV_POPULATE_READ),
		     EFAULT, "POPULATE_READ past the end of a file");
	check(stat_now().resident == 2 * PAGE, "%llu bytes resident",
	      stat_now().resident);
	end_region();
}

/* Not a fault, which must not end the loop, but the expected value ends it. */
struct watch {
	volatile uint64_t count;
	volatile int stop, seen;
};

static struct watch *watch;

static void watch_word(struct peer *parent, void *arg)
{
	volatile uint64_t *word = (void *)object;

	(void)arg;
	pin_to_cpu(1);
	munmap((void *)start, 2 * granule);
	window_map(region_open(path, O_RDWR), start, 2 * granule, RW, 0);
	go(parent);
	while (!watch->stop) {
		/*
		 * Loads that began before the other side checks may return the
		 * old value.
		 */
		if (!*word)
			watch->seen = 1;
		watch->count++;
	}
}

static void start_watch(struct peer *peer, void (*run)(struct peer *, void *))
{
	must(sysconf(_SC_NPROCESSORS_ONLN) >= 2, "needs two processors");
	pin_to_cpu(0);
	watch = mmap(NULL, sizeof(*watch), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	must(watch != MAP_FAILED, "mmap: %m");
	*peer = peer_start(run, NULL);
	wait_go(peer);
	while (watch->count < 1000)
		usleep(200);
}

static void stop_watch(struct peer *peer)
{
	watch->stop = 1;
	peer_end(peer);
	munmap(watch, sizeof(*watch));
}

static void advise_remove(void)
{
	struct peer peer;

	new_region(RW);
	paint((void *)object, LENGTH, PAGE, 1);
	start_watch(&peer, watch_word);
	for (int round = 0; round < 30; round++) {
		uint64_t after;

		check(!watch->seen, "round %d: 0 before REMOVE", round);
		check_result(region_advise(fd, object, LENGTH, MADV_REMOVE), 0,
			     "REMOVE");
		/* Two more loads: the second began after the request. */
		after = watch->count + 2;
		while (watch->count < after)
			;
		must(watch->seen, "round %d: the client still reads %#lx",
		     round, peek((void *)object));
		for (int i = 0; i < PAGES; i++)
			check(!peek((void *)(object + i * PAGE)),
			      "round %d: page %d is not empty", round, i);
		paint((void *)object, LENGTH, PAGE, round);
		after = watch->count + 2;
		while (watch->count < after)
			;
		watch->seen = 0;
	}
	stop_watch(&peer);
	check_result(region_advise(fd, object, LENGTH, MADV_REMOVE), 0,
		     "REMOVE");
	check(!stat_now().resident, "REMOVE left %llu bytes",
	      stat_now().resident);
	end_region();
}

/* REMOVE changes the file: its descriptor must be open for writing. */
static void advise_remove_readonly(void)
{
	int file = object_open(&object_kinds[MEMFD], LENGTH);
	int readonly = object_reopen(file, O_RDONLY);

	set_file_word(file, 0, 7);
	new_region(-1);
	must(!region_map_file(fd, object, LENGTH, PROT_READ, 0, readonly, 0),
	     "no object");
	check_result(region_advise(fd, object, LENGTH, MADV_REMOVE), EACCES,
		     "REMOVE from a file that is open for reading");
	check(file_word(file, 0) == 7 && peek((void *)object) == 7,
	      "it emptied the file");
	end_region();
}

/* The same with one piece of memory, with and without. */
static void advise_huge(void)
{
	long before = meminfo("ShmemPmdMapped");

	set_for_now(SHMEM_HUGE_PAGES, "advise");
	new_region(-1);
	region_fill(fd, start, 3 * HUGE, RW);
	check_result(region_advise(fd, start, 2 * HUGE, MADV_HUGEPAGE), 0,
		     "HUGEPAGE");
	check_result(region_advise(fd, start, HUGE, MADV_NOHUGEPAGE), 0,
		     "NOHUGEPAGE");
	for (uint64_t at = start; at < start + 3 * HUGE; at += HUGE)
		store((void *)at, 1);
	check(meminfo("ShmemPmdMapped") - before == 2048,
	      "%ld KiB by huge entries", meminfo("ShmemPmdMapped") - before);
	check(stat_now().resident == HUGE + 2 * PAGE, "%llu bytes resident",
	      stat_now().resident);
	end_region();
}

/* Needs swap space, and no other use of memory. */
static void advise_pageout(void)
{
	const uint64_t length = 4 * MIB;
	struct msharefs_stat stat;

	must(meminfo("SwapTotal") > 0, "no swap space");
	new_region(-1);
	region_fill(fd, start, length, RW);
	paint((void *)start, length, PAGE, 1);
	check_result(region_advise(fd, start, length, MADV_COLD), 0, "COLD");
	stat = stat_now();
	check(stat.resident == length && !stat.swapped,
	      "COLD left %llu bytes, %llu are swapped out", stat.resident,
	      stat.swapped);
	check_result(region_advise(fd, start, length, MADV_PAGEOUT), 0,
		     "PAGEOUT");
	stat = stat_now();
	check(stat.resident < length / 4 && stat.swapped > length * 3 / 4,
	      "PAGEOUT left %llu bytes, %llu are swapped out", stat.resident,
	      stat.swapped);
	check_result(region_advise(fd, start, length, MADV_WILLNEED), 0,
		     "WILLNEED");
	check(!misses((void *)start, length, PAGE, 1), "values are lost");
	check(stat_now().resident == length, "%llu bytes came back",
	      stat_now().resident);
	end_region();
}

/* LOCK and UNLOCK */

#define LOCK_LENGTH (4 * MIB)
/* Pages in the lists of CPUs, and their share of the figures. */
#define SLACK_KB 256

static long figure_now(const char *name)
{
	int refresh = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	(void)!write(refresh, "1", 1);
	close(refresh);
	return meminfo(name);
}

static bool grew_by(const char *name, long before, long kib)
{
	long grown = figure_now(name) - before;

	/* The memory of a region is freed a little after the region's end. */
	for (int ms = 0; ms < 5000 && labs(grown - kib) > SLACK_KB; ms += 100) {
		sleep_ms(100);
		grown = figure_now(name) - before;
	}
	return check(labs(grown - kib) <= SLACK_KB,
		     "%s grew by %ld KiB, not %ld", name, grown, kib);
}

static void lock_and_go(struct peer *parent, void *arg)
{
	(void)parent;
	check_result(lock(region_open(path, O_RDWR), start, LOCK_LENGTH,
			  (uintptr_t)arg),
		     0, "LOCK");
}

/* In another process, which has ended when this returns. */
static void lock_by_other(uint32_t what)
{
	struct peer peer = peer_start(lock_and_go, (void *)(uintptr_t)what);

	peer_end(&peer);
}

static void lock_pages(void)
{
	long mlocked = figure_now("Mlocked");
	long unevictable = figure_now("Unevictable");

	new_region(-1);
	region_fill(fd, start, 2 * LOCK_LENGTH, RW);
	/* One half is resident before, the other is faulted in. */
	paint((void *)start, LOCK_LENGTH / 2, PAGE, 1);
	lock_by_other(0);
	check(stat_now().locked == LOCK_LENGTH &&
		      stat_now().resident == LOCK_LENGTH,
	      "%llu bytes locked, %llu resident", stat_now().locked,
	      stat_now().resident);
	grew_by("Mlocked", mlocked, LOCK_LENGTH / KIB);
	grew_by("Unevictable", unevictable, LOCK_LENGTH / KIB);

	check_result(unlock(start, LOCK_LENGTH / 2, 0), 0, "UNLOCK");
	check(stat_now().locked == LOCK_LENGTH / 2, "%llu bytes locked",
	      stat_now().locked);
	grew_by("Mlocked", mlocked, LOCK_LENGTH / 2 / KIB);
	check(!misses((void *)start, LOCK_LENGTH / 2, PAGE, 1), "values");
	check_result(unlock(start, LOCK_LENGTH, 0), 0, "UNLOCK of all");
	check(!stat_now().locked, "%llu bytes locked", stat_now().locked);
	grew_by("Mlocked", mlocked, 0);

	lock_by_other(0);
	grew_by("Mlocked", mlocked, LOCK_LENGTH / KIB);
	end_region();
	grew_by("Mlocked", mlocked, 0);
	grew_by("Unevictable", unevictable, 0);
}

static void lock_onfault(void)
{
	long mlocked = figure_now("Mlocked");

	new_region(-1);
	region_fill(fd, start, LOCK_LENGTH, RW);
	lock_by_other(MLOCK_ONFAULT);
	check(stat_now().locked == LOCK_LENGTH && !stat_now().resident,
	      "%llu bytes locked, %llu resident", stat_now().locked,
	      stat_now().resident);
	grew_by("Mlocked", mlocked, 0);
	paint((void *)start, LOCK_LENGTH, PAGE, 1);
	grew_by("Mlocked", mlocked, LOCK_LENGTH / KIB);
	end_region();
}

static void lock_refused(void)
{
	new_region(RW);
	check_result(lock(fd, object, LENGTH, 2), EINVAL, "an unknown flag");
	check_result(lock(fd, object, LENGTH, 1U << 31), EINVAL,
		     "the highest flag");
	check_result(unlock(object, LENGTH, MLOCK_ONFAULT), EINVAL,
		     "UNLOCK with a flag");
	check_result(lock(fd, object + 1, LENGTH, 0), EINVAL, "unaligned");
	check_result(lock(fd, object, 0, 0), EINVAL, "no length");
	check_result(lock(fd, start - PAGE, PAGE, 0), EINVAL, "below");
	check_result(unlock(start + 2 * granule, PAGE, 0), EINVAL, "past it");
	check_result(lock(fd, start, PAGE, 0), ENOMEM, "LOCK of a hole");
	check_result(unlock(start, PAGE, 0), ENOMEM, "UNLOCK of a hole");
	check(!stat_now().locked && !stat_now().resident,
	      "what was refused locked %llu bytes", stat_now().locked);
	end_region();
}

struct limited {
	rlim_t limit;
	int privileged, want;
};

static void lock_limited(struct peer *parent, void *arg)
{
	const struct limited *row = arg;
	struct rlimit limit = { row->limit, row->limit };

	(void)parent;
	must(!setrlimit(RLIMIT_MEMLOCK, &limit), "setrlimit: %m");
	must(row->privileged || !setresuid(65534, 65534, 65534),
	     "setresuid: %m");
	check_result(lock(fd, object, LENGTH, 0), row->want,
		     "LOCK, %sprivileged, limit %#lx",
		     row->privileged ? "" : "un", (long)row->limit);
	check(stat_now().locked == (row->want ? 0 : LENGTH),
	      "%llu bytes locked", stat_now().locked);
	check_result(unlock(object, LENGTH, 0), 0, "UNLOCK");
}

static void lock_privilege(void)
{
	struct limited rows[] = {
		{ 0, 0, EPERM },  { LENGTH - PAGE, 0, ENOMEM },
		{ LENGTH, 0, 0 }, { RLIM_INFINITY, 0, 0 },
		{ 0, 1, 0 },
	};

	new_region(RW);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct peer peer = peer_start(lock_limited, &rows[i]);

		peer_end(&peer);
	}
	end_region();
}

/* Locked memory counts for the user, until it is not locked any more. */

static int second;

static void become(uid_t user, rlim_t max)
{
	struct rlimit limit = { max, max };

	must(!setrlimit(RLIMIT_MEMLOCK, &limit), "setrlimit: %m");
	must(!setresuid(user, user, user), "setresuid: %m");
}

static void lock_up_to_limit(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become(65534, LENGTH);
	check_result(lock(fd, object, LENGTH, 0), 0, "LOCK");
	check_result(lock(fd, object, LENGTH, 0), 0, "LOCK again");
	check_result(lock(second, start + granule, PAGE, 0), ENOMEM,
		     "LOCK beyond the limit");
	check_result(unlock(object, PAGE, 0), 0, "UNLOCK");
	check_result(lock(second, start + granule, PAGE, 0), 0,
		     "LOCK after UNLOCK");
	check_result(lock(fd, object, PAGE, 0), ENOMEM, "LOCK at the limit");
	check_result(region_unmap(second, start + granule, PAGE), 0, "UNMAP");
	check_result(lock(fd, object, PAGE, 0), 0, "LOCK after UNMAP");
}

/* The memory that the first user has locked is there. */
static void lock_as_other(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become(65533, RLIM_INFINITY);
	check_result(unlock(object, PAGE, 0), EPERM, "UNLOCK by another user");
	check_result(lock(fd, object + granule, PAGE, 0), EPERM,
		     "LOCK by another user");
	check_result(lock(second, start + granule + PAGE, PAGE, 0), 0,
		     "LOCK of another region");
}

static void lock_after_end(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become(65534, LENGTH);
	check_result(lock(fd, object, LENGTH, 0), 0,
		     "LOCK after the end of a region");
}

static void run_peer(void (*run)(struct peer *parent, void *arg))
{
	struct peer peer = peer_start(run, NULL);

	peer_end(&peer);
}

/* A writer cannot keep memory locked against the owner of the region. */
static void unlock_as_owner(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become(65532, 0);
	check_result(region_advise(fd, object, LENGTH, MADV_REMOVE), REFUSED,
		     "REMOVE of locked memory");
	check_result(lock(fd, object + granule, PAGE, 0), EPERM,
		     "LOCK without a limit");
	check_result(unlock(object, LENGTH, 0), 0, "UNLOCK by the owner");
	check_result(region_advise(fd, object, LENGTH, MADV_REMOVE), 0,
		     "REMOVE");
}

static void lock_as_writer(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become(65534, LENGTH);
	check_result(lock(fd, object, LENGTH, 0), 0, "LOCK by a writer");
}

/* What root has locked, and what it has taken over, is not the writer's. */
static void lock_elsewhere(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become(65534, LENGTH);
	check_result(lock(second, start + granule, PAGE, 0), 0,
		     "LOCK of another region");
	check_result(unlock(object, PAGE, 0), EPERM, "UNLOCK of root's memory");
}

static void lock_owned(void)
{
	new_region(RW);
	check_result(region_map(fd, object + granule, PAGE, RW, 0), 0, "map");
	must(!chown(path, 65532, 65532), "chown: %m");
	second = region_create(region_path(), start, 2 * granule);
	region_fill(second, start + granule, PAGE, RW);
	run_peer(lock_as_writer);
	run_peer(unlock_as_owner);
	check(!stat_now().locked, "%llu bytes locked", stat_now().locked);

	run_peer(lock_as_writer);
	check_result(lock(fd, object + granule, PAGE, 0), 0, "LOCK by root");
	check(stat_now().locked == LENGTH + PAGE, "%llu bytes locked",
	      stat_now().locked);
	run_peer(lock_elsewhere);
	close(second);
	end_region();
}

/* Huge pages of the pool are in memory anyway, and do not count. */
static void lock_pool(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become(65534, LENGTH);
	check_result(lock(fd, object + granule, HUGE, 0), 0,
		     "LOCK of a huge page");
	check_result(lock(fd, object, LENGTH, 0), 0, "LOCK up to the limit");
}

static void lock_huge(void)
{
	set_for_now(HUGE_PAGES, "4");
	new_region(RW);
	region_fill_hugetlb(fd, object + granule, HUGE, RW);
	run_peer(lock_pool);
	end_region();
}

static void lock_counted(void)
{
	new_region(RW);
	check_result(region_map(fd, object + granule, PAGE, RW, 0), 0, "map");
	second = region_create(region_path(), start, 2 * granule);
	region_fill(second, start + granule, 2 * PAGE, RW);
	run_peer(lock_up_to_limit);
	run_peer(lock_as_other);
	check(stat_now().locked == LENGTH, "%llu bytes locked",
	      stat_now().locked);
	end_region();
	new_region(RW);
	run_peer(lock_after_end);
	check_result(unlock(object, LENGTH, 0), 0, "UNLOCK by root");
	check(!stat_now().locked, "%llu bytes locked", stat_now().locked);
	end_region();
	close(second);
}

/* SEAL */

static int try_map(int on)
{
	return region_map(on, start, PAGE, RW, 0);
}

static int try_unmap(int on)
{
	return region_unmap(on, object, PAGE);
}

static int try_unmap_hole(int on)
{
	return region_unmap(on, start + granule, PAGE);
}

static int try_remove(int on)
{
	return region_advise(on, object + PAGE, PAGE, MADV_REMOVE);
}

static int try_protect(int on)
{
	return region_protect(on, object + PAGE, PAGE, PROT_READ);
}

static const struct {
	const char *what;
	int (*try)(int on);
	uint32_t seal;
} sealed[] = {
	{ "CREATE_MAPPING", try_map, MSHAREFS_SEAL_MAP },
	{ "REMOVE", try_remove, MSHAREFS_SEAL_UNMAP },
	{ "UNMAP", try_unmap, MSHAREFS_SEAL_UNMAP },
	{ "UNMAP of a hole", try_unmap_hole, MSHAREFS_SEAL_UNMAP },
	{ "PROTECT", try_protect, MSHAREFS_SEAL_PROTECT },
};

/* Tries each request and compares with the seals, in any process. */
static void try_all(struct peer *parent, void *arg)
{
	uint32_t seals = (uintptr_t)arg;
	int mine = region_open(path, O_RDWR);

	(void)parent;
	for (size_t i = 0; i < sizeof(sealed) / sizeof(sealed[0]); i++)
		check_result(sealed[i].try(mine),
			     sealed[i].seal & seals ? EPERM : 0,
			     "%s under seals %#x", sealed[i].what, seals);
	close(mine);
}

static void seal_each(void)
{
	for (uint32_t seals = 0; seals < 8; seals++) {
		struct peer peer;

		new_region(RW);
		paint((void *)object, LENGTH, PAGE, 1);
		check_result(seal(fd, seals), 0, "SEAL %#x", seals);
		check(stat_now().seals == seals, "STAT says %#llx",
		      stat_now().seals);
		if (seals & 1) {
			peer = peer_start(try_all, (void *)(uintptr_t)seals);
			peer_end(&peer);
		} else {
			try_all(NULL, (void *)(uintptr_t)seals);
		}
		check(!misses((void *)(object + 2 * PAGE), LENGTH - 2 * PAGE,
			      PAGE, 1),
		      "the rest changed");
		end_region();
	}
}

static void seal_adds(void)
{
	int readonly;
	struct stat status;

	new_region(RW);
	readonly = region_open(path, O_RDONLY);
	check_result(seal(fd, 16), EINVAL, "an unknown seal");
	check_result(seal(fd, MSHAREFS_SEAL_MAP | 1U << 31), EINVAL,
		     "one of them unknown");
	check_result(seal(readonly, MSHAREFS_SEAL_MAP), EBADF, "O_RDONLY");
	check(!stat_now().seals, "what was refused left %#llx",
	      stat_now().seals);

	check_result(seal(fd, MSHAREFS_SEAL_MAP), 0, "SEAL_MAP");
	check_result(seal(fd, 0), 0, "no seal");
	check(stat_now().seals == MSHAREFS_SEAL_MAP, "seals %#llx",
	      stat_now().seals);
	check_result(seal(fd, MSHAREFS_SEAL_UNMAP), 0, "SEAL_UNMAP");
	check_result(seal(fd, MSHAREFS_SEAL_PROTECT), 0, "SEAL_PROTECT");
	check_result(seal(fd, MSHAREFS_SEAL_MAP), 0, "SEAL_MAP again");
	check(stat_now().seals == 7, "seals %#llx", stat_now().seals);
	check_result(seal(fd, MSHAREFS_SEAL_SEAL), 0, "SEAL_SEAL");
	check_result(seal(fd, MSHAREFS_SEAL_MAP), EPERM,
		     "SEAL_MAP after SEAL_SEAL");
	check(stat_now().seals == 15, "seals %#llx", stat_now().seals);

	/* The memory can still be used, and the region can still end. */
	check(!store((void *)object, 1), "a store: signal %d",
	      touch_fault.signal);
	check(!unlink(path), "unlink: %m");
	check(stat(path, &status) && errno == ENOENT, "it is still there");
	check(peek((void *)object) == 1, "the memory went with the name");
	close(readonly);
	end_region();
}

/* MEMPOLICY */

/*
 * The rows below contain only the differences from a good request, so a field
 * may be initialised twice on purpose.
 */
#pragma GCC diagnostic ignored "-Woverride-init"

#define POLICY(what, want, ...)                                              \
	{                                                                    \
		what, want,                                                  \
		{                                                            \
			.size = sizeof(struct msharefs_mempolicy),           \
			.mode = MPOL_BIND, .addr = object, .length = LENGTH, \
			.nodemask = (uintptr_t)mask, .maxnode = 64,          \
			__VA_ARGS__                                          \
		}                                                            \
	}

static void mempolicy(void)
{
	static const uint64_t mask[16] = { 1 }, other[16] = { 1 << 5 };
	static const uint64_t far[16] = { [15] = 1 }, none[16] = { 0 };
	const struct {
		const char *what;
		int want;
		struct msharefs_mempolicy policy;
	} rows[] = {
		POLICY("MPOL_BIND to node 0", 0, ),
		POLICY("MPOL_PREFERRED", 0, .mode = MPOL_PREFERRED),
		POLICY("MPOL_INTERLEAVE", 0, .mode = MPOL_INTERLEAVE),
		POLICY("MPOL_DEFAULT", 0, .mode = MPOL_DEFAULT, .nodemask = 0,
		       .maxnode = 0),
		POLICY("MPOL_LOCAL", 0, .mode = MPOL_LOCAL, .nodemask = 0,
		       .maxnode = 0),
		POLICY("MPOL_F_STATIC_NODES", 0,
		       .mode = MPOL_BIND | MPOL_F_STATIC_NODES),
		POLICY("pages that are there", 0,
		       .flags = MPOL_MF_STRICT | MPOL_MF_MOVE),
		POLICY("a page", 0, .length = 1),
		POLICY("a mask of one bit", 0, .maxnode = 1),

		POLICY("a node that is not there", EINVAL,
		       .nodemask = (uintptr_t)other),
		POLICY("a node past all nodes", EINVAL,
		       .nodemask = (uintptr_t)far, .maxnode = 1024),
		POLICY("no node", EINVAL, .nodemask = (uintptr_t)none),
		POLICY("a mask that cannot be read", EFAULT, .nodemask = 1),
		POLICY("an unknown mode", EINVAL, .mode = 99),
		POLICY("all modes", EINVAL, .mode = -1U),
		POLICY("an unknown flag", EINVAL, .flags = 1U << 31),
		POLICY("reserved", EINVAL, .reserved = 1),
		POLICY("an unaligned address", EINVAL, .addr = object + 1),
		POLICY("no length", EINVAL, .length = 0),
		POLICY("below the region", EINVAL, .addr = start - PAGE),
		POLICY("past the region", EINVAL, .length = 2 * granule),
		/* As for mbind(2) */
		POLICY("a hole", EFAULT, .addr = start),
		POLICY("a hole behind", EFAULT, .length = LENGTH + PAGE),
	};
	int readonly;

	new_region(RW);
	readonly = region_open(path, O_RDONLY);
	paint((void *)object, LENGTH, PAGE, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_result(request(fd, MSHAREFS_MEMPOLICY, &rows[i].policy),
			     rows[i].want, "%s", rows[i].what);
		check_result(
			request(readonly, MSHAREFS_MEMPOLICY, &rows[i].policy),
			EBADF, "%s, O_RDONLY", rows[i].what);
	}
	check(!misses((void *)object, LENGTH, PAGE, 1), "values are lost");
	close(readonly);
	end_region();
}

/* Pages are allocated on the requested node, whichever process faults. */
static void touch_all(struct peer *parent, void *arg)
{
	(void)parent;
	pin_to_cpu((uintptr_t)arg);
	paint((void *)object, LENGTH, PAGE, 1);
}

static void nodes(void)
{
	if (access("/sys/devices/system/node/node1", F_OK))
		skip_case("one NUMA node");
	for (uintptr_t node = 0; node < 2; node++) {
		for (uintptr_t cpu = 0; cpu < 2; cpu++) {
			struct peer peer;
			size_t on_node;

			new_region(RW);
			check_result(bind_to(MPOL_BIND, 1ULL << node), 0,
				     "MPOL_BIND");
			peer = peer_start(touch_all, (void *)cpu);
			peer_end(&peer);
			on_node = pages_on_node(object, PAGES, node);
			check(on_node == PAGES,
			      "node %lu, processor %lu: %zu pages of %d", node,
			      cpu, on_node, PAGES);
			end_region();
		}
	}
}

/* Sizes of the structures */

/* Good requests that can be repeated any number of times. */
static size_t good_request(unsigned long number, void *arg)
{
	static const uint64_t mask = 1;

	switch (number) {
	case MSHAREFS_STAT:
		*(struct msharefs_stat *)arg = (struct msharefs_stat){
			.size = sizeof(struct msharefs_stat)
		};
		return sizeof(struct msharefs_stat);
	case MSHAREFS_NEXT_MAPPING:
		*(struct msharefs_mapping *)arg = (struct msharefs_mapping){
			.size = sizeof(struct msharefs_mapping),
		};
		return sizeof(struct msharefs_mapping);
	case MSHAREFS_ADVISE:
	case MSHAREFS_LOCK:
	case MSHAREFS_UNLOCK:
		*(struct msharefs_range *)arg = (struct msharefs_range){
			.size = sizeof(struct msharefs_range),
			.advice = number == MSHAREFS_ADVISE ? MADV_COLD : 0,
			.addr = object,
			.length = LENGTH,
		};
		return sizeof(struct msharefs_range);
	case MSHAREFS_SEAL:
		*(struct msharefs_seal *)arg = (struct msharefs_seal){
			.size = sizeof(struct msharefs_seal)
		};
		return sizeof(struct msharefs_seal);
	case MSHAREFS_FEATURES:
		*(struct msharefs_features *)arg = (struct msharefs_features){
			.size = sizeof(struct msharefs_features)
		};
		return sizeof(struct msharefs_features);
	default:
		*(struct msharefs_mempolicy *)arg = (struct msharefs_mempolicy){
			.size = sizeof(struct msharefs_mempolicy),
			.mode = MPOL_BIND,
			.addr = object,
			.length = LENGTH,
			.nodemask = (uintptr_t)&mask,
			.maxnode = 64,
		};
		return sizeof(struct msharefs_mempolicy);
	}
}

static const struct {
	const char *what;
	unsigned long number;
	/* The size of the first version. */
	uint32_t least;
} sized[] = {
	{ "STAT", MSHAREFS_STAT, MSHAREFS_STAT_SIZE_VER0 },
	{ "NEXT_MAPPING", MSHAREFS_NEXT_MAPPING, MSHAREFS_MAPPING_SIZE_VER0 },
	{ "ADVISE", MSHAREFS_ADVISE, MSHAREFS_RANGE_SIZE_VER0 },
	{ "LOCK", MSHAREFS_LOCK, MSHAREFS_RANGE_SIZE_VER0 },
	{ "UNLOCK", MSHAREFS_UNLOCK, MSHAREFS_RANGE_SIZE_VER0 },
	{ "SEAL", MSHAREFS_SEAL, MSHAREFS_SEAL_SIZE_VER0 },
	{ "MEMPOLICY", MSHAREFS_MEMPOLICY, MSHAREFS_MEMPOLICY_SIZE_VER0 },
	{ "FEATURES", MSHAREFS_FEATURES, MSHAREFS_FEATURES_SIZE_VER0 },
};

static void sizes(void)
{
	union {
		uint32_t size;
		unsigned char bytes[2 * PAGE];
	} *arg = calloc(1, sizeof(*arg));

	must(arg, "out of memory");
	new_region(RW);
	for (size_t i = 0; i < sizeof(sized) / sizeof(sized[0]); i++) {
		unsigned long number = sized[i].number;
		uint32_t known = good_request(number, arg);
		const uint32_t rows[][2] = {
			/* clang-format off */
			{ known, 0 },
			{ sized[i].least, 0 },
			{ known + 8, 0 },
			{ known + 1, 0 },
			{ PAGE, 0 },
			{ PAGE + 8, E2BIG },
			{ -1U, E2BIG },
			{ 0, EINVAL },
			{ 4, EINVAL },
			{ 7, EINVAL },
			{ sized[i].least - 1, EINVAL },
			/* clang-format on */
		};

		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			memset(arg, 0, sizeof(*arg));
			good_request(number, arg);
			arg->size = rows[k][0];
			check_result(request(fd, number, arg), rows[k][1],
				     "%s of %u bytes", sized[i].what,
				     rows[k][0]);
		}
		/*
		 * A field that this kernel does not know, and then more such
		 * fields.
		 */
		for (uint32_t at = known; at < PAGE;
		     at += at == known ? 7 : 501) {
			memset(arg, 0, sizeof(*arg));
			good_request(number, arg);
			arg->size = PAGE;
			arg->bytes[at] = 1;
			check_result(request(fd, number, arg), E2BIG,
				     "%s with something at %u", sized[i].what,
				     at);
		}
		/* The kernel ignores memory after the size. */
		memset(arg, 0xee, sizeof(*arg));
		good_request(number, arg);
		check_result(request(fd, number, arg), 0, "%s", sized[i].what);
		check(arg->bytes[known] == 0xee, "%s wrote past its end",
		      sized[i].what);
	}
	free(arg);
	end_region();
}

/* An inaccessible structure, or half of one. */
static void addresses(void)
{
	char *pages =
		mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = pages + PAGE;

	must(pages != MAP_FAILED && !munmap(edge, PAGE), "mmap: %m");
	new_region(RW);
	for (size_t i = 0; i < sizeof(sized) / sizeof(sized[0]); i++) {
		uint64_t good[64];
		size_t size = good_request(sized[i].number, good);

		memcpy(edge - size, good, size);
		check_result(request(fd, sized[i].number, edge - size), 0,
			     "%s at the edge", sized[i].what);
		memcpy(edge - size + 4, good, size - 4);
		check_result(request(fd, sized[i].number, edge - size + 4),
			     EFAULT, "%s over the edge", sized[i].what);
		check_result(request(fd, sized[i].number, NULL), EFAULT,
			     "%s at NULL", sized[i].what);
	}
	munmap(pages, PAGE);
	end_region();
}

/* STAT's counters */

static void use_two(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	munmap((void *)start, 2 * granule);
	window_map(region_open(path, O_RDWR), start, 2 * granule, RW, 0);
	paint((void *)object, LENGTH, PAGE, 1);
	paint((void *)(object + granule), LENGTH, PAGE, 1);
}

static void count_faults(void)
{
	struct msharefs_stat before, after;
	struct peer peer;

	new_region(RW);
	before = stat_now();
	check(!before.faults && !before.links, "%llu faults, %llu links",
	      before.faults, before.links);
	paint((void *)object, LENGTH, PAGE, 1);
	after = stat_now();
	check(after.faults == PAGES, "%d pages took %llu faults", PAGES,
	      after.faults);
	check(after.links == 1, "%llu links to one granule", after.links);
	paint((void *)object, LENGTH, PAGE, 1);
	check(stat_now().faults == after.faults, "%llu faults for nothing",
	      stat_now().faults - after.faults);

	/*
	 * Tables for a second granule, then a client that links both granules.
	 */
	region_fill(fd, object + granule, LENGTH, RW);
	check_result(region_advise(fd, object + granule, LENGTH,
				   MADV_POPULATE_WRITE),
		     0, "POPULATE_WRITE");
	before = stat_now();
	peer = peer_start(use_two, NULL);
	peer_end(&peer);
	after = stat_now();
	check(after.faults - before.faults == 1, "a client took %llu faults",
	      after.faults - before.faults);
	check(after.links - before.links == 2, "a client took %llu links",
	      after.links - before.links);
	/* The first client has linked one of them already. */
	before = after;
	paint((void *)(object + granule), LENGTH, PAGE, 1);
	after = stat_now();
	check(after.links - before.links == 1,
	      "the other client took %llu links", after.links - before.links);

	/* A link without memory behind it. */
	before = after;
	check(store((void *)start, 1) == SIGSEGV, "a hole");
	check(stat_now().faults - before.faults == 1,
	      "an access to a hole counts as %llu faults",
	      stat_now().faults - before.faults);
	end_region();
}

/*
 * A fault needs only the locks of two VMAs, the window and the object. If one
 * is not available, the kernel counts an abort for the VMA and a retry for the
 * fault, which starts again under two mmap_locks. The counters are for all
 * processes, so there are enough pages here to make the other processes
 * irrelevant.
 */
static long locks_not_had(void)
{
	return vmstat("vma_lock_abort") + vmstat("vma_lock_retry") +
	       vmstat("vma_lock_miss");
}

static void count_locks(void)
{
	const long pages = HUGE / PAGE;
	long had, not_had;

	new_region(-1);
	region_fill(fd, start, HUGE, RW);
	had = vmstat("vma_lock_success");
	not_had = locks_not_had();
	paint((void *)start, HUGE, PAGE, 1);
	had = vmstat("vma_lock_success") - had;
	not_had = locks_not_had() - not_had;
	check(stat_now().faults == (uint64_t)pages, "%llu faults",
	      stat_now().faults);
	check(had >= pages, "%ld of %ld faults took VMA locks alone", had,
	      pages);
	check(not_had < pages / 8, "%ld VMA locks were not had", not_had);
	end_region();
}

/* The number of TLB interrupts of the CPU that peers watch */
static long tlb_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	long other = -1;
	char line[1024];

	must(file, "interrupts: %m");
	while (other < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, " TLB: %*d %ld", &other) != 1)
			other = -1;
	fclose(file);
	must(other >= 0, "no line TLB in interrupts");
	return other;
}

static void read_word(struct peer *parent, void *arg)
{
	(void)arg;
	pin_to_cpu(1);
	munmap((void *)start, 2 * granule);
	window_map(region_open(path, O_RDWR), start, 2 * granule, RW, 0);
	go(parent);
	while (!watch->stop) {
		(void)*(volatile uint64_t *)(object + PAGE);
		watch->count++;
	}
}

/* On a CPU that a client could use, but without a window. */
static void count_only(struct peer *parent, void *arg)
{
	(void)arg;
	pin_to_cpu(1);
	go(parent);
	while (!watch->stop)
		watch->count++;
}

static void count_flushes(void)
{
	struct msharefs_stat before, after;
	long flushes, ipis, interrupts;
	struct peer peer;

	new_region(RW);
	paint((void *)object, LENGTH, PAGE, 1);
	start_watch(&peer, read_word);
	before = stat_now();
	flushes = vmstat("mshare_flush");
	ipis = vmstat("mshare_flush_ipi");
	interrupts = tlb_interrupts();
	check_result(region_unmap(fd, object, PAGE), 0, "UNMAP");
	after = stat_now();
	check(after.flushes > before.flushes, "UNMAP made no flush");
	check(after.ipis > before.ipis, "UNMAP interrupted nobody");
	check(tlb_interrupts() > interrupts,
	      "the client's processor was not interrupted");
	check(vmstat("mshare_flush") > flushes, "vmstat has no flush");
	check(vmstat("mshare_flush_ipi") > ipis, "vmstat has no interrupt");
	/* Unmapping absent pages needs no interrupt. */
	before = after;
	check_result(region_unmap(fd, object + granule, PAGE), 0, "UNMAP");
	check(stat_now().flushes == before.flushes,
	      "UNMAP of a hole made %llu flushes",
	      stat_now().flushes - before.flushes);
	/* One interrupt for many pages. */
	flushes = vmstat("mshare_flush_deferred");
	check_result(
		region_advise(fd, object + PAGE, LENGTH - PAGE, MADV_PAGEOUT),
		0, "PAGEOUT");
	/* All but pages that another CPU has yet to put on the LRU lists. */
	check(vmstat("mshare_flush_deferred") > flushes + PAGES / 2,
	      "PAGEOUT of %d pages left %ld to a later flush", PAGES - 1,
	      vmstat("mshare_flush_deferred") - flushes);
	check(stat_now().flushes - before.flushes < PAGES / 4,
	      "PAGEOUT of %d pages made %llu flushes", PAGES - 1,
	      stat_now().flushes - before.flushes);
	stop_watch(&peer);
	end_region();
}

static void bystander(void)
{
	struct msharefs_stat before, after;
	struct peer peer;
	long interrupts;

	start_watch(&peer, count_only);
	new_region(RW);
	paint((void *)object, LENGTH, PAGE, 1);
	before = stat_now();
	interrupts = tlb_interrupts();
	for (int i = 0; i < PAGES; i++)
		check_result(region_unmap(fd, object + i * PAGE, PAGE), 0,
			     "UNMAP");
	/* Other processes may flush there, but not as often. */
	interrupts = tlb_interrupts() - interrupts;
	after = stat_now();
	check(after.flushes - before.flushes >= PAGES,
	      "%d UNMAPs made %llu flushes", PAGES,
	      after.flushes - before.flushes);
	check(after.ipis == before.ipis,
	      "UNMAP interrupted %llu processors that run no client",
	      after.ipis - before.ipis);
	check(interrupts < PAGES / 2,
	      "%d UNMAPs interrupted the other processor %ld times", PAGES,
	      interrupts);
	stop_watch(&peer);
	end_region();
}

/* A client of another region, on the CPU that is watched */
static void read_other_region(struct peer *parent, void *arg)
{
	uint64_t other = start + 4 * granule;
	int region = region_create(region_path(), other, granule);

	(void)arg;
	pin_to_cpu(1);
	munmap((void *)start, 2 * granule);
	region_fill(region, other, PAGE, RW);
	window_map(region, other, granule, RW, 0);
	*(volatile uint64_t *)other = 1;
	go(parent);
	while (!watch->stop) {
		(void)*(volatile uint64_t *)other;
		watch->count++;
	}
}

#define NEIGHBOUR_UNMAPS 1000

static void neighbour(void)
{
	struct msharefs_stat before, after;
	struct peer peer;
	long interrupts;

	start_watch(&peer, read_other_region);
	new_region(RW);
	before = stat_now();
	interrupts = tlb_interrupts();
	for (int i = 0; i < NEIGHBOUR_UNMAPS; i++) {
		*(volatile uint64_t *)object = 1;
		must(!region_unmap(fd, object, PAGE), "UNMAP: %m");
		region_fill(fd, object, PAGE, RW);
	}
	interrupts = tlb_interrupts() - interrupts;
	after = stat_now();
	check(after.flushes - before.flushes >= NEIGHBOUR_UNMAPS,
	      "%d UNMAPs made %llu flushes", NEIGHBOUR_UNMAPS,
	      after.flushes - before.flushes);
	check(after.ipis == before.ipis,
	      "UNMAP interrupted %llu CPUs of another region's client",
	      after.ipis - before.ipis);
	/* Others may have something to flush there, but not as often. */
	check(interrupts < NEIGHBOUR_UNMAPS / 50,
	      "%d UNMAPs interrupted the other CPU %ld times", NEIGHBOUR_UNMAPS,
	      interrupts);
	stop_watch(&peer);
	end_region();
}

/* Pages that come by POPULATE and are removed: entries without a client */
static void without_window(void)
{
	struct msharefs_stat before, after;

	new_region(RW);
	must(!munmap((void *)start, 2 * granule), "munmap: %m");
	must(!region_advise(fd, object, LENGTH, MADV_POPULATE_WRITE),
	     "POPULATE failed");
	before = stat_now();
	check(before.resident == LENGTH, "%llu bytes resident",
	      before.resident);
	must(!region_advise(fd, object, LENGTH, MADV_REMOVE), "REMOVE failed");
	after = stat_now();
	check(!after.resident, "%llu bytes resident", after.resident);
	check(after.flushes == before.flushes,
	      "a region without a window made %llu flushes",
	      after.flushes - before.flushes);
	end_region();
}

/* A client that has detached is a bystander. */
static void detach_and_count(struct peer *parent, void *arg)
{
	(void)arg;
	pin_to_cpu(1);
	munmap((void *)start, 2 * granule);
	window_map(region_open(path, O_RDWR), start, 2 * granule, RW, 0);
	(void)*(volatile uint64_t *)object;
	munmap((void *)start, 2 * granule);
	go(parent);
	while (!watch->stop)
		watch->count++;
}

/* Likewise one that inherited its window */
static void detach_inherited(struct peer *parent, void *arg)
{
	(void)arg;
	pin_to_cpu(1);
	(void)*(volatile uint64_t *)object;
	munmap((void *)start, 2 * granule);
	go(parent);
	while (!watch->stop)
		watch->count++;
}

static void check_detached(void (*run)(struct peer *, void *))
{
	struct msharefs_stat before, after;
	uint64_t others = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	struct peer peer;

	new_region(RW);
	paint((void *)object, LENGTH, PAGE, 1);
	start_watch(&peer, run);
	before = stat_now();
	for (int i = 0; i < PAGES; i++)
		must(!region_unmap(fd, object + i * PAGE, PAGE), "UNMAP: %m");
	after = stat_now();
	check(after.flushes - before.flushes >= PAGES,
	      "%d UNMAPs made %llu flushes", PAGES,
	      after.flushes - before.flushes);
	/*
	 * A CPU leaves the mask with its first interrupt. That is not always
	 * the first UNMAP: a CPU in lazy TLB mode is not interrupted.
	 */
	check(after.ipis - before.ipis <= others,
	      "UNMAP interrupted %llu CPUs of a process that has detached",
	      after.ipis - before.ipis);
	stop_watch(&peer);
	end_region();
}

static void detached(void)
{
	check_detached(detach_and_count);
	check_detached(detach_inherited);
}

/*
 * A client takes one fault for all that has tables, on both sides of the fault
 * up to the first granule without one, and looks no further: what is linked
 * already costs nothing.
 */
static void link_neighbours(void)
{
	static const int filled[] = { 0, 1, 2, 4, 5 };
	uint64_t first = start + 8 * granule;
	int region = region_create(region_path(), first, 6 * granule);
	struct msharefs_stat stat;

	for (size_t i = 0; i < sizeof(filled) / sizeof(filled[0]); i++) {
		uint64_t at = first + filled[i] * granule;

		region_fill(region, at, PAGE, RW);
		must(!region_advise(region, at, PAGE, MADV_POPULATE_WRITE),
		     "POPULATE failed");
	}
	window_map(region, first, 6 * granule, RW, 0);
	(void)*(volatile uint64_t *)(first + granule);
	must(!region_stat(region, &stat), "STAT");
	check(stat.links == 3, "%llu links around the second of three granules",
	      stat.links);
	(void)*(volatile uint64_t *)(first + 4 * granule);
	must(!region_stat(region, &stat), "STAT");
	check(stat.links == 5, "%llu links to five granules", stat.links);
	region_fill(region, first + 3 * granule, PAGE, RW);
	*(volatile uint64_t *)(first + 3 * granule) = 1;
	must(!region_stat(region, &stat), "STAT");
	check(stat.links == 6, "%llu links to six granules", stat.links);
	check(stat.faults == 3, "%llu faults", stat.faults);
	munmap((void *)first, 6 * granule);
	close(region);
}

/* A fault that waits for something slow keeps no lock of its process. */

#define PUNCHED (256 * MIB)
#define PUNCHES 5

struct punch {
	int file;
	uint64_t at;
	volatile pid_t toucher;
	volatile int ended;
};

/* The kernel takes its time, and faults in the hole wait for the end. */
static void *punch_hole(void *arg)
{
	struct punch *punch = arg;

	must(!fallocate(punch->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			0, PUNCHED),
	     "fallocate: %m");
	punch->ended = 1;
	return NULL;
}

static void *touch_hole(void *arg)
{
	struct punch *punch = arg;
	/* The first page is freed first, so that a fault waits for all others. */
	volatile uint64_t *first = (void *)punch->at;

	punch->toucher = gettid();
	while (*first)
		;
	return NULL;
}

static bool waits_for_disk(pid_t task)
{
	char name[64], state = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", task);
	file = fopen(name, "re");
	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state == 'D';
}

/*
 * Is the other thread still waiting when fork() returns? It has to touch the
 * page once more after its wait, and fork() may be faster than that: so look at
 * what it waits for.
 */
static int fork_in_time(const struct punch *punch)
{
	pid_t child = fork();
	int waits = !punch->ended;

	must(child >= 0, "fork: %m");
	if (!child)
		_exit(0);
	must(waitpid(child, NULL, 0) == child, "waitpid: %m");
	return waits;
}

/* Did fork() return while the other thread waited? -1: too late to tell */
static int fork_beside_fault(struct punch *punch)
{
	pthread_t puncher, toucher;
	int result = -1;

	punch->ended = punch->toucher = 0;
	must(!region_advise(fd, punch->at, PUNCHED, MADV_POPULATE_WRITE),
	     "POPULATE failed");
	*(volatile uint64_t *)punch->at = 1;
	must(!pthread_create(&toucher, NULL, touch_hole, punch), "no thread");
	while (!punch->toucher)
		usleep(200);
	must(!pthread_create(&puncher, NULL, punch_hole, punch), "no thread");
	while (!waits_for_disk(punch->toucher) && !punch->ended)
		usleep(200);
	if (!punch->ended)
		result = fork_in_time(punch);
	must(!pthread_join(puncher, NULL) && !pthread_join(toucher, NULL),
	     "no thread");
	return result;
}

static void fork_in_fault(void)
{
	struct punch punch = { .at = start };
	int result = 0;

	new_region(-1);
	punch.file = object_open(&object_kinds[MEMFD], PUNCHED);
	must(!region_map_file(fd, punch.at, PUNCHED, RW, 0, punch.file, 0),
	     "no object");
	for (int i = 0; i < PUNCHES && result != 1; i++)
		result = fork_beside_fault(&punch);
	check(result == 1, "fork() %s",
	      result ? "was always too late" : "waits for a thread's fault");
	close(punch.file);
	end_region();
}

/* fdinfo */

static uint64_t fdinfo(const char *name)
{
	char file[64], line[128];
	size_t length = strlen(name);
	uint64_t value = 0;
	int found = 0;
	FILE *info;

	snprintf(file, sizeof(file), "/proc/self/fdinfo/%d", fd);
	info = fopen(file, "re");
	must(info, "no fdinfo: %m");
	while (fgets(line, sizeof(line), info)) {
		if (strncmp(line, name, length) || line[length] != ':')
			continue;
		value = strtoull(line + length + 1, NULL, 0);
		found++;
	}
	fclose(info);
	check(found == 1, "fdinfo has %d lines for %s", found, name);
	return value;
}

static void check_fdinfo(void)
{
	const struct msharefs_stat now = stat_now();
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "size", 2 * granule },
		{ "attached", now.attached },
		{ "mappings", now.mappings },
		{ "mapped", now.mapped },
		{ "resident", now.resident },
		{ "resident_shmem", now.resident_shmem },
		{ "resident_file", now.resident_file },
		{ "resident_hugetlb", now.resident_hugetlb },
		{ "swapped", now.swapped },
		{ "locked", now.locked },
		{ "pgtables", now.pgtables },
		{ "faults", now.faults },
		{ "links", now.links },
		{ "flushes", now.flushes },
		{ "ipis", now.ipis },
		{ "seals", now.seals },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(fdinfo(rows[i].name) == rows[i].value,
		      "fdinfo says %s: %lu, STAT %lu", rows[i].name,
		      fdinfo(rows[i].name), rows[i].value);
}

/* All figures except "swapped" differ from 0 and from each other. */
static void same_figures(void)
{
	int file = object_open(&object_kinds[EXT4], 3 * PAGE);

	set_for_now(HUGE_PAGES, "4");
	fd = region_open(path = region_path(), O_RDWR | O_CREAT | O_EXCL);
	check(!fdinfo("start") && !fdinfo("size"),
	      "a region that has no size is %lu bytes at %#lx", fdinfo("size"),
	      fdinfo("start"));
	close(fd);
	unlink(path);

	new_region(RW);
	check(fdinfo("start") == start, "it starts at %#lx", fdinfo("start"));
	check_fdinfo();
	must(!region_map_file(fd, start + MIB, 3 * PAGE, RW, MAP_POPULATE, file,
			      0),
	     "no file");
	close(file);
	file = object_open(&object_kinds[HUGETLB], HUGE);
	must(!region_map_file(fd, start + HUGE, HUGE, RW, MAP_POPULATE, file,
			      0),
	     "no huge page");
	close(file);
	paint((void *)object, LENGTH, PAGE, 1);
	check_result(lock(fd, object, 5 * PAGE, 0), 0, "LOCK");
	check_result(region_unmap(fd, object + 9 * PAGE, PAGE), 0, "UNMAP");
	check_result(seal(fd, MSHAREFS_SEAL_MAP | MSHAREFS_SEAL_PROTECT), 0,
		     "SEAL");
	check(stat_now().resident_file == 3 * PAGE &&
		      stat_now().resident_hugetlb == HUGE &&
		      stat_now().resident_shmem == 15 * PAGE &&
		      stat_now().locked == 5 * PAGE && stat_now().flushes,
	      "a figure is not what it was made to be");
	check_fdinfo();
	end_region();
}

static void come_and_go(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	for (int i = 0; i < 300; i++) {
		window_map(fd, start, granule, RW, 0);
		must(!munmap((void *)start, granule), "munmap: %m");
	}
}

/* The number of processes with a window, while processes attach and end. */
static void attached(void)
{
	struct peer peers[8];
	const size_t count = sizeof(peers) / sizeof(peers[0]);
	uint64_t most = 0;

	new_region(RW);
	must(!munmap((void *)start, 2 * granule), "munmap: %m");
	for (size_t i = 0; i < count; i++)
		peers[i] = peer_start(come_and_go, NULL);
	for (int i = 0; i < 1000; i++) {
		uint64_t now = stat_now().attached;

		if (most < now)
			most = now;
	}
	for (size_t i = 0; i < count; i++)
		peer_end(&peers[i]);
	check(most <= count, "%lu of %zu are attached", most, count);
	check(!stat_now().attached, "%llu are attached in the end",
	      stat_now().attached);
}

static const struct test_case cases[] = {
	{ "attached", "STAT counts processes that attach and detach",
	  attached },
	{ "walk", "NEXT_MAPPING walks all mappings", walk },
	{ "names", "NEXT_MAPPING returns file names that fit the buffer",
	  names },
	{ "advise", "ADVISE accepts only advice that suits all clients",
	  advise },
	{ "advise-holes", "ADVISE fails with ENOMEM on ranges with holes",
	  advise_holes },
	{ "advise-populate", "MADV_POPULATE populates the range",
	  advise_populate },
	{ "advise-past-end", "MADV_POPULATE stops at the end of a file",
	  advise_past_end },
	{ "advise-remove", "MADV_REMOVE clears memory for every client at once",
	  advise_remove },
	{ "advise-remove-readonly",
	  "MADV_REMOVE needs a file that is open for writing",
	  advise_remove_readonly },
	{ "advise-huge",
	  "MADV_HUGEPAGE and MADV_NOHUGEPAGE decide the page size",
	  advise_huge },
	{ "advise-pageout",
	  "MADV_PAGEOUT swaps pages out, and clients fault the pages in again",
	  advise_pageout, CASE_SWAP },
	{ "lock-pages",
	  "LOCK keeps memory resident until UNLOCK or the region's end",
	  lock_pages },
	{ "lock-onfault", "LOCK with MLOCK_ONFAULT does not populate",
	  lock_onfault },
	{ "lock-refused", "LOCK and UNLOCK accept only mapped ranges",
	  lock_refused },
	{ "lock-privilege",
	  "LOCK needs CAP_IPC_LOCK or a sufficient RLIMIT_MEMLOCK",
	  lock_privilege },
	{ "lock-counted",
	  "locked memory counts for RLIMIT_MEMLOCK of the user who locked it",
	  lock_counted },
	{ "lock-owned",
	  "the owner unlocks what a writer has locked, and root takes it over",
	  lock_owned },
	{ "lock-huge", "LOCK does not count huge pages of the pool",
	  lock_huge },
	{ "seal-each", "SEAL forbids each request to all users", seal_each },
	{ "seal-adds", "SEAL adds seals and never removes a seal", seal_adds },
	{ "mempolicy binds memory to a node",
	  "MEMPOLICY accepts only known modes, nodes and flags", mempolicy },
	{ "nodes",
	  "MEMPOLICY places pages on its node, whichever client faults",
	  nodes },
	{ "sizes", "requests accept shorter and longer structures", sizes },
	{ "addresses",
	  "requests copy their structure and nothing beyond, or fail with EFAULT",
	  addresses },
	{ "count-faults", "STAT counts faults and links", count_faults },
	{ "count-locks", "a fault takes only VMA locks", count_locks },
	{ "count-flushes", "STAT counts TLB flushes and interrupts",
	  count_flushes },
	{ "bystander", "UNMAP does not interrupt CPUs without a client",
	  bystander },
	{ "neighbour",
	  "UNMAP does not interrupt CPUs that run a client of another region",
	  neighbour },
	{ "without-window", "a region without a window makes no TLB flush",
	  without_window },
	{ "detached", "UNMAP does not interrupt a process that has detached",
	  detached },
	{ "link-neighbours",
	  "a fault links granules as far as there are page tables",
	  link_neighbours },
	{ "fork-in-fault",
	  "fork() does not wait for a fault that waits for the object",
	  fork_in_fault, CASE_LONG },
	{ "same-figures", "fdinfo shows the figures of STAT", same_figures },
};

static void setup(void)
{
	start = region_address(300);
	object = start + 16 * MIB;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
