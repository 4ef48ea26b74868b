// SPDX-License-Identifier: GPL-2.0-only
#include "environment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "escape.h"

char *environment_list(const struct environment_region *regions, size_t count)
{
	char *list = NULL;
	size_t len;
	FILE *f;

	f = open_memstream(&list, &len);
	if (!f)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		fprintf(f, "%s0x%" PRIx64 ":%" PRIu64 ":", i ? " " : "",
			regions[i].range.start, regions[i].range.size);
		escape_word(f, regions[i].name);
	}
	if (fclose(f)) {
		free(list);
		return NULL;
	}
	return list;
}

int environment_set(const struct environment_region *regions, size_t count)
{
	char addr[32], size[32], *list;
	int err = 0;

	snprintf(addr, sizeof(addr), "0x%" PRIx64, regions[0].range.start);
	snprintf(size, sizeof(size), "%" PRIu64, regions[0].range.size);
	list = environment_list(regions, count);
	if (!list)
		return -ENOMEM;
	if (setenv("MSHARE_ADDR", addr, 1) || setenv("MSHARE_SIZE", size, 1) ||
	    setenv("MSHARE_REGIONS", list, 1))
		err = -errno;
	free(list);
	return err;
}
