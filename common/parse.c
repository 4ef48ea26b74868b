// SPDX-License-Identifier: GPL-2.0-only
#include "parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char units[] = "KMGTPE";

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/*
 * strtoull() accepts signs, blanks and octal, and saturates: each turns a
 * typing error into a number.
 */
static int digits_parse(const char **text, int base, uint64_t *value)
{
	const char *p = *text;
	bool overflow = false;
	uint64_t v = 0;

	if (digit_value(*p) >= base)
		return -EINVAL;
	for (; digit_value(*p) < base; p++) {
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit_value(*p), &v))
			overflow = true;
	}
	*text = p;
	*value = v;
	return overflow ? -ERANGE : 0;
}

static int suffix_parse(const char *p, unsigned int *shift)
{
	const char *unit;

	*shift = 0;
	if (*p == '\0')
		return 0;
	unit = strchr(units, toupper((unsigned char)*p));
	if (!unit)
		return -EINVAL;
	p++;
	if (*p && strcmp(p, "iB"))
		return -EINVAL;
	*shift = 10 * (unsigned int)(unit - units + 1);
	return 0;
}

int size_parse(const char *text, uint64_t *value)
{
	unsigned int shift;
	uint64_t v;
	int err;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		err = digits_parse(&text, 16, &v);
		if (err != -EINVAL && *text)
			return -EINVAL;
		shift = 0;
	} else {
		err = digits_parse(&text, 10, &v);
		if (err != -EINVAL && suffix_parse(text, &shift))
			return -EINVAL;
	}
	if (err)
		return err;
	if (v > UINT64_MAX >> shift)
		return -ERANGE;
	*value = v << shift;
	return 0;
}

int mode_parse(const char *text, mode_t *mode)
{
	uint64_t v;
	int err;

	err = digits_parse(&text, 8, &v);
	if (err != -EINVAL && *text)
		return -EINVAL;
	if (err)
		return err;
	if (v > 0777)
		return -ERANGE;
	*mode = (mode_t)v;
	return 0;
}

int seconds_parse(const char *text, uint64_t *ms)
{
	const uint64_t day = 86400ULL * 1000;
	uint64_t whole;
	int err;

	err = digits_parse(&text, 10, &whole);
	if (err)
		return err;
	if (whole > day / 1000)
		return -ERANGE;
	whole *= 1000;
	/* Not strtod(), whose point may be a comma. */
	if (*text == '.') {
		if (digit_value(*++text) >= 10)
			return -EINVAL;
		for (unsigned int unit = 100; unit && digit_value(*text) < 10;
		     text++, unit /= 10)
			whole += unit * (unsigned int)digit_value(*text);
	}
	if (*text)
		return -EINVAL;
	if (whole > day)
		return -ERANGE;
	*ms = whole;
	return 0;
}

int age_parse(const char *text, uint64_t *seconds)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} ages[] = {
		{ '\0', 1 },   { 's', 1 },     { 'm', 60 },
		{ 'h', 3600 }, { 'd', 86400 },
	};
	const uint64_t most = 100ULL * 366 * 86400;
	uint64_t number;
	int err;

	err = digits_parse(&text, 10, &number);
	if (err)
		return err;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		if (*text != ages[i].letter || (*text && text[1]))
			continue;
		if (number > most / ages[i].seconds)
			return -ERANGE;
		*seconds = number * ages[i].seconds;
		return 0;
	}
	return -EINVAL;
}

const char *size_format(uint64_t value, char *buf)
{
	unsigned int i = 0;
	uint64_t whole, unit;
	unsigned int tenths;

	if (value < 1024) {
		snprintf(buf, SIZE_STRLEN, "%uB", (unsigned int)value);
		return buf;
	}
	/* Rounding may reach the next unit: 1023.96K is 1M. */
	for (;; i++) {
		unit = 1ULL << (10 * (i + 1));
		whole = value / unit;
		/* In two steps, because the remainder times ten may not fit. */
		tenths = (unsigned int)((value % unit) / (unit / 1024));
		tenths = (tenths * 10 + 512) / 1024;
		if (tenths == 10) {
			whole++;
			tenths = 0;
		}
		if (whole < 1024 || !units[i + 1])
			break;
	}
	if (tenths)
		snprintf(buf, SIZE_STRLEN, "%u.%u%c", (unsigned int)whole,
			 tenths, units[i]);
	else
		snprintf(buf, SIZE_STRLEN, "%u%c", (unsigned int)whole,
			 units[i]);
	return buf;
}

const char *size_exact(uint64_t value, char *buf)
{
	unsigned int i = 0;

	while (value && !(value % 1024) && units[i]) {
		value /= 1024;
		i++;
	}
	snprintf(buf, SIZE_STRLEN, "%" PRIu64 "%c", value,
		 i ? units[i - 1] : 'B');
	return buf;
}
