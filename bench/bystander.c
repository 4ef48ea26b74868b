// SPDX-License-Identifier: GPL-2.0-only
/*
 * bystander KIND WHO: interrupts that 1000 flushes of a page of shared memory
 * give a process which runs on another processor all the while: a "sharer" of
 * the memory that reads it, or a "bystander" that has nothing to do with it.
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
/* How often the other process has read the memory. */
static volatile uint64_t *reads;

static _Noreturn void run_beside(bool sharer)
{
	pin_to(1);
	if (sharer)
		memory_map(&memory);
	for (;;) {
		if (sharer)
			memory_read(&memory, PAGE);
		++*reads;
	}
}

/* A first read may have begun before this was called, and a second may not. */
static void wait_for_reads(void)
{
	uint64_t enough = *reads + 2;

	while (*reads < enough)
		;
}

/* Afterwards there is still something to read. */
static void flush(int round)
{
	if (memory.region) {
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
	/* Before this one has the memory mapped, which the other would inherit. */
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid)
		run_beside(!strcmp(argv[2], "sharer"));
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
