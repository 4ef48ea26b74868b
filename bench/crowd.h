/* SPDX-License-Identifier: GPL-2.0-only */
/* Many processes that do the same step on request, and sleep otherwise. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <sys/types.h>

struct crowd {
	int count;
	int told[2], done[2];
	pid_t *pids;
};

/* Each process runs @start once, and @step for each request. */
struct crowd crowd_start(int count, void (*start)(int number),
			 void (*step)(int number));
/* Requests a step of each process, and waits until all are done. */
void crowd_step(struct crowd *crowd);
void crowd_end(struct crowd *crowd);

void pin_to(int processor);

#endif
