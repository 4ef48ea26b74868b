// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"
#include "listing.h"

enum {
	OPT_ALL_MOUNTS = 0x100,
	OPT_FILTER,
	OPT_LIST_COLUMNS,
	OPT_OUTPUT_ALL,
	OPT_SORT,
};

/* clang-format off */
static const struct argp_option options[] = {
	{ "all", 'a', NULL, 0,
	  "list nameless regions, which are the memory of programs, as well", 0 },
	{ "all-mounts", OPT_ALL_MOUNTS, NULL, 0,
	  "list the regions of all mounts of msharefs", 0 },
	{ "json", 'J', NULL, 0, "print JSON", 0 },
	{ "raw", 'r', NULL, 0, "print columns separated by one space", 0 },
	{ "pairs", 'P', NULL, 0, "print KEY=\"value\" pairs", 0 },
	{ "zero", 'z', NULL, 0,
	  "print only names, each with a null character after it", 0 },
	{ "noheadings", 'n', NULL, 0, "print no headings", 0 },
	{ "output", 'o', "LIST", 0,
	  "columns to print; +LIST adds to the default columns", 0 },
	{ "output-all", OPT_OUTPUT_ALL, NULL, 0, "print all available columns", 0 },
	{ "filter", OPT_FILTER, "EXPR", 0,
	  "print only rows with COLUMN=VALUE, or !=, <, <=, >, >=", 0 },
	{ "sort", OPT_SORT, "COLUMN", 0,
	  "sort by this column; -COLUMN: from large to small", 0 },
	{ "bytes", 'b', NULL, 0, "print sizes in bytes", 0 },
	{ "list-columns", OPT_LIST_COLUMNS, NULL, 0,
	  "list the available columns", 0 },
	{ 0 },
};
/* clang-format on */

static void set_format(struct listing_options *o, enum listing_format format,
		       const char *option)
{
	if (o->format_option && o->format != format)
		cli_usage_error("%s and %s exclude each other",
				o->format_option, option);
	o->format = format;
	o->format_option = option;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct listing_options *o = state->input;

	switch (key) {
	case 'a':
		o->all = true;
		return 0;
	case OPT_ALL_MOUNTS:
		o->all_mounts = true;
		return 0;
	case 'J':
		set_format(o, LISTING_JSON, "--json");
		return 0;
	case 'r':
		set_format(o, LISTING_RAW, "--raw");
		return 0;
	case 'P':
		set_format(o, LISTING_PAIRS, "--pairs");
		return 0;
	case 'z':
		set_format(o, LISTING_ZERO, "--zero");
		return 0;
	case OPT_FILTER:
		if (o->filter_count == LISTING_MAX_FILTERS)
			cli_usage_error("--filter is given more than %d times",
					LISTING_MAX_FILTERS);
		o->filters[o->filter_count++] = arg;
		return 0;
	case OPT_SORT:
		o->sort = arg;
		return 0;
	case 'n':
		o->no_headings = true;
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case OPT_OUTPUT_ALL:
		o->output_all = true;
		return 0;
	case 'b':
		o->bytes = true;
		return 0;
	case OPT_LIST_COLUMNS:
		o->list_columns = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->names = state->argv + state->next;
		o->name_count = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (o->name_count && (o->all || o->all_mounts))
			cli_usage_error("NAME and %s exclude each other",
					o->all ? "--all" : "--all-mounts");
		return 0;
	case ARGP_KEY_NO_ARGS:
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
};

const struct argp_child listing_children[] = {
	{ &argp, 0, NULL, 0 },
	{ 0 },
};
