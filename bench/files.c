// SPDX-License-Identifier: GPL-2.0-only
/*
 * files PATH CLIENTS: what programs pay that take a path for their memory, as
 * memcached does: to attach a file of 1 GiB, and for the page tables of CLIENTS
 * processes that use all of the file. The programs are the same for msharefs
 * and tmpfs; PATH decides.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

#define ROUNDS 15

static const char *path;

static volatile char *attach(int flags)
{
	int fd = open(path, O_RDWR | flags, 0600);
	void *at;

	if (fd < 0 || ((flags & O_CREAT) && ftruncate(fd, GIB)))
		fail(path);
	at = mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	close(fd);
	return at;
}

static void use(int number)
{
	volatile char *memory = attach(0);

	(void)number;
	/* A page in every 2 MiB: each page needs its own page table. */
	for (uint64_t i = 0; i < GIB; i += 2 * MIB)
		memory[i] = 1;
}

static void report_attach(void)
{
	uint64_t took[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t since = instructions();
		volatile char *memory = attach(0);

		(void)*memory;
		munmap((void *)memory, GIB);
		took[i] = instructions() - since;
	}
	report("attach", median(took, ROUNDS));
}

static void report_page_tables(int clients)
{
	uint64_t before = page_tables();
	struct crowd crowd = crowd_start(clients, use, NULL);

	report("pgtables", page_tables() - before);
	crowd_end(&crowd);
}

int main(int argc, char **argv)
{
	volatile char *memory;

	if (argc != 3)
		return EXIT_FAILURE;
	path = argv[1];
	memory = attach(O_CREAT | O_EXCL);
	*memory = 1;
	munmap((void *)memory, GIB);
	report_attach();
	report_page_tables(atoi(argv[2]));
	if (unlink(path))
		fail(path);
	return EXIT_SUCCESS;
}
