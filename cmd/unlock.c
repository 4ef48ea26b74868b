// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"

static const struct argp argp = {
	.parser = cli_pass_input,
	.args_doc = "NAME",
	.doc = "Let memory of a region go to swap space again. All of the "
	       "range has to be mapped.",
	.children = change_children,
};

static int apply(int fd, struct range range, const void *data)
{
	(void)data;
	return region_unlock(fd, range);
}

int cmd_unlock(int argc, char **argv)
{
	struct change change = { 0 };

	cli_parse(&argp, argc, argv, 0, &change);
	return change_run(&change, OP_UNLOCK_MEMORY, "unlocked", "would unlock",
			  NULL, apply, NULL);
}
