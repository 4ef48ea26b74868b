// SPDX-License-Identifier: GPL-2.0-only
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

/* Stop signals do not interrupt a step: the process continues later. */
static const int stopping[] = { SIGTSTP, SIGTTIN, SIGTTOU };
/* The default action of all other signals ends the process. */
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

bool interrupt_ends(int sig)
{
	struct sigaction action;

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (sig == harmless[i])
			return false;
	/* A blocked signal is pending even if nohup(1) ignores the signal. */
	return !sigaction(sig, NULL, &action) && action.sa_handler != SIG_IGN;
}

bool interrupt_pending(void)
{
	sigset_t pending;

	if (sigpending(&pending))
		return false;
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sigismember(&pending, sig) == 1 &&
		    sigismember(&saved, sig) == 0 && interrupt_ends(sig))
			return true;
	return false;
}
