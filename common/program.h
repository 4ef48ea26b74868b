/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include "range.h"

/* The properties of a program that attaching depends on. */

enum program_kind {
	PROGRAM_FIT,        /* or unknown */
	PROGRAM_PRIVILEGED, /* changes its user, group or capabilities */
	PROGRAM_UNREADABLE, /* executable, but not readable */
	PROGRAM_32BIT,      /* 32-bit: no addresses as high as a region's */
	PROGRAM_NO_ENTRY,   /* the entry point is not part of the program */
};

struct program {
	enum program_kind kind;
	struct range fixed; /* fixed addresses of the program; size 0: none */
};

/* Inspects the interpreter of a script in place of the script. */
void program_examine(const char *path, struct program *program);

/*
 * The path at which execvp() finds a command: 0 or -errno, as execvp() fails.
 * The caller frees *path.
 */
int program_find(const char *command, char **path);

#endif
