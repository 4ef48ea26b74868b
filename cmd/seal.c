// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "range-verb.h"
#include "cli.h"
#include "escape.h"
#include "seal.h"

#define DEFAULT_SEALS \
	(MSHAREFS_SEAL_MAP | MSHAREFS_SEAL_UNMAP | MSHAREFS_SEAL_PROTECT)

struct seal {
	struct region_options region;
	unsigned int seals;
};

enum {
	OPT_MAP = 0x100,
	OPT_UNMAP,
	OPT_PROTECT,
	OPT_SEAL,
};

static const struct argp_option options[] = {
	{ "map", OPT_MAP, NULL, 0, "forbid new mappings", 0 },
	{ "unmap", OPT_UNMAP, NULL, 0, "forbid unmapping", 0 },
	{ "protect", OPT_PROTECT, NULL, 0, "forbid changes to access rights",
	  0 },
	{ "seal", OPT_SEAL, NULL, 0, "forbid further seals", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct seal *s = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->region;
		return 0;
	case OPT_MAP:
		s->seals |= MSHAREFS_SEAL_MAP;
		return 0;
	case OPT_UNMAP:
		s->seals |= MSHAREFS_SEAL_UNMAP;
		return 0;
	case OPT_PROTECT:
		s->seals |= MSHAREFS_SEAL_PROTECT;
		return 0;
	case OPT_SEAL:
		s->seals |= MSHAREFS_SEAL_SEAL;
		return 0;
	case ARGP_KEY_END:
		if (!s->seals)
			s->seals = DEFAULT_SEALS;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{ &region_options_argp, 0, NULL, 0 },
	{ 0 },
};

static void report(const struct seal *s)
{
	char seals[SEAL_STRLEN];

	escape_message(stdout, s->region.name);
	if (!s->region.quiet)
		printf(": %s against %s",
		       s->region.dry_run ? "would seal" : "sealed",
		       seal_format(s->seals, seals));
	putchar('\n');
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct seal s = { 0 };
	struct open_range open;
	int ret, err = 0;

	cli_parse(cli, argc, argv, &s);
	ret = range_verb_open(
		cli, &(struct range_options){ .region = s.region }, &open);
	if (ret)
		return ret;
	if (!s.region.dry_run)
		err = mshare_seal(open.region.fd, s.seals);
	if (err)
		ret = message_failed(OP_SEAL, &open.subject, err);
	else
		report(&s);
	range_verb_close(&open);
	return ret;
}

const struct command cmd_seal = {
	.name = "seal",
	.summary = "permanently forbid changes to a region",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "NAME",
		.doc = "Permanently forbid changes to a region, for all "
		       "users. This cannot be undone. Without an option, the "
		       "seals --map, --unmap and --protect apply.",
		.children = children,
	},
	.run = run,
};
