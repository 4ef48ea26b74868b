// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "field.h"

static const char lines[] = "SecPageTables:  1 kB\n"
			    "PageTables:   23 kB\n"
			    "oom_kill 4\n"
			    "oom_kill 5\n"
			    "TracerPid:\t678\n"
			    "last";

static char path[] = "/tmp/mshare-field-XXXXXX";

static void check_field(const char *name, int result, uint64_t number)
{
	uint64_t value = 9;

	check_result(field_read(path, name, &value), result, "%s", name);
	check_int(value, number);
}

int main(void)
{
	int fd = mkstemp(path);

	must(write(fd, lines, sizeof(lines) - 1) == sizeof(lines) - 1,
	     "cannot write %s: %m", path);
	close(fd);
	check_field("SecPageTables", 0, 1);
	check_field("PageTables", 0, 23);
	check_field("oom_kill", 0, 4);
	check_field("TracerPid", 0, 678);
	check_field("Page", ENODATA, 9);
	check_field("last", ENODATA, 9);
	unlink(path);
	check_field("last", ENOENT, 9);
	return checks_status();
}
