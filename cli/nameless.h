/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_NAMELESS_H
#define CLI_NAMELESS_H

#include <stdbool.h>
#include <stdint.h>

#include <mshare.h>

/*
 * Nameless regions, the memory of programs with PR_SET_MSHARE. On the command
 * line and in listings, @ and the number are the name.
 */

#define NAMELESS_STRLEN 24

void nameless_format(uint64_t number, char text[NAMELESS_STRLEN]);
bool nameless_parse(const char *name, uint64_t *number);

/*
 * Calls fn, as mshare_walk_nameless(), for the region with this number alone. 0;
 * -ENOENT: no such region, or not for this user; -errno.
 */
int nameless_find(int fd, uint64_t number,
		  int (*fn)(const struct msharefs_nameless *nameless,
			    const struct msharefs_stat *stat, void *data),
		  void *data);

/* Reports an error of a listing; name can be NULL. EXIT_FAILURE. */
int nameless_failed(const char *name, int err);

/* The kernel's counters for programs, since the system started. */
struct nameless_counters {
	uint64_t regions, ordinary, plain;
};

/* False: the kernel has none. */
bool nameless_read_counters(struct nameless_counters *counters);

#endif
