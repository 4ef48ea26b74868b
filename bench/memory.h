/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that many processes share: plain MAP_SHARED, or a region. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE 4096UL
#define MIB  (1UL << 20)
#define GIB  (1UL << 30)

struct memory {
	bool region;
	int fd;
	uint64_t size; /* bytes */
};

/* All of these end the program with a message when something fails. */

/* @kind is "plain" or "msharefs". Nothing of the memory is there yet. */
struct memory memory_make(const char *kind, uint64_t size);
/* Maps it into this process, at the same address in all. */
volatile char *memory_map(const struct memory *memory);
/* Write to or read a byte in every @step bytes. */
void memory_write(const struct memory *memory, uint64_t step);
void memory_read(const struct memory *memory, uint64_t step);
/* Changes the rights of all of it: in this process, or in the region. */
void memory_protect(const struct memory *memory, int prot);
/* Frees all of it, in all processes; and has it there again, empty. */
void memory_take_away(const struct memory *memory);
void memory_give_back(const struct memory *memory);

#endif
