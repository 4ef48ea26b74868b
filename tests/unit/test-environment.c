// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "check.h"
#include "environment.h"

int main(void)
{
	const struct environment_region regions[] = {
		{ "pg", { 0x200000000000, 300ULL << 30 } },
		{ "a dir/x\\y", { 0xffffffffc0000000, 1 << 30 } },
	};
	char *list;

	list = environment_list(regions, 2);
	CHECK_STRING(list, "0x200000000000:322122547200:pg "
			   "0xffffffffc0000000:1073741824:a\\040dir/x\\134y");
	free(list);
	list = environment_list(regions, 0);
	CHECK_STRING(list, "");
	free(list);

	/*
	 * The environment stays, except for the region of an outer attach-exec.
	 */
	setenv("MSHARE_TEST", "kept", 1);
	setenv("MSHARE_ADDR", "0x1", 1);
	CHECK_INT(environment_set(regions, 1), 0);
	CHECK_STRING(getenv("MSHARE_TEST"), "kept");
	CHECK_STRING(getenv("MSHARE_ADDR"), "0x200000000000");
	CHECK_STRING(getenv("MSHARE_SIZE"), "322122547200");
	CHECK_STRING(getenv("MSHARE_REGIONS"),
		     "0x200000000000:322122547200:pg");
	return CHECK_RESULT;
}
