/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_REGION_H
#define COMMON_REGION_H

#include <sys/stat.h>

#include <mshare.h>

#include "range.h"

/* An open region, with the facts that most commands need. */
struct region {
	int fd;
	struct range range; /* size 0: not set yet */
	struct stat st;
};

/* As mshare_open_at(): 0 or -errno. */
int region_open_at(int dirfd, const char *path, int flags, struct region *r);
void region_close(struct region *r);

#endif
