/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_REGION_H
#define COMMON_REGION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <linux/msharefs.h>

#include "range.h"

#define MSHAREFS_TYPE  "msharefs"
#define MSHAREFS_MAGIC 0x4d534852

struct region {
	int fd;
	struct range range; /* size 0: not set yet */
	struct stat st;
};

/* All of these return 0 or -errno. */

/* -EMEDIUMTYPE: not on msharefs. -EISDIR: a directory. -ENOTTY: no region. */
int region_open_at(int dirfd, const char *path, int flags, struct region *r);
void region_close(struct region *r);

int region_get_range(int fd, struct range *range);
int region_set_range(int fd, struct range range);
int region_map(int fd, struct range range, int prot, bool noreserve);
int region_unmap(int fd, struct range range);
int region_protect(int fd, struct range range, int prot);
int region_stat(int fd, struct mshare_stat *stat);

/* 0 when fd is on msharefs, else -EMEDIUMTYPE. */
int region_check_fs(int fd);

#endif
