/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of measurements. */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdint.h>

/* Ends the program: an incomplete measurement has no result. */
_Noreturn void fail(const char *what);

/*
 * A clock, in nanoseconds. In a guest with --icount, the clock counts the
 * instructions of all CPUs.
 */
uint64_t now(void);
/* dev.d/vm passes shift=1 to QEMU. */
#define NS_PER_INSTRUCTION 2
uint64_t instructions(void);

/* Sorts @values. */
uint64_t median(uint64_t *values, int count);

/* The size of all page tables, in bytes, when it does not fall any more. */
uint64_t page_tables(void);

#define ALL_PROCESSORS (-1)

/* The number of interrupts of a CPU for TLB flushes of other CPUs. */
uint64_t flush_interrupts(int processor);

/* One line of a program's output. */
void report(const char *metric, uint64_t value);

#endif
