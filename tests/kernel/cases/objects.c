// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and huge pages in a region: every client and read(2) see the same
 * bytes, and a change of the file reaches every client at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/mempolicy.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "fuse.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW   (PROT_READ | PROT_WRITE)
#define HUGE (2 * MIB)

/* The project's promise for a client. */
#define FAULTS_PER_CLIENT 8
#define CLIENTS           2

static const char *path;
static uint64_t start;
/* The object that the clients of a case use. */
static uint64_t object, length, step;
static int fd;

/* Other data that the parent and the clients of a case share. */
struct progress {
	volatile uint64_t count, first, last;
	volatile int pause, paused, stop;
	/* Clients sleep for a short time after each check of their memory. */
	volatile int rest;
};

static struct progress *shared;

static void new_region(void)
{
	fd = region_create(path = region_path(), start, granule);
	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(shared != MAP_FAILED, "mmap: %m");
}

static void end_region(void)
{
	munmap((void *)start, granule);
	munmap(shared, sizeof(*shared));
	close(fd);
}

static void map_object(int file, uint64_t offset, int prot, int flags)
{
	must(check_result(region_map_file(fd, object, length, prot, flags, file,
					  offset),
			  0, "mapping a file at %#lx", object),
	     "no object");
}

/* A child inherits its parent's window, if there is one, and maps its own. */
static void attach(void)
{
	int mine = region_open(path, O_RDWR);

	munmap((void *)start, granule);
	window_map(mine, start, granule, RW, 0);
	close(mine);
}

/* Peers: their actions and checks, in turns. */

static void store_and_look(struct peer *parent, void *arg)
{
	(void)arg;
	attach();
	paint((void *)object, length, step, 1);
	go(parent);
	wait_go(parent);
	check(!misses((void *)object, length, step, 2),
	      "the client that stored does not see what was written");
}

static void look(struct peer *parent, void *arg)
{
	attach();
	go(parent);
	wait_go(parent);
	check(!misses((void *)object, length, step, (uintptr_t)arg),
	      "a client does not see what was written");
}

static void check_file(const struct object_kind *kind, int file,
		       uint64_t offset)
{
	uint64_t wrong = 0;

	for (uint64_t at = 0; at < length; at += step)
		wrong += file_word(file, offset + at) !=
			 paint_for((void *)(object + at), 1);
	check(!wrong, "%s: read(2) misses %lu words", kind->name, wrong);
	check(!file_word(file, offset - step) &&
		      !file_word(file, offset + length),
	      "%s: stores went to other places of the file, too", kind->name);
}

/* The second and third page of a file of four pages. */
static void share_file(const struct object_kind *kind)
{
	int file = object_open(kind, 4 * kind->page);
	struct peer storer, reader;

	length = 2 * kind->page;
	step = kind->page / 4;
	new_region();
	map_object(file, kind->page, RW, 0);
	reader = peer_start(look, (void *)2);
	wait_go(&reader);
	storer = peer_start(store_and_look, NULL);
	wait_go(&storer);

	check_file(kind, file, kind->page);
	for (uint64_t at = 0; at < length; at += step)
		set_file_word(file, kind->page + at,
			      paint_for((void *)(object + at), 2));
	go(&storer);
	go(&reader);
	peer_end(&storer);
	peer_end(&reader);
	close(file);
	end_region();
}

/* If a region drops pages of a file, no other user loses them. */
static void keep_file(const struct object_kind *kind)
{
	int file = object_open(kind, 4 * kind->page);

	length = 2 * kind->page;
	step = kind->page / 4;
	new_region();
	map_object(file, kind->page, RW, 0);
	attach();
	paint((void *)object, length, step, 1);
	check_result(region_unmap(fd, object, length), 0, "UNMAP");
	check_file(kind, file, kind->page);

	map_object(file, kind->page, RW, 0);
	must(!unlink(path), "unlink: %m");
	end_region();
	/* The region is freed a little later. */
	usleep(500000);
	check_file(kind, file, kind->page);
	close(file);
}

static void keep_files(void)
{
	set_for_now(HUGE_PAGES, "8");
	for (size_t i = 0; i < NR_KINDS; i++)
		keep_file(&object_kinds[i]);
}

static void share_memfd(void)
{
	share_file(&object_kinds[MEMFD]);
}

static void share_tmpfs(void)
{
	share_file(&object_kinds[TMPFS]);
}

static void share_ext4(void)
{
	share_file(&object_kinds[EXT4]);
}

static void share_hugetlb(void)
{
	set_for_now(HUGE_PAGES, "8");
	share_file(&object_kinds[HUGETLB]);
}

/* One object of each kind, one after the other. */

#define SIDE_PAGES 16
#define SIDE_SPAN  (2 * HUGE)

static uint64_t side_object(int kind)
{
	return start + kind * SIDE_SPAN;
}

static uint64_t side_length(int kind)
{
	return kind == HUGETLB ? HUGE : SIDE_PAGES * PAGE;
}

/* NR_KINDS means anonymous memory. */
static void paint_sides(struct peer *parent, void *arg)
{
	(void)parent;
	attach();
	for (int kind = (uintptr_t)arg; kind <= NR_KINDS; kind += CLIENTS)
		paint((void *)side_object(kind), side_length(kind), PAGE, kind);
}

static void look_at_sides(int missing)
{
	for (int kind = 0; kind <= NR_KINDS; kind++) {
		uint64_t wrong = misses((void *)side_object(kind),
					side_length(kind), PAGE, kind);

		check(wrong == (kind == missing ? SIDE_PAGES : 0),
		      "object %d has %lu pages with something else", kind,
		      wrong);
	}
}

static void side_by_side(void)
{
	struct msharefs_stat stat;
	struct peer peers[CLIENTS];

	set_for_now(HUGE_PAGES, "8");
	new_region();
	for (int kind = 0; kind < NR_KINDS; kind++) {
		int file = object_open(&object_kinds[kind], side_length(kind));

		object = side_object(kind);
		length = side_length(kind);
		map_object(file, 0, RW, 0);
		/* The mapping keeps the file. */
		close(file);
	}
	region_fill(fd, side_object(NR_KINDS), side_length(NR_KINDS), RW);
	for (uintptr_t i = 0; i < CLIENTS; i++)
		peers[i] = peer_start(paint_sides, (void *)i);
	for (int i = 0; i < CLIENTS; i++)
		peer_end(&peers[i]);

	attach();
	look_at_sides(-1);
	region_stat(fd, &stat);
	check(stat.mappings == NR_KINDS + 1, "%llu mappings", stat.mappings);
	check(stat.resident_shmem == 3 * SIDE_PAGES * PAGE,
	      "%llu bytes of shmem", stat.resident_shmem);
	check(stat.resident_file == SIDE_PAGES * PAGE, "%llu bytes of files",
	      stat.resident_file);
	check(stat.resident_hugetlb == HUGE, "%llu bytes of huge pages",
	      stat.resident_hugetlb);
	check(stat.resident == 4 * SIDE_PAGES * PAGE + HUGE,
	      "%llu bytes resident", stat.resident);

	check_result(region_unmap(fd, side_object(TMPFS), SIDE_SPAN), 0,
		     "UNMAP");
	look_at_sides(TMPFS);
	end_region();
}

/* Truncates the file while one of the clients reads continuously. */

static void read_until_cut(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	pin_to_cpu(1);
	attach();
	load_until_fault((void *)(object + length - step), &shared->count,
			 &shared->first);
	check(touch_fault.signal == SIGBUS, "signal %d", touch_fault.signal);
	shared->stop = 1;
}

/* The first half remains, the second is removed and returns empty. */
static void see_cut(struct peer *parent, void *arg)
{
	uint64_t half = length / 2, value;

	(void)arg;
	attach();
	check(!misses((void *)object, length, step, 1), "contents at first");
	go(parent);
	wait_go(parent);
	check(!misses((void *)object, half, step, 1), "what is left changed");
	check(load((void *)(object + half), &value) == SIGBUS,
	      "a load past the end: signal %d", touch_fault.signal);
	check(store((void *)(object + length - step), 1) == SIGBUS,
	      "a store past the end: signal %d", touch_fault.signal);
	go(parent);
	wait_go(parent);
	check(!peek((void *)(object + half)) &&
		      !peek((void *)(object + length - step)),
	      "a file that was cut and grew is not empty there");
}

static void wait_warm(uint64_t accesses)
{
	uint64_t warm = shared->count + accesses;

	for (int ms = 0; shared->count < warm; ms++) {
		must(ms < 30000, "the other processor does not get going");
		usleep(1000);
	}
}

static void cut(const struct object_kind *kind)
{
	int file = object_open(kind, 4 * kind->page);
	struct peer reader, peers[CLIENTS];
	uint64_t count;

	must(sysconf(_SC_NPROCESSORS_ONLN) >= 2, "needs two processors");
	pin_to_cpu(0);
	length = 4 * kind->page;
	step = kind->page / 2;
	new_region();
	map_object(file, 0, RW, 0);
	attach();
	paint((void *)object, length, step, 1);
	for (int i = 0; i < CLIENTS; i++) {
		peers[i] = peer_start(see_cut, NULL);
		wait_go(&peers[i]);
	}
	reader = peer_start(read_until_cut, NULL);
	wait_warm(500);

	must(!ftruncate(file, length / 2), "ftruncate: %m");
	count = shared->count;
	for (int ms = 0; !shared->stop; ms++) {
		must(ms < 30000, "%lu more loads of what was cut off",
		     shared->count - count);
		usleep(1000);
	}
	check(shared->count - count <= 1, "%lu more loads",
	      shared->count - count);
	peer_end(&reader);

	for (int i = 0; i < CLIENTS; i++) {
		go(&peers[i]);
		wait_go(&peers[i]);
	}
	must(!ftruncate(file, length), "ftruncate: %m");
	for (int i = 0; i < CLIENTS; i++) {
		go(&peers[i]);
		peer_end(&peers[i]);
	}
	close(file);
	end_region();
}

static void cut_files(void)
{
	cut(&object_kinds[MEMFD]);
	cut(&object_kinds[EXT4]);
}

static void cut_hugetlb(void)
{
	set_for_now(HUGE_PAGES, "8");
	cut(&object_kinds[HUGETLB]);
}

/* A mapping can be longer than its file. */
static void past_end(void)
{
	for (int kind = MEMFD; kind <= EXT4; kind++) {
		int file = object_open(&object_kinds[kind], PAGE + 1);
		uint64_t value;

		length = 4 * PAGE;
		new_region();
		map_object(file, 0, RW, 0);
		attach();
		check(!store((void *)(object + PAGE), 1),
		      "%s: the page that the file ends in",
		      object_kinds[kind].name);
		check(load((void *)(object + 2 * PAGE), &value) == SIGBUS,
		      "%s: a load past the end: signal %d",
		      object_kinds[kind].name, touch_fault.signal);
		check(store((void *)(object + 3 * PAGE), 1) == SIGBUS,
		      "%s: a store past the end: signal %d",
		      object_kinds[kind].name, touch_fault.signal);
		close(file);
		end_region();
	}
}

/* MAP_POPULATE */

static void use_populated(struct peer *parent, void *arg)
{
	const struct object_kind *kind = arg;
	uint64_t value;
	long faults;

	attach();
	go(parent);
	wait_go(parent);
	faults = fault_count();
	for (uint64_t at = object; at < object + length; at += PAGE)
		must(!load((void *)at, &value), "%s: a load", kind->name);
	/* A page of a disk's file is not made dirty before a store. */
	if (kind == &object_kinds[EXT4])
		faults = fault_count() - faults;
	for (uint64_t at = object; at < object + length; at += PAGE)
		*(volatile uint64_t *)at += 1;
	if (kind != &object_kinds[EXT4])
		faults = fault_count() - faults;
	check(faults <= FAULTS_PER_CLIENT, "%s: %ld page faults", kind->name,
	      faults);
}

static void populate_kind(const struct object_kind *kind, int flags)
{
	int file = object_open(kind, 2 * HUGE);
	struct peer peers[CLIENTS];
	struct msharefs_stat stat;

	length = HUGE;
	new_region();
	map_object(file, HUGE, RW, MAP_POPULATE | flags);
	region_stat(fd, &stat);
	check(stat.resident == length, "%s: %llu of %lu bytes resident",
	      kind->name, stat.resident, length);
	for (int i = 0; i < CLIENTS; i++) {
		peers[i] = peer_start(use_populated, (void *)kind);
		wait_go(&peers[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		go(&peers[i]);
		peer_end(&peers[i]);
	}
	check(file_word(file, 2 * HUGE - PAGE) == CLIENTS,
	      "%s: the last page holds %lu", kind->name,
	      file_word(file, 2 * HUGE - PAGE));
	close(file);
	end_region();
}

static void populate(void)
{
	set_for_now(HUGE_PAGES, "8");
	for (int kind = 0; kind < NR_KINDS; kind++)
		populate_kind(&object_kinds[kind], 0);
	populate_kind(&object_kinds[HUGETLB], MAP_NORESERVE);
}

/* With and without the rights to read and write, and without a free page. */
static void populate_rights(void)
{
	int file = object_open(&object_kinds[MEMFD], 4 * PAGE);
	const struct {
		const char *what;
		int prot;
		uint64_t pages, resident;
	} rows[] = {
		{ "PROT_NONE", PROT_NONE, 4, 0 },
		{ "PROT_READ", PROT_READ, 4, 4 },
		{ "PROT_WRITE", PROT_WRITE, 4, 4 },
		{ "a file that is too short", RW, 8, 4 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct msharefs_stat stat;

		length = rows[i].pages * PAGE;
		new_region();
		map_object(file, 0, rows[i].prot, MAP_POPULATE);
		region_stat(fd, &stat);
		check(stat.resident == rows[i].resident * PAGE,
		      "%s: %llu bytes resident", rows[i].what, stat.resident);
		end_region();
	}
	close(file);
}

/* Huge pages are reserved for a mapping, except with MAP_NORESERVE. */
static void reserve_hugetlb(void)
{
	int file;
	long before;

	set_for_now(HUGE_PAGES, "4");
	before = meminfo("HugePages_Free");
	must(before == 4, "%ld huge pages, not 4", before);
	file = object_open(&object_kinds[HUGETLB], 8 * HUGE);
	length = 8 * HUGE;
	new_region();
	check_result(region_map_file(fd, object, length, RW, 0, file, 0),
		     ENOMEM, "8 huge pages of 4");
	map_object(file, 0, RW, MAP_NORESERVE);
	check(!meminfo("HugePages_Rsvd"), "%ld pages reserved",
	      meminfo("HugePages_Rsvd"));
	attach();
	paint((void *)object, 4 * HUGE, HUGE / 2, 1);
	check(store((void *)(object + 4 * HUGE), 1) == SIGBUS,
	      "the fifth page: signal %d", touch_fault.signal);
	check(!misses((void *)object, 4 * HUGE, HUGE / 2, 1),
	      "the first four changed");
	check_result(region_unmap(fd, object, length), 0, "UNMAP");
	close(file);
	check(meminfo("HugePages_Free") == 4, "%ld pages came back",
	      meminfo("HugePages_Free"));

	file = object_open(&object_kinds[HUGETLB], 4 * HUGE);
	length = 3 * HUGE;
	map_object(file, 0, RW, 0);
	check(meminfo("HugePages_Rsvd") == 3, "%ld pages reserved, not 3",
	      meminfo("HugePages_Rsvd"));
	check_result(region_unmap(fd, object, length), 0, "UNMAP");
	close(file);
	check(!meminfo("HugePages_Rsvd"), "%ld pages stay reserved",
	      meminfo("HugePages_Rsvd"));
	end_region();
}

/*
 * After fsync(2) a page is clean. The kernel learns of the next store only if
 * no client can write through an old translation.
 */

static void store_and_pause(struct peer *parent, void *arg)
{
	volatile uint64_t *word = (void *)object;
	uint64_t value = 0;

	(void)parent;
	(void)arg;
	pin_to_cpu(1);
	attach();
	while (!shared->stop) {
		*word = ++value;
		shared->count = value;
		if (!shared->pause)
			continue;
		shared->last = value;
		shared->paused = 1;
		while (shared->pause && !shared->stop)
			;
		shared->paused = 0;
	}
}

static uint64_t word_on_disk(int direct)
{
	uint64_t *page = aligned_alloc(PAGE, PAGE), value;

	must(page && pread(direct, page, PAGE, 0) == PAGE, "O_DIRECT: %m");
	value = *page;
	free(page);
	return value;
}

static void fsync_round(int file, int direct, int round)
{
	wait_warm(100);
	must(!fsync(file), "fsync: %m");
	/* These stores are to the page that was cleaned. */
	wait_warm(100);
	shared->pause = 1;
	while (!shared->paused)
		usleep(200);
	must(!fsync(file), "fsync: %m");
	check(word_on_disk(direct) == shared->last,
	      "round %d: %lu on disk, %lu was stored", round,
	      word_on_disk(direct), shared->last);
	shared->pause = 0;
	while (shared->paused)
		usleep(200);
}

static void written_back(void)
{
	int file = object_open(&object_kinds[EXT4], PAGE);
	int direct = object_reopen(file, O_RDONLY | O_DIRECT);
	struct peer peer;

	pin_to_cpu(0);
	length = PAGE;
	new_region();
	map_object(file, 0, RW, 0);
	peer = peer_start(store_and_pause, NULL);
	for (int round = 0; round < 20; round++)
		fsync_round(file, direct, round);
	shared->stop = 1;
	peer_end(&peer);
	close(direct);
	close(file);
	end_region();
}

/* Transparent huge pages */

/* Clients store continuously and check that each store is still there. */
static void store_all_the_time(struct peer *parent, void *arg)
{
	uint64_t first = object + 64 + (uintptr_t)arg * 8, value = 0;

	pin_to_cpu((uintptr_t)arg);
	attach();
	for (uint64_t at = first; at < object + length; at += step)
		*(volatile uint64_t *)at = value;
	go(parent);
	while (!shared->stop) {
		for (uint64_t at = first; at < object + length; at += step) {
			volatile uint64_t *word = (void *)at;

			must(*word == value, "%#lx: %lu, not %lu", at, *word,
			     value);
			*word = value + 1;
		}
		value++;
		shared->count += !arg;
		if (shared->rest)
			sleep_ms(1);
	}
}

static void start_storing(struct peer *peers)
{
	for (uintptr_t i = 0; i < CLIENTS; i++) {
		peers[i] = peer_start(store_all_the_time, (void *)i);
		wait_go(&peers[i]);
	}
}

static void stop_storing(struct peer *peers)
{
	shared->stop = 1;
	for (int i = 0; i < CLIENTS; i++)
		peer_end(&peers[i]);
}

static long pmd_mapped(void)
{
	return meminfo("ShmemPmdMapped");
}

static void huge_split(void)
{
	struct msharefs_stat stat;
	struct peer peers[CLIENTS];
	long before;

	set_for_now(SHMEM_HUGE_PAGES, "advise");
	new_region();
	length = HUGE;
	step = 8 * PAGE;
	region_fill(fd, object, length, RW);
	attach();
	before = pmd_mapped();
	check_result(region_advise(fd, object, length, MADV_HUGEPAGE), 0,
		     "MADV_HUGEPAGE");
	store((void *)(object + 5 * PAGE), 1);
	check(pmd_mapped() - before == 2048,
	      "one store: %ld KiB more by huge entries", pmd_mapped() - before);
	region_stat(fd, &stat);
	check(stat.resident == HUGE, "%llu bytes resident", stat.resident);

	paint((void *)object, length, PAGE, 1);
	start_storing(peers);
	wait_warm(10);
	check_result(region_protect(fd, object + 100 * PAGE, PAGE, PROT_READ),
		     0, "PROTECT of a page in the middle");
	wait_warm(10);
	check(pmd_mapped() == before, "PROTECT left %ld KiB by huge entries",
	      pmd_mapped() - before);
	check(!misses((void *)object, length, PAGE, 1), "values are lost");
	region_stat(fd, &stat);
	check(stat.mappings == 3 && stat.resident == HUGE,
	      "%llu mappings, %llu bytes resident", stat.mappings,
	      stat.resident);
	check(store((void *)(object + 100 * PAGE), 1) == SIGSEGV,
	      "the page can still be written");
	check(!store((void *)(object + 101 * PAGE), 1),
	      "its neighbour cannot be written");
	stop_storing(peers);
	end_region();
}

/*
 * A page that a client is using cannot be collapsed, but may be the next time.
 * On a busy host this can take long, unless clients rest, and a client that does
 * not run can have a page in use for a long time.
 */
static int collapse(uint64_t addr)
{
	double end = seconds() + 60;
	int result = -EAGAIN;

	for (int i = 0; result && seconds() < end; i++) {
		shared->rest = i >= 50;
		if (shared->rest)
			sleep_ms(1);
		result = region_advise(fd, addr, HUGE, MADV_COLLAPSE);
	}
	shared->rest = 0;
	return result;
}

static void huge_collapse(void)
{
	const int huge_pages = 8;
	struct peer peers[CLIENTS];
	struct msharefs_stat stat;
	long before;

	set_for_now(SHMEM_HUGE_PAGES, "advise");
	new_region();
	length = huge_pages * HUGE;
	step = 16 * PAGE;
	region_fill(fd, object, length, RW);
	attach();
	before = pmd_mapped();
	paint((void *)object, length, PAGE, 1);
	start_storing(peers);
	for (int i = 0; i < huge_pages; i++) {
		wait_warm(3);
		check_result(collapse(object + i * HUGE), 0,
			     "MADV_COLLAPSE of page %d", i);
	}
	wait_warm(3);
	check(pmd_mapped() - before == huge_pages * 2048L,
	      "%ld KiB by huge entries", pmd_mapped() - before);
	region_stat(fd, &stat);
	check(stat.resident == length, "%llu bytes resident", stat.resident);
	stop_storing(peers);
	check(!misses((void *)object, length, PAGE, 1), "values are lost");
	end_region();
}

/* khugepaged collapses pages in idle time: leave one CPU idle. */
#define KHUGEPAGED "/sys/kernel/mm/transparent_hugepage/khugepaged/"

static void huge_khugepaged(void)
{
	const long want = 4 * 2048;
	double end = seconds() + 120;
	struct msharefs_stat stat;
	struct peer peer;
	long before, earlier, collapsed;

	set_for_now(SHMEM_HUGE_PAGES, "advise");
	set_for_now(KHUGEPAGED "pages_to_scan", "65536");
	set_for_now(KHUGEPAGED "alloc_sleep_millisecs", "10");
	set_for_now(KHUGEPAGED "scan_sleep_millisecs", "10");
	new_region();
	length = 4 * HUGE;
	step = 16 * PAGE;
	region_fill(fd, object, length, RW);
	attach();
	paint((void *)object, length, PAGE, 1);
	before = pmd_mapped();
	earlier = number_in(KHUGEPAGED "pages_collapsed");
	peer = peer_start(store_all_the_time, NULL);
	wait_go(&peer);
	check_result(region_advise(fd, object, length, MADV_HUGEPAGE), 0,
		     "MADV_HUGEPAGE");
	do {
		sleep_ms(10);
		collapsed = number_in(KHUGEPAGED "pages_collapsed") - earlier;
	} while ((pmd_mapped() - before < want || collapsed < 4) &&
		 seconds() < end);
	check(pmd_mapped() - before == want, "%ld KiB by huge entries",
	      pmd_mapped() - before);
	check(collapsed >= 4, "%ld pages collapsed", collapsed);
	wait_warm(3);
	shared->stop = 1;
	peer_end(&peer);
	check(!misses((void *)object, length, PAGE, 1), "values are lost");
	region_stat(fd, &stat);
	check(stat.resident == length, "%llu bytes resident", stat.resident);
	end_region();
}

/*
 * Page tables of hugetlbfs: several processes map a whole granule of a file.
 * hugetlbfs shares such tables by its own means, which must not mix with a
 * region's.
 */

static uint64_t plain_address(void)
{
	return region_address(900);
}

static void map_plain(int file)
{
	void *at = mmap((void *)plain_address(), granule, RW,
			MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, file,
			0);

	must(at != MAP_FAILED, "mmap of a huge file: %m");
}

/* Without the region: stores first and checks at the end. */
static void be_plain(struct peer *parent, void *arg)
{
	char *at = (char *)plain_address();
	int cut_off;

	map_plain(*(int *)arg);
	go(parent);
	wait_go(parent);
	check(!store(at, 1) && !store(at + HUGE, 2), "signal %d",
	      touch_fault.signal);
	go(parent);
	wait_go(parent);
	cut_off = shared->pause;
	check(peek(at) == 3, "the process that has no region finds %lu",
	      peek(at));
	if (cut_off)
		check(store(at + HUGE, 1) == SIGBUS, "signal %d past the end",
		      touch_fault.signal);
	else
		check(peek(at + HUGE) == 2, "and %lu further on",
		      peek(at + HUGE));
	check(!store(at, 4), "signal %d", touch_fault.signal);
}

static void be_client(struct peer *parent, void *arg)
{
	uint64_t value;

	(void)arg;
	attach();
	wait_go(parent);
	check(!load((void *)object, &value), "signal %d", touch_fault.signal);
	check(!store((void *)object, 3) &&
		      !load((void *)(object + HUGE), &value),
	      "signal %d", touch_fault.signal);
	go(parent);
	wait_go(parent);
	if (shared->pause) {
		check(peek((void *)object) == 3, "%lu before the end",
		      peek((void *)object));
		check(load((void *)(object + HUGE), &value) == SIGBUS,
		      "past the end: signal %d", touch_fault.signal);
	} else {
		check(load((void *)object, &value) == SIGSEGV,
		      "unmapped: signal %d, %lu", touch_fault.signal, value);
		check(store((void *)(object + HUGE), 9) == SIGSEGV,
		      "unmapped: signal %d", touch_fault.signal);
	}
}

static void take_turns(struct peer *first, struct peer *second)
{
	go(first);
	wait_go(first);
	go(second);
	wait_go(second);
}

enum change {
	UNMAPPED,
	CUT
};

static void mix_tables(int region_first, enum change change)
{
	struct peer plain[2], client;
	int file;

	set_for_now(HUGE_PAGES, "8");
	file = object_open(&object_kinds[HUGETLB], granule);
	object = start;
	length = granule;
	new_region();
	map_object(file, 0, RW, MAP_NORESERVE);
	for (int i = 0; i < 2; i++) {
		plain[i] = peer_start(be_plain, &file);
		wait_go(&plain[i]);
	}
	client = peer_start(be_client, NULL);

	/* The other processes might share the tables of the first one. */
	if (region_first) {
		take_turns(&client, &plain[0]);
		set_file_word(file, 0, 3);
	} else {
		take_turns(&plain[0], &client);
	}
	go(&plain[1]);
	wait_go(&plain[1]);
	set_file_word(file, 0, 3);

	shared->pause = change == CUT;
	if (change == CUT)
		must(!ftruncate(file, HUGE), "ftruncate: %m");
	else
		check_result(region_unmap(fd, object, length), 0, "UNMAP");
	go(&client);
	peer_end(&client);
	go(&plain[0]);
	peer_end(&plain[0]);
	check(file_word(file, 0) == 4, "the file holds %lu",
	      file_word(file, 0));
	set_file_word(file, 0, 3);
	go(&plain[1]);
	peer_end(&plain[1]);
	close(file);
	end_region();
}

static void tables_plain_first(void)
{
	mix_tables(0, UNMAPPED);
}

static void tables_region_first(void)
{
	mix_tables(1, UNMAPPED);
}

static void tables_cut(void)
{
	mix_tables(0, CUT);
	mix_tables(1, CUT);
}

/* Files that cannot be an object */

static int inner_region;

static int open_region(void)
{
	return dup(inner_region);
}

static int open_itself(void)
{
	return dup(fd);
}

static int open_info(void)
{
	return open(MSHARE_MOUNT "/mshare_info", O_RDONLY);
}

static int open_zero(void)
{
	return open("/dev/zero", O_RDWR);
}

static int open_mem(void)
{
	return open("/dev/mem", O_RDWR);
}

static int open_directory(void)
{
	return open("/tmp", O_RDONLY | O_DIRECTORY);
}

static int open_pipe(void)
{
	int ends[2];

	must(!pipe(ends), "pipe: %m");
	close(ends[1]);
	return ends[0];
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int open_disk(void)
{
	/* Nobody may write to it while it is mounted. */
	return open("/dev/vda", O_RDONLY);
}

static int open_proc(void)
{
	return open("/proc/self/mem", O_RDWR);
}

#define STACK "/tmp/test-objects-stack"

static void make_stack(struct peer *parent, void *arg)
{
	(void)arg;
	must(!unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare: %m");
	must(!mount("overlay", STACK "/all", "overlay", 0,
		    "lowerdir=" STACK "/one:" STACK "/two"),
	     "mount: %m");
	go(parent);
	pause();
}

/* A file of overlayfs that a user without privilege mounted. */
static int open_stacked(void)
{
	static const char *const folders[] = { "", "/one", "/two", "/all" };
	struct peer peer;
	char name[80];
	int file;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(name, sizeof(name), STACK "%s", folders[i]);
		mkdir(name, 0755);
	}
	close(open(STACK "/one/file", O_CREAT | O_WRONLY, 0644));
	peer = peer_start(make_stack, NULL);
	wait_go(&peer);
	snprintf(name, sizeof(name), "/proc/%d/root" STACK "/all/file",
		 peer.pid);
	file = open(name, O_RDONLY | O_CLOEXEC);
	peer_kill(&peer);
	return file;
}

static int open_sysfs(void)
{
	return open(SHMEM_HUGE_PAGES, O_RDWR);
}

static int open_secret(void)
{
	int file = syscall(SYS_memfd_secret, 0);

	must(file < 0 || !ftruncate(file, 16 * PAGE), "ftruncate: %m");
	return file;
}

/* Anonymous memory of a process, through its file in /proc. */
static int open_anonymous(void)
{
	char *at = mmap(NULL, 16 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char name[80];

	must(at != MAP_FAILED, "mmap: %m");
	snprintf(name, sizeof(name), "/proc/self/map_files/%lx-%llx",
		 (unsigned long)at, (uintptr_t)at + 16 * PAGE);
	return open(name, O_RDWR | O_CLOEXEC);
}

static int new_memfd(void)
{
	return object_open(&object_kinds[MEMFD], 16 * PAGE);
}

/* The same file on a separate descriptor. */
static int reopen(int file, int flags)
{
	int again = object_reopen(file, flags);

	close(file);
	return again;
}

static int open_readonly(void)
{
	return reopen(new_memfd(), O_RDONLY);
}

static int open_writeonly(void)
{
	return reopen(new_memfd(), O_WRONLY);
}

static int open_path(void)
{
	return reopen(new_memfd(), O_PATH);
}

static int open_sealed(void)
{
	int file = new_memfd();

	must(!fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), "F_SEAL_WRITE: %m");
	return file;
}

static int new_hugetlb(void)
{
	return object_open(&object_kinds[HUGETLB], 4 * HUGE);
}

static int open_gigantic(void)
{
	return memfd_create("gigantic", MFD_HUGETLB | MFD_HUGE_1GB);
}

/*
 * The rows below contain only the differences from a good request, so a field
 * may be initialised twice on purpose.
 */
#pragma GCC diagnostic ignored "-Woverride-init"

#define CREATE(what, open, want, ...)                                 \
	{                                                             \
		what, open, want,                                     \
		{                                                     \
			.addr = object, .size = 2 * HUGE, .prot = RW, \
			.flags = MAP_SHARED | MAP_FIXED, __VA_ARGS__  \
		}                                                     \
	}

static void refuse(void)
{
	const int shared_flags = MAP_SHARED | MAP_FIXED;
	const struct {
		const char *what;
		int (*open)(void);
		int want;
		struct mshare_create create;
	} rows[] = {
		/* What works; otherwise the rest would show nothing */
		CREATE("a memfd", new_memfd, 0, ),
		CREATE("huge pages", new_hugetlb, 0, ),
		CREATE("a sealed memfd, to read", open_sealed, 0,
		       .prot = PROT_READ),
		CREATE("a read-only descriptor, to read", open_readonly, 0,
		       .prot = PROT_READ),

		/* Wrong kinds of files */
		CREATE("a region", open_region, EINVAL, ),
		CREATE("itself", open_itself, EINVAL, ),
		CREATE("mshare_info", open_info, ENODEV, .prot = PROT_READ),
		CREATE("/dev/zero", open_zero, ENODEV, ),
		CREATE("/dev/mem", open_mem, ENODEV, ),
		CREATE("a disk", open_disk, ENODEV, .prot = PROT_READ),
		CREATE("a directory", open_directory, ENODEV, ),
		CREATE("a pipe", open_pipe, ENODEV, ),
		CREATE("a socket", open_socket, ENODEV, ),
		CREATE("/proc/self/mem", open_proc, ENODEV, ),
		CREATE("a file in sysfs", open_sysfs, ENODEV, ),
		CREATE("secret memory", open_secret, ENODEV, ),
		CREATE("anonymous memory", open_anonymous, ENODEV,
		       .size = PAGE),
		CREATE("a file of FUSE", open_fuse, ENODEV, ),
		CREATE("what a user stacked", open_stacked, ENODEV,
		       .prot = PROT_READ),
		CREATE("1 GiB pages", open_gigantic, EINVAL, .addr = start,
		       .size = granule),

		/* Wrong descriptors */
		CREATE("a read-only descriptor, to write", open_readonly,
		       EACCES, ),
		CREATE("a write-only descriptor", open_writeonly, EACCES, ),
		CREATE("a write-only descriptor, to write", open_writeonly,
		       EACCES, .prot = PROT_WRITE),
		CREATE("O_PATH", open_path, EBADF, ),
		CREATE("a sealed memfd, to write", open_sealed, EPERM, ),

		/* Wrong ranges of the file */
		CREATE("an offset off by one", new_memfd, EINVAL, .offset = 1),
		CREATE("an offset off by half a page", new_memfd, EINVAL,
		       .offset = PAGE / 2),
		CREATE("an offset of all ones", new_memfd, EINVAL,
		       .offset = ~0ULL),
		CREATE("the highest offset", new_memfd, EINVAL,
		       .offset = -PAGE),
		CREATE("a range past the largest file", new_memfd, EOVERFLOW,
		       .offset = (1ULL << 63) - PAGE),
		CREATE("a huge page's second half", new_hugetlb, EINVAL,
		       .offset = HUGE / 2),
		CREATE("half a huge page", new_hugetlb, EINVAL,
		       .size = HUGE / 2),
		CREATE("a huge page and a byte", new_hugetlb, EINVAL,
		       .size = HUGE + 1),
		CREATE("a huge page at an odd address", new_hugetlb, EINVAL,
		       .addr = object + PAGE),

		/* Wrong flags and access rights */
		CREATE("MAP_PRIVATE", new_memfd, EINVAL,
		       .flags = MAP_PRIVATE | MAP_FIXED),
		CREATE("not MAP_FIXED", new_memfd, EINVAL, .flags = MAP_SHARED),
		CREATE("anonymous and a file", new_memfd, EINVAL,
		       .flags = shared_flags | MAP_ANONYMOUS),
		CREATE("MAP_LOCKED", new_memfd, EINVAL,
		       .flags = shared_flags | MAP_LOCKED),
		CREATE("MAP_SYNC", new_memfd, EINVAL,
		       .flags = shared_flags | MAP_SYNC),
		CREATE("MAP_HUGETLB", new_hugetlb, EINVAL,
		       .flags = shared_flags | MAP_HUGETLB),
	};
	struct msharefs_stat before, after;

	set_for_now(HUGE_PAGES, "8");
	new_region();
	region_fill(fd, start + 64 * MIB, 16 * PAGE, RW);
	inner_region = region_create(region_path(), start, granule);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mshare_create create = rows[i].create;
		int file = rows[i].open();

		/* Some kernels lack some of these. */
		if (file < 0 && (errno == ENOENT || errno == ENOSYS))
			continue;
		must(file >= 0, "no descriptor for %s: %m", rows[i].what);
		create.fd = file;
		region_stat(fd, &before);
		check_result(request(fd, MSHAREFS_CREATE_MAPPING, &create),
			     rows[i].want, "%s", rows[i].what);
		region_stat(fd, &after);
		if (rows[i].want)
			check(!memcmp(&before, &after, sizeof(before)),
			      "%s: refused, and yet the region changed",
			      rows[i].what);
		else
			region_unmap(fd, create.addr, create.size);
		close(file);
	}
	close(inner_region);
	end_region();
}

/* PROTECT does not give a right that the descriptor did not allow. */
static void protect_file(void)
{
	int (*const openers[])(void) = { open_readonly, open_sealed };

	length = 4 * PAGE;
	for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
		int file = openers[i]();

		new_region();
		map_object(file, 0, PROT_READ, 0);
		check_result(region_protect(fd, object, length, RW), EACCES,
			     "PROTECT, %s", i ? "sealed" : "read-only");
		attach();
		check(store((void *)object, 1) == SIGSEGV, "a store: signal %d",
		      touch_fault.signal);
		check(!peek((void *)object), "a load: %lu",
		      peek((void *)object));
		close(file);
		end_region();
	}
}

/* Locks on a file end with their process, not with the region. */
static void locks_end(void)
{
	const char *name = "/tmp/test-locked";
	int other, file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int region = region_create(region_path(), start, granule);

	must(file >= 0 && !ftruncate(file, PAGE), "%s: %m", name);
	other = open(name, O_RDWR | O_CLOEXEC);
	unlink(name);
	must(!flock(file, LOCK_EX), "flock: %m");
	must(!region_map_file(region, object, PAGE, RW, 0, file, 0),
	     "no mapping");
	check(flock(other, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK,
	      "a second lock while the first one is held: %m");
	close(file);
	check(!flock(other, LOCK_EX | LOCK_NB),
	      "a lock after the first one's owner closed the file: %m");
	close(other);
	close(region);
}

/* Out of order, with a gap that closes in the end. */
static void merge_pieces(void)
{
	static const int order[] = { 3, 1, 2, 7, 6, 4, 0, 5 };
	const size_t count = sizeof(order) / sizeof(order[0]);
	int file = object_open(&object_kinds[TMPFS], count * PAGE);
	int other = object_reopen(file, O_RDONLY);
	struct msharefs_stat stat;

	new_region();
	for (size_t i = 0; i < count; i++)
		check_result(region_map_file(fd, object + order[i] * PAGE, PAGE,
					     RW, 0, file, order[i] * PAGE),
			     0, "piece %d", order[i]);
	region_stat(fd, &stat);
	check(stat.mappings == 1, "%llu mappings of one file", stat.mappings);

	/* What one descriptor permits is not for the mapping of another. */
	check_result(region_unmap(fd, object, PAGE), 0, "UNMAP");
	check_result(region_map_file(fd, object, PAGE, PROT_READ, 0, other, 0),
		     0, "a piece that is only to be read");
	check_result(region_protect(fd, object, PAGE, RW), EACCES,
		     "PROTECT of that piece");
	close(other);
	close(file);
	end_region();
}

static bool is_signalled(int signal)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, signal);
}

/* A mapping that is refused does not open the file, and opening breaks it. */
static void keep_lease(void)
{
	const char *name = "/tmp/test-leased";
	int readonly, file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct msharefs_seal seal = { sizeof(seal), 0, MSHAREFS_SEAL_MAP };
	sigset_t io;

	sigemptyset(&io);
	sigaddset(&io, SIGIO);
	sigprocmask(SIG_BLOCK, &io, NULL);
	must(file >= 0 && !ftruncate(file, 8 * PAGE), "%s: %m", name);
	new_region();
	region_fill(fd, object, PAGE, RW);
	must(!fcntl(file, F_SETLEASE, F_WRLCK), "lease: %m");
	check_result(region_map_file(fd, object, PAGE, RW, 0, file, 0), EEXIST,
		     "a file where memory is");
	check_result(request(fd, MSHAREFS_SEAL, &seal), 0, "SEAL");
	check_result(region_map_file(fd, object + PAGE, PAGE, RW, 0, file, 0),
		     EPERM, "a file in a sealed region");
	check(fcntl(file, F_GETLEASE) == F_WRLCK && !is_signalled(SIGIO),
	      "the lease is broken by requests that are refused");
	fcntl(file, F_SETLEASE, F_UNLCK);

	readonly = open(name, O_RDONLY | O_CLOEXEC);
	close(file);
	must(!fcntl(readonly, F_SETLEASE, F_RDLCK), "lease: %m");
	end_region();
	new_region();
	check_result(region_map_file(fd, object, PAGE, RW, 0, readonly, 0),
		     EACCES, "a writable mapping");
	check_result(
		region_map_file(fd, object, PAGE, PROT_READ, 0, readonly, 0), 0,
		"a mapping to read");
	check(fcntl(readonly, F_GETLEASE) == F_RDLCK && !is_signalled(SIGIO),
	      "a lease for reading is broken by a reader");
	close(readonly);
	unlink(name);
	end_region();
}

static void remove_frozen(struct peer *parent, void *arg)
{
	(void)arg;
	go(parent);
	check_result(region_advise(fd, object, length, MADV_REMOVE), 0,
		     "REMOVE on a frozen file system");
	shared->last = 1;
}

static void change_elsewhere(struct peer *parent, void *arg)
{
	uint64_t other = object + 64 * MIB;

	(void)arg;
	go(parent);
	check_result(region_map(fd, other, length, RW,
				MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS),
		     0, "CREATE_MAPPING");
	check_result(region_protect(fd, other, length, PROT_READ), 0,
		     "PROTECT");
	check_result(region_unmap(fd, other, length), 0, "UNMAP");
	shared->first = 1;
}

/* The file system of one object is not that of the others. */
static void frozen(void)
{
	struct peer remover, changer;
	int root, file;

	length = 4 * PAGE;
	new_region();
	file = object_open(&object_kinds[EXT4], length);
	map_object(file, 0, RW, 0);
	root = open(disk(), O_RDONLY | O_CLOEXEC);
	must(!ioctl(root, FIFREEZE, 0), "freeze: %m");
	remover = peer_start(remove_frozen, NULL);
	wait_go(&remover);
	sleep_ms(300);
	changer = peer_start(change_elsewhere, NULL);
	wait_go(&changer);
	for (int i = 0; i < 100 && !shared->first; i++)
		sleep_ms(100);
	check(!shared->last, "nothing waits for the frozen file system");
	check(shared->first, "other requests wait for the file system, too");
	must(!ioctl(root, FITHAW, 0), "thaw: %m");
	peer_end(&changer);
	peer_end(&remover);
	close(file);
	close(root);
	end_region();
}

/* Until the parent sets @stop. */
static void store_on(struct peer *parent, void *arg)
{
	(void)arg;
	attach();
	go(parent);
	while (!shared->stop)
		for (uint64_t at = 0; at < length; at += HUGE) {
			int signal = store((void *)(object + at), at);

			/* The node may have no page left. */
			check(!signal || signal == SIGBUS, "a store: signal %d",
			      signal);
		}
}

static void move_on(struct peer *parent, void *arg)
{
	struct msharefs_mempolicy policy = {
		.size = sizeof(policy),
		.mode = MPOL_BIND,
		.addr = object,
		.length = length,
		.nodemask = (uintptr_t) & (uint64_t){ 1 },
		.maxnode = 64,
		.flags = MPOL_MF_MOVE,
	};

	(void)arg;
	go(parent);
	for (uint64_t node = 0; !shared->stop; node = !node) {
		*(uint64_t *)policy.nodemask = 1ULL << node;
		check_result(request(fd, MSHAREFS_MEMPOLICY, &policy), 0,
			     "MEMPOLICY");
		shared->first++;
	}
}

/* Holes in huge pages that move from node to node, and that clients use. */
static void punch_moving(void)
{
	const struct object_kind *kind = &object_kinds[HUGETLB];
	struct peer storer, mover;
	double until;
	int file;

	if (access("/sys/devices/system/node/node1", F_OK))
		skip_case("one NUMA node");
	set_for_now(HUGE_PAGES, "16");
	length = 4 * HUGE;
	new_region();
	file = object_open(kind, length);
	map_object(file, 0, RW, MAP_NORESERVE);
	storer = peer_start(store_on, NULL);
	wait_go(&storer);
	mover = peer_start(move_on, NULL);
	wait_go(&mover);
	for (until = seconds() + 3; seconds() < until; shared->count++)
		check(!fallocate(file,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 shared->count % 4 * HUGE, HUGE),
		      "a hole: %m");
	shared->stop = 1;
	peer_end(&storer);
	peer_end(&mover);
	check(shared->first && shared->count, "%lu moves, %lu holes",
	      shared->first, shared->count);
	check_result(region_unmap(fd, object, length), 0, "UNMAP");
	close(file);
	end_region();
	check(meminfo("HugePages_Free") == 16, "%ld huge pages of 16 are free",
	      meminfo("HugePages_Free"));
}

static void bind_pages(uint64_t addr, uint64_t size, uint64_t nodes)
{
	struct msharefs_mempolicy policy = {
		.size = sizeof(policy),
		.mode = MPOL_BIND,
		.addr = addr,
		.length = size,
		.nodemask = (uintptr_t)&nodes,
		.maxnode = 64,
	};

	check_result(request(fd, MSHAREFS_MEMPOLICY, &policy), 0, "MEMPOLICY");
}

/* UNMAP fails as it would cut a huge page. */
static void keep_policy(void)
{
	if (access("/sys/devices/system/node/node1", F_OK))
		skip_case("one NUMA node");
	set_for_now(HUGE_PAGES, "4");
	pin_to_cpu(0);
	new_region();
	region_fill(fd, object, HUGE, RW);
	region_fill_hugetlb(fd, object + HUGE, HUGE, RW);
	bind_pages(object, HUGE, 2);
	check_result(region_unmap(fd, object, HUGE + PAGE), EINVAL,
		     "UNMAP of a part of a huge page");
	attach();
	store((void *)object, 1);
	check(pages_on_node(object, 1, 1) == 1,
	      "UNMAP that failed has cleared the policy");

	check_result(region_unmap(fd, object, HUGE), 0, "UNMAP");
	region_fill(fd, object, HUGE, RW);
	store((void *)object, 1);
	check(pages_on_node(object, 1, 0) == 1,
	      "the policy is still there for what is mapped next");
	end_region();
}

static const struct test_case cases[] = {
	{ "keep-policy",
	  "UNMAP clears the policy of what it unmaps, or nothing",
	  keep_policy },
	{ "punch-moving",
	  "holes in huge pages that move between nodes lose no page",
	  punch_moving },
	{ "merge-pieces",
	  "adjacent pieces of a file are one mapping, of one descriptor",
	  merge_pieces },
	{ "keep-lease", "CREATE_MAPPING that fails breaks no lease",
	  keep_lease },
	{ "frozen",
	  "requests do not wait for a file system that is asked to free memory",
	  frozen },
	{ "locks-end",
	  "locks on a mapped file end with the process that locked",
	  locks_end },
	{ "share-memfd", "clients and read(2) see the same bytes of a memfd",
	  share_memfd },
	{ "share-tmpfs",
	  "clients and read(2) see the same bytes of a file on tmpfs",
	  share_tmpfs },
	{ "share-ext4",
	  "clients and read(2) see the same bytes of a file on ext4",
	  share_ext4 },
	{ "share-hugetlb",
	  "clients and read(2) see the same bytes of huge pages",
	  share_hugetlb },
	{ "side-by-side", "a region holds mappings of every kind side by side",
	  side_by_side },
	{ "keep-files",
	  "a file keeps its contents after UNMAP and after the region's end",
	  keep_files },
	{ "cut-files",
	  "every client gets SIGBUS beyond the new end of a truncated file",
	  cut_files },
	{ "cut-hugetlb",
	  "every client gets SIGBUS beyond the new end of a truncated hugetlbfs file",
	  cut_hugetlb },
	{ "past-end", "a page past the end of a file is SIGBUS", past_end },
	{ "populate",
	  "clients do not fault on memory that MAP_POPULATE populated",
	  populate },
	{ "populate-rights",
	  "MAP_POPULATE obeys the access rights and the end of the file",
	  populate_rights },
	{ "reserve-hugetlb",
	  "CREATE_MAPPING reserves huge pages unless MAP_NORESERVE is given",
	  reserve_hugetlb },
	{ "written-back", "fsync(2) writes the stores of clients to the disk",
	  written_back },
	{ "huge-split",
	  "PROTECT of one page splits a huge page while clients write",
	  huge_split },
	{ "huge-collapse", "MADV_COLLAPSE keeps every store of clients",
	  huge_collapse },
	{ "huge-khugepaged",
	  "khugepaged collapses pages of regions and keeps every store of clients",
	  huge_khugepaged },
	{ "tables-plain-first",
	  "a region does not use page tables that hugetlbfs shares",
	  tables_plain_first },
	{ "tables-region-first",
	  "hugetlbfs does not share page tables of a region",
	  tables_region_first },
	{ "tables-cut",
	  "truncating a hugetlbfs file reaches regions and ordinary mappings",
	  tables_cut },
	{ "refuse", "CREATE_MAPPING refuses unsuitable files and descriptors",
	  refuse },
	{ "protect-file",
	  "PROTECT grants no access rights that the file's descriptor lacks",
	  protect_file },
};

static void setup(void)
{
	start = region_address(200);
	object = start + 16 * MIB;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
