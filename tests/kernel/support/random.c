// SPDX-License-Identifier: GPL-2.0-only
#include "random.h"

static __thread uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed;
}

uint64_t random_bits(void)
{
	uint64_t value;

	/* Weyl's sequence, then stirred: near seeds have nothing in common. */
	state += 0x9e3779b97f4a7c15ULL;
	value = state ^ state >> 31;
	value *= 0xd6e8feb86659fd93ULL;
	value ^= value >> 32;
	value *= 0xd6e8feb86659fd93ULL;
	return value ^ value >> 32;
}

uint64_t random_below(uint64_t limit)
{
	return random_bits() % limit;
}
