/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CMD_CHANGE_H
#define CMD_CHANGE_H

#include <argp.h>
#include <stdbool.h>

#include "message.h"
#include "region.h"
#include "target.h"

/* What map, unmap and protect have in common: NAME and a range in it. */

struct change {
	const char *name;
	struct target_range wanted;
	bool dry_run, quiet;
};

/* --addr, --size, --dry-run, --quiet and NAME, for a command's argp. */
extern const struct argp change_argp;

/*
 * Finds the region and the range and calls apply, which returns 0 or -errno.
 * done and would say what happens, as in "mapped" and "would map"; rights may
 * be NULL.
 */
int change_run(const struct change *change, enum operation op, const char *done,
	       const char *would, const char *rights,
	       int (*apply)(int fd, struct range range, const void *data),
	       const void *data);

/* "NAME: created 2G at 0x...", or NAME alone. */
void change_report(const char *name, bool quiet, const char *what,
		   struct range range, const char *rights);

#endif
