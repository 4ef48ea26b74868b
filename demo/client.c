// SPDX-License-Identifier: GPL-2.0-only
/*
 * One client: touches a page in every 2 MiB of shared memory, reports the cost,
 * and keeps the memory. Without an argument, the memory is the region that
 * msharectl attach-exec attached; with an argument, the memory is that file,
 * mapped as usual.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

/* The memory that one page of page table entries maps. */
#define STEP (2UL << 20)

static uint32_t faults_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static void *map_file(const char *path, size_t *size)
{
	struct stat stat;
	int fd = open(path, O_RDWR);

	if (fd < 0 || fstat(fd, &stat))
		return MAP_FAILED;
	*size = stat.st_size;
	return mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void *region(size_t *size)
{
	const char *addr = getenv("MSHARE_ADDR");
	const char *length = getenv("MSHARE_SIZE");

	if (!addr || !length)
		return MAP_FAILED;
	*size = strtoul(length, NULL, 10);
	return (void *)strtoul(addr, NULL, 16);
}

int main(int argc, char **argv)
{
	struct report report = { .pid = getpid() };
	size_t size;
	char *memory, byte;

	report.startup_faults = faults_so_far();
	memory = argc > 1 ? map_file(argv[1], &size) : region(&size);
	if (memory == MAP_FAILED)
		return EXIT_FAILURE;
	for (size_t at = 0; at < size; at += STEP)
		*(volatile char *)(memory + at) = 1;
	report.faults = faults_so_far() - report.startup_faults;
	if (write(REPORT_FD, &report, sizeof(report)) != sizeof(report))
		return EXIT_FAILURE;
	close(REPORT_FD);
	while (read(HOLD_FD, &byte, 1) > 0)
		;
	return EXIT_SUCCESS;
}
