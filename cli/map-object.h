/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_MAP_OBJECT_H
#define CLI_MAP_OBJECT_H

#include <argp.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "message.h"
#include "range.h"

/* The object that map, and create with --map, map into a region. */

struct mapping {
	const char *option; /* a given option, or NULL */
	int prot;
	bool noreserve, populate, huge, has_offset, has_prot, force;
	bool quiet;       /* shows no progress */
	const char *path; /* of a file, or NULL */
	uint64_t offset;
	int file;      /* its descriptor, or -1 */
	uint64_t rest; /* size of the file from offset on */
};

#define MAPPING_DEFAULT                                     \
	{                                                   \
		.prot = PROT_READ | PROT_WRITE, .file = -1, \
	}

/* --prot, --noreserve, --file, --offset, --populate and --huge. */
extern const struct argp mapping_argp;

/* All checks that need no change. EXIT_*. */
int mapping_open(struct mapping *mapping);
void mapping_close(struct mapping *mapping);

/*
 * Populates a mapping that exists, between interrupt_hold() and
 * interrupt_release(). Reports the error, unless a signal is pending. EXIT_*.
 */
int mapping_populate(const struct mapping *mapping, int fd, struct range range,
		     const struct subject *subject);

/* The part of a range that the object can fill. */
struct range mapping_limit(const struct mapping *mapping, struct range range);

/* Reports whether mapping_make() would fail, and changes nothing. EXIT_*. */
int mapping_try(const struct mapping *mapping, int fd, struct range range,
		const struct subject *subject);

/*
 * All or nothing, between interrupt_hold() and interrupt_release(). Reports the
 * error, unless a signal is pending. EXIT_*.
 */
int mapping_make(const struct mapping *mapping, int fd, struct range range,
		 const struct subject *subject);

#endif
