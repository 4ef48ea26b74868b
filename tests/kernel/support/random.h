/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers that a seed tells, of each thread its own: reproducible enough to
 * talk about. The interleaving of threads is the guest's.
 */
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include <stdint.h>

void random_seed(uint64_t seed);
uint64_t random_bits(void);
uint64_t random_below(uint64_t limit);

#endif /* GUEST_RANDOM_H */
