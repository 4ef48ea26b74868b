// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "check.h"
#include "window.h"

static bool parse(const char *text, char *line, struct window *w)
{
	const dev_t devs[] = { makedev(0, 0x1a), makedev(0, 0x1b) };

	strcpy(line, text);
	return window_parse(line, (struct window_devices){ devs, 2 }, w);
}

static void takes_windows(void)
{
	struct window w;
	char line[256];

	check(parse("7f06ff44d000-7f06ff44e000 rw-s 00001000 00:1b 8      "
		    "                    /dev/shm/x y\n",
		    line, &w));
	check(w.range.start == 0x7f06ff44d000 && w.range.size == 0x1000);
	check(w.prot == (PROT_READ | PROT_WRITE) && w.inode == 8);
	check(w.shared && w.dev == makedev(0, 0x1b));
	check(!strcmp(w.path, "/dev/shm/x y") && !w.deleted);

	check(parse("1000-2000 --xs 00000000 00:1b 9 /a\\012b\\n (deleted)\n",
		    line, &w));
	check(w.prot == PROT_EXEC && w.deleted);
	check(!strcmp(w.path, "/a\nb\\n"));

	check(parse("1000-2000 r--p 00000000 00:1b 9 /a\n", line, &w));
	check(w.prot == PROT_READ && !w.shared);
}

static void leaves_the_rest(void)
{
	struct window w;
	char line[256];

	check(!parse("1000-2000 rw-s 00000000 fe:1b 8 /dev/shm/x\n", line, &w));
	check(!parse("1000-2000 rw-p 00000000 00:00 0 \n", line, &w));
	check(!parse("", line, &w));
	check(!parse("nonsense\n", line, &w));
}

int main(void)
{
	takes_windows();
	leaves_the_rest();
	return checks_status();
}
