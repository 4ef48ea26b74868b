/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_MOUNT_H
#define COMMON_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct mount {
	char *path;
	int fd;
	dev_t dev;
	uint64_t granule;
};

/*
 * Opens the msharefs mounted on path or, when path is NULL, the one that
 * mshare_find_mount() finds. 0 or -errno, as mshare_open_mount().
 */
int mount_open(const char *path, struct mount *mount);
void mount_close(struct mount *mount);

/*
 * The path of a region: name itself when it is absolute or begins with . or
 * .. as a component, else relative to the mount point. NULL: no memory.
 */
char *mount_resolve(const struct mount *mount, const char *name);

/*
 * path without the mount point in front, where it is below it: what
 * mount_resolve() makes the same path of.
 */
const char *mount_relative(const struct mount *mount, const char *path);

/* 0: fd is on this msharefs. -EXDEV: on another one. -EMEDIUMTYPE: on none. */
int mount_check_fd(const struct mount *mount, int fd);

/*
 * Mounts an msharefs on dir; options may be NULL. 0 or -errno, among them
 *	-EPERM		not allowed
 *	-EOPNOTSUPP	this kernel has no msharefs
 *	-EEXIST		dir is on an msharefs already
 *	-EBUSY		something else is mounted there
 *	-ENOTEMPTY	what is in dir would be hidden
 *	-EINVAL		an option is wrong
 * With try nothing is mounted; only what stands against it is found.
 */
int mount_attach(const char *dir, const char *options, bool try);

/* Unmounts what is mounted on dir. 0 or -errno. */
int mount_detach(const char *dir);

#endif
