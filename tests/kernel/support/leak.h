/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that the kernel has all of its memory back. */
#ifndef GUEST_LEAK_H
#define GUEST_LEAK_H

/* Records page tables, shared memory, slab objects and per-CPU allocations. */
void leaks_begin(void);
/* Compares with the record, and detects one leak in each of @rounds rounds. */
void leaks_check(int rounds);

#endif /* GUEST_LEAK_H */
