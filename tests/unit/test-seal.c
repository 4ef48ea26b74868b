// SPDX-License-Identifier: GPL-2.0-only
#include <linux/msharefs.h>

#include "check.h"
#include "seal.h"

int main(void)
{
	char buf[SEAL_STRLEN];

	check_string(seal_format(0, buf), "");
	check_string(seal_format(MSHAREFS_SEAL_MAP, buf), "map");
	check_string(
		seal_format(MSHAREFS_SEAL_UNMAP | MSHAREFS_SEAL_PROTECT, buf),
		"unmap,protect");
	check_string(seal_format(7, buf), "map,unmap,protect");
	check_string(seal_format(15, buf), "map,unmap,protect,seal");
	/* of a later kernel */
	check_string(seal_format(16 | MSHAREFS_SEAL_MAP, buf), "map");
	check_string(seal_format(16, buf), "");
	return checks_status();
}
