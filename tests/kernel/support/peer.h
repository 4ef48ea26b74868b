/* SPDX-License-Identifier: GPL-2.0-only */
/* Other processes of a case, and how they take turns with it. */
#ifndef GUEST_PEER_H
#define GUEST_PEER_H

#include <sys/types.h>

struct peer {
	pid_t pid;
	int fd;
};

/*
 * Forks a process that runs @run, whose argument is the way back, and exits:
 * with failure when one of its checks failed. It is killed with its parent.
 */
struct peer peer_start(void (*run)(struct peer *parent, void *arg), void *arg);

/* One side's go() ends the other side's wait_go(). */
void go(struct peer *peer);
void wait_go(struct peer *peer);

/* Waits for the peer and checks that it was content. */
void peer_end(struct peer *peer);
/* Kills the peer and waits until it is gone. */
void peer_kill(struct peer *peer);

void pin_to_cpu(int cpu);
void sleep_ms(unsigned int ms);
/* Of a clock that nobody sets. */
double seconds(void);

#endif /* GUEST_PEER_H */
