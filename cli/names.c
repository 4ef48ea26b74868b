// SPDX-License-Identifier: GPL-2.0-only
#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "listing.h"
#include "message.h"
#include "xalloc.h"

const char *names_mount_point(const struct cli *cli, const char *dir)
{
	const char *path = cli->mount_point;

	if (dir && !*dir)
		cli_usage_error("DIR is empty");
	if (dir && path && strcmp(dir, path))
		cli_usage_error("DIR and --mount-point exclude each other");
	if (dir)
		path = dir;
	message_set_mount_point(path);
	if (!path)
		path = getenv("MSHARE_MOUNT_POINT");
	return path && *path ? path : NULL;
}

int names_mount(const struct cli *cli, const char *dir, struct mount *mount)
{
	const char *path = names_mount_point(cli, dir);
	int err;

	err = mount_open(path, mount);
	if (!err)
		return EXIT_SUCCESS;
	message_failed(dir ? OP_MOUNT_DIR : OP_MOUNT,
		       &(struct subject){
			       .name = path,
			       .mount = path ? path : MSHARE_MOUNT_POINT,
		       },
		       err);
	return EXIT_UNAVAILABLE;
}

static void note_other(const struct mount *mount)
{
	char *other;

	other = mount_find_other(mount);
	if (other)
		message_note(other,
			     "note: the regions of this msharefs are not "
			     "shown; choose a mount with --mount-point, or "
			     "--all-mounts");
	free(other);
}

int names_mounts(const struct cli *cli, const struct listing_options *options,
		 struct mounts *mounts)
{
	int ret, err;

	*mounts = (struct mounts){
		.items = xcheck(malloc(sizeof(*mounts->items))),
		.count = 1,
	};
	ret = names_mount(cli, NULL, mounts->items);
	if (ret) {
		free(mounts->items);
		return ret;
	}
	if (mounts->items->is_found && !options->name_count &&
	    !options->all_mounts)
		note_other(mounts->items);
	err = options->all_mounts ? mount_add_others(mounts) : 0;
	if (!err)
		return EXIT_SUCCESS;
	ret = message_error(NULL,
			    "Show one mount with --mount-point; see findmnt "
			    "-t msharefs",
			    "cannot open all mounts: %s", strerror(-err));
	mount_close_all(mounts);
	return ret;
}

static char *path_of(const struct mount *mount, const char *name)
{
	if (!*name)
		cli_usage_error("a name is empty");
	return mount_resolve(mount, name);
}

int names_open_path(const struct mount *mount, const char *name, int flags)
{
	char *path = path_of(mount, name);
	int fd, err;

	if (!path)
		return -ENOMEM;
	fd = open(path, flags | O_CLOEXEC);
	err = fd < 0 ? -errno : mount_check_fd(mount, fd);
	free(path);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return err;
}

int names_split(const struct mount *mount, const char *name,
		struct split_name *split)
{
	char *path = path_of(mount, name);
	size_t len;
	char *slash;

	*split = (struct split_name){ .path = path, .dirfd = -1 };
	if (!path)
		return -ENOMEM;
	len = strlen(path);
	while (len > 1 && path[len - 1] == '/') {
		path[--len] = '\0';
		split->slash = true;
	}
	slash = strrchr(path, '/');
	split->leaf = slash ? slash + 1 : path;
	if (!*split->leaf)
		split->leaf = ".";
	if (slash)
		*slash = '\0';
	split->dirfd = open(!slash ? "." :
			    *path  ? path :
				     "/",
			    O_PATH | O_DIRECTORY | O_CLOEXEC);
	return split->dirfd < 0 ? -errno : 0;
}

void names_close(struct split_name *split)
{
	if (split->dirfd >= 0)
		close(split->dirfd);
	free(split->path);
}

bool names_same_file(int dirfd1, const char *path1, int dirfd2,
		     const char *path2)
{
	struct stat a, b;

	return !fstatat(dirfd1, path1, &a, AT_SYMLINK_NOFOLLOW) &&
	       !fstatat(dirfd2, path2, &b, AT_SYMLINK_NOFOLLOW) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

struct subject names_subject(const struct mount *mount, const char *name)
{
	return (struct subject){
		.name = name,
		.mount = mount->path,
		.granule = mount->granule,
	};
}

int names_failed(const struct mount *mount, enum operation op, const char *name,
		 int err)
{
	const struct subject subject = names_subject(mount, name);

	return message_failed(op, &subject, err);
}

int names_open(const struct mount *mount, const char *name, int flags,
	       struct region *region)
{
	const bool is_write = (flags & O_ACCMODE) == O_RDWR;
	char *path = path_of(mount, name);
	enum operation op = OP_OPEN;
	int err = -ENOMEM;

	if (path)
		err = region_open_at(AT_FDCWD, path, flags & ~NAMES_ATTACH,
				     region);
	if (err && path && is_write && (flags & NAMES_ATTACH) &&
	    !faccessat(AT_FDCWD, path, R_OK, AT_EACCESS))
		op = OP_OPEN_READABLE;
	free(path);
	if (!err)
		return EXIT_SUCCESS;
	return names_failed(mount, op, name, err);
}

int names_open_sized(const struct mount *mount, const char *name, int flags,
		     struct region *region)
{
	if (names_open(mount, name, flags, region))
		return EXIT_FAILURE;
	if (region->range.size)
		return EXIT_SUCCESS;
	region_close(region);
	return message_error(
		name,
		"The creator must set the size; or remove the region, and "
		"create the region again.",
		"the region has no address and size");
}
