/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdint.h>

/* Option arguments, or a usage error that names the option. */

/* In bytes, and not 0. */
uint64_t args_size(const char *option, const char *arg);
uint64_t args_address(const char *option, const char *arg);
/* what is the noun for the number in messages, such as "offset". */
uint64_t args_number(const char *option, const char *what, const char *arg);
/* PROT_*, of --prot. */
int args_prot(const char *arg);

#endif
