// SPDX-License-Identifier: GPL-2.0-only
#include "listing.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "parse.h"

/* Changes when a key of the JSON output changes its meaning or goes. */
#define JSON_VERSION 1

static const struct argp_option options[] = {
	{ "json", 'J', NULL, 0, "print JSON", 0 },
	{ "raw", 'r', NULL, 0, "print columns separated by one space", 0 },
	{ "pairs", 'P', NULL, 0, "print KEY=\"value\" pairs", 0 },
	{ "noheadings", 'n', NULL, 0, "print no headings", 0 },
	{ "output", 'o', "LIST", 0,
	  "print these columns; with a + in front, in addition", 0 },
	{ "output-all", OPT_OUTPUT_ALL, NULL, 0, "print all columns", 0 },
	{ "bytes", 'b', NULL, 0, "print sizes in bytes", 0 },
	{ "list-columns", OPT_LIST_COLUMNS, NULL, 0,
	  "list the columns there are", 0 },
	{ 0 },
};

static void set_format(struct listing *l, enum listing_format format,
		       const char *option)
{
	if (l->format_option && l->format != format)
		cli_usage_error("%s and %s exclude each other",
				l->format_option, option);
	l->format = format;
	l->format_option = option;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct listing *l = state->input;

	switch (key) {
	case 'J':
		set_format(l, LISTING_JSON, "--json");
		return 0;
	case 'r':
		set_format(l, LISTING_RAW, "--raw");
		return 0;
	case 'P':
		set_format(l, LISTING_PAIRS, "--pairs");
		return 0;
	case 'n':
		l->no_headings = true;
		return 0;
	case 'o':
		l->output = arg;
		return 0;
	case OPT_OUTPUT_ALL:
		l->output_all = true;
		return 0;
	case 'b':
		l->bytes = true;
		return 0;
	case OPT_LIST_COLUMNS:
		l->list_columns = true;
		return 0;
	case ARGP_KEY_ARGS:
		l->names = state->argv + state->next;
		l->name_count = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp listing_argp = {
	.options = options,
	.parser = parse,
};

const struct argp_child listing_children[] = {
	{ &listing_argp, 0, NULL, 0 },
	{ 0 },
};

void cell_string(struct cell *cell, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&cell->string, format, args) >= 0)
		cell->type = CELL_STRING;
	else
		cell->string = NULL;
	va_end(args);
}

void cell_list(struct cell *cell, const char *words)
{
	cell_string(cell, "%s", words);
	if (cell->type == CELL_STRING)
		cell->type = CELL_LIST;
}

bool listing_shows(const struct listing *l, size_t column)
{
	for (size_t s = 0; s < l->selected_count; s++)
		if (l->selected[s] == column)
			return true;
	return false;
}

static void select_column(struct listing *l, const char *name, size_t len)
{
	for (size_t i = 0; i < l->column_count; i++) {
		if (strncasecmp(l->columns[i].name, name, len) ||
		    l->columns[i].name[len])
			continue;
		/* JSON has no use for one key twice, and tables little. */
		if (!listing_shows(l, i))
			l->selected[l->selected_count++] = i;
		return;
	}
	cli_usage_error("unknown column '%.*s'; see --list-columns", (int)len,
			name);
}

static void select_list(struct listing *l, const char *list)
{
	for (;; list++) {
		size_t len = strcspn(list, ",");

		select_column(l, list, len);
		list += len;
		if (!*list)
			return;
	}
}

static void select_columns(struct listing *l)
{
	bool add = l->output && *l->output == '+';

	if ((!l->output || add) && !l->output_all && l->usual)
		select_list(l, l->usual);
	else if (!l->output || add || l->output_all)
		for (size_t i = 0; i < l->column_count; i++)
			if (l->output_all || l->columns[i].is_default)
				l->selected[l->selected_count++] = i;
	if (l->output)
		select_list(l, l->output + add);
}

static void print_columns(const struct listing *l)
{
	size_t width = 0;

	for (size_t i = 0; i < l->column_count; i++)
		if (strlen(l->columns[i].name) > width)
			width = strlen(l->columns[i].name);
	for (size_t i = 0; i < l->column_count; i++)
		printf("%-*s %s\n", (int)width, l->columns[i].name,
		       l->columns[i].help);
}

bool listing_begin(struct listing *l)
{
	if (l->list_columns)
		print_columns(l);
	else
		select_columns(l);
	return !l->list_columns;
}

struct cell *listing_new_row(struct listing *l, const char *name)
{
	struct cell *row;

	if (l->row_count == l->row_space) {
		size_t space = l->row_space ? l->row_space * 2 : 32;
		struct cell *more;

		more = reallocarray(l->cells, space * l->column_count,
				    sizeof(*more));
		if (!more)
			return NULL;
		l->cells = more;
		l->row_space = space;
	}
	row = l->cells + l->row_count * l->column_count;
	memset(row, 0, l->column_count * sizeof(*row));
	cell_string(&row[0], "%s", name);
	if (row[0].type != CELL_STRING)
		return NULL;
	l->row_count++;
	return row;
}

void listing_drop_row(struct listing *l)
{
	struct cell *row = l->cells + --l->row_count * l->column_count;

	for (size_t i = 0; i < l->column_count; i++)
		free(row[i].string);
}

void listing_clear(struct listing *l)
{
	while (l->row_count)
		listing_drop_row(l);
}

void listing_free(struct listing *l)
{
	listing_clear(l);
	free(l->cells);
}

static void print_json_list(const char *list)
{
	putchar('[');
	while (*list) {
		size_t len = strcspn(list, ",");

		printf("\"%.*s\"", (int)len, list);
		list += len;
		if (*list) {
			list++;
			fputs(", ", stdout);
		}
	}
	putchar(']');
}

static void print_json_cell(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_UNKNOWN:
		fputs("null", stdout);
		break;
	case CELL_STRING:
		escape_json(stdout, cell->string);
		break;
	case CELL_LIST:
		print_json_list(cell->string);
		break;
	case CELL_ADDRESS:
		printf("\"0x%" PRIx64 "\"", cell->number);
		break;
	case CELL_RATE:
		printf("%" PRIu64 ".%" PRIu64, cell->number / 10,
		       cell->number % 10);
		break;
	case CELL_NUMBER:
	case CELL_SIZE:
		printf("%" PRIu64, cell->number);
		break;
	}
}

static void print_json_key(const char *name, const char *suffix)
{
	putchar('"');
	for (; *name; name++)
		if (*name == '/')
			fputs("_per_", stdout);
		else
			putchar(*name == '-' ? '_' :
					       tolower((unsigned char)*name));
	printf("%s\": ", suffix);
}

/* The bytes of a name that JSON can't say, in hexadecimal; else null. */
static void print_json_bytes(const struct cell *cell)
{
	const char *name = cell->string;

	if (cell->type != CELL_STRING || escape_is_utf8(name)) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	escape_hex(stdout, name);
	putchar('"');
}

static void print_json_cells(const struct listing *l, const struct cell *row,
			     bool is_detail)
{
	const char *separator = "";

	for (size_t s = 0; s < l->selected_count; s++) {
		const struct column *c = &l->columns[l->selected[s]];
		const struct cell *cell = &row[l->selected[s]];

		/* The name is said already. */
		if (is_detail && l->selected[s] == 0)
			continue;
		fputs(separator, stdout);
		separator = ", ";
		print_json_key(c->name, "");
		print_json_cell(cell);
		if (!c->is_path)
			continue;
		fputs(", ", stdout);
		print_json_key(c->name, "_bytes");
		print_json_bytes(cell);
	}
}

static void print_json_details(const struct listing *l, size_t owner)
{
	const char *separator = "";

	putchar('[');
	for (size_t r = 0; r < l->row_count; r++) {
		const struct cell *row = l->cells + r * l->column_count;

		if (row[0].number != owner)
			continue;
		printf("%s\n        { ", separator);
		print_json_cells(l, row, true);
		fputs(" }", stdout);
		separator = ",";
	}
	printf("%s]", *separator ? "\n      " : "");
}

static void print_json_row(const struct listing *l, size_t r)
{
	const struct cell *row = l->cells + r * l->column_count;

	print_json_cells(l, row, false);
	if (!l->details)
		return;
	printf(", \"%s\": ", l->details->key);
	if (row[0].number)
		print_json_details(l->details, r);
	else
		fputs("null", stdout);
}

/* What separates the parts of an object, on lines of their own or not. */
struct layout {
	const char *begin, *part, *row, *row_end, *last, *end;
};

static const struct layout lines = {
	"{\n  ", ",\n  ", "\n    { ", " }", "\n  ", "\n}\n",
};

static const struct layout one_line = { "{ ", ", ", "{ ", " }", "", " }\n" };

static void print_time(const char *after)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	printf("\"time\": %lld.%03ld%s", (long long)now.tv_sec,
	       now.tv_nsec / 1000000, after);
}

static void print_json(const struct listing *l, const struct mount *mount)
{
	const struct layout *f = l->is_stream ? &one_line : &lines;

	printf("%s\"version\": %d%s", f->begin, JSON_VERSION, f->part);
	if (l->is_stream)
		print_time(f->part);
	fputs("\"mount\": ", stdout);
	escape_json(stdout, mount->path);
	printf("%s\"granule\": %" PRIu64 "%s\"%s\": [", f->part, mount->granule,
	       f->part, l->key);
	for (size_t r = 0; r < l->row_count; r++) {
		printf("%s%s", r ? "," : "", f->row);
		print_json_row(l, r);
		fputs(f->row_end, stdout);
	}
	printf("%s]%s", l->row_count ? f->last : "", f->end);
}

static int set_cell(const struct listing *l, struct libscols_line *line,
		    size_t column, const struct cell *cell)
{
	/* An empty one would shift those after it. */
	const char *none = l->format == LISTING_PAIRS ? "" : "-";
	char text[32];

	switch (cell->type) {
	case CELL_UNKNOWN:
		return scols_line_set_data(line, column, none);
	case CELL_LIST:
	case CELL_STRING:
		return scols_line_set_data(line, column,
					   *cell->string ? cell->string : none);
	case CELL_ADDRESS:
		snprintf(text, sizeof(text), "0x%" PRIx64, cell->number);
		break;
	case CELL_RATE:
		/* Not %f, whose point may be a comma. */
		snprintf(text, sizeof(text), "%" PRIu64 ".%" PRIu64,
			 cell->number / 10, cell->number % 10);
		break;
	case CELL_SIZE:
		if (!l->bytes) {
			size_format(cell->number, text);
			break;
		}
		/* fall through */
	case CELL_NUMBER:
		snprintf(text, sizeof(text), "%" PRIu64, cell->number);
		break;
	}
	return scols_line_set_data(line, column, text);
}

static int print_table(const struct listing *l)
{
	struct libscols_table *table = scols_new_table();
	int err = -ENOMEM;

	if (!table)
		goto out;
	scols_table_enable_raw(table, l->format == LISTING_RAW);
	scols_table_enable_export(table, l->format == LISTING_PAIRS);
	scols_table_enable_noheadings(table, l->no_headings);

	for (size_t s = 0; s < l->selected_count; s++) {
		const struct column *c = &l->columns[l->selected[s]];

		if (!scols_table_new_column(table, c->name, 0,
					    c->left ? 0 : SCOLS_FL_RIGHT))
			goto out;
	}
	for (size_t r = 0; r < l->row_count; r++) {
		const struct cell *row = l->cells + r * l->column_count;
		struct libscols_line *line = scols_table_new_line(table, NULL);

		if (!line)
			goto out;
		for (size_t s = 0; s < l->selected_count; s++)
			if (set_cell(l, line, s, &row[l->selected[s]]))
				goto out;
	}
	err = scols_print_table(table);
out:
	scols_unref_table(table);
	if (err)
		return message_error(NULL, "Free some memory and try again.",
				     "%s", strerror(-err));
	return EXIT_SUCCESS;
}

int listing_print(const struct listing *l, const struct mount *mount)
{
	if (l->format == LISTING_JSON) {
		print_json(l, mount);
		return EXIT_SUCCESS;
	}
	/* Headings alone say nothing; neither does ls. */
	return l->row_count ? print_table(l) : EXIT_SUCCESS;
}
