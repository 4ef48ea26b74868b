/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_ATTACH_H
#define COMMON_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "region.h"

/*
 * Attaching regions to a program that knows nothing of them.
 *
 * A mapping does not survive execve(), so it has to be made after it and yet
 * before the program's first instruction. A short-lived helper traces this
 * process, which then executes the program itself and so keeps its PID,
 * parent, terminal and exit status. The helper stops it where execve()
 * returns, makes it map the regions, and lets go.
 */

#define ATTACH_EXIT_FAILURE 125

enum attach_reason {
	ATTACH_HELPER,     /* the helper could not be started */
	ATTACH_TRACE,      /* this process may not be traced */
	ATTACH_SETUID,     /* the program changes its privileges */
	ATTACH_UNREADABLE, /* the program may be executed, not read */
	ATTACH_32BIT,      /* the program has no such addresses */
	ATTACH_INJECT,     /* the program can't be made to do calls */
	ATTACH_MAP,        /* mmap() of a region failed */
	ATTACH_VERIFY,     /* it succeeded, and yet there is no mapping */
	ATTACH_CLOSE,      /* the region's descriptor stayed open */
};

struct attach_failure {
	enum attach_reason reason;
	int err;       /* -errno, or 0 */
	size_t region; /* index, for those that concern a region */
};

struct attach {
	const struct region *regions; /* open and without O_CLOEXEC */
	size_t count;
	bool read_only;
	/* Called in the helper; the program ends with status 125 after it. */
	void (*report)(const struct attach_failure *failure, void *data);
	void *data;
};

/*
 * Looks at what is about to be executed. False with a reason where attaching
 * is bound to fail; what cannot be looked at passes.
 */
bool attach_check_program(const char *path, enum attach_reason *reason);

/*
 * Starts the helper. After 0 the caller calls execve() and, if that returns,
 * attach_cancel() and _exit(). All signals wait in between. After a failure
 * (-1) everything is as before.
 */
int attach_start(const struct attach *attach, struct attach_failure *failure);
void attach_cancel(void);

/* The architecture whose calls can be injected. */
const char *attach_arch(void);

#endif
