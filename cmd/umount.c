// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "target.h"

struct umount_command {
	const char *dir;
	bool dry_run;
};

static const struct argp_option options[] = {
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "only say what would be done", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct umount_command *c = state->input;

	switch (key) {
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

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[DIR]",
	.doc = "Unmount msharefs; the regions in it are lost. Nothing is lost "
	       "where a process still uses one.",
	.children = cli_global_children,
};

int cmd_umount(int argc, char **argv)
{
	struct umount_command c = { 0 };
	struct mount mount;
	int ret = EXIT_SUCCESS, err = 0;
	char *dir;

	cli_parse(&argp, argc, argv, 0, &c);
	if (c.dir)
		cli_mount_point = target_mount_point(c.dir);
	/* What is no msharefs is for umount(8). */
	target_mount(&mount);
	dir = mount.path;
	mount.path = NULL;
	mount_close(&mount);

	if (!c.dry_run)
		err = mount_detach(dir);
	if (err) {
		ret = message_failed(OP_DO_UMOUNT,
				     &(struct subject){
					     .name = dir,
					     .mount = dir,
				     },
				     err);
	} else if (c.dry_run) {
		fputs("would unmount ", stdout);
		escape_message(stdout, dir);
		putchar('\n');
	}
	free(dir);
	return ret;
}
