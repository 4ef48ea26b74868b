// SPDX-License-Identifier: GPL-2.0-only
#include "listing.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "idcache.h"
#include "parse.h"
#include "xalloc.h"

void cell_string(struct cell *cell, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cell->type = CELL_STRING;
	cell->string = xvasprintf(format, args);
	va_end(args);
}

void cell_list(struct cell *cell, const char *words)
{
	cell->type = CELL_LIST;
	cell->string = xstrdup(words);
}

bool listing_shows(const struct listing *l, size_t column)
{
	for (size_t s = 0; s < l->selected_count; s++)
		if (l->selected[s] == column)
			return true;
	return false;
}

bool listing_needs(const struct listing *l, size_t column)
{
	for (int i = 0; i < l->options->filter_count; i++)
		if (l->filters[i].column == column)
			return true;
	return listing_shows(l, column) ||
	       (l->is_sorted && l->sort_column == column);
}

static bool is_word(const char *name, const char *word, size_t len)
{
	return strlen(name) == len && !strncasecmp(name, word, len);
}

static size_t find_column(const struct listing_def *def, const char *word,
			  size_t len)
{
	for (size_t i = 0; i < def->column_count; i++)
		if (is_word(def->columns[i].name, word, len))
			return i;
	if (def->old_name && is_word(def->old_name, word, len))
		return def->old_column;
	cli_usage_error("unknown column '%.*s'; see --list-columns", (int)len,
			word);
}

static void select_column(struct listing *l, size_t column)
{
	/* A key may be in JSON only once, and a table does not need two. */
	if (!listing_shows(l, column))
		l->selected[l->selected_count++] = column;
}

static void select_list(struct listing *l, const char *list)
{
	for (;; list++) {
		size_t len = strcspn(list, ",");

		select_column(l, find_column(l->def, list, len));
		list += len;
		if (!*list)
			return;
	}
}

static void select_defaults(struct listing *l)
{
	select_list(l, l->def->defaults);
	if (l->options->all && l->def->all_defaults)
		select_list(l, l->def->all_defaults);
	if (l->options->all_mounts)
		select_column(l, l->def->mount_column);
}

static void select_columns(struct listing *l)
{
	const struct listing_options *o = l->options;
	const bool add = o->output && *o->output == '+';

	if (o->output_all)
		for (size_t i = 0; i < l->def->column_count; i++)
			select_column(l, i);
	else if (!o->output || add)
		select_defaults(l);
	if (o->output)
		select_list(l, o->output + add);
}

static void select_sort(struct listing *l)
{
	const char *name = l->options->sort;

	if (!name)
		return;
	l->is_sorted = true;
	l->sorts_down = *name == '-';
	name += l->sorts_down;
	l->sort_column = find_column(l->def, name, strlen(name));
}

void listing_set_sort(struct listing *l, size_t column, bool down)
{
	l->is_sorted = true;
	l->sorts_down = down;
	l->sort_column = column;
}

/* "SIZE>=2G": a column, a comparison, a value */
static void select_filter(struct listing *l, struct filter *f, const char *expr)
{
	const size_t name = strcspn(expr, "=!<>");
	const char *op = expr + name;
	const size_t len = strspn(op, "=!<>");

	*f = (struct filter){
		.less = *op == '<' || *op == '!',
		.more = *op == '>' || *op == '!',
		.equal = len == 1 ? *op == '=' : *op != '!',
		.value = op + len,
	};
	if (!len || len > 2 || (len == 1 && *op == '!') ||
	    (len == 2 && (op[1] != '=' || *op == '=')))
		cli_usage_error("--filter: '%s' is not a filter such as "
				"SIZE>=2G",
				expr);
	f->column = find_column(l->def, expr, name);
	/* Columns of text are aligned to the left. */
	if (!(l->def->columns[f->column].flags & COL_LEFT) &&
	    size_parse(f->value, &f->number))
		cli_usage_error("--filter: '%s' is not a number", f->value);
}

static void select_filters(struct listing *l)
{
	const struct listing_options *o = l->options;

	for (int i = 0; i < o->filter_count; i++)
		select_filter(l, &l->filters[i], o->filters[i]);
}

static void print_columns(const struct listing_def *def)
{
	size_t width = 0;

	for (size_t i = 0; i < def->column_count; i++)
		if (strlen(def->columns[i].name) > width)
			width = strlen(def->columns[i].name);
	for (size_t i = 0; i < def->column_count; i++)
		printf("%-*s %s\n", (int)width, def->columns[i].name,
		       def->columns[i].help);
}

bool listing_begin(struct listing *l, const struct listing_def *def,
		   const struct listing_options *options)
{
	*l = (struct listing){ .def = def, .options = options };
	if (options->list_columns)
		print_columns(def);
	else
		select_columns(l);
	if (!options->list_columns) {
		select_sort(l);
		select_filters(l);
	}
	return !options->list_columns;
}

static size_t row_size(const struct listing *l)
{
	return sizeof(struct row) + l->def->column_count * sizeof(struct cell);
}

size_t listing_count(const struct listing *l)
{
	return l->rows.count;
}

const struct row *listing_row(const struct listing *l, size_t index)
{
	return (const void *)((const char *)l->rows.items +
			      index * row_size(l));
}

struct row *listing_add_row(struct listing *l, const char *name)
{
	struct row *row = xarray_add(&l->rows, row_size(l));

	cell_string(&row->cells[0], "%s", name);
	return row;
}

static void free_cells(const struct listing *l, const struct row *row)
{
	for (size_t i = 0; i < l->def->column_count; i++)
		free(row->cells[i].string);
}

void listing_truncate(struct listing *l, size_t count)
{
	while (l->rows.count > count)
		free_cells(l, listing_row(l, --l->rows.count));
}

void listing_free(struct listing *l)
{
	listing_truncate(l, 0);
	free(l->rows.items);
}

void listing_sort(struct listing *l,
		  int (*compare)(const void *a, const void *b))
{
	if (l->rows.count)
		qsort(l->rows.items, l->rows.count, row_size(l), compare);
}

const char *listing_cell_name(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_USER:
		return idcache_user((uid_t)cell->number);
	case CELL_GROUP:
		return idcache_group((gid_t)cell->number);
	default:
		return cell->string;
	}
}

static int compare_cells(const struct cell *a, const struct cell *b)
{
	const char *x = listing_cell_name(a), *y = listing_cell_name(b);

	if (x && y)
		return strcmp(x, y);
	return a->number < b->number ? -1 : a->number > b->number;
}

/* Unknown values are last; equal rows are in the order of names. */
static int compare_rows(const void *a, const void *b, void *data)
{
	const struct listing *l = data;
	const struct cell *x = ((const struct row *)a)->cells;
	const struct cell *y = ((const struct row *)b)->cells;
	const struct cell *cx = &x[l->sort_column], *cy = &y[l->sort_column];
	const int sign = l->sorts_down ? -1 : 1;
	int order = 0;

	if ((cx->type == CELL_UNKNOWN) != (cy->type == CELL_UNKNOWN))
		return cx->type == CELL_UNKNOWN ? 1 : -1;
	if (cx->type != CELL_UNKNOWN)
		order = sign * compare_cells(cx, cy);
	return order ? order : strcmp(x->string, y->string);
}

/* Negative, 0 or positive, as the cell is less, equal or more. */
static int compare_value(const struct cell *cell, const struct filter *f)
{
	const char *name = listing_cell_name(cell);
	uint64_t number = f->number;

	if (name)
		return strcmp(name, f->value);
	/* Rates are in tenths. */
	if (cell->type == CELL_RATE)
		number = number <= UINT64_MAX / 10 ? number * 10 : UINT64_MAX;
	return cell->number < number ? -1 : cell->number > number;
}

/* Unknown values are neither equal nor different. */
static bool passes(const struct row *row, const struct filter *f)
{
	const struct cell *cell = &row->cells[f->column];
	int order;

	if (cell->type == CELL_UNKNOWN)
		return false;
	order = compare_value(cell, f);
	return order < 0 ? f->less : order > 0 ? f->more : f->equal;
}

static bool passes_all(const struct listing *l, const struct row *row)
{
	for (int i = 0; i < l->options->filter_count; i++)
		if (!passes(row, &l->filters[i]))
			return false;
	return true;
}

void listing_filter(struct listing *l)
{
	const size_t size = row_size(l);
	char *rows = l->rows.items;
	size_t kept = 0;

	for (size_t i = 0; i < l->rows.count; i++) {
		struct row *row = (void *)(rows + i * size);

		if (passes_all(l, row))
			memmove(rows + kept++ * size, row, size);
		else
			free_cells(l, row);
	}
	l->rows.count = kept;
}

void listing_arrange(struct listing *l)
{
	/* The owners of details would not follow. */
	if (l->details)
		return;
	listing_filter(l);
	if (l->is_sorted && l->rows.count)
		qsort_r(l->rows.items, l->rows.count, row_size(l), compare_rows,
			l);
}
