// SPDX-License-Identifier: GPL-2.0-only
/* A client's files in /proc can be read while the region changes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW (PROT_READ | PROT_WRITE)

static const char *path;
static uint64_t start;

static void be_client(struct peer *parent, void *arg)
{
	window_map(region_open(path, O_RDWR), start, granule, RW, 0);
	paint((void *)start, 16 * MIB, MIB, 1);
	go(parent);
	if (arg)
		for (;;)
			for (uint64_t at = start; at < start + 16 * MIB;
			     at += MIB)
				store((void *)at, 1);
	wait_go(parent);
	check(!misses((void *)start, 16 * MIB, MIB, 1), "contents");
	paint((void *)start, 16 * MIB, MIB, 1);
}

/* The number of bytes that could be read; the contents are irrelevant here. */
static long read_all(pid_t pid, const char *name, off_t from, size_t most)
{
	char file[64], buffer[65536];
	long total = 0;
	ssize_t got;
	int fd;

	snprintf(file, sizeof(file), "/proc/%d/%s", pid, name);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "cannot open %s: %m", file);
	while (total < (long)most) {
		got = pread(fd, buffer, sizeof(buffer), from + total);
		if (got <= 0)
			break;
		total += got;
	}
	close(fd);
	return total;
}

static const char *const files[] = {
	"maps",   "smaps", "smaps_rollup", "numa_maps",
	"status", "statm", "stat",         "oom_score",
};

static void read_files(pid_t pid)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check(read_all(pid, files[i], 0, MIB) > 0, "%s is empty",
		      files[i]);
	/* Eight bytes for each page, for the first 32 MiB of the window. */
	read_all(pid, "pagemap", start / PAGE * 8, 32 * MIB / PAGE * 8);
}

static void clear_refs(pid_t pid, const char *what)
{
	char file[64];
	int fd;

	snprintf(file, sizeof(file), "/proc/%d/clear_refs", pid);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	must(fd >= 0, "cannot open %s: %m", file);
	check(write(fd, what, 1) == 1, "clear_refs: %.1s: %m", what);
	close(fd);
}

static void readable(void)
{
	int fd = region_create(path = region_path(), start, granule);
	struct msharefs_stat before, after;
	struct peer peer;

	region_fill(fd, start, granule, RW);
	peer = peer_start(be_client, NULL);
	wait_go(&peer);
	region_stat(fd, &before);
	read_files(peer.pid);
	for (const char *what = "12345"; *what; what++) {
		clear_refs(peer.pid, what);
		read_files(peer.pid);
	}
	go(&peer);
	peer_end(&peer);
	/* The shared tables are unchanged and not write-protected. */
	region_stat(fd, &after);
	check(after.faults == before.faults, "%llu faults since",
	      after.faults - before.faults);
	close(fd);
}

/*
 * The line of /proc/PID/maps shows the address, the access rights and the
 * region.
 */
static void maps_line(void)
{
	int fd = region_create(path = region_path(), start, 2 * granule);
	char line[512], want[128], *name;
	FILE *maps;
	int found = 0;

	window_map(fd, start + granule, granule, PROT_READ, granule);
	snprintf(want, sizeof(want), "%lx-%lx r--s %08lx ", start + granule,
		 start + 2 * granule, granule);
	maps = fopen("/proc/self/maps", "re");
	must(maps, "maps: %m");
	while (fgets(line, sizeof(line), maps)) {
		if (strncmp(line, want, strlen(want)))
			continue;
		found++;
		name = strchr(line, '/');
		check(name && !strncmp(name, path, strlen(path)),
		      "the region is called %s", name ? name : "nothing");
	}
	fclose(maps);
	check(found == 1, "%d lines that begin %s", found, want);
}

/* Readers and a client that faults, while objects are mapped and unmapped. */
static void changing(void)
{
	int fd = region_create(path = region_path(), start, granule);
	struct peer peer;

	region_fill(fd, start, granule, RW);
	peer = peer_start(be_client, "spin");
	wait_go(&peer);
	for (int i = 0; i < 30; i++) {
		uint64_t at = start + i % 16 * MIB;

		check_result(region_unmap(fd, at, MIB), 0, "UNMAP");
		if (i % 3 == 0)
			check_result(region_unmap(fd, start, granule), 0,
				     "UNMAP of all");
		read_all(peer.pid, files[i % 4], 0, MIB);
		read_all(peer.pid, "pagemap", start / PAGE * 8, 32768);
		if (i % 3 == 0)
			region_fill(fd, start, granule, RW);
		else
			region_fill(fd, at, MIB, RW);
	}
	peer_kill(&peer);
	close(fd);
}

static const struct test_case cases[] = {
	{ "readable",
	  "a client's files in /proc can be read, and clear_refs written",
	  readable },
	{ "maps-line", "/proc/PID/maps shows the region's name and addresses",
	  maps_line },
	{ "changing",
	  "a client's files in /proc can be read while the region changes",
	  changing },
};

static void setup(void)
{
	start = region_address(96);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
