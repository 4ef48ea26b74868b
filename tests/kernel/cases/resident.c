// SPDX-License-Identifier: GPL-2.0-only
/* The reports of smaps, numa_maps, mincore and move_pages on a window. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/loop.h>
#include <linux/mman.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW      (PROT_READ | PROT_WRITE)
#define TOUCHED (4 * MIB)
#define HUGE    (2 * MIB)

static const char *path;
static uint64_t start;

/*
 * Returns the text after @name and a colon in @file, of /proc/self: in the
 * first such line, or the first line of the VMA at @addr unless @addr is 0.
 */
static void find_line(const char *file, uint64_t addr, const char *name,
		      char *text, size_t size)
{
	FILE *lines = fopen(file, "re");
	char line[512], head[32];
	size_t length = strlen(name);
	bool inside = !addr, found = false;

	must(lines, "%s: %m", file);
	snprintf(head, sizeof(head), "%" PRIx64 "-", addr);
	while (!found && fgets(line, sizeof(line), lines)) {
		if (addr && !strncmp(line, head, strlen(head)))
			inside = true;
		found = inside && !strncmp(line, name, length) &&
			line[length] == ':';
	}
	fclose(lines);
	must(found, "%s has no %s of %" PRIx64, file, name, addr);
	snprintf(text, size, "%s", line + length + 1);
}

static long smaps_field(const char *name, uint64_t addr)
{
	char text[512];

	find_line("/proc/self/smaps", addr, name, text, sizeof(text));
	return atol(text) << 10;
}

static long rollup_field(const char *name)
{
	char text[512];

	find_line("/proc/self/smaps_rollup", 0, name, text, sizeof(text));
	return atol(text) << 10;
}

struct field {
	const char *name;
	uint64_t want;
};

/* Up to an entry without a name */
static void check_fields(const struct field *fields, const char *when)
{
	for (size_t i = 0; fields[i].name; i++) {
		long got = smaps_field(fields[i].name, start);

		check(got == (long)fields[i].want,
		      "%s: %s is %ld, not %" PRIu64, when, fields[i].name, got,
		      fields[i].want);
	}
}

/* A child inherits the window of its parent. */
static void share(struct peer *parent, void *arg)
{
	(void)arg;
	go(parent);
	wait_go(parent);
}

static void smaps(void)
{
	static const struct field alone[] = {
		{ "Rss", TOUCHED },           { "Pss", TOUCHED },
		{ "Private_Dirty", TOUCHED }, { "Shared_Dirty", 0 },
		{ "Referenced", TOUCHED },    { NULL, 0 },
	};
	static const struct field shared[] = {
		{ "Rss", TOUCHED },
		{ "Pss", TOUCHED / 2 },
		{ "Pss_Dirty", TOUCHED / 2 },
		{ "Private_Dirty", 0 },
		{ "Shared_Dirty", TOUCHED },
		{ "Anonymous", 0 },
		{ "Swap", 0 },
		{ NULL, 0 },
	};
	int fd = region_create(path = region_path(), start, 2 * granule);
	struct smaps lines;
	struct peer peer;
	long before, after;

	region_fill(fd, start, 16 * MIB, RW);
	before = rollup_field("Rss");
	window_map(fd, start, 2 * granule, RW, 0);
	check(smaps_field("Rss", start) == 0, "Rss before the first access");
	lines = smaps_at((void *)start);
	check(smaps_has_flag(&lines, "sp"), "VmFlags have no \"sp\"");
	paint((void *)start, TOUCHED, PAGE, 1);
	check_fields(alone, "alone");
	after = rollup_field("Rss");
	check(after - before >= (long)TOUCHED &&
		      after - before < (long)(TOUCHED + MIB),
	      "Rss of smaps_rollup went from %ld to %ld", before, after);

	peer = peer_start(share, NULL);
	wait_go(&peer);
	check_fields(shared, "shared");
	go(&peer);
	peer_end(&peer);
	/*
	 * All clients share the referenced bits, and one client cannot clear
	 * them.
	 */
	write_setting("/proc/self/clear_refs", "1");
	check_fields(alone, "alone again");
	close(fd);
}

/* Huge pages are reported as such, and those of hugetlbfs as nothing else. */
static void smaps_huge(void)
{
	static const struct field alone[] = {
		{ "Rss", 2 * HUGE },
		{ "Pss", 2 * HUGE },
		{ "ShmemPmdMapped", 2 * HUGE },
		{ "Private_Dirty", 2 * HUGE },
		{ "Private_Hugetlb", HUGE },
		{ "Shared_Hugetlb", 0 },
		{ NULL, 0 },
	};
	static const struct field shared[] = {
		{ "Rss", 2 * HUGE },
		{ "Pss", HUGE },
		{ "ShmemPmdMapped", 2 * HUGE },
		{ "Shared_Dirty", 2 * HUGE },
		{ "Private_Dirty", 0 },
		{ "Private_Hugetlb", 0 },
		{ "Shared_Hugetlb", HUGE },
		{ NULL, 0 },
	};
	int fd = region_create(path = region_path(), start, granule);
	struct peer peer;

	set_for_now(HUGE_PAGES, "4");
	set_for_now(SHMEM_HUGE_PAGES, "advise");
	region_fill_thp(fd, start, 4 * HUGE, RW);
	region_fill_hugetlb(fd, start + 8 * HUGE, 2 * HUGE, RW);
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, 2 * HUGE, HUGE, 1);
	paint((void *)(start + 8 * HUGE), HUGE, HUGE, 1);
	check_fields(alone, "alone");
	peer = peer_start(share, NULL);
	wait_go(&peer);
	check_fields(shared, "shared");
	go(&peer);
	peer_end(&peer);
	close(fd);
}

/* Swapped pages are reported as swapped, and as nothing else. */
static void smaps_swapped(void)
{
	const long half = TOUCHED / 2;
	int fd = region_create(path = region_path(), start, 2 * granule);
	long rss, swap;

	region_fill(fd, start + granule - half, TOUCHED, RW);
	window_map(fd, start, 2 * granule, RW, 0);
	paint((void *)(start + granule - half), TOUCHED, PAGE, 1);
	check(smaps_field("Swap", start) == 0, "Swap before anything is out");
	for (int i = 0; i < 10; i++) {
		check_result(region_advise(fd, start + granule - half, half,
					   MADV_PAGEOUT),
			     0, "PAGEOUT");
		check_result(region_advise(fd, start + granule, half / 2,
					   MADV_PAGEOUT),
			     0, "PAGEOUT");
	}
	rss = smaps_field("Rss", start);
	swap = smaps_field("Swap", start);
	check(swap > half && swap <= half * 3 / 2 && rss + swap == 2 * half,
	      "%ld bytes in memory, %ld in swap space", rss, swap);
	check(smaps_field("Pss", start) == rss, "Pss is %ld, Rss %ld",
	      smaps_field("Pss", start), rss);
	check(!misses((void *)(start + granule - half), TOUCHED, PAGE, 1),
	      "contents");
	check(smaps_field("Rss", start) == (long)TOUCHED &&
		      smaps_field("Swap", start) == 0,
	      "%ld bytes in memory, %ld in swap space when all are back",
	      smaps_field("Rss", start), smaps_field("Swap", start));
	close(fd);
}

/* Shadow entries in a file's cache are not swap space. */
static void smaps_evicted(void)
{
	int fd = region_create(path = region_path(), start, granule);
	int file = object_open(&object_kinds[EXT4], TOUCHED);

	must(!region_map_file(fd, start, TOUCHED, RW, MAP_POPULATE, file, 0),
	     "no object");
	window_map(fd, start, granule, RW, 0);
	check(smaps_field("Rss", start) == (long)TOUCHED, "Rss is %ld",
	      smaps_field("Rss", start));
	for (int i = 0; i < 10 && smaps_field("Rss", start); i++)
		check_result(region_advise(fd, start, TOUCHED, MADV_PAGEOUT), 0,
			     "PAGEOUT");
	check(smaps_field("Rss", start) < (long)(TOUCHED / 4),
	      "%ld bytes stay in memory", smaps_field("Rss", start));
	check(!smaps_field("Swap", start), "%ld bytes in swap space",
	      smaps_field("Swap", start));
	close(file);
	close(fd);
}

/* A client that has the second granule only */
static void have_second(struct peer *parent, void *arg)
{
	munmap((void *)start, 2 * granule);
	window_map(region_open(path, O_RDONLY), start + granule, granule,
		   PROT_READ, granule);
	share(parent, arg);
}

/* Pss is divided for granules that other processes have, and only for these. */
static void smaps_windows(void)
{
	static const struct field wanted[] = {
		{ "Rss", 3 * MIB },
		{ "Pss", MIB + 2 * MIB / 2 },
		{ "Pss_Dirty", MIB + 2 * MIB / 2 },
		{ "Private_Dirty", MIB },
		{ "Shared_Dirty", 2 * MIB },
		{ NULL, 0 },
	};
	int fd = region_create(path = region_path(), start, 2 * granule);
	struct peer peer;

	region_fill(fd, start, MIB, RW);
	region_fill(fd, start + granule, 2 * MIB, RW);
	window_map(fd, start, 2 * granule, RW, 0);
	paint((void *)start, MIB, PAGE, 1);
	paint((void *)(start + granule), 2 * MIB, PAGE, 1);
	peer = peer_start(have_second, NULL);
	wait_go(&peer);
	check_fields(wanted, "one has half");
	go(&peer);
	peer_end(&peer);
	close(fd);
}

/* Two mappings with a hole in between, a file, and pages without rights. */
static void smaps_mixed(void)
{
	int fd = region_create(path = region_path(), start, granule);
	int file = object_open(&object_kinds[TMPFS], 2 * MIB);

	region_fill(fd, start, MIB, RW);
	region_fill(fd, start + 8 * MIB, MIB, RW);
	check_result(region_map_file(fd, start + 16 * MIB, 2 * MIB, RW,
				     MAP_SHARED | MAP_FIXED, file, 0),
		     0, "mapping a file");
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, MIB, PAGE, 1);
	paint((void *)(start + 8 * MIB), MIB / 2, PAGE, 1);
	paint((void *)(start + 16 * MIB), 2 * MIB, PAGE, 1);
	check(smaps_field("Rss", start) == (long)(3 * MIB + MIB / 2),
	      "Rss is %ld", smaps_field("Rss", start));
	check_result(region_protect(fd, start, MIB, PROT_NONE), 0, "PROTECT");
	check(smaps_field("Rss", start) == (long)(3 * MIB + MIB / 2),
	      "Rss is %ld without rights", smaps_field("Rss", start));
	check_result(region_unmap(fd, start, MIB), 0, "UNMAP");
	check(smaps_field("Rss", start) == (long)(2 * MIB + MIB / 2),
	      "Rss is %ld after UNMAP", smaps_field("Rss", start));
	close(file);
	close(fd);
}

/*
 * The sum of the numbers after each @key in the line: " N" has one for each
 * node.
 */
static long numa_sum(const char *line, const char *key)
{
	long sum = 0;

	for (const char *at = line; (at = strstr(at, key)); at++) {
		const char *equals = strchr(at, '=');

		if (equals)
			sum += atol(equals + 1);
	}
	return sum;
}

static long dirty(void)
{
	return smaps_field("Private_Dirty", start) +
	       smaps_field("Shared_Dirty", start);
}

/* The pages of a file are clean when they are on the disk. */
static void written(void)
{
	int file = object_open(&object_kinds[EXT4], TOUCHED);
	int fd = region_create(path = region_path(), start, 2 * granule);

	check_result(region_map_file(fd, start, TOUCHED, RW, 0, file, 0), 0,
		     "a file");
	region_fill(fd, start + granule, TOUCHED, RW);
	window_map(fd, start, 2 * granule, RW, 0);
	paint((void *)start, TOUCHED, PAGE, 1);
	check(dirty() == (long)TOUCHED, "%ld bytes are dirty", dirty());
	check(!msync((void *)start, 2 * granule, MS_SYNC), "msync: %m");
	check(!dirty(), "%ld bytes are dirty", dirty());
	paint((void *)start, TOUCHED, PAGE, 2);
	check(dirty() == (long)TOUCHED, "%ld bytes are dirty", dirty());
	check(!fsync(fd), "fsync: %m");
	check(!dirty(), "%ld bytes are dirty", dirty());
	close(file);
	close(fd);
}

/*
 * A file system whose disk is a file on a full tmpfs: stores to a file there
 * cannot be written, and the kernel learns that after the store.
 */
#define FULL "/tmp/full"

static void run_mkfs(char *image)
{
	char *argv[] = { "mkfs.ext4",    "-q",  "-F", "-O",
			 "^has_journal", image, NULL };
	int status;
	pid_t pid;

	must(!posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ),
	     "cannot run mkfs.ext4");
	must(waitpid(pid, &status, 0) == pid && !status, "mkfs.ext4 failed");
}

/* The kernel mounts no device that is open for writing. */
static void mount_image(const char *image, const char *at)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int file = open(image, O_RDWR | O_CLOEXEC);
	char name[32];
	int loop;

	must(control >= 0, "loop-control: %m");
	snprintf(name, sizeof(name), "/dev/loop%d",
		 ioctl(control, LOOP_CTL_GET_FREE));
	loop = open(name, O_RDWR | O_CLOEXEC);
	must(loop >= 0 && file >= 0 && !ioctl(loop, LOOP_SET_FD, file),
	     "%s: %m", name);
	close(loop);
	must(!mkdir(at, 0700) && !mount(name, at, "ext4", 0, NULL),
	     "mount: %m");
	/* Detached with its last user. */
	loop = open(name, O_RDONLY | O_CLOEXEC);
	must(loop >= 0 && !ioctl(loop, LOOP_SET_STATUS64, &info), "%s: %m",
	     name);
	close(loop);
	close(file);
	close(control);
}

/* A file there, with room on the disk, and none below it. */
static int open_unwritable(void)
{
	static char zeros[MIB];
	int image, file, filler;

	mounts_unshare();
	mkdir(FULL, 0700);
	must(!mount("full", FULL, "tmpfs", 0, "size=16m"), "mount: %m");
	image = open(FULL "/image", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(image >= 0 && !ftruncate(image, 64 * MIB), "image: %m");
	close(image);
	run_mkfs(FULL "/image");
	mount_image(FULL "/image", FULL "/mounted");
	file = open(FULL "/mounted/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(file >= 0 && !fallocate(file, 0, 0, TOUCHED) && !fsync(file),
	     "file: %m");
	sync();
	filler = open(FULL "/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(filler, zeros, PAGE) > 0)
		;
	close(filler);
	return file;
}

static void end_unwritable(int file)
{
	close(file);
	umount2(FULL "/mounted", MNT_DETACH);
	umount2(FULL, MNT_DETACH);
}

static void written_failing(void)
{
	int bad = open_unwritable();
	int good = object_open(&object_kinds[EXT4], TOUCHED);
	int reader = object_reopen(bad, O_RDONLY), fd, other;

	fd = region_create(path = region_path(), start, granule);
	must(!region_map_file(fd, start, MIB, RW, 0, bad, 0), "no file");
	must(!region_map_file(fd, start + MIB, MIB, RW, 0, good, 0), "no file");
	window_map(fd, start, granule, RW, 0);
	other = region_open(path, O_RDWR);

	paint((void *)start, 2 * MIB, PAGE, 1);
	check(dirty() == 2 * MIB, "%ld bytes are dirty", dirty());
	check(fsync(fd) == -1 && errno == ENOSPC, "fsync: %m");
	check(!dirty(), "%ld bytes behind the first file are dirty", dirty());
	errno = 0;
	check(fsync(other) == -1 && errno == ENOSPC, "fsync by another: %m");
	check(!fsync(fd), "fsync without an error: %m");
	check(!fsync(other), "fsync by another without an error: %m");
	close(other);
	munmap((void *)start, granule);
	check_result(region_unmap(fd, start, granule), 0, "UNMAP");

	/* Nothing can be stored through a read-only mapping. */
	check_result(region_map_file(fd, start, MIB, PROT_READ, 0, reader, 0),
		     0, "a file to read");
	must(pwrite(bad, "x", 1, MIB) == 1, "pwrite: %m");
	check(!fsync(fd), "fsync of a region that nobody can write to: %m");
	close(reader);
	close(good);
	close(fd);
	end_unwritable(bad);
}

static void numa_maps(void)
{
	int fd = region_create(path = region_path(), start, granule);
	FILE *maps;
	char line[512], head[32];
	struct peer peer;
	bool found = false;

	region_fill(fd, start, 16 * MIB, RW);
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, TOUCHED, PAGE, 1);
	peer = peer_start(share, NULL);
	wait_go(&peer);

	snprintf(head, sizeof(head), "%" PRIx64 " ", start);
	maps = fopen("/proc/self/numa_maps", "re");
	must(maps, "numa_maps: %m");
	while (!found && fgets(line, sizeof(line), maps))
		found = !strncmp(line, head, strlen(head));
	fclose(maps);
	must(found, "no line of %s", head);
	check(numa_sum(line, " N") == (long)(TOUCHED / PAGE), "%s", line);
	check(numa_sum(line, " dirty=") == (long)(TOUCHED / PAGE), "%s", line);
	check(numa_sum(line, " mapmax=") == 2, "%s", line);
	go(&peer);
	peer_end(&peer);
	close(fd);
}

/* The number of pages of @vec that match @resident; all should. */
static void check_vec(const unsigned char *vec, uint64_t from, uint64_t size,
		      bool resident, const char *what)
{
	uint64_t wrong = 0;

	for (uint64_t i = from / PAGE; i < (from + size) / PAGE; i++)
		wrong += (vec[i] & 1) != resident;
	check(!wrong, "%s: %" PRIu64 " pages are told wrong", what, wrong);
}

static void mincore_case(void)
{
	int fd = region_create(path = region_path(), start, 2 * granule);
	uint64_t size = 32 * MIB, at = start + granule - 16 * MIB;
	unsigned char *vec = calloc(size / PAGE, 1);

	must(vec, "calloc");
	/* The second mapping continues in the next granule. */
	region_fill(fd, at, 4 * MIB, RW);
	region_fill(fd, at + 8 * MIB, 24 * MIB, RW);
	window_map(fd, start, 2 * granule, RW, 0);
	paint((void *)(at + MIB), MIB, PAGE, 1);
	paint((void *)(at + 15 * MIB), 2 * MIB, PAGE, 1);
	memset(vec, 0xff, size / PAGE);
	must(!mincore((void *)at, size, vec), "mincore: %m");
	check_vec(vec, 0, MIB, false, "not touched");
	check_vec(vec, MIB, MIB, true, "touched");
	check_vec(vec, 2 * MIB, 13 * MIB, false, "holes");
	check_vec(vec, 15 * MIB, 2 * MIB, true, "on both sides");
	check_vec(vec, 17 * MIB, 15 * MIB, false, "the rest");
	free(vec);
	close(fd);
}

static void move_pages_case(void)
{
	int fd = region_create(path = region_path(), start, granule);
	void *pages[] = {
		(void *)start,
		(void *)(start + MIB),
		(void *)(start + 8 * MIB),
	};
	int status[] = { -1, -1, -1 }, nodes[] = { 0, 0, 0 };

	region_fill(fd, start, 4 * MIB, RW);
	window_map(fd, start, granule, RW, 0);
	store(pages[0], 7);
	must(!syscall(SYS_move_pages, 0, 3UL, pages, NULL, status, 0),
	     "move_pages: %m");
	check(status[0] >= 0, "a page that is there: %d", status[0]);
	check(status[1] == -ENOENT, "a page that is not: %d", status[1]);
	check(status[2] == -EFAULT, "a hole: %d", status[2]);

	status[0] = -1;
	must(!syscall(SYS_move_pages, 0, 3UL, pages, nodes, status, 0),
	     "move_pages: %m");
	check(status[0] == 0, "moving a page: %d", status[0]);
	check(status[1] == -ENOENT, "a page that is not: %d", status[1]);
	check(status[2] == -EFAULT, "a hole: %d", status[2]);
	check(peek(pages[0]) == 7, "the page has changed");
	close(fd);
}

static const struct test_case cases[] = {
	{ "smaps",
	  "smaps counts resident memory and divides memory among the clients",
	  smaps },
	{ "smaps-mixed",
	  "smaps counts holes, files and pages without access rights",
	  smaps_mixed },
	{ "smaps-huge", "smaps counts huge pages of both kinds", smaps_huge },
	{ "smaps-swapped", "smaps counts swapped pages", smaps_swapped,
	  CASE_SWAP },
	{ "smaps-evicted",
	  "smaps does not count an evicted file page as swapped",
	  smaps_evicted },
	{ "smaps-windows",
	  "smaps divides memory among the clients, granule by granule",
	  smaps_windows },
	{ "written", "msync and fsync of a region write its files", written },
	{ "written-failing",
	  "fsync writes all files, and each open file sees an error once",
	  written_failing },
	{ "numa-maps",
	  "numa_maps shows the nodes of pages and the number of clients",
	  numa_maps },
	{ "mincore", "mincore reports resident pages", mincore_case },
	{ "move-pages", "move_pages reports the nodes of pages and moves pages",
	  move_pages_case },
};

static void setup(void)
{
	start = region_address(100);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
