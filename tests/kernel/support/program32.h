/* SPDX-License-Identifier: GPL-2.0-only */
/* 32-bit programs, written as machine code: no compiler for them is needed. */
#ifndef GUEST_PROGRAM32_H
#define GUEST_PROGRAM32_H

#include <stddef.h>
#include <stdint.h>

/* Where the program finds its argument. */
#define PROGRAM32_ARG 0x8048100U

/*
 * Executes a program in a child process, with up to 64 bytes of code and of an
 * argument, and returns its exit status, which must be less than 254.
 */
int run_program32(const uint8_t *code, size_t code_size, const void *arg,
		  size_t arg_size);

#endif /* GUEST_PROGRAM32_H */
