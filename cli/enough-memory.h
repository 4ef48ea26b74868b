/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_ENOUGH_MEMORY_H
#define CLI_ENOUGH_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct subject;

/*
 * Reports whether a region cannot get size bytes more than it holds. fd is -1
 * for a region that holds nothing. With force, always EXIT_SUCCESS. EXIT_*.
 */
int enough_memory(const char *name, int fd, uint64_t size, bool force);

/*
 * Whether the size limit of the mount is why a request has failed; reports it.
 * fd is a file or a directory on the mount.
 */
bool enough_memory_is_full(const struct subject *subject, int fd);

/* The same for a mapping that needs more than is left of the limit. */
bool enough_memory_exceeds(const struct subject *subject, int fd);

#endif
