// SPDX-License-Identifier: GPL-2.0-only
#include "mount-args.h"

#include "cli.h"

enum {
	OPT_DRY_RUN = 0x100,
};

static const struct argp_option options[] = {
	{ "dry-run", OPT_DRY_RUN, NULL, 0,
	  "print what would be done, change nothing", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct mount_args *a = state->input;

	switch (key) {
	case OPT_DRY_RUN:
		a->dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		if (a->dir)
			cli_usage_error("more than one DIR: '%s'", arg);
		a->dir = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mount_argp = {
	.options = options,
	.parser = parse,
};

const struct argp_child mount_children[] = {
	{ &mount_argp, 0, NULL, 0 },
	{ 0 },
};
