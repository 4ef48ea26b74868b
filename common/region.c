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

int region_map(int fd, struct range range, const struct region_object *object)
{
	struct mshare_create create = {
		.addr = range.start,
		.size = range.size,
		.offset = object->offset,
		.prot = (__u32)object->prot,
		.flags = MAP_SHARED | MAP_FIXED | object->flags,
		.fd = (__u32)object->file,
	};

	if (object->file < 0)
		create.flags |= MAP_ANONYMOUS;
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

int region_next_mapping(int fd, uint64_t addr, struct mshare_mapping *mapping,
			char *name, size_t name_size)
{
	*mapping = (struct mshare_mapping){
		.size = sizeof(*mapping),
		.addr = addr,
		.name = (uintptr_t)name,
		.name_size = (__u32)name_size,
	};
	if (ioctl(fd, MSHAREFS_NEXT_MAPPING, mapping))
		return -errno;
	if (!mapping->name_size && name_size)
		name[0] = '\0';
	return 0;
}

static int range_request(int fd, unsigned long request, struct range range,
			 unsigned int what)
{
	struct mshare_range arg = {
		.size = sizeof(arg),
		.what = what,
		.addr = range.start,
		.length = range.size,
	};

	return ioctl(fd, request, &arg) ? -errno : 0;
}

int region_advise(int fd, struct range range, int advice)
{
	return range_request(fd, MSHAREFS_ADVISE, range, (unsigned int)advice);
}

int region_lock(int fd, struct range range, unsigned int flags)
{
	return range_request(fd, MSHAREFS_LOCK, range, flags);
}

int region_unlock(int fd, struct range range)
{
	return range_request(fd, MSHAREFS_UNLOCK, range, 0);
}

int region_seal(int fd, unsigned int seals)
{
	struct mshare_seal seal = {
		.size = sizeof(seal),
		.seals = seals,
	};

	return ioctl(fd, MSHAREFS_SEAL, &seal) ? -errno : 0;
}

int region_mempolicy(int fd, struct range range, unsigned int mode,
		     const uint64_t *nodes, size_t words, unsigned int flags)
{
	struct mshare_mempolicy policy = {
		.size = sizeof(policy),
		.mode = mode,
		.addr = range.start,
		.length = range.size,
		.nodemask = (uintptr_t)nodes,
		.maxnode = nodes ? words * 64 : 0,
		.flags = flags,
	};

	return ioctl(fd, MSHAREFS_MEMPOLICY, &policy) ? -errno : 0;
}
