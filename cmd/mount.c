// SPDX-License-Identifier: GPL-2.0-only
#include "mount.h"

#include <errno.h>
#include <stdio.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "mount-args.h"
#include "names.h"

struct mount_command {
	struct mount_args args;
	const char *options;
};

static const struct argp_option options[] = {
	{ "options", 'o', "LIST", 0, "mount options, separated by commas", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct mount_command *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->args;
		return 0;
	case 'o':
		c->options = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct mount_command c = { 0 };
	const char *dir;
	int err;

	cli_parse(cli, argc, argv, &c);
	dir = names_mount_point(cli, c.args.dir);
	if (!dir)
		dir = MSHARE_MOUNT_POINT;
	err = mount_attach(dir, c.options, c.args.dry_run);
	if (err) {
		message_failed(OP_DO_MOUNT,
			       &(struct subject){
				       .name = dir,
				       .mount = dir,
			       },
			       err);
		return err == -EOPNOTSUPP ? EXIT_UNAVAILABLE : EXIT_FAILURE;
	}
	if (c.args.dry_run) {
		fputs("would mount msharefs on ", stdout);
		escape_message(stdout, dir);
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
		.doc = "Mount msharefs on DIR (default: " MSHARE_MOUNT_POINT
		       "). Refuses to mount over a non-empty directory or "
		       "another file system.",
		.children = mount_children,
	},
	.run = run,
};
