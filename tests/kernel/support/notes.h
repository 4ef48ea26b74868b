/* SPDX-License-Identifier: GPL-2.0-only */
/* What a script sees that runs twice, on two kinds of memory. */
#ifndef GUEST_NOTES_H
#define GUEST_NOTES_H

/* The run: 0, and 1 after notes_begin_second(). */
extern int notes_run;

/* Add a result; @what says of which expression. */
void note(const char *what, long value);
#define NOTE(call)   note(#call, result(call))
#define NOTE_64(sum) note(#sum, (long)(sum))

void notes_begin_second(void);
/* Check that both runs saw the same; @first and @second are the two kinds. */
void notes_compare(const char *first, const char *second);

#endif /* GUEST_NOTES_H */
