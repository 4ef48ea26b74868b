/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_REGION_H
#define COMMON_REGION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <mshare.h>

#include "range.h"

struct region {
	int fd;
	struct range range; /* size 0: not set yet */
	struct stat st;
};

/* What is to be mapped. */
struct region_object {
	int prot;
	unsigned int flags; /* MAP_NORESERVE or 0 */
	int file;           /* a descriptor, or -1 for anonymous memory */
	uint64_t offset;
};

/* All of these return 0 or -errno; what is said of libmshare's holds for them. */

/* -EMEDIUMTYPE: not on msharefs. -EISDIR: a directory. -ENOTTY: no region. */
int region_open_at(int dirfd, const char *path, int flags, struct region *r);
void region_close(struct region *r);

int region_get_range(int fd, struct range *range);
int region_set_range(int fd, struct range range);
int region_map(int fd, struct range range, const struct region_object *object);
int region_unmap(int fd, struct range range);
int region_protect(int fd, struct range range, int prot);
int region_stat(int fd, struct mshare_stat *stat);

/*
 * The mapping at addr or the next one; -ENOENT: there is none from there on.
 * name gets the file's path, "" for anonymous memory; PATH_MAX is enough.
 */
int region_next_mapping(int fd, uint64_t addr, struct mshare_mapping *mapping,
			char *name, size_t name_size);

/* MADV_*, where msharefs.h lists it. */
int region_advise(int fd, struct range range, int advice);

/* flags: 0 or MLOCK_ONFAULT. */
int region_lock(int fd, struct range range, unsigned int flags);
int region_unlock(int fd, struct range range);

/* MSHAREFS_SEAL_*, in addition to those it has. */
int region_seal(int fd, unsigned int seals);

/* As mbind(2), except that nodes has words of 64 bits; NULL for no nodes. */
int region_mempolicy(int fd, struct range range, unsigned int mode,
		     const uint64_t *nodes, size_t words, unsigned int flags);

/* 0 when fd is on msharefs, else -EMEDIUMTYPE. */
int region_check_fs(int fd);

#endif
