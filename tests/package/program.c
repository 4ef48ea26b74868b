// SPDX-License-Identifier: GPL-2.0-only
/* What another project would build against libmshare: uses the region given. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <mshare.h>

#define SIZE  (1ULL << 30)
#define START (32ULL << 40)

static void must(const char *what, int err)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-err));
	exit(1);
}

int main(int argc, char **argv)
{
	struct mshare_stat stat;
	uint64_t start, size;
	void *window;
	int fd;

	if (argc != 2)
		return 2;
	must("open", mshare_open(argv[1], O_RDWR | O_CREAT, &fd));
	must("set_range", mshare_set_range(fd, START, SIZE));
	if (mshare_set_range(fd, START, SIZE) != -EBUSY)
		return 3;
	must("get_range", mshare_get_range(fd, &start, &size));
	must("map", mshare_map(fd, start, size, PROT_READ | PROT_WRITE,
			       MAP_NORESERVE, -1, 0));
	must("attach", mshare_attach(fd, PROT_READ | PROT_WRITE, &window));
	strcpy(window, "shared");
	must("stat", mshare_stat(fd, &stat));
	printf("%s at %p of %" PRIu64 ", %" PRIu64 " mapped\n", (char *)window,
	       window, size, (uint64_t)stat.mapped);
	must("protect", mshare_protect(fd, start, size, PROT_READ));
	must("unmap", mshare_unmap(fd, start, size));
	must("detach", mshare_detach(window, size));
	must("close", mshare_close(fd));
	return mshare_close(fd) == -EBADF ? 0 : 4;
}
