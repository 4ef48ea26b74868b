/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring without a library: one request at a time, one fixed buffer. */
#ifndef GUEST_RING_H
#define GUEST_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring {
	int fd;
	char *queues;
	void *entry;
	uint32_t sq_tail, cq_head, cqes;
};

/* Gives up when the kernel has no io_uring. */
void ring_open(struct ring *ring);
void ring_close(struct ring *ring);

/* These return 0 or a negative errno. */

/* Makes memory the fixed buffer: the kernel keeps its pages until close. */
int ring_register(struct ring *ring, void *at, uint64_t length);
/* Reads a file into the fixed buffer, or writes it, and waits for the end. */
int ring_fixed(struct ring *ring, int file, bool read, void *at,
	       uint32_t length, uint64_t offset);

#endif /* GUEST_RING_H */
