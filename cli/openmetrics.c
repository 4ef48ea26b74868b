// SPDX-License-Identifier: GPL-2.0-only
#include "openmetrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "listing.h"

static void print_head(const struct metric *m)
{
	printf("# TYPE mshare_region_%s %s\n", m->name,
	       m->counter ? "counter" : "gauge");
	if (m->unit)
		printf("# UNIT mshare_region_%s %s\n", m->name, m->unit);
	printf("# HELP mshare_region_%s %s\n", m->name, m->help);
}

static void print_sample(const struct metric *m, const struct row *row)
{
	const char *name = row->cells[0].string;
	const struct cell *cell = &row->cells[m->column];

	if (cell->type == CELL_UNKNOWN)
		return;
	printf("mshare_region_%s%s{region=", m->name,
	       m->counter ? "_total" : "");
	escape_label(stdout, name);
	/* Two names can differ only in bytes that are not valid UTF-8. */
	if (!escape_is_utf8(name)) {
		fputs(",region_bytes=\"", stdout);
		escape_hex(stdout, name);
		putchar('"');
	}
	if (m->label)
		printf(",%s", m->label);
	printf("} %" PRIu64 "\n", cell->number);
}

void openmetrics_print(const struct listing *l, const struct metric *metrics,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct metric *m = &metrics[i];

		if (!i || strcmp(m->name, m[-1].name))
			print_head(m);
		for (size_t r = 0; r < listing_count(l); r++)
			print_sample(m, listing_row(l, r));
	}
	puts("# EOF");
}
