// SPDX-License-Identifier: GPL-2.0-only
/*
 * An unmodified program for msharectl attach-exec: knows of its region by the
 * environment alone.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool main_thread_is_gone(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	bool gone = false;

	while (f && fgets(line, sizeof(line), f))
		gone |= !strncmp(line, "State:\tZ", 8);
	if (f)
		fclose(f);
	return gone;
}

static void say_and_wait(void)
{
	printf("%d\n", getpid());
	fflush(stdout);
	pause();
}

static void *outlive(void *arg)
{
	(void)arg;
	while (!main_thread_is_gone())
		usleep(1000);
	say_and_wait();
	return NULL;
}

/* The process goes on with a thread that is not its first. */
static void leave_to_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, outlive, NULL))
		exit(EXIT_FAILURE);
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	const char *addr = getenv("MSHARE_ADDR"), *size = getenv("MSHARE_SIZE");
	volatile uint64_t *word;

	if (argc < 2 || !addr || !size) {
		fprintf(stderr,
			"usage: MSHARE_ADDR= MSHARE_SIZE= %s "
			"read | write VALUE | wait | wait-in-thread\n",
			argv[0]);
		return 2;
	}
	/* In the last page, so that all of the region has to be there. */
	word = (uint64_t *)(strtoull(addr, NULL, 0) + strtoull(size, NULL, 0) -
			    4096);
	if (!strcmp(argv[1], "read")) {
		printf("%lu\n", *word);
	} else if (!strcmp(argv[1], "write") && argc == 3) {
		*word = strtoull(argv[2], NULL, 0);
	} else if (!strcmp(argv[1], "wait")) {
		say_and_wait();
	} else if (!strcmp(argv[1], "wait-in-thread")) {
		leave_to_thread();
	} else {
		return 2;
	}
	return EXIT_SUCCESS;
}
