// SPDX-License-Identifier: GPL-2.0-only
#include "prot.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

/* Indexed by PROT_READ | PROT_WRITE | PROT_EXEC. */
static const char *const names[] = {
	[PROT_NONE] = "none",
	[PROT_READ] = "r",
	[PROT_WRITE] = "w",
	[PROT_READ | PROT_WRITE] = "rw",
	[PROT_EXEC] = "x",
	[PROT_READ | PROT_EXEC] = "rx",
	[PROT_WRITE | PROT_EXEC] = "wx",
	[PROT_READ | PROT_WRITE | PROT_EXEC] = "rwx",
};

/* Write or execute access without read access is not offered. */
static const int words[] = {
	PROT_READ,
	PROT_READ | PROT_WRITE,
	PROT_READ | PROT_EXEC,
	PROT_READ | PROT_WRITE | PROT_EXEC,
	PROT_NONE,
};

int prot_parse(const char *text, int *prot)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, names[words[i]])) {
			*prot = words[i];
			return 0;
		}
	}
	return -EINVAL;
}

const char *prot_name(int prot)
{
	return names[prot & (PROT_READ | PROT_WRITE | PROT_EXEC)];
}
