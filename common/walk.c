// SPDX-License-Identifier: GPL-2.0-only
#include "walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mount.h"

struct walk {
	const struct mount *mount;
	int (*fn)(const struct walk_entry *entry, void *data);
	void *data;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void walk_free_names(char **names)
{
	if (!names)
		return;
	for (char **p = names; *p; p++)
		free(*p);
	free(names);
}

int walk_names(int dirfd, char ***namesp)
{
	size_t count = 0, space = 16;
	struct dirent *entry;
	char **names;
	int fd, err;
	DIR *dir;

	/* A descriptor of its own, so that the caller's keeps its position. */
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	names = calloc(space, sizeof(*names));
	err = names ? 0 : -ENOMEM;

	while (!err) {
		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			err = -errno;
			break;
		}
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (count + 1 == space) {
			char **more;

			more = reallocarray(names, space * 2, sizeof(*names));
			if (!more) {
				err = -ENOMEM;
				break;
			}
			names = more;
			space *= 2;
		}
		names[count] = strdup(entry->d_name);
		if (!names[count])
			err = -ENOMEM;
		else
			names[++count] = NULL;
	}
	closedir(dir);
	if (err) {
		walk_free_names(names);
		return err;
	}
	qsort(names, count, sizeof(*names), by_name);
	*namesp = names;
	return 0;
}

static int walk_dir(const struct walk *w, int dirfd, const char *dirname);

static int walk_one(const struct walk *w, int dirfd, const char *dirname,
		    const char *leaf)
{
	struct walk_entry entry = { .dirfd = dirfd, .leaf = leaf };
	char *name = NULL;
	struct stat st;
	int fd, ret;

	/* It may be gone again: nobody keeps the tree still. */
	if (fstatat(dirfd, leaf, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (st.st_dev != w->mount->dev)
		return 0;
	if (!*dirname && !strcmp(leaf, MOUNT_INFO))
		return 0;

	if (asprintf(&name, "%s%s%s", dirname, *dirname ? "/" : "", leaf) < 0)
		return -ENOMEM;
	entry.name = name;
	entry.st = &st;

	if (S_ISREG(st.st_mode)) {
		ret = w->fn(&entry, w->data);
	} else if (S_ISDIR(st.st_mode)) {
		fd = openat(dirfd, leaf,
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0) {
			ret = walk_dir(w, fd, name);
			close(fd);
		} else if (errno == ENOENT) {
			ret = 0;
		} else {
			entry.err = -errno;
			ret = w->fn(&entry, w->data);
		}
	} else {
		ret = 0;
	}
	free(name);
	return ret;
}

static int walk_dir(const struct walk *w, int dirfd, const char *dirname)
{
	char **names;
	int ret;

	ret = walk_names(dirfd, &names);
	if (ret)
		return ret;
	for (char **p = names; *p && !ret; p++)
		ret = walk_one(w, dirfd, dirname, *p);
	walk_free_names(names);
	return ret;
}

int walk_regions(const struct mount *mount,
		 int (*fn)(const struct walk_entry *entry, void *data),
		 void *data)
{
	const struct walk w = { .mount = mount, .fn = fn, .data = data };

	return walk_dir(&w, mount->fd, "");
}
