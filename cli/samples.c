// SPDX-License-Identifier: GPL-2.0-only
#include "samples.h"

#include <stdlib.h>
#include <time.h>

#include "xalloc.h"

uint64_t samples_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

const struct sample *samples_add(struct samples *s, dev_t dev, ino_t inode,
				 const struct msharefs_stat *stat)
{
	struct sample *sample = xarray_add(&s->now, sizeof(*sample));

	sample->dev = dev;
	sample->inode = inode;
	sample->time = samples_clock();
	sample->stat = *stat;
	return sample;
}

const struct sample *samples_find(const struct array *samples, dev_t dev,
				  ino_t inode, size_t from)
{
	const struct sample *sample = samples->items;
	const size_t count = samples->count;

	for (size_t i = 0; i < count; i++) {
		const size_t at = (from + i) % count;

		if (sample[at].inode == inode && sample[at].dev == dev)
			return &sample[at];
	}
	return NULL;
}

void samples_next(struct samples *s)
{
	struct array spare = s->before;

	spare.count = 0;
	s->before = s->now;
	s->now = spare;
}

void samples_free(struct samples *s)
{
	free(s->before.items);
	free(s->now.items);
}
