// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "args.h"
#include "cli.h"
#include "prot.h"

struct protect {
	struct range_options range;
	int prot;
};

static const struct argp_option options[] = {
	{ "prot", 'p', "PROT", 0,
	  "access rights: r, rw, rx, rwx or none (required)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct protect *p = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &p->range;
		return 0;
	case 'p':
		p->prot = args_prot(arg);
		return 0;
	case ARGP_KEY_END:
		if (p->prot < 0)
			cli_usage_error("--prot is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int apply(int fd, struct range range, const void *input)
{
	const struct protect *p = input;

	return mshare_protect(fd, range.start, range.size, p->prot);
}

static const struct range_verb verb = {
	.op = OP_PROTECT,
	.done = "protected",
	.would = "would protect",
	.apply = apply,
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct protect p = { .prot = -1 };

	cli_parse(cli, argc, argv, &p);
	return range_verb_run(cli, &verb, &p.range, prot_name(p.prot), &p);
}

const struct command cmd_protect = {
	.name = "protect",
	.summary = "change access rights in a region",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "--prot PROT NAME",
		.doc = "Change the access rights of mappings in a region, for "
		       "all processes. The whole range must be mapped.",
		.children = range_options_children,
	},
	.run = run,
};
