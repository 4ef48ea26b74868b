/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIBMSHARE_ARRAY_H
#define LIBMSHARE_ARRAY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * An array that grows, for the library and its users in this tree; not
 * installed. An array starts as zeros and ends with free(array.items). All
 * calls for one array pass the same item size.
 */
struct array {
	void *items;
	size_t count; /* items in use */
	size_t space; /* items allocated */
};

/*
 * Makes room for more items after those in use; they are not initialized, and
 * the caller adds to count. 0, or -1 without memory: the array is unchanged.
 */
static inline int array_reserve(struct array *array, size_t item_size,
				size_t more)
{
	const size_t step = array->space ? array->space : 16;
	size_t space;
	void *items;

	if (more <= array->space - array->count)
		return 0;
	if (__builtin_add_overflow(array->space, more > step ? more : step,
				   &space))
		return -1;
	items = reallocarray(array->items, space, item_size);
	if (!items)
		return -1;
	array->items = items;
	array->space = space;
	return 0;
}

/*
 * Returns a new last item, all zeros, or NULL without memory. Pointers to
 * items are invalid after the call.
 */
static inline void *array_add(struct array *array, size_t item_size)
{
	void *item;

	if (array_reserve(array, item_size, 1))
		return NULL;
	item = (char *)array->items + array->count++ * item_size;
	return memset(item, 0, item_size);
}

#endif
