// SPDX-License-Identifier: GPL-2.0-only
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
/* Nothing is half done where a process only waits to be continued. */
static const int stopping[] = { SIGTSTP, SIGTTIN, SIGTTOU };

static sigset_t saved;

void interrupt_hold(void)
{
	sigset_t held;

	sigfillset(&held);
	for (size_t i = 0; i < sizeof(stopping) / sizeof(stopping[0]); i++)
		sigdelset(&held, stopping[i]);
	sigprocmask(SIG_SETMASK, &held, &saved);
}

void interrupt_release(void)
{
	sigprocmask(SIG_SETMASK, &saved, NULL);
}

bool interrupt_pending(void)
{
	struct sigaction action;
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		/* Blocked, even those pend that nohup(1) has ignored. */
		if (sigismember(&pending, ending[i]) == 1 &&
		    !sigismember(&saved, ending[i]) &&
		    !sigaction(ending[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			return true;
	}
	return false;
}
