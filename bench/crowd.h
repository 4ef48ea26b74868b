/* SPDX-License-Identifier: GPL-2.0-only */
/* Many processes that do the same when they are told, and sleep else. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <sys/types.h>

struct crowd {
	int count;
	int told[2], done[2];
	pid_t *pids;
};

/* Each runs @start once and @step each time the crowd is told to. */
struct crowd crowd_start(int count, void (*start)(int number),
			 void (*step)(int number));
/* Tells each to do its step, and waits until all have. */
void crowd_step(struct crowd *crowd);
void crowd_end(struct crowd *crowd);

void pin_to(int processor);

#endif
