/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

#include <stdint.h>

#define SEAL_STRLEN 64

/* MSHAREFS_SEAL_* as "map,unmap,protect,seal". Returns buf. */
const char *seal_format(uint64_t seals, char *buf);

#endif
