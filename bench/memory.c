// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mshare.h>

#include "counters.h"

/* A free range, in both paging modes. */
#define ADDRESS 0x200000000000UL

#define REGION "/sys/fs/mshare/bench"

static volatile char *const start = (volatile char *)ADDRESS;

/* A return value of libmshare. */
static void must(int error, const char *what)
{
	if (!error)
		return;
	errno = -error;
	fail(what);
}

static int make_region(uint64_t size)
{
	uint64_t whole = (size + GIB - 1) & ~(GIB - 1);
	int fd;

	must(mshare_open(REGION, O_RDWR | O_CREAT | O_EXCL, &fd), REGION);
	/*
	 * The kernel frees the file with the last process, however the process
	 * ends.
	 */
	unlink(REGION);
	must(mshare_set_range(fd, ADDRESS, whole), "no range");
	return fd;
}

struct memory memory_make(const char *kind, uint64_t size)
{
	struct memory memory = { .region = !strcmp(kind, "msharefs"),
				 .size = size };

	if (memory.region) {
		memory.fd = make_region(size);
		memory_give_back(&memory);
		return memory;
	}
	memory.fd = memfd_create("bench", MFD_CLOEXEC);
	if (memory.fd < 0 || ftruncate(memory.fd, size))
		fail("memfd");
	return memory;
}

volatile char *memory_map(const struct memory *memory)
{
	void *at;

	if (memory->region) {
		must(mshare_attach(memory->fd, PROT_READ | PROT_WRITE, &at),
		     "attach");
		return at;
	}
	at = mmap((void *)ADDRESS, memory->size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED_NOREPLACE, memory->fd, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

void memory_write(const struct memory *memory, uint64_t step)
{
	for (uint64_t i = 0; i < memory->size; i += step)
		start[i] = 0;
}

void memory_read(const struct memory *memory, uint64_t step)
{
	for (uint64_t i = 0; i < memory->size; i += step)
		(void)start[i];
}

void memory_protect(const struct memory *memory, int prot)
{
	if (memory->region)
		must(mshare_protect(memory->fd, ADDRESS, memory->size, prot),
		     "protect");
	else if (mprotect((void *)ADDRESS, memory->size, prot))
		fail("mprotect");
}

void memory_take_away(const struct memory *memory)
{
	if (memory->region)
		must(mshare_unmap(memory->fd, ADDRESS, memory->size), "unmap");
	else
		memory_punch(memory);
}

void memory_punch(const struct memory *memory)
{
	if (memory->region)
		must(mshare_advise(memory->fd, ADDRESS, memory->size,
				   MADV_REMOVE),
		     "advise");
	else if (fallocate(memory->fd,
			   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			   memory->size))
		fail("fallocate");
}

void memory_give_back(const struct memory *memory)
{
	if (memory->region)
		must(mshare_map(memory->fd, ADDRESS, memory->size,
				PROT_READ | PROT_WRITE, MAP_NORESERVE, -1, 0),
		     "map");
}
