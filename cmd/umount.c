// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "mount-args.h"
#include "names.h"

static int run(struct cli *cli, int argc, char **argv)
{
	struct mount_args a = { 0 };
	struct mount mount;
	int ret, err = 0;

	cli_parse(cli, argc, argv, &a);
	/* Other file systems are for umount(8). */
	ret = names_mount(cli, a.dir, &mount);
	if (ret)
		return ret;
	/* An open file would keep the mount busy. */
	close(mount.fd);
	mount.fd = -1;

	if (!a.dry_run)
		err = mount_detach(mount.path);
	if (err) {
		ret = message_failed(OP_DO_UMOUNT,
				     &(struct subject){
					     .name = mount.path,
					     .mount = mount.path,
				     },
				     err);
	} else if (a.dry_run) {
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
		.parser = cli_pass_input,
		.args_doc = "[DIR]",
		.doc = "Unmount msharefs, and destroy its regions. Fails "
		       "while a process has a region attached or open.",
		.children = mount_children,
	},
	.run = run,
};
