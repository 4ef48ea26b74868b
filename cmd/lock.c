// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <sys/mman.h>

#include "range-verb.h"
#include "cli.h"

struct lock {
	struct range_options range;
	bool on_fault;
};

enum {
	OPT_ON_FAULT = 0x100,
};

static const struct argp_option options[] = {
	{ "on-fault", OPT_ON_FAULT, NULL, 0,
	  "lock each page on its first use, instead of populating the range",
	  0 },
	{ "force", 'f', NULL, 0, "populate more than the available memory", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct lock *l = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &l->range;
		return 0;
	case 'f':
		l->range.region.force = true;
		return 0;
	case OPT_ON_FAULT:
		l->on_fault = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int apply(int fd, struct range range, const void *input)
{
	const struct lock *l = input;

	return mshare_lock(fd, range.start, range.size,
			   l->on_fault ? MLOCK_ONFAULT : 0);
}

static bool populates(const void *input)
{
	const struct lock *l = input;

	return !l->on_fault;
}

static const struct range_verb verb = {
	.op = OP_LOCK_MEMORY,
	.done = "locked",
	.would = "would lock",
	.apply = apply,
	.populates = populates,
	.is_long = populates,
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct lock l = { 0 };

	cli_parse(cli, argc, argv, &l);
	return range_verb_run(cli, &verb, &l.range, NULL, &l);
}

const struct command cmd_lock = {
	.name = "lock",
	.summary = "lock memory of a region (see mlock(2))",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "NAME",
		.doc = "Lock a range of a region in memory: the kernel does "
		       "not swap the range. The whole range must be mapped.",
		.children = range_options_children,
	},
	.run = run,
};
