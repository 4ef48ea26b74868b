// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"
#include "cli.h"
#include "interrupt.h"
#include "map-object.h"
#include "prot.h"

struct map {
	struct change change;
	struct mapping mapping;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct map *m = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = &m->change;
	state->child_inputs[1] = &m->mapping;
	return 0;
}

static const struct argp_child children[] = {
	{ &change_argp, 0, NULL, 0 },
	{ &mapping_argp, 0, NULL, 0 },
	{ 0 },
};

static int map(const struct map *m, const struct changed *c)
{
	int ret;

	if (m->change.target.dry_run)
		return mapping_try(&m->mapping, c->region.fd, c->range,
				   &c->subject);
	interrupt_hold();
	ret = mapping_make(&m->mapping, c->region.fd, c->range, &c->subject);
	interrupt_release();
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct map m = { .mapping = MAPPING_DEFAULT };
	struct changed changed;
	int ret;

	cli_parse(cli, argc, argv, &m);
	ret = change_open(cli, &m.change, &changed);
	if (ret)
		return ret;
	ret = mapping_open(&m.mapping);
	if (ret)
		goto out;
	if (!m.change.wanted.has_size)
		changed.range = mapping_limit(&m.mapping, changed.range);
	ret = map(&m, &changed);
	if (!ret)
		change_report(&m.change.target, "mapped", "would map",
			      changed.range, prot_name(m.mapping.prot));
	mapping_close(&m.mapping);
out:
	change_close(&changed);
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
