/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_ESCAPE_H
#define COMMON_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The length of the valid UTF-8 sequence at text, or 0. */
size_t escape_utf8_length(const char *text);
bool escape_is_utf8(const char *text);

/* For a line of a message: control and invalid bytes become \xNN. */
void escape_message(FILE *f, const char *text);

/*
 * An argument of a command in a shell, in a line of a message: in quotes where
 * needed, and behind -- if the argument looks like an option.
 */
void escape_argument(FILE *f, const char *text);

/* Valid UTF-8, as in JSON: each invalid byte becomes U+FFFD. */
void escape_utf8(FILE *f, const char *text);

/*
 * The value of a label in OpenMetrics with its quotes. Invalid bytes become
 * U+FFFD as with escape_utf8().
 */
void escape_label(FILE *f, const char *text);

/* Two digits a byte. */
void escape_hex(FILE *f, const char *text);

/*
 * For lists separated by white space: space, tab, newline, backslash and
 * control bytes become \NNN (octal), as in /proc/self/mountinfo.
 */
void escape_word(FILE *f, const char *text);

#endif
