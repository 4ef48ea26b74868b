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
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
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
	mount->is_found = !err && !path;
	return err;
}

void mount_close(struct mount *mount)
{
	if (mount->fd >= 0)
		close(mount->fd);
	free(mount->path);
	*mount = (struct mount){ .fd = -1 };
}

int mount_get_usage(const struct mount *mount, struct mount_usage *usage)
{
	struct statfs fs;

	*usage = (struct mount_usage){ 0 };
	if (fstatfs(mount->fd, &fs))
		return -errno;
	usage->size_limit = fs.f_blocks * (uint64_t)fs.f_bsize;
	usage->used = (fs.f_blocks - fs.f_bfree) * (uint64_t)fs.f_bsize;
	usage->names_limit = fs.f_files;
	usage->names = fs.f_files - fs.f_ffree;
	return 0;
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
	struct statx about;

	if (statx(AT_FDCWD, dir, 0, 0, &about))
		return -errno;
	return !!(about.stx_attributes & STATX_ATTR_MOUNT_ROOT);
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

/* 0 if dir is on an msharefs, -EMEDIUMTYPE or -errno. */
static int check_msharefs(const char *dir)
{
	int fd, err;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = mshare_check(fd);
	close(fd);
	return err;
}

static bool has_mount(const struct mounts *mounts, dev_t dev)
{
	for (size_t i = 0; i < mounts->count; i++)
		if (mounts->items[i].dev == dev)
			return true;
	return false;
}

/* Another mount can hide the one that has this device number. */
static bool is_visible(const char *dir, dev_t dev)
{
	struct stat st;

	return !stat(dir, &st) && st.st_dev == dev;
}

/*
 * Calls fn with the mount point of each visible msharefs that is not one of the
 * mounts, until fn returns a number other than 0, and returns that; 0 or -errno.
 */
static int walk_others(const struct mounts *mounts,
		       int (*fn)(const char *dir, void *data), void *data)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int ret = -ENOMEM;

	if (table && iter)
		ret = mnt_table_parse_file(table, "/proc/self/mountinfo");
	if (ret > 0)
		ret = -EIO;
	while (!ret && !mnt_table_next_fs(table, iter, &fs)) {
		const char *type = mnt_fs_get_fstype(fs);
		const char *dir = mnt_fs_get_target(fs);

		if (type && dir && !strcmp(type, MSHAREFS_TYPE) &&
		    !has_mount(mounts, mnt_fs_get_devno(fs)) &&
		    is_visible(dir, mnt_fs_get_devno(fs)))
			ret = fn(dir, data);
	}
	mnt_free_iter(iter);
	mnt_unref_table(table);
	return ret;
}

static int note_other(const char *dir, void *data)
{
	char **other = data;

	if (!check_msharefs(dir))
		*other = strdup(dir);
	return *other != NULL;
}

char *mount_find_other(const struct mount *mount)
{
	struct mount one = *mount;
	const struct mounts mounts = { &one, 1 };
	char *other = NULL;

	walk_others(&mounts, note_other, &other);
	return other;
}

static int add_other(const char *dir, void *data)
{
	struct mounts *mounts = data;
	struct mount mount, *items;
	int err = mount_open(dir, &mount);

	/* Below another file system, or gone meanwhile. */
	if (err == -EMEDIUMTYPE || err == -ENOENT || err == -ENOTDIR)
		return 0;
	if (err)
		return err;
	items = reallocarray(mounts->items, mounts->count + 1, sizeof(*items));
	if (!items) {
		mount_close(&mount);
		return -ENOMEM;
	}
	mounts->items = items;
	items[mounts->count++] = mount;
	return 0;
}

int mount_add_others(struct mounts *mounts)
{
	return walk_others(mounts, add_other, mounts);
}

void mount_close_all(struct mounts *mounts)
{
	for (size_t i = 0; i < mounts->count; i++)
		mount_close(&mounts->items[i]);
	free(mounts->items);
	*mounts = (struct mounts){ 0 };
}

/*
 * 0 if nothing prevents a mount, or a change of its options. A directory on
 * msharefs is a directory like others.
 */
static int mount_check(const char *dir, bool remount)
{
	int not_msharefs = check_msharefs(dir), mounted;

	if (not_msharefs && not_msharefs != -EMEDIUMTYPE)
		return not_msharefs;
	mounted = is_mount_point(dir);
	if (mounted < 0)
		return mounted;
	if (remount)
		return mounted ? not_msharefs : -EMEDIUMTYPE;
	if (mounted)
		return not_msharefs ? -EBUSY : -EEXIST;
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

/* Options that concern the mount point, not the file system. */
static const struct {
	const char *name;
	uint64_t set, clear;
} attributes[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "defaults", 0, 0 },
	{ "remount", 0, 0 },
};

static bool is_option(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && !memcmp(word, name, len);
}

bool mount_is_remount(const char *options)
{
	for (; options && *options; options += *options == ',') {
		size_t len = strcspn(options, ",");

		if (is_option(options, len, "remount"))
			return true;
		options += len;
	}
	return false;
}

/* Whether it is an attribute, which is added to attr. */
static bool add_attribute(const char *word, size_t len, struct mount_attr *attr)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]);
	     i++) {
		if (!is_option(word, len, attributes[i].name))
			continue;
		attr->attr_clr |= attributes[i].clear;
		attr->attr_set &= ~attributes[i].clear;
		attr->attr_set |= attributes[i].set;
		if (!(attributes[i].set & MOUNT_ATTR__ATIME))
			attr->attr_clr &= ~attributes[i].set;
		return true;
	}
	/* For other programs that read fstab. */
	return len > 1 && (!memcmp(word, "x-", 2) || !memcmp(word, "X-", 2));
}

/* The last error that the kernel has written to the context. */
static void read_reason(int context, char *reason, size_t size)
{
	char text[MOUNT_REASON], *line, *rest;
	ssize_t n;

	while ((n = read(context, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		line = strtok_r(text, "\n", &rest);
		/* "e msharefs: ..."; w and i are no reason. */
		if (line && !strncmp(line, "e ", 2))
			snprintf(reason, size, "%s", line + 2);
	}
}

static int configure_option(int context, const char *word, size_t len,
			    struct mount_attr *attr)
{
	char *option, *value;
	int err = 0;

	if (add_attribute(word, len, attr)) {
		/* Read-only is a property of the file system as well. */
		if ((is_option(word, len, "ro") ||
		     is_option(word, len, "rw")) &&
		    fsconfig(context, FSCONFIG_SET_FLAG,
			     word[1] == 'o' ? "ro" : "rw", NULL, 0))
			err = -errno;
		return err;
	}
	option = strndup(word, len);
	if (!option)
		return -ENOMEM;
	value = strchr(option, '=');
	if (value)
		*value++ = '\0';
	if (fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
		     option, value, 0))
		err = -errno;
	free(option);
	return err;
}

static int configure(int context, const char *options, struct mount_attr *attr)
{
	int err = 0;

	while (!err && options && *options) {
		size_t len = strcspn(options, ",");

		if (len)
			err = configure_option(context, options, len, attr);
		options += len + (options[len] == ',');
	}
	return err;
}

static int attach_new(int context, const char *dir,
		      const struct mount_attr *attr)
{
	int fd, err = 0;

	if (fsconfig(context, FSCONFIG_SET_STRING, "source", MSHAREFS_TYPE,
		     0) ||
	    fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -errno;
	fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)attr->attr_set);
	if (fd < 0)
		return -errno;
	if (move_mount(fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH))
		err = -errno;
	close(fd);
	return err;
}

static int reconfigure(int context, const char *dir, struct mount_attr *attr)
{
	if (fsconfig(context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0))
		return -errno;
	if (!attr->attr_set && !attr->attr_clr)
		return 0;
	return mount_setattr(AT_FDCWD, dir, 0, attr, sizeof(*attr)) ? -errno :
								      0;
}

/* With the system calls that report which option is wrong. */
static int change_mount(const char *dir, const char *options, char *reason)
{
	const bool remount = mount_is_remount(options);
	struct mount_attr attr = { 0 };
	int context, err;

	context = remount ? fspick(AT_FDCWD, dir,
				   FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT) :
			    fsopen(MSHAREFS_TYPE, FSOPEN_CLOEXEC);
	/* A directory of a mount cannot be picked. */
	if (context < 0)
		return remount && errno == EINVAL ? -EMEDIUMTYPE : -errno;
	err = configure(context, options, &attr);
	if (!err)
		err = remount ? reconfigure(context, dir, &attr) :
				attach_new(context, dir, &attr);
	if (err)
		read_reason(context, reason, MOUNT_REASON);
	close(context);
	return err;
}

int mount_attach(const char *dir, const char *options, bool try, char *reason)
{
	int err;

	*reason = '\0';
	if (geteuid())
		return -EPERM;
	if (mount_is_remount(options)) {
		err = mount_check(dir, true);
		return err || try ? err : change_mount(dir, options, reason);
	}
	err = mount_check(dir, false);
	if (err == -ENOENT && !strcmp(dir, MSHARE_MOUNT_POINT) &&
	    !mshare_is_listed(MSHARE_FILESYSTEMS))
		return -EOPNOTSUPP;
	if (err)
		return err;
	if (try)
		return mshare_is_listed(MSHARE_FILESYSTEMS) ? 0 : -EOPNOTSUPP;
	err = change_mount(dir, options, reason);
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
