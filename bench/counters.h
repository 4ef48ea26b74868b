/* SPDX-License-Identifier: GPL-2.0-only */
/* What a measurement can be read from. */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdint.h>

/* Ends the program: a figure that is half measured is none. */
_Noreturn void fail(const char *what);

/*
 * A clock, in nanoseconds. In a guest with --icount it is one of instructions,
 * those of all its processors.
 */
uint64_t now(void);
uint64_t instructions(void);

/* Sorts @values. */
uint64_t median(uint64_t *values, int count);

/* Bytes of page tables that there are. */
uint64_t page_tables(void);

#define ALL_PROCESSORS (-1)

/* Interrupts so far of a processor for flushes that another one wanted. */
uint64_t flush_interrupts(int processor);

/* One line of a program's output. */
void report(const char *metric, uint64_t value);

#endif
