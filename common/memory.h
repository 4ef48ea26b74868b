/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The memory that can be allocated before the kernel kills processes:
 * MemAvailable and SwapFree of /proc/meminfo, in bytes. 0 or -errno.
 */
int memory_available(uint64_t *bytes);

/*
 * Makes this process the first victim of the OOM killer, or takes that back.
 * The memory of regions is charged to no process, so that the kernel would kill
 * other processes for what this process populates.
 */
void memory_kill_me_first(bool first);

#endif
