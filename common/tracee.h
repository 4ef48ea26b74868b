/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_TRACEE_H
#define COMMON_TRACEE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tracee-arch.h"

/*
 * A process that is traced from before its execve() until it can start the
 * program. All of these return 0 or -errno; -ESRCH: it is gone.
 */

struct tracee {
	pid_t pid;
	int status;            /* waitpid()'s last */
	bool executed;         /* it is the program's process now */
	struct arch_regs regs; /* as the program is to start with them */
	uint64_t patch_addr;
	long patch_saved;
	bool patched;
};

/* Kills the process when this one ends before it lets go. */
int tracee_seize(struct tracee *t);
/* As a test of whether it is allowed, and no more. */
int tracee_try(pid_t pid);

/* Until its execve() has succeeded. */
int tracee_wait_exec(struct tracee *t);

/*
 * After that, makes system calls in it. -EPERM: a seccomp filter answered with
 * a signal.
 */
int tracee_prepare(struct tracee *t);
int tracee_call(struct tracee *t, long nr, const uint64_t args[6],
		int64_t *ret);

/* Lets the program start, as though nothing had been. */
int tracee_release(struct tracee *t, const sigset_t *mask);

/* Ends the program before its first instruction. */
void tracee_end(struct tracee *t, int status);

/* Whether it has been killed meanwhile, and whether by a seccomp filter. */
bool tracee_is_gone(struct tracee *t);
bool tracee_was_filtered(const struct tracee *t);

#endif
