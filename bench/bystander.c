// SPDX-License-Identifier: GPL-2.0-only
/*
 * bystander KIND WHO: the interrupts that 1000 TLB flushes for a page of shared
 * memory cause at a process that runs on another CPU: a "sharer" that reads the
 * memory, a "bystander" that does not use the memory, or a "neighbour" that reads
 * other memory of the same kind. For the neighbour, the page is freed.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

#define ROUNDS 1000

static struct memory memory;
/* The number of times that the other process has read the memory. */
static volatile uint64_t *reads;

static bool neighbour;

static _Noreturn void run_beside(const char *kind, bool reads_memory)
{
	pin_to(1);
	if (neighbour)
		memory = memory_make(kind, PAGE);
	if (reads_memory)
		memory_map(&memory);
	for (;;) {
		if (reads_memory)
			memory_read(&memory, PAGE);
		++*reads;
	}
}

/* The first read may have begun before this call; the second read has not. */
static void wait_for_reads(void)
{
	uint64_t enough = *reads + 2;

	while (*reads < enough)
		;
}

/* The memory is readable again afterwards. */
static void flush(int round)
{
	if (neighbour) {
		memory_write(&memory, PAGE);
		memory_take_away(&memory);
		memory_give_back(&memory);
	} else if (memory.region) {
		memory_protect(&memory,
			       round % 2 ? PROT_READ | PROT_WRITE : PROT_READ);
	} else {
		memory_take_away(&memory);
	}
}

int main(int argc, char **argv)
{
	uint64_t before;
	pid_t pid;

	if (argc != 3)
		return EXIT_FAILURE;
	reads = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (reads == MAP_FAILED)
		fail("mmap");
	memory = memory_make(argv[1], PAGE);
	neighbour = !strcmp(argv[2], "neighbour");
	/*
	 * Before this process maps the memory, which the other process would
	 * inherit.
	 */
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid)
		run_beside(argv[1], strcmp(argv[2], "bystander"));
	pin_to(0);
	memory_map(&memory);
	wait_for_reads();
	before = flush_interrupts(1);
	for (int i = 0; i < ROUNDS; i++) {
		wait_for_reads();
		flush(i);
	}
	report(argv[2], flush_interrupts(1) - before);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return EXIT_SUCCESS;
}
