// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "figures.h"
#include "notes.h"
#include "program.h"
#include "region.h"

int set_min_size(uint64_t size, unsigned long flags)
{
	return result(prctl(PR_SET_MSHARE, size, flags, 0, 0));
}

char *map_with(void *addr, uint64_t size, int prot, int flags)
{
	char *at = mmap(addr, size, prot, flags, -1, 0);

	must(at != MAP_FAILED, "mmap of %#lx: %m", size);
	return at;
}

char *map(uint64_t size)
{
	return map_with(NULL, size, RW, ANON);
}

long counter(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/mm/mshare/program_%s", name);
	return number_in(path);
}

bool is_window_named(const void *at, const char *name)
{
	struct smaps smaps = smaps_at(at);

	check(strstr(smaps.mapping, name), "%s", smaps.mapping);
	return smaps_has_flag(&smaps, "sp");
}

bool is_window(const void *at)
{
	return is_window_named(at, "/dev/zero (deleted)\n");
}

void same_with_regions(void (*script)(void), uint64_t min_size)
{
	long plain;

	script();
	must(!set_min_size(min_size, 0), "PR_SET_MSHARE: %m");
	plain = counter("plain");
	notes_begin_second();
	script();
	check(counter("plain") > plain + 5, "%ld became plain",
	      counter("plain") - plain);
	notes_compare("without a region", "with one");
}

int open_list(void)
{
	int fd = open(MSHARE_MOUNT "/mshare_info", O_RDONLY | O_CLOEXEC);

	must(fd >= 0, "mshare_info: %m");
	return fd;
}

int next_listed(int fd, struct listed *l, uint64_t last)
{
	l->stat = (struct msharefs_stat){ .size = sizeof(l->stat) };
	l->nameless = (struct msharefs_nameless){
		.size = sizeof(l->nameless),
		.number = last,
		.stat = (uintptr_t)&l->stat,
	};
	return request(fd, MSHAREFS_NEXT_NAMELESS, &l->nameless);
}
