// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mshare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define MOUNTINFO "/proc/self/mountinfo"

/* Of a kernel that does not tell: what a table of the second level maps. */
#define USUAL_GRANULE (1ULL << 30)

bool mshare_is_listed(const char *filesystems)
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

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The kernel writes blanks and backslashes of a path as \ and three digits. */
static void unescape(char *path)
{
	char *to = path;

	while (*path) {
		if (*path == '\\' && is_octal(path[1]) && is_octal(path[2]) &&
		    is_octal(path[3])) {
			*to++ = (char)((path[1] - '0') << 6 |
				       (path[2] - '0') << 3 | (path[3] - '0'));
			path += 4;
		} else {
			*to++ = *path++;
		}
	}
	*to = '\0';
}

/*
 * The mount point in a line of mountinfo, which changes; NULL if the line is
 * not that of an msharefs. *whole: not only a directory of one is mounted.
 *
 *	ID PARENT DEVICE ROOT MOUNT-POINT OPTIONS [FIELD...] - TYPE ...
 */
static char *mount_point(char *line, bool *whole)
{
	char *field[5], *type, *rest = strstr(line, " - ");

	if (!rest)
		return NULL;
	*rest = '\0';
	type = strtok_r(rest + 3, " \n", &rest);
	if (!type || strcmp(type, MSHAREFS_TYPE))
		return NULL;
	for (int i = 0; i < 5; i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &rest);
		if (!field[i])
			return NULL;
	}
	*whole = !strcmp(field[3], "/");
	unescape(field[4]);
	return field[4];
}

/* The usual place, then whole msharefs, then directories of one. */
static int rank(const char *point, bool whole)
{
	if (whole && !strcmp(point, MSHARE_MOUNT_POINT))
		return 3;
	return whole ? 2 : 1;
}

int mshare_search_mounts(const char *mountinfo, const char *filesystems,
			 bool (*is_visible)(const char *path), char **path)
{
	char *line = NULL, *found = NULL, *copy;
	bool whole, is_hidden = false;
	int err = 0, best = 0;
	size_t len = 0;
	FILE *f;

	f = fopen(mountinfo, "re");
	if (!f)
		return -errno;
	while (best < 3 && getline(&line, &len, f) > 0) {
		const char *point = mount_point(line, &whole);

		/* Of several on one mount point the last is on top. */
		if (!point || rank(point, whole) < best)
			continue;
		if (is_visible && !is_visible(point)) {
			is_hidden = true;
			continue;
		}
		copy = strdup(point);
		if (!copy) {
			err = -ENOMEM;
			break;
		}
		free(found);
		found = copy;
		best = rank(point, whole);
	}
	if (!err && ferror(f))
		err = -EIO;
	free(line);
	fclose(f);
	if (!err && !found && is_hidden)
		err = -ESTALE;
	else if (!err && !found)
		err = mshare_is_listed(filesystems) ? -ENODEV : -EOPNOTSUPP;
	if (err)
		free(found);
	else
		*path = found;
	return err;
}

/* Another file system can be mounted over an msharefs. */
static bool is_on_msharefs(const char *path)
{
	int fd, err;

	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT && errno != ENOTDIR;
	err = mshare_check(fd);
	close(fd);
	return err != -EMEDIUMTYPE;
}

int mshare_find_mount(char **path)
{
	int mount = -1;

	/* The search prefers this one; no need to read all mounts. */
	if (mshare_open_mount(MSHARE_MOUNT_POINT, &mount))
		return mshare_search_mounts(MOUNTINFO, MSHARE_FILESYSTEMS,
					    is_on_msharefs, path);
	close(mount);
	*path = strdup(MSHARE_MOUNT_POINT);
	return *path ? 0 : -ENOMEM;
}

int mshare_open_mount(const char *path, int *mount)
{
	uint64_t granule;
	char *found;
	int fd, err;

	if (!path) {
		err = mshare_find_mount(&found);
		if (err)
			return err;
		err = mshare_open_mount(found, mount);
		free(found);
		return err;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = mshare_check(fd);
	if (!err)
		err = mshare_granule(fd, &granule);
	if (err)
		close(fd);
	else
		*mount = fd;
	return err;
}

/* Only the root directory of an msharefs has mshare_info. */
static int granule_of_part(int directory, uint64_t *granule)
{
	struct msharefs_features features;

	if (mshare_check(directory))
		return -ENODATA;
	*granule = mshare_features(directory, &features, sizeof(features)) ?
			   USUAL_GRANULE :
			   features.granule;
	return 0;
}

int mshare_granule(int mount, uint64_t *granule)
{
	uint64_t number, start, size;
	char text[32], *end;
	ssize_t n;
	int fd, err;

	fd = openat(mount, MSHARE_INFO,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ?
			       granule_of_part(mount, granule) :
			       -errno;
	/* In another directory, a user's region can have this name. */
	if (!mshare_get_range(fd, &start, &size)) {
		close(fd);
		return granule_of_part(mount, granule);
	}
	n = read(fd, text, sizeof(text) - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	errno = 0;
	number = strtoull(text, &end, 10);
	/* strtoull() takes a sign and blanks as well. */
	if (*text < '0' || *text > '9' || *end || errno || !number)
		return -EPROTO;
	*granule = number;
	return 0;
}
