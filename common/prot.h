/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_PROT_H
#define COMMON_PROT_H

/* r, rw, rx, rwx or none; 0 or -EINVAL. */
int prot_parse(const char *text, int *prot);

/* The same words, and w, x or wx for mappings of other programs. */
const char *prot_name(int prot);

#endif
