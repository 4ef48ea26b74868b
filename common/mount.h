/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_MOUNT_H
#define COMMON_MOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MOUNT_DEFAULT "/sys/fs/mshare"
#define MOUNT_INFO    "mshare_info"

struct mount {
	char *path;
	int fd;
	dev_t dev;
	uint64_t granule;
};

/*
 * Opens the msharefs mounted on path or, when path is NULL, the one that
 * mountinfo tells of: the default mount point's where there are several.
 * Nothing is ever mounted here. 0 or
 *	-EOPNOTSUPP	this kernel has no msharefs
 *	-ENODEV		it has, and none is mounted
 *	-EMEDIUMTYPE	path is no msharefs
 *	-ENODATA	path is a part of an msharefs, without mshare_info
 *	-EPROTO		mshare_info does not hold a number
 *	-errno		path or mshare_info can't be opened
 */
int mount_open(const char *path, struct mount *mount);
void mount_close(struct mount *mount);

/*
 * The search of mount_open() alone, over given files in the format of
 * /proc/self/mountinfo and /proc/filesystems. *path is the caller's to free.
 */
int mount_search(const char *mountinfo, const char *filesystems, char **path);

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
 * Keeps others from choosing a range at the same time; gives up after
 * timeout_ms. -EBUSY: somebody else still holds it.
 */
int mount_lock(const struct mount *mount, int timeout_ms);

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
