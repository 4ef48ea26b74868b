/* SPDX-License-Identifier: GPL-2.0-only */
/* What a client tells the herd, and through which descriptors. */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include <stdint.h>

/* The client writes its report here when it has touched everything... */
#define REPORT_FD 3
/* ...and keeps its memory until here is nothing more to read. */
#define HOLD_FD 4

struct report {
	int32_t pid;
	uint32_t startup_faults;
	uint32_t faults;
};

#endif /* DEMO_REPORT_H */
