// SPDX-License-Identifier: GPL-2.0-only
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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
	err = mshare_check(r->fd);
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
	return mshare_get_range(fd, &range->start, &range->size);
}

int region_set_range(int fd, struct range range)
{
	return mshare_set_range(fd, range.start, range.size);
}

int region_map(int fd, struct range range, const struct region_object *object)
{
	return mshare_map(fd, range.start, range.size, object->prot,
			  object->flags, object->file, object->offset);
}

int region_unmap(int fd, struct range range)
{
	return mshare_unmap(fd, range.start, range.size);
}

int region_protect(int fd, struct range range, int prot)
{
	return mshare_protect(fd, range.start, range.size, prot);
}

int region_stat(int fd, struct mshare_stat *stat)
{
	return mshare_stat(fd, stat);
}

int region_next_mapping(int fd, uint64_t addr, struct mshare_mapping *mapping,
			char *name, size_t name_size)
{
	return mshare_next_mapping(fd, addr, mapping, name, name_size);
}

int region_advise(int fd, struct range range, int advice)
{
	return mshare_advise(fd, range.start, range.size, advice);
}

int region_lock(int fd, struct range range, unsigned int flags)
{
	return mshare_lock(fd, range.start, range.size, flags);
}

int region_unlock(int fd, struct range range)
{
	return mshare_unlock(fd, range.start, range.size);
}

int region_seal(int fd, unsigned int seals)
{
	return mshare_seal(fd, seals);
}

int region_mempolicy(int fd, struct range range, unsigned int mode,
		     const uint64_t *nodes, size_t words, unsigned int flags)
{
	return mshare_mempolicy(fd, range.start, range.size, mode, nodes, words,
				flags);
}

int region_check_fs(int fd)
{
	return mshare_check(fd);
}
