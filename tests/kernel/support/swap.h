/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's swap space, in compressed memory. */
#ifndef GUEST_SWAP_H
#define GUEST_SWAP_H

/* Adds 512 MiB, before compression, and removes them again. */
void swap_add(void);
void swap_remove(void);

/* The device, or NULL if there is none. */
const char *swap_device(void);
/*
 * Swaps everything in, and continues with empty swap space. Returns 0 or a
 * negative errno.
 */
int swap_anew(const char *device);

#endif /* GUEST_SWAP_H */
