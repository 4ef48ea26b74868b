// SPDX-License-Identifier: GPL-2.0-only
/*
 * unused: instructions of the code paths that the series changes, for processes
 * without regions. Medians, because other work of the kernel interferes.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

#define PAGES  64
#define ROUNDS 101
/* Many ticks: between two, the scheduler can always take the same path. */
#define QUICK_ROUNDS 4001

static char *area;

static void do_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void do_exec(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/proc/self/exe", "unused", "--nothing", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void do_fault(void)
{
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)(area + i * PAGE) = 1;
	madvise(area, PAGES * PAGE, MADV_DONTNEED);
}

static void do_mmap(void)
{
	void *at = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)at = 1;
	munmap(at, 16 * PAGE);
}

static int there[2], back[2];

static void do_switch(void)
{
	char byte = 0;

	if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
		fail("pipe");
}

static pid_t start_echo(void)
{
	pid_t pid;
	char byte;

	if (pipe(there) || pipe(back))
		fail("pipe");
	pid = fork();
	if (pid)
		return pid;
	while (read(there[0], &byte, 1) == 1)
		if (write(back[1], &byte, 1) != 1)
			break;
	_exit(0);
}

static const struct {
	const char *name;
	void (*run)(void);
	int rounds;
} cases[] = {
	{ "fork", do_fork, ROUNDS },
	{ "exec", do_exec, ROUNDS },
	{ "fault", do_fault, ROUNDS },
	{ "mmap", do_mmap, QUICK_ROUNDS },
	{ "switch", do_switch, QUICK_ROUNDS },
};

static uint64_t measure(void (*run)(void), int rounds)
{
	static uint64_t took[QUICK_ROUNDS];

	for (int i = 0; i < rounds; i++) {
		uint64_t since = instructions();

		run();
		took[i] = instructions() - since;
	}
	return median(took, rounds);
}

int main(int argc, char **argv)
{
	pid_t echo;

	(void)argv;
	if (argc > 1)
		return EXIT_SUCCESS;
	pin_to(0);
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		fail("mmap");
	echo = start_echo();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		report(cases[i].name, measure(cases[i].run, cases[i].rounds));
	kill(echo, SIGKILL);
	waitpid(echo, NULL, 0);
	return EXIT_SUCCESS;
}
