// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/swap.h>

#include "check.h"
#include "swap.h"

#define ZRAM "/dev/zram0"

static void set_zram(const char *file, const char *value)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/zram0/%s", file);
	f = fopen(path, "we");
	must(f, "cannot open %s: %m", path);
	must(fputs(value, f) >= 0 && !fclose(f), "writing %s to %s: %m", value,
	     path);
}

void swap_add(void)
{
	set_zram("disksize", "512M");
	must(!system("mkswap " ZRAM " >/dev/null"), "mkswap failed");
	must(!swapon(ZRAM, 0), "swapon: %m");
}

void swap_remove(void)
{
	must(!swapoff(ZRAM), "swapoff: %m");
	set_zram("reset", "1");
}

const char *swap_device(void)
{
	static char device[64];
	FILE *file = fopen("/proc/swaps", "re");
	int found;

	must(file, "cannot open /proc/swaps: %m");
	/* The first line is a heading. */
	found = fscanf(file, "%*[^\n]\n%63s", device);
	fclose(file);
	return found == 1 ? device : NULL;
}

int swap_anew(const char *device)
{
	if (swapoff(device))
		return -errno;
	must(!swapon(device, 0), "swapon %s: %m", device);
	return 0;
}
