// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <unistd.h>

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

static int run(struct cli *cli, int argc, char **argv)
{
	struct umount_command c = { 0 };
	struct mount mount;
	int ret, err = 0;

	cli_parse(cli, argc, argv, &c);
	/* What is no msharefs is for umount(8). */
	ret = target_mount(cli, c.dir, &mount);
	if (ret)
		return ret;
	/* An open file would keep it busy. */
	close(mount.fd);
	mount.fd = -1;

	if (!c.dry_run)
		err = mount_detach(mount.path);
	if (err) {
		ret = message_failed(OP_DO_UMOUNT,
				     &(struct subject){
					     .name = mount.path,
					     .mount = mount.path,
				     },
				     err);
	} else if (c.dry_run) {
		fputs("would unmount ", stdout);
		escape_message(stdout, mount.path);
		putchar('\n');
	}
	mount_close(&mount);
	return ret;
}

const struct command cmd_umount = {
	.name = "umount",
	.summary = "unmount msharefs",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[DIR]",
		.doc = "Unmount msharefs; the regions in it are lost. "
		       "Nothing is lost where a process still uses one.",
	},
	.run = run,
};
