/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_SAMPLES_H
#define CLI_SAMPLES_H

#include <stdint.h>
#include <sys/types.h>

#include <mshare.h>

#include "array.h"

/* The figures of regions at two times, for rates. */

struct sample {
	dev_t dev;
	ino_t inode;
	uint64_t time; /* of samples_clock() */
	struct msharefs_stat stat;
};

struct samples {
	struct array before, now; /* struct sample */
};

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t samples_clock(void);

/* Adds a sample to those of now. The pointer is valid until the next call. */
const struct sample *samples_add(struct samples *samples, dev_t dev,
				 ino_t inode, const struct msharefs_stat *stat);

/*
 * The first sample of this inode of the file system, beginning the search at an
 * index; NULL without such a sample. Most regions have the same index in all
 * reports.
 */
const struct sample *samples_find(const struct array *samples, dev_t dev,
				  ino_t inode, size_t from);

/* The samples of now are those of before, and now has none. */
void samples_next(struct samples *samples);
void samples_free(struct samples *samples);

#endif
