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
	dev_t dev;
	ino_t inode;
	const char *path; /* path of the region in the process's view */
	bool deleted;     /* ... or its last path, if deleted */
	const char *command;
	const char *arguments;
};

/* The device numbers of file systems. */
struct window_devices {
	const dev_t *devs;
	size_t count;
};

/*
 * Calls fn for each window of a process on a region of these file systems,
 * until fn returns a value other than 0, which is returned. *unreadable counts
 * the inaccessible processes. proc is the mount point of procfs; -ENOENT:
 * another file system is there. 0 or -errno.
 */
int window_scan(const char *proc, struct window_devices devices,
		int (*fn)(const struct window *window, void *data), void *data,
		size_t *unreadable);

/*
 * Parses a line of /proc/PID/maps, and changes the line. False: not a window of
 * these file systems.
 */
bool window_parse(char *line, struct window_devices devices,
		  struct window *window);

/*
 * Whether a nameless window has this many bytes more than it shows: map_files
 * has the range of the window, and maps that of the program's memory.
 */
bool window_has_rest(const struct window *window, uint64_t rest);

/*
 * Whether a mapping of a process shares page tables, as smaps shows. The kernel
 * counts the memory of all mappings of the process for that.
 */
bool window_is_linked(pid_t pid, uint64_t start);

#endif
