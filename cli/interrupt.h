/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/*
 * Steps that are done together or not at all. Between hold and release signals
 * wait; who finds one pending undoes what it has done, and release then lets
 * the signal end the process as usual.
 */

void interrupt_hold(void);
void interrupt_release(void);

/* A signal that ends the process has come since interrupt_hold(). */
bool interrupt_pending(void);

#endif
