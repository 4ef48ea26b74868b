// SPDX-License-Identifier: GPL-2.0-only
#include "cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "array.h"
#include "xalloc.h"

struct cgroup {
	uint64_t id; /* the inode number of its directory */
	char *path;
};

static struct array cgroups; /* struct cgroup */

static void add(uint64_t id, const char *path)
{
	struct cgroup *cgroup = xarray_add(&cgroups, sizeof(*cgroup));

	cgroup->id = id;
	cgroup->path = xstrdup(path);
}

/* Takes fd. On such file systems, directories tell the types of entries. */
static void read_below(int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	char *name;
	int child;

	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		if (asprintf(&name, "%s/%s", path, entry->d_name) < 0)
			name = xcheck(NULL);
		add(entry->d_ino, name);
		child = openat(fd, entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			read_below(child, name);
		free(name);
	}
	closedir(dir);
}

static bool read_mount(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return false;
	if (fstatfs(fd, &fs) || fstat(fd, &st) ||
	    (fs.f_type != CGROUP2_SUPER_MAGIC &&
	     fs.f_type != CGROUP_SUPER_MAGIC)) {
		close(fd);
		return false;
	}
	add(st.st_ino, "/");
	read_below(fd, "");
	return true;
}

const char *cgroup_path(uint64_t id)
{
	static bool has_read;
	const struct cgroup *cgroup;

	if (!has_read && !read_mount("/sys/fs/cgroup/memory"))
		read_mount("/sys/fs/cgroup");
	has_read = true;
	cgroup = cgroups.items;
	for (size_t i = 0; i < cgroups.count; i++)
		if (cgroup[i].id == id)
			return cgroup[i].path;
	return NULL;
}
