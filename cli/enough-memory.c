// SPDX-License-Identifier: GPL-2.0-only
#include "enough-memory.h"

#include <mshare.h>

#include "memory.h"
#include "message.h"
#include "parse.h"

int enough_memory(const char *name, int fd, uint64_t size, bool force)
{
	char wanted[SIZE_STRLEN], has[SIZE_STRLEN];
	uint64_t available;
	struct msharefs_stat st;

	if (force || memory_available(&available))
		return EXIT_SUCCESS;
	/* A part may be resident; the kernel does not tell which part. */
	if (fd >= 0 && !mshare_stat(fd, &st))
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
