// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "check.h"
#include "notes.h"

#define MAX_NOTES 256

static struct {
	char what[64];
	long value;
} notes[2][MAX_NOTES];

static unsigned int nr_notes[2];
int notes_run;

void note(const char *what, long value)
{
	unsigned int n = nr_notes[notes_run]++;

	must(n < MAX_NOTES, "too many notes");
	snprintf(notes[notes_run][n].what, sizeof(notes[notes_run][n].what),
		 "%s", what);
	notes[notes_run][n].value = value;
}

void notes_begin_second(void)
{
	notes_run = 1;
}

void notes_compare(const char *first, const char *second)
{
	check_int(nr_notes[1], nr_notes[0]);
	for (unsigned int i = 0; i < nr_notes[0]; i++)
		check(notes[0][i].value == notes[1][i].value,
		      "%u: %s is %ld %s, %ld %s", i, notes[0][i].what,
		      notes[0][i].value, first, notes[1][i].value, second);
}
