/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "mount.h"

/*
 * Listings: a definition with the columns, the options of the command line,
 * and rows, which are printed as a table, as JSON, or in one of two forms for
 * scripts.
 */

enum {
	COL_LEFT = 1 << 0, /* aligned */
	COL_PATH = 1 << 1, /* JSON also has the bytes that are not UTF-8 */
};

struct column {
	const char *name; /* the key in JSON as well, there in small letters */
	const char *help;
	unsigned int flags; /* COL_* */
};

#define LISTING_MAX_COLUMNS 64
#define LISTING_MAX_FILTERS 8

struct listing_def {
	const struct column *columns; /* the first one is the name */
	size_t column_count;
	const char *defaults; /* the columns without --output */
	/* More of these: with --all, and with --all-mounts. */
	const char *all_defaults;
	size_t mount_column;
	const char *key; /* of the rows in JSON */
	/* A former name of a column, which --output still takes; or NULL. */
	const char *old_name;
	size_t old_column;
	/* One of many reports: JSON is one line and has the time. */
	bool is_stream;
};

enum listing_format {
	LISTING_TABLE,
	LISTING_JSON,
	LISTING_RAW,
	LISTING_PAIRS,
	LISTING_ZERO, /* names, ended by null characters */
};

struct listing_options {
	enum listing_format format;
	const char *format_option; /* that chose the format, or NULL */
	bool no_headings, bytes, output_all, list_columns;
	bool all; /* nameless regions as well */
	bool all_mounts;
	const char *output; /* --output's list, or NULL */
	const char *sort;   /* --sort's column, maybe after a -, or NULL */
	const char *filters[LISTING_MAX_FILTERS];
	int filter_count;
	char **names;
	int name_count;
};

enum cell_type {
	CELL_UNKNOWN,
	CELL_STRING,
	CELL_LIST, /* of words, separated by commas */
	CELL_NUMBER,
	CELL_SIZE,
	CELL_ADDRESS,
	CELL_RATE, /* per second, in tenths */
	CELL_USER, /* an ID, printed as a name */
	CELL_GROUP,
};

struct cell {
	enum cell_type type;
	uint64_t number;
	char *string; /* malloc()ed; belongs to the cell */
};

struct row {
	bool has_details; /* the details of this row are known */
	bool lacks_name;  /* no command takes the name for this row's region */
	size_t owner; /* in details: the index of the row that has them; else
			     the command's own */
	struct cell cells[];
};

/* One --filter: rows whose cell compares like this stay. */
struct filter {
	size_t column;
	bool less, equal, more;
	const char *value;
	uint64_t number; /* the value, for columns of numbers */
};

struct listing {
	const struct listing_def *def;
	const struct listing_options *options;
	/* The listing inside the rows in JSON, or NULL. */
	const struct listing *details;
	size_t selected[LISTING_MAX_COLUMNS];
	size_t selected_count;
	bool is_sorted, sorts_down; /* from large to small */
	size_t sort_column;
	struct filter filters[LISTING_MAX_FILTERS]; /* as many as options */
	struct array rows;                          /* see listing_row() */
};

/*
 * -J and the like, and NAME...: the children of a command's argp, whose input is
 * struct listing_options.
 */
extern const struct argp_child listing_children[];

/*
 * Initializes a listing without rows and chooses the columns. Both arguments
 * must outlive the listing. Returns false after --list-columns, which prints
 * the columns and needs nothing else.
 */
bool listing_begin(struct listing *listing, const struct listing_def *def,
		   const struct listing_options *options);
void listing_free(struct listing *listing);

/* Whether this column is printed. */
bool listing_shows(const struct listing *listing, size_t column);

/* Whether this column is printed, sorts or filters. */
bool listing_needs(const struct listing *listing, size_t column);

size_t listing_count(const struct listing *listing);
const struct row *listing_row(const struct listing *listing, size_t index);
/* The text of a name or a list, or a user's or group's name; else NULL. */
const char *listing_cell_name(const struct cell *cell);
/*
 * Appends a row whose cells are unknown, except the name. Pointers to rows of
 * this listing are invalid after the call.
 */
struct row *listing_add_row(struct listing *listing, const char *name);
/* Drops all rows after the first count. */
void listing_truncate(struct listing *listing, size_t count);
/* qsort(3): compare gets two struct row. The owners of details do not follow. */
void listing_sort(struct listing *listing,
		  int (*compare)(const void *a, const void *b));

/* Sorts by this column from now on, instead of --sort. */
void listing_set_sort(struct listing *listing, size_t column, bool down);
/* Drops rows by --filter. */
void listing_filter(struct listing *listing);
/* Filters, and sorts by --sort, if given. */
void listing_arrange(struct listing *listing);

/* Arranges, then prints. EXIT_SUCCESS or EXIT_FAILURE. */
int listing_print(struct listing *listing, const struct mounts *mounts);

/*
 * The table, as for a terminal of this width, which the caller frees. NULL: out
 * of memory.
 */
char *listing_table_text(const struct listing *listing, size_t width);

void cell_string(struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Words separated by commas. */
void cell_list(struct cell *cell, const char *words);

static inline void cell_value(struct cell *cell, enum cell_type type,
			      uint64_t value)
{
	cell->type = type;
	cell->number = value;
}

static inline void cell_rate(struct cell *cell, double rate)
{
	cell_value(cell, CELL_RATE, (uint64_t)(rate * 10 + 0.5));
}

#endif
