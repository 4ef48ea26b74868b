// SPDX-License-Identifier: GPL-2.0-only
#include "region.h"

#include <errno.h>
#include <unistd.h>

#include <mshare.h>

int region_open_at(int dirfd, const char *path, int flags, struct region *r)
{
	int err;

	err = mshare_open_at(dirfd, path, flags, &r->fd);
	if (err)
		return err;
	err = mshare_get_range(r->fd, &r->range.start, &r->range.size);
	if (!err && fstat(r->fd, &r->st))
		err = -errno;
	if (err)
		region_close(r);
	return err;
}

void region_close(struct region *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}
