// SPDX-License-Identifier: GPL-2.0-only
/* A process whose child shares its memory: both wait. */
#include <sys/types.h>
#include <unistd.h>

int main(void)
{
	const pid_t pid = vfork();

	/* The child; the parent continues when the child has ended. */
	if (!pid)
		for (;;)
			pause();
	return pid < 0;
}
