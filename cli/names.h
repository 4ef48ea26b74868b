/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stdbool.h>

#include "message.h"
#include "mount.h"
#include "region.h"

/* The meaning of words of the command line. */

struct cli;
struct listing_options;

/*
 * Opens the mount, or reports the error. dir is an argument with the mount
 * point, or NULL. EXIT_SUCCESS or EXIT_UNAVAILABLE.
 */
int names_mount(const struct cli *cli, const char *dir, struct mount *mount);

/*
 * Opens the mount of a listing, or all mounts; a note has the mount point of
 * another msharefs that a search did not choose. EXIT_SUCCESS, or reports the
 * error: EXIT_UNAVAILABLE without a mount.
 */
int names_mounts(const struct cli *cli, const struct listing_options *options,
		 struct mounts *mounts);

/*
 * The mount point from dir, from --mount-point or from the environment;
 * otherwise NULL.
 */
const char *names_mount_point(const struct cli *cli, const char *dir);

/* Whether both paths, without following links, are names of one file. */
bool names_same_file(int dirfd1, const char *path1, int dirfd2,
		     const char *path2);

/* The values for a message about a name on this mount. */
struct subject names_subject(const struct mount *mount, const char *name);

/* message_failed() for a name. */
int names_failed(const struct mount *mount, enum operation op, const char *name,
		 int err);

/* Beside the flags of open(): to attach, for which reading can suffice. */
#define NAMES_ATTACH (1 << 30)

/*
 * Opens an existing region, or reports the error. EXIT_SUCCESS or EXIT_FAILURE.
 */
int names_open(const struct mount *mount, const char *name, int flags,
	       struct region *region);

/* The same, for a region with a size. */
int names_open_sized(const struct mount *mount, const char *name, int flags,
		     struct region *region);

/*
 * Opens the path of a name, which must be on the mount. A descriptor,
 * -EXDEV, or -errno.
 */
int names_open_path(const struct mount *mount, const char *name, int flags);

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
