// SPDX-License-Identifier: GPL-2.0-only
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "message.h"
#include "parse.h"
#include "samples.h"

#define FIRST 1000000000ULL /* nanoseconds */
#define NEXT  200000000ULL
#define CLEAR "\r\033[K"

struct progress progress_begin(uint64_t total, bool quiet)
{
	return (struct progress){
		.quiet = quiet || !isatty(STDERR_FILENO),
		.total = total,
		.next = samples_clock() + FIRST,
	};
}

void progress_update(struct progress *p, uint64_t done)
{
	char part[SIZE_STRLEN], whole[SIZE_STRLEN];
	const uint64_t now = samples_clock();

	if (p->quiet || now < p->next)
		return;
	p->next = now + NEXT;
	p->is_shown = true;
	/* Without the name, which could be longer than the line. */
	fprintf(stderr, CLEAR "%s: %s of %s, %.0f%%", program_invocation_name,
		size_format(done, part), size_format(p->total, whole),
		100.0 * (double)done / (double)p->total);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->is_shown)
		fputs(CLEAR, stderr);
	p->is_shown = false;
}

void progress_interrupted(const char *name, uint64_t done, uint64_t total,
			  const char *effect)
{
	char part[SIZE_STRLEN], whole[SIZE_STRLEN];

	message_note(name, "interrupted after %s of %s%s%s",
		     size_format(done, part), size_format(total, whole),
		     effect ? "; " : "", effect ? effect : "");
}
