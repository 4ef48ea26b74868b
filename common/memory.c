// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "field.h"

#define OOM_SCORE_ADJ "/proc/self/oom_score_adj"

int memory_available(uint64_t *bytes)
{
	uint64_t available, swap = 0;
	int err;

	err = field_read("/proc/meminfo", "MemAvailable", &available);
	if (err)
		return err;
	field_read("/proc/meminfo", "SwapFree", &swap);
	*bytes = (available + swap) << 10;
	return 0;
}

bool memory_has_no_swap(void)
{
	uint64_t swap;

	return !field_read("/proc/meminfo", "SwapFree", &swap) && !swap;
}

#define THP "/sys/kernel/mm/transparent_hugepage/"

/* The chosen word of "always within_size advise [never] deny force", or "". */
static void read_choice(const char *path, char *word, size_t size)
{
	char line[128] = "", *begin, *end;
	FILE *f;

	*word = '\0';
	f = fopen(path, "re");
	if (f && !fgets(line, sizeof(line), f))
		*line = '\0';
	if (f)
		fclose(f);
	begin = strchr(line, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (end)
		snprintf(word, size, "%.*s", (int)(end - begin - 1), begin + 1);
}

const char *memory_no_huge_pages(char *word, size_t size)
{
	static const char all[] = THP "shmem_enabled";
	static const char usual[] = THP "hugepages-2048kB/shmem_enabled";
	char own[32];

	read_choice(all, word, size);
	read_choice(usual, own, sizeof(own));
	if (!strcmp(word, "deny") || !*own || !strcmp(own, "inherit"))
		return !strcmp(word, "deny") || !strcmp(word, "never") ? all :
									 NULL;
	snprintf(word, size, "%s", own);
	return !strcmp(own, "never") ? usual : NULL;
}

static int read_pool(uint64_t page_size, const char *file, uint64_t *pages)
{
	char path[128];
	int found;
	FILE *f;

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s",
		 page_size >> 10, file);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	found = fscanf(f, "%" SCNu64, pages);
	fclose(f);
	return found == 1 ? 0 : -ENODATA;
}

int memory_free_huge_pages(uint64_t page_size, uint64_t *pages)
{
	uint64_t reserved;
	int err;

	err = read_pool(page_size, "free_hugepages", pages);
	if (!err)
		err = read_pool(page_size, "resv_hugepages", &reserved);
	if (!err)
		*pages -= reserved < *pages ? reserved : *pages;
	return err;
}

void memory_kill_me_first(bool first)
{
	static int before;
	int value = 1000;
	FILE *f;

	/* Without /proc, the kernel chooses. */
	f = fopen(OOM_SCORE_ADJ, first ? "r+e" : "we");
	if (!f)
		return;
	if (first && fscanf(f, "%d", &before) != 1)
		before = 0;
	if (!first)
		value = before;
	rewind(f);
	fprintf(f, "%d\n", value);
	fclose(f);
}
