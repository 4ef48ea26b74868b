// SPDX-License-Identifier: GPL-2.0-only
#include "mount.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "mount-args.h"
#include "names.h"

struct mount_command {
	struct mount_args args;
	const char *options;
	bool if_missing;
};

enum {
	OPT_IF_MISSING = 0x100 + 'i', /* beside those of mount_args */
};

static const struct argp_option options[] = {
	{ "options", 'o', "LIST", 0, "mount options, separated by commas", 0 },
	{ "if-missing", OPT_IF_MISSING, NULL, 0,
	  "succeed if msharefs is mounted there, whatever its options", 0 },
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
	case OPT_IF_MISSING:
		c->if_missing = true;
		return 0;
	case ARGP_KEY_END:
		if (c->if_missing && mount_is_remount(c->options))
			cli_usage_error("--if-missing and the option remount "
					"exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int failed(const char *dir, int err, const char *reason)
{
	const struct subject subject = { .name = dir, .mount = dir };

	if (*reason)
		message_error(dir,
			      "The options of msharefs are mode=, uid=, gid=, "
			      "size= and nr_regions=; see msharefs(5).",
			      "the kernel refuses the options: %s", reason);
	else
		message_failed(OP_DO_MOUNT, &subject, err);
	return err == -EOPNOTSUPP ? EXIT_UNAVAILABLE : EXIT_FAILURE;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct mount_command c = { 0 };
	char reason[MOUNT_REASON];
	const char *dir;
	int err;

	cli_parse(cli, argc, argv, &c);
	dir = names_mount_point(cli, c.args.dir);
	if (!dir)
		dir = MSHARE_MOUNT_POINT;
	err = mount_attach(dir, c.options, c.args.dry_run, reason);
	if (err == -EEXIST && c.if_missing)
		return EXIT_SUCCESS;
	if (err)
		return failed(dir, err, reason);
	if (c.args.dry_run) {
		fputs(mount_is_remount(c.options) ?
			      "would change the options of " :
			      "would mount msharefs on ",
		      stdout);
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
		       "another file system. With the option remount, change "
		       "the options of a mounted msharefs.",
		.children = mount_children,
	},
	.run = run,
};
