// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "check.h"
#include "ring.h"

void ring_open(struct io_uring *ring)
{
	int err = io_uring_queue_init(1, ring, 0);

	must(!err, "io_uring_queue_init: %s", strerror(-err));
}

int ring_register(struct io_uring *ring, void *at, uint64_t length)
{
	struct iovec buffer = { at, length };

	return io_uring_register_buffers(ring, &buffer, 1);
}

int ring_fixed(struct io_uring *ring, int file, bool read, void *at,
	       uint32_t length, uint64_t offset)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(ring);
	struct io_uring_cqe *done;
	int err, moved;

	if (read)
		io_uring_prep_read_fixed(entry, file, at, length, offset, 0);
	else
		io_uring_prep_write_fixed(entry, file, at, length, offset, 0);
	must(io_uring_submit(ring) == 1, "io_uring_submit");
	err = io_uring_wait_cqe(ring, &done);
	must(!err, "io_uring_wait_cqe: %s", strerror(-err));
	moved = done->res;
	io_uring_cqe_seen(ring, done);
	if (moved < 0)
		return moved;
	return moved == (int)length ? 0 : -EIO;
}
