// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mshare.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "mount-args.h"
#include "names.h"
#include "parse.h"
#include "window.h"
#include "xalloc.h"

/* How many names a message has. */
#define NAMED 3

struct umount {
	struct mount_args args;
	bool force;
};

enum {
	OPT_FORCE = 'f',
};

static const struct argp_option options[] = {
	{ "force", OPT_FORCE, NULL, 0, "destroy regions that exist", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct umount *u = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &u->args;
		return 0;
	case OPT_FORCE:
		u->force = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The regions that an unmount destroys. */
struct loss {
	size_t regions, unknown;
	uint64_t memory, attached;
	struct array linked; /* inodes with several names */
	FILE *names;
};

/* Whether another name of the region was counted. */
static bool is_counted(struct loss *loss, const struct stat *st)
{
	const ino_t *linked = loss->linked.items;
	ino_t *new;

	if (st->st_nlink < 2)
		return false;
	for (size_t i = 0; i < loss->linked.count; i++)
		if (linked[i] == st->st_ino)
			return true;
	new = xarray_add(&loss->linked, sizeof(*new));
	*new = st->st_ino;
	return false;
}

static int add_loss(const struct mshare_entry *entry, void *data)
{
	struct loss *loss = data;
	struct msharefs_stat st;
	int fd;

	if (!entry->err && is_counted(loss, entry->st))
		return 0;
	loss->regions++;
	if (loss->regions <= NAMED) {
		fputs(loss->regions > 1 ? ", " : "", loss->names);
		escape_message(loss->names, entry->name);
	}
	if (entry->err || mshare_open_at(entry->dirfd, entry->leaf,
					 O_RDONLY | O_NOFOLLOW, &fd)) {
		loss->unknown++;
		return 0;
	}
	if (mshare_stat(fd, &st, sizeof(st))) {
		loss->unknown++;
	} else {
		/* Files outlive the regions that map them. */
		loss->memory += st.resident_shmem + st.swapped;
		loss->attached += st.attached;
	}
	close(fd);
	return 0;
}

/* "2 regions (a, b) with 5M of memory"; the caller frees the text. */
static int describe(const struct mount *mount, struct loss *loss, char **text)
{
	char *names = NULL, memory[SIZE_STRLEN];
	size_t len;
	int err;

	*loss = (struct loss){ .names = open_memstream(&names, &len) };
	if (!loss->names)
		return -ENOMEM;
	err = mshare_walk_regions(mount->fd, NULL, 0, add_loss, loss);
	if (fclose(loss->names))
		err = -ENOMEM;
	if (!err && asprintf(text, "%zu region%s (%s%s) with %s of memory%s",
			     loss->regions, loss->regions == 1 ? "" : "s",
			     names, loss->regions > NAMED ? ", ..." : "",
			     size_format(loss->memory, memory),
			     loss->unknown ? " or more" : "") < 0)
		err = -ENOMEM;
	free(names);
	free(loss->linked.items);
	return err;
}

static int is_below(const struct window *w, void *data)
{
	const struct mount *mount = data;
	const size_t len = strlen(mount->path);

	return !strncmp(w->path, mount->path, len) && w->path[len] == '/';
}

/*
 * Whether a process has memory of the mount, also that of a removed region,
 * which no name leads to. Of processes that are not visible, the kernel knows.
 */
static bool is_mapped(struct mount *mount)
{
	const struct window_devices devices = { &mount->dev, 1 };
	size_t unreadable;

	return window_scan("/proc", devices, is_below, mount, &unreadable) > 0;
}

static int unmount(const struct umount *u, struct mount *mount)
{
	const struct subject subject = { .name = mount->path,
					 .mount = mount->path };
	struct loss loss = { 0 };
	char *text = NULL;
	int err, ret = EXIT_SUCCESS;

	err = describe(mount, &loss, &text);
	/* An open file would keep the mount busy. */
	close(mount->fd);
	mount->fd = -1;
	if (!err && geteuid())
		err = -EPERM;
	if (!err && (loss.attached || (u->args.dry_run && is_mapped(mount))))
		err = -EBUSY;
	if (err) {
		ret = message_failed(OP_DO_UMOUNT, &subject, err);
	} else if (loss.regions && !u->force && !u->args.dry_run) {
		ret = message_error(mount->path,
				    "To destroy the regions and unmount: "
				    "msharectl umount --force {name}",
				    "unmounting destroys %s", text);
	} else if (u->args.dry_run) {
		fputs("would unmount ", stdout);
		escape_message(stdout, mount->path);
		if (loss.regions)
			printf(", and destroy %s", text);
		putchar('\n');
	} else {
		err = mount_detach(mount->path);
		if (err)
			ret = message_failed(OP_DO_UMOUNT, &subject, err);
	}
	free(text);
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct umount u = { 0 };
	struct mount mount;
	int ret;

	cli_parse(cli, argc, argv, &u);
	/* Other file systems are for umount(8). */
	ret = names_mount(cli, u.args.dir, &mount);
	if (ret)
		return ret;
	ret = unmount(&u, &mount);
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
		.doc = "Unmount msharefs. Fails while a process has a region "
		       "attached or open, and without --force while regions "
		       "exist: unmounting destroys the regions.",
		.children = mount_children,
	},
	.run = run,
};
