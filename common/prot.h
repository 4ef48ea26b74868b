/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_PROT_H
#define COMMON_PROT_H

/* "none" or letters of r, w, x in this order; 0 or -EINVAL. */
int prot_parse(const char *text, int *prot);

/* The word that prot_parse() takes. */
const char *prot_name(int prot);

#endif
