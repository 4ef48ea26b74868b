// SPDX-License-Identifier: GPL-2.0-only
#include "escape.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

size_t escape_utf8_length(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t code, least;
	size_t len;

	if (p[0] < 0x80)
		return p[0] ? 1 : 0;
	if ((p[0] & 0xe0) == 0xc0) {
		len = 2;
		code = p[0] & 0x1f;
		least = 0x80;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3;
		code = p[0] & 0x0f;
		least = 0x800;
	} else if ((p[0] & 0xf8) == 0xf0) {
		len = 4;
		code = p[0] & 0x07;
		least = 0x10000;
	} else {
		return 0;
	}
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	/* Overlong forms, surrogates, and values above Unicode. */
	if (code < least || (code >= 0xd800 && code <= 0xdfff) ||
	    code > 0x10ffff)
		return 0;
	return len;
}

bool escape_is_utf8(const char *text)
{
	while (*text) {
		size_t len = escape_utf8_length(text);

		if (!len)
			return false;
		text += len;
	}
	return true;
}

static bool is_control(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	if (len == 1)
		return p[0] < 0x20 || p[0] == 0x7f;
	/* U+0080 to U+009f: terminals obey these too. */
	return len == 2 && p[0] == 0xc2 && p[1] < 0xa0;
}

void escape_message(FILE *f, const char *text)
{
	while (*text) {
		size_t len = escape_utf8_length(text);

		if (len && !is_control(text, len)) {
			fwrite(text, 1, len, f);
			text += len;
		} else {
			fprintf(f, "\\x%02x", (unsigned char)*text++);
		}
	}
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) &&
		    !strchr("/._-@%+=:,", *text))
			return false;
	return true;
}

static bool has_escapes(const char *text)
{
	for (size_t len; *text; text += len) {
		len = escape_utf8_length(text);
		if (!len || is_control(text, len))
			return true;
	}
	return false;
}

/* In the quotes $'...', which most shells have for other bytes. */
static void escape_bytes(FILE *f, const char *text)
{
	char one[2] = { 0 };

	fputs("$'", f);
	for (; *text; text++) {
		one[0] = *text;
		if (*text == '\\' || *text == '\'')
			fprintf(f, "\\%c", *text);
		else
			escape_message(f, one);
	}
	putc('\'', f);
}

void escape_argument(FILE *f, const char *text)
{
	if (*text == '-')
		fputs("-- ", f);
	if (*text && is_plain(text)) {
		fputs(text, f);
		return;
	}
	if (has_escapes(text)) {
		escape_bytes(f, text);
		return;
	}
	putc('\'', f);
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", f);
		else
			putc(*text, f);
	putc('\'', f);
}

/* In UTF-8. */
#define REPLACEMENT "\xef\xbf\xbd"

void escape_utf8(FILE *f, const char *text)
{
	while (*text) {
		size_t len = escape_utf8_length(text);

		if (len)
			fwrite(text, 1, len, f);
		else
			fputs(REPLACEMENT, f);
		text += len ? len : 1;
	}
}

void escape_word(FILE *f, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c == '\\' || c == 0x7f)
			fprintf(f, "\\%03o", c);
		else
			putc(c, f);
	}
}

void escape_label(FILE *f, const char *text)
{
	putc('"', f);
	while (*text) {
		size_t len = escape_utf8_length(text);

		if (!len) {
			fputs(REPLACEMENT, f);
			text++;
		} else if (*text == '\n') {
			fputs("\\n", f);
			text++;
		} else if (*text == '"' || *text == '\\') {
			fprintf(f, "\\%c", *text++);
		} else {
			fwrite(text, 1, len, f);
			text += len;
		}
	}
	putc('"', f);
}

void escape_hex(FILE *f, const char *text)
{
	for (; *text; text++)
		fprintf(f, "%02x", (unsigned char)*text);
}
