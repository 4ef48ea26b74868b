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
	char *message, *json, *word;

	message = escaped(escape_message, text);
	check_lines(message);
	HOLDS(escape_is_utf8(message));

	json = escaped(escape_json, text);
	check_lines(json);
	HOLDS(escape_is_utf8(json));
	HOLDS(json[0] == '"' && json[strlen(json) - 1] == '"');

	word = escaped(escape_word, text);
	check_lines(word);
	HOLDS(!strpbrk(word, " \t\n"));

	free(word);
	free(json);
	free(message);
	free(text);
	return 0;
}
