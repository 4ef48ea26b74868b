// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "args.h"
#include "cli.h"
#include "escape.h"
#include "parse.h"

enum {
	OPT_DRY_RUN = 0x100,
};

static const struct argp_option target_options[] = {
	{ "dry-run", OPT_DRY_RUN, NULL, 0,
	  "print what would be done, change nothing", 0 },
	{ "quiet", 'q', NULL, 0, "print only the name", 0 },
	{ 0 },
};

static error_t parse_target(int key, char *arg, struct argp_state *state)
{
	struct change_target *t = state->input;

	switch (key) {
	case OPT_DRY_RUN:
		t->dry_run = true;
		return 0;
	case 'q':
		t->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (t->name)
			cli_usage_error("more than one NAME: '%s'", arg);
		t->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (!t->name)
			cli_usage_error("NAME is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp change_target_argp = {
	.options = target_options,
	.parser = parse_target,
};

static const struct argp_option options[] = {
	{ "addr", 'a', "ADDR", 0,
	  "start of the range (default: the region's start)", 0 },
	{ "size", 's', "SIZE", 0,
	  "size of the range (default: up to the region's end)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct change *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->target;
		return 0;
	case 'a':
		c->wanted.range.start = args_address("--addr", arg);
		c->wanted.has_addr = true;
		return 0;
	case 's':
		c->wanted.range.size = args_size("--size", arg);
		c->wanted.has_size = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{ &change_target_argp, 0, NULL, 0 },
	{ 0 },
};

const struct argp change_argp = {
	.options = options,
	.parser = parse,
	.children = children,
};

const struct argp_child change_children[] = {
	{ &change_argp, 0, NULL, 0 },
	{ 0 },
};

void change_report(const struct change_target *target, const char *done,
		   const char *would, struct range range, const char *how)
{
	char size[SIZE_STRLEN];

	if (target->quiet) {
		puts(target->name);
		return;
	}
	escape_message(stdout, target->name);
	printf(": %s %s%s%s at 0x%" PRIx64 "\n", target->dry_run ? would : done,
	       size_format(range.size, size), how ? " " : "", how ? how : "",
	       range.start);
}

/* The range of the options; reports errors. */
static int choose_range(const char *name, const struct region *region,
			const struct wanted_range *wanted, struct range *range)
{
	const struct range whole = region->range;
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t end = whole.start + whole.size;
	char next[128];

	snprintf(next, sizeof(next),
		 "The region reaches from 0x%" PRIx64 " to 0x%" PRIx64 ".",
		 whole.start, end);
	*range = whole;
	if (wanted->has_addr) {
		range->start = wanted->range.start;
		if (range->start < whole.start || range->start >= end)
			return message_error(name, next,
					     "address 0x%" PRIx64
					     " is not in the region",
					     range->start);
		range->size = end - range->start;
	}
	if (wanted->has_size)
		range->size = wanted->range.size;
	if (!range_contains(whole, *range))
		return message_error(name, next,
				     "a size of %" PRIu64 " from 0x%" PRIx64
				     " exceeds the region's end",
				     range->size, range->start);
	if (range->start % page || range->size % page) {
		snprintf(next, sizeof(next),
			 "Give an address and a size that are multiples of "
			 "the page size, %" PRIu64 ".",
			 page);
		return message_error(name, next,
				     "a range of %" PRIu64 " from 0x%" PRIx64
				     " does not consist of whole pages",
				     range->size, range->start);
	}
	return EXIT_SUCCESS;
}

int change_open(const struct cli *cli, const struct change *change,
		struct changed *c)
{
	const char *name = change->target.name;
	int ret;

	ret = names_mount(cli, NULL, &c->mount);
	if (ret)
		return ret;
	c->subject = names_subject(&c->mount, name);
	ret = names_open_sized(&c->mount, name, O_RDWR, &c->region);
	if (ret)
		goto fail;
	ret = choose_range(name, &c->region, &change->wanted, &c->range);
	if (!ret)
		return EXIT_SUCCESS;
	region_close(&c->region);
fail:
	mount_close(&c->mount);
	return ret;
}

void change_close(struct changed *c)
{
	region_close(&c->region);
	mount_close(&c->mount);
}

int change_failed(enum operation op, int fd, const struct subject *subject,
		  int err)
{
	static const struct {
		enum operation op, sealed;
		unsigned int seal;
	} sealed[] = {
		{ OP_MAP, OP_SEALED_MAP, MSHAREFS_SEAL_MAP },
		{ OP_MAP_FILE, OP_SEALED_MAP, MSHAREFS_SEAL_MAP },
		{ OP_PROTECT, OP_SEALED_PROTECT, MSHAREFS_SEAL_PROTECT },
	};
	struct mshare_stat st;

	/* EPERM has other reasons as well. */
	if (err != -EPERM || mshare_stat(fd, &st))
		return message_failed(op, subject, err);
	for (size_t i = 0; i < sizeof(sealed) / sizeof(sealed[0]); i++)
		if (sealed[i].op == op && (st.seals & sealed[i].seal))
			return message_failed(sealed[i].sealed, subject, err);
	return message_failed(op, subject, err);
}

int range_verb_run(const struct cli *cli, const struct range_verb *verb,
		   const struct change *change, const char *how,
		   const void *input)
{
	struct changed c;
	int ret, err;

	ret = change_open(cli, change, &c);
	if (ret)
		return ret;
	err = change->target.dry_run ? 0 :
				       verb->apply(c.region.fd, c.range, input);
	if (err)
		ret = change_failed(verb->op, c.region.fd, &c.subject, err);
	else
		change_report(&change->target, verb->done, verb->would, c.range,
			      how);
	change_close(&c);
	return ret;
}
