// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <sys/swap.h>

#include "check.h"
#include "swap.h"

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
