// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>

#include "fuzz.h"
#include "parse.h"

static void check_again(uint64_t value)
{
	char text[32], human[SIZE_STRLEN];
	uint64_t again = ~value;

	snprintf(text, sizeof(text), "%" PRIu64, value);
	HOLDS(!size_parse(text, &again) && again == value);
	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	HOLDS(!size_parse(text, &again) && again == value);
	HOLDS(size_format(value, human) == human);
	HOLDS(strlen(human) < SIZE_STRLEN);
}

/*
 * An accepted input begins with a number, and its value is a multiple of that
 * number.
 */
static void check_number(const char *text, uint64_t value)
{
	uint64_t number = strtoull(text, NULL,
				   text[1] == 'x' || text[1] == 'X' ? 16 : 10);

	HOLDS(text[0] >= '0' && text[0] <= '9');
	HOLDS(number ? value >= number && !(value % number) : !value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	uint64_t value = 77;
	mode_t mode = 01234;
	int err;

	err = size_parse(text, &value);
	HOLDS(err == 0 || err == -EINVAL || err == -ERANGE);
	HOLDS(!err || value == 77);
	if (!err) {
		check_number(text, value);
		check_again(value);
	}

	err = mode_parse(text, &mode);
	HOLDS(err == 0 || err == -EINVAL || err == -ERANGE);
	HOLDS(err ? mode == 01234 : mode <= 0777);
	free(text);
	return 0;
}
