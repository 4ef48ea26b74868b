// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "range-verb.h"
#include "cli.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* younger than glibc 2.36 */
#endif

static const struct advice {
	const char *name;
	int advice;
} advices[] = {
	{ "populate", MADV_POPULATE_WRITE },
	{ "populate-read", MADV_POPULATE_READ },
	{ "willneed", MADV_WILLNEED },
	{ "cold", MADV_COLD },
	{ "pageout", MADV_PAGEOUT },
	{ "remove", MADV_REMOVE },
	{ "hugepage", MADV_HUGEPAGE },
	{ "nohugepage", MADV_NOHUGEPAGE },
	{ "collapse", MADV_COLLAPSE },
};

struct advise {
	struct range_options range;
	const struct advice *advice;
};

static const struct advice *find(const char *name)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strcmp(advices[i].name, name))
			return &advices[i];
	cli_usage_error("unknown advice '%s'", name);
}

static const struct argp_option options[] = {
	{ "force", 'f', NULL, 0, "populate more than the available memory", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct advise *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->range;
		return 0;
	case 'f':
		a->range.region.force = true;
		return 0;
	case ARGP_KEY_ARG:
		/* The second argument is the region's name. */
		if (a->advice)
			return ARGP_ERR_UNKNOWN;
		a->advice = find(arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		cli_usage_error("ADVICE is missing");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int apply(int fd, struct range range, const void *input)
{
	const struct advice *advice = input;

	return mshare_advise(fd, range.start, range.size, advice->advice);
}

/* Pages of files can be dropped, or are in memory already. */
static bool populates(const void *input)
{
	const struct advice *advice = input;

	return advice->advice == MADV_POPULATE_WRITE;
}

/* Advice that allocates, reads or writes each page before it returns. */
static bool is_long(const void *input)
{
	const struct advice *advice = input;

	return populates(input) || advice->advice == MADV_POPULATE_READ ||
	       advice->advice == MADV_PAGEOUT;
}

static const struct range_verb verb = {
	.op = OP_ADVISE,
	.done = "advised",
	.would = "would advise",
	.apply = apply,
	.populates = populates,
	.is_long = is_long,
};

static const struct range_verb huge_verb = {
	.op = OP_ADVISE_HUGE,
	.done = "advised",
	.would = "would advise",
	.apply = apply,
	.after = range_verb_note_huge,
};

/* Collapses whatever the settings. */
static const struct range_verb collapse_verb = {
	.op = OP_ADVISE_HUGE,
	.done = "advised",
	.would = "would advise",
	.apply = apply,
};

static const struct range_verb *choose(const struct advice *advice)
{
	switch (advice->advice) {
	case MADV_HUGEPAGE:
		return &huge_verb;
	case MADV_COLLAPSE:
		return &collapse_verb;
	default:
		return &verb;
	}
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct advise a = { 0 };

	cli_parse(cli, argc, argv, &a);
	return range_verb_run(cli, choose(a.advice), &a.range, a.advice->name,
			      a.advice);
}

const struct command cmd_advise = {
	.name = "advise",
	.summary = "give advice about use of memory (see madvise(2))",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "ADVICE NAME",
		.doc = "Give advice about the use of memory in a region, or "
		       "apply an operation to the memory; see madvise(2). The "
		       "whole range must be mapped.\v"
		       "ADVICE is populate, populate-read, willneed, cold, "
		       "pageout, remove, hugepage, nohugepage or collapse.",
		.children = range_options_children,
	},
	.run = run,
};
