// SPDX-License-Identifier: GPL-2.0-only
/* The owner of a region, users with access, and all other users. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW       (PROT_READ | PROT_WRITE)
#define STRANGER 65534

static const char *path;
static uint64_t start;

static void become_stranger(void)
{
	must(!setgroups(0, NULL) && !setresgid(STRANGER, STRANGER, STRANGER) &&
		     !setresuid(STRANGER, STRANGER, STRANGER),
	     "setresuid: %m");
}

static int try_open(int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Requests that only the owner may make, whatever the region's mode is. */
static void check_not_owner(void)
{
	char mine[] = MSHARE_MOUNT "/test-stranger";

	check_result(result(unlink(path)), EPERM, "unlink");
	check_result(result(rename(path, mine)), EPERM, "rename");
	check_result(result(chmod(path, 0666)), EPERM, "chmod");
	check_result(result(chown(path, STRANGER, STRANGER)), EPERM, "chown");
	check_result(result(unlink(MSHARE_MOUNT "/mshare_info")), EPERM,
		     "unlink of mshare_info");
}

static void kept_out(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	become_stranger();
	check_result(try_open(O_RDONLY), EACCES, "to read");
	check_result(try_open(O_RDWR), EACCES, "to read and write");
	check_result(try_open(O_WRONLY), EACCES, "to write");
	check_not_owner();
}

static void private_region(void)
{
	int fd = region_create(path = region_path(), start, granule);
	struct peer peer = peer_start(kept_out, NULL);
	struct stat stat;

	peer_end(&peer);
	check(!fstat(fd, &stat) && stat.st_uid == 0 &&
		      (stat.st_mode & 07777) == 0600,
	      "owner %d, mode %o", stat.st_uid, stat.st_mode);
	close(fd);
}

static void may_read(struct peer *parent, void *arg)
{
	struct mshare_info info;
	struct msharefs_stat stat;
	uint64_t value;
	char *window;
	int fd;

	(void)arg;
	/* Maps a window of its own, instead of the inherited one. */
	munmap((void *)start, granule);
	become_stranger();
	check_result(try_open(O_RDWR), EACCES, "to write");
	fd = region_open(path, O_RDONLY);
	check_result(region_get_size(fd, &info), 0, "GET_SIZE");
	check_result(region_stat(fd, &stat), 0, "STAT");
	check_result(region_map(fd, start + MIB, PAGE, RW, 0), EBADF,
		     "CREATE_MAPPING");
	check_result(region_unmap(fd, start, PAGE), EBADF, "UNMAP");
	check_result(region_protect(fd, start, PAGE, PROT_NONE), EBADF,
		     "PROTECT");
	check(mmap(NULL, granule, RW, MAP_SHARED, fd, 0) == MAP_FAILED &&
		      errno == EACCES,
	      "a window to write: %m");
	window = window_map(fd, 0, granule, PROT_READ, 0);
	check(!load(window, &value) && value == 42, "it holds %lu", value);
	check(store(window, 43) == SIGSEGV, "the reader can write");
	check_not_owner();
	go(parent);
	wait_go(parent);
	check(!load(window, &value) && value == 44, "now %lu", value);
}

static void readable_region(void)
{
	int fd = region_create(path = region_path(), start, granule);
	struct peer peer;
	char *window;

	check(!fchmod(fd, 0644), "fchmod: %m");
	region_fill(fd, start, 16 * PAGE, RW);
	window = window_map(fd, start, granule, RW, 0);
	store(window, 42);
	peer = peer_start(may_read, NULL);
	wait_go(&peer);
	check(peek(window) == 42, "the reader wrote %lu", peek(window));
	store(window, 44);
	/* A client keeps its window. */
	check(!fchmod(fd, 0), "fchmod: %m");
	go(&peer);
	peer_end(&peer);
	close(fd);
}

static void own_region(struct peer *parent, void *arg)
{
	char *window;
	int fd;

	(void)parent;
	(void)arg;
	become_stranger();
	fd = region_create(path, start, granule);
	region_fill(fd, start, 16 * PAGE, RW);
	window = window_map(fd, start, granule, RW, 0);
	check(!store(window, 1), "signal %d", touch_fault.signal);
	check_result(result(chmod(path, 0640)), 0, "chmod");
	check_result(result(unlink(path)), 0, "unlink");
	check(peek(window) == 1, "it holds %lu", peek(window));
}

/* Any user may create regions; root needs no permission for any region. */
static void ordinary_user(void)
{
	struct peer peer;

	path = region_path();
	peer = peer_start(own_region, NULL);
	peer_end(&peer);
	check(access(path, F_OK) < 0 && errno == ENOENT,
	      "the region is still there");
}

static void attach_as_root(struct peer *parent, void *arg)
{
	char *window;

	(void)arg;
	window = window_map(region_open(path, O_RDWR), start, granule, RW, 0);
	go(parent);
	wait_go(parent);
	become_stranger();
	check(peek(window) == 7, "it holds %lu", peek(window));
	check(!store(window, 8), "signal %d", touch_fault.signal);
	/* The access rights were removed, so a second window is refused. */
	check_result(try_open(O_RDONLY), EACCES, "to read");
}

static void dropped_rights(void)
{
	int fd = region_create(path = region_path(), start, granule);
	struct peer peer;
	char *window;

	region_fill(fd, start, PAGE, RW);
	peer = peer_start(attach_as_root, NULL);
	wait_go(&peer);
	window = window_map(fd, start, granule, RW, 0);
	store(window, 7);
	go(&peer);
	peer_end(&peer);
	check(peek(window) == 8, "it holds %lu", peek(window));
	close(fd);
}

static void seal_as_stranger(struct peer *parent, void *arg)
{
	struct msharefs_seal seal = { sizeof(seal), 0, MSHAREFS_SEAL_MAP };
	int fd;

	(void)parent;
	(void)arg;
	become_stranger();
	fd = region_open(path, O_RDWR);
	check_result(request(fd, MSHAREFS_SEAL, &seal), EPERM,
		     "SEAL by one who may write");
	check_result(region_map(fd, start + MIB, MIB, RW, 0), 0,
		     "CREATE_MAPPING by one who may write");
	close(fd);
}

static void seal_as_owner(struct peer *parent, void *arg)
{
	struct msharefs_seal seal = { sizeof(seal), 0, MSHAREFS_SEAL_MAP };
	int fd = *(int *)arg;

	(void)parent;
	must(!fchown(fd, STRANGER, STRANGER), "fchown: %m");
	become_stranger();
	check_result(request(fd, MSHAREFS_SEAL, &seal), 0, "SEAL by the owner");
}

/* The right to write does not include sealing the layout for other users. */
static void sealing(void)
{
	int fd = region_create(path = region_path(), start, granule);
	struct peer peer;

	region_fill(fd, start, MIB, RW);
	must(!fchmod(fd, 0666), "fchmod: %m");
	peer = peer_start(seal_as_stranger, NULL);
	peer_end(&peer);
	peer = peer_start(seal_as_owner, &fd);
	peer_end(&peer);
	close(fd);
}

static const struct test_case cases[] = {
	{ "private", "other users cannot open a private region",
	  private_region },
	{ "readable",
	  "other users cannot write to a region that is readable for them",
	  readable_region },
	{ "ordinary-user", "an ordinary user can create and attach regions",
	  ordinary_user },
	{ "dropped-rights",
	  "a window stays when the process drops its privileges",
	  dropped_rights },
	{ "sealing", "only the owner of a region seals it", sealing },
};

static void setup(void)
{
	start = region_address(32);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
