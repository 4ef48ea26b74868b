/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include "message.h"
#include "mount.h"
#include "region.h"

/* What the words of a command line stand for. */

struct cli;

/*
 * Finds msharefs, or says why not. dir is an argument that names the mount
 * point, or NULL. EXIT_SUCCESS or EXIT_UNAVAILABLE.
 */
int target_mount(const struct cli *cli, const char *dir, struct mount *mount);

/*
 * The mount point that was named: by dir, by --mount-point or in the
 * environment; else NULL.
 */
const char *target_mount_point(const struct cli *cli, const char *dir);

/* What a message about a name on this mount may mention. */
struct subject target_subject(const struct mount *mount, const char *name);

/* message_failed() for it. */
int target_failed(const struct mount *mount, enum operation op,
		  const char *name, int err);

/* An existing region; says why not. EXIT_SUCCESS or EXIT_FAILURE. */
int target_open(const struct mount *mount, const char *name, int flags,
		struct region *region);

/* The same, and it has its size. */
int target_open_sized(const struct mount *mount, const char *name, int flags,
		      struct region *region);

/* Option arguments, or a usage error that names the option. */
uint64_t target_size_arg(const char *option, const char *arg);
uint64_t target_address_arg(const char *option, const char *arg);
/* what is the word for it, as in "an offset". */
uint64_t target_number_arg(const char *option, const char *what,
			   const char *arg);
int target_prot_arg(const char *arg);

/* A range as it was asked for on the command line. */
struct target_range {
	bool has_addr, has_size;
	struct range range;
};

/*
 * The part of a region that is meant: all of it from addr on, unless said
 * otherwise. Says what is wrong with it.
 */
int target_range(const char *name, const struct region *region,
		 const struct target_range *wanted, struct range *range);

/* The path that a name stands for; the caller frees it. Never NULL. */
char *target_path(const struct mount *mount, const char *name);

/* The directory that a path leads to the last component of: O_PATH, or -errno. */
int target_directory(const char *path);

#endif
