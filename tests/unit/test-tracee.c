// SPDX-License-Identifier: GPL-2.0-only
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "tracee.h"

static int killed;

/* In place of the C library's. */
int kill(pid_t pid, int sig)
{
	(void)pid;
	(void)sig;
	killed++;
	return 0;
}

/* After the parent reads the status, another process may have the number. */
static void leaves_the_dead_alone(void)
{
	struct tracee t = { .executed = true, .patched = true };

	t.regs.size = sizeof(t.regs.native);
	t.pid = fork();
	if (!t.pid)
		_exit(1);
	check(waitpid(t.pid, &t.status, 0) == t.pid);
	tracee_end(&t, 125);
	check_int(killed, 0);
}

int main(void)
{
	leaves_the_dead_alone();
	return checks_status();
}
