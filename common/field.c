// SPDX-License-Identifier: GPL-2.0-only
#include "field.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int field_read(const char *path, const char *name, uint64_t *value)
{
	const size_t len = strlen(name);
	int err = -ENODATA;
	char line[512];
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (err && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) || !line[len] ||
		    !strchr(": \t", line[len]))
			continue;
		*value = strtoull(line + len + 1, NULL, 10);
		err = 0;
	}
	fclose(f);
	return err;
}
