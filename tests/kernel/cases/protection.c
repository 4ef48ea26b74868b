// SPDX-License-Identifier: GPL-2.0-only
/* The access rights to a page: those of its object and of its window. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW  (PROT_READ | PROT_WRITE)
#define RWX (RW | PROT_EXEC)

static const char *path;
static uint64_t start;

static char *attach(int flags, int prot)
{
	int fd = region_open(path, flags);
	char *window = window_map(fd, start, granule, prot, 0);

	close(fd);
	return window;
}

/* Is an access refused, at this address? */
#define check_segv(access, where)                                             \
	do {                                                                  \
		int signal_ = (access);                                       \
                                                                              \
		check(signal_ == SIGSEGV, "%s: signal %d", #access, signal_); \
		check(!signal_ || touch_fault.addr == (void *)(where),        \
		      "%s: fault at %p", #access, touch_fault.addr);          \
	} while (0)

/* In a hole, the signal reports that nothing is mapped. */
#define check_hole(access, where)                                        \
	do {                                                             \
		check_segv(access, where);                               \
		check(touch_fault.code == SEGV_MAPERR, "%s: si_code %d", \
		      #access, touch_fault.code);                        \
	} while (0)

/* Where there is something that denies the access, the signal says that. */
#define check_denied(access, where)                                      \
	do {                                                             \
		check_segv(access, where);                               \
		check(touch_fault.code == SEGV_ACCERR, "%s: si_code %d", \
		      #access, touch_fault.code);                        \
	} while (0)

static void holes(void)
{
	int fd = region_create(path = region_path(), start, 2 * granule);
	char *window = window_map(fd, start, 2 * granule, RWX, 0);
	uint64_t value;

	/* An empty region, then the holes around an object. */
	check_hole(load(window, &value), window);
	check_hole(store(window, 1), window);
	check_hole(call(window), window);
	region_fill(fd, start + PAGE, PAGE, RW);
	check(!store(window + PAGE, 1), "the object cannot be used");
	check_hole(load(window, &value), window);
	check_hole(store(window + 2 * PAGE, 1), window + 2 * PAGE);
	check_hole(store(window + granule, 1), window + granule);
	check_result(region_unmap(fd, start + PAGE, PAGE), 0, "UNMAP");
	check_hole(load(window + PAGE, &value), window + PAGE);
	close(fd);
}

/*
 * One object for each page, from no rights to all rights, with pages resident
 * or not.
 */
static void objects(void)
{
	int fd = region_create(path = region_path(), start, granule);
	char *window = attach(O_RDWR, RWX);

	for (int present = 0; present < 2; present++) {
		for (int prot = PROT_NONE; prot <= RWX; prot++) {
			uint64_t at = start + (8 * present + prot) * PAGE;
			char *page = (char *)at;
			uint64_t value;

			region_fill(fd, at, PAGE, present ? RW : prot);
			if (present) {
				store(page, return_instruction);
				region_protect(fd, at, PAGE, prot);
			}
			/* Write-only memory does not exist on x86. */
			if (prot & RW)
				check(!load(page, &value), "prot %d: load",
				      prot);
			else if (!(prot & PROT_EXEC))
				check_denied(load(page, &value), page);
			if (prot & PROT_WRITE)
				check(!store(page, return_instruction),
				      "prot %d: store", prot);
			else
				check_denied(store(page, 1), page);
			if (!(prot & PROT_EXEC))
				check_denied(call(page), page);
			else if (present || prot & PROT_WRITE)
				check(!call(page), "prot %d: call", prot);
		}
	}
	check(!munmap(window, granule), "munmap: %m");
	close(fd);
}

/* What FOLL_FORCE may read of memory without rights must not be resident first */
static void debugger(void)
{
	int fd = region_create(path = region_path(), start, granule);
	char *window = attach(O_RDWR, RW);
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uint64_t value;

	must(mem >= 0, "/proc/self/mem: %m");
	region_fill(fd, start, 2 * PAGE, RW);
	store(window, 42);
	region_protect(fd, start, 2 * PAGE, PROT_NONE);
	check(pread(mem, &value, sizeof(value), (off_t)start) ==
			      sizeof(value) &&
		      value == 42,
	      "a resident page without rights: %m");
	check(pread(mem, &value, sizeof(value), (off_t)(start + PAGE)) ==
			      sizeof(value) &&
		      !value,
	      "an absent page without rights: %m");
	check_denied(load(window + PAGE, &value), window + PAGE);
	check(pread(mem, &value, sizeof(value), (off_t)(start + 4 * PAGE)) < 0,
	      "a hole can be read");
	close(mem);
	close(fd);
}

static void write_and_stay(struct peer *parent, void *arg)
{
	char *window = attach(O_RDWR, RWX);

	(void)arg;
	store(window, return_instruction);
	go(parent);
	wait_go(parent);
	check(peek(window) == return_instruction, "now %#lx", peek(window));
	check(!call(window), "this window lost its rights");
	check(!store(window, return_instruction),
	      "this window cannot write any more");
}

/* Kinds of objects, and the size of their pages. */
static const struct memory {
	uint64_t page;
	void (*fill)(int fd, uint64_t addr, uint64_t size, int prot);
} memories[] = {
	{ PAGE, region_fill },
	{ 2 * MIB, region_fill_hugetlb },
	{ 2 * MIB, region_fill_thp },
};

/* Accesses that a read-only window must refuse, page by page. */
static void check_readonly(char *window, uint64_t page)
{
	uint64_t value;
	int zeros[2];

	/* Resident, and writable through another window; then absent. */
	for (int i = 0; i < 2; i++, window += page) {
		check_segv(store(window, 1), window);
		check(!load(window, &value), "cannot read");
		check_segv(store(window, 1), window);
		check_segv(call(window), window);

		/* The kernel on behalf of the client. */
		must(!pipe(zeros), "pipe: %m");
		must(write(zeros[1], "12345678", 8) == 8, "write: %m");
		check(read(zeros[0], window, 8) < 0 && errno == EFAULT,
		      "read(2) into a read-only window: %m");
		check(write(zeros[1], window, 8) == 8,
		      "write(2) from a read-only window: %m");
		close(zeros[0]);
		close(zeros[1]);
		check(peek(window) == value, "it wrote after all");
	}
}

static void readonly_windows_on(const struct memory *memory)
{
	const uint64_t page = memory->page;
	int fd = region_create(path = region_path(), start, granule);
	struct msharefs_stat stat;
	struct peer peer;
	char *window;

	memory->fill(fd, start, 4 * page, RWX);
	peer = peer_start(write_and_stay, NULL);
	wait_go(&peer);
	region_stat(fd, &stat);
	must(stat.resident == page, "a page has %llu bytes", stat.resident);

	/* A descriptor that cannot write; a descriptor that could. */
	window = attach(O_RDONLY, PROT_READ);
	check_readonly(window, page);
	check(mprotect(window, granule, RW) < 0, "mprotect to write");
	check_readonly(window, page);
	munmap(window, granule);

	window = attach(O_RDWR, PROT_READ);
	check_readonly(window, page);
	munmap(window, granule);

	/* The same process may have had a writable window before. */
	window = attach(O_RDWR, RW);
	check(!store(window + page, 3), "store: %d", touch_fault.signal);
	check_segv(call(window), window);
	check(mmap(window, granule, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) ==
		      window,
	      "mmap: %m");
	check_readonly(window, page);
	check(mmap(window, granule, RW, MAP_SHARED | MAP_FIXED, fd, 0) ==
		      window,
	      "mmap: %m");
	check(!store(window + page, 4), "store: %d", touch_fault.signal);
	check(peek(window + page) == 4, "%#lx", peek(window + page));
	munmap(window, granule);

	go(&peer);
	peer_end(&peer);
	close(fd);
}

static void readonly_windows(void)
{
	set_for_now(HUGE_PAGES, "4");
	set_for_now(SHMEM_HUGE_PAGES, "advise");
	for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++)
		readonly_windows_on(&memories[i]);
}

static void no_access_windows(void)
{
	int fd = region_create(path = region_path(), start, granule);
	struct peer peer;
	uint64_t value;
	char *window;

	region_fill(fd, start, 4 * PAGE, RWX);
	peer = peer_start(write_and_stay, NULL);
	wait_go(&peer);
	window = attach(O_RDWR, PROT_NONE);
	for (int i = 0; i < 2; i++) {
		char *page = window + i * PAGE;

		check_segv(load(page, &value), page);
		check_segv(store(page, 1), page);
		check_segv(call(page), page);
	}
	munmap(window, granule);
	go(&peer);
	peer_end(&peer);
	close(fd);
}

static void exec_windows(void)
{
	int fd = region_create(path = region_path(), start, granule);
	char *window;

	/* An object without the right, then with it. */
	region_fill(fd, start, PAGE, RW);
	window = attach(O_RDWR, RWX);
	store(window, return_instruction);
	check_segv(call(window), window);
	check_result(region_protect(fd, start, PAGE, PROT_READ | PROT_EXEC), 0,
		     "PROTECT");
	check(!call(window), "signal %d", touch_fault.signal);
	check_segv(store(window, 1), window);
	munmap(window, granule);
	window = attach(O_RDONLY, PROT_READ | PROT_EXEC);
	check(!call(window), "read-only: signal %d", touch_fault.signal);
	check_segv(store(window, 1), window);
	munmap(window, granule);
	close(fd);
}

/* Another process finds the rights that PROTECT has removed and added. */
static void sees_protect(struct peer *parent, void *arg)
{
	char *window = attach(O_RDWR, RW), *middle = window + PAGE;
	uint64_t value;

	(void)arg;
	for (int i = 0; i < 3; i++)
		store(window + i * PAGE, i);
	go(parent);
	wait_go(parent); /* The middle page is read-only. */
	check(!load(middle, &value) && value == 1, "middle: %lu", value);
	check_segv(store(middle, 2), middle);
	check(!store(window, 10) && !store(window + 2 * PAGE, 12),
	      "the neighbours cannot be written");
	go(parent);
	wait_go(parent); /* The middle page is inaccessible. */
	check_segv(load(middle, &value), middle);
	check_segv(store(middle, 2), middle);
	check(peek(window) == 10, "%lu", peek(window));
	go(parent);
	wait_go(parent); /* The rights are the original ones. */
	check(peek(middle) == 1, "middle: %lu", peek(middle));
	check(!store(middle, 3), "the middle stays read-only");
	go(parent);
}

static void protect(void)
{
	int fd = region_create(path = region_path(), start, granule);
	uint64_t middle = start + PAGE;
	struct msharefs_stat stat;
	struct peer peer;
	char *window;

	region_fill(fd, start, 3 * PAGE, RW);
	peer = peer_start(sees_protect, NULL);
	wait_go(&peer);
	check_result(region_protect(fd, middle, PAGE, PROT_READ), 0, "PROTECT");
	go(&peer);
	wait_go(&peer);
	region_stat(fd, &stat);
	check(stat.mapped == 3 * PAGE, "%llu bytes mapped", stat.mapped);
	check_result(region_protect(fd, middle, PAGE, PROT_NONE), 0, "PROTECT");
	go(&peer);
	wait_go(&peer);
	check_result(region_protect(fd, middle, PAGE, RW), 0, "PROTECT");
	go(&peer);
	wait_go(&peer);
	peer_end(&peer);
	window = attach(O_RDONLY, PROT_READ);
	check(peek(window) == 10 && peek(window + PAGE) == 3 &&
		      peek(window + 2 * PAGE) == 12,
	      "contents: %lu %lu %lu", peek(window), peek(window + PAGE),
	      peek(window + 2 * PAGE));

	/* More rights than at first: the region's owner decides. */
	region_fill(fd, start + 8 * PAGE, PAGE, PROT_READ);
	check(!peek(window + 8 * PAGE), "the new object is not empty");
	check_result(region_protect(fd, start + 8 * PAGE, PAGE, RWX), 0,
		     "PROTECT");
	check_segv(store(window + 8 * PAGE, 1), window + 8 * PAGE);
	munmap(window, granule);
	window = attach(O_RDWR, RW);
	check(!store(window + 8 * PAGE, 1), "signal %d", touch_fault.signal);
	close(fd);
}

/*
 * A uprobe inserts a breakpoint into private mappings of a file, and not into
 * shared mappings: all clients share a region's code.
 */

#define TRACING "/sys/kernel/tracing/"
#define CODE    "/tmp/code-of-a-region"
#define CALLS   3

static long probe_hits(void)
{
	char line[256];
	FILE *profile = fopen(TRACING "uprobe_profile", "re");
	long hits = -1;

	must(profile, "uprobe_profile: %m");
	while (fgets(line, sizeof(line), profile))
		if (strstr(line, "region_code"))
			hits = strtol(strrchr(line, ' '), NULL, 10);
	fclose(profile);
	must(hits >= 0, "no probe in the profile");
	return hits;
}

static void call_often(const char *code, const char *where)
{
	for (int i = 0; i < CALLS; i++)
		check(!call(code), "a call in %s: signal %d", where,
		      touch_fault.signal);
}

static void uprobes(void)
{
	int file = open(CODE, O_RDWR | O_CREAT | O_CLOEXEC, 0700);
	int fd = region_create(path = region_path(), start, granule);
	char *window, *private;

	must(file >= 0 && !ftruncate(file, PAGE), "no file: %m");
	set_file_word(file, 0, return_instruction);
	must(!region_map_file(fd, start, PAGE, PROT_READ | PROT_EXEC, 0, file,
			      0),
	     "no object");
	window = attach(O_RDWR, PROT_READ | PROT_EXEC);
	private = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	must(private != MAP_FAILED, "mmap: %m");
	call_often(window, "a window");

	write_setting(TRACING "uprobe_events", "p:region_code " CODE ":0x0");
	write_setting(TRACING "events/uprobes/region_code/enable", "1");
	call_often(window, "a window");
	check(!probe_hits(), "%ld hits in a region", probe_hits());
	check(peek(window) == return_instruction, "code changed to %#lx",
	      peek(window));
	call_often(private, "a private mapping");
	check(probe_hits() == CALLS, "%ld hits in a private mapping",
	      probe_hits());

	/* The same holds for a mapping while the probe exists. */
	check_result(region_unmap(fd, start, PAGE), 0, "UNMAP");
	check_result(region_map_file(fd, start, PAGE, PROT_READ | PROT_EXEC, 0,
				     file, 0),
		     0, "CREATE_MAPPING");
	call_often(window, "a new object");
	check(probe_hits() == CALLS, "%ld hits in the end", probe_hits());
	write_setting(TRACING "events/uprobes/region_code/enable", "0");
	write_setting(TRACING "uprobe_events", "-:region_code");
	unlink(CODE);
	close(file);
	close(fd);
}

static int mapping_prot(int fd)
{
	struct msharefs_mapping m = { .size = sizeof(m), .addr = start };

	check_result(request(fd, MSHAREFS_NEXT_MAPPING, &m), 0, "NEXT_MAPPING");
	return (int)m.prot;
}

/*
 * A personality adds PROT_EXEC to PROT_READ of mmap() and mprotect(): so also to
 * windows, except on a noexec mount, and to what requests map and protect.
 */
static void read_implies_exec(void)
{
	int fd = region_create(path = region_path(), start, granule);
	char *window;

	must(personality(READ_IMPLIES_EXEC) >= 0, "personality: %m");
	region_fill(fd, start, PAGE, RW);
	check(mapping_prot(fd) == RWX, "CREATE_MAPPING: rights %d",
	      mapping_prot(fd));
	window = attach(O_RDWR, RW);
	check(!store(window, return_instruction), "store");
	check(!call(window), "neither window nor mapping has PROT_EXEC");
	region_protect(fd, start, PAGE, PROT_READ);
	check(mapping_prot(fd) == (PROT_READ | PROT_EXEC), "PROTECT: rights %d",
	      mapping_prot(fd));
	must(!munmap(window, granule), "munmap: %m");

	mounts_unshare();
	must(!mount(NULL, MSHARE_MOUNT, NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC,
		    NULL),
	     "cannot make " MSHARE_MOUNT " noexec: %m");
	window = attach(O_RDWR, RW);
	check_denied(call(window), window);
	close(fd);
}

static const struct test_case cases[] = {
	{ "holes", "a hole is SIGSEGV", holes },
	{ "objects", "a mapping's access rights hold, resident or not",
	  objects },
	{ "debugger",
	  "a debugger reads pages without access rights, resident or not",
	  debugger },
	{ "readonly-windows",
	  "a read-only window cannot write, whatever other windows can do",
	  readonly_windows },
	{ "no-access-windows", "a window with PROT_NONE forbids every access",
	  no_access_windows },
	{ "exec-windows", "code runs only if mapping and window are executable",
	  exec_windows },
	{ "protect", "PROTECT changes access rights for every client",
	  protect },
	{ "read-implies-exec",
	  "a personality implies PROT_EXEC as for mmap, not on a noexec mount",
	  read_implies_exec },
	{ "uprobes", "uprobes do not change code in a region", uprobes },
};

/*
 * The usual mount is noexec, and the test runs code there: use a mount of its
 * own.
 */
static void allow_code(void)
{
	mounts_unshare();
	must(!mount(NULL, MSHARE_MOUNT, NULL, MS_REMOUNT | MS_BIND, NULL),
	     "cannot make " MSHARE_MOUNT " executable: %m");
}

static void setup(void)
{
	allow_code();
	start = region_address(24);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
