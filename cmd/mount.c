// SPDX-License-Identifier: GPL-2.0-only
#include "mount.h"

#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "target.h"

struct mount_command {
	const char *dir, *options;
	bool dry_run;
};

static const struct argp_option options[] = {
	{ "options", 'o', "LIST", 0, "mount options, separated by commas", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "only say what would be done", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct mount_command *c = state->input;

	switch (key) {
	case 'o':
		c->options = arg;
		return 0;
	case OPT_DRY_RUN:
		c->dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->dir)
			cli_usage_error("more than one DIR: '%s'", arg);
		c->dir = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct mount_command c = { 0 };
	int err;

	cli_parse(cli, argc, argv, &c);
	c.dir = target_mount_point(cli, c.dir);
	if (!c.dir)
		c.dir = MSHARE_MOUNT_POINT;
	err = mount_attach(c.dir, c.options, c.dry_run);
	if (err) {
		message_failed(OP_DO_MOUNT,
			       &(struct subject){
				       .name = c.dir,
				       .mount = c.dir,
			       },
			       err);
		return err == -EOPNOTSUPP ? EXIT_UNAVAILABLE : EXIT_FAILURE;
	}
	if (c.dry_run) {
		fputs("would mount msharefs on ", stdout);
		escape_message(stdout, c.dir);
		putchar('\n');
	}
	return EXIT_SUCCESS;
}

const struct command cmd_mount = {
	.name = "mount",
	.summary = "mount msharefs",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[DIR]",
		.doc = "Mount msharefs, on " MSHARE_MOUNT_POINT
		       " unless said otherwise. Nothing that is there is "
		       "hidden.",
	},
	.run = run,
};
