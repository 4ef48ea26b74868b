/* SPDX-License-Identifier: GPL-2.0-only */
/* Is all that the kernel had at first back? */
#ifndef GUEST_LEAK_H
#define GUEST_LEAK_H

/*
 * Page tables, shared memory, slab objects and allocations of each processor,
 * as they are now...
 */
void leaks_begin(void);
/* ...and whether one leak in each of so many @rounds since can be seen. */
void leaks_check(int rounds);

#endif /* GUEST_LEAK_H */
