// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only process of the kernels that ./dev bisectable boots: creates a region,
 * uses the region as far as the series allows, reports the last step that worked
 * on the console, and ends the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/msharefs.h>

#define REGION  "/sys/fs/mshare/region"
#define START   (1ULL << 44)
#define GRANULE (1ULL << 30)
#define PAGE    4096ULL
#define RW      (PROT_READ | PROT_WRITE)

/* The last step that worked. */
static const char *last = "made";

/* A kernel refuses what a later patch adds. */
static bool is_absent(void)
{
	return errno == ENOTTY || errno == ENODEV || errno == EINVAL;
}

static int give_size(int fd)
{
	struct mshare_info info = { .start = START, .size = GRANULE };

	return ioctl(fd, MSHAREFS_SET_SIZE, &info);
}

static int map_object(int fd)
{
	struct mshare_create create = {
		.addr = START,
		.size = 2 * PAGE,
		.prot = RW,
		.flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS,
		.fd = -1,
	};

	return ioctl(fd, MSHAREFS_CREATE_MAPPING, &create);
}

static int map_window(int fd)
{
	void *window = mmap((void *)START, GRANULE, RW, MAP_SHARED, fd, 0);

	return window == MAP_FAILED ? -1 : 0;
}

/* In a separate process, because a signal may end it. */
static int in_child(int (*run)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(run() != 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	errno = EFAULT;
	return status ? -1 : 0;
}

static volatile uint64_t *word(int page)
{
	return (uint64_t *)(START + page * PAGE);
}

static int look(void)
{
	*word(1) = 43;
	return *word(0) != 42;
}

static int touch(void)
{
	*word(0) = 42;
	return in_child(look) || *word(1) != 43;
}

/* The child inherits a window, and fills the region through the window. */
static int share(int fd)
{
	(void)fd;
	return in_child(touch) || *word(0) != 42 || *word(1) != 43;
}

static int unmap_window(int fd)
{
	(void)fd;
	return munmap((void *)START, GRANULE);
}

static const struct step {
	const char *done;
	int (*run)(int fd);
} steps[] = {
	{ "given a size", give_size },
	{ "filled", map_object },
	{ "mapped", map_window },
	{ "shared", share },
	{ "mapped and unmapped", unmap_window },
};

/* Uses as much as the kernel supports. */
static int use(int fd)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (steps[i].run(fd))
			return is_absent() ? 0 : -1;
		last = steps[i].done;
	}
	return 0;
}

static int check(void)
{
	int fd;

	mkdir("/sys", 0755);
	if (mount("sysfs", "/sys", "sysfs", 0, NULL) ||
	    mount("mshare", "/sys/fs/mshare", "msharefs", 0, NULL))
		return -1;
	fd = open(REGION, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || use(fd))
		return -1;
	close(fd);
	return unlink(REGION);
}

int main(void)
{
	if (check())
		perror("boot-check: failed");
	else
		printf("boot-check: a region was made, and at last %s\n", last);
	fflush(stdout);
	/* The kernel may free regions later, in the background. */
	sleep(1);
	reboot(RB_AUTOBOOT);
	return 1;
}
