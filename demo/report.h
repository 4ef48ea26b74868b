/* SPDX-License-Identifier: GPL-2.0-only */
/* The report of a client to the herd, and the descriptors of both. */
#ifndef DEMO_REPORT_H
#define DEMO_REPORT_H

#include <stdint.h>

/* The client writes its report here when it has touched all memory... */
#define REPORT_FD 3
/* ...and keeps its memory until this descriptor is at its end. */
#define HOLD_FD 4

struct report {
	int32_t pid;
	uint32_t startup_faults;
	uint32_t faults;
};

#endif /* DEMO_REPORT_H */
