// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/io_uring.h>

#include "check.h"
#include "ring.h"

#define QUEUES_SIZE 4096
#define RW          (PROT_READ | PROT_WRITE)

static volatile uint32_t *word(struct ring *ring, uint32_t offset)
{
	return (volatile uint32_t *)(ring->queues + offset);
}

void ring_open(struct ring *ring)
{
	struct io_uring_params params = { .flags = 0 };

	ring->fd = syscall(SYS_io_uring_setup, 1, &params);
	must(ring->fd >= 0, "io_uring_setup: %m");
	must(params.features & IORING_FEAT_SINGLE_MMAP, "two ring buffers");
	ring->queues = mmap(NULL, QUEUES_SIZE, RW, MAP_SHARED, ring->fd,
			    IORING_OFF_SQ_RING);
	ring->entry = mmap(NULL, sizeof(struct io_uring_sqe), RW, MAP_SHARED,
			   ring->fd, IORING_OFF_SQES);
	must(ring->queues != MAP_FAILED && ring->entry != MAP_FAILED,
	     "mmap of io_uring: %m");
	ring->sq_tail = params.sq_off.tail;
	ring->cq_head = params.cq_off.head;
	ring->cqes = params.cq_off.cqes;
	*word(ring, params.sq_off.array) = 0;
}

void ring_close(struct ring *ring)
{
	munmap(ring->queues, QUEUES_SIZE);
	munmap(ring->entry, sizeof(struct io_uring_sqe));
	close(ring->fd);
}

int ring_register(struct ring *ring, void *at, uint64_t length)
{
	struct iovec buffer = { at, length };

	return syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS,
		       &buffer, 1) < 0 ?
		       -errno :
		       0;
}

/* The queue of results has room for two. */
static int result(struct ring *ring)
{
	volatile uint32_t *head = word(ring, ring->cq_head);
	const struct io_uring_cqe *cqes =
		(const void *)(ring->queues + ring->cqes);
	int value = cqes[*head % 2].res;

	*head += 1;
	return value;
}

int ring_fixed(struct ring *ring, int file, bool read, void *at,
	       uint32_t length, uint64_t offset)
{
	struct io_uring_sqe entry = {
		.opcode = read ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED,
		.fd = file,
		.off = offset,
		.addr = (uintptr_t)at,
		.len = length,
	};
	int moved;

	memcpy(ring->entry, &entry, sizeof(entry));
	*word(ring, ring->sq_tail) += 1;
	must(syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS,
		     NULL, 0) == 1,
	     "io_uring_enter: %m");
	moved = result(ring);
	if (moved < 0)
		return moved;
	return moved == (int)length ? 0 : -EIO;
}
