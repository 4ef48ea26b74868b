// SPDX-License-Identifier: GPL-2.0-only
#include "crowd.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "counters.h"

static _Noreturn void join_crowd(const struct crowd *crowd, int number,
				 void (*start)(int), void (*step)(int))
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	start(number);
	for (;;) {
		if (write(crowd->done[1], "", 1) != 1 ||
		    read(crowd->told[0], &byte, 1) != 1)
			_exit(EXIT_FAILURE);
		step(number);
	}
}

static void wait_for_all(struct crowd *crowd)
{
	char bytes[4096];
	int left = crowd->count;

	while (left) {
		ssize_t got = read(crowd->done[0], bytes, sizeof(bytes));

		if (got <= 0)
			fail("a process of the crowd ended");
		left -= got;
	}
}

struct crowd crowd_start(int count, void (*start)(int number),
			 void (*step)(int number))
{
	struct crowd crowd = { .count = count };

	crowd.pids = calloc(count, sizeof(*crowd.pids));
	if (!crowd.pids || pipe(crowd.told) || pipe(crowd.done))
		fail("crowd");
	for (int i = 0; i < count; i++) {
		crowd.pids[i] = fork();
		if (crowd.pids[i] < 0)
			fail("fork");
		if (!crowd.pids[i])
			join_crowd(&crowd, i, start, step);
	}
	wait_for_all(&crowd);
	return crowd;
}

void crowd_step(struct crowd *crowd)
{
	char *bytes = calloc(crowd->count, 1);

	if (!bytes ||
	    write(crowd->told[1], bytes, crowd->count) != crowd->count)
		fail("crowd");
	free(bytes);
	wait_for_all(crowd);
}

void crowd_end(struct crowd *crowd)
{
	for (int i = 0; i < crowd->count; i++)
		kill(crowd->pids[i], SIGKILL);
	for (int i = 0; i < crowd->count; i++)
		waitpid(crowd->pids[i], NULL, 0);
	close(crowd->told[0]);
	close(crowd->told[1]);
	close(crowd->done[0]);
	close(crowd->done[1]);
	free(crowd->pids);
}

void pin_to(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}
