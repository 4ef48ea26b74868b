// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mshare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Directories in directories: each costs a descriptor, stack and a longer path. */
#define MAX_DEPTH 1000

struct walk {
	unsigned int flags;
	dev_t dev;
	int (*fn)(const struct mshare_entry *entry, void *data);
	void *data;
};

/*
 * An inaccessible entry does not hide the others. An entry that has disappeared
 * is not an error, because the tree can change at any time.
 */
static int report_error(const struct walk *w, struct mshare_entry entry,
			int err)
{
	if (err == -ENOENT)
		return 0;
	entry.err = err;
	return w->fn(&entry, w->data);
}

/* mshare_info, in the root directory only, is not a region. */
static bool is_info(const struct mshare_entry *entry)
{
	int fd, err;

	if (strcmp(entry->leaf, MSHARE_INFO))
		return false;
	err = mshare_open_at(entry->dirfd, entry->leaf, O_RDONLY | O_NOFOLLOW,
			     &fd);
	if (!err)
		close(fd);
	return err == -ENOTTY;
}

static int not_dots(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

/* By bytes, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk_entry(const struct walk *w, struct mshare_entry entry);

static int walk_leaf(const struct walk *w, int dirfd, const char *dirname,
		     unsigned int depth, const char *leaf)
{
	const size_t len = strlen(dirname);
	struct mshare_entry entry = {
		.dirfd = dirfd,
		.leaf = leaf,
		.depth = depth,
	};
	char *name;
	int ret;

	if (asprintf(&name, "%s%s%s", dirname,
		     len && dirname[len - 1] != '/' ? "/" : "", leaf) < 0)
		return -ENOMEM;
	entry.name = name;
	ret = walk_entry(w, entry);
	free(name);
	return ret;
}

/* *err: the directory cannot be read. Returns what fn returned. */
static int walk_names(const struct walk *w, int fd, const char *dirname,
		      unsigned int depth, int *err)
{
	struct dirent **names;
	int ret = 0, count;

	count = scandirat(fd, ".", &names, not_dots, by_name);
	*err = count < 0 ? -errno : 0;
	for (int i = 0; i < count; i++) {
		if (!ret)
			ret = walk_leaf(w, fd, dirname, depth,
					names[i]->d_name);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return ret;
}

static int walk_directory(const struct walk *w, struct mshare_entry dir)
{
	int fd, err = 0, ret = 0;

	if (dir.depth >= MAX_DEPTH)
		return report_error(w, dir, -EMFILE);
	if (w->flags & MSHARE_WALK_DIRECTORIES)
		ret = w->fn(&dir, w->data);
	if (ret)
		return ret;
	fd = openat(dir.dirfd, dir.leaf,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return report_error(w, dir, -errno);
	ret = walk_names(w, fd, dir.name, dir.depth + 1, &err);
	close(fd);
	if (err)
		return report_error(w, dir, err);
	if (ret || !(w->flags & MSHARE_WALK_LEAVE))
		return ret;
	dir.leaving = 1;
	return w->fn(&dir, w->data);
}

static int walk_entry(const struct walk *w, struct mshare_entry entry)
{
	const bool others = w->flags & MSHARE_WALK_OTHERS;
	struct stat st;

	if (fstatat(entry.dirfd, entry.leaf, &st, AT_SYMLINK_NOFOLLOW))
		return report_error(w, entry, -errno);
	entry.st = &st;
	if (st.st_dev != w->dev)
		return others ? report_error(w, entry, -EXDEV) : 0;
	if (S_ISDIR(st.st_mode))
		return walk_directory(w, entry);
	if (S_ISREG(st.st_mode) ? is_info(&entry) : !others)
		return 0;
	return w->fn(&entry, w->data);
}

int mshare_walk_regions(int dirfd, const char *name, unsigned int flags,
			int (*fn)(const struct mshare_entry *entry, void *data),
			void *data)
{
	struct walk w = { .flags = flags, .fn = fn, .data = data };
	struct stat st;
	int ret, err;

	if (flags & ~MSHARE_WALK_ALL)
		return -EINVAL;
	err = mshare_check(dirfd);
	if (err)
		return err;
	if (fstat(dirfd, &st))
		return -errno;
	w.dev = st.st_dev;
	ret = walk_names(&w, dirfd, name ? name : "", 0, &err);
	return err ? err : ret;
}

int mshare_walk_mappings(int fd,
			 int (*fn)(const struct msharefs_mapping *mapping,
				   const char *name, void *data),
			 void *data)
{
	struct msharefs_mapping mapping;
	char name[PATH_MAX];
	uint64_t addr = 0;
	int ret;

	for (;;) {
		ret = mshare_next_mapping(fd, addr, &mapping, sizeof(mapping),
					  name, sizeof(name));
		/* No program can open the path of this file. */
		if (ret == -ENAMETOOLONG) {
			*name = '\0';
			ret = mshare_next_mapping(fd, addr, &mapping,
						  sizeof(mapping), NULL, 0);
		}
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		addr = mapping.addr + mapping.length;
		ret = fn(&mapping, name, data);
		if (ret)
			return ret;
	}
}

int mshare_walk_removed(int directory,
			int (*fn)(const struct msharefs_removed *removed,
				  const struct msharefs_stat *stat,
				  const char *name, void *data),
			void *data)
{
	struct msharefs_removed removed;
	struct msharefs_stat stat;
	char name[PATH_MAX];
	uint64_t inode = 0;
	int ret;

	for (;;) {
		stat = (struct msharefs_stat){ .size = sizeof(stat) };
		removed = (struct msharefs_removed){
			.size = sizeof(removed),
			.inode = inode,
			.stat = (uintptr_t)&stat,
			.name = (uintptr_t)name,
			.name_size = sizeof(name),
		};
		if (ioctl(directory, MSHAREFS_NEXT_REMOVED, &removed))
			return errno == ENOENT ? 0 : -errno;
		inode = removed.inode;
		ret = fn(&removed, &stat, name, data);
		if (ret)
			return ret;
	}
}

int mshare_walk_nameless(int fd, uint64_t number,
			 int (*fn)(const struct msharefs_nameless *nameless,
				   const struct msharefs_stat *stat,
				   void *data),
			 void *data)
{
	struct msharefs_nameless nameless;
	struct msharefs_stat stat;
	int ret;

	for (;;) {
		stat = (struct msharefs_stat){ .size = sizeof(stat) };
		nameless = (struct msharefs_nameless){
			.size = sizeof(nameless),
			.number = number,
			.stat = (uintptr_t)&stat,
		};
		if (ioctl(fd, MSHAREFS_NEXT_NAMELESS, &nameless))
			return errno == ENOENT ? 0 : -errno;
		number = nameless.number;
		ret = fn(&nameless, &stat, data);
		if (ret)
			return ret;
	}
}
