/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_XALLOC_H
#define CLI_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

#include "array.h"

/*
 * Memory for commands that only print and so have nothing to undo: without
 * memory, these functions print a message and end the command.
 */

/* Prints the message and ends the command. */
_Noreturn void xalloc_failed(void);

/* Returns memory if it is not NULL. */
void *xcheck(void *memory);

char *xstrdup(const char *text);
char *xvasprintf(const char *format, va_list args);

/* array_add() */
void *xarray_add(struct array *array, size_t item_size);

#endif
