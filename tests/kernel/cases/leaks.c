// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creates and ends hundreds of regions, windows and processes: nothing leaks.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "leak.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW     (PROT_READ | PROT_WRITE)
#define ROUNDS 200

static uint64_t start;

static void check_leaks(void (*round)(int))
{
	/* The first rounds fill caches that the kernel keeps. */
	for (int i = 0; i < 16; i++)
		round(i);
	leaks_begin();
	for (int i = 0; i < ROUNDS; i++)
		round(i);
	leaks_check(ROUNDS);
}

/* A child that leaves the window to exit, or to SIGKILL. */
static void child_with_window(int killed)
{
	pid_t pid = fork();

	must(pid >= 0, "fork: %m");
	if (!pid) {
		peek((void *)start);
		store((void *)(start + MIB), 1);
		if (killed)
			raise(SIGKILL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* The bits of @i select the steps that are done. */
static void one_region(int i)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), MSHARE_MOUNT "/test-leak-%d", i);
	fd = region_open(path, O_RDWR | O_CREAT | O_EXCL);
	if (i & 16)
		unlink(path);
	if (i % 8 == 7)
		goto out; /* without a size */
	region_set_size(fd, start, granule);
	check_result(region_set_size(fd, start, granule), REFUSED, "again");
	if (i % 8 == 6)
		goto out; /* without an object */
	check_result(region_map(fd, start, 4 * MIB, RW, 0), 0, "an object");
	check_result(region_map(fd, start + PAGE, PAGE, RW, 0), REFUSED,
		     "an object in the way");
	check_result(region_map(fd, start + granule / 2, MIB, RW, 0), 0,
		     "another object");
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, 4 * MIB, MIB, i);
	store((void *)(start + granule / 2), i);
	if (i & 1)
		child_with_window(i & 2);
	if (i & 2)
		region_protect(fd, start + MIB, MIB, PROT_READ);
	if (i & 4)
		region_unmap(fd, start + 2 * MIB, granule - 2 * MIB);
	if (i & 8)
		munmap((void *)start, granule);
out:
	close(fd);
	if (!(i & 16))
		unlink(path);
	munmap((void *)start, granule);
}

static void regions(void)
{
	check_leaks(one_region);
}

static int one_fd;

static void one_window(int i)
{
	uint64_t offset = i % 3 * granule;
	void *window =
		window_map(one_fd, 0, granule, i & 1 ? RW : PROT_READ, offset);

	peek(window);
	check(mmap(NULL, PAGE, RW, MAP_SHARED, one_fd, offset) == MAP_FAILED,
	      "a window of a page");
	check(munmap(window, PAGE), "a hole in a window");
	if (i & 2)
		munmap(window, granule);
	else
		mmap(window, granule, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	munmap(window, granule);
}

static void windows(void)
{
	one_fd = region_create(region_path(), start, 3 * granule);
	region_fill(one_fd, start, 3 * granule, RW);
	check_leaks(one_window);
}

static void one_object(int i)
{
	uint64_t at = start + i % 3 * granule;

	check_result(region_map(one_fd, at, 4 * MIB, RW, 0), 0, "an object");
	paint((void *)at, 4 * MIB, MIB, i);
	if (i & 1)
		region_protect(one_fd, at + MIB, MIB, PROT_NONE);
	if (i & 2)
		region_unmap(one_fd, at + 2 * MIB, PAGE);
	check_result(region_unmap(one_fd, at, 4 * MIB), 0, "UNMAP");
}

/* Objects in a region that remains, with a window that remains. */
static void objects(void)
{
	one_fd = region_create(region_path(), start, 3 * granule);
	window_map(one_fd, start, 3 * granule, RW, 0);
	check_leaks(one_object);
}

static void one_process(int i)
{
	child_with_window(i & 1);
}

static void processes(void)
{
	one_fd = region_create(region_path(), start, granule);
	region_fill(one_fd, start, 4 * MIB, RW);
	window_map(one_fd, start, granule, RW, 0);
	check_leaks(one_process);
}

static const struct test_case cases[] = {
	{ "regions", "hundreds of regions leak nothing", regions, CASE_LONG },
	{ "windows", "hundreds of windows leak nothing", windows, CASE_LONG },
	{ "objects", "hundreds of mappings leak nothing", objects, CASE_LONG },
	{ "processes",
	  "hundreds of processes that end with a window leak nothing",
	  processes, CASE_LONG },
};

static void setup(void)
{
	start = region_address(64);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
