// SPDX-License-Identifier: GPL-2.0-only
#include "obstacle.h"

#include <errno.h>
#include <stdio.h>

#include "field.h"

static pid_t find_tracer(void)
{
	uint64_t tracer = 0;

	field_read("/proc/self/status", "TracerPid", &tracer);
	return tracer;
}

static int read_scope(void)
{
	int scope;
	FILE *f;

	f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	if (!f)
		return -1;
	if (fscanf(f, "%d", &scope) != 1)
		scope = -1;
	fclose(f);
	return scope;
}

enum obstacle obstacle_find(int err, pid_t *tracer)
{
	const int scope = read_scope();

	*tracer = find_tracer();
	if (*tracer)
		return OBSTACLE_TRACER;
	/* The kernel's own checks, Yama and seccomp return other errors. */
	if (err == -EACCES)
		return OBSTACLE_MODULE;
	if (scope >= 3)
		return OBSTACLE_YAMA_NONE;
	return scope == 2 ? OBSTACLE_YAMA_ADMIN : OBSTACLE_UNKNOWN;
}
