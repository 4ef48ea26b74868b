/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_WINDOW_H
#define COMMON_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "range.h"

/* One mapping of a region in one process, as /proc tells of it. */
struct window {
	pid_t pid;
	uid_t uid; /* effective */
	struct range range;
	int prot;
	bool shared; /* MAP_SHARED */
	ino_t inode;
	const char *path; /* where the process sees the region */
	bool deleted;     /* ... or saw it */
	const char *command;
	const char *arguments;
};

/*
 * Calls fn for each window that a process has on a region of the file system
 * with this device number, until it returns something else than 0, which is
 * returned. *unreadable counts the processes that may not be looked at. proc
 * is where procfs is mounted. 0 or -errno.
 */
int window_scan(const char *proc, dev_t dev,
		int (*fn)(const struct window *window, void *data), void *data,
		size_t *unreadable);

/* A line of /proc/PID/maps, which changes. False: it is no window of dev. */
bool window_parse(char *line, dev_t dev, struct window *window);

#endif
