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

/* All functions end the program with a message if an operation fails. */

/* @kind is "plain" or "msharefs". The memory is not populated. */
struct memory memory_make(const char *kind, uint64_t size);
/* Maps the memory into this process, at the same address in all processes. */
volatile char *memory_map(const struct memory *memory);
/* Write to or read a byte in every @step bytes. */
void memory_write(const struct memory *memory, uint64_t step);
void memory_read(const struct memory *memory, uint64_t step);
/*
 * Changes the access rights of all memory: in this process, or in the region.
 */
void memory_protect(const struct memory *memory, int prot);
/*
 * Frees all memory, in all processes; the memory then reads as zeros. That of a
 * region does so after giving it back.
 */
void memory_take_away(const struct memory *memory);
void memory_give_back(const struct memory *memory);
/* Frees all memory likewise. The memory reads as zeros without giving it back. */
void memory_punch(const struct memory *memory);

#endif
