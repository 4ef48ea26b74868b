/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBMSHARE_INTERNAL_H
#define LIBMSHARE_INTERNAL_H

/* Functions that tests call and the shared library does not export. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mshare.h"

#define MSHARE_FILESYSTEMS "/proc/filesystems"

/* True if the list in a file such as /proc/filesystems has msharefs. */
bool mshare_is_listed(const char *filesystems);

/*
 * The search of mshare_find_mount() in files in the format of
 * /proc/self/mountinfo and /proc/filesystems. Passes over mount points for which
 * is_visible, which may be NULL, returns false. The caller frees *path.
 */
int mshare_search_mounts(const char *mountinfo, const char *filesystems,
			 bool (*is_visible)(const char *path), char **path);

#endif
