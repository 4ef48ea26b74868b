// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plain mappings: the memory of a region that is a file, in processes that
 * cannot have a window, with page tables of their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW (PROT_READ | PROT_WRITE)
/* No multiple of anything. */
#define LENGTH (5 * MIB + 123)

/* Any address that is not the region's is a hint. */
static char *const hint = (char *)0x7000000000;

static int new_file(const char *path, uint64_t size)
{
	int fd = region_open(path, O_RDWR | O_CREAT | O_EXCL);

	must(!ftruncate(fd, size), "ftruncate to %#lx: %m", size);
	return fd;
}

static char *start_of(int fd)
{
	struct mshare_info info = { 0 };

	check_result(region_get_size(fd, &info), 0, "GET_SIZE");
	return (char *)info.start;
}

static char *map(void *addr, uint64_t size, int prot, int flags, int fd,
		 uint64_t offset)
{
	char *at = mmap(addr, size, prot, MAP_SHARED | flags, fd, offset);

	must(at != MAP_FAILED, "mmap of %#lx at %p: %m", size, addr);
	return at;
}

static int refused(void *addr, uint64_t size, int flags, int fd,
		   uint64_t offset)
{
	return mmap(addr, size, RW, flags, fd, offset) == MAP_FAILED ? -errno :
								       0;
}

struct place {
	int fd;
	char *at;
};

static void use_window(struct peer *parent, void *arg)
{
	struct place *place = arg;
	char *window;

	/* The parent has another mapping there. */
	must(!munmap(start_of(place->fd) + 64 * MIB, PAGE), "munmap: %m");
	window = map(NULL, LENGTH, RW, 0, place->fd, 0);

	check(window == start_of(place->fd), "the window is at %p", window);
	check_int(window[3 * PAGE], 'p');
	window[4 * PAGE] = 'w';
	go(parent);
	wait_go(parent);
	check_int(window[5 * PAGE], 'q');
}

/* The range of the region is taken in this process. */
static void same_memory(void)
{
	struct place place = { .fd = new_file(region_path(), LENGTH) };
	char *start = start_of(place.fd), *other, byte;
	struct peer peer;

	other = mmap(start + 64 * MIB, PAGE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	must(other == start + 64 * MIB, "mmap: %m");
	check_result(refused(NULL, LENGTH, MAP_SHARED, place.fd, 0), EEXIST,
		     "a window");
	place.at = map(hint, LENGTH, RW, 0, place.fd, 0);
	check(place.at == hint, "at %p", place.at);
	place.at[3 * PAGE] = 'p';
	check(pread(place.fd, &byte, 1, 3 * PAGE) == 1 && byte == 'p',
	      "read() finds %d", byte);

	peer = peer_start(use_window, &place);
	wait_go(&peer);
	check_int(place.at[4 * PAGE], 'w');
	place.at[5 * PAGE] = 'q';
	go(&peer);
	peer_end(&peer);
	check_int(pwrite(place.fd, "r", 1, 6 * PAGE), 1);
	check_int(place.at[6 * PAGE], 'r');
	close(place.fd);
	check_int(place.at[6 * PAGE], 'r');
}

/* As on tmpfs, a process can map a file twice. */
static void twice(void)
{
	int fd = new_file(region_path(), LENGTH);
	int reader = object_reopen(fd, O_RDONLY);
	char *start = start_of(fd), *second, *third;
	int set = region_create(region_path(), region_address(3), granule);

	check(map(NULL, LENGTH, RW, 0, fd, 0) == start, "elsewhere");
	second = map(NULL, LENGTH, RW, 0, fd, 0);
	check(second != start, "twice at %p", second);
	second[3 * PAGE] = 's';
	check_int(start[3 * PAGE], 's');
	third = map(NULL, PAGE, PROT_READ, 0, reader, 3 * PAGE);
	check_int(third[0], 's');
	check_result(refused(start, LENGTH, MAP_SHARED, fd, 0), EEXIST,
		     "the window's address");
	check_result(
		refused(start, LENGTH, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0),
		EEXIST, "MAP_FIXED_NOREPLACE");
	check_result(refused(NULL, LENGTH, MAP_PRIVATE, fd, 0), EINVAL,
		     "MAP_PRIVATE");
	check_result(result(munmap(start, LENGTH)), 0, "munmap");
	check_int(second[3 * PAGE], 's');
	check(map(NULL, LENGTH, RW, 0, fd, 0) == start, "again, elsewhere");

	/* Regions that are not files have windows only. */
	region_fill(set, region_address(3), granule, RW);
	window_map(set, region_address(3), granule, RW, 0);
	check_result(refused(NULL, granule, MAP_SHARED, set, 0), EEXIST,
		     "a region that is not a file");
}

/* A plain mapping beside a window is as long as the program asks for. */
static void beside(void)
{
	int fd = new_file(region_path(), 2 * granule);
	char *start = start_of(fd), *plain;
	struct smaps smaps;

	check(map(start + granule, granule, RW, 0, fd, granule) ==
		      start + granule,
	      "elsewhere");
	plain = map(NULL, PAGE, RW, 0, fd, PAGE);
	plain[0] = 'b';
	smaps = smaps_at(plain);
	check(smaps.end - smaps.start == PAGE, "%s", smaps.mapping);
}

/* NULL, the window's address and MAP_FIXED ask for a window and for no less. */
static void only_if_asked(void)
{
	int fd = new_file(region_path(), LENGTH);
	char *start = start_of(fd), *other;
	int set = region_create(region_path(), region_address(3), granule);

	region_fill(set, region_address(3), granule, RW);
	check_result(refused(hint, LENGTH, MAP_SHARED | MAP_FIXED, fd, 0),
		     EINVAL, "MAP_FIXED at another address");
	check_result(
		refused(hint, LENGTH, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0),
		EINVAL, "MAP_FIXED_NOREPLACE at another address");
	check_result(refused(hint, LENGTH, MAP_PRIVATE, fd, 0), EINVAL,
		     "MAP_PRIVATE");
	check_result(refused(start + PAGE, PAGE, MAP_SHARED, fd, PAGE), EINVAL,
		     "the address of a part of the window");
	check_result(refused(hint, granule, MAP_SHARED, set, 0), EINVAL,
		     "a region that is not a file");

	other = mmap(start + 64 * MIB, PAGE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	must(other == start + 64 * MIB, "mmap: %m");
	check_result(refused(NULL, LENGTH, MAP_SHARED, fd, 0), EEXIST, "NULL");
	check_result(refused(start, LENGTH, MAP_SHARED, fd, 0), EEXIST,
		     "the window's address");
	check_result(
		refused(start, LENGTH, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0),
		EEXIST, "MAP_FIXED_NOREPLACE");
	check_result(refused(start, LENGTH, MAP_SHARED | MAP_FIXED, fd, 0),
		     EEXIST, "MAP_FIXED, over what is not named");
	munmap(other, PAGE);
	check(map(start, LENGTH, RW, 0, fd, 0) == start, "elsewhere");
	close(fd);
	fd = region_open(region_path(), O_RDWR | O_CREAT);
	check_result(refused(hint, LENGTH, MAP_SHARED, fd, 0), EINVAL,
		     "no size");
	close(fd);
	close(set);
}

/* Everything that works on MAP_SHARED memory, in units of pages. */
static void any_call(void)
{
	int fd = new_file(region_path(), 64 * MIB);
	char *at = map(hint, 10 * PAGE, RW, 0, fd, 7 * PAGE), *moved, byte = 0;
	char *second = map(hint, 64 * MIB, RW, MAP_POPULATE, fd, 0);

	at[0] = 'a';
	check_int(second[7 * PAGE], 'a');
	check_result(result(mprotect(at + PAGE, PAGE, PROT_READ)), 0,
		     "mprotect of a page");
	check_int(store(at + PAGE, 1), SIGSEGV);
	check_result(result(munmap(at + 9 * PAGE, PAGE)), 0,
		     "munmap of a page");
	check_int(load(at + 9 * PAGE, &(uint64_t){ 0 }), SIGSEGV);
	moved = mremap(second, 64 * MIB, 128 * MIB, MREMAP_MAYMOVE);
	must(moved != MAP_FAILED, "mremap: %m");
	check_int(moved[7 * PAGE], 'a');
	check_int(load(moved + 64 * MIB, &(uint64_t){ 0 }), SIGBUS);
	check_result(result(ftruncate(fd, 65 * MIB)), 0, "grow");
	check_int(store(moved + 64 * MIB, 1), 0);
	check_result(result(madvise(moved + 7 * PAGE, PAGE, MADV_REMOVE)), 0,
		     "MADV_REMOVE");
	check(pread(fd, &byte, 1, 7 * PAGE) == 1 && !byte, "there is %d", byte);
	check_result(result(msync(moved, 64 * MIB, MS_SYNC)), 0, "msync");
	check_result(result(mlock(moved, PAGE)), 0, "mlock");
	close(fd);
}

static void inherits(struct peer *parent, void *arg)
{
	char *at = arg;

	(void)parent;
	check_int(at[0], 'p');
	at[PAGE] = 'c';
}

static void by_fork(void)
{
	int fd = new_file(region_path(), LENGTH);
	char *at = map(hint, LENGTH, RW, 0, fd, 0);
	struct peer peer;

	at[0] = 'p';
	peer = peer_start(inherits, at);
	peer_end(&peer);
	check_int(at[PAGE], 'c');
	close(fd);
}

static void own_tables(void)
{
	int fd = new_file(region_path(), 64 * MIB);
	long before = process_status(0, "VmPTE"), after;
	char *at = map(hint, 64 * MIB, RW, 0, fd, 0), *window;

	for (uint64_t i = 0; i < 64 * MIB; i += TABLE_SPAN)
		at[i] = 1;
	after = process_status(0, "VmPTE");
	check(after - before >= 32 * 4, "%ld KiB, then %ld", before, after);
	munmap(at, 64 * MIB);
	before = process_status(0, "VmPTE");
	window = map(NULL, 64 * MIB, RW, 0, fd, 0);
	for (uint64_t i = 0; i < 64 * MIB; i += TABLE_SPAN)
		window[i] = 1;
	after = process_status(0, "VmPTE");
	check(after - before < 16, "%ld KiB, then %ld", before, after);
	close(fd);
}

static void truncated(void)
{
	int fd = new_file(region_path(), 8 * MIB);
	char *at = map(hint, 8 * MIB, RW, 0, fd, 0);
	char *window = map(NULL, 8 * MIB, RW, 0, fd, 0);
	uint64_t value;

	memset(at, 'x', 8 * MIB);
	check_int(window[7 * MIB], 'x');
	check_result(result(ftruncate(fd, MIB)), 0, "ftruncate");
	check_int(load(at + MIB, &value), SIGBUS);
	check_int(load(at + 7 * MIB, &value), SIGBUS);
	check_int(load(window + 7 * MIB, &value), SIGBUS);
	check_int(at[MIB - 1], 'x');
	check_result(result(ftruncate(fd, 8 * MIB)), 0, "ftruncate");
	check_int(at[7 * MIB], 0);
	check_result(
		result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 0, MIB)),
		0, "punch");
	check_int(at[0], 0);
	close(fd);
}

/* In the first pages of the file, which is never cut so far. */
struct shared {
	volatile uint64_t faults, end;
};

/* The other CPU stores through its plain mapping while the file is cut. */
static void store_on(struct peer *parent, void *arg)
{
	struct shared *shared = arg;
	volatile uint64_t count = 0;

	(void)parent;
	pin_to_cpu(1);
	while (!shared->end) {
		store_until_fault((char *)arg + MIB, &count);
		if (!check(touch_fault.signal == SIGBUS, "signal %d",
			   touch_fault.signal))
			break;
		shared->faults++;
	}
}

static void cut_while_used(void)
{
	int fd = new_file(region_path(), 2 * MIB);
	char *at = map(hint, 2 * MIB, RW, 0, fd, 0);
	struct shared *shared = (struct shared *)at;
	struct peer peer;
	uint64_t faults;

	shared->end = 0;
	pin_to_cpu(0);
	peer = peer_start(store_on, at);
	for (int i = 0; i < 100; i++) {
		must(!ftruncate(fd, 2 * MIB), "grow: %m");
		sleep_ms(2);
		must(!ftruncate(fd, MIB), "cut: %m");
		/* A store that was under way counts as the first one. */
		faults = shared->faults;
		for (int ms = 0; ms < 10000 && shared->faults < faults + 2;
		     ms++)
			sleep_ms(1);
		must(shared->faults >= faults + 2, "no fault after the cut");
	}
	shared->end = 1;
	peer_end(&peer);
	close(fd);
}

/* Files without a size yet, and the number of the next one. */
#define FRESH_FILES 1500

struct fresh {
	int fds[FRESH_FILES];
	volatile int ready;
	volatile long tries;
};

static void map_at_once(struct peer *parent, void *arg)
{
	struct fresh *fresh = arg;

	(void)parent;
	pin_to_cpu(1);
	for (int i = 0; i < FRESH_FILES; i++) {
		char *at;

		while (fresh->ready <= i)
			continue;
		do {
			at = mmap(hint, LENGTH, RW, MAP_SHARED, fresh->fds[i],
				  0);
			fresh->tries++;
		} while (at == MAP_FAILED && errno == EINVAL);
		must(at != MAP_FAILED, "mmap: %m");
		check_result(result(munmap(at, LENGTH)), 0, "munmap");
	}
}

/* The first ftruncate() in the middle of mmap() */
static void map_while_new(void)
{
	struct fresh *fresh = mmap(NULL, sizeof(*fresh), RW,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rlimit files = { FRESH_FILES + 100, FRESH_FILES + 100 };
	struct peer peer;

	must(fresh != MAP_FAILED, "mmap: %m");
	must(!setrlimit(RLIMIT_NOFILE, &files), "setrlimit: %m");
	for (int i = 0; i < FRESH_FILES; i++) {
		fresh->fds[i] = open(MSHARE_MOUNT, O_TMPFILE | O_RDWR, 0600);
		must(fresh->fds[i] >= 0, "open: %m");
	}
	pin_to_cpu(0);
	peer = peer_start(map_at_once, fresh);
	for (int i = 0; i < FRESH_FILES; i++) {
		const long tries = fresh->tries;

		fresh->ready = i + 1;
		while (fresh->tries < tries + 1 + i % 3)
			continue;
		must(!ftruncate(fresh->fds[i], LENGTH), "ftruncate: %m");
	}
	peer_end(&peer);
	for (int i = 0; i < FRESH_FILES; i++)
		close(fresh->fds[i]);
}

static void limit(void)
{
	const char *mount = regions_mount("size=16M");
	const char *path = region_path();
	int fd = new_file(path, granule);
	char *at = map(hint, 64 * MIB, RW, 0, fd, 0);
	struct statfs before, used, after;
	uint64_t touched = 0;

	must(!statfs(mount, &before), "statfs: %m");
	while (touched < 32 * MIB && !store(at + touched, 1))
		touched += PAGE;
	check(touched > 14 * MIB && touched <= 16 * MIB, "%lu bytes", touched);
	must(!statfs(mount, &used), "statfs: %m");
	check(used.f_bfree < 16, "%lu free", used.f_bfree);
	/* The mapping keeps the region. */
	must(!unlink(path), "unlink: %m");
	close(fd);
	must(!statfs(mount, &used), "statfs: %m");
	check(used.f_bfree < 16, "%lu free", used.f_bfree);
	check_int(peek(at), 1);
	munmap(at, 64 * MIB);
	for (int i = 0; i < 100; i++) {
		must(!statfs(mount, &after), "statfs: %m");
		if (after.f_bfree >= before.f_bfree)
			break;
		sleep_ms(10);
	}
	check(after.f_bfree >= before.f_bfree, "%lu free, %lu before",
	      after.f_bfree, before.f_bfree);
}

static void rights(void)
{
	const char *path = region_path();
	int fd = new_file(path, LENGTH), ro = open(path, O_RDONLY);
	struct msharefs_seal seal = { .size = sizeof(seal),
				      .seals = MSHAREFS_SEAL_UNMAP };
	char *at, *rw = map(hint, LENGTH, RW, 0, fd, 0);

	rw[0] = 's';
	check_result(refused(hint, LENGTH, MAP_SHARED, ro, 0), EACCES,
		     "O_RDONLY, for writing");
	at = map(hint, LENGTH, PROT_READ, 0, ro, 0);
	check_int(at[0], 's');
	check_int(store(at, 1), SIGSEGV);
	check_result(result(mprotect(at, PAGE, RW)), EACCES, "mprotect");
	check_result(result(madvise(at, PAGE, MADV_REMOVE)), EACCES,
		     "MADV_REMOVE, O_RDONLY");
	check_result(request(fd, MSHAREFS_SEAL, &seal), 0, "SEAL");
	check_result(result(madvise(rw, PAGE, MADV_REMOVE)), EPERM,
		     "MADV_REMOVE, sealed");
	check_int(rw[0], 's');
	close(fd);
	close(ro);
}

/* The line of maps, and the flag of a window in smaps. */
static void shown(void)
{
	const char *path = region_path();
	int fd = new_file(path, LENGTH);
	char *at = map(hint, LENGTH, RW, 0, fd, 2 * PAGE), line[512], want[512];
	struct msharefs_stat stat = { .size = sizeof(stat) };
	FILE *f = fopen("/proc/self/smaps", "r");
	struct stat st;
	bool found = false, flags = false;

	must(f && !fstat(fd, &st), "smaps: %m");
	at[0] = 1;
	while (fgets(line, sizeof(line), f)) {
		uint64_t start, offset, inode;
		int name = 0;

		if (!found) {
			if (sscanf(line,
				   "%" SCNx64 "-%*x %*s %" SCNx64
				   " %*x:%*x %" SCNu64 " %n",
				   &start, &offset, &inode, &name) != 3 ||
			    start != (uint64_t)at)
				continue;
			found = true;
			check_int(offset, 2 * PAGE);
			check_int(inode, st.st_ino);
			snprintf(want, sizeof(want), "%s\n", path);
			check_string(line + name, want);
		} else if (!strncmp(line, "VmFlags:", 8)) {
			flags = true;
			check(!strstr(line, " sp"), "%s", line);
			break;
		}
	}
	check(found && flags, "no line");
	fclose(f);
	check_result(region_stat(fd, &stat), 0, "STAT");
	check_int(stat.attached, 1);
	map(NULL, LENGTH, RW, 0, fd, 0);
	check_result(region_stat(fd, &stat), 0, "STAT");
	check_int(stat.attached, 1);
	close(fd);
}

#ifdef __x86_64__
/* mmap2() as a 32-bit process calls it: the address or a negative errno. */
static long mmap32(uint32_t addr, uint32_t size, int fd)
{
	long ret = 192;

	/* The offset is in ebp. */
	__asm__ volatile("mov %%rbp, %%r12\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "int $0x80\n\t"
			 "mov %%r12, %%rbp"
			 : "+a"(ret)
			 : "b"((long)addr), "c"((long)size), "d"((long)RW),
			   "S"((long)MAP_SHARED), "D"((long)fd)
			 : "memory", "r8", "r9", "r10", "r11", "r12");
	return (int)ret;
}

static void of_32_bits(void)
{
	int fd = new_file(region_path(), LENGTH);
	long at = mmap32(0x10000000, LENGTH, fd);
	char byte = 0;

	must(at == 0x10000000, "at %#lx", at);
	*(char *)at = '3';
	check(pread(fd, &byte, 1, 0) == 1 && byte == '3', "there is %d", byte);
	close(fd);
}
#else
static void of_32_bits(void)
{
	skip_case("other machines have no such processes");
}
#endif

static const struct test_case cases[] = {
	{ "same-memory",
	  "a process that has no room for the window maps the same memory",
	  same_memory },
	{ "twice", "a process maps a file a second time, plainly", twice },
	{ "beside", "a process maps a part of a file beside a window", beside },
	{ "only-if-asked", "nobody gets a plain mapping in place of a window",
	  only_if_asked },
	{ "any-call", "a plain mapping is like one of a file on tmpfs",
	  any_call },
	{ "by-fork", "a child inherits a plain mapping", by_fork },
	{ "own-tables", "only a plain mapping has page tables of its own",
	  own_tables },
	{ "truncated", "a file is cut in plain mappings as well", truncated },
	{ "cut-while-used", "nobody stores plainly into a file that was cut",
	  cut_while_used },
	{ "map-while-new", "a file gets its size while mmap() maps it plainly",
	  map_while_new },
	{ "limit", "a plain mapping obeys the limit, and keeps the region",
	  limit },
	{ "rights",
	  "a plain mapping has the descriptor's rights, and obeys seals",
	  rights },
	{ "shown", "/proc and STAT show the region", shown },
	{ "of-32-bits", "a 32-bit process maps a region", of_32_bits },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
