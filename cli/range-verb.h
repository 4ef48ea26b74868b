/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_RANGE_VERB_H
#define CLI_RANGE_VERB_H

#include <argp.h>
#include <stdbool.h>

#include "message.h"
#include "mount.h"
#include "region.h"
#include "names.h"

/* The common part of the commands that change a region. */

struct cli;

struct change_target {
	const char *name;
	bool dry_run, quiet;
};

/*
 * A range as it was asked for on the command line: all of the region from the
 * address on, unless said otherwise.
 */
struct wanted_range {
	bool has_addr, has_size;
	struct range range;
};

/* NAME and a range in it. */
struct change {
	struct change_target target;
	struct wanted_range wanted;
};

/* --dry-run, --quiet and NAME, for a command's argp. */
extern const struct argp change_target_argp;

/* The same with --addr and --size, for a struct change. */
extern const struct argp change_argp;

/* These options and the global options: the children of a command's argp. */
extern const struct argp_child change_children[];

/* The open region and range of a struct change. */
struct changed {
	struct mount mount;
	struct region region;
	struct range range;
	struct subject subject;
};

/* Opens the region, or reports the error. EXIT_*; close after EXIT_SUCCESS. */
int change_open(const struct cli *cli, const struct change *change,
		struct changed *changed);
void change_close(struct changed *changed);

/* message_failed() for a request on a region that may be sealed. */
int change_failed(enum operation op, int fd, const struct subject *subject,
		  int err);

/* A verb that is one request to a range of a region. */
struct range_verb {
	enum operation op;
	const char *done, *would; /* as in "mapped" and "would map" */
	/* The request, with the verb's own input. 0 or -errno. */
	int (*apply)(int fd, struct range range, const void *input);
};

/*
 * Finds the region and the range, makes the request, and reports the result.
 * how is the word after the size, or NULL. EXIT_*.
 */
int range_verb_run(const struct cli *cli, const struct range_verb *verb,
		   const struct change *change, const char *how,
		   const void *input);

/* "NAME: created 2G at 0x...", "NAME: would map 2G rw at ...", or NAME. */
void change_report(const struct change_target *target, const char *done,
		   const char *would, struct range range, const char *how);

#endif
