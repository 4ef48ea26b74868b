// SPDX-License-Identifier: GPL-2.0-only
#include "xalloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

void xalloc_failed(void)
{
	message_error(NULL, "Free memory and try again.", "%s",
		      strerror(ENOMEM));
	exit(EXIT_FAILURE);
}

void *xcheck(void *memory)
{
	if (!memory)
		xalloc_failed();
	return memory;
}

char *xstrdup(const char *text)
{
	return xcheck(strdup(text));
}

char *xvasprintf(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		xalloc_failed();
	return text;
}

void *xarray_add(struct array *array, size_t item_size)
{
	return xcheck(array_add(array, item_size));
}
