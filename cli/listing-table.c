// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdio.h>

#include "listing-print.h"
#include "parse.h"

/* The text of a cell: in buf, or not. "" if the value is unknown. */
static const char *cell_text(const struct cell *cell, bool bytes,
			     char buf[SIZE_STRLEN])
{
	switch (cell->type) {
	case CELL_UNKNOWN:
		return "";
	case CELL_LIST:
	case CELL_STRING:
	case CELL_USER:
	case CELL_GROUP:
		return listing_cell_name(cell);
	case CELL_ADDRESS:
		snprintf(buf, SIZE_STRLEN, "0x%" PRIx64, cell->number);
		return buf;
	case CELL_RATE:
		/* With %f, the point would be a comma in some locales. */
		snprintf(buf, SIZE_STRLEN, "%" PRIu64 ".%" PRIu64,
			 cell->number / 10, cell->number % 10);
		return buf;
	case CELL_SIZE:
		if (!bytes)
			return size_format(cell->number, buf);
		/* fall through */
	case CELL_NUMBER:
		snprintf(buf, SIZE_STRLEN, "%" PRIu64, cell->number);
		return buf;
	}
	return "";
}

static int add_columns(struct libscols_table *table, const struct listing *l)
{
	for (size_t s = 0; s < l->selected_count; s++) {
		const struct column *c = &l->def->columns[l->selected[s]];

		int flags = c->flags & COL_LEFT ? 0 : SCOLS_FL_RIGHT;

		/* On a terminal, a long name must not break all lines. */
		if (c->flags & COL_PATH)
			flags |= SCOLS_FL_TRUNC;
		if (!scols_table_new_column(table, c->name, 0, flags))
			return -ENOMEM;
	}
	return 0;
}

static int add_line(struct libscols_table *table, const struct listing *l,
		    const struct row *row)
{
	/* In raw columns, an empty value would shift the values after it. */
	const char *none = l->options->format == LISTING_PAIRS ? "" : "-";
	struct libscols_line *line = scols_table_new_line(table, NULL);
	int err = line ? 0 : -ENOMEM;

	for (size_t s = 0; !err && s < l->selected_count; s++) {
		char buf[SIZE_STRLEN];
		const char *text = cell_text(&row->cells[l->selected[s]],
					     l->options->bytes, buf);

		err = scols_line_set_data(line, s, *text ? text : none);
	}
	return err;
}

/* NULL: out of memory. */
static struct libscols_table *new_table(const struct listing *l)
{
	const struct listing_options *o = l->options;
	struct libscols_table *table = scols_new_table();
	int err;

	if (!table)
		return NULL;
	scols_table_enable_raw(table, o->format == LISTING_RAW);
	scols_table_enable_export(table, o->format == LISTING_PAIRS);
	scols_table_enable_noheadings(table, o->no_headings);
	err = add_columns(table, l);
	for (size_t r = 0; !err && r < listing_count(l); r++)
		err = add_line(table, l, listing_row(l, r));
	if (!err)
		return table;
	scols_unref_table(table);
	return NULL;
}

int listing_print_table(const struct listing *l)
{
	struct libscols_table *table = new_table(l);
	int err;

	if (!table)
		return -ENOMEM;
	err = scols_print_table(table);
	scols_unref_table(table);
	return err;
}

char *listing_table_text(const struct listing *l, size_t width)
{
	struct libscols_table *table = new_table(l);
	char *text = NULL;

	if (!table)
		return NULL;
	scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(table, width);
	if (scols_print_table_to_string(table, &text))
		text = NULL;
	scols_unref_table(table);
	return text;
}
