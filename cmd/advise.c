// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <mshare.h>

#include "range-verb.h"
#include "cli.h"
#include "memory.h"
#include "message.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* younger than glibc 2.36 */
#endif

/* The kernel reports success although nothing can be swapped out. */
static void note_no_swap(int fd, const struct subject *subject)
{
	struct msharefs_stat st;

	if (memory_has_no_swap() && !mshare_stat(fd, &st, sizeof(st)) &&
	    st.resident_shmem)
		message_note(subject->name,
			     "note: anonymous memory stays resident: the "
			     "system has no free swap space");
}

static const struct advice {
	const char *name;
	int advice;
	enum operation op;
	void (*after)(int fd, const struct subject *subject);
} advices[] = {
	{ "populate", MADV_POPULATE_WRITE, OP_ADVISE, NULL },
	{ "populate-read", MADV_POPULATE_READ, OP_ADVISE, NULL },
	{ "willneed", MADV_WILLNEED, OP_ADVISE, NULL },
	{ "cold", MADV_COLD, OP_ADVISE, NULL },
	{ "pageout", MADV_PAGEOUT, OP_ADVISE, note_no_swap },
	{ "remove", MADV_REMOVE, OP_ADVISE, NULL },
	{ "hugepage", MADV_HUGEPAGE, OP_ADVISE_HUGE, range_verb_note_huge },
	{ "nohugepage", MADV_NOHUGEPAGE, OP_ADVISE, NULL },
	/* Collapses whatever the settings. */
	{ "collapse", MADV_COLLAPSE, OP_ADVISE_HUGE, NULL },
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

static int run(struct cli *cli, int argc, char **argv)
{
	struct advise a = { 0 };
	struct range_verb verb = {
		.done = "advised",
		.would = "would advise",
		.apply = apply,
		.populates = populates,
		.is_long = is_long,
	};

	cli_parse(cli, argc, argv, &a);
	verb.op = a.advice->op;
	verb.after = a.advice->after;
	return range_verb_run(cli, &verb, &a.range, a.advice->name, a.advice);
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
		       "pageout, remove, hugepage, nohugepage or collapse. "
		       "remove destroys the contents of the range, also in "
		       "mapped files.",
		.children = range_options_children,
	},
	.run = run,
};
