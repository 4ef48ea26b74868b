/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_MAP_OBJECT_H
#define CLI_MAP_OBJECT_H

#include <argp.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "message.h"
#include "range.h"

/* What map, and create with --map, map into a region. */

struct mapping {
	const char *option; /* one that was given, or NULL */
	int prot;
	bool noreserve, populate, huge, has_offset;
	const char *path; /* of a file, or NULL */
	uint64_t offset;
	int file;      /* its descriptor, or -1 */
	uint64_t rest; /* how much of it there is from offset on */
};

#define MAPPING_DEFAULT                                     \
	{                                                   \
		.prot = PROT_READ | PROT_WRITE, .file = -1, \
	}

/* --prot, --noreserve, --file, --offset, --populate and --huge. */
extern const struct argp mapping_argp;

/* All that can go wrong before anything is changed. EXIT_*. */
int mapping_open(struct mapping *mapping);
void mapping_close(struct mapping *mapping);

/* The part of a range that there is something for. */
struct range mapping_limit(const struct mapping *mapping, struct range range);

/* Says so where mapping_make() is sure to fail, and changes nothing. EXIT_*. */
int mapping_try(const struct mapping *mapping, int fd, struct range range,
		const struct subject *subject);

/*
 * All or nothing, between interrupt_hold() and interrupt_release(). Says what
 * failed, unless a signal is pending. EXIT_*.
 */
int mapping_make(const struct mapping *mapping, int fd, struct range range,
		 const struct subject *subject);

#endif
