// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "internal.h"
#include "mount.h"

/* A file in memory: a run must not wait for the disk. */
static int memory_file(const char *text, size_t size, char path[32])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	HOLDS(fd >= 0);
	HOLDS(write(fd, text, size) == (ssize_t)size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void check_names(const char *text)
{
	struct mount mount = { .path = (char *)"/sys/fs/mshare" };
	const char *relative = mount_relative(&mount, text);
	char *path = mount_resolve(&mount, text);

	HOLDS(path);
	HOLDS(relative >= text && relative <= text + strlen(text));
	HOLDS(text[0] != '/' || !strcmp(path, text));
	free(path);
}

/* The first line is mountinfo's as it came; all of it is a list of types. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *found = NULL;
	char mountinfo[32], filesystems[32];
	int info, types, err;

	check_names(text);
	info = memory_file(text, size, mountinfo);
	types = memory_file(text, size, filesystems);
	err = mshare_search_mounts(mountinfo, filesystems, NULL, &found);
	HOLDS(err <= 0);
	HOLDS(err ? !found : found && *found);
	close(types);
	close(info);
	free(found);
	free(text);
	return 0;
}
