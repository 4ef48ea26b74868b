// SPDX-License-Identifier: GPL-2.0-only
#include "nodes.h"

#include <errno.h>
#include <string.h>

static int node_parse(const char **text, unsigned int *node)
{
	const char *p = *text;
	unsigned int v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++)
		if (v < NODES_MAX)
			v = v * 10 + (unsigned int)(*p - '0');
	*text = p;
	*node = v;
	return v < NODES_MAX ? 0 : -ERANGE;
}

int nodes_parse(const char *text, uint64_t *mask)
{
	unsigned int first, last;
	int err;

	memset(mask, 0, NODES_WORDS * sizeof(*mask));
	for (;; text++) {
		err = node_parse(&text, &first);
		if (err)
			return err;
		last = first;
		if (*text == '-') {
			text++;
			err = node_parse(&text, &last);
			if (err)
				return err;
			if (last < first)
				return -EINVAL;
		}
		for (unsigned int i = first; i <= last; i++)
			mask[i / 64] |= 1ULL << (i % 64);
		if (!*text)
			return 0;
		if (*text != ',')
			return -EINVAL;
	}
}
