// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first and only process of the kernels that ./dev bisectable boots: makes
 * a region, says so on the console, and ends the guest.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(void)
{
	int fd;

	mkdir("/sys", 0755);
	if (mount("sysfs", "/sys", "sysfs", 0, NULL) ||
	    mount("mshare", "/sys/fs/mshare", "msharefs", 0, NULL))
		return -1;
	fd = open("/sys/fs/mshare/region", O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return -1;
	close(fd);
	return unlink("/sys/fs/mshare/region");
}

int main(void)
{
	if (check())
		perror("boot-check: failed");
	else
		puts("boot-check: a region was made and removed");
	reboot(RB_AUTOBOOT);
	return 1;
}
