// SPDX-License-Identifier: GPL-2.0-only
#include "mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mshare.h>

#include "internal.h"

int mount_open(const char *path, struct mount *mount)
{
	struct stat st;
	int err;

	*mount = (struct mount){ .fd = -1 };
	if (path)
		mount->path = strdup(path);
	else
		err = mshare_find_mount(&mount->path);
	if (path)
		err = mount->path ? 0 : -ENOMEM;
	if (!err)
		err = mshare_open_mount(mount->path, &mount->fd);
	if (!err)
		err = mshare_granule(mount->fd, &mount->granule);
	if (!err && fstat(mount->fd, &st))
		err = -errno;
	if (err)
		mount_close(mount);
	else
		mount->dev = st.st_dev;
	return err;
}

void mount_close(struct mount *mount)
{
	if (mount->fd >= 0)
		close(mount->fd);
	free(mount->path);
	*mount = (struct mount){ .fd = -1 };
}

static bool names_a_path(const char *name)
{
	if (*name == '/')
		return true;
	if (*name != '.')
		return false;
	name += name[1] == '.' ? 2 : 1;
	return *name == '\0' || *name == '/';
}

char *mount_resolve(const struct mount *mount, const char *name)
{
	char *path;

	if (names_a_path(name))
		return strdup(name);
	if (asprintf(&path, "%s/%s", mount->path, name) < 0)
		return NULL;
	return path;
}

const char *mount_relative(const struct mount *mount, const char *path)
{
	size_t len = strlen(mount->path);
	const char *name;

	while (len > 1 && mount->path[len - 1] == '/')
		len--;
	if (!names_a_path(path) || strncmp(path, mount->path, len) ||
	    path[len] != '/')
		return path;
	name = path + len;
	while (*name == '/' || !strncmp(name, "./", 2))
		name++;
	return names_a_path(name) ? path : name;
}

int mount_check_fd(const struct mount *mount, int fd)
{
	struct stat st;
	int err;

	err = mshare_check(fd);
	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	return st.st_dev == mount->dev ? 0 : -EXDEV;
}

/* 1: something is mounted on dir itself. 0 or -errno. */
static int is_mount_point(const char *dir)
{
	struct libmnt_table *table = mnt_new_table();
	char *path = realpath(dir, NULL);
	int ret = -ENOMEM;

	if (table && path)
		ret = mnt_table_parse_file(table, "/proc/self/mountinfo");
	if (ret > 0)
		ret = -EIO;
	if (!ret)
		ret = mnt_table_find_target(table, path, MNT_ITER_BACKWARD) !=
		      NULL;
	free(path);
	mnt_unref_table(table);
	return ret;
}

/* 0 if the directory is empty, -ENOTEMPTY or -errno. */
static int check_empty(const char *dir)
{
	const struct dirent *entry;
	int err = 0;
	DIR *d;

	d = opendir(dir);
	if (!d)
		return -errno;
	errno = 0;
	while (!err && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = -ENOTEMPTY;
	if (!err)
		err = -errno;
	closedir(d);
	return err;
}

/* 0 if nothing prevents a mount. */
static int mount_check(const char *dir)
{
	int fd, err;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = mshare_check(fd);
	close(fd);
	if (err != -EMEDIUMTYPE)
		return err ? err : -EEXIST;
	err = is_mount_point(dir);
	if (err)
		return err > 0 ? -EBUSY : err;
	return check_empty(dir);
}

/* The errno of a failed call to libmount, from its return value. */
static int context_error(struct libmnt_context *context, int ret)
{
	if (!ret)
		return 0;
	if (mnt_context_syscall_called(context) &&
	    mnt_context_get_syscall_errno(context))
		return -mnt_context_get_syscall_errno(context);
	/* libmount's own error numbers begin at 5000. */
	return ret < 0 && ret > -5000 ? ret : -EINVAL;
}

static struct libmnt_context *new_context(const char *dir)
{
	struct libmnt_context *context = mnt_new_context();

	if (!context)
		return NULL;
	/* Neither fstab, nor mount.msharefs, nor files in /run are needed. */
	if (mnt_context_disable_helpers(context, true) ||
	    mnt_context_disable_mtab(context, true) ||
	    mnt_context_set_target(context, dir)) {
		mnt_free_context(context);
		return NULL;
	}
	return context;
}

int mount_attach(const char *dir, const char *options, bool try)
{
	struct libmnt_context *context;
	int err;

	/* For other users, libmount searches fstab and says so. */
	if (geteuid())
		return -EPERM;
	err = mount_check(dir);
	if (err == -ENOENT && !strcmp(dir, MSHARE_MOUNT_POINT))
		return -EOPNOTSUPP;
	if (err)
		return err;
	if (try)
		return mshare_is_listed(MSHARE_FILESYSTEMS) ? 0 : -EOPNOTSUPP;
	context = new_context(dir);
	if (!context)
		return -ENOMEM;
	err = mnt_context_set_fstype(context, MSHAREFS_TYPE);
	if (!err)
		err = mnt_context_set_source(context, MSHAREFS_TYPE);
	if (!err && options)
		err = mnt_context_set_options(context, options);
	if (!err)
		err = context_error(context, mnt_context_mount(context));
	mnt_free_context(context);
	return err == -ENODEV ? -EOPNOTSUPP : err;
}

int mount_detach(const char *dir)
{
	struct libmnt_context *context;
	int err;

	if (geteuid())
		return -EPERM;
	context = new_context(dir);
	if (!context)
		return -ENOMEM;
	err = context_error(context, mnt_context_umount(context));
	mnt_free_context(context);
	return err;
}
