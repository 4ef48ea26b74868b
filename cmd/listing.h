/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CMD_LISTING_H
#define CMD_LISTING_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mount.h"
#include "region.h"

/*
 * Listings of regions: one table of columns a command, printed as a table, as
 * JSON, or in one of two forms for scripts.
 */

enum cell_type {
	CELL_UNKNOWN,
	CELL_STRING,
	CELL_NUMBER,
	CELL_SIZE,
	CELL_ADDRESS,
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
};

enum listing_format {
	LISTING_TABLE,
	LISTING_JSON,
	LISTING_RAW,
	LISTING_PAIRS,
};

#define LISTING_MAX_COLUMNS 16

struct listing {
	const struct column *columns; /* the first one is the name */
	size_t column_count;
	/* Fills a row's cells, all CELL_UNKNOWN so far, from an open region. */
	int (*fill)(struct cell *cells, const struct region *region);
	/* The same without having been allowed to open it; may be NULL. */
	void (*fill_closed)(struct cell *cells, const struct stat *st);

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

/*
 * Prints the regions named, or all of them. With a preamble, the mount and
 * the granule come before a table of all.
 */
int listing_run(struct listing *listing, bool preamble);

/* What one cell is made of. */
void cell_string(struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void cell_value(struct cell *cell, enum cell_type type,
			      uint64_t value)
{
	cell->type = type;
	cell->number = value;
}

#endif
