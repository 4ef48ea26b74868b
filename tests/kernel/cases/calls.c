// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each call on a window does what the call does on plain shared memory. The
 * reference is a memfd that is mapped with MAP_SHARED and with the same length:
 * one program runs on both, and compares the results, and what this process and
 * another process see afterwards. The table has each difference; the first
 * column of "Differences from MAP_SHARED memory" in the kernel's
 * Documentation/filesystems/msharefs.rst has the same names, with the reasons.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW (PROT_READ | PROT_WRITE)

/* Some libcs lack these in their headers. */
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

/* Memory that exists: some pages at three places of a file of three granules. */
#define PAGES  16
#define PART   (PAGES * PAGE)
#define PLACES 3

static uint64_t places[PLACES];
/* The length of the file and of the mapping: not a multiple of anything. */
static uint64_t length;

/* The part of the mapping that a call names. */
enum range {
	ONE_PAGE, /* in the first granule */
	SOME,     /* all pages at the first place */
	SECOND,   /* the second granule */
	FROM_2ND, /* from the second granule to the end */
	HUGE,     /* a huge page, at the second place */
	WHOLE,    /* as mapped */
};

static const char *const range_names[] = { "a page",    "some pages",
					   "a granule", "from a granule on",
					   "2 MiB",     "all" };

struct range_of {
	uint64_t from, size;
};

static struct range_of range_of(enum range range)
{
	switch (range) {
	case ONE_PAGE:
		return (struct range_of){ PAGE, PAGE };
	case SOME:
		return (struct range_of){ 0, PART };
	case SECOND:
		return (struct range_of){ granule, granule };
	case FROM_2ND:
		return (struct range_of){ granule, length - granule };
	case HUGE:
		return (struct range_of){ places[1], 2 * MIB };
	default:
		return (struct range_of){ 0, length };
	}
}

/* What can be seen after a call. */
enum field {
	RESULT,   /* returned value, or negative errno */
	RESIDENT, /* pages in memory, as another process sees, by mincore() */
	BLOCKS,   /* allocated memory of the file */
	LOCKED,   /* KiB locked by this process */
	RIGHTS,   /* in /proc/self/maps, at each place */
	LOADS,    /* signals of a load at each place */
	STORES,   /* the same of a store */
	CONTENTS, /* words that have changed, at each place */
	OTHER_LOADS, /* the same three in the other process */
	OTHER_STORES,
	OTHER_CONTENTS,
	NR_FIELDS
};

static const char *const field_names[NR_FIELDS] = {
	"result",      "resident",     "blocks",         "locked",
	"rights",      "loads",        "stores",         "contents",
	"other loads", "other stores", "other contents",
};

struct call;

struct side {
	const struct call *call;
	bool is_window;
	int fd;
	char *map;
	/* in memory that all processes of the case share */
	int64_t *seen;
};

struct call {
	const char *name;
	enum range range;
	long (*run)(struct side *side, char *at, uint64_t size, long arg);
	long arg;
	/* The file is open, and mapped, for reading only. */
	bool reader;
	/* The difference from a memfd, by its name in the documentation. */
	const char *differs;
	/* The result on a window, if there is a difference. */
	long window;
};

static long mapped(const void *at)
{
	return at == MAP_FAILED ? -errno : 0;
}

static long advise(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return result(madvise(at, size, arg));
}

/* Memory that is in swap space comes back. */
static long swap_and_advise(struct side *side, char *at, uint64_t size,
			    long arg)
{
	(void)side;
	must(!madvise(at, size, MADV_PAGEOUT), "MADV_PAGEOUT: %m");
	return result(madvise(at, size, arg));
}

/* Another process gives the advice. */
static long advise_from_outside(struct side *side, char *at, uint64_t size,
				long arg)
{
	struct iovec range = { at, size };
	pid_t parent = getpid(), child = fork();
	int status;

	(void)side;
	must(child >= 0, "fork: %m");
	if (!child) {
		int pidfd = syscall(SYS_pidfd_open, parent, 0);

		_exit(syscall(SYS_process_madvise, pidfd, &range, 1, arg, 0) <
				      0 ?
			      errno :
			      0);
	}
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	return -WEXITSTATUS(status);
}

static long protect(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return result(mprotect(at, size, arg));
}

/* Takes rights back that it has given up. */
static long protect_twice(struct side *side, char *at, uint64_t size, long arg)
{
	long ret = result(mprotect(at, size, arg));

	return ret ? ret :
		     result(mprotect(at, size,
				     side->call->reader ? PROT_READ : RW));
}

/* The pieces are different, and one call takes all of them. */
static long protect_pieces(struct side *side, char *at, uint64_t size, long arg)
{
	long ret = result(mprotect(side->map + granule, granule, PROT_READ));

	return ret ? ret : result(mprotect(at, size, arg));
}

static long protect_with_key(struct side *side, char *at, uint64_t size,
			     long arg)
{
	int key = pkey_alloc(0, 0);
	long ret;

	(void)side;
	if (key < 0)
		return -EINVAL;
	ret = result(pkey_mprotect(at, size, arg, key));
	pkey_free(key);
	return ret;
}

static long unmap(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	(void)arg;
	return result(munmap(at, size));
}

static long unmap_pieces(struct side *side, char *at, uint64_t size, long arg)
{
	long ret = result(munmap(side->map + granule, granule));

	(void)arg;
	return ret ? ret : result(munmap(at, size));
}

static long map_over(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return mapped(
		mmap(at, size, RW, arg | MAP_FIXED | MAP_NORESERVE, -1, 0));
}

/* Maps the same part of the file again, for reading. */
static long map_again(struct side *side, char *at, uint64_t size, long arg)
{
	return mapped(mmap(at, size, arg, MAP_SHARED | MAP_FIXED, side->fd,
			   at - side->map));
}

static long remap(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return mapped(mremap(at, size, arg, 0));
}

static long move(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return mapped(mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			     at + arg));
}

static long seal(struct side *side, char *at, uint64_t size, long arg)
{
	long ret = result(syscall(SYS_mseal, at, size, 0));

	(void)arg;
	if (ret == -ENOSYS)
		return ret;
	return ret ? ret : result(mprotect(side->map, length, PROT_READ));
}

static long lock(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return result(mlock2(at, size, arg));
}

static long lock_and_unlock(struct side *side, char *at, uint64_t size,
			    long arg)
{
	long ret = result(mlock2(at, size, arg));

	(void)side;
	return ret ? ret : result(munlock(at, size));
}

static long lock_then(struct side *side, char *at, uint64_t size, long arg)
{
	long ret = result(mlock(at, size));

	(void)side;
	return ret ? ret : result(madvise(at, size, arg));
}

static long sync_memory(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return result(msync(at, size, arg));
}

static long bind_memory(struct side *side, char *at, uint64_t size, long arg)
{
	const unsigned long mask = 1;

	(void)side;
	return result(syscall(SYS_mbind, at, size, MPOL_BIND, &mask, 64, arg));
}

/* The policy as get_mempolicy() returns it, which other processes see, too. */
static long policy_after_bind(struct side *side, char *at, uint64_t size,
			      long arg)
{
	long ret = bind_memory(side, at, size, arg);
	int mode = -1;

	ret = ret ? ret :
		    result(syscall(SYS_get_mempolicy, &mode, NULL, 0, at,
				   MPOL_F_ADDR));
	return ret ? ret : mode;
}

static long home_node(struct side *side, char *at, uint64_t size, long arg)
{
	long ret = bind_memory(side, at, size, 0);

	return ret ? ret :
		     result(syscall(SYS_set_mempolicy_home_node, at, size, arg,
				    0));
}

static long node_of(struct side *side, char *at, uint64_t size, long arg)
{
	int node = -1;
	long ret = result(syscall(SYS_get_mempolicy, &node, NULL, 0, at, arg));

	(void)side;
	(void)size;
	return ret ? ret : node;
}

/* With MPOL_MF_MOVE, the state of the page that was to be moved. */
static long move_pages_to(struct side *side, char *at, uint64_t size, long arg)
{
	void *pages[] = { at };
	int node = 0, status = 99;
	long ret = result(syscall(SYS_move_pages, 0, 1, pages,
				  arg ? &node : NULL, &status, arg));

	(void)side;
	(void)size;
	return ret ? ret : status;
}

static long migrate(struct side *side, char *at, uint64_t size, long arg)
{
	unsigned long from = 1, to = 1;

	(void)side;
	(void)at;
	(void)size;
	(void)arg;
	return result(syscall(SYS_migrate_pages, 0, 64, &from, &to));
}

static long register_faults(struct side *side, char *at, uint64_t size,
			    long arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)at, size },
		.mode = arg,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	long ret;

	(void)side;
	must(uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api), "userfaultfd: %m");
	ret = result(ioctl(uffd, UFFDIO_REGISTER, &range));
	close(uffd);
	return ret;
}

static long remap_file(struct side *side, char *at, uint64_t size, long arg)
{
	(void)side;
	return result(syscall(SYS_remap_file_pages, at, size, 0, arg, 0));
}

/* Does a child have the memory? */
static long in_child(struct side *side, char *at, uint64_t size, long arg)
{
	long ret = result(madvise(at, size, arg));
	uint64_t value;
	int status;
	pid_t child;

	if (ret)
		return ret;
	child = fork();
	must(child >= 0, "fork: %m");
	if (!child)
		_exit(load(side->map, &value) |
		      load(side->map + places[1], &value));
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	return status;
}

/* Pages that pagemap shows as present in memory. */
static long pages_in_pagemap(struct side *side, char *at, uint64_t size,
			     long arg)
{
	const uint64_t present = 1ULL << 63;
	uint64_t entries[2 * PAGES];
	int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	long count = 0;

	(void)side;
	(void)size;
	(void)arg;
	must(pread(file, entries, sizeof(entries),
		   (uintptr_t)at / PAGE * sizeof(*entries)) == sizeof(entries),
	     "pagemap: %m");
	close(file);
	for (int i = 0; i < 2 * PAGES; i++)
		count += !!(entries[i] & present);
	return count;
}

struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t inverted, mask, any, result;
};

#define SCAN         _IOWR('f', 16, struct scan)
#define SCAN_PRESENT (1ULL << 3)

struct scanned {
	uint64_t start, end, categories;
};

/* Pages that PAGEMAP_SCAN finds in memory. */
static long pages_in_scan(struct side *side, char *at, uint64_t size, long arg)
{
	struct scanned ranges[8] = { 0 };
	struct scan scan = {
		.size = sizeof(scan),
		.start = (uintptr_t)at,
		.end = (uintptr_t)at + size / PAGE * PAGE,
		.vec = (uintptr_t)ranges,
		.vec_len = 8,
		.any = SCAN_PRESENT,
		.result = SCAN_PRESENT,
	};
	int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	long found = result(ioctl(file, SCAN, &scan)), count = 0;

	(void)side;
	(void)arg;
	close(file);
	for (long i = 0; i < found; i++)
		count += (ranges[i].end - ranges[i].start) / PAGE;
	return found < 0 ? found : count;
}

struct map_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset;
	uint64_t inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};

#define MAP_QUERY _IOWR('f', 17, struct map_query)

/* Flags, page size, and offset, of the mapping at an address. */
static long query_mapping(struct side *side, char *at, uint64_t size, long arg)
{
	struct map_query query = {
		.size = sizeof(query),
		.query_addr = (uintptr_t)at,
	};
	int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	long ret = result(ioctl(file, MAP_QUERY, &query));

	(void)side;
	(void)size;
	(void)arg;
	close(file);
	return ret ? ret :
		     (long)(query.vma_flags | query.vma_page_size |
			    query.vma_offset);
}

/* The figure of a line of smaps, in KiB. */
static long in_smaps(struct side *side, char *at, uint64_t size, long arg)
{
	static const char *const lines[] = { "Rss:", "Locked:" };
	FILE *file = fopen("/proc/self/smaps", "re");
	long value = 0, figure;
	bool there = false;
	char line[512], name[32];
	uint64_t first, end;

	(void)side;
	must(file, "smaps: %m");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &first, &end) == 2)
			there = first < (uint64_t)at + size &&
				end > (uint64_t)at;
		else if (there &&
			 sscanf(line, "%31s %ld", name, &figure) == 2 &&
			 !strcmp(name, lines[arg]))
			value += figure;
	}
	fclose(file);
	return value;
}

/* The memory that smaps shows as locked, in KiB. */
static long locked_in_smaps(struct side *side, char *at, uint64_t size,
			    long arg)
{
	long ret = result(mlock(at, size));

	return ret ? ret : in_smaps(side, at, size, arg);
}

/* The differences, by their names in the documentation. */
#define PART_OF_GRANULE "part of a granule"
#define MOVED           "mremap, remap_file_pages"
#define KEYS            "protection keys"
#define FAULTS          "userfaultfd"
#define READER          "advice of a reader"
#define POLICY          "placement by a reader"
#define LOCKS           "mlock, mlockall"

/*
 * A row without a difference is the same on both. A row with a difference
 * must differ, and has the result on a window.
 */
static const struct call advice[] = {
	{ "MADV_NORMAL", SOME, advise, MADV_NORMAL },
	{ "MADV_RANDOM", SOME, advise, MADV_RANDOM },
	{ "MADV_RANDOM", WHOLE, advise, MADV_RANDOM },
	{ "MADV_SEQUENTIAL", SOME, advise, MADV_SEQUENTIAL },
	{ "MADV_SEQUENTIAL", SECOND, advise, MADV_SEQUENTIAL },
	{ "MADV_DONTNEED", ONE_PAGE, advise, MADV_DONTNEED },
	{ "MADV_DONTNEED", WHOLE, advise, MADV_DONTNEED },
	{ "MADV_DONTNEED_LOCKED", SOME, advise, MADV_DONTNEED_LOCKED },
	{ "MADV_FREE", SOME, advise, MADV_FREE },
	{ "MADV_REMOVE", ONE_PAGE, advise, MADV_REMOVE },
	{ "MADV_REMOVE", SECOND, advise, MADV_REMOVE },
	{ "MADV_REMOVE", WHOLE, advise, MADV_REMOVE },
	{ "MADV_REMOVE, O_RDONLY", SOME, advise, MADV_REMOVE, true },
	{ "MADV_POPULATE_READ", SOME, advise, MADV_POPULATE_READ },
	{ "MADV_POPULATE_READ, O_RDONLY", SOME, advise, MADV_POPULATE_READ,
	  true },
	{ "MADV_POPULATE_WRITE", SOME, advise, MADV_POPULATE_WRITE },
	{ "MADV_POPULATE_WRITE, O_RDONLY", SOME, advise, MADV_POPULATE_WRITE,
	  true },
	{ "MADV_WILLNEED", SOME, advise, MADV_WILLNEED },
	{ "MADV_PAGEOUT", SOME, advise, MADV_PAGEOUT },
	{ "MADV_PAGEOUT", ONE_PAGE, advise, MADV_PAGEOUT },
	{ "MADV_PAGEOUT", WHOLE, advise, MADV_PAGEOUT },
	{ "MADV_WILLNEED of swapped memory", SOME, swap_and_advise,
	  MADV_WILLNEED },
	{ "MADV_COLD", SOME, advise, MADV_COLD },
	{ "MADV_COLD", WHOLE, advise, MADV_COLD },
	{ "MADV_COLD, O_RDONLY", SOME, advise, MADV_COLD, true },
	{ "MADV_HUGEPAGE", SOME, advise, MADV_HUGEPAGE },
	{ "MADV_HUGEPAGE", WHOLE, advise, MADV_HUGEPAGE },
	{ "MADV_NOHUGEPAGE", SOME, advise, MADV_NOHUGEPAGE },
	{ "MADV_NOHUGEPAGE", WHOLE, advise, MADV_NOHUGEPAGE },
	{ "MADV_HUGEPAGE, O_RDONLY", SOME, advise, MADV_HUGEPAGE, true,
	  .differs = READER, .window = -EACCES },
	{ "MADV_COLLAPSE", SOME, advise, MADV_COLLAPSE },
	{ "MADV_COLLAPSE", HUGE, advise, MADV_COLLAPSE },
	{ "MADV_MERGEABLE", SOME, advise, MADV_MERGEABLE },
	{ "MADV_UNMERGEABLE", SOME, advise, MADV_UNMERGEABLE },
	{ "MADV_WIPEONFORK", SOME, advise, MADV_WIPEONFORK },
	{ "MADV_KEEPONFORK", SOME, advise, MADV_KEEPONFORK },
	{ "MADV_DONTDUMP", ONE_PAGE, advise, MADV_DONTDUMP,
	  .differs = PART_OF_GRANULE, .window = -EINVAL },
	{ "MADV_DODUMP", WHOLE, advise, MADV_DODUMP },
	{ "MADV_DODUMP", SECOND, advise, MADV_DODUMP },
	{ "MADV_DODUMP", ONE_PAGE, advise, MADV_DODUMP },
	{ "MADV_DONTFORK", SOME, in_child, MADV_DONTFORK,
	  .differs = PART_OF_GRANULE, .window = -EINVAL },
	{ "MADV_DONTFORK", SECOND, in_child, MADV_DONTFORK },
	{ "MADV_DONTFORK", WHOLE, in_child, MADV_DONTFORK },
	{ "process_madvise MADV_COLD", SOME, advise_from_outside, MADV_COLD },
	{ "process_madvise MADV_PAGEOUT", SOME, advise_from_outside,
	  MADV_PAGEOUT },
	{ "process_madvise MADV_WILLNEED", WHOLE, advise_from_outside,
	  MADV_WILLNEED },
	{ "process_madvise MADV_COLLAPSE", HUGE, advise_from_outside,
	  MADV_COLLAPSE },
	{ "unknown advice", SOME, advise, 99 },
};

static const struct call layout[] = {
	{ "mprotect PROT_READ", WHOLE, protect, PROT_READ },
	{ "mprotect PROT_NONE", WHOLE, protect, PROT_NONE },
	{ "mprotect PROT_READ", SECOND, protect, PROT_READ },
	{ "mprotect PROT_NONE", FROM_2ND, protect, PROT_NONE },
	{ "mprotect PROT_READ", ONE_PAGE, protect, PROT_READ,
	  .differs = PART_OF_GRANULE, .window = -EINVAL },
	{ "mprotect RW", WHOLE, protect, RW },
	{ "mprotect PROT_EXEC", SECOND, protect, RW | PROT_EXEC },
	{ "mprotect PROT_READ and back", WHOLE, protect_twice, PROT_READ },
	{ "mprotect PROT_NONE and back", SECOND, protect_twice, PROT_NONE },
	{ "mprotect of pieces", WHOLE, protect_pieces, PROT_NONE },
	{ "mprotect of pieces and back", WHOLE, protect_pieces, RW },
	{ "mprotect RW, O_RDONLY", WHOLE, protect, RW, true },
	{ "mprotect PROT_NONE, O_RDONLY", SECOND, protect, PROT_NONE, true },
	{ "mprotect PROT_NONE and back, O_RDONLY", WHOLE, protect_twice,
	  PROT_NONE, true },
	{ "pkey_mprotect", WHOLE, protect_with_key, RW, .differs = KEYS,
	  .window = -EACCES },
	{ "mprotect PROT_EXEC alone", SECOND, protect, PROT_EXEC,
	  .differs = KEYS, .window = -EACCES },
	{ "mseal", SECOND, seal },

	{ "munmap", WHOLE, unmap },
	{ "munmap", SECOND, unmap },
	{ "munmap", FROM_2ND, unmap },
	{ "munmap", ONE_PAGE, unmap, .differs = PART_OF_GRANULE,
	  .window = -EINVAL },
	{ "munmap of pieces", WHOLE, unmap_pieces },
	{ "mmap over it, MAP_SHARED", SECOND, map_over,
	  MAP_SHARED | MAP_ANONYMOUS },
	{ "mmap over it, MAP_PRIVATE", SECOND, map_over,
	  MAP_PRIVATE | MAP_ANONYMOUS },
	{ "mmap over it", ONE_PAGE, map_over, MAP_PRIVATE | MAP_ANONYMOUS,
	  .differs = PART_OF_GRANULE, .window = -EINVAL },
	{ "mmap of the same part for reading", SECOND, map_again, PROT_READ },
	{ "mmap of the same part for reading", FROM_2ND, map_again, PROT_READ },
	{ "mremap to a page", WHOLE, remap, PAGE, .differs = PART_OF_GRANULE,
	  .window = -EINVAL },
	{ "mremap to a granule", WHOLE, remap, GIB },
	{ "mremap to more", WHOLE, remap, 8 * GIB, .differs = MOVED,
	  .window = -EINVAL },
	{ "mremap to another address", WHOLE, move, 16 * GIB, .differs = MOVED,
	  .window = -EINVAL },
	{ "remap_file_pages", SOME, remap_file, 16, .differs = MOVED,
	  .window = -EINVAL },
};

static const struct call memory[] = {
	{ "mlock", SOME, lock, 0, .differs = LOCKS, .window = 0 },
	{ "mlock2 MLOCK_ONFAULT", WHOLE, lock, MLOCK_ONFAULT, .differs = LOCKS,
	  .window = 0 },
	{ "mlock, O_RDONLY", SOME, lock, 0, true, .differs = LOCKS,
	  .window = 0 },
	{ "munlock", SOME, lock_and_unlock, 0 },
	{ "MADV_REMOVE of locked memory", SOME, lock_then, MADV_REMOVE,
	  .differs = LOCKS, .window = -EINVAL },
	{ "MADV_PAGEOUT of locked memory", SOME, lock_then, MADV_PAGEOUT,
	  .differs = LOCKS, .window = -EINVAL },
	{ "MADV_DONTNEED of locked memory", SOME, lock_then, MADV_DONTNEED,
	  .differs = LOCKS, .window = 0 },

	{ "msync MS_SYNC", WHOLE, sync_memory, MS_SYNC },
	{ "msync MS_ASYNC", SOME, sync_memory, MS_ASYNC },
	{ "msync MS_INVALIDATE", SOME, sync_memory, MS_INVALIDATE },
	{ "mbind", WHOLE, bind_memory, 0 },
	{ "mbind", ONE_PAGE, bind_memory, 0 },
	{ "mbind MPOL_MF_MOVE", SOME, bind_memory, MPOL_MF_MOVE },
	{ "mbind MPOL_MF_STRICT", SOME, bind_memory, MPOL_MF_STRICT },
	{ "mbind, O_RDONLY", SOME, bind_memory, 0, true, .differs = POLICY,
	  .window = -EACCES },
	{ "get_mempolicy", SOME, policy_after_bind, 0 },
	{ "get_mempolicy", WHOLE, policy_after_bind, 0 },
	{ "get_mempolicy of a node", SOME, node_of, MPOL_F_NODE | MPOL_F_ADDR },
	{ "set_mempolicy_home_node", WHOLE, home_node, 0 },
	{ "set_mempolicy_home_node", SOME, home_node, 0 },
	{ "set_mempolicy_home_node, O_RDONLY", SOME, home_node, 0, true,
	  .differs = POLICY, .window = -EACCES },
	{ "move_pages, query", SOME, move_pages_to, 0 },
	{ "move_pages", SOME, move_pages_to, MPOL_MF_MOVE },
	{ "move_pages, O_RDONLY", SOME, move_pages_to, MPOL_MF_MOVE, true,
	  .differs = POLICY, .window = -EFAULT },
	{ "migrate_pages", SOME, migrate },
	{ "userfaultfd", SOME, register_faults, UFFDIO_REGISTER_MODE_MISSING,
	  .differs = FAULTS, .window = -EINVAL },

	{ "pagemap", SOME, pages_in_pagemap },
	{ "PAGEMAP_SCAN", WHOLE, pages_in_scan },
	{ "PROCMAP_QUERY", SOME, query_mapping },
	{ "smaps Rss", WHOLE, in_smaps, 0 },
	/* Divided by the clients, as Pss. */
	{ "smaps Locked", SOME, locked_in_smaps, 1, .differs = LOCKS,
	  .window = PART / KIB / 2 },
};

/* Bits for each page of the places: resident, as seen by mincore(). */
static int64_t resident_pages(char *map)
{
	unsigned char pages[PAGES];
	int64_t bits = 0;

	for (int i = 0; i < PLACES; i++) {
		must(!mincore(map + places[i], PART, pages), "mincore: %m");
		for (int j = 0; j < PAGES; j++)
			bits = bits << 1 | (pages[j] & 1);
	}
	return bits;
}

/* The signals of loads, or words that changed, one number for each place. */
static int64_t at_places(char *map, int64_t (*see)(char *place, int i))
{
	int64_t seen = 0;

	for (int i = 0; i < PLACES; i++)
		seen = seen << 16 | see(map + places[i], i);
	return seen;
}

static int64_t see_load(char *place, int i)
{
	uint64_t value;

	(void)i;
	return load(place, &value);
}

/* To a word that nobody compares. */
static int64_t see_store(char *place, int i)
{
	(void)i;
	return store(place + 64, 1);
}

static int64_t see_contents(char *place, int i)
{
	uint64_t value;
	int64_t changed = 0;

	for (int j = 0; j < PAGES; j++)
		if (load(place + j * PAGE, &value) ||
		    value != (uint64_t)(100 * i + j + 1))
			changed++;
	return changed;
}

/* "rw-s" of the mapping at a place, as a number */
static int64_t see_rights(char *place, int i)
{
	uint64_t first, end;
	char line[512], rights[5];
	int64_t seen = 0;
	FILE *file = fopen("/proc/self/maps", "re");

	(void)i;
	must(file, "maps: %m");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%lx %4s", &first, &end, rights) == 3 &&
		    first <= (uint64_t)place && end > (uint64_t)place)
			seen = (rights[0] == 'r') | (rights[1] == 'w') << 1 |
			       (rights[2] == 'x') << 2 |
			       (rights[3] == 's') << 3 | 1 << 4;
	fclose(file);
	return seen;
}

/* A client that had the memory before the call, and looks afterwards. */
static void other(struct peer *parent, void *arg)
{
	const struct side *side = arg;

	go(parent);
	wait_go(parent);
	side->seen[RESIDENT] = resident_pages(side->map);
	side->seen[OTHER_LOADS] = at_places(side->map, see_load);
	side->seen[OTHER_CONTENTS] = at_places(side->map, see_contents);
	side->seen[OTHER_STORES] = at_places(side->map, see_store);
}

static int new_file(const struct side *side, const char *path)
{
	int fd = side->is_window ? region_open(path, O_RDWR | O_CREAT) :
				   (int)syscall(SYS_memfd_create, "m", 0);

	must(fd >= 0 && !ftruncate(fd, length), "a file: %m");
	for (int i = 0; i < PLACES; i++)
		for (int j = 0; j < PAGES; j++) {
			uint64_t word = 100 * i + j + 1;

			must(pwrite(fd, &word, sizeof(word),
				    places[i] + j * PAGE) == sizeof(word),
			     "pwrite: %m");
		}
	return fd;
}

/* The memfd is at such an address as a region. */
static void map_file(struct side *side, int fd, const char *path)
{
	int prot = side->call->reader ? PROT_READ : RW;
	int flags = side->call->reader ? O_RDONLY : O_RDWR;
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	side->fd = side->is_window ? region_open(path, flags) :
				     open(name, flags);
	must(side->fd >= 0, "open: %m");
	side->map = mmap(side->is_window ? NULL : (void *)region_address(600),
			 length, prot, MAP_SHARED, side->fd, 0);
	must(side->map != MAP_FAILED, "mmap: %m");
}

static void run_call(struct side *side)
{
	const char *path = side->is_window ? region_path() : NULL;
	struct range_of range = range_of(side->call->range);
	int fd = new_file(side, path);
	struct stat st;
	struct peer peer;

	map_file(side, fd, path);
	peer = peer_start(other, side);
	wait_go(&peer);
	/* Pages, and links, that this process has used. */
	check(!at_places(side->map, see_contents), "contents at first");
	side->seen[RESULT] = side->call->run(side, side->map + range.from,
					     range.size, side->call->arg);
	must(!fstat(fd, &st), "fstat: %m");
	side->seen[BLOCKS] = st.st_blocks;
	side->seen[LOCKED] = process_status(0, "VmLck");
	side->seen[RIGHTS] = at_places(side->map, see_rights);
	go(&peer);
	peer_end(&peer);
	side->seen[LOADS] = at_places(side->map, see_load);
	side->seen[CONTENTS] = at_places(side->map, see_contents);
	side->seen[STORES] = at_places(side->map, see_store);
}

/* Each side in a process of its own, which the call may change. */
static void run_side(const struct call *call, bool is_window, int64_t *seen)
{
	struct side side = { call, is_window, -1, NULL, seen };
	pid_t child = fork();
	int status;

	must(child >= 0, "fork: %m");
	if (!child) {
		failed_checks = 0;
		run_call(&side);
		exit(checks_status());
	}
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	check(!status, "%s of %s, %s: wait status %#x", call->name,
	      range_names[call->range], is_window ? "window" : "memfd", status);
}

static void compare(const struct call *call, const int64_t *window,
		    const int64_t *memfd)
{
	bool same = true;

	for (int i = 0; i < NR_FIELDS; i++) {
		if (window[i] == memfd[i])
			continue;
		same = false;
		check(call->differs, "%s of %s: %s is %#lx, of a memfd %#lx",
		      call->name, range_names[call->range], field_names[i],
		      window[i], memfd[i]);
	}
	if (!call->differs)
		return;
	check(!same, "%s of %s: no difference any more", call->name,
	      range_names[call->range]);
	check(window[RESULT] == call->window, "%s of %s: %ld, not %ld",
	      call->name, range_names[call->range], window[RESULT],
	      call->window);
}

static bool have_keys(void)
{
	int key = pkey_alloc(0, 0);

	if (key >= 0)
		pkey_free(key);
	return key >= 0;
}

static void compare_calls(const struct call *calls, size_t count)
{
	const size_t size = 2 * NR_FIELDS * sizeof(int64_t);
	int64_t *seen = mmap(NULL, size, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(seen != MAP_FAILED, "mmap: %m");
	/* Pages in the batches of other CPUs could not be paged out. */
	pin_to_cpu(0);
	for (size_t i = 0; i < count; i++) {
		if (calls[i].differs && !strcmp(calls[i].differs, KEYS) &&
		    !have_keys())
			continue;
		memset(seen, 0, size);
		run_side(&calls[i], true, seen);
		run_side(&calls[i], false, seen + NR_FIELDS);
		compare(&calls[i], seen, seen + NR_FIELDS);
	}
}

#define COMPARE(calls) compare_calls(calls, sizeof(calls) / sizeof((calls)[0]))

static void compare_advice(void)
{
	COMPARE(advice);
}

static void compare_layout(void)
{
	COMPARE(layout);
}

static void compare_memory(void)
{
	COMPARE(memory);
}

static const struct test_case cases[] = {
	{ "advice", "madvise on a window does what it does on a memfd",
	  compare_advice, CASE_SWAP },
	{ "layout",
	  "mprotect, munmap and mmap of a window or a part do what they do on a memfd",
	  compare_layout },
	{ "memory",
	  "calls that lock, place or show memory do so behind a window",
	  compare_memory, CASE_SWAP },
};

static void setup(void)
{
	places[0] = 0;
	places[1] = granule + 16 * MIB;
	places[2] = 2 * granule;
	length = places[2] + PART + 123;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
