/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_ATTACH_H
#define COMMON_ATTACH_H

#include <stdbool.h>
#include <stddef.h>

#include "program.h"
#include "region.h"

/*
 * Attaches regions to a program that is not changed for msharefs.
 *
 * A mapping does not survive execve(), so the regions must be mapped after
 * execve() and before the program's first instruction. A short-lived helper
 * traces this process, which then executes the program itself and so keeps its
 * PID, parent, terminal and exit status. The helper stops the process where
 * execve() returns, makes the process map the regions, and detaches.
 */

#define ATTACH_EXIT_FAILURE 125

enum attach_reason {
	ATTACH_HELPER,   /* the helper could not be started */
	ATTACH_LOST,     /* the helper was killed */
	ATTACH_PROC,     /* /proc does not show this process */
	ATTACH_TRACE,    /* this process cannot be traced */
	ATTACH_UNTRACED, /* ptrace() succeeded, but traces nothing */
	ATTACH_PROGRAM,  /* programs of this kind are refused */
	ATTACH_INJECT,   /* system calls cannot be injected */
	ATTACH_FILTER,   /* a seccomp filter forbids the calls */
	ATTACH_MAP,      /* mmap() of a region failed */
	ATTACH_VERIFY,   /* mmap() succeeded, but the mapping is missing */
	ATTACH_CLOSE,    /* the region's descriptor stayed open */
};

struct attach_failure {
	enum attach_reason reason;
	int err;                /* -errno, or 0 */
	size_t region;          /* index, if a region is concerned */
	enum program_kind kind; /* for ATTACH_PROGRAM */
};

struct attach {
	const struct region *regions; /* open and without O_CLOEXEC */
	size_t count;
	bool read_only;
	/*
	 * Called in the helper, which has this process's memory from before
	 * execve(); the program then ends with status 125.
	 */
	void (*report)(const struct attach_failure *failure, const void *data);
	const void *data;
};

/* One attempt to attach, which the helper shares. */
struct attach_session;

/*
 * Starts the helper. After 0 the caller calls execve() and, if that returns,
 * attach_cancel() and _exit(): the helper uses *session until the end. All
 * signals wait in between. After a failure (-1) everything is as before.
 */
int attach_start(const struct attach *attach, struct attach_session **session,
		 struct attach_failure *failure);

/* Lets signals come again. */
void attach_cancel(const struct attach_session *session);

/* Checks whether attach_start() can succeed, without side effects. */
int attach_try(struct attach_failure *failure);

/* The architecture whose calls can be injected. */
const char *attach_arch(void);

#endif
