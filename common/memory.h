/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The memory that can be allocated before the kernel kills processes:
 * MemAvailable and SwapFree of /proc/meminfo, in bytes. 0 or -errno.
 */
int memory_available(uint64_t *bytes);

/* Whether the system is known to have no swap space left. */
bool memory_has_no_swap(void);

/*
 * If anonymous memory of regions cannot have huge pages of 2 MiB, the path of
 * the setting that is the reason, with its value in word; else NULL.
 */
const char *memory_no_huge_pages(char *word, size_t size);

/*
 * A pool of huge pages: the pages of this size that no file has reserved.
 * 0 or -errno.
 */
int memory_free_huge_pages(uint64_t page_size, uint64_t *pages);

/*
 * Makes this process the first victim of the OOM killer, or takes that back.
 * The memory of regions is charged to no process, so that the kernel would kill
 * other processes for what this process populates.
 */
void memory_kill_me_first(bool first);

#endif
