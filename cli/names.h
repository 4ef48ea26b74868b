/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stdbool.h>

#include "message.h"
#include "mount.h"
#include "region.h"

/* What the words of a command line stand for. */

struct cli;

/*
 * Finds msharefs, or says why not. dir is an argument that names the mount
 * point, or NULL. EXIT_SUCCESS or EXIT_UNAVAILABLE.
 */
int names_mount(const struct cli *cli, const char *dir, struct mount *mount);

/*
 * The mount point that was named: by dir, by --mount-point or in the
 * environment; else NULL.
 */
const char *names_mount_point(const struct cli *cli, const char *dir);

/* What a message about a name on this mount may mention. */
struct subject names_subject(const struct mount *mount, const char *name);

/* message_failed() for it. */
int names_failed(const struct mount *mount, enum operation op, const char *name,
		 int err);

/* An existing region; says why not. EXIT_SUCCESS or EXIT_FAILURE. */
int names_open(const struct mount *mount, const char *name, int flags,
	       struct region *region);

/* The same, and it has its size. */
int names_open_sized(const struct mount *mount, const char *name, int flags,
		     struct region *region);

/* The path that a name stands for; the caller frees it. Never NULL. */
char *names_path(const struct mount *mount, const char *name);

/* A name, split where the last component of its path begins. */
struct split_name {
	char *path;       /* for names_close() */
	const char *leaf; /* never empty; may be "." or ".." */
	bool slash;       /* one or more followed the name: a directory's */
	int dirfd;        /* of the directory that has leaf; O_PATH */
};

/* 0 or -errno from opening the directory; to be closed in both cases. */
int names_split(const struct mount *mount, const char *name,
		struct split_name *split);
void names_close(struct split_name *split);

#endif
