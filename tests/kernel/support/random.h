/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that depend on a seed, separate for each thread. The interleaving of
 * threads depends on the guest.
 */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include <stdint.h>

void random_seed(uint64_t seed);
uint64_t random_bits(void);
uint64_t random_below(uint64_t limit);

#endif /* GUEST_RANDOM_H */
