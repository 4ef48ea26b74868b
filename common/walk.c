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
	bool directories;
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

static int walk_dir(const struct walk *w, int dirfd, const char *dirname,
		    const struct walk_entry *entry);

/* One that can't be looked at keeps nobody from seeing the others. */
static int report(const struct walk *w, struct walk_entry entry, int err)
{
	/* It may be gone again: nobody keeps the tree still. */
	if (err == -ENOENT)
		return 0;
	entry.err = err;
	return w->fn(&entry, w->data);
}

static int walk_below(const struct walk *w, const struct walk_entry *dir)
{
	int fd, ret;

	fd = openat(dir->dirfd, dir->leaf,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return report(w, *dir, -errno);
	ret = walk_dir(w, fd, dir->name, dir);
	close(fd);
	return ret;
}

/* Not a region, and in the root directory only. */
static bool is_mount_info(const struct mount *mount, const struct stat *st)
{
	struct stat info;

	return !fstatat(mount->fd, MOUNT_INFO, &info, AT_SYMLINK_NOFOLLOW) &&
	       info.st_ino == st->st_ino;
}

static const char *separator(const char *dirname)
{
	size_t len = strlen(dirname);

	return len && dirname[len - 1] != '/' ? "/" : "";
}

static int walk_found(const struct walk *w, struct walk_entry entry)
{
	struct stat st;
	int ret;

	if (fstatat(entry.dirfd, entry.leaf, &st, AT_SYMLINK_NOFOLLOW))
		return report(w, entry, -errno);
	if (st.st_dev != w->mount->dev)
		return 0;
	if (!strcmp(entry.leaf, MOUNT_INFO) && is_mount_info(w->mount, &st))
		return 0;

	entry.st = &st;
	if (S_ISREG(st.st_mode))
		return w->fn(&entry, w->data);
	if (!S_ISDIR(st.st_mode))
		return 0;
	ret = w->directories ? w->fn(&entry, w->data) : 0;
	return ret ? ret : walk_below(w, &entry);
}

static int walk_one(const struct walk *w, int dirfd, const char *dirname,
		    const char *leaf)
{
	struct walk_entry entry = { .dirfd = dirfd, .leaf = leaf };
	char *name;
	int ret;

	if (asprintf(&name, "%s%s%s", dirname, separator(dirname), leaf) < 0)
		return -ENOMEM;
	entry.name = name;
	ret = walk_found(w, entry);
	free(name);
	return ret;
}

/* entry is what it is reported as; NULL for the one that the walk begins in. */
static int walk_dir(const struct walk *w, int dirfd, const char *dirname,
		    const struct walk_entry *entry)
{
	char **names;
	int ret;

	ret = walk_names(dirfd, &names);
	if (ret)
		return entry ? report(w, *entry, ret) : ret;
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

	return walk_dir(&w, mount->fd, "", NULL);
}

int walk_tree(const struct mount *mount, int fd, const char *name,
	      int (*fn)(const struct walk_entry *entry, void *data), void *data)
{
	const struct walk w = {
		.mount = mount,
		.directories = true,
		.fn = fn,
		.data = data,
	};

	return walk_dir(&w, fd, name, NULL);
}
