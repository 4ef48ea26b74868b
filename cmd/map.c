// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <sys/mman.h>

#include "change.h"
#include "cli.h"
#include "prot.h"

struct map {
	struct change change;
	int prot;
	bool noreserve;
};

static const struct argp_option options[] = {
	{ "prot", 'p', "PROT", 0,
	  "access rights: r, rw, rx, rwx or none (default: rw)", 0 },
	{ "noreserve", OPT_NORESERVE, NULL, 0,
	  "set no memory aside, so that it can be more than there is", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct map *m = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &m->change;
		return 0;
	case 'p':
		m->prot = target_prot_arg(arg);
		return 0;
	case OPT_NORESERVE:
		m->noreserve = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{ &change_argp, 0, NULL, 0 },
	{ &cli_global_argp, 0, NULL, 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Map anonymous memory into a region, for all processes that "
	       "have it attached or will.",
	.children = children,
};

static int apply(int fd, struct range range, const void *data)
{
	const struct map *m = data;
	const struct region_object object = {
		.prot = m->prot,
		.flags = m->noreserve ? MAP_NORESERVE : 0,
		.file = -1,
	};

	return region_map(fd, range, &object);
}

int cmd_map(int argc, char **argv)
{
	struct map m = { .prot = PROT_READ | PROT_WRITE };

	cli_parse(&argp, argc, argv, 0, &m);
	return change_run(&m.change, OP_MAP, "mapped", "would map",
			  prot_name(m.prot), apply, &m);
}
