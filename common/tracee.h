/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_TRACEE_H
#define COMMON_TRACEE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tracee-arch.h"

/*
 * A process that is traced from before its execve() until the program can
 * start. All functions return 0 or -errno; -ESRCH: the process has ended.
 */

struct tracee {
	pid_t pid;
	int status;            /* last status of waitpid() */
	bool executed;         /* execve() has succeeded */
	struct arch_regs regs; /* registers with which the program starts */
	uint64_t patch_addr;
	long patch_saved;
	bool patched;
};

/* Kills the process if this process ends before tracee_release(). */
int tracee_seize(struct tracee *t);
/*
 * Only tests whether tracing is allowed: tracee_seize() without the kill, and
 * then the end of tracing.
 */
int tracee_try_seize(struct tracee *t);
int tracee_try_end(struct tracee *t);

/* Waits until execve() has succeeded. */
int tracee_wait_exec(struct tracee *t);

/*
 * Makes system calls in the process after execve(). -EPERM: a seccomp filter
 * answered with a signal.
 */
int tracee_prepare(struct tracee *t);
int tracee_call(struct tracee *t, long nr, const uint64_t args[6],
		int64_t *ret);

/* Detaches, and lets the program start with its own registers. */
int tracee_release(struct tracee *t, const sigset_t *mask);

/* Ends the program before its first instruction. */
void tracee_end(struct tracee *t, int status);

/*
 * Whether the process was killed meanwhile, and whether a seccomp filter killed
 * it.
 */
bool tracee_is_gone(struct tracee *t);
bool tracee_was_filtered(const struct tracee *t);

#endif
