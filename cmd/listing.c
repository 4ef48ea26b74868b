// SPDX-License-Identifier: GPL-2.0-only
#include "listing.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "size.h"
#include "target.h"
#include "walk.h"

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

static void select_column(struct listing *l, const char *name, size_t len)
{
	for (size_t i = 0; i < l->column_count; i++) {
		if (strncasecmp(l->columns[i].name, name, len) ||
		    l->columns[i].name[len])
			continue;
		/* JSON has no use for one key twice, and tables little. */
		for (size_t s = 0; s < l->selected_count; s++)
			if (l->selected[s] == i)
				return;
		l->selected[l->selected_count++] = i;
		return;
	}
	cli_usage_error("unknown column '%.*s'; see --list-columns", (int)len,
			name);
}

static void select_columns(struct listing *l)
{
	const char *list = l->output;
	bool add = list && *list == '+';

	if (l->output_all || !list || add)
		for (size_t i = 0; i < l->column_count; i++)
			if (l->output_all || l->columns[i].is_default)
				l->selected[l->selected_count++] = i;
	if (!list)
		return;
	for (list += add;; list++) {
		size_t len = strcspn(list, ",");

		select_column(l, list, len);
		list += len;
		if (!*list)
			return;
	}
}

static int print_columns(const struct listing *l)
{
	for (size_t i = 0; i < l->column_count; i++)
		printf("%-12s %s\n", l->columns[i].name, l->columns[i].help);
	return EXIT_SUCCESS;
}

/* NULL: no memory. */
static struct cell *new_row(struct listing *l, const char *name)
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

static void drop_row(struct listing *l)
{
	struct cell *row = l->cells + --l->row_count * l->column_count;

	for (size_t i = 0; i < l->column_count; i++)
		free(row[i].string);
}

static void free_rows(struct listing *l)
{
	while (l->row_count)
		drop_row(l);
	free(l->cells);
}

static int fill_row(struct listing *l, const struct mount *mount,
		    const char *name, const struct region *region)
{
	struct cell *row = new_row(l, name);
	int err = row ? l->fill(row, region) : -ENOMEM;

	if (!err)
		return EXIT_SUCCESS;
	if (row)
		drop_row(l);
	return message_failed(OP_STAT,
			      &(struct subject){
				      .name = name,
				      .mount = mount->path,
				      .granule = mount->granule,
			      },
			      err);
}

struct collection {
	struct listing *listing;
	const struct mount *mount;
	int ret;
};

static int collect(const struct walk_entry *entry, void *data)
{
	struct collection *c = data;
	const struct subject subject = {
		.name = entry->name,
		.mount = c->mount->path,
		.granule = c->mount->granule,
	};
	struct region region;
	struct cell *row;
	int err;

	if (entry->err) {
		c->ret = message_failed(OP_LIST, &subject, entry->err);
		return 0;
	}
	err = region_open_at(entry->dirfd, entry->leaf, O_RDONLY | O_NOFOLLOW,
			     &region);
	switch (err) {
	case 0:
		if (fill_row(c->listing, c->mount, entry->name, &region))
			c->ret = EXIT_FAILURE;
		region_close(&region);
		return 0;
	case -ENOENT:
		return 0;
	case -EACCES:
		/* Other people's regions: nothing went wrong. */
		row = new_row(c->listing, entry->name);
		if (!row)
			return -ENOMEM;
		if (c->listing->fill_closed)
			c->listing->fill_closed(row, entry->st);
		return 0;
	default:
		c->ret = message_failed(OP_OPEN, &subject, err);
		return 0;
	}
}

static int collect_all(struct listing *l, const struct mount *mount)
{
	struct collection c = { .listing = l, .mount = mount };
	int err;

	err = walk_regions(mount, collect, &c);
	if (err)
		return message_failed(OP_LIST,
				      &(struct subject){
					      .name = mount->path,
					      .mount = mount->path,
				      },
				      err);
	return c.ret;
}

static int collect_named(struct listing *l, const struct mount *mount)
{
	int ret = EXIT_SUCCESS;

	for (int i = 0; i < l->name_count; i++) {
		struct region region;

		if (target_open(mount, l->names[i], O_RDONLY, &region)) {
			ret = EXIT_FAILURE;
			continue;
		}
		if (fill_row(l, mount, l->names[i], &region))
			ret = EXIT_FAILURE;
		region_close(&region);
	}
	return ret;
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
	case CELL_ADDRESS:
		printf("\"0x%" PRIx64 "\"", cell->number);
		break;
	case CELL_NUMBER:
	case CELL_SIZE:
		printf("%" PRIu64, cell->number);
		break;
	}
}

static void print_json_key(const char *name)
{
	putchar('"');
	for (; *name; name++)
		putchar(*name == '-' ? '_' : tolower((unsigned char)*name));
	fputs("\": ", stdout);
}

/* The bytes of a name that JSON can't say, in hexadecimal; else null. */
static void print_json_name_bytes(const char *name)
{
	fputs(", \"name_bytes\": ", stdout);
	if (escape_is_utf8(name)) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *name; name++)
		printf("%02x", (unsigned char)*name);
	putchar('"');
}

static void print_json(const struct listing *l, const struct mount *mount)
{
	printf("{\n  \"version\": %d,\n  \"mount\": ", JSON_VERSION);
	escape_json(stdout, mount->path);
	printf(",\n  \"granule\": %" PRIu64 ",\n  \"regions\": [",
	       mount->granule);
	for (size_t r = 0; r < l->row_count; r++) {
		const struct cell *row = l->cells + r * l->column_count;

		printf("%s\n    {", r ? "," : "");
		for (size_t s = 0; s < l->selected_count; s++) {
			size_t i = l->selected[s];

			fputs(s ? ", " : " ", stdout);
			print_json_key(l->columns[i].name);
			print_json_cell(&row[i]);
			if (i == 0)
				print_json_name_bytes(row[i].string);
		}
		fputs(" }", stdout);
	}
	printf("%s]\n}\n", l->row_count ? "\n  " : "");
}

static int set_cell(const struct listing *l, struct libscols_line *line,
		    size_t column, const struct cell *cell)
{
	char text[32];

	switch (cell->type) {
	case CELL_UNKNOWN:
		/* An empty one would shift those after it. */
		if (l->format == LISTING_PAIRS)
			return 0;
		return scols_line_set_data(line, column, "-");
	case CELL_STRING:
		return scols_line_set_data(line, column, cell->string);
	case CELL_ADDRESS:
		snprintf(text, sizeof(text), "0x%" PRIx64, cell->number);
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

int listing_run(struct listing *l, bool preamble)
{
	struct mount mount;
	char size[32];
	int ret;

	if (l->list_columns)
		return print_columns(l);
	select_columns(l);
	target_mount(&mount);

	ret = l->name_count ? collect_named(l, &mount) : collect_all(l, &mount);

	if (l->format == LISTING_JSON) {
		print_json(l, &mount);
	} else {
		if (preamble && l->format == LISTING_TABLE && !l->name_count &&
		    !l->no_headings) {
			fputs("mount:   ", stdout);
			escape_message(stdout, mount.path);
			if (l->bytes)
				snprintf(size, sizeof(size), "%" PRIu64,
					 mount.granule);
			else
				size_format(mount.granule, size);
			printf("\ngranule: %s\n%s", size,
			       l->row_count ? "\n" : "");
		}
		/* Headings alone say nothing; neither does ls. */
		if (l->row_count && print_table(l))
			ret = EXIT_FAILURE;
	}
	free_rows(l);
	mount_close(&mount);
	return ret;
}
