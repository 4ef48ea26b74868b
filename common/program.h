/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include "range.h"

/* What a program is, as far as attaching to it depends on that. */

enum program_kind {
	PROGRAM_FIT,        /* or what cannot be told */
	PROGRAM_PRIVILEGED, /* changes its user, group or capabilities */
	PROGRAM_UNREADABLE, /* may be executed, not read */
	PROGRAM_32BIT,      /* has no addresses as high as a region's */
};

struct program {
	enum program_kind kind;
	struct range fixed; /* addresses it insists on; size 0: none */
};

/* Of a script, the program that runs it is what is looked at. */
void program_examine(const char *path, struct program *program);

/*
 * Where execvp() will find a command: 0 or -errno, as that would have it.
 * *path is the caller's to free.
 */
int program_find(const char *command, char **path);

#endif
