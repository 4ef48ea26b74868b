// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of a mount that shell commands cannot reach; 015-limits.bats tests the
 * others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <grp.h>
#include <linux/mman.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "region.h"
#include "touch.h"

#define RW       (PROT_READ | PROT_WRITE)
#define HUGE     (2 * MIB)
#define STRANGER 65534

/* A remount in two steps, with another remount in between. */
static void remounts(void)
{
	const char *mount_point = regions_mount("size=32m");
	int context = fspick(AT_FDCWD, mount_point, FSPICK_CLOEXEC);
	struct statfs fs;

	must(context >= 0, "fspick: %m");
	must(!fsconfig(context, FSCONFIG_SET_STRING, "nr_regions", "7", 0),
	     "nr_regions=7: %m");
	must(!mount(NULL, mount_point, NULL, MS_REMOUNT, "size=64m"),
	     "size=64m: %m");
	check(!fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0),
	      "the remount fails: %m");
	close(context);
	must(!statfs(mount_point, &fs), "statfs: %m");
	check(fs.f_files == 7, "nr_regions=%lu", fs.f_files);
	check(fs.f_blocks == 64 * MIB / PAGE, "%lu pages", fs.f_blocks);
}

/*
 * Changes the access rights of every second page of a file, until the mount is
 * full.
 */
static void splits(void)
{
	const char *mount_point = regions_mount("size=1M");
	const char *object = "/tmp/test-splits";
	const uint64_t start = region_address(0);
	struct statfs fs;
	uint64_t at;
	int fd, file, ret = 0;

	fd = region_create(region_path(), start, granule);
	file = open(object, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(file >= 0 && !unlink(object) && !ftruncate(file, 64 * MIB),
	     "%s: %m", object);
	must(!region_map_file(fd, start, 64 * MIB, PROT_READ, 0, file, 0),
	     "the file is not mapped");
	for (at = 0; at < 64 * MIB && !ret; at += 2 * PAGE)
		ret = region_protect(fd, start + at, PAGE, PROT_NONE);
	check_result(ret, ENOSPC, "PROTECT of page %lu",
		     (unsigned long)(at / PAGE));
	check(at / PAGE > 1000, "PROTECT of page %lu",
	      (unsigned long)(at / PAGE));
	must(!statfs(mount_point, &fs), "statfs: %m");
	check(fs.f_blocks - fs.f_bfree == MIB / PAGE, "%lu of %lu pages used",
	      fs.f_blocks - fs.f_bfree, fs.f_blocks);
	check_result(region_protect(fd, start, 64 * MIB, PROT_READ), 0,
		     "PROTECT of all");
	check_result(region_unmap(fd, start, 64 * MIB), 0, "UNMAP");
	close(file);
	close(fd);
}

static long used_pages(const char *mount_point)
{
	struct statfs fs;

	must(!statfs(mount_point, &fs), "statfs: %m");
	return fs.f_blocks - fs.f_bfree;
}

/* The kernel makes one huge page of the memory; a pipe has one page of it. */
static int pin_huge_page(int fd, uint64_t addr, int pipe_end)
{
	struct iovec page = { .iov_base = (void *)addr, .iov_len = PAGE };
	int ret = -EAGAIN;

	paint((void *)addr, HUGE, PAGE, 1);
	for (int i = 0; i < 100 && ret; i++)
		ret = region_advise(fd, addr, HUGE, MADV_COLLAPSE);
	must(vmsplice(pipe_end, &page, 1, 0) == (ssize_t)PAGE, "vmsplice: %m");
	return ret;
}

/*
 * An ordinary user unmaps all but a page of each huge page, which a pipe keeps
 * from being split.
 */
static void unsplit(void)
{
	enum {
		COUNT = 6
	};
	const char *mount_point = regions_mount("size=64m");
	const uint64_t start = region_address(0), rest = HUGE - PAGE;
	const long pages = COUNT * HUGE / PAGE;
	long used, promised, left;
	int fd, ends[2];

	must(!setgroups(0, NULL) && !setresgid(STRANGER, STRANGER, STRANGER) &&
		     !setresuid(STRANGER, STRANGER, STRANGER),
	     "setresuid: %m");
	must(!pipe(ends), "pipe: %m");
	promised = meminfo("Committed_AS");
	fd = region_create(region_path(), start, granule);
	must(!region_map(fd, start, COUNT * HUGE, RW, 0), "no memory");
	window_map(fd, start, granule, RW, 0);
	for (int i = 0; i < COUNT; i++)
		if (pin_huge_page(fd, start + i * HUGE, ends[1]))
			skip_case("no huge pages");
	used = used_pages(mount_point);
	check(used >= pages, "%ld pages are used for %ld", used, pages);

	for (int i = 0; i < COUNT; i++)
		must(!region_unmap(fd, start + i * HUGE + PAGE, rest), "UNMAP");
	left = used_pages(mount_point);
	check(left >= pages, "%ld pages are used for %ld that exist", left,
	      pages);
	left = meminfo("Committed_AS") - promised;
	check(left >= pages * (long)(PAGE / KIB) - 1024,
	      "%ld KiB are promised for %ld pages", left, pages);

	/* What is mapped there again is not counted twice. */
	must(!region_map(fd, start + PAGE, rest, RW, 0), "again");
	left = used_pages(mount_point);
	check(left < pages + 64, "%ld pages are used for %ld", left, pages);
	check(!peek((void *)(start + PAGE)), "new memory holds %#lx",
	      peek((void *)(start + PAGE)));

	close(ends[0]);
	close(ends[1]);
	must(!region_unmap(fd, start, COUNT * HUGE), "UNMAP of all");
	left = used_pages(mount_point);
	check(left < 64, "%ld pages are used in the end", left);
	left = meminfo("Committed_AS") - promised;
	check(left < 2048, "%ld KiB are promised in the end", left);
	close(fd);
}

static const struct test_case cases[] = {
	{ "splits", "size= counts the VMAs of split mappings", splits },
	{ "unsplit",
	  "size= and Committed_AS count what UNMAP of a part cannot free",
	  unsplit },
	{ "remounts",
	  "concurrent remounts change only the limits that each names",
	  remounts, CASE_LONG },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
