// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>

#include "check.h"
#include "nodes.h"

int main(void)
{
	uint64_t mask[NODES_WORDS] = { 77 };

	check_int(nodes_parse("0", mask), 0);
	check_int(mask[0], 1);
	check_int(nodes_parse("0-1,3", mask), 0);
	check_int(mask[0], 0xb);
	check_int(nodes_parse("63-64", mask), 0);
	check_int(mask[0], INT64_MIN);
	check_int(mask[1], 1);
	check_int(nodes_parse("1023", mask), 0);
	check_int(mask[0], 0);
	check_int(mask[15], INT64_MIN);

	check_int(nodes_parse("", mask), -EINVAL);
	check_int(nodes_parse(",", mask), -EINVAL);
	check_int(nodes_parse("1,", mask), -EINVAL);
	check_int(nodes_parse("1-", mask), -EINVAL);
	check_int(nodes_parse("2-1", mask), -EINVAL);
	check_int(nodes_parse("1-2-3", mask), -EINVAL);
	check_int(nodes_parse(" 1", mask), -EINVAL);
	check_int(nodes_parse("-1", mask), -EINVAL);
	check_int(nodes_parse("all", mask), -EINVAL);
	check_int(nodes_parse("1024", mask), -ERANGE);
	check_int(nodes_parse("4294967296", mask), -ERANGE);
	check_int(nodes_parse("0-99999999999999999999", mask), -ERANGE);
	return checks_status();
}
