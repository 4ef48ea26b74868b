// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mshare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "internal.h"

#define LOCK_TIMEOUT_MS 10000

static int by_start(const void *pa, const void *pb)
{
	const struct mshare_info *a = pa, *b = pb;

	return (a->start > b->start) - (a->start < b->start);
}

static bool align_up(uint64_t addr, uint64_t align, uint64_t *aligned)
{
	const uint64_t rest = addr % align;

	return !__builtin_add_overflow(addr, rest ? align - rest : 0, aligned);
}

int mshare_find_free(struct mshare_info *used, size_t count, uint64_t low,
		     uint64_t high, uint64_t align, uint64_t size,
		     uint64_t *start)
{
	uint64_t at, end;

	if (!align_up(low, align, &at))
		return -ENOSPC;
	if (count)
		qsort(used, count, sizeof(*used), by_start);
	for (size_t i = 0; i < count; i++) {
		const struct mshare_info *u = &used[i];

		if (!u->size)
			continue;
		/* Sorted: the ranges that follow start even higher. */
		if (u->start >= at && u->start - at >= size)
			break;
		if (__builtin_add_overflow(u->start, u->size, &end))
			return -ENOSPC;
		if (end > at && !align_up(end, align, &at))
			return -ENOSPC;
	}
	if (at >= high || size > high - at)
		return -ENOSPC;
	*start = at;
	return 0;
}

struct search {
	struct array used; /* struct mshare_info */
	size_t unknown;
};

static int add_range(struct search *s, int fd)
{
	uint64_t start, size;
	struct mshare_info *info;
	int err;

	err = mshare_get_range(fd, &start, &size);
	if (err)
		return err;
	info = array_add(&s->used, sizeof(*info));
	if (!info)
		return -ENOMEM;
	*info = (struct mshare_info){ .start = start, .size = size };
	return 0;
}

static int add_region(const struct mshare_entry *entry, void *data)
{
	struct search *s = data;
	int err = entry->err, fd;

	if (!err)
		err = mshare_open_at(entry->dirfd, entry->leaf,
				     O_RDONLY | O_NOFOLLOW, &fd);
	if (err == -ENOENT)
		return 0;
	if (err) {
		s->unknown++;
		return 0;
	}
	err = add_range(s, fd);
	close(fd);
	return err;
}

int mshare_choose_range(int mount, uint64_t size, uint64_t *start,
			size_t *unknown)
{
	struct search s = { 0 };
	uint64_t granule;
	int err;

	err = mshare_granule(mount, &granule);
	if (err)
		return err;
	if (!size || size % granule)
		return -EINVAL;
	err = mshare_walk_regions(mount, NULL, 0, add_region, &s);
	if (!err &&
	    mshare_find_free(s.used.items, s.used.count, MSHARE_CHOOSE_START,
			     MSHARE_CHOOSE_END, granule, size, start))
		err = -EADDRNOTAVAIL;
	free(s.used.items);
	if (!err && unknown)
		*unknown = s.unknown;
	return err;
}

static int complete(int mount, int fd, uint64_t start, uint64_t size,
		    mode_t mode)
{
	struct stat root, st;
	int err;

	err = mshare_check(fd);
	if (err)
		return err;
	if (fstat(mount, &root) || fstat(fd, &st))
		return -errno;
	if (root.st_dev != st.st_dev)
		return -EXDEV;
	err = mshare_set_range(fd, start, size);
	if (err)
		return err;
	return fchmod(fd, mode) ? -errno : 0;
}

/* With the lock of the mount held. */
static int create_locked(int mount, const char *path, uint64_t start,
			 uint64_t size, mode_t mode, int *fd)
{
	int err, new;

	err = start ? 0 : mshare_choose_range(mount, size, &start, NULL);
	if (err)
		return err;
	/* No other user opens the region before the region is complete. */
	new = openat(mount, path,
		     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (new < 0)
		return -errno;
	err = complete(mount, new, start, size, mode);
	if (err) {
		unlinkat(mount, path, 0);
		close(new);
		return err;
	}
	*fd = new;
	return 0;
}

int mshare_create(int mount, const char *path, uint64_t start, uint64_t size,
		  mode_t mode, int *fd)
{
	int lock, err;

	err = mshare_lock_mount(mount, LOCK_TIMEOUT_MS, &lock);
	if (err)
		return err;
	err = create_locked(mount, path, start, size, mode, fd);
	close(lock);
	return err;
}
