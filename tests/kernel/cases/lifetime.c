// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region's memory and page tables exist until its name, its descriptors and
 * its windows are all gone, whichever process created it; and no longer.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW (PROT_READ | PROT_WRITE)
/* The size of fill(), once in pages and once in page tables. */
#define HELD_KB 4096
/* Memory that the rest of the guest may allocate or free meanwhile. */
#define SLACK_KB 1024

static const char *path;
static uint64_t start, size;

static long memory_before, tables_before;

static long memory(void)
{
	return meminfo("Shmem");
}

/* A page in each 2 MiB: as much memory for page tables as for pages. */
static void fill(void)
{
	paint((void *)start, size, TABLE_SPAN, 1);
}

static int full_region(void)
{
	int fd;

	memory_before = memory();
	tables_before = page_tables();
	if (!path)
		path = region_path();
	fd = region_create(path, start, size);
	region_fill(fd, start, size, RW);
	window_map(fd, start, size, RW, 0);
	fill();
	return fd;
}

static void check_held(const char *when)
{
	check(memory() - memory_before > HELD_KB - SLACK_KB,
	      "memory went %s: %ld KiB, %ld before there was a region", when,
	      memory(), memory_before);
	check(page_tables() - tables_before > HELD_KB - SLACK_KB,
	      "tables went %s: %ld KiB, %ld before there was a region", when,
	      page_tables(), tables_before);
}

static void check_gone(const char *when)
{
	long limit = memory_before + SLACK_KB;
	long left = settle(memory, limit);

	check(left <= limit, "memory stays %s: %ld KiB, %ld at first", when,
	      left, memory_before);
	limit = tables_before + SLACK_KB;
	left = settle(page_tables, limit);
	check(left <= limit, "tables stay %s: %ld KiB, %ld at first", when,
	      left, tables_before);
}

static void drop_window(void)
{
	check(!munmap((void *)start, size), "munmap: %m");
}

static void drop_name(void)
{
	check(!unlink(path), "unlink: %m");
}

static void close_last(void)
{
	int fd = full_region();

	drop_name();
	drop_window();
	check_held("with the descriptor open");
	window_map(fd, start, size, RW, 0);
	check(!misses((void *)start, size, TABLE_SPAN, 1), "contents");
	drop_window();
	close(fd);
	check_gone("after the last close");
}

static void munmap_last(void)
{
	int fd = full_region();

	drop_name();
	close(fd);
	check_held("with a window open");
	check(!misses((void *)start, size, TABLE_SPAN, 1), "contents");
	drop_window();
	check_gone("after the last munmap");
}

static void unlink_last(void)
{
	int fd = full_region();

	drop_window();
	close(fd);
	check_held("while it has a name");
	fd = region_open(path, O_RDWR);
	window_map(fd, start, size, RW, 0);
	check(!misses((void *)start, size, TABLE_SPAN, 1), "contents");
	drop_window();
	close(fd);
	drop_name();
	check_gone("after unlink");
}

static void hold(struct peer *parent, void *arg)
{
	int *fd = arg;

	if (*fd >= 0)
		close(*fd);
	check(!misses((void *)start, size, TABLE_SPAN, 1), "contents");
	go(parent);
	wait_go(parent);
}

static void hold_and_exec(struct peer *parent, void *arg)
{
	hold(parent, arg);
	execl("/bin/sleep", "sleep", "100", NULL);
	_exit(127);
}

/* The last window belongs to a child that exits, is killed, or execs. */
static void child_last(void (*run)(struct peer *, void *), int killed,
		       const char *when)
{
	int fd = full_region();
	struct peer peer = peer_start(run, &fd);

	wait_go(&peer);
	close(fd);
	drop_name();
	drop_window();
	check_held("with a child's window open");
	if (killed) {
		peer_kill(&peer);
	} else {
		go(&peer);
		if (run == hold)
			peer_end(&peer);
	}
	check_gone(when);
	if (!killed && run != hold)
		peer_kill(&peer);
}

static void exit_last(void)
{
	child_last(hold, 0, "after the last exit");
}

static void kill_last(void)
{
	child_last(hold, 1, "after SIGKILL of the last");
}

static void exec_last(void)
{
	child_last(hold_and_exec, 0, "after the last exec");
}

/* UNMAP frees an object's memory at once. */
static void unmap_returns(void)
{
	int fd = full_region();
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	check(stat.resident == size / TABLE_SPAN * PAGE, "%llu bytes resident",
	      stat.resident);
	check_result(region_unmap(fd, start, size), 0, "UNMAP");
	check_gone("after UNMAP of all");
	region_stat(fd, &stat);
	check(!stat.resident && !stat.mapped && stat.pgtables < 64 * KIB,
	      "%llu bytes resident, %llu mapped, %llu of tables", stat.resident,
	      stat.mapped, stat.pgtables);
	close(fd);
}

static void outlive_name(struct peer *parent, void *arg)
{
	(void)arg;
	/* Its own window, instead of the inherited one. */
	drop_window();
	window_map(region_open(path, O_RDWR), start, size, RW, 0);
	go(parent);
	wait_go(parent);
	check(!misses((void *)start, size, TABLE_SPAN, 1), "contents");
	/* Pages that are absent can still be faulted in. */
	paint((void *)(start + PAGE), size - PAGE, TABLE_SPAN, 2);
	go(parent);
	wait_go(parent);
}

/* Clients continue, and a new region with that name is another region. */
static void unlink_attached(void)
{
	int fd = full_region(), other;
	struct peer peer = peer_start(outlive_name, NULL);
	struct mshare_info info;

	wait_go(&peer);
	drop_name();
	check(open(path, O_RDWR) < 0 && errno == ENOENT,
	      "an unlinked region can be opened");
	go(&peer);
	wait_go(&peer);
	check(!misses((void *)(start + PAGE), size - PAGE, TABLE_SPAN, 2),
	      "those who are in do not share any more");
	check_result(region_unmap(fd, start + MIB, PAGE), 0,
		     "UNMAP without a name");
	check_result(region_map(fd, start + MIB, PAGE, RW, 0), 0,
		     "CREATE_MAPPING without a name");

	other = region_open(path, O_RDWR | O_CREAT | O_EXCL);
	check_result(region_get_size(other, &info), 0, "GET_SIZE");
	check(!info.start, "a new region has an old one's place");
	close(other);
	drop_name();

	go(&peer);
	peer_end(&peer);
	close(fd);
	drop_window();
	check_gone("when all are out");
}

static void make(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	close(full_region());
}

static void make_and_stay(struct peer *parent, void *arg)
{
	make(parent, arg);
	go(parent);
	wait_go(parent);
}

/* The creator is gone; the region works as before. */
static void use_orphan(void)
{
	int fd = region_open(path, O_RDWR);

	check_held("with its creator");
	window_map(fd, start, size, RW, 0);
	check(!misses((void *)start, size, TABLE_SPAN, 1), "contents");
	paint((void *)(start + PAGE), size - PAGE, TABLE_SPAN, 2);
	check(!misses((void *)(start + PAGE), size - PAGE, TABLE_SPAN, 2),
	      "new pages");
	check_result(region_protect(fd, start, granule, PROT_READ), 0,
		     "PROTECT");
	check(store((void *)start, 1) == SIGSEGV, "PROTECT has no effect");
	check_result(region_unmap(fd, start, granule), 0, "UNMAP");
	check_result(region_map(fd, start, granule, RW, MAP_NORESERVE), 0,
		     "CREATE_MAPPING");
	check(!peek((void *)start), "a new object is not empty");
	check(!store((void *)start, 1), "signal %d", touch_fault.signal);
	drop_window();
	close(fd);
	drop_name();
	check_gone("after unlink of an orphan");
}

static void creator_exited(void)
{
	struct peer peer;

	memory_before = memory();
	tables_before = page_tables();
	path = region_path();
	peer = peer_start(make, NULL);
	peer_end(&peer);
	use_orphan();
}

static void creator_killed(void)
{
	struct peer peer;

	memory_before = memory();
	tables_before = page_tables();
	path = region_path();
	peer = peer_start(make_and_stay, NULL);
	wait_go(&peer);
	peer_kill(&peer);
	use_orphan();
}

static void *make_in_thread(void *fd)
{
	*(int *)fd = region_create(path, start, size);
	region_fill(*(int *)fd, start, size, RW);
	return NULL;
}

/* The creating thread ends, its process continues. */
static void creator_thread(void)
{
	pthread_t thread;
	int fd;

	memory_before = memory();
	tables_before = page_tables();
	path = region_path();
	must(!pthread_create(&thread, NULL, make_in_thread, &fd),
	     "no thread: %m");
	pthread_join(thread, NULL);
	window_map(fd, start, size, RW, 0);
	fill();
	close(fd);
	drop_window();
	use_orphan();
}

/* in KiB */
static long shmem(void)
{
	return meminfo("Shmem");
}

/* An object keeps nothing of its parts that were unmapped. */
static void unmap_part(void)
{
	uint64_t most = 32 * MIB, left = start + most - PAGE;
	int fd = region_create(region_path(), start, granule);
	long before = shmem();

	must(!region_map(fd, start, most, RW,
			 MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | MAP_POPULATE),
	     "no memory");
	window_map(fd, start, granule, RW, 0);
	store((void *)left, 1);
	/* Several mappings of one object. */
	check_result(region_protect(fd, start + 4 * MIB, MIB, PROT_READ), 0,
		     "PROTECT");
	check(shmem() - before > 31 * 1024, "populated: %ld KiB",
	      shmem() - before);
	check_result(region_unmap(fd, start, most - PAGE), 0, "UNMAP");
	check(shmem() - before < 1024, "UNMAP leaves %ld KiB",
	      shmem() - before);
	check(*(uint64_t *)left == 1, "the rest has lost its contents");
}

/* On a mount with room for one such region and the kernel's own needs. */
static void remake(void)
{
	uint64_t most = 16 * MIB;
	long before = shmem();
	int fd;

	regions_mount("size=16436k");
	path = region_path();
	for (int i = 0; i < 20; i++) {
		fd = region_create(path, start, granule);
		must(!region_map(fd, start, most, RW,
				 MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS),
		     "round %d finds no room", i);
		check(shmem() - before < 4 * 1024, "%ld KiB of the last one",
		      shmem() - before);
		check_result(
			region_advise(fd, start, most, MADV_POPULATE_WRITE), 0,
			"POPULATE");
		check_result(region_map(fd, start + most, PAGE, RW,
					MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS),
			     ENOSPC, "mapping more");
		check(!unlink(path), "unlink: %m");
		close(fd);
	}
}

/* Much, so that what frees it later is seen at work. */
#define MUCH (256 * MIB)

static int populated_region(const char *name)
{
	int region = region_create(name, start, granule);

	must(!region_map(region, start, MUCH, RW,
			 MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | MAP_POPULATE),
	     "no memory");
	check(shmem() > (long)(MUCH / KIB / 2), "populated: %ld KiB", shmem());
	return region;
}

static void check_closed(int region, long before, const char *when)
{
	long after;

	close(region);
	after = shmem();
	check(after - before < 4 * 1024, "%s: %ld KiB when close(2) is done",
	      when, after - before);
}

/* The memory is free when the last close returns, whatever rename() did. */
static void renames(void)
{
	char other[128], second[128];
	long before = shmem();
	int fd;

	path = region_path();
	snprintf(other, sizeof(other), "%s-other", path);
	snprintf(second, sizeof(second), "%s-second", path);
	fd = populated_region(path);
	close(region_create(other, start, granule));
	check(renameat2(AT_FDCWD, other, AT_FDCWD, path, RENAME_WHITEOUT) &&
		      errno == EINVAL,
	      "a rename that leaves a whiteout: %m");
	check(!unlink(path), "unlink: %m");
	check_closed(fd, before, "a rename that failed");

	fd = populated_region(path);
	check(!link(path, second), "link: %m");
	check(!rename(other, path), "rename: %m");
	check(!unlink(second), "unlink: %m");
	check_closed(fd, before, "a name of two that was replaced");
	check(!unlink(path), "unlink: %m");
}

static double own_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/*
 * rename() holds the locks of directories, which everybody's open(), unlink()
 * and rename() there wait for: it must not free the region that it replaces.
 */
static void replaced_later(void)
{
	double closing, renaming;
	long before = shmem();
	char other[128];
	int fd;

	path = region_path();
	snprintf(other, sizeof(other), "%s-other", path);
	fd = populated_region(path);
	check(!unlink(path), "unlink: %m");
	closing = own_time();
	close(fd);
	closing = own_time() - closing;

	close(populated_region(path));
	close(region_create(other, start, granule));
	renaming = own_time();
	check(!rename(other, path), "rename: %m");
	renaming = own_time() - renaming;
	check(renaming < closing / 4,
	      "rename takes %.4f s, freeing the region %.4f s", renaming,
	      closing);
	check(settle(shmem, before + SLACK_KB) < before + 4 * SLACK_KB,
	      "%ld KiB stay", shmem() - before);
	check(!unlink(path), "unlink: %m");
}

/* What parts of a PTE table leave is freed with the range around them. */
static void unmap_parts(void)
{
	uint64_t most = 16 * TABLE_SPAN;
	int fd = region_create(region_path(), start, granule);
	struct msharefs_stat before, after;

	region_stat(fd, &before);
	window_map(fd, start, granule, RW, 0);
	region_fill(fd, start, most, RW);
	paint((void *)start, most, TABLE_SPAN / 2, 1);
	for (uint64_t at = start; at < start + most; at += TABLE_SPAN / 2)
		check_result(region_unmap(fd, at, TABLE_SPAN / 2), 0, "UNMAP");
	check_result(region_unmap(fd, start, granule), 0, "UNMAP of all");
	region_stat(fd, &after);
	/* The tables of the upper levels stay. */
	check(after.pgtables <= before.pgtables + 2 * PAGE,
	      "%llu bytes of tables, %llu at first", after.pgtables,
	      before.pgtables);
	check(store((void *)start, 1) == SIGSEGV, "memory is still mapped");
}

static void sees_two(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	check(peek((void *)start) == 2, "another process has %#llx",
	      (unsigned long long)peek((void *)start));
}

/* Puts what was freed to another use. */
static void use_free_memory(uint64_t amount)
{
	void *memory =
		mmap(NULL, amount, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(memory != MAP_FAILED, "mmap: %m");
	madvise(memory, amount, MADV_NOHUGEPAGE);
	paint(memory, amount, PAGE, 1);
}

/*
 * A client's link to the table of a granule must be right after UNMAP of the
 * whole granule: the next access would fault forever, or use another's memory.
 */
static void unmap_granule(void)
{
	int fd = region_create(region_path(), start, granule);
	struct peer peer;

	window_map(fd, start, granule, RW, 0);
	region_fill(fd, start, granule, RW);
	check(!store((void *)start, 1), "before UNMAP");
	check_result(region_unmap(fd, start, granule), 0, "UNMAP");
	use_free_memory(64 * MIB);
	region_fill(fd, start, granule, RW);
	alarm(60);
	check(peek((void *)start) == 0, "after UNMAP: %#llx",
	      (unsigned long long)peek((void *)start));
	check(!store((void *)start, 2), "after UNMAP");
	alarm(0);
	peer = peer_start(sees_two, NULL);
	peer_end(&peer);
}

static const struct test_case cases[] = {
	{ "close-last", "the kernel frees the memory at the last close",
	  close_last },
	{ "munmap-last", "the kernel frees the memory at the last munmap",
	  munmap_last },
	{ "unlink-last", "the kernel frees the memory at the last unlink",
	  unlink_last },
	{ "exit-last", "the kernel frees the memory when the last client exits",
	  exit_last },
	{ "kill-last",
	  "the kernel frees the memory when the last client is killed",
	  kill_last },
	{ "exec-last",
	  "the kernel frees the memory when the last client executes a program",
	  exec_last },
	{ "unmap-returns", "UNMAP frees the memory", unmap_returns },
	{ "unlink-attached", "clients can use an unlinked region",
	  unlink_attached },
	{ "creator-exited", "a region outlives its creator's exit",
	  creator_exited },
	{ "creator-killed", "a region outlives its creator's death by SIGKILL",
	  creator_killed },
	{ "creator-thread",
	  "a region outlives the thread that created the region",
	  creator_thread },
	{ "unmap-part", "UNMAP of a part frees the memory of the part",
	  unmap_part },
	{ "renames",
	  "the kernel frees the memory at the last close, after any rename",
	  renames },
	{ "replaced-later",
	  "rename does not wait until the region that it replaces is freed",
	  replaced_later },
	{ "unmap-parts",
	  "UNMAP frees the page tables that UNMAP of parts has left",
	  unmap_parts },
	{ "unmap-granule",
	  "clients can use a granule that was unmapped and mapped again",
	  unmap_granule },
	{ "remake",
	  "a new region can use the space of a removed region at once", remake,
	  CASE_LONG },
};

static void setup(void)
{
	start = region_address(48);
	size = HELD_KB * KIB / PAGE * TABLE_SPAN;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
