// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "nodes.h"

static bool has(const uint64_t *mask, unsigned int node)
{
	return mask[node / 64] >> (node % 64) & 1;
}

/* The list in its longest form, which means the same. */
static char *spell(const uint64_t *mask)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	HOLDS(f);
	for (unsigned int node = 0; node < NODES_MAX; node++)
		if (has(mask, node))
			fprintf(f, "%s%u", ftell(f) ? "," : "", node);
	HOLDS(!fclose(f));
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *spelled;
	uint64_t mask[NODES_WORDS], again[NODES_WORDS];
	int err = nodes_parse(text, mask);

	HOLDS(err == 0 || err == -EINVAL || err == -ERANGE);
	if (!err) {
		HOLDS(!text[strspn(text, "0123456789,-")]);
		HOLDS(has(mask, (unsigned int)strtoul(text, NULL, 10)));
		spelled = spell(mask);
		HOLDS(!nodes_parse(spelled, again));
		HOLDS(!memcmp(mask, again, sizeof(mask)));
		free(spelled);
	}
	free(text);
	return 0;
}
