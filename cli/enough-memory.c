// SPDX-License-Identifier: GPL-2.0-only
#include "enough-memory.h"

#include <limits.h>
#include <stdio.h>

#include <mshare.h>

#include "memory.h"
#include "message.h"
#include "mount.h"
#include "parse.h"

/* The kernel counts in batches, so that the last bit is never used. */
#define REST (1ULL << 20)

int enough_memory(const char *name, int fd, uint64_t size, bool force)
{
	char wanted[SIZE_STRLEN], has[SIZE_STRLEN];
	uint64_t available;
	struct msharefs_stat st;

	if (force || memory_available(&available))
		return EXIT_SUCCESS;
	/* A part may be resident; the kernel does not tell which part. */
	if (fd >= 0 && !mshare_stat(fd, &st, sizeof(st)))
		size -= st.resident < size ? st.resident : size;
	if (size <= available)
		return EXIT_SUCCESS;
	return message_error(
		name,
		"Choose a smaller --size, or use --force: the "
		"kernel then kills processes if memory is short.",
		"%s more are needed, and %s of memory and swap are "
		"available",
		size_format(size, wanted), size_format(available, has));
}

static void report_limit(const struct subject *subject,
			 const struct mount_usage *u, const char *cause)
{
	char used[SIZE_STRLEN], limit[SIZE_STRLEN], text[128];

	snprintf(text, sizeof(text), "%s: %s of %s are used", cause,
		 size_format(u->used, used), size_format(u->size_limit, limit));
	message_show(subject, text,
		     "Free memory of the mount, or as root: mount -o "
		     "remount,size=SIZE {mount}");
}

bool enough_memory_is_full(const struct subject *subject, int fd)
{
	const struct mount mount = { .fd = fd };
	struct mount_usage u;

	if (mount_get_usage(&mount, &u) || !u.size_limit ||
	    (u.names_limit && u.names >= u.names_limit) ||
	    u.size_limit - u.used >= REST)
		return false;
	report_limit(subject, &u, "the mount's size limit is reached");
	return true;
}

bool enough_memory_exceeds(const struct subject *subject, int fd)
{
	const struct mount mount = { .fd = fd };
	struct mount_usage u;

	if (mount_get_usage(&mount, &u) || !u.size_limit)
		return false;
	report_limit(subject, &u,
		     "the mapping exceeds the size limit of the mount");
	return true;
}
