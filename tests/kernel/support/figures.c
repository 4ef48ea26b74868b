// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"
#include "figures.h"
#include "peer.h"
#include "region.h"

/* The number after @name and blanks or a colon at the start of a line. */
static long field_of(const char *path, const char *name)
{
	char line[512];
	long value = -1;
	size_t length = strlen(name);
	FILE *file = fopen(path, "re");

	must(file, "cannot open %s: %m", path);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, length) &&
		    strchr(": \t", line[length]))
			value = atol(line + length + 1);
	fclose(file);
	must(value >= 0, "%s has no line for %s", path, name);
	return value;
}

long meminfo(const char *name)
{
	return field_of("/proc/meminfo", name);
}

long page_tables(void)
{
	return meminfo("PageTables") + meminfo("SecPageTables");
}

long vmstat(const char *name)
{
	return field_of("/proc/vmstat", name);
}

long process_status(pid_t pid, const char *name)
{
	char path[64];

	if (!pid)
		pid = getpid();
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return field_of(path, name);
}

struct smaps smaps_at(const void *at)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	struct smaps smaps = { 0 };
	uint64_t start, end;
	bool found = false;
	char line[512];

	must(file, "cannot open smaps: %m");
	while (!*smaps.flags && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) ==
		    2) {
			found = start <= (uint64_t)at && (uint64_t)at < end;
			smaps.start = start;
			smaps.end = end;
			memcpy(smaps.mapping, line, sizeof(line));
		} else if (found && !strncmp(line, "VmFlags:", 8)) {
			memcpy(smaps.flags, line, sizeof(line));
		}
	}
	fclose(file);
	must(*smaps.flags, "nothing at %p", at);
	return smaps;
}

bool smaps_has_flag(const struct smaps *smaps, const char *flag)
{
	char word[8];

	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(smaps->flags, word);
}

long number_in(const char *path)
{
	long value;
	FILE *file = fopen(path, "re");

	must(file, "cannot open %s: %m", path);
	must(fscanf(file, "%ld", &value) == 1, "no number in %s", path);
	fclose(file);
	return value;
}

long slab_objects(const char *cache)
{
	char path[128];
	int fd;

	/*
	 * Shrinking a cache empties the lists of each CPU, and under KASAN the
	 * quarantine, too; the remaining objects are in use.
	 */
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0, "cannot open %s: %m", path);
	must(write(fd, "1", 1) == 1, "cannot shrink %s: %m", cache);
	close(fd);
	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/objects", cache);
	return number_in(path);
}

long fault_count(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

size_t pages_on_node(uint64_t start, size_t count, int node)
{
	void **pages = calloc(count, sizeof(*pages));
	int *status = calloc(count, sizeof(*status));
	size_t on_node = 0;

	must(pages && status, "no memory");
	for (size_t i = 0; i < count; i++)
		pages[i] = (void *)(start + i * PAGE);
	must(!syscall(SYS_move_pages, 0, count, pages, NULL, status, 0),
	     "move_pages: %m");
	for (size_t i = 0; i < count; i++)
		on_node += status[i] == node;
	free(pages);
	free(status);
	return on_node;
}

long settle(long (*figure)(void), long limit)
{
	long value = figure();

	for (int i = 0; i < 600 && value > limit; i++) {
		sleep_ms(50);
		value = figure();
	}
	return value;
}
