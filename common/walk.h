/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_WALK_H
#define COMMON_WALK_H

#include <stdbool.h>
#include <sys/stat.h>

struct mount;

struct walk_entry {
	const char *name;      /* relative to the mount point */
	int dirfd;             /* the directory it is in ... */
	const char *leaf;      /* ... and its name there */
	const struct stat *st; /* may be NULL with err */
	int err;               /* what can't be looked at: -errno */
};

/*
 * Calls fn for every region under the mount, sorted by name, until it returns
 * something else than 0, which is returned. Directories come with err only,
 * and the walk goes on behind them.
 */
int walk_regions(const struct mount *mount,
		 int (*fn)(const struct walk_entry *entry, void *data),
		 void *data);

/*
 * The same for regions and directories, each of these before what is in it,
 * below one directory: fd, whose name goes before theirs unless it is "".
 */
int walk_tree(const struct mount *mount, int fd, const char *name,
	      int (*fn)(const struct walk_entry *entry, void *data),
	      void *data);

/*
 * The names in a directory, sorted, without . and ..; a NULL ends them.
 * Free with walk_free_names().
 */
int walk_names(int dirfd, char ***names);
void walk_free_names(char **names);

#endif
