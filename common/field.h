/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_FIELD_H
#define COMMON_FIELD_H

#include <stdint.h>

/*
 * Reads the number of the line that begins with name and a colon or a blank, in
 * a file such as /proc/meminfo. 0, -ENODATA if no line begins so, or the -errno
 * of fopen().
 */
int field_read(const char *path, const char *name, uint64_t *value);

#endif
