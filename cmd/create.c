// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "cli.h"
#include "message.h"
#include "size.h"
#include "target.h"
#include "walk.h"

#define LOCK_TIMEOUT_MS 10000

struct create {
	const char *name;
	struct range range;
	mode_t mode;
	bool has_start, dry_run, quiet;
};

static const struct argp_option options[] = {
	{ "size", 's', "SIZE", 0,
	  "how large; a multiple of the granule (required)", 0 },
	{ "start", OPT_START, "ADDR", 0,
	  "at which address; a multiple of the granule (default: where no "
	  "other region is)",
	  0 },
	{ "mode", 'm', "MODE", 0, "permissions, in octal (default: 0600)", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "only say what would be made", 0 },
	{ "quiet", 'q', NULL, 0, "print the name only", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct create *c = state->input;

	switch (key) {
	case 's':
		c->range.size = target_size_arg("--size", arg);
		return 0;
	case OPT_START:
		c->range.start = target_address_arg("--start", arg);
		c->has_start = true;
		return 0;
	case 'm':
		if (mode_parse(arg, &c->mode))
			cli_usage_error("--mode: '%s' is not an octal mode up "
					"to 0777",
					arg);
		return 0;
	case OPT_DRY_RUN:
		c->dry_run = true;
		return 0;
	case 'q':
		c->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (c->name)
			cli_usage_error("more than one NAME: '%s'", arg);
		c->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (!c->name)
			cli_usage_error("NAME is missing");
		if (!c->range.size)
			cli_usage_error("--size is missing");
		if (c->has_start && !c->range.start)
			cli_usage_error("--start: the address is 0");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{ &cli_global_argp, 0, NULL, 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "--size SIZE NAME",
	.doc = "Make a region: a range of addresses that is the same in all "
	       "processes that attach to it. It is empty at first; fill it with "
	       "'msharectl map'.\v"
	       "Sizes and addresses: 2M, 2MiB, 300G, 0x200000000000.",
	.children = children,
};

static int check_alignment(const struct create *c, uint64_t granule)
{
	const uint64_t rest = c->range.size % granule;
	char next[128], text[SIZE_STRLEN];

	if (rest) {
		if (c->range.size > UINT64_MAX - granule)
			snprintf(next, sizeof(next), "Make it smaller.");
		else
			snprintf(next, sizeof(next),
				 "Round it up: --size %" PRIu64,
				 c->range.size - rest + granule);
		return message_error(c->name, next,
				     "a size of %" PRIu64
				     " is not a multiple of the granule, %s",
				     c->range.size, size_format(granule, text));
	}
	if (c->range.start % granule) {
		snprintf(next, sizeof(next),
			 "Round it down: --start 0x%" PRIx64,
			 c->range.start - c->range.start % granule);
		if (c->range.start < granule)
			snprintf(next, sizeof(next),
				 "Leave --start out to have one chosen.");
		return message_error(c->name, next,
				     "address 0x%" PRIx64
				     " is not a multiple of the granule, %s",
				     c->range.start,
				     size_format(granule, text));
	}
	if (c->range.start > UINT64_MAX - c->range.size)
		return message_error(c->name, "Choose a lower --start.",
				     "0x%" PRIx64 " plus %" PRIu64
				     " goes beyond all addresses",
				     c->range.start, c->range.size);
	return EXIT_SUCCESS;
}

struct used {
	struct range *ranges;
	size_t count, space;
	size_t unknown;
};

static int collect(const struct walk_entry *entry, void *data)
{
	struct used *used = data;
	struct region region;
	int err = entry->err;

	if (!err)
		err = region_open_at(entry->dirfd, entry->leaf,
				     O_RDONLY | O_NOFOLLOW, &region);
	if (err == -ENOENT)
		return 0;
	if (err) {
		used->unknown++;
		return 0;
	}
	if (used->count == used->space) {
		size_t space = used->space ? used->space * 2 : 64;
		struct range *more;

		more = reallocarray(used->ranges, space, sizeof(*more));
		if (!more) {
			region_close(&region);
			return -ENOMEM;
		}
		used->ranges = more;
		used->space = space;
	}
	used->ranges[used->count++] = region.range;
	region_close(&region);
	return 0;
}

static int choose_start(struct create *c, const struct mount *mount,
			const struct subject *subject)
{
	struct used used = { 0 };
	char size[SIZE_STRLEN];
	int err;

	err = walk_regions(mount, collect, &used);
	if (err) {
		free(used.ranges);
		return message_failed(OP_LIST, subject, err);
	}
	err = range_find_free(used.ranges, used.count, RANGE_SEARCH_START,
			      RANGE_SEARCH_END, mount->granule, c->range.size,
			      &c->range.start);
	free(used.ranges);
	if (err)
		return message_error(
			c->name,
			"Remove regions that are not needed, or say where: "
			"--start ADDR",
			"no free range of %s between 0x%llx and 0x%llx",
			size_format(c->range.size, size), RANGE_SEARCH_START,
			RANGE_SEARCH_END);
	if (used.unknown && !c->quiet)
		message_note(
			c->name,
			"note: %zu of the other regions may not be read by "
			"you, so one of them may have the same addresses",
			used.unknown);
	return EXIT_SUCCESS;
}

/* All or nothing: what can't be finished is removed again. */
static int make(const struct create *c, const char *path,
		const struct subject *subject)
{
	enum operation op = OP_NEW;
	struct range unset;
	sigset_t all, saved;
	int fd, err;

	/* Nor does a key at the terminal leave half a region. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);

	/* Nobody else's until it is whole; --mode comes last. */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	err = region_check_fs(fd);
	if (!err)
		err = region_get_range(fd, &unset);
	if (!err) {
		op = OP_SET_SIZE;
		err = region_set_range(fd, c->range);
	}
	if (!err && fchmod(fd, c->mode))
		err = -errno;
	if (err)
		unlink(path);
	close(fd);
out:
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return err ? message_failed(op, subject, err) : EXIT_SUCCESS;
}

int cmd_create(int argc, char **argv)
{
	struct create c = { .mode = 0600 };
	struct subject subject;
	struct mount mount;
	char *path;
	int ret, err;

	cli_parse(&argp, argc, argv, 0, &c);
	target_mount(&mount);
	path = target_path(&mount, c.name);
	subject = (struct subject){ c.name, mount.path, mount.granule };

	ret = check_alignment(&c, mount.granule);
	if (ret)
		goto out;
	/* Held until the process ends: the choice and the size are one step. */
	err = mount_lock(&mount, LOCK_TIMEOUT_MS);
	if (err) {
		ret = message_failed(OP_LOCK, &subject, err);
		goto out;
	}
	if (!c.has_start) {
		ret = choose_start(&c, &mount, &subject);
		if (ret)
			goto out;
	}
	if (!c.dry_run) {
		ret = make(&c, path, &subject);
		if (ret)
			goto out;
	} else if (!access(path, F_OK)) {
		ret = message_failed(OP_NEW, &subject, -EEXIST);
		goto out;
	}

	change_report(c.name, c.quiet, c.dry_run ? "would create" : "created",
		      c.range, NULL);
out:
	free(path);
	mount_close(&mount);
	return ret;
}
