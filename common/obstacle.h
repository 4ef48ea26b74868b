/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_OBSTACLE_H
#define COMMON_OBSTACLE_H

#include <sys/types.h>

/* Why this process may not be traced. */

enum obstacle {
	OBSTACLE_UNKNOWN,    /* a seccomp filter, capabilities, a container */
	OBSTACLE_TRACER,     /* another process traces this one */
	OBSTACLE_YAMA_ADMIN, /* Yama's ptrace_scope is 2 */
	OBSTACLE_YAMA_NONE,  /* ... or 3 */
	OBSTACLE_MODULE, /* a security module, such as AppArmor or SELinux */
};

/*
 * Finds the obstacle by the error (-errno) of ptrace() and in /proc; *tracer is
 * the PID of a tracing process.
 */
enum obstacle obstacle_find(int err, pid_t *tracer);

#endif
