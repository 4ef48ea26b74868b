/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mount.h"

/*
 * Listings: one table of columns a command, printed as a table, as JSON, or in
 * one of two forms for scripts.
 */

enum cell_type {
	CELL_UNKNOWN,
	CELL_STRING,
	CELL_LIST, /* of words, separated by commas */
	CELL_NUMBER,
	CELL_SIZE,
	CELL_ADDRESS,
	CELL_RATE, /* a second, in tenths */
};

struct cell {
	enum cell_type type;
	uint64_t number;
	char *string; /* malloc()ed; the listing's from then on */
};

struct column {
	const char *name; /* also the key in JSON, there in small letters */
	const char *help;
	bool left; /* aligned */
	bool is_default;
	bool is_path; /* whose bytes JSON has to tell where they aren't UTF-8 */
};

enum listing_format {
	LISTING_TABLE,
	LISTING_JSON,
	LISTING_RAW,
	LISTING_PAIRS,
};

#define LISTING_MAX_COLUMNS 32

struct listing {
	const struct column *columns; /* the first one is the name */
	size_t column_count;
	const char *key; /* what the rows are called in JSON */
	/* The columns without --output, where not those marked as default. */
	const char *usual;
	/* Of many listings: JSON takes one line, and has the time. */
	bool is_stream;
	/* What JSON has inside of the rows: see listing_set_owner(). */
	const struct listing *details;

	char **names;
	int name_count;

	enum listing_format format;
	const char *format_option;
	bool no_headings, bytes, list_columns;
	const char *output;
	bool output_all;
	size_t selected[LISTING_MAX_COLUMNS];
	size_t selected_count;

	struct cell *cells;
	size_t row_count, row_space;
};

/* -J and the like, and NAME..., for a command's argp. */
extern const struct argp listing_argp;

/* Those, and what all commands have: the children of a command's argp. */
extern const struct argp_child listing_children[];

/* Chooses the columns. False: they were only to be listed, and are. */
bool listing_begin(struct listing *listing);

/* Whether this column is one of them. */
bool listing_shows(const struct listing *listing, size_t column);

/* A new last row, its cells unknown but for the name. NULL: no memory. */
struct cell *listing_new_row(struct listing *listing, const char *name);
void listing_drop_row(struct listing *listing);

/* EXIT_SUCCESS or EXIT_FAILURE. */
int listing_print(const struct listing *listing, const struct mount *mount);
/* No rows; the rest stays. */
void listing_clear(struct listing *listing);
void listing_free(struct listing *listing);

/*
 * A row of details belongs to the row with this index in the listing that they
 * are the details of; one there has to say whether its details are known.
 */
static inline void listing_set_owner(struct cell *row, size_t owner)
{
	row[0].number = owner;
}

static inline void listing_set_known(struct cell *row)
{
	row[0].number = true;
}

/* What one cell is made of. */
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
