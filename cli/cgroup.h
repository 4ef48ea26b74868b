/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CGROUP_H
#define CLI_CGROUP_H

#include <stdint.h>

/*
 * The path of the cgroup with this ID below the mount of cgroups, as in
 * /proc/PID/cgroup; NULL if this process does not see the cgroup. The first call
 * reads the names of all cgroups. The string belongs to this module.
 */
const char *cgroup_path(uint64_t id);

#endif
