// SPDX-License-Identifier: GPL-2.0-only
#include "change.h"
#include "cli.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

static const struct argp_child children[] = {
	{ &change_argp, 0, NULL, 0 },
	{ &cli_global_argp, 0, NULL, 0 },
	{ 0 },
};

static const struct argp argp = {
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Let memory of a region go to swap space again. All of the "
	       "range has to be mapped.",
	.children = children,
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
