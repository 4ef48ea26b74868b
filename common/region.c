// SPDX-License-Identifier: GPL-2.0-only
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

int region_check_fs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return -errno;
	return fs.f_type == MSHAREFS_MAGIC ? 0 : -EMEDIUMTYPE;
}

int region_open_at(int dirfd, const char *path, int flags, struct region *r)
{
	int err;

	/* O_NONBLOCK: what is no region may be a FIFO or a terminal. */
	r->fd = openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd < 0)
		return -errno;

	if (fstat(r->fd, &r->st)) {
		err = -errno;
		goto fail;
	}
	err = region_check_fs(r->fd);
	if (err)
		goto fail;
	if (!S_ISREG(r->st.st_mode)) {
		err = S_ISDIR(r->st.st_mode) ? -EISDIR : -ENOTTY;
		goto fail;
	}
	err = region_get_range(r->fd, &r->range);
	if (err)
		goto fail;
	return 0;

fail:
	region_close(r);
	return err;
}

void region_close(struct region *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

int region_get_range(int fd, struct range *range)
{
	struct mshare_info info = { 0 };

	if (ioctl(fd, MSHAREFS_GET_SIZE, &info))
		return -errno;
	range->start = info.start;
	range->size = info.size;
	return 0;
}

int region_set_range(int fd, struct range range)
{
	struct mshare_info info = {
		.start = range.start,
		.size = range.size,
	};

	return ioctl(fd, MSHAREFS_SET_SIZE, &info) ? -errno : 0;
}

int region_map(int fd, struct range range, int prot, bool noreserve)
{
	struct mshare_create create = {
		.addr = range.start,
		.size = range.size,
		.prot = (__u32)prot,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = (__u32)-1,
	};

	if (noreserve)
		create.flags |= MAP_NORESERVE;
	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &create) ? -errno : 0;
}

int region_unmap(int fd, struct range range)
{
	struct mshare_unmap unmap = {
		.addr = range.start,
		.size = range.size,
	};

	return ioctl(fd, MSHAREFS_UNMAP, &unmap) ? -errno : 0;
}

int region_protect(int fd, struct range range, int prot)
{
	struct mshare_protect protect = {
		.addr = range.start,
		.size = range.size,
		.prot = (__u32)prot,
	};

	return ioctl(fd, MSHAREFS_PROTECT, &protect) ? -errno : 0;
}

int region_stat(int fd, struct mshare_stat *stat)
{
	*stat = (struct mshare_stat){ .size = sizeof(*stat) };
	return ioctl(fd, MSHAREFS_STAT, stat) ? -errno : 0;
}
