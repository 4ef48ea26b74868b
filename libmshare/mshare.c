// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mshare.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static int request(int fd, unsigned long number, void *arg)
{
	return ioctl(fd, number, arg) ? -errno : 0;
}

int mshare_check(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return -errno;
	return fs.f_type == MSHAREFS_MAGIC ? 0 : -EMEDIUMTYPE;
}

static int check_region(int fd)
{
	struct stat st;
	int err;

	err = mshare_check(fd);
	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTTY;
}

int mshare_open(const char *path, int flags, int *fd)
{
	return mshare_open_at(AT_FDCWD, path, flags, fd);
}

int mshare_open_at(int dirfd, const char *path, int flags, int *fd)
{
	uint64_t start, size;
	int new, err;

	/* O_NONBLOCK: the file may turn out to be a FIFO or a terminal. */
	new = openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		     0600);
	if (new < 0)
		return -errno;
	err = check_region(new);
	/* mshare_info is a regular file as well. */
	if (!err)
		err = mshare_get_range(new, &start, &size);
	if (err) {
		close(new);
		return err;
	}
	*fd = new;
	return 0;
}

int mshare_close(int fd)
{
	return close(fd) ? -errno : 0;
}

int mshare_get_range(int fd, uint64_t *start, uint64_t *size)
{
	struct mshare_info info = { 0 };
	int err;

	err = request(fd, MSHAREFS_GET_SIZE, &info);
	if (err)
		return err;
	*start = info.start;
	*size = info.size;
	return 0;
}

int mshare_set_range(int fd, uint64_t start, uint64_t size)
{
	struct mshare_info info = { .start = start, .size = size };

	return request(fd, MSHAREFS_SET_SIZE, &info);
}

int mshare_choose(int fd, uint64_t size)
{
	struct msharefs_choose choose = {
		.size = sizeof(choose),
		.length = size,
	};

	return request(fd, MSHAREFS_CHOOSE, &choose);
}

int mshare_map(int fd, uint64_t addr, uint64_t size, int prot,
	       unsigned int flags, int file, uint64_t offset)
{
	struct mshare_create create = {
		.addr = addr,
		.size = size,
		.offset = offset,
		.prot = (__u32)prot,
		.flags = MAP_SHARED | MAP_FIXED | flags,
		.fd = (__u32)file,
	};

	if (file < 0)
		create.flags |= MAP_ANONYMOUS;
	return request(fd, MSHAREFS_CREATE_MAPPING, &create);
}

int mshare_unmap(int fd, uint64_t addr, uint64_t size)
{
	struct mshare_unmap unmap = { .addr = addr, .size = size };

	return request(fd, MSHAREFS_UNMAP, &unmap);
}

int mshare_protect(int fd, uint64_t addr, uint64_t size, int prot)
{
	struct mshare_protect protect = {
		.addr = addr,
		.size = size,
		.prot = (__u32)prot,
	};

	return request(fd, MSHAREFS_PROTECT, &protect);
}

int mshare_advise(int fd, uint64_t addr, uint64_t size, int advice)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.addr = addr,
		.length = size,
		.advice = (__u32)advice,
	};

	return request(fd, MSHAREFS_ADVISE, &range);
}

int mshare_lock(int fd, uint64_t addr, uint64_t size, unsigned int flags)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.flags = flags,
		.addr = addr,
		.length = size,
	};

	return request(fd, MSHAREFS_LOCK, &range);
}

int mshare_unlock(int fd, uint64_t addr, uint64_t size)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.addr = addr,
		.length = size,
	};

	return request(fd, MSHAREFS_UNLOCK, &range);
}

int mshare_mempolicy(int fd, uint64_t addr, uint64_t size, unsigned int mode,
		     const uint64_t *nodes, size_t words, unsigned int flags)
{
	struct msharefs_mempolicy policy = {
		.size = sizeof(policy),
		.mode = mode,
		.addr = addr,
		.length = size,
		.nodemask = (uintptr_t)nodes,
		.maxnode = nodes ? words * 64 : 0,
		.flags = flags,
	};

	return request(fd, MSHAREFS_MEMPOLICY, &policy);
}

int mshare_seal(int fd, unsigned int seals)
{
	struct msharefs_seal seal = { .size = sizeof(seal), .seals = seals };

	return request(fd, MSHAREFS_SEAL, &seal);
}

/*
 * The caller's structure can be smaller or larger than the one that this file
 * is compiled with: the rest of a larger one is for the kernel, and 0.
 */
int mshare_features(int fd, struct msharefs_features *features, size_t size)
{
	if (size < MSHAREFS_FEATURES_SIZE_VER0)
		return -EINVAL;
	memset(features, 0, size);
	features->size = (__u32)size;
	return request(fd, MSHAREFS_FEATURES, features);
}

int mshare_stat(int fd, struct msharefs_stat *stat, size_t size)
{
	if (size < MSHAREFS_STAT_SIZE_VER0)
		return -EINVAL;
	memset(stat, 0, size);
	stat->size = (__u32)size;
	return request(fd, MSHAREFS_STAT, stat);
}

int mshare_next_mapping(int fd, uint64_t addr, struct msharefs_mapping *mapping,
			size_t size, char *name, size_t name_size)
{
	int err;

	if (size < MSHAREFS_MAPPING_SIZE_VER0)
		return -EINVAL;
	memset(mapping, 0, size);
	mapping->size = (__u32)size;
	mapping->addr = addr;
	mapping->name = (uintptr_t)name;
	mapping->name_size = (__u32)name_size;
	err = request(fd, MSHAREFS_NEXT_MAPPING, mapping);
	if (err)
		return err;
	if (name_size && !mapping->name_size)
		name[0] = '\0';
	return 0;
}

int mshare_remove_unused(int directory, const char *name, uint64_t idle)
{
	struct msharefs_remove remove = {
		.size = sizeof(remove),
		.name = (uintptr_t)name,
		.idle = idle,
	};

	return request(directory, MSHAREFS_REMOVE_UNUSED, &remove);
}

int mshare_attach(int fd, int prot, void **window)
{
	uint64_t start, size;
	void *p;
	int err;

	err = mshare_get_range(fd, &start, &size);
	if (err)
		return err;
	if (!size)
		return -EINVAL;
	p = mmap((void *)(uintptr_t)start, size, prot,
		 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*window = p;
	return 0;
}

int mshare_detach(void *window, uint64_t size)
{
	return munmap(window, size) ? -errno : 0;
}
