// SPDX-License-Identifier: GPL-2.0-only
/* Which programs are refused before they are executed. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach.h"
#include "check.h"

int main(void)
{
	static const char elf64[20] = "\177ELF\2\1\1";
	static const char elf32[20] = "\177ELF\1\1\1";
	enum attach_reason reason = ATTACH_HELPER;
	char path[] = "/tmp/mshare-unit-XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK(write(fd, elf64, sizeof(elf64)) == sizeof(elf64));
	CHECK(!fchmod(fd, 0755));
	CHECK(attach_check_program(path, &reason));

	CHECK(!fchmod(fd, 04755));
	CHECK(!attach_check_program(path, &reason));
	CHECK_INT(reason, ATTACH_SETUID);
	CHECK(!fchmod(fd, 02755));
	CHECK(!attach_check_program(path, &reason));
	/* Mandatory locking once, and never another group. */
	CHECK(!fchmod(fd, 02745));
	CHECK(attach_check_program(path, &reason));

	CHECK(!fchmod(fd, 0755));
	CHECK(pwrite(fd, elf32, sizeof(elf32), 0) == sizeof(elf32));
	CHECK(!attach_check_program(path, &reason));
	CHECK_INT(reason, ATTACH_32BIT);
	/* Too short for an ELF header: a script, or execve()'s to refuse. */
	CHECK(!ftruncate(fd, 5));
	CHECK(attach_check_program(path, &reason));

	if (geteuid() != 0) {
		CHECK(!fchmod(fd, 0111));
		CHECK(!attach_check_program(path, &reason));
		CHECK_INT(reason, ATTACH_UNREADABLE);
	}
	/* What is not there is execve()'s to report. */
	unlink(path);
	CHECK(attach_check_program(path, &reason));
	close(fd);
	return CHECK_RESULT;
}
