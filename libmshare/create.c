// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mshare.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
	err = start ? mshare_set_range(fd, start, size) :
		      mshare_choose(fd, size);
	if (err)
		return err;
	return fchmod(fd, mode) ? -errno : 0;
}

int mshare_create(int mount, const char *path, uint64_t start, uint64_t size,
		  mode_t mode, int *fd)
{
	int err, new;

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
