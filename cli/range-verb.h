/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_RANGE_VERB_H
#define CLI_RANGE_VERB_H

#include <argp.h>
#include <stdbool.h>

#include "message.h"
#include "mount.h"
#include "region.h"
#include "names.h"

/* The common part of the commands that change a region or a range of it. */

struct cli;

/* NAME and the options of all commands that change a region. */
struct region_options {
	const char *name;
	bool dry_run, quiet, force;
};

/*
 * A range as it was asked for on the command line: all of the region from the
 * address on, unless said otherwise.
 */
struct wanted_range {
	bool has_addr, has_size;
	struct range range;
};

/* The same, and a range in the region. */
struct range_options {
	struct region_options region;
	struct wanted_range wanted;
};

/* --dry-run, --quiet and NAME, for a command's argp. */
extern const struct argp region_options_argp;

/* The same with --addr and --size, for a struct range_options. */
extern const struct argp range_options_argp;

/* These options and the global options: the children of a command's argp. */
extern const struct argp_child range_options_children[];

/* The open region and range of a struct range_options. */
struct open_range {
	struct mount mount;
	struct region region;
	struct range range;
	struct subject subject;
};

/* Opens the region, or reports the error. EXIT_*; close after EXIT_SUCCESS. */
int range_verb_open(const struct cli *cli, const struct range_options *options,
		    struct open_range *open);
void range_verb_close(struct open_range *open);

/* message_failed() for a request on a region that may be sealed. */
int range_verb_failed(enum operation op, int fd, const struct subject *subject,
		      int err);

/*
 * A note if the kernel accepts advice about huge pages for this range, but gives
 * none.
 */
void range_verb_note_huge(int fd, const struct subject *subject);

/* A verb that is one request to a range of a region. */
struct range_verb {
	enum operation op;
	const char *done, *would; /* as in "mapped" and "would map" */
	/* The request, with the verb's own input. 0 or -errno. */
	int (*apply)(int fd, struct range range, const void *input);
	/* Whether the request allocates the memory of the range; or NULL. */
	bool (*populates)(const void *input);
	/* Whether the request can take long; or NULL. */
	bool (*is_long)(const void *input);
	/* Notes after a success; or NULL. */
	void (*after)(int fd, const struct subject *subject);
};

/*
 * Finds the region and the range, makes the request, and reports the result.
 * how is the word after the size, or NULL. EXIT_*.
 */
int range_verb_run(const struct cli *cli, const struct range_verb *verb,
		   const struct range_options *options, const char *how,
		   const void *input);

/* "NAME: created 2G at 0x...", "NAME: would map 2G rw at ...", or NAME. */
void range_verb_report(const struct region_options *region, const char *done,
		       const char *would, struct range range, const char *how);

#endif
