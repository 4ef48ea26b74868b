// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "check.h"
#include "nodes.h"

int main(void)
{
	uint64_t mask[NODES_WORDS] = { 77 };

	CHECK_INT(nodes_parse("0", mask), 0);
	CHECK_INT(mask[0], 1);
	CHECK_INT(nodes_parse("0-1,3", mask), 0);
	CHECK_INT(mask[0], 0xb);
	CHECK_INT(nodes_parse("63-64", mask), 0);
	CHECK_INT(mask[0], INT64_MIN);
	CHECK_INT(mask[1], 1);
	CHECK_INT(nodes_parse("1023", mask), 0);
	CHECK_INT(mask[0], 0);
	CHECK_INT(mask[15], INT64_MIN);

	CHECK_INT(nodes_parse("", mask), -EINVAL);
	CHECK_INT(nodes_parse(",", mask), -EINVAL);
	CHECK_INT(nodes_parse("1,", mask), -EINVAL);
	CHECK_INT(nodes_parse("1-", mask), -EINVAL);
	CHECK_INT(nodes_parse("2-1", mask), -EINVAL);
	CHECK_INT(nodes_parse("1-2-3", mask), -EINVAL);
	CHECK_INT(nodes_parse(" 1", mask), -EINVAL);
	CHECK_INT(nodes_parse("-1", mask), -EINVAL);
	CHECK_INT(nodes_parse("all", mask), -EINVAL);
	CHECK_INT(nodes_parse("1024", mask), -ERANGE);
	CHECK_INT(nodes_parse("4294967296", mask), -ERANGE);
	CHECK_INT(nodes_parse("0-99999999999999999999", mask), -ERANGE);
	return CHECK_RESULT;
}
