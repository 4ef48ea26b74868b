/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A line on standard error, if that is a terminal, while work takes longer than
 * a second.
 */
struct progress {
	bool quiet;
	uint64_t total; /* bytes */
	uint64_t next;  /* time of the next line */
	bool is_shown;
};

struct progress progress_begin(uint64_t total, bool quiet);
void progress_update(struct progress *progress, uint64_t done);
/* Clears the line. */
void progress_end(struct progress *progress);

/* "NAME: interrupted after 3G of 4G", and the effect, or NULL. */
void progress_interrupted(const char *name, uint64_t done, uint64_t total,
			  const char *effect);

#endif
