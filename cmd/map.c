// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"
#include "interrupt.h"
#include "map-object.h"
#include "prot.h"

struct map {
	struct range_options range;
	struct mapping mapping;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct map *m = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = &m->range;
	state->child_inputs[1] = &m->mapping;
	return 0;
}

static const struct argp_child children[] = {
	{ &range_options_argp, 0, NULL, 0 },
	{ &mapping_argp, 0, NULL, 0 },
	{ 0 },
};

static int map(const struct map *m, const struct open_range *open)
{
	int ret;

	if (m->range.region.dry_run)
		return mapping_try(&m->mapping, open->region.fd, open->range,
				   &open->subject);
	interrupt_hold();
	ret = mapping_make(&m->mapping, open->region.fd, open->range,
			   &open->subject);
	interrupt_release();
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct map m = { .mapping = MAPPING_DEFAULT };
	struct open_range open;
	int ret;

	cli_parse(cli, argc, argv, &m);
	m.mapping.quiet = m.range.region.quiet;
	ret = range_verb_open(cli, &m.range, &open);
	if (ret)
		return ret;
	ret = mapping_open(&m.mapping);
	if (ret)
		goto out;
	if (!m.range.wanted.has_size)
		open.range = mapping_limit(&m.mapping, open.range);
	ret = map(&m, &open);
	if (!ret)
		range_verb_report(&m.range.region, "mapped", "would map",
				  open.range, prot_name(m.mapping.prot));
	mapping_close(&m.mapping);
out:
	range_verb_close(&open);
	return ret;
}

const struct command cmd_map = {
	.name = "map",
	.summary = "map memory or a file into a region",
	.argp = {
		.parser = parse,
		.args_doc = "NAME",
		.doc = "Map anonymous memory or a file into a region, for all "
		       "processes that attach the region now or later.",
		.children = children,
	},
	.run = run,
};
