// SPDX-License-Identifier: GPL-2.0-only
#include "listing-print.h"

#include <string.h>

#include "message.h"

int listing_print(const struct listing *l, const struct mount *mount)
{
	int err;

	if (l->options->format == LISTING_JSON) {
		listing_print_json(l, mount);
		return EXIT_SUCCESS;
	}
	/* Headings alone say nothing; ls(1) prints none either. */
	err = listing_count(l) ? listing_print_table(l) : 0;
	if (err)
		return message_error(NULL, "Free memory and try again.", "%s",
				     strerror(-err));
	return EXIT_SUCCESS;
}
