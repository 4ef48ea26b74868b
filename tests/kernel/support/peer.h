/* SPDX-License-Identifier: GPL-2.0-only */
/* Other processes of a case, which take turns with the case. */
#ifndef GUEST_PEER_H
#define GUEST_PEER_H

#include <sys/types.h>

struct peer {
	pid_t pid;
	int fd;
};

/*
 * Forks a process that runs @run, with the way back as argument, and exits:
 * with failure if one of its checks failed. The process is killed with its
 * parent.
 */
struct peer peer_start(void (*run)(struct peer *parent, void *arg), void *arg);

/* One side's go() ends the other side's wait_go(). */
void go(struct peer *peer);
void wait_go(struct peer *peer);

/* Waits for the peer and checks that its checks have passed. */
void peer_end(struct peer *peer);
/* Kills the peer and waits for its end. */
void peer_kill(struct peer *peer);

void pin_to_cpu(int cpu);
void sleep_ms(unsigned int ms);
/* Seconds of a clock that nobody sets. */
double seconds(void);

#endif /* GUEST_PEER_H */
