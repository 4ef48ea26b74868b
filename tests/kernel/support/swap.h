/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's swap space, in compressed memory. */
#ifndef GUEST_SWAP_H
#define GUEST_SWAP_H

/* Adds 512 MiB, before they are compressed, and removes them again. */
void swap_add(void);
void swap_remove(void);

/* The device, or NULL when there is none. */
const char *swap_device(void);
/*
 * Brings all back that is out, and goes on with empty swap space. Returns 0 or
 * a negative errno.
 */
int swap_anew(const char *device);

#endif /* GUEST_SWAP_H */
