/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_PARSE_H
#define COMMON_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SIZE_STRLEN 24

/*
 * Sizes and addresses: decimal digits with an optional K, M, G, T, P or E
 * (powers of 1024, also written KiB ...), or 0x and hexadecimal digits. 0,
 * -EINVAL for an invalid number, -ERANGE beyond 64 bits.
 */
int size_parse(const char *text, uint64_t *value);

/* Up to four octal digits, at most 0777. 0, -EINVAL or -ERANGE. */
int mode_parse(const char *text, mode_t *mode);

/*
 * Seconds such as 2, 0.5 or 1.250, in milliseconds; at most a day, and three
 * decimals. 0 or -EINVAL or -ERANGE.
 */
int seconds_parse(const char *text, uint64_t *ms);

/*
 * A time such as 90, 90s, 15m, 12h or 7d, in seconds; at most 100 years. 0,
 * -EINVAL or -ERANGE.
 */
int age_parse(const char *text, uint64_t *seconds);

/* 1536 becomes "1.5K"; buf holds SIZE_STRLEN. Returns buf. */
const char *size_format(uint64_t value, char *buf);

/*
 * The same without rounding, with the largest unit that divides the value: 1536
 * becomes "1536B". --size and the like accept the text with a unit.
 */
const char *size_exact(uint64_t value, char *buf);

#endif
