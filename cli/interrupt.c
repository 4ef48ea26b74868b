// SPDX-License-Identifier: GPL-2.0-only
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

/* Nothing is half done where a process only waits to be continued. */
static const int stopping[] = { SIGTSTP, SIGTTIN, SIGTTOU };
/* All others end a process that does nothing about them. */
static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH };

static sigset_t saved;

void interrupt_hold(void)
{
	sigset_t held;

	sigfillset(&held);
	for (size_t i = 0; i < sizeof(stopping) / sizeof(stopping[0]); i++)
		sigdelset(&held, stopping[i]);
	sigprocmask(SIG_BLOCK, &held, &saved);
}

void interrupt_release(void)
{
	sigprocmask(SIG_SETMASK, &saved, NULL);
}

static bool will_end(int sig)
{
	struct sigaction action;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (sig == harmless[i])
			return false;
	/* Blocked, even those pend that nohup(1) has ignored. */
	return !sigaction(sig, NULL, &action) && action.sa_handler != SIG_IGN;
}

bool interrupt_pending(void)
{
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sigismember(&pending, sig) == 1 &&
		    sigismember(&saved, sig) == 0 && will_end(sig))
			return true;
	return false;
}
