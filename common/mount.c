// SPDX-License-Identifier: GPL-2.0-only
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "region.h"
#include "parse.h"
#include "walk.h"

#define LOCK_POLL_MS 20
#define FILESYSTEMS  "/proc/filesystems"

static bool kernel_has_msharefs(const char *filesystems)
{
	bool found = false;
	char *line = NULL;
	size_t len = 0;
	FILE *f;

	f = fopen(filesystems, "re");
	if (!f)
		return false;
	/* "nodev\tNAME" or "\tNAME" */
	while (!found && getline(&line, &len, f) > 0) {
		char *name = strchr(line, '\t');

		if (!name)
			continue;
		name[strcspn(name, "\n")] = '\0';
		found = !strcmp(name + 1, MSHAREFS_TYPE);
	}
	free(line);
	fclose(f);
	return found;
}

int mount_search(const char *mountinfo, const char *filesystems, char **path)
{
	const char *target = NULL;
	struct libmnt_table *table;
	struct libmnt_iter *iter;
	struct libmnt_fs *fs;
	int err = -ENOMEM;

	table = mnt_new_table();
	/* Backwards: of several on one mount point the last is on top. */
	iter = mnt_new_iter(MNT_ITER_BACKWARD);
	if (!table || !iter)
		goto out;
	err = mnt_table_parse_file(table, mountinfo);
	if (err) {
		err = err < 0 ? err : -EIO;
		goto out;
	}

	while (!mnt_table_next_fs(table, iter, &fs)) {
		const char *type = mnt_fs_get_fstype(fs);
		const char *root = mnt_fs_get_root(fs);
		const char *t = mnt_fs_get_target(fs);

		if (!type || !t || strcmp(type, MSHAREFS_TYPE))
			continue;
		/* A directory of one, without mshare_info. */
		if (!root || strcmp(root, "/"))
			continue;
		if (!target || !strcmp(t, MOUNT_DEFAULT))
			target = t;
	}
	if (!target) {
		err = kernel_has_msharefs(filesystems) ? -ENODEV : -EOPNOTSUPP;
		goto out;
	}
	*path = strdup(target);
	err = *path ? 0 : -ENOMEM;
out:
	mnt_free_iter(iter);
	mnt_unref_table(table);
	return err;
}

static int granule_read(int dirfd, uint64_t *granule)
{
	char buf[32];
	ssize_t n;
	int fd, err;

	fd = openat(dirfd, MOUNT_INFO, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ENODATA : -errno;
	n = read(fd, buf, sizeof(buf) - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	if (size_parse(buf, granule) || !*granule)
		return -EPROTO;
	return 0;
}

static int open_root(const char *path, struct mount *mount)
{
	struct stat st;
	int err;

	mount->path = strdup(path);
	if (!mount->path)
		return -ENOMEM;
	mount->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount->fd < 0 || fstat(mount->fd, &st)) {
		err = -errno;
		goto fail;
	}
	mount->dev = st.st_dev;
	err = region_check_fs(mount->fd);
	if (!err)
		err = granule_read(mount->fd, &mount->granule);
	if (!err)
		return 0;
fail:
	mount_close(mount);
	return err;
}

int mount_open(const char *path, struct mount *mount)
{
	char *found;
	int err;

	*mount = (struct mount){ .fd = -1 };
	if (path)
		return open_root(path, mount);
	/* The one that the search would prefer, found without it. */
	if (!open_root(MOUNT_DEFAULT, mount))
		return 0;
	err = mount_search("/proc/self/mountinfo", FILESYSTEMS, &found);
	if (err)
		return err;
	err = open_root(found, mount);
	free(found);
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

	err = region_check_fs(fd);
	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	return st.st_dev == mount->dev ? 0 : -EXDEV;
}

int mount_lock(const struct mount *mount, int timeout_ms)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };

	/*
	 * Anybody may open the root directory and so hold its lock for as long
	 * as they like: never wait for it without an end.
	 */
	while (flock(mount->fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (timeout_ms <= 0)
			return -EBUSY;
		nanosleep(&pause, NULL);
		timeout_ms -= LOCK_POLL_MS;
	}
	return 0;
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

/* 0 if nothing is in the way of a mount. */
static int mount_check(const char *dir)
{
	char **names;
	int fd, err;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = region_check_fs(fd);
	if (err != -EMEDIUMTYPE) {
		close(fd);
		return err ? err : -EEXIST;
	}
	err = is_mount_point(dir);
	if (err > 0)
		err = -EBUSY;
	if (!err)
		err = walk_names(fd, &names);
	close(fd);
	if (err)
		return err;
	err = *names ? -ENOTEMPTY : 0;
	walk_free_names(names);
	return err;
}

/* What went wrong in libmount, given what its call returned. */
static int context_error(struct libmnt_context *context, int ret)
{
	if (!ret)
		return 0;
	if (mnt_context_syscall_called(context) &&
	    mnt_context_get_syscall_errno(context))
		return -mnt_context_get_syscall_errno(context);
	/* Its own numbers begin at 5000. */
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

	/* libmount looks into fstab for others, and says so. */
	if (geteuid())
		return -EPERM;
	err = mount_check(dir);
	if (err == -ENOENT && !strcmp(dir, MOUNT_DEFAULT))
		return -EOPNOTSUPP;
	if (err)
		return err;
	if (try)
		return kernel_has_msharefs(FILESYSTEMS) ? 0 : -EOPNOTSUPP;
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
