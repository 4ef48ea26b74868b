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
#include "size.h"

#define LOCK_POLL_MS 20

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
		const char *t = mnt_fs_get_target(fs);

		if (!type || !t || strcmp(type, MSHAREFS_TYPE))
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
		return -errno;
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
	err = mount_search("/proc/self/mountinfo", "/proc/filesystems", &found);
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

	while (len > 1 && mount->path[len - 1] == '/')
		len--;
	if (strncmp(path, mount->path, len) || path[len] != '/')
		return path;
	path += len;
	return path + strspn(path, "/");
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
