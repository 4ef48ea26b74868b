/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/*
 * Steps that succeed together or are undone. Signals are blocked between hold
 * and release. Code that finds a pending signal undoes its steps, and release
 * lets the signal end the process as usual.
 */

void interrupt_hold(void);
void interrupt_release(void);

/* Whether this signal would end the process. */
bool interrupt_ends(int sig);

/* Whether a signal that ends the process is pending since interrupt_hold(). */
bool interrupt_pending(void);

#endif
