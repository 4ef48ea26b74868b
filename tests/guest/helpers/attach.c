// SPDX-License-Identifier: GPL-2.0-only
/*
 * An unmodified program for msharectl attach-exec: knows of its region by the
 * environment alone.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *addr = getenv("MSHARE_ADDR"), *size = getenv("MSHARE_SIZE");
	volatile uint64_t *word;

	if (argc < 2 || !addr || !size) {
		fprintf(stderr,
			"usage: MSHARE_ADDR= MSHARE_SIZE= %s "
			"read | write VALUE | wait\n",
			argv[0]);
		return 2;
	}
	/* In the last page, so that all of the region has to be there. */
	word = (uint64_t *)(strtoull(addr, NULL, 0) + strtoull(size, NULL, 0) -
			    4096);
	if (!strcmp(argv[1], "read")) {
		printf("%lu\n", *word);
	} else if (!strcmp(argv[1], "write") && argc == 3) {
		*word = strtoull(argv[2], NULL, 0);
	} else if (!strcmp(argv[1], "wait")) {
		printf("%d\n", getpid());
		fflush(stdout);
		pause();
	} else {
		return 2;
	}
	return EXIT_SUCCESS;
}
