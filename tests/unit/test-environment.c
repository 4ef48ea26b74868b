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
	check_string(list, "0x200000000000:322122547200:pg "
			   "0xffffffffc0000000:1073741824:a\\040dir/x\\134y");
	free(list);
	list = environment_list(regions, 0);
	check_string(list, "");
	free(list);

	/*
	 * The environment stays, except for the region of an outer attach-exec.
	 */
	setenv("MSHARE_TEST", "kept", 1);
	setenv("MSHARE_ADDR", "0x1", 1);
	check_int(environment_set(regions, 1), 0);
	check_string(getenv("MSHARE_TEST"), "kept");
	check_string(getenv("MSHARE_ADDR"), "0x200000000000");
	check_string(getenv("MSHARE_SIZE"), "322122547200");
	check_string(getenv("MSHARE_REGIONS"),
		     "0x200000000000:322122547200:pg");
	return checks_status();
}
