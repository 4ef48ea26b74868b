// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "check.h"
#include "region.h"

#define FIRST_ADDRESS 0x200000000000ULL
#define MAX_PATHS     96
#define OTHER_MOUNT   "/mnt"

uint64_t granule;

static const char *mount_point = MSHARE_MOUNT;
static pid_t owner;
static char *paths[MAX_PATHS];
static unsigned int nr_paths;

static void remove_regions(void)
{
	if (getpid() != owner)
		return;
	for (unsigned int i = 0; i < nr_paths; i++)
		unlink(paths[i]);
}

void regions_init(void)
{
	unsigned long long value;
	char path[256];
	FILE *info;

	if (granule)
		return;
	snprintf(path, sizeof(path), "%s/mshare_info", mount_point);
	info = fopen(path, "re");
	must(info, "cannot open mshare_info: %m");
	must(fscanf(info, "%llu", &value) == 1, "mshare_info holds no number");
	fclose(info);
	granule = value;
	owner = getpid();
	atexit(remove_regions);
}

void mounts_unshare(void)
{
	must(!unshare(CLONE_NEWNS), "unshare: %m");
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount: %m");
}

const char *regions_mount(const char *options)
{
	mounts_unshare();
	must(!mount("msharefs", OTHER_MOUNT, "msharefs", 0, options),
	     "mounting msharefs with %s: %m", options);
	mount_point = OTHER_MOUNT;
	return mount_point;
}

uint64_t region_address(unsigned int index)
{
	return FIRST_ADDRESS + index * granule;
}

const char *region_path(void)
{
	char *path;

	must(nr_paths < MAX_PATHS, "a case uses too many regions");
	if (asprintf(&path, "%s/test-%d-%u", mount_point, getpid(), nr_paths) <
	    0)
		give_up();
	paths[nr_paths++] = path;
	return path;
}

long result(long returned)
{
	return returned < 0 ? -errno : returned;
}

int request(int fd, unsigned long number, const void *arg)
{
	return ioctl(fd, number, arg) < 0 ? -errno : 0;
}

int region_get_size(int fd, struct mshare_info *info)
{
	return request(fd, MSHAREFS_GET_SIZE, info);
}

int region_set_size(int fd, uint64_t start, uint64_t size)
{
	struct mshare_info info = { .start = start, .size = size };

	return request(fd, MSHAREFS_SET_SIZE, &info);
}

int region_map(int fd, uint64_t addr, uint64_t size, int prot, int flags)
{
	struct mshare_create create = {
		.addr = addr,
		.size = size,
		.prot = prot,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS | flags,
		.fd = -1,
	};

	return request(fd, MSHAREFS_CREATE_MAPPING, &create);
}

int region_map_file(int fd, uint64_t addr, uint64_t size, int prot, int flags,
		    int file, uint64_t offset)
{
	struct mshare_create create = {
		.addr = addr,
		.size = size,
		.offset = offset,
		.prot = prot,
		.flags = MAP_SHARED | MAP_FIXED | flags,
		.fd = file,
	};

	return request(fd, MSHAREFS_CREATE_MAPPING, &create);
}

int region_unmap(int fd, uint64_t addr, uint64_t size)
{
	struct mshare_unmap unmap = { .addr = addr, .size = size };

	return request(fd, MSHAREFS_UNMAP, &unmap);
}

int region_protect(int fd, uint64_t addr, uint64_t size, int prot)
{
	struct mshare_protect protect = {
		.addr = addr,
		.size = size,
		.prot = prot,
	};

	return request(fd, MSHAREFS_PROTECT, &protect);
}

int region_advise(int fd, uint64_t addr, uint64_t size, uint32_t advice)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.advice = advice,
		.addr = addr,
		.length = size,
	};

	return request(fd, MSHAREFS_ADVISE, &range);
}

int region_stat(int fd, struct msharefs_stat *stat)
{
	memset(stat, 0, sizeof(*stat));
	stat->size = sizeof(*stat);
	return request(fd, MSHAREFS_STAT, stat);
}

int region_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	must(fd >= 0, "cannot open %s: %m", path);
	return fd;
}

int region_create(const char *path, uint64_t start, uint64_t size)
{
	int fd = region_open(path, O_RDWR | O_CREAT | O_EXCL);

	must(check_result(region_set_size(fd, start, size), 0,
			  "setting the size of %s", path),
	     "no region");
	return fd;
}

void region_fill(int fd, uint64_t addr, uint64_t size, int prot)
{
	must(check_result(region_map(fd, addr, size, prot, MAP_NORESERVE), 0,
			  "mapping %#lx in a region", addr),
	     "no mapping");
}

void *window_map(int fd, uint64_t addr, uint64_t size, int prot,
		 uint64_t offset)
{
	void *window = mmap((void *)addr, size, prot, MAP_SHARED, fd, offset);

	must(window != MAP_FAILED, "cannot map a window at %#lx: %m", addr);
	must(!addr || window == (void *)addr, "a window for %#lx went to %p",
	     addr, window);
	return window;
}

int have_high_addresses(void)
{
	void *hint = (void *)(1ULL << 50);
	void *got =
		mmap(hint, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(got != MAP_FAILED, "mmap: %m");
	munmap(got, PAGE);
	return got == hint;
}
