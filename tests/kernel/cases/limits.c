// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of a mount, where the shell's commands cannot get at them; see
 * 015-limits.bats for the rest.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "region.h"

/* A remount in two steps, between which somebody else remounts as well. */
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

static const struct test_case cases[] = {
	{ "remounts", "remounts at once change what each names", remounts,
	  CASE_LONG },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
