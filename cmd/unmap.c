// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"

static int apply(int fd, struct range range, const void *data)
{
	(void)data;
	return mshare_unmap(fd, range.start, range.size);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct change change = { 0 };

	cli_parse(cli, argc, argv, &change);
	return change_run(cli, &change, OP_UNMAP, "unmapped", "would unmap",
			  NULL, apply, NULL);
}

const struct command cmd_unmap = {
	.name = "unmap",
	.summary = "unmap memory from a region",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "NAME",
		.doc = "Unmap memory from a region, for all processes that "
		       "have it attached. The range may have holes.",
		.children = change_children,
	},
	.run = run,
};
