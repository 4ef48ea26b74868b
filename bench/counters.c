// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "field.h"

void fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

uint64_t instructions(void)
{
	return now() / NS_PER_INSTRUCTION;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

uint64_t median(uint64_t *values, int count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* CPUs batch small changes of the counter. */
static void collect_changes(void)
{
	FILE *file = fopen("/proc/sys/vm/stat_refresh", "re");

	if (!file || fgetc(file) != EOF)
		fail("stat_refresh");
	fclose(file);
}

static uint64_t page_tables_now(void)
{
	uint64_t tables, secondary;

	collect_changes();
	if (field_read("/proc/meminfo", "PageTables", &tables) ||
	    field_read("/proc/meminfo", "SecPageTables", &secondary))
		fail("/proc/meminfo");
	return (tables + secondary) << 10;
}

/* The tables of a process that has ended can be freed after an RCU grace period. */
uint64_t page_tables(void)
{
	uint64_t size, next = page_tables_now();

	do {
		size = next;
		usleep(200000);
		next = page_tables_now();
	} while (next < size);
	return next;
}

/* The number in column @wanted, or the sum of all. */
static uint64_t column(char *rest, int wanted)
{
	uint64_t sum = 0;
	char *end;

	for (int i = 0;; i++, rest = end) {
		uint64_t number = strtoull(rest, &end, 10);

		if (end == rest)
			return sum;
		if (wanted == ALL_PROCESSORS || wanted == i)
			sum += number;
	}
}

uint64_t flush_interrupts(int processor)
{
	FILE *file = fopen("/proc/interrupts", "re");
	uint64_t count = 0;
	char line[4096];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		char *name = line + strspn(line, " ");

		found = !strncmp(name, "TLB:", 4);
		if (found)
			count = column(name + 4, processor);
	}
	if (!found)
		fail("/proc/interrupts");
	fclose(file);
	return count;
}

void report(const char *metric, uint64_t value)
{
	printf("%s %" PRIu64 "\n", metric, value);
	fflush(stdout);
}
