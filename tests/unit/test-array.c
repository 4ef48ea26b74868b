// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>

#include "array.h"
#include "check.h"

static void keeps_items(void)
{
	struct array array = { 0 };
	const uint64_t *numbers;
	uint64_t *item;

	for (uint64_t i = 0; i < 1000; i++) {
		item = array_add(&array, sizeof(*item));
		check(item && !*item);
		*item = i;
	}
	check_int(array.count, 1000);
	numbers = array.items;
	for (uint64_t i = 0; i < 1000; i++)
		check_int(numbers[i], i);
	/* A shorter array has the same room, and its new items are zeros. */
	array.count = 10;
	item = array_add(&array, sizeof(*item));
	check(item == numbers + 10 && !*item);
	free(array.items);
}

static void reserves_room(void)
{
	struct array text = { 0 };

	check_int(array_reserve(&text, 1, 0), 0);
	check_int(array_reserve(&text, 1, 100), 0);
	check(text.space >= 100 && text.count == 0);
	text.count = 100;
	check_int(array_reserve(&text, 1, 5000), 0);
	check(text.space - text.count >= 5000);
	free(text.items);
}

static void reports_lack_of_memory(void)
{
	struct array array = { 0 };
	uint64_t *item = array_add(&array, sizeof(*item));

	check(item != NULL);
	*item = 7;
	check_int(array_reserve(&array, sizeof(*item), SIZE_MAX / 8), -1);
	check_int(array_reserve(&array, sizeof(*item), SIZE_MAX), -1);
	check(array.count == 1 && *(uint64_t *)array.items == 7);
	free(array.items);
}

int main(void)
{
	keeps_items();
	reserves_room();
	reports_lack_of_memory();
	return checks_status();
}
