// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"

static int apply(int fd, struct range range, const void *data)
{
	(void)data;
	return mshare_unlock(fd, range.start, range.size);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct change change = { 0 };

	cli_parse(cli, argc, argv, &change);
	return change_run(cli, &change, OP_UNLOCK_MEMORY, "unlocked",
			  "would unlock", NULL, apply, NULL);
}

const struct command cmd_unlock = {
	.name = "unlock",
	.summary = "let it go there again",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "NAME",
		.doc = "Let memory of a region go to swap space again. All "
		       "of the range has to be mapped.",
		.children = change_children,
	},
	.run = run,
};
