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
	bool is_found; /* by search: no path was given */
};

/*
 * Opens the msharefs mounted on path or, if path is NULL, the msharefs that
 * mshare_find_mount() finds. 0 or -errno, as mshare_open_mount().
 */
int mount_open(const char *path, struct mount *mount);
void mount_close(struct mount *mount);

/*
 * The mount point of another msharefs, which the caller frees, or NULL. Further
 * mount points of the same msharefs do not count.
 */
char *mount_find_other(const struct mount *mount);

/* The mounts of a listing. */
struct mounts {
	struct mount *items;
	size_t count;
};

/*
 * Adds each msharefs in /proc/self/mountinfo that is not one of the mounts, and
 * that is not below another file system. 0 or -errno; the mounts found until
 * then are added.
 */
int mount_add_others(struct mounts *mounts);
void mount_close_all(struct mounts *mounts);

/* What a mount holds, and its limits; 0: unlimited. */
struct mount_usage {
	uint64_t size_limit, used;   /* bytes; used is 0 without a limit */
	uint64_t names_limit, names; /* names is 0 without a limit */
};

/* 0 or -errno. */
int mount_get_usage(const struct mount *mount, struct mount_usage *usage);

/*
 * The path of a region: name itself if name is absolute or begins with the
 * component . or .., otherwise relative to the mount point. NULL: out of
 * memory.
 */
char *mount_resolve(const struct mount *mount, const char *name);

/*
 * path without the mount point, if path is below the mount point:
 * mount_resolve() returns the same path for the result.
 */
const char *mount_relative(const struct mount *mount, const char *path);

/*
 * 0: fd is on this msharefs. -EXDEV: on another msharefs. -EMEDIUMTYPE: on
 * another file system.
 */
int mount_check_fd(const struct mount *mount, int fd);

/*
 * Mounts an msharefs on dir; options may be NULL. 0 or -errno, including
 * 	-EPERM		not allowed
 * 	-EOPNOTSUPP	this kernel lacks msharefs
 * 	-EEXIST		dir is on an msharefs already
 * 	-EBUSY		another file system is mounted on dir
 * 	-ENOTEMPTY	the mount would hide the contents of dir
 * 	-EINVAL		an option is wrong
 * With the option remount, changes the msharefs on dir; -EMEDIUMTYPE: another
 * file system. With try, checks for these errors and mounts nothing. reason has
 * MOUNT_REASON bytes, and gets the text of the kernel, or "".
 */
int mount_attach(const char *dir, const char *options, bool try, char *reason);

#define MOUNT_REASON 256

/* Whether remount is one of the options, which may be NULL. */
bool mount_is_remount(const char *options);

/* Unmounts the file system on dir. 0 or -errno. */
int mount_detach(const char *dir);

#endif
