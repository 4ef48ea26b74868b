/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's swap space, which bats or a script has set up. */
#ifndef GUEST_SWAP_H
#define GUEST_SWAP_H

/* Its device, or NULL when there is none. */
const char *swap_device(void);
/*
 * Brings all back that is out, and goes on with empty swap space. Returns 0 or
 * a negative errno.
 */
int swap_anew(const char *device);

#endif /* GUEST_SWAP_H */
