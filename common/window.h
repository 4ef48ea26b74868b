/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_WINDOW_H
#define COMMON_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "range.h"

/* One mapping of a region in one process, from /proc. */
struct window {
	pid_t pid;
	uid_t uid; /* effective */
	struct range range;
	uint64_t offset; /* in the region */
	int prot;
	bool shared; /* MAP_SHARED */
	ino_t inode;
	const char *path; /* path of the region in the process's view */
	bool deleted;     /* ... or its last path, if deleted */
	const char *command;
	const char *arguments;
};

/*
 * Calls fn for each window of a process on a region of the file system with
 * this device number, until fn returns a value other than 0, which is returned.
 * *unreadable counts the inaccessible processes. proc is the mount point of
 * procfs; -ENOENT: another file system is there. 0 or -errno.
 */
int window_scan(const char *proc, dev_t dev,
		int (*fn)(const struct window *window, void *data), void *data,
		size_t *unreadable);

/*
 * Parses a line of /proc/PID/maps, and changes the line. False: not a window of
 * dev.
 */
bool window_parse(char *line, dev_t dev, struct window *window);

#endif
