// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "check.h"
#include "figures.h"
#include "peer.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static void path_of(char *path, size_t size, const char *group,
		    const char *file)
{
	snprintf(path, size, "%s/%s", group ? group : CGROUP_ROOT, file);
}

void cgroup_set(const char *group, const char *file, const char *value)
{
	char path[256];
	int fd;

	path_of(path, sizeof(path), group, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, value, strlen(value)) == (int)strlen(value),
	     "cannot write %s to %s: %m", value, path);
	close(fd);
}

const char *cgroup_make(const char *parent, const char *name)
{
	char *path;

	cgroup_set(parent, "cgroup.subtree_control", "+memory");
	if (asprintf(&path, "%s/%s-%d", parent ? parent : CGROUP_ROOT, name,
		     getpid()) < 0)
		give_up();
	must(!mkdir(path, 0700), "cannot make %s: %m", path);
	return path;
}

/* A process that has ended may not have left the cgroup yet. */
void cgroup_remove(const char *group)
{
	for (int i = 0; i < 100; i++) {
		if (!rmdir(group))
			return;
		must(errno == EBUSY, "cannot remove %s: %m", group);
		sleep_ms(50);
	}
	must(false, "%s does not get empty", group);
}

long cgroup_number(const char *group, const char *file)
{
	char path[256];

	path_of(path, sizeof(path), group, file);
	return number_in(path);
}

long cgroup_event(const char *group, const char *file, const char *name)
{
	char path[256], found[64];
	long value = -1, number;
	FILE *events;

	path_of(path, sizeof(path), group, file);
	events = fopen(path, "re");
	must(events, "cannot open %s: %m", path);
	while (value < 0 && fscanf(events, "%63s %ld", found, &number) == 2)
		if (!strcmp(found, name))
			value = number;
	fclose(events);
	must(value >= 0, "%s tells no %s", path, name);
	return value;
}

void cgroup_enter(const char *group)
{
	cgroup_set(group, "cgroup.procs", "0");
}
