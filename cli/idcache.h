/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_IDCACHE_H
#define CLI_IDCACHE_H

#include <sys/types.h>

/*
 * The name of a user or a group, or the number if there is no name. Each ID is
 * looked up once; the text is valid until the program ends.
 */
const char *idcache_user(uid_t uid);
const char *idcache_group(gid_t gid);

#endif
