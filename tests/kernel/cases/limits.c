// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of a mount that shell commands cannot reach; 015-limits.bats tests the
 * others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "region.h"

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

static const struct test_case cases[] = {
	{ "splits", "size= counts the VMAs of split mappings", splits },
	{ "remounts",
	  "concurrent remounts change only the limits that each names",
	  remounts, CASE_LONG },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
