// SPDX-License-Identifier: GPL-2.0-only
#include "change.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "escape.h"
#include "size.h"

static const struct argp_option options[] = {
	{ "addr", 'a', "ADDR", 0, "from where (default: the region's start)",
	  0 },
	{ "size", 's', "SIZE", 0, "how much (default: up to its end)", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "only say what would be done", 0 },
	{ "quiet", 'q', NULL, 0, "print the name only", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct change *c = state->input;

	switch (key) {
	case 'a':
		c->wanted.range.start = target_address_arg("--addr", arg);
		c->wanted.has_addr = true;
		return 0;
	case 's':
		c->wanted.range.size = target_size_arg("--size", arg);
		c->wanted.has_size = true;
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
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp change_argp = {
	.options = options,
	.parser = parse,
};

void change_report(const char *name, bool quiet, const char *what,
		   struct range range, const char *rights)
{
	char size[SIZE_STRLEN];

	if (quiet) {
		puts(name);
		return;
	}
	escape_message(stdout, name);
	printf(": %s %s%s%s at 0x%" PRIx64 "\n", what,
	       size_format(range.size, size), rights ? " " : "",
	       rights ? rights : "", range.start);
}

int change_run(const struct change *change, enum operation op, const char *done,
	       const char *would, const char *rights,
	       int (*apply)(int fd, struct range range, const void *data),
	       const void *data)
{
	struct region region;
	struct mount mount;
	struct range range;
	int ret, err;

	target_mount(&mount);
	ret = target_open_sized(&mount, change->name, O_RDWR, &region);
	if (ret)
		goto out_mount;
	ret = target_range(change->name, &region, &change->wanted, &range);
	if (ret)
		goto out;
	if (!change->dry_run) {
		err = apply(region.fd, range, data);
		if (err) {
			ret = message_failed(op,
					     &(struct subject){
						     .name = change->name,
						     .mount = mount.path,
						     .granule = mount.granule,
					     },
					     err);
			goto out;
		}
	}
	change_report(change->name, change->quiet,
		      change->dry_run ? would : done, range, rights);
out:
	region_close(&region);
out_mount:
	mount_close(&mount);
	return ret;
}
