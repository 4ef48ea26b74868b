/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures that the kernel keeps, for "is all of it back?". */
#ifndef GUEST_FIGURES_H
#define GUEST_FIGURES_H

#include <stdint.h>
#include <sys/types.h>

/* A line of /proc/meminfo, in KiB. */
long meminfo(const char *name);
/* All page tables there are, in KiB. */
long page_tables(void);
/* A line of /proc/vmstat. */
long vmstat(const char *name);
/* A line of /proc/PID/status; 0 is this process. */
long process_status(pid_t pid, const char *name);
/* Objects in use of a slab cache, less what is only waiting to be reused. */
long slab_objects(const char *cache);
/* The first number in the file @path. */
long number_in(const char *path);
/* Page faults that this process has taken. */
long fault_count(void);
/* Of the @count pages that this process has from @start on, those on @node. */
size_t pages_on_node(uint64_t start, size_t count, int node);

/*
 * Memory may come back a little after the call that gave it up returns: calls
 * @figure until it is at most @limit, or for half a minute. Returns the
 * last value.
 */
long settle(long (*figure)(void), long limit);

#endif /* GUEST_FIGURES_H */
