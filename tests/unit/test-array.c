// SPDX-License-Identifier: GPL-2.0-only
#include "array.h"
#include "check.h"

static void keeps_items(void)
{
	struct array array = { 0 };
	const uint64_t *numbers;
	uint64_t *item;

	for (uint64_t i = 0; i < 1000; i++) {
		item = array_add(&array, sizeof(*item));
		CHECK(item && !*item);
		*item = i;
	}
	CHECK_INT(array.count, 1000);
	numbers = array.items;
	for (uint64_t i = 0; i < 1000; i++)
		CHECK_INT(numbers[i], i);
	/* A shorter array has the same room, and its new items are zeros. */
	array.count = 10;
	item = array_add(&array, sizeof(*item));
	CHECK(item == numbers + 10 && !*item);
	free(array.items);
}

static void reserves_room(void)
{
	struct array text = { 0 };

	CHECK_INT(array_reserve(&text, 1, 0), 0);
	CHECK_INT(array_reserve(&text, 1, 100), 0);
	CHECK(text.space >= 100 && text.count == 0);
	text.count = 100;
	CHECK_INT(array_reserve(&text, 1, 5000), 0);
	CHECK(text.space - text.count >= 5000);
	free(text.items);
}

static void reports_lack_of_memory(void)
{
	struct array array = { 0 };
	uint64_t *item = array_add(&array, sizeof(*item));

	CHECK(item != NULL);
	*item = 7;
	CHECK_INT(array_reserve(&array, sizeof(*item), SIZE_MAX / 8), -1);
	CHECK_INT(array_reserve(&array, sizeof(*item), SIZE_MAX), -1);
	CHECK(array.count == 1 && *(uint64_t *)array.items == 7);
	free(array.items);
}

int main(void)
{
	keeps_items();
	reserves_room();
	reports_lack_of_memory();
	return CHECK_RESULT;
}
