// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program finds that attach-exec started: prints what it was asked for,
 * one word a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile uint64_t *region(void)
{
	const char *text = getenv("MSHARE_ADDR");

	return text ? (volatile uint64_t *)strtoull(text, NULL, 0) : NULL;
}

/* Every process that attaches counts one up. */
static void count(void)
{
	printf("%lu\n", (unsigned long)++*region());
}

static void signals(void)
{
	sigset_t set;
	int blocked = 0, pending = 0;

	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int sig = 1; sig < NSIG; sig++)
		blocked += sigismember(&set, sig) == 1;
	sigpending(&set);
	for (int sig = 1; sig < NSIG; sig++)
		pending += sigismember(&set, sig) == 1;
	printf("blocked %d pending %d\n", blocked, pending);
}

/* A stranger's exit status is no business of the program. */
static void children(void)
{
	int status;

	if (wait(&status) < 0 && errno == ECHILD)
		puts("none");
	else
		puts("some");
}

static void descriptors(void)
{
	for (int fd = 0; fd < 64; fd++)
		if (dup2(fd, fd) == fd)
			printf("%d\n", fd);
}

/* Which standard descriptors are closed, one bit each. */
static int closed(void)
{
	int bits = 0;

	for (int fd = 0; fd < 3; fd++)
		if (dup2(fd, fd) != fd)
			bits |= 1 << fd;
	return bits;
}

static void overwrite(void)
{
	*region() = 1;
	puts("written");
}

static void window(void)
{
	unsigned char resident;

	/* ENOMEM where nothing is mapped. */
	puts(mincore((void *)region(), 1, &resident) ? "absent" : "present");
}

static void ids(void)
{
	printf("pid %d\nparent %d\ngroup %d\nsession %d\n", (int)getpid(),
	       (int)getppid(), (int)getpgrp(), (int)getsid(0));
}

static void reaper(void)
{
	int set = 0;

	prctl(PR_GET_CHILD_SUBREAPER, &set, 0, 0, 0);
	printf("reaper %d\n", set);
}

/* What its descendants leave is the program's from now on. */
static int as_reaper(char **command)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0, 0, 0);
	execvp(*command, command);
	return 127;
}

/* Maps a region where no window is, and waits to be killed. */
static int hold_plainly(const char *path)
{
	int fd = open(path, O_RDWR);

	if (mmap((void *)0x7000000000, 4096, PROT_READ, MAP_SHARED, fd, 0) ==
	    MAP_FAILED)
		return 1;
	puts("mapped");
	fflush(stdout);
	return pause();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} probes[] = {
		{ "count", count },
		{ "signals", signals },
		{ "children", children },
		{ "descriptors", descriptors },
		{ "overwrite", overwrite },
		{ "window", window },
		{ "ids", ids },
		{ "reaper", reaper },
	};

	for (int i = 1; i < argc; i++) {
		size_t p = 0;

		if (!strcmp(argv[i], "exit") && i + 1 < argc)
			return atoi(argv[i + 1]);
		if (!strcmp(argv[i], "plainly") && i + 1 < argc)
			return hold_plainly(argv[i + 1]);
		if (!strcmp(argv[i], "closed"))
			return closed();
		if (!strcmp(argv[i], "as-reaper") && i + 1 < argc)
			return as_reaper(argv + i + 1);
		while (p < sizeof(probes) / sizeof(probes[0]) &&
		       strcmp(argv[i], probes[p].name))
			p++;
		if (p == sizeof(probes) / sizeof(probes[0])) {
			printf("argument %s\n", argv[i]);
			continue;
		}
		probes[p].run();
	}
	return 0;
}
