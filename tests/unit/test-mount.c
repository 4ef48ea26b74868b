// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "internal.h"
#include "mount.h"

#define ROOT "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define SYS  "23 22 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
#define MSHARE(id, dir) \
	id " 23 0:30 / " dir " rw,nosuid,nodev,noexec - msharefs msharefs rw\n"
#define PART(id, dir) \
	id " 23 0:30 /sub " dir " rw,nosuid,nodev - msharefs msharefs rw\n"

static const char *write_file(char *path, const char *text)
{
	int fd;

	strcpy(path, "/tmp/mshare-unit-XXXXXX");
	fd = mkstemp(path);
	check(fd >= 0 &&
	      write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return path;
}

/* wanted is a path, or NULL with an error. */
static void check_search(const char *mountinfo, const char *filesystems,
			 const char *wanted, int wanted_err)
{
	char info[64], fs[64], *path = NULL;
	int err;

	write_file(info, mountinfo);
	write_file(fs, filesystems);
	err = mshare_search_mounts(info, fs, NULL, &path);
	check_int(err, wanted_err);
	if (wanted)
		check_string(path, wanted);
	else
		check(!path);
	free(path);
	unlink(info);
	unlink(fs);
}

static void searches(void)
{
	const char *with = "nodev\tsysfs\n\text4\nnodev\tmsharefs\n";
	const char *without = "nodev\tsysfs\n\text4\nnodev\tmsharefs2\n";

	check_search(ROOT SYS MSHARE("30", "/sys/fs/mshare"), with,
		     "/sys/fs/mshare", 0);
	check_search(ROOT SYS, with, NULL, -ENODEV);
	check_search(ROOT SYS, without, NULL, -EOPNOTSUPP);
	check_search(ROOT MSHARE("30", "/mnt/a\\040b"), with, "/mnt/a b", 0);
	/* The usual place before others, and the last of others. */
	check_search(ROOT SYS MSHARE("30", "/sys/fs/mshare")
			     MSHARE("31", "/mnt"),
		     with, "/sys/fs/mshare", 0);
	check_search(ROOT SYS MSHARE("30", "/a") MSHARE("31", "/b"), with, "/b",
		     0);
	/* A mounted directory of an msharefs only without a whole msharefs. */
	check_search(ROOT SYS MSHARE("30", "/a") PART("31", "/b"), with, "/a",
		     0);
	check_search(ROOT SYS PART("31", "/sys/fs/mshare") MSHARE("32", "/a"),
		     with, "/a", 0);
	check_search(ROOT SYS PART("31", "/sys/fs/mshare"), with,
		     "/sys/fs/mshare", 0);
	/* Fields that are optional, and lines that are not mountinfo's. */
	check_search("30 23 0:30 / /a rw shared:7 master:1 - msharefs x rw\n",
		     with, "/a", 0);
	check_search("- msharefs\n - msharefs x\n1 2 - msharefs x\n", with,
		     NULL, -ENODEV);
	check_search("30 23 0:30 / /a\\134b\\0 rw - msharefs x rw", with,
		     "/a\\b\\0", 0);
}

/* As an overlay of many layers has them, and as many containers do. */
static void searches_long_lines(void)
{
	const char *with = "nodev\tmsharefs\n";
	static char text[512 * 1024];
	char *end = text;

	end += sprintf(end, ROOT "24 22 0:40 / /merged rw - overlay overlay "
				 "rw,lowerdir=");
	for (int i = 0; i < 120; i++)
		end += sprintf(end, "%s/var/lib/layers/%032d/diff",
			       i ? ":" : "", i);
	end += sprintf(end, "\n" MSHARE("30", "/a\\040b\\012c#"));
	for (int i = 0; i < 2000; i++)
		end += sprintf(end,
			       "%d 22 0:%d / /run/netns/n%d rw - tmpfs "
			       "tmpfs rw,size=65536k\n",
			       100 + i, 100 + i, i);
	check_search(text, with, "/a b\nc#", 0);
}

static void resolves(void)
{
	char root[] = "/sys/fs/mshare";
	const struct mount mount = { .path = root, .fd = -1 };
	static const struct {
		const char *name, *path;
	} cases[] = {
		{ "pg", "/sys/fs/mshare/pg" },
		{ "dir/pg", "/sys/fs/mshare/dir/pg" },
		{ ".hidden", "/sys/fs/mshare/.hidden" },
		{ "..x/y", "/sys/fs/mshare/..x/y" },
		{ "...", "/sys/fs/mshare/..." },
		{ "/sys/fs/mshare/pg", "/sys/fs/mshare/pg" },
		{ "/tmp/x", "/tmp/x" },
		{ ".", "." },
		{ "./pg", "./pg" },
		{ "..", ".." },
		{ "../pg", "../pg" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *path = mount_resolve(&mount, cases[i].name);

		check_string(path, cases[i].path);
		free(path);
	}
}

static void makes_relative(void)
{
	char root[] = "/sys/fs/mshare/";
	const struct mount mount = { .path = root, .fd = -1 };

	check_string(mount_relative(&mount, "/sys/fs/mshare/pg"), "pg");
	check_string(mount_relative(&mount, "/sys/fs/mshare//d/pg"), "d/pg");
	check_string(mount_relative(&mount, "/sys/fs/mshare2/pg"),
		     "/sys/fs/mshare2/pg");
	check_string(mount_relative(&mount, "pg"), "pg");
	/* The rest is never an absolute path. */
	check_string(mount_relative(&mount, "/sys/fs/mshare//./pg"), "pg");
	check_string(mount_relative(&mount, "/sys/fs/mshare/././/.x/./y"),
		     ".x/./y");
	check_string(mount_relative(&mount, "/sys/fs/mshare/../pg"),
		     "/sys/fs/mshare/../pg");
	check_string(mount_relative(&mount, "/sys/fs/mshare/."),
		     "/sys/fs/mshare/.");
}

/*
 * A name that begins like the mount point's path is not below the mount point.
 */
static void keeps_names(void)
{
	char root[] = "mnt";
	const struct mount mount = { .path = root, .fd = -1 };

	check_string(mount_relative(&mount, "mnt/pg"), "mnt/pg");
}

static void refuses_other_file_systems(void)
{
	struct mount mount;

	check_int(mount_open("/proc", &mount), -EMEDIUMTYPE);
	check_int(mount_open("/proc/version", &mount), -ENOTDIR);
	check_int(mount_open("/nonexistent", &mount), -ENOENT);
	check_int(mshare_search_mounts("/nonexistent", "/dev/null", NULL, NULL),
		  -ENOENT);
}

int main(void)
{
	searches();
	searches_long_lines();
	resolves();
	makes_relative();
	keeps_names();
	refuses_other_file_systems();
	return checks_status();
}
