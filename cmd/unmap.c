// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"

static const struct argp argp = {
	.parser = cli_pass_input,
	.args_doc = "NAME",
	.doc = "Unmap memory from a region, for all processes that have it "
	       "attached. The range may have holes.",
	.children = change_children,
};

static int apply(int fd, struct range range, const void *data)
{
	(void)data;
	return region_unmap(fd, range);
}

int cmd_unmap(int argc, char **argv)
{
	struct change change = { 0 };

	cli_parse(&argp, argc, argv, 0, &change);
	return change_run(&change, OP_UNMAP, "unmapped", "would unmap", NULL,
			  apply, NULL);
}
