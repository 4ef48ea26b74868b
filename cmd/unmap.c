// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"

static int apply(int fd, struct range range, const void *input)
{
	(void)input;
	return mshare_unmap(fd, range.start, range.size);
}

static const struct range_verb verb = {
	.op = OP_UNMAP,
	.done = "unmapped",
	.would = "would unmap",
	.apply = apply,
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct range_options range = { 0 };

	cli_parse(cli, argc, argv, &range);
	return range_verb_run(cli, &verb, &range, NULL, NULL);
}

const struct command cmd_unmap = {
	.name = "unmap",
	.summary = "unmap memory from a region",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "NAME",
		.doc = "Unmap a range of a region, for all processes; "
		       "anonymous memory in the range is lost. The range can "
		       "have holes.",
		.children = range_options_children,
	},
	.run = run,
};
