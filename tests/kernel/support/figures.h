/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures of the kernel, to check that all memory has returned. */
#ifndef GUEST_FIGURES_H
#define GUEST_FIGURES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A line of /proc/meminfo, in KiB. */
long meminfo(const char *name);
/* All page tables, in KiB. */
long page_tables(void);
/* A line of /proc/vmstat. */
long vmstat(const char *name);
/* A line of /proc/PID/status; 0 is this process. */
long process_status(pid_t pid, const char *name);
/* Objects in use of a slab cache, without those that only wait for reuse. */
long slab_objects(const char *cache);
/* A mapping in /proc/self/smaps: its range, its first line, and VmFlags. */
struct smaps {
	uint64_t start;
	uint64_t end;
	char mapping[512];
	char flags[512];
};
/* The mapping at an address; the case ends if there is none. */
struct smaps smaps_at(const void *at);
/* Does VmFlags have these two letters? */
bool smaps_has_flag(const struct smaps *smaps, const char *flag);
/* The first number in the file @path. */
long number_in(const char *path);
/* Faults that this process has taken. */
long fault_count(void);
/* Of the @count pages of this process from @start on, the number on @node. */
size_t pages_on_node(uint64_t start, size_t count, int node);

/*
 * Memory may return a little after the call that frees it: calls @figure until
 * the result is at most @limit, for at most half a minute. Returns the last
 * result.
 */
long settle(long (*figure)(void), long limit);

#endif /* GUEST_FIGURES_H */
