// SPDX-License-Identifier: GPL-2.0-only
/*
 * The example that the interface was published with: a donor that makes a
 * region four granules into the address space and two long, with memory set
 * aside for all of it, and a consumer that finds it there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/msharefs.h>

#define REGION "/sys/fs/mshare/shareme"

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void donor(void)
{
	struct mshare_create create = { 0 };
	struct mshare_info info;
	unsigned long granule;
	char number[128] = "";
	char *addr;
	int fd;

	fd = open("/sys/fs/mshare/mshare_info", O_RDONLY);
	if (fd < 0 || read(fd, number, sizeof(number) - 1) <= 0)
		fail("mshare_info");
	close(fd);
	granule = strtoul(number, NULL, 10);

	fd = open(REGION, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		fail("open");
	info.start = granule * 4;
	info.size = granule * 2;
	if (ioctl(fd, MSHAREFS_SET_SIZE, &info) < 0)
		fail("MSHAREFS_SET_SIZE");
	create.addr = info.start;
	create.size = info.size;
	create.prot = PROT_READ | PROT_WRITE;
	create.flags = MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED;
	create.fd = -1;
	if (ioctl(fd, MSHAREFS_CREATE_MAPPING, &create) < 0)
		fail("MSHAREFS_CREATE_MAPPING");
	addr = mmap((void *)info.start, info.size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		fail("mmap");
	strcpy(addr, "Some random shared text");
}

static void consumer(void)
{
	struct mshare_info info;
	char *addr;
	int fd;

	fd = open(REGION, O_RDWR);
	if (fd < 0)
		fail("open");
	if (ioctl(fd, MSHAREFS_GET_SIZE, &info) < 0 || !info.start)
		fail("MSHAREFS_GET_SIZE");
	addr = mmap((void *)info.start, info.size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		fail("mmap");
	printf("%s\n", addr);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "donor"))
		donor();
	else if (argc == 2 && !strcmp(argv[1], "consumer"))
		consumer();
	else
		return 2;
	return EXIT_SUCCESS;
}
