// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"

static int apply(int fd, struct range range, const void *input)
{
	(void)input;
	return mshare_unlock(fd, range.start, range.size);
}

static const struct range_verb verb = {
	.op = OP_UNLOCK_MEMORY,
	.done = "unlocked",
	.would = "would unlock",
	.apply = apply,
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct range_options range = { 0 };

	cli_parse(cli, argc, argv, &range);
	return range_verb_run(cli, &verb, &range, NULL, NULL);
}

const struct command cmd_unlock = {
	.name = "unlock",
	.summary = "allow locked memory to be swapped again",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "NAME",
		.doc = "Allow the kernel to swap a locked range again. The "
		       "whole range must be mapped.",
		.children = range_options_children,
	},
	.run = run,
};
