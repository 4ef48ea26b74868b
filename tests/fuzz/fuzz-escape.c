// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>

#include "escape.h"
#include "fuzz.h"

static char *escaped(void (*escape)(FILE *f, const char *text),
		     const char *text)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	HOLDS(f);
	escape(f, text);
	HOLDS(!fclose(f));
	HOLDS(strlen(out) == len);
	return out;
}

static void check_lines(const char *out)
{
	for (; *out; out++)
		HOLDS(!iscntrl((unsigned char)*out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	char *message, *utf8, *word;

	message = escaped(escape_message, text);
	check_lines(message);
	HOLDS(escape_is_utf8(message));

	utf8 = escaped(escape_utf8, text);
	HOLDS(escape_is_utf8(utf8));
	HOLDS(!strcmp(utf8, text) == escape_is_utf8(text));

	word = escaped(escape_word, text);
	check_lines(word);
	HOLDS(!strpbrk(word, " \t\n"));

	free(word);
	free(utf8);
	free(message);
	free(text);
	return 0;
}
