// SPDX-License-Identifier: GPL-2.0-only
/*
 * Windows: their allowed places, the operations on them, and that an address
 * range is an ordinary one again after its window is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW       (PROT_READ | PROT_WRITE)
#define ANY_ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

/* A region of four granules with one object, unless a case says otherwise. */
static uint64_t start;
static uint64_t size;
static const char *path;

static int new_region(void)
{
	int fd;

	path = region_path();
	fd = region_create(path, start, size);
	region_fill(fd, start, size, RW);
	return fd;
}

/*
 * A few words in each granule, one of them in a page table far from the others.
 */
static void paint_region(uint64_t tag)
{
	paint((void *)start, size, granule / 2, tag);
	paint((void *)start, 4 * PAGE, PAGE, tag);
}

static bool region_is_painted(uint64_t tag)
{
	return !misses((void *)start, size, granule / 2, tag) &&
	       !misses((void *)start, 4 * PAGE, PAGE, tag);
}

static int result_of(void *mapped)
{
	return mapped == MAP_FAILED ? -errno : 0;
}

/* As in requests.c: a row contains only the differences from a good call. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define WINDOW(what, want, ...)                                         \
	{                                                               \
		what, want, .open = O_RDWR, .length = size, .prot = RW, \
			    .flags = MAP_SHARED, __VA_ARGS__            \
	}

static void place(void)
{
	const uint64_t g = granule;
	const struct {
		const char *what;
		int want;
		int open;
		uint64_t addr, length;
		int prot, flags;
		uint64_t offset;
	} rows[] = {
		/* What works */
		WINDOW("no address", 0, ),
		WINDOW("its address", 0, .addr = start),
		WINDOW("its address, MAP_FIXED", 0, .addr = start,
		       .flags = MAP_SHARED | MAP_FIXED),
		WINDOW("its address, MAP_FIXED_NOREPLACE", 0, .addr = start,
		       .flags = MAP_SHARED | MAP_FIXED_NOREPLACE),
		WINDOW("MAP_SHARED_VALIDATE", 0, .flags = MAP_SHARED_VALIDATE),
		WINDOW("its first granule", 0, .length = g),
		WINDOW("its last granule", 0, .offset = 3 * g, .length = g),
		WINDOW("its middle", 0, .offset = g, .length = 2 * g),
		WINDOW("an address in the middle", 0, .addr = start + g,
		       .offset = g, .length = g),
		WINDOW("to read", 0, .prot = PROT_READ),
		WINDOW("for nothing", 0, .prot = PROT_NONE),
		WINDOW("to read, O_RDONLY", 0, .open = O_RDONLY,
		       .prot = PROT_READ),

		/* Addresses */
		WINDOW("another address", EINVAL, .addr = start - 8 * g),
		WINDOW("a granule off", EINVAL, .addr = start + g),
		WINDOW("another address, MAP_FIXED", EINVAL,
		       .addr = start - 8 * g, .flags = MAP_SHARED | MAP_FIXED),
		WINDOW("a granule off, MAP_FIXED", EINVAL, .addr = start + g,
		       .flags = MAP_SHARED | MAP_FIXED),
		WINDOW("a page off, MAP_FIXED", EINVAL, .addr = start + PAGE,
		       .flags = MAP_SHARED | MAP_FIXED),
		WINDOW("the start for another offset", EINVAL, .addr = start,
		       .offset = g, .length = g),

		/* Lengths and offsets */
		WINDOW("length 0", EINVAL, .length = 0),
		WINDOW("a page", EINVAL, .length = PAGE),
		WINDOW("a page more than a granule", EINVAL,
		       .length = g + PAGE),
		WINDOW("a page less than a granule", EINVAL,
		       .length = g - PAGE),
		WINDOW("more than there is", EINVAL, .length = size + g),
		WINDOW("an offset of a page", EINVAL, .offset = PAGE,
		       .length = g),
		WINDOW("an offset of a page, and to the end", EINVAL,
		       .offset = PAGE, .length = size - PAGE),
		WINDOW("an offset at the end", EINVAL, .offset = size,
		       .length = g),
		WINDOW("out over the end", EINVAL, .offset = 3 * g,
		       .length = 2 * g),
		WINDOW("an offset far outside", REFUSED, .offset = 1ULL << 62,
		       .length = g),
		WINDOW("an offset that wraps", REFUSED, .offset = -g,
		       .length = 2 * g),
		WINDOW("a length that wraps", REFUSED, .length = -g),

		/* Flags and access rights */
		WINDOW("MAP_PRIVATE", EINVAL, .flags = MAP_PRIVATE),
		WINDOW("MAP_PRIVATE, O_RDONLY", EINVAL, .open = O_RDONLY,
		       .prot = PROT_READ, .flags = MAP_PRIVATE),
		WINDOW("to write, O_RDONLY", EACCES, .open = O_RDONLY),
		WINDOW("to read, O_WRONLY", EACCES, .open = O_WRONLY,
		       .prot = PROT_READ),
	};

	close(new_region());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = region_open(path, rows[i].open);
		void *got = mmap((void *)rows[i].addr, rows[i].length,
				 rows[i].prot, rows[i].flags, fd,
				 rows[i].offset);
		struct msharefs_stat stat;

		check_result(result_of(got), rows[i].want, "%s", rows[i].what);
		region_stat(fd, &stat);
		check(stat.attached == !rows[i].want,
		      "%s: %llu processes attached", rows[i].what,
		      stat.attached);
		if (got != MAP_FAILED) {
			check(got == (void *)(start + rows[i].offset),
			      "%s: at %p", rows[i].what, got);
			check(!munmap(got, rows[i].length), "munmap: %m");
		}
		close(fd);
	}
}

static void sizeless(void)
{
	int fd = region_open(region_path(), O_RDWR | O_CREAT | O_EXCL);

	check_result(result_of(mmap(NULL, granule, RW, MAP_SHARED, fd, 0)),
		     EINVAL, "a window before the size is set");
	check_result(result_of(mmap((void *)start, granule, RW,
				    MAP_SHARED | MAP_FIXED, fd, 0)),
		     EINVAL, "the same with MAP_FIXED");
	check_result(region_set_size(fd, start, granule), 0, "SET_SIZE");
	check_result(result_of(mmap(NULL, granule, RW, MAP_SHARED, fd, 0)), 0,
		     "a window after the size is set");
}

/* Without MAP_FIXED, a window must not replace a mapping. */
static void occupied(void)
{
	int fd = new_region();
	char *there = mmap((void *)(start + granule), PAGE, RW,
			   ANY_ANON | MAP_FIXED, -1, 0);

	must(there != MAP_FAILED, "mmap: %m");
	paint(there, PAGE, PAGE, 1);
	check_result(result_of(mmap(NULL, size, RW, MAP_SHARED, fd, 0)),
		     REFUSED, "no address, something there");
	check_result(
		result_of(mmap((void *)start, size, RW, MAP_SHARED, fd, 0)),
		REFUSED, "its address, something there");
	check_result(result_of(mmap((void *)start, size, RW,
				    MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0)),
		     EEXIST, "MAP_FIXED_NOREPLACE, something there");
	check(!misses(there, PAGE, PAGE, 1), "what was there has changed");
	check(result_of(mmap((void *)start, size, RW, MAP_SHARED | MAP_FIXED,
			     fd, 0)) == 0,
	      "MAP_FIXED: %m");
	check(!peek(there), "MAP_FIXED left what was there");
	close(fd);
}

static void refused(void)
{
	const uint64_t g = granule;
	char *window;
	int fd = new_region();

	window = window_map(fd, start, size, RW, 0);
	paint_region(2);

#define refuse(call)                                                  \
	do {                                                          \
		check_result((call) ? -errno : 0, REFUSED, #call);    \
		check(region_is_painted(2), "window hurt by " #call); \
	} while (0)
#define refuse_map(call) refuse((call) == MAP_FAILED)

	/* A part of a granule cannot be unmapped. */
	refuse(munmap(window, PAGE));
	refuse(munmap(window, g + PAGE));
	refuse(munmap(window + g + PAGE, g));
	refuse(munmap(window + size - PAGE, PAGE));
	refuse(munmap(window - g, 2 * g - PAGE));
	refuse(munmap(window + g + PAGE, PAGE));
	refuse_map(mmap(window, PAGE, RW, ANY_ANON | MAP_FIXED, -1, 0));
	refuse_map(mmap(window + g, g + PAGE, RW, ANY_ANON | MAP_FIXED, -1, 0));

	/* A window keeps its address and does not grow. */
	refuse_map(mremap(window, size, size + g, 0));
	refuse_map(mremap(window, size, size + g, MREMAP_MAYMOVE));
	refuse_map(mremap(window, size, size - PAGE, 0));
	refuse_map(mremap(window, size, PAGE, 0));
	refuse_map(mremap(window, size, g, MREMAP_MAYMOVE | MREMAP_FIXED,
			  window + 16 * g));
	refuse_map(mremap(window, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			  window + 16 * g));
	refuse_map(mremap(window, g, g, MREMAP_MAYMOVE | MREMAP_FIXED,
			  window + 16 * g));
	refuse_map(mremap(window + PAGE, PAGE, PAGE,
			  MREMAP_MAYMOVE | MREMAP_FIXED, window + 16 * g));
	refuse_map(mremap(window, 0, size, MREMAP_MAYMOVE));
	refuse_map(
		mremap(window, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));

	/* PROTECT changes access rights in a part of a granule. */
	refuse(mprotect(window, PAGE, PROT_READ));
	refuse(mprotect(window + g, g + PAGE, PROT_READ));
	refuse(mprotect(window + size - PAGE, PAGE, PROT_NONE));
#undef refuse_map
#undef refuse

	check(!munmap(window, size), "munmap of the window: %m");
	check(load(window, &(uint64_t){ 0 }) == SIGSEGV,
	      "the window is still there after munmap");
	close(fd);
}

/* Signals of a load and of a store in the middle of a granule. */
static void check_rights(unsigned int i, int prot, const char *when)
{
	volatile char *at = (char *)start + i * granule + granule / 4;
	uint64_t value;

	check_int(load(at, &value), prot & PROT_READ ? 0 : SIGSEGV);
	check(store(at, 1) == (prot & PROT_WRITE ? 0 : SIGSEGV),
	      "%s: store to granule %u: signal %d", when, i,
	      touch_fault.signal);
}

static void check_all_rights(const int prot[4], const char *when)
{
	for (unsigned int i = 0; i < 4; i++)
		check_rights(i, prot[i], when);
}

static void keep_rights(struct peer *parent, void *arg)
{
	const int all[4] = { RW, RW, RW, RW };

	(void)arg;
	check_all_rights(all, "other process, at first");
	go(parent);
	wait_go(parent);
	check_all_rights(all, "other process, in the end");
}

/* Rights, of granules, of one process alone. */
static void protected(void)
{
	const uint64_t g = granule;
	int fd = new_region();
	char *window = window_map(fd, start, size, RW, 0);
	struct peer peer = peer_start(keep_rights, NULL);
	struct msharefs_stat stat;

	wait_go(&peer);
	paint_region(18);
	check(!mprotect(window + g, 2 * g, PROT_READ), "mprotect: %m");
	check_all_rights((int[]){ RW, PROT_READ, PROT_READ, RW }, "middle");
	check(!mprotect(window + 2 * g, 2 * g, PROT_NONE), "mprotect: %m");
	check_all_rights((int[]){ RW, PROT_READ, 0, 0 }, "half");
	/* A child has the rights of its parent. */
	if (!fork()) {
		check_all_rights((int[]){ RW, PROT_READ, 0, 0 }, "child");
		_exit(failed_checks ? 1 : 0);
	}
	check(wait(&(int){ 0 }) > 0, "wait: %m");
	region_stat(fd, &stat);
	check(stat.attached == 2, "%llu processes attached", stat.attached);
	check(!mprotect(window, size, RW), "mprotect of all pieces: %m");
	check_all_rights((int[]){ RW, RW, RW, RW }, "all");
	check(region_is_painted(18), "contents");
	go(&peer);
	peer_end(&peer);
	check(!munmap(window, size), "munmap of all pieces: %m");
	close(fd);
}

/* Parts that are granules are windows like others. */
static void pieces(void)
{
	const uint64_t g = granule;
	int fd = new_region();
	char *window = window_map(fd, start, size, RW, 0);
	struct msharefs_stat stat;
	uint64_t value;

	paint_region(19);
	check(!munmap(window + g, g), "munmap: %m");
	check(load(window + g, &value) == SIGSEGV &&
		      touch_fault.code == SEGV_MAPERR,
	      "the granule is still there");
	check(!misses(window + 2 * g, 2 * g, g / 2, 19) &&
		      !misses(window, 4 * PAGE, PAGE, 19),
	      "the others have changed");
	must(mmap(window + 2 * g, g, RW, ANY_ANON | MAP_FIXED, -1, 0) !=
		     MAP_FAILED,
	     "mmap over a granule: %m");
	check(!peek(window + 2 * g), "the region shows through");
	paint(window + 2 * g, g, g / 2, 20);
	check(!munmap(window + 2 * g, g), "munmap: %m");
	check(mremap(window + 3 * g, g, g, 0) == window + 3 * g, "mremap: %m");
	window_map(fd, start + g, 2 * g, RW, g);
	check(region_is_painted(19), "contents");
	check(mremap(window, g, g, 0) == window, "mremap: %m");
	check(!munmap(window + 3 * g, g) && !munmap(window, g), "munmap: %m");
	region_stat(fd, &stat);
	check(stat.attached == 1, "%llu processes attached", stat.attached);
	check(mremap(window + g, 2 * g, g, 0) == window + g, "shrink: %m");
	check(load(window + 2 * g, &value) == SIGSEGV, "it is still there");
	check(!munmap(window + g, g), "munmap: %m");
	region_stat(fd, &stat);
	check(!stat.attached, "%llu processes attached", stat.attached);
	close(fd);
}

/* A range with other mappings besides the window. */
static void munmap_around(void)
{
	int fd = new_region();
	char *window = window_map(fd, start, size, RW, 0);
	char *before = window - PAGE, *after = window + size;

	must(mmap(before, PAGE, RW, ANY_ANON | MAP_FIXED, -1, 0) == before &&
		     mmap(after, PAGE, RW, ANY_ANON | MAP_FIXED, -1, 0) ==
			     after,
	     "mmap: %m");
	paint_region(3);
	paint(before, PAGE, PAGE, 3);
	paint(after, PAGE, PAGE, 3);
	check(!munmap(before, size + 2 * PAGE), "munmap: %m");
	check(load(before, &(uint64_t){ 0 }) == SIGSEGV &&
		      load(window, &(uint64_t){ 0 }) == SIGSEGV &&
		      load(after, &(uint64_t){ 0 }) == SIGSEGV,
	      "something is left of the range");
	window_map(fd, start, size, RW, 0);
	check(region_is_painted(3), "the region lost its contents");
	close(fd);
}

static void grandchild(struct peer *parent, void *arg)
{
	(void)arg;
	check(region_is_painted(5), "the grandchild sees something else");
	paint_region(6);
	go(parent);
}

static void child(struct peer *parent, void *arg)
{
	char *window = (char *)start;
	struct peer below;
	int status;
	pid_t pid;

	(void)arg;
	check(region_is_painted(4), "the child sees something else");
	paint_region(5);
	below = peer_start(grandchild, NULL);
	wait_go(&below);
	peer_end(&below);
	check(region_is_painted(6), "what the grandchild wrote is not here");

	/*
	 * A child that unmaps its window, and a child that is killed with a
	 * window.
	 */
	pid = fork();
	if (!pid)
		_exit(munmap(window, size) ||
		      load(window, &(uint64_t){ 0 }) != SIGSEGV);
	waitpid(pid, &status, 0);
	check(!status, "munmap in a child: wait status %#x", status);
	pid = fork();
	if (!pid)
		raise(SIGKILL);
	waitpid(pid, &status, 0);
	check(region_is_painted(6), "other processes' ends hurt the window");

	go(parent);
	wait_go(parent);
	/* The parent has unmapped its window by now. */
	check(region_is_painted(7), "the window went with the parent's");
	paint_region(8);
	go(parent);
	wait_go(parent);
}

static void fork_inherits(void)
{
	int fd = new_region();
	struct msharefs_stat stat;
	struct peer peer;

	window_map(fd, start, size, RW, 0);
	paint_region(4);
	peer = peer_start(child, NULL);
	wait_go(&peer);
	region_stat(fd, &stat);
	check(stat.attached >= 2, "%llu attached, not two or more",
	      stat.attached);
	check(region_is_painted(6), "what the child wrote is not here");
	paint_region(7);
	check(!munmap((void *)start, size), "munmap: %m");
	check(load((void *)start, &(uint64_t){ 0 }) == SIGSEGV,
	      "the child's window keeps the parent's alive");
	go(&peer);
	wait_go(&peer);
	region_stat(fd, &stat);
	check(stat.attached == 1, "%llu attached, not the child alone",
	      stat.attached);
	window_map(fd, start, size, RW, 0);
	check(region_is_painted(8), "the child's contents are not here");
	go(&peer);
	peer_end(&peer);
	check(region_is_painted(8), "the child's end hurt the window");
	close(fd);
}

/* Run by exec_drops(): is there a mapping at the address in the environment? */
static void nothing_there(void)
{
	const char *where = getenv("GUEST_ADDRESS");
	uint64_t value;

	must(where, "no GUEST_ADDRESS");
	check(load((void *)strtoull(where, NULL, 0), &value) == SIGSEGV,
	      "the window is still there after exec");
	check(touch_fault.code == SEGV_MAPERR, "si_code %d", touch_fault.code);
}

static void exec_drops(void)
{
	int fd = new_region(), status;
	struct msharefs_stat stat;
	char address[32];
	pid_t pid;

	window_map(fd, start, size, RW, 0);
	paint_region(9);
	snprintf(address, sizeof(address), "%#lx", start);
	setenv("GUEST_ADDRESS", address, 1);
	for (int i = 0; i < 2; i++) {
		/*
		 * A process that has a window, and a process that borrows its
		 * mm.
		 */
		pid = i ? vfork() : fork();
		if (!pid) {
			execl("/proc/self/exe", "windows", "nothing-there",
			      NULL);
			_exit(127);
		}
		waitpid(pid, &status, 0);
		check(!status, "exec'd program: wait status %#x", status);
		region_stat(fd, &stat);
		check(stat.attached == 1, "%llu attached after exec and exit",
		      stat.attached);
		check(region_is_painted(9), "exec hurt the parent's window");
	}
	close(fd);
}

static void observer(struct peer *parent, void *arg)
{
	(void)arg;
	window_map(region_open(path, O_RDWR), start, size, RW, 0);
	go(parent);
	wait_go(parent);
	/* The other process has written at the same addresses meanwhile. */
	check(region_is_painted(10),
	      "writes to ordinary memory went into the region");
	paint_region(12);
	go(parent);
	wait_go(parent);
}

/* One round: map a window, unmap it, map ordinary memory in its place. */
static void reuse_once(int fd, int huge, int over)
{
	struct peer peer;
	char *window, *memory;

	peer = peer_start(observer, NULL);
	wait_go(&peer);
	window = window_map(fd, start, size, RW, 0);
	paint_region(10);

	if (!over)
		check(!munmap(window, size), "munmap: %m");
	memory = mmap(window, size, RW, ANY_ANON | MAP_FIXED, -1, 0);
	must(memory == window, "ordinary memory: %m");
	if (huge)
		madvise(memory, size, MADV_HUGEPAGE);
	check(!peek(memory) && !peek(memory + PAGE) &&
		      !peek(memory + granule / 2) &&
		      !peek(memory + 3 * granule),
	      "the region shows through in ordinary memory");
	paint_region(11);
	go(&peer);
	wait_go(&peer);
	check(region_is_painted(11),
	      "writes to the region went into ordinary memory");
	check(!munmap(memory, size), "munmap: %m");
	go(&peer);
	peer_end(&peer);

	window_map(fd, start, size, RW, 0);
	check(region_is_painted(12), "the region lost its contents");
	check(!munmap(window, size), "munmap: %m");
}

static void reuse(void)
{
	int fd = new_region();

	reuse_once(fd, 0, 0);
	reuse_once(fd, 0, 1);
	reuse_once(fd, 1, 0);
	reuse_once(fd, 1, 1);
	close(fd);
}

static void partial(void)
{
	const uint64_t g = granule;
	int fd = new_region();
	char *all = window_map(fd, start, size, RW, 0);
	uint64_t value;

	paint_region(13);
	check(!munmap(all, size), "munmap: %m");

	/* An address of NULL means the address of this part of the region. */
	check(window_map(fd, 0, g, RW, 2 * g) == all + 2 * g,
	      "the third granule is not at its place");
	check(!misses(all + 2 * g, g, g / 2, 13), "it holds something else");
	check(load(all + g, &value) == SIGSEGV &&
		      touch_fault.code == SEGV_MAPERR,
	      "the second is there as well");
	check(load(all + 3 * g, &value) == SIGSEGV &&
		      touch_fault.code == SEGV_MAPERR,
	      "the fourth is there as well");

	/* Adjacent windows stay separate, whatever the kernel merges. */
	window_map(fd, start + g, g, RW, g);
	window_map(fd, start + 3 * g, g, RW, 3 * g);
	check(!misses(all + g, 3 * g, g / 2, 13), "contents of all three");
	check(!munmap(all + 2 * g, g), "munmap of the one between: %m");
	check(load(all + 2 * g, &value) == SIGSEGV, "it is still there");
	check(!misses(all + g, g, g / 2, 13) &&
		      !misses(all + 3 * g, g, g / 2, 13),
	      "its neighbours are hurt");
	check(!munmap(all + g, g) && !munmap(all + 3 * g, g), "munmap: %m");

	/* A window over itself. */
	window_map(fd, start, size, RW, 0);
	check(mmap(all, size, RW, MAP_SHARED | MAP_FIXED, fd, 0) == all,
	      "a window over itself: %m");
	check(region_is_painted(13), "a window over itself shows less");
	close(fd);
}

#define NEIGHBOURS 8

/* Adjacent regions share the upper page tables of the process. */
static void several(void)
{
	const uint64_t g = granule;
	char *at[NEIGHBOURS], *between;
	int fds[NEIGHBOURS];
	uint64_t value;

	for (int i = 0; i < NEIGHBOURS; i++) {
		/*
		 * Ordinary memory is between the fourth and the fifth region.
		 */
		uint64_t addr = start + (i + i / 4) * g;

		fds[i] = region_create(region_path(), addr, g);
		region_fill(fds[i], addr, g, RW);
		at[i] = window_map(fds[i], addr, g, RW, 0);
	}
	between = (char *)start + 4 * g;
	must(mmap(between, g, RW, ANY_ANON | MAP_FIXED, -1, 0) == between,
	     "ordinary memory: %m");
	paint(between, g, g / 4, 99);
	for (int i = 0; i < NEIGHBOURS; i++)
		paint(at[i], g, g / 4, i);
	for (int i = 0; i < NEIGHBOURS; i += 2)
		check(!munmap(at[i], g), "munmap: %m");
	for (int i = 0; i < NEIGHBOURS; i++) {
		if (i % 2)
			check(!misses(at[i], g, g / 4, i),
			      "region %d lost its contents", i);
		else
			check(load(at[i], &value) == SIGSEGV,
			      "the window of region %d is still there", i);
	}
	check(!misses(between, g, g / 4, 99), "the memory between changed");
	check(!munmap(between, g), "munmap: %m");
	for (int i = 0; i < NEIGHBOURS; i += 2) {
		window_map(fds[i], (uint64_t)at[i], g, RW, 0);
		check(!misses(at[i], g, g / 4, i),
		      "region %d lost its contents", i);
	}
}

/* Two regions can have the same address; one process can use one of them. */
static void same_address(void)
{
	int one = new_region(), two = new_region();
	char *window = window_map(one, start, size, RW, 0);

	paint_region(14);
	check_result(result_of(mmap(NULL, size, RW, MAP_SHARED, two, 0)),
		     REFUSED, "a second window at the same address");
	check(region_is_painted(14), "it hurt the first");
	check(mmap(window, size, RW, MAP_SHARED | MAP_FIXED, two, 0) == window,
	      "MAP_FIXED: %m");
	check(!peek(window) && !peek(window + granule / 2),
	      "the first region shows through in the second");
	paint_region(15);
	check(mmap(window, size, RW, MAP_SHARED | MAP_FIXED, one, 0) == window,
	      "MAP_FIXED: %m");
	check(region_is_painted(14), "the second region wrote into the first");
	close(one);
	close(two);
}

/*
 * Whatever effect these calls have on a window, shared memory keeps its
 * contents, and nothing breaks.
 */
static void calls(void)
{
	static const struct {
		const char *name;
		int number;
	} advice[] = {
		{ "MADV_NORMAL", MADV_NORMAL },
		{ "MADV_RANDOM", MADV_RANDOM },
		{ "MADV_SEQUENTIAL", MADV_SEQUENTIAL },
		{ "MADV_WILLNEED", MADV_WILLNEED },
		{ "MADV_DONTNEED", MADV_DONTNEED },
		{ "MADV_FREE", MADV_FREE },
		{ "MADV_MERGEABLE", MADV_MERGEABLE },
		{ "MADV_UNMERGEABLE", MADV_UNMERGEABLE },
		{ "MADV_HUGEPAGE", MADV_HUGEPAGE },
		{ "MADV_NOHUGEPAGE", MADV_NOHUGEPAGE },
		{ "MADV_DONTDUMP", MADV_DONTDUMP },
		{ "MADV_DODUMP", MADV_DODUMP },
		{ "MADV_WIPEONFORK", MADV_WIPEONFORK },
		{ "MADV_KEEPONFORK", MADV_KEEPONFORK },
		{ "MADV_COLD", MADV_COLD },
		{ "MADV_PAGEOUT", MADV_PAGEOUT },
		{ "MADV_POPULATE_READ", MADV_POPULATE_READ },
		{ "MADV_POPULATE_WRITE", MADV_POPULATE_WRITE },
		{ "MADV_COLLAPSE", 25 },
	};
	unsigned char resident[16];
	int fd = new_region();
	char *window = window_map(fd, start, size, RW, 0);

	paint_region(16);
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		(void)!madvise(window, 4 * PAGE, advice[i].number);
		check(region_is_painted(16), "%s hurt the contents",
		      advice[i].name);
		/* These would allocate all of the region. */
		if (advice[i].number == MADV_POPULATE_READ ||
		    advice[i].number == MADV_POPULATE_WRITE ||
		    advice[i].number == 25)
			continue;
		(void)!madvise(window, size, advice[i].number);
		check(region_is_painted(16), "%s of all hurt the contents",
		      advice[i].name);
	}
	(void)!mincore(window, sizeof(resident) * PAGE, resident);
	(void)!msync(window, size, MS_SYNC | MS_INVALIDATE);
	(void)!mlock2(window, 4 * PAGE, MLOCK_ONFAULT);
	(void)!munlock(window, 4 * PAGE);
	check(region_is_painted(16), "locking hurt the contents");
	check(!munmap(window, size), "munmap: %m");
	close(fd);
}

/* The kernel uses addresses above 47 bits only on request. */
static void high(void)
{
	int fd;

	if (!have_high_addresses()) {
		/* The case set-size in requests.c tests the refusal. */
		printf("no addresses above 47 bits here\n");
		return;
	}
	start = 1ULL << 54;
	fd = new_region();
	window_map(fd, start, size, RW, 0);
	paint_region(17);
	check(!munmap((void *)start, size), "munmap: %m");
	close(fd);
	fork_inherits();
	check(!munmap((void *)start, size), "munmap: %m");
	reuse();
	partial();
}

static const struct test_case cases[] = {
	{ "place", "a window has the region's address and no other", place },
	{ "sizeless", "mmap fails before the size is set", sizeless },
	{ "occupied", "a window replaces another mapping only with MAP_FIXED",
	  occupied },
	{ "refused",
	  "a window cannot be moved, grow, or be split inside a granule",
	  refused },
	{ "protected", "mprotect changes granules, of the process alone",
	  protected },
	{ "pieces", "granules of a window are unmapped and replaced alone",
	  pieces },
	{ "munmap-around", "munmap of a larger range unmaps the whole window",
	  munmap_around },
	{ "fork", "fork inherits windows", fork_inherits },
	{ "exec", "exec drops windows", exec_drops },
	{ "nothing-there", NULL, nothing_there },
	{ "reuse",
	  "ordinary memory in a window's place is independent of the region",
	  reuse },
	{ "partial", "windows on parts of a region are independent", partial },
	{ "several", "adjacent regions are independent", several },
	{ "same-address",
	  "mapping a region replaces a window at the same address",
	  same_address },
	{ "calls", "madvise and similar calls keep the contents of a window",
	  calls },
	{ "high",
	  "a region can lie above 47 bits with page tables of five levels",
	  high },
};

static void setup(void)
{
	start = region_address(8);
	size = 4 * granule;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
