// SPDX-License-Identifier: GPL-2.0-only
#include "seal.h"

#include <stddef.h>
#include <string.h>

#include <linux/msharefs.h>

static const struct {
	uint64_t seal;
	const char *name;
} names[] = {
	{ MSHAREFS_SEAL_MAP, "map" },
	{ MSHAREFS_SEAL_UNMAP, "unmap" },
	{ MSHAREFS_SEAL_PROTECT, "protect" },
	{ MSHAREFS_SEAL_SEAL, "seal" },
};

const char *seal_format(uint64_t seals, char *buf)
{
	*buf = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(seals & names[i].seal))
			continue;
		if (*buf)
			strcat(buf, ",");
		strcat(buf, names[i].name);
	}
	return buf;
}
