/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that do not know msharefs, with PR_SET_MSHARE. */
#ifndef GUEST_PROGRAM_H
#define GUEST_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "region.h"

#ifndef PR_SET_MSHARE
#define PR_SET_MSHARE    0x4d534852
#define PR_GET_MSHARE    0x4d534853
#define PR_MSHARE_STRICT 1
#endif

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_SHARED | MAP_ANONYMOUS)

/* PR_SET_MSHARE; returns 0 or a negative errno. */
int set_min_size(uint64_t size, unsigned long flags);

/* Maps memory, anonymous and shared; ends the case if the kernel refuses. */
char *map_with(void *addr, uint64_t size, int prot, int flags);
char *map(uint64_t size);

/* A counter of /sys/kernel/mm/mshare, without "program_". */
long counter(const char *name);

/* Is the mapping at the address a window? Checks its name on the way. */
bool is_window_named(const void *at, const char *name);
bool is_window(const void *at);

/*
 * Runs a script without regions, and again with them from this size on: both
 * must note the same, although more than five windows become plain.
 */
void same_with_regions(void (*script)(void), uint64_t min_size);

/* A nameless region in the kernel's list. */
struct listed {
	struct msharefs_nameless nameless;
	struct msharefs_stat stat;
};

/* A descriptor for the list: mshare_info. */
int open_list(void);

/* Gets the region behind number @last; returns 0 or a negative errno. */
int next_listed(int fd, struct listed *l, uint64_t last);

#endif /* GUEST_PROGRAM_H */
