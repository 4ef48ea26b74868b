/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_MOUNT_ARGS_H
#define CLI_MOUNT_ARGS_H

#include <argp.h>
#include <stdbool.h>

/* [DIR] and --dry-run, as mount and umount have them. */

struct mount_args {
	const char *dir; /* or NULL */
	bool dry_run;
};

extern const struct argp mount_argp;

/* That alone: the children of a command's argp. */
extern const struct argp_child mount_children[];

#endif
