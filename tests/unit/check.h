/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Checks go on after a failure; main() ends with CHECK_RESULT. */

static int check_failures;

#define CHECK(condition)                                                   \
	do {                                                               \
		if (!(condition)) {                                        \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#condition);                               \
			check_failures++;                                  \
		}                                                          \
	} while (0)

#define CHECK_INT(got, wanted)                                               \
	do {                                                                 \
		const int64_t g_ = (int64_t)(got);                           \
		const int64_t w_ = (int64_t)(wanted);                        \
		if (g_ != w_) {                                              \
			fprintf(stderr,                                      \
				"%s:%d: %s: %" PRId64 ", not %" PRId64 "\n", \
				__FILE__, __LINE__, #got, g_, w_);           \
			check_failures++;                                    \
		}                                                            \
	} while (0)

#define CHECK_STRING(got, wanted)                                             \
	do {                                                                  \
		const char *g_ = (got), *w_ = (wanted);                       \
		if (!g_ || strcmp(g_, w_)) {                                  \
			fprintf(stderr, "%s:%d: %s: \"%s\", not \"%s\"\n",    \
				__FILE__, __LINE__, #got, g_ ? g_ : "(null)", \
				w_);                                          \
			check_failures++;                                     \
		}                                                             \
	} while (0)

#define CHECK_RESULT (check_failures ? 1 : 0)

#endif
