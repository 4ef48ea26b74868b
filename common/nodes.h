/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_NODES_H
#define COMMON_NODES_H

#include <stdint.h>

/* The largest number of NUMA nodes of any kernel. */
#define NODES_MAX   1024
#define NODES_WORDS (NODES_MAX / 64)

/*
 * Parses a list such as "0-1,3" into a mask of NODES_WORDS words. 0, -EINVAL
 * for an invalid list, -ERANGE for a node that no kernel has.
 */
int nodes_parse(const char *text, uint64_t *mask);

#endif
