// SPDX-License-Identifier: GPL-2.0-only
/*
 * change KIND CLIENTS: the cost of write-protecting 1 GiB that CLIENTS
 * processes share, and of reclaiming half of the memory. The memory is charged
 * to the cgroup $BENCH_CGROUP.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

static struct memory memory;

/* Until the process can use all memory without a fault. */
static void use(int number)
{
	(void)number;
	memory_map(&memory);
	memory_read(&memory, memory.region ? GIB : PAGE);
}

/* In a region, one process changes the memory for all. */
static void protect(int number)
{
	if (!memory.region || !number)
		memory_protect(&memory, PROT_READ);
}

static void write_to(const char *name, const char *text)
{
	const char *group = getenv("BENCH_CGROUP");
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", group ? group : ".", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

static void fill(void)
{
	volatile char *at = memory_map(&memory);

	memory_write(&memory, PAGE);
	munmap((void *)at, memory.size);
}

int main(int argc, char **argv)
{
	struct crowd crowd;
	uint64_t since;

	if (argc != 3)
		return EXIT_FAILURE;
	write_to("cgroup.procs", "0");
	memory = memory_make(argv[1], GIB);
	fill();
	crowd = crowd_start(atoi(argv[2]), use, protect);

	since = instructions();
	crowd_step(&crowd);
	report("protect", instructions() - since);

	since = instructions();
	write_to("memory.reclaim", "512M swappiness=200");
	report("reclaim", instructions() - since);
	crowd_end(&crowd);
	return EXIT_SUCCESS;
}
