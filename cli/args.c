// SPDX-License-Identifier: GPL-2.0-only
#include "args.h"

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "parse.h"
#include "prot.h"

uint64_t args_number(const char *option, const char *what, const char *arg)
{
	uint64_t value;

	switch (size_parse(arg, &value)) {
	case 0:
		return value;
	case -ERANGE:
		cli_usage_error("%s: %s '%s' is too large", option, what, arg);
	default:
		cli_usage_error("%s: '%s' is not %s %s", option, arg,
				strchr("aeiou", *what) ? "an" : "a", what);
	}
}

uint64_t args_size(const char *option, const char *arg)
{
	uint64_t size = args_number(option, "size", arg);

	if (!size)
		cli_usage_error("%s: the size is 0", option);
	return size;
}

uint64_t args_address(const char *option, const char *arg)
{
	return args_number(option, "address", arg);
}

int args_prot(const char *arg)
{
	int prot;

	if (prot_parse(arg, &prot))
		cli_usage_error("--prot: unknown access rights '%s' (expected "
				"r, rw, rx, rwx or none)",
				arg);
	return prot;
}
