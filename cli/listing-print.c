// SPDX-License-Identifier: GPL-2.0-only
#include "listing-print.h"

#include <stdio.h>
#include <string.h>

#include "message.h"

/* For other programs: names that commands take, and a name in many rows once. */
static void print_names(const struct listing *l)
{
	const char *last = "";

	for (size_t i = 0; i < listing_count(l); i++) {
		const struct row *row = listing_row(l, i);
		const char *name = row->cells[0].string;

		if (row->lacks_name || !strcmp(name, last))
			continue;
		fputs(name, stdout);
		putchar('\0');
		last = name;
	}
}

int listing_print(struct listing *l, const struct mounts *mounts)
{
	int err;

	listing_arrange(l);
	if (l->options->format == LISTING_ZERO) {
		print_names(l);
		return EXIT_SUCCESS;
	}
	if (l->options->format == LISTING_JSON) {
		listing_print_json(l, mounts);
		return EXIT_SUCCESS;
	}
	/* Headings alone say nothing; ls(1) prints none either. */
	err = listing_count(l) ? listing_print_table(l) : 0;
	if (err)
		return message_error(NULL, "Free memory and try again.", "%s",
				     strerror(-err));
	return EXIT_SUCCESS;
}
