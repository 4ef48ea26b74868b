// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "fuzz.h"
#include "prot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	int prot = 77;
	int err = prot_parse(text, &prot);

	HOLDS(err == 0 || err == -EINVAL);
	HOLDS(!err || prot == 77);
	/* One word for one meaning. */
	HOLDS(err || !strcmp(prot_name(prot), text));
	free(text);
	return 0;
}
