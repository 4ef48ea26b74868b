/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The whole terminal, for a view that is refreshed in place. The functions take
 * the terminal's second screen, so that the first one is unchanged afterwards.
 * A signal that ends or stops the process gives the terminal back before.
 */

enum {
	SCREEN_TIME = -1,   /* the time is over */
	SCREEN_REDRAW = -2, /* the size has changed, or the process continues */
};

/* Whether standard output is a terminal that can do this. */
bool screen_exists(void);

/* Takes the screen, until screen_end(). */
void screen_begin(void);
void screen_end(void);

/* The width in columns. */
size_t screen_width(void);

/*
 * Draws a line and a text below. Lines that do not fit, and the ends of lines
 * that do not fit, are left out.
 */
void screen_draw(const char *head, const char *text);

/*
 * Waits for a key, until a time of CLOCK_MONOTONIC in nanoseconds. Returns the
 * key's byte, or SCREEN_*.
 */
int screen_wait(uint64_t until);

#endif
