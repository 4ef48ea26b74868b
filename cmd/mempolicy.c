// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>

#include <linux/mempolicy.h>

#include "range-verb.h"
#include "cli.h"
#include "nodes.h"

static const struct mode {
	unsigned int mode;
	const char *name;
	bool nodes; /* required, otherwise refused */
} modes[] = {
	{ MPOL_DEFAULT, "default", false },
	{ MPOL_BIND, "bind", true },
	{ MPOL_INTERLEAVE, "interleave", true },
	{ MPOL_PREFERRED, "preferred", true },
	{ MPOL_LOCAL, "local", false },
};

struct policy {
	struct range_options range;
	const struct mode *mode;
	const char *list;
	uint64_t nodes[NODES_WORDS];
	bool move;
};

enum {
	OPT_MOVE = 0x100,
};

static const struct argp_option options[] = {
	{ "mode", 'm', "MODE", 0,
	  "policy: default, bind, interleave, preferred or local (required)",
	  0 },
	{ "nodes", 'n', "LIST", 0,
	  "nodes for bind, interleave and preferred, such as 0-1,3", 0 },
	{ "move", OPT_MOVE, NULL, 0,
	  "also move pages that are in memory already", 0 },
	{ 0 },
};

static const struct mode *find(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	cli_usage_error("--mode: unknown mode '%s' (expected default, bind, "
			"interleave, preferred or local)",
			name);
}

static void check(const struct policy *p)
{
	if (!p->mode)
		cli_usage_error("--mode is missing");
	if (p->mode->nodes && !p->list)
		cli_usage_error("--mode %s needs --nodes", p->mode->name);
	if (!p->mode->nodes && p->list)
		cli_usage_error("--mode %s does not accept --nodes",
				p->mode->name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct policy *p = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &p->range;
		return 0;
	case 'm':
		p->mode = find(arg);
		return 0;
	case 'n':
		if (nodes_parse(arg, p->nodes))
			cli_usage_error("--nodes: '%s' is not a list of nodes "
					"such as 0-1,3",
					arg);
		p->list = arg;
		return 0;
	case OPT_MOVE:
		p->move = true;
		return 0;
	case ARGP_KEY_END:
		check(p);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int apply(int fd, struct range range, const void *input)
{
	const struct policy *p = input;

	return mshare_mempolicy(fd, range.start, range.size, p->mode->mode,
				p->list ? p->nodes : NULL, NODES_WORDS,
				p->move ? MPOL_MF_MOVE : 0);
}

static const struct range_verb verb = {
	.op = OP_MEMPOLICY,
	.done = "placed",
	.would = "would place",
	.apply = apply,
};

static int run(struct cli *cli, int argc, char **argv)
{
	struct policy p = { 0 };

	cli_parse(cli, argc, argv, &p);
	return range_verb_run(cli, &verb, &p.range, p.mode->name, &p);
}

const struct command cmd_mempolicy = {
	.name = "mempolicy",
	.summary = "set the NUMA memory policy",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "--mode MODE NAME",
		.doc = "Set the NUMA memory policy of a range; see mbind(2). "
		       "The whole range must be mapped.",
		.children = range_options_children,
	},
	.run = run,
};
