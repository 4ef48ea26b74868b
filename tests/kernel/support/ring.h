/* SPDX-License-Identifier: GPL-2.0-only */
/* One request of io_uring at a time, with one fixed buffer. */
#ifndef GUEST_RING_H
#define GUEST_RING_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

/* Ends the case if the kernel has no io_uring. */
void ring_open(struct io_uring *ring);

/* Both return 0 or a negative errno. */

/* Registers the fixed buffer: the kernel keeps its pages until close. */
int ring_register(struct io_uring *ring, void *at, uint64_t length);
/* Reads a file into the fixed buffer, or writes it, and waits for the end. */
int ring_fixed(struct io_uring *ring, int file, bool read, void *at,
	       uint32_t length, uint64_t offset);

#endif /* GUEST_RING_H */
