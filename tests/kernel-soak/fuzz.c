// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random requests and system calls on regions: sizes and addresses near edges,
 * unknown flags, bad pointers, wrong descriptors, names that appear and
 * disappear. Each round has its own seed, begins with a new mount and leaves
 * nothing behind. Calls that must fail do fail, and a failed request changes
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "figures.h"
#include "leak.h"
#include "object.h"
#include "peer.h"
#include "random.h"
#include "region.h"
#include "touch.h"

/* Not in every libc's headers. */
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define RW    (PROT_READ | PROT_WRITE)
#define STEPS 400
#define SLOTS 12
/* The first slots, which mostly keep their first region. */
#define KEPT  3
#define MOUNT "/tmp/fuzz-mount"
/* A name on another file system. */
#define ELSEWHERE "/tmp/fuzz-elsewhere"

/* The number of granules that contain all windows and nothing else. */
#define ARENA 8
/* The largest size of objects, so that all objects can be populated. */
#define MOST (512 * KIB)

static uint64_t arena;
/* No other process uses the mount: untouched state does not change. */
static bool alone;
static char *last_page;

static int slots[SLOTS];

/* The ranges of the regions of this round. */
static struct known {
	uint64_t inode;
	struct mshare_info info;
} known[STEPS];

static unsigned int nr_known;

/*
 * Values
 */

#define pick(choices) \
	((choices)[random_below(sizeof(choices) / sizeof((choices)[0]))])

static bool one_in(unsigned int chance)
{
	return !random_below(chance);
}

static uint64_t edge(void)
{
	const uint64_t edges[] = {
		0,          PAGE,       granule,    arena,
		1ULL << 31, 1ULL << 32, 1ULL << 47, 1ULL << 56,
		1ULL << 63, LLONG_MAX,  ~0ULL,      arena + ARENA * granule,
	};
	const uint64_t steps[] = { 0, 0, 1, 8, PAGE, 2 * MIB, granule };

	return pick(edges) + pick(steps) * (one_in(2) ? 1 : -1ULL);
}

static uint64_t arena_granule(void)
{
	return arena + random_below(ARENA) * granule;
}

/* Near the ends of a granule, where the objects are. */
static uint64_t arena_page(void)
{
	uint64_t pages = random_below(24) * PAGE;

	return arena_granule() + (one_in(2) ? granule - pages : pages);
}

static uint64_t some_address(void)
{
	return one_in(12) ? edge() : arena_page();
}

static uint64_t some_length(void)
{
	if (one_in(4))
		return random_below(3) * granule;
	if (one_in(12))
		return edge();
	return (1 + random_below(24)) * PAGE;
}

/* In the arena, or unmapped: the other addresses belong to this program. */
static uint64_t own_length(uint64_t at)
{
	uint64_t length = some_length(), room = arena + ARENA * granule - at;

	if (at < arena || at >= arena + ARENA * granule)
		return 1ULL << 62;
	return length <= room || length >= 1ULL << 57 ? length : room;
}

static int some_prot(void)
{
	return one_in(16) ? (int)random_bits() : (int)random_below(8);
}

static int some_slot(void)
{
	return one_in(32) ? (int)edge() : slots[random_below(SLOTS)];
}

static unsigned int slot_to_reuse(void)
{
	return one_in(16) ? random_below(SLOTS) :
			    KEPT + random_below(SLOTS - KEPT);
}

static const char *some_name(void)
{
	static const char *const names[] = {
		MOUNT "/a",   MOUNT "/b",   MOUNT "/c",    MOUNT "/d",
		MOUNT "/d/a", MOUNT "/d/e", MOUNT "/d/e",  MOUNT "/mshare_info",
		MOUNT "/.",   MOUNT,        MOUNT "/c/..", ELSEWHERE,
	};

	return pick(names);
}

/* The kind of the descriptor: a region, open for writing. */
static bool is_region(int fd)
{
	struct mshare_info info;

	return !region_get_size(fd, &info);
}

/* Mostly a descriptor of a region. */
static int some_region(void)
{
	int fd = some_slot();

	for (int i = 0; i < 8 && !is_region(fd); i++)
		fd = some_slot();
	return fd;
}

static bool may_write(int fd)
{
	return (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

/* Requests. Each function reports whether its request must fail, if known. */

static union {
	uint32_t size;
	struct mshare_info info;
	struct mshare_create create;
	struct mshare_unmap unmap;
	struct mshare_protect protect;
	struct msharefs_stat stat;
	struct msharefs_mapping mapping;
	struct msharefs_range range;
	struct msharefs_seal seal;
	struct msharefs_mempolicy policy;
	struct msharefs_features features;
	struct msharefs_removed removed;
	struct msharefs_nameless nameless;
	struct msharefs_remove remove;
	uint64_t words[2 * PAGE / sizeof(uint64_t)];
} arg;

static bool ends_in_region(const struct mshare_info *info, uint64_t addr,
			   uint64_t size)
{
	uint64_t rounded = (size + PAGE - 1) & -PAGE;

	return size && size <= info->size && !(addr % PAGE) &&
	       addr >= info->start &&
	       addr - info->start <= info->size - rounded;
}

static struct known *find_known(int fd)
{
	struct stat status;

	if (fstat(fd, &status))
		return NULL;
	for (unsigned int i = 0; i < nr_known; i++)
		if (known[i].inode == status.st_ino)
			return &known[i];
	return NULL;
}

static void learn(int fd)
{
	struct stat status;

	if (fstat(fd, &status) || nr_known == STEPS)
		return;
	known[nr_known].inode = status.st_ino;
	known[nr_known++].info = arg.info;
}

static struct mshare_info range_of(int fd)
{
	struct mshare_info info = { 0 };

	region_get_size(fd, &info);
	return info;
}

/* Extensible structures contain their size. */
static size_t size_of(unsigned long number, size_t size)
{
	if (_IOC_NR(number) < _IOC_NR(MSHAREFS_STAT))
		return size;
	if (arg.size < sizeof(uint64_t))
		return sizeof(uint64_t);
	return arg.size < PAGE ? arg.size : PAGE;
}

/* An address that cannot be read, or not completely; or @arg. */
static void *some_pointer(size_t size, bool *bad)
{
	const uint64_t nowhere[] = { 0, 8, 1ULL << 47, 1ULL << 63, -8ULL };

	*bad = true;
	if (one_in(64))
		return (void *)pick(nowhere);
	if (one_in(32)) {
		size_t there = random_below(size);

		memcpy(last_page + PAGE - there, &arg, there);
		return last_page + PAGE - there;
	}
	*bad = false;
	return &arg;
}

static const char *step_name;

/* The number of requests and of successes of each kind. */
static struct tally {
	unsigned long asked, worked;
} * tallies;

static size_t step_index;

/* Issues @number with @arg; returns whether the request succeeded. */
static bool ask(int fd, unsigned long number, size_t size, bool refuse,
		bool changes)
{
	bool bad, region = is_region(fd);
	void *pointer = some_pointer(size_of(number, size), &bad);
	uint64_t words[8];
	int ret;

	memcpy(words, &arg, sizeof(words));
	ret = request(fd, number, pointer);
	tallies[step_index].asked++;
	tallies[step_index].worked += !ret;
	check(ret || (region && !bad && !refuse && (!changes || may_write(fd))),
	      "%s succeeds: region %d, pointer %p, %#lx %#lx %#lx %#lx %#lx",
	      step_name, region, pointer, words[0], words[1], words[2],
	      words[3], words[4]);
	return !ret;
}

static void spoil(size_t size)
{
	if (one_in(12))
		arg.words[random_below(size / 8)] = edge();
}

/* The size field of a structure, and the bytes beyond the known fields. */
static bool bad_size(size_t size)
{
	const uint32_t sizes[] = {
		0,        4,    8,        size - 8, size + 8,
		PAGE - 8, PAGE, PAGE + 1, ~0U,      1U << 31
	};

	arg.size = size;
	if (one_in(8))
		arg.size = pick(sizes);
	if (one_in(16))
		arg.words[size / 8 + random_below(8)] = edge();
	if (arg.size < 8 || arg.size > PAGE)
		return true;
	for (size_t i = size / 8; i < arg.size / 8; i++)
		if (arg.words[i])
			return true;
	return false;
}

/* The ranges of the objects in the region of @fd. */
static uint64_t address_in(const struct mshare_info *info)
{
	uint64_t granules = info->size / granule;

	if (!granules || one_in(12))
		return some_address();
	return info->start + random_below(granules) * granule +
	       random_below(random_below(4) ? 20 : 60) * PAGE;
}

static uint64_t length_in(void)
{
	return one_in(4) ? some_length() : (1 + random_below(6)) * PAGE;
}

static void set_size(void)
{
	int fd = some_region();
	struct known *before = find_known(fd);
	uint64_t end;

	arg.info.start = one_in(4) ? edge() : arena_granule();
	arg.info.size = one_in(4) ? edge() : random_below(4) * granule;
	end = arg.info.start + arg.info.size;
	if (ask(fd, MSHAREFS_SET_SIZE, sizeof(arg.info),
		!arg.info.start || !arg.info.size || arg.info.start % granule ||
			arg.info.size % granule || end < arg.info.start ||
			end > 1ULL << 56 || (alone && before),
		true))
		learn(fd);
}

static void create_mapping(void)
{
	int fd = some_region();
	struct mshare_info info = range_of(fd);
	struct msharefs_stat before, after;
	const uint32_t known_flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS |
				     MAP_NORESERVE | MAP_POPULATE;
	bool refuse, is_known = !region_stat(fd, &before);
	uint64_t size;

	arg.create.addr = address_in(&info);
	arg.create.size = length_in();
	arg.create.prot = some_prot();
	arg.create.flags = MAP_SHARED | MAP_FIXED;
	if (one_in(8))
		arg.create.flags |= MAP_POPULATE;
	if (one_in(4))
		arg.create.flags |= MAP_NORESERVE;
	if (one_in(8))
		arg.create.flags ^= 1U << random_below(32);
	if (one_in(3)) {
		arg.create.fd = one_in(4) ? some_slot() : slots[KEPT];
		arg.create.offset = one_in(4) ? edge() : random_below(4) * PAGE;
	} else {
		arg.create.fd = -1;
		arg.create.flags |= MAP_ANONYMOUS;
	}
	spoil(sizeof(arg.create));
	/* Not more than memory allows. */
	if (arg.create.size > MOST && arg.create.size < 1ULL << 40)
		arg.create.size %= MOST;
	size = (arg.create.size + PAGE - 1) & -PAGE;
	refuse = !ends_in_region(&info, arg.create.addr, arg.create.size) ||
		 arg.create.prot > 7 || (arg.create.flags & ~known_flags) ||
		 (arg.create.flags & (MAP_SHARED | MAP_FIXED)) !=
			 (MAP_SHARED | MAP_FIXED) ||
		 arg.create.offset % PAGE || is_region((int)arg.create.fd) ||
		 ((arg.create.flags & MAP_ANONYMOUS) &&
		  (arg.create.fd != -1U || arg.create.offset));
	if (!ask(fd, MSHAREFS_CREATE_MAPPING, sizeof(arg.create),
		 alone && refuse, true))
		size = 0;
	if (!alone || !is_known || region_stat(fd, &after))
		return;
	check(after.mapped == before.mapped + size,
	      "CREATE_MAPPING of %#lx bytes: %#llx mapped before, %#llx after",
	      size, before.mapped, after.mapped);
}

static void unmap(void)
{
	int fd = some_region();
	struct mshare_info info = range_of(fd);

	arg.unmap.addr = address_in(&info);
	arg.unmap.size = length_in();
	spoil(sizeof(arg.unmap));
	ask(fd, MSHAREFS_UNMAP, sizeof(arg.unmap),
	    alone && !ends_in_region(&info, arg.unmap.addr, arg.unmap.size),
	    true);
}

static void protect(void)
{
	int fd = some_region();
	struct mshare_info info = range_of(fd);

	arg.protect.addr = address_in(&info);
	arg.protect.size = length_in();
	arg.protect.prot = some_prot();
	if (one_in(16))
		arg.protect.flags = 1U << random_below(32);
	spoil(sizeof(arg.protect));
	ask(fd, MSHAREFS_PROTECT, sizeof(arg.protect),
	    (alone &&
	     !ends_in_region(&info, arg.protect.addr, arg.protect.size)) ||
		    arg.protect.flags || arg.protect.prot > 7,
	    true);
}

static void stat_region(void)
{
	arg.size = sizeof(arg.stat);
	if (one_in(4))
		arg.size = one_in(2) ? random_below(2 * PAGE) : edge();
	if (one_in(8))
		arg.stat.flags = edge();
	ask(some_region(), MSHAREFS_STAT, sizeof(arg.stat),
	    arg.size < 8 || arg.size > PAGE || arg.stat.flags, false);
}

static void next_mapping(void)
{
	int fd = some_region();
	struct mshare_info info = range_of(fd);
	char name[64];
	bool bad = bad_size(sizeof(arg.mapping));

	if (one_in(16))
		arg.mapping.flags = edge();
	arg.mapping.addr = address_in(&info);
	arg.mapping.name = (uintptr_t)name;
	arg.mapping.name_size = sizeof(name);
	if (one_in(4))
		arg.mapping.name_size = random_below(sizeof(name));
	if (one_in(16))
		arg.mapping.name = edge();
	ask(fd, MSHAREFS_NEXT_MAPPING, sizeof(arg.mapping),
	    bad || arg.mapping.flags, false);
}

static void on_range(unsigned long number, uint32_t flags, uint32_t advice)
{
	int fd = some_region();
	struct mshare_info info = range_of(fd);
	bool bad = bad_size(sizeof(arg.range));

	arg.range.flags = flags;
	arg.range.advice = advice;
	arg.range.reserved = one_in(16) ? edge() : 0;
	arg.range.addr = address_in(&info);
	arg.range.length = length_in();
	ask(fd, number, sizeof(arg.range),
	    bad || arg.range.reserved ||
		    (alone &&
		     !ends_in_region(&info, arg.range.addr, arg.range.length)),
	    true);
}

static void advise(void)
{
	const uint32_t advices[] = {
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_WILLNEED,
		MADV_COLD,          MADV_PAGEOUT,        MADV_REMOVE,
		MADV_HUGEPAGE,      MADV_NOHUGEPAGE,     MADV_COLLAPSE,
	};

	/* No advice that poisons memory. */
	on_range(MSHAREFS_ADVISE, one_in(16) ? edge() : 0,
		 one_in(8) ? random_below(256) : pick(advices));
}

static void lock(void)
{
	on_range(one_in(2) ? MSHAREFS_LOCK : MSHAREFS_UNLOCK,
		 one_in(8) ? edge() : random_below(2), one_in(16) ? 1 : 0);
}

static void seal(void)
{
	bool bad;

	if (!one_in(8))
		return;
	bad = bad_size(sizeof(arg.seal));
	arg.seal.flags = one_in(16) ? edge() : 0;
	arg.seal.seals = one_in(4) ? edge() : random_below(8);
	ask(some_region(), MSHAREFS_SEAL, sizeof(arg.seal),
	    bad || arg.seal.flags || arg.seal.seals > 15, true);
}

static void mempolicy(void)
{
	int fd = some_region();
	struct mshare_info info = range_of(fd);
	uint64_t mask = random_below(4);
	bool bad = bad_size(sizeof(arg.policy));

	arg.policy.mode = one_in(8) ? edge() : random_below(8);
	arg.policy.addr = address_in(&info);
	arg.policy.length = length_in();
	arg.policy.nodemask = one_in(8) ? edge() : (uintptr_t)&mask;
	arg.policy.maxnode = one_in(8) ? edge() : random_below(70);
	arg.policy.flags = one_in(8) ? edge() : random_below(8);
	arg.policy.reserved = one_in(16) ? edge() : 0;
	ask(fd, MSHAREFS_MEMPOLICY, sizeof(arg.policy),
	    bad || arg.policy.reserved, true);
}

/* For directories and mshare_info as well. */
static void features(void)
{
	bool bad = bad_size(sizeof(arg.features)), bad_pointer;
	void *pointer = some_pointer(
		size_of(MSHAREFS_FEATURES, sizeof(arg.features)), &bad_pointer);
	int ret;

	arg.features.flags = one_in(16) ? edge() : 0;
	bad |= arg.features.flags;
	ret = request(some_slot(), MSHAREFS_FEATURES, pointer);
	tallies[step_index].asked++;
	tallies[step_index].worked += !ret;
	check(ret || (!bad && !bad_pointer), "FEATURES succeeds");
	check(ret || arg.features.granule == granule, "FEATURES: granule %llu",
	      arg.features.granule);
}

/* For directories: whatever is asked for, only the list has an end. */
static void next_removed(void)
{
	bool bad = bad_size(sizeof(arg.removed)), bad_pointer;
	struct msharefs_stat figures = { .size = sizeof(figures) };
	void *pointer = some_pointer(
		size_of(MSHAREFS_NEXT_REMOVED, sizeof(arg.removed)),
		&bad_pointer);
	char name[64];
	int ret;

	arg.removed.flags = one_in(16) ? edge() : 0;
	arg.removed.inode = one_in(2) ? 0 : edge();
	arg.removed.name = one_in(8) ? edge() : (uintptr_t)name;
	arg.removed.name_size = random_below(sizeof(name));
	arg.removed.stat = one_in(4) ? edge() : (uintptr_t)&figures;
	bad |= arg.removed.flags;
	ret = request(some_slot(), MSHAREFS_NEXT_REMOVED, pointer);
	tallies[step_index].asked++;
	tallies[step_index].worked += !ret;
	check(ret || (!bad && !bad_pointer), "NEXT_REMOVED succeeds");
}

static void next_nameless(void)
{
	bool bad = bad_size(sizeof(arg.nameless)), bad_pointer;
	struct msharefs_stat figures = { .size = sizeof(figures) };
	void *pointer = some_pointer(
		size_of(MSHAREFS_NEXT_NAMELESS, sizeof(arg.nameless)),
		&bad_pointer);
	int ret;

	arg.nameless.flags = one_in(16) ? edge() : 0;
	arg.nameless.number = one_in(2) ? 0 : edge();
	arg.nameless.stat = one_in(4) ? edge() : (uintptr_t)&figures;
	bad |= arg.nameless.flags;
	ret = request(some_slot(), MSHAREFS_NEXT_NAMELESS, pointer);
	tallies[step_index].asked++;
	tallies[step_index].worked += !ret;
	check(ret || (!bad && !bad_pointer), "NEXT_NAMELESS succeeds");
}

static void remove_unused(void)
{
	bool bad = bad_size(sizeof(arg.remove)), bad_pointer;
	void *pointer = some_pointer(
		size_of(MSHAREFS_REMOVE_UNUSED, sizeof(arg.remove)),
		&bad_pointer);
	const char *name = strrchr(some_name(), '/') + 1;
	int ret;

	arg.remove.flags = one_in(16) ? edge() : 0;
	arg.remove.name = one_in(8) ? edge() : (uintptr_t)name;
	arg.remove.idle = one_in(2) ? 0 : edge();
	bad |= arg.remove.flags;
	ret = request(some_slot(), MSHAREFS_REMOVE_UNUSED, pointer);
	tallies[step_index].asked++;
	tallies[step_index].worked += !ret;
	check(ret || (!bad && !bad_pointer), "REMOVE_UNUSED succeeds");
}

/* Unknown requests, or requests of another size. */
static void no_request(void)
{
	unsigned int direction = random_below(4), nr = random_below(40);
	unsigned int size = random_below(256);

	for (int i = 0; i < 16; i++)
		arg.words[i] = edge();
	ioctl(some_slot(), _IOC(direction, MSHAREFS_IOC_MAGIC, nr, size), &arg);
	ioctl(some_slot(), (unsigned long)edge(), &arg);
}

/*
 * Names and descriptors
 */

static void open_slot(void)
{
	const int flags[] = { O_RDWR | O_CREAT,
			      O_RDWR | O_CREAT,
			      O_RDWR | O_CREAT | O_EXCL,
			      O_RDWR,
			      O_RDONLY,
			      O_WRONLY,
			      O_RDWR | O_TRUNC,
			      O_PATH,
			      O_RDONLY | O_DIRECTORY,
			      O_RDWR | O_TMPFILE,
			      O_RDWR | O_DIRECT,
			      O_RDWR | O_APPEND };
	unsigned int i = slot_to_reuse();

	close(slots[i]);
	slots[i] = open(some_name(), pick(flags) | O_CLOEXEC, 0600);
}

static void open_other(void)
{
	unsigned int i = slot_to_reuse(), kind = random_below(8);

	close(slots[i]);
	if (kind < 4)
		slots[i] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	else if (kind == 5)
		slots[i] = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	else
		slots[i] = object_kinds[one_in(4) ? HUGETLB : MEMFD].open();
	if (kind > 5 && ftruncate(slots[i], 2 * MIB))
		errno = 0;
}

static void close_slot(void)
{
	unsigned int i = slot_to_reuse();

	close(slots[i]);
	slots[i] = -1;
}

static void change_names(void)
{
	const char *one = some_name(), *two = some_name();

	switch (random_below(10)) {
	case 0:
		mkdir(one, 0700);
		break;
	case 1:
		rmdir(one);
		break;
	case 2:
		link(one, two);
		break;
	case 3:
		rename(one, two);
		break;
	case 4:
		renameat2(AT_FDCWD, one, AT_FDCWD, two, random_below(8));
		break;
	case 5:
		check(symlink(one, two) || !strcmp(two, ELSEWHERE),
		      "a symbolic link %s", two);
		break;
	case 6:
		check(mknod(one, S_IFSOCK | 0600, 0) || !strcmp(one, ELSEWHERE),
		      "a socket %s", one);
		break;
	case 7:
		if (truncate(one, edge()))
			errno = 0;
		break;
	default:
		unlink(one);
	}
}

/* The mount never reports more use than its limits. */
static struct statfs limits(void)
{
	struct statfs fs = { 0 };

	check(!statfs(MOUNT, &fs), "statfs: %m");
	check(fs.f_bfree <= fs.f_blocks && fs.f_ffree <= fs.f_files,
	      "%lu of %lu pages and %lu of %lu names are free", fs.f_bfree,
	      fs.f_blocks, fs.f_ffree, fs.f_files);
	return fs;
}

static void remount(void)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t pages, names;
	} options[] = {
		{ "size=8m", true, 8 * MIB / PAGE, 0 },
		{ "size=8m,nr_regions=16", true, 8 * MIB / PAGE, 16 },
		{ "size=40m,nr_regions=5", true, 40 * MIB / PAGE, 5 },
		{ "size=1", true, 1, 0 },
		{ "nr_regions=4", true, 0, 4 },
		{ "size=0,nr_regions=0", true, 0, 0 },
		{ "size=x", false, 0, 0 },
		{ "nr_regions=-1", false, 0, 0 },
		{ "uid=77", false, 0, 0 },
	};
	size_t i = random_below(sizeof(options) / sizeof(options[0]));
	int ret = mount(NULL, MOUNT, NULL, MS_REMOUNT, options[i].text);
	struct statfs fs = limits();

	check(ret || options[i].good, "a remount with \"%s\"", options[i].text);
	if (ret || !alone)
		return;
	check((!options[i].pages || fs.f_blocks == options[i].pages) &&
		      (!options[i].names || fs.f_files == options[i].names),
	      "remounted with \"%s\": %lu pages, %lu names", options[i].text,
	      fs.f_blocks, fs.f_files);
}

/* A region that exists for a moment, repeatedly. */
static void churn(const char *name)
{
	for (int i = 0; i < 10; i++) {
		int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0);
		int ret;

		if (fd < 0) {
			check(errno == ENOSPC, "a new name: %m");
			continue;
		}
		region_set_size(fd, arena, granule);
		ret = region_map(fd, arena, PAGE, RW, 0);
		check(!ret || ret == -ENOSPC, "CREATE_MAPPING: %s",
		      strerrorname_np(-ret));
		/* Either call may free the region. */
		if (i % 2)
			close(fd);
		check(!unlink(name), "unlink: %m");
		if (!(i % 2))
			close(fd);
	}
}

/* Two at the same time, with different names: nothing remains. */
static void churn_names(void)
{
	struct statfs before = limits(), after;
	char mine[64], other[64];
	int status = 0;
	pid_t pid;

	snprintf(mine, sizeof(mine), MOUNT "/mine-%d", getpid());
	snprintf(other, sizeof(other), MOUNT "/other-%d", getpid());
	pid = fork();
	if (!pid) {
		churn(other);
		_exit(failed_checks ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	churn(mine);
	check(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
	      "the other process ended with wait status %#x", status);
	after = limits();
	check(!alone || before.f_ffree == after.f_ffree,
	      "%lu names were free, and %lu are", before.f_ffree,
	      after.f_ffree);
}

static void use_as_file(void)
{
	int fd = slots[random_below(SLOTS)];
	/* One without a size would be a file from now on. */
	bool region = is_region(fd) && range_of(fd).size;
	char byte = 0;

	switch (random_below(6)) {
	case 0:
		check(read(fd, &byte, 1) < 0 || !region, "read of a region");
		break;
	case 1:
		if (region)
			check(write(fd, &byte, 1) < 0, "write to a region");
		break;
	case 2:
		if (region)
			check(ftruncate(fd, edge()), "ftruncate of a region");
		break;
	case 3:
		if (region)
			check(fallocate(fd, random_below(64), 0, PAGE),
			      "fallocate of a region");
		break;
	case 4:
		lseek(fd, edge(), random_below(6));
		break;
	default:
		if (region)
			fchmod(fd, random_below(010000));
	}
}

/*
 * Windows
 */

static bool window_is_right(int fd, void *window, uint64_t length, int prot,
			    int flags, uint64_t offset)
{
	struct mshare_info info = range_of(fd);
	uint64_t rounded = (length + PAGE - 1) & -PAGE;
	int type = flags & MAP_TYPE;

	return (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) && rounded &&
	       !(rounded % granule) && !(offset % granule) &&
	       (uint64_t)window == info.start + offset &&
	       offset + rounded <= info.size &&
	       (!(prot & PROT_WRITE) || may_write(fd));
}

/* A file can be mapped plainly, anywhere, if the address is only a hint. */
static bool is_file(int fd)
{
	return lseek(fd, 0, SEEK_DATA) >= 0 || errno != EINVAL;
}

static void map_window(void)
{
	int fd = some_region(), prot = one_in(16) ? some_prot() : RW;
	int flags = MAP_SHARED;
	uint64_t at = 0, length = (1 + random_below(3)) * granule;
	uint64_t offset = one_in(8) ? edge() : random_below(3) * granule;
	void *window;

	if (one_in(4))
		at = one_in(4) ? arena_page() : arena_granule();
	if (one_in(8))
		length = some_length();
	if (one_in(8))
		flags = random_below(4) | MAP_NORESERVE;
	/* Only over mappings in the arena. */
	if (at && one_in(2) && length <= arena + ARENA * granule - at)
		flags |= MAP_FIXED;
	if (one_in(8))
		flags |= MAP_POPULATE;
	if (one_in(16))
		flags |= MAP_LOCKED;
	/* A mapping that is not a window may be anywhere: not kept. */
	if (!is_region(fd))
		return;
	window = mmap((void *)at, length, prot, flags, fd, offset);
	if (window == MAP_FAILED)
		return;
	if (at && !(flags & MAP_FIXED) && is_file(fd) &&
	    (uint64_t)window != range_of(fd).start + offset) {
		munmap(window, length);
		return;
	}
	check(window_is_right(fd, window, length, prot, flags, offset),
	      "a window of %#lx at %p, offset %#lx, rights %d, flags %#x",
	      length, window, offset, prot, flags);
}

static void change_window(void)
{
	uint64_t at = one_in(2) ? arena_granule() : arena_page();
	uint64_t length = own_length(at);
	void *to = (void *)arena_granule();
	unsigned char pages[16];
	unsigned long mask = 1;

	switch (random_below(12)) {
	case 0:
	case 1:
		munmap((void *)at, length);
		break;
	case 2:
		mprotect((void *)at, length, some_prot());
		break;
	case 3:
		/* Both ends in the arena. */
		mremap((void *)at, random_below(3) * granule, granule,
		       MREMAP_MAYMOVE | MREMAP_FIXED, to);
		break;
	case 4:
		madvise((void *)at, length, random_below(26));
		break;
	case 5:
		mlock2((void *)at, length, random_below(2));
		break;
	case 6:
		munlock((void *)at, length);
		break;
	case 7:
		mincore((void *)at, 16 * PAGE, pages);
		break;
	case 8:
		msync((void *)at, length, random_below(8));
		break;
	case 9:
		syscall(SYS_mbind, at, length, random_below(6), &mask, 64,
			random_below(8));
		break;
	case 10:
		syscall(SYS_mseal, at, length, random_below(2));
		break;
	default:
		syscall(SYS_remap_file_pages, at, length, 0, random_below(4),
			0);
	}
}

static void touch(void)
{
	char *at = (char *)arena_page() + random_below(512) * 8;
	uint64_t value;

	if (one_in(2))
		load(at, &value);
	else
		store(at, 42);
}

static void copy(void)
{
	char bytes[64];
	struct iovec here = { bytes, sizeof(bytes) };
	struct iovec there = { (char *)arena_page() + random_below(PAGE),
			       sizeof(bytes) };

	if (one_in(2))
		process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	else
		process_vm_writev(getpid(), &here, 1, &there, 1, 0);
}

static void have_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		touch();
		touch();
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* A round begins with usable regions. */
static void begin_well(void)
{
	static const char *const names[] = { MOUNT "/a", MOUNT "/b",
					     MOUNT "/c" };

	for (int i = 0; i < 3; i++) {
		uint64_t start = arena + 2 * i * granule;

		slots[i] = open(names[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		arg.info.start = start;
		arg.info.size = 2 * granule;
		if (!request(slots[i], MSHAREFS_SET_SIZE, &arg.info))
			learn(slots[i]);
		region_map(slots[i], start, 16 * PAGE, RW, 0);
		region_map(slots[i], start + granule, 16 * PAGE, RW, 0);
		mmap(NULL, 2 * granule, RW, MAP_SHARED, slots[i], 0);
	}
	slots[KEPT] = object_open(&object_kinds[MEMFD], 2 * MIB);
}

static const struct step {
	const char *name;
	unsigned int weight;
	void (*run)(void);
} steps[] = {
	{ "open", 20, open_slot },
	{ "open of another kind", 6, open_other },
	{ "close", 4, close_slot },
	{ "a name", 10, change_names },
	{ "a remount", 4, remount },
	{ "names of two processes", 2, churn_names },
	{ "a file's system call", 8, use_as_file },
	{ "SET_SIZE", 20, set_size },
	{ "CREATE_MAPPING", 40, create_mapping },
	{ "UNMAP", 12, unmap },
	{ "PROTECT", 20, protect },
	{ "STAT", 6, stat_region },
	{ "NEXT_MAPPING", 12, next_mapping },
	{ "ADVISE", 20, advise },
	{ "LOCK", 8, lock },
	{ "SEAL", 4, seal },
	{ "MEMPOLICY", 8, mempolicy },
	{ "FEATURES", 4, features },
	{ "NEXT_REMOVED", 4, next_removed },
	{ "REMOVE_UNUSED", 4, remove_unused },
	{ "NEXT_NAMELESS", 4, next_nameless },
	{ "no request", 8, no_request },
	{ "mmap", 24, map_window },
	{ "a system call on a window", 16, change_window },
	{ "a touch", 60, touch },
	{ "a copy", 10, copy },
	{ "fork", 2, have_child },
};

#define NR_STEPS (sizeof(steps) / sizeof(steps[0]))

static const struct step *some_step(void)
{
	static unsigned int total;
	unsigned int ticket;

	if (!total)
		for (size_t i = 0; i < NR_STEPS; i++)
			total += steps[i].weight;
	ticket = random_below(total);
	for (const struct step *step = steps;; step++) {
		if (ticket < step->weight)
			return step;
		ticket -= step->weight;
	}
}

/*
 * Rounds
 */

/* Ranges and mshare_info never change. */
static void check_known(void)
{
	char text[32] = "";
	int info;

	for (int i = 0; i < SLOTS; i++) {
		const struct known *is = find_known(slots[i]);
		struct mshare_info now;

		if (!is || region_get_size(slots[i], &now))
			continue;
		check(!memcmp(&is->info, &now, sizeof(now)),
		      "a region became %#llx bytes at %#llx", now.size,
		      now.start);
	}
	info = open(MOUNT "/mshare_info", O_RDONLY | O_CLOEXEC);
	check(info >= 0 && read(info, text, sizeof(text) - 1) > 0 &&
		      strtoull(text, NULL, 10) == granule,
	      "mshare_info says %s", text);
	close(info);
}

static void take_steps(struct peer *parent, void *data)
{
	(void)parent;
	random_seed(*(const uint64_t *)data);
	alarm(250);
	last_page =
		mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(last_page != MAP_FAILED && !munmap(last_page + PAGE, PAGE),
	     "mmap: %m");
	memset(slots, -1, sizeof(slots));
	begin_well();
	for (int i = 0; i < STEPS && !failed_checks; i++) {
		const struct step *step = some_step();

		memset(&arg, 0, sizeof(arg));
		step_name = step->name;
		step_index = step - steps;
		step->run();
	}
	if (failed_checks)
		fprintf(stderr, "... in %s\n", step_name);
	check_known();
}

/* The options that the mount accepts and refuses. */
static void mount_somehow(void)
{
	static const struct {
		const char *text;
		bool good;
	} options[] = {
		{ "", true },
		{ "mode=700", true },
		{ "uid=5", true },
		{ "gid=5,mode=1777", true },
		{ "mode=", false },
		{ "mode=9", false },
		{ "uid=-2", false },
		{ "mode=77777777", false },
		{ "size=0", true },
		{ "size=x", false },
		{ "nonsense", false },
		{ "size=8m,nr_regions=16", true },
		{ "size=8m", true },
		{ "nr_regions=16", true },
		{ "nr_regions=4", true },
		{ "nr_regions=x", false },
	};
	size_t i = random_below(sizeof(options) / sizeof(options[0]));
	int ret = mount("mshare", MOUNT, "msharefs", 0, options[i].text);

	check(!ret == options[i].good, "mounting with \"%s\": %m",
	      options[i].text);
	if (ret)
		must(!mount("mshare", MOUNT, "msharefs", 0, NULL), "mount: %m");
}

/* Prints the seed first, in case the kernel does not survive the round. */
static void announce(uint64_t seed)
{
	int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (log < 0)
		return;
	dprintf(log, "soak-fuzz: seed %lu\n", seed);
	close(log);
}

static void one_round(uint64_t seed, unsigned int processes)
{
	struct peer peers[16];
	uint64_t seeds[16];

	announce(seed);
	random_seed(seed);
	mount_somehow();
	for (unsigned int i = 0; i < processes; i++) {
		seeds[i] = random_bits();
		peers[i] = peer_start(take_steps, &seeds[i]);
	}
	for (unsigned int i = 0; i < processes; i++)
		peer_end(&peers[i]);
	check(!umount(MOUNT), "umount: %m");
	if (failed_checks)
		fprintf(stderr, "again: soak-fuzz 0 %lu %u\n", seed, processes);
}

int main(int argc, char **argv)
{
	unsigned int processes = argc > 3 ? atoi(argv[3]) : 1;
	unsigned int rounds = 0;
	double end;
	uint64_t seed;

	if (argc < 3 || processes < 1 || processes > 16) {
		fprintf(stderr, "usage: %s SECONDS SEED [PROCESSES]\n",
			argv[0]);
		return 2;
	}
	regions_init();
	touch_init();
	arena = region_address(400);
	alone = processes == 1;
	end = seconds() + atof(argv[1]);
	seed = strtoull(argv[2], NULL, 0);
	set_for_now(HUGE_PAGES, "4");
	tallies = mmap(NULL, sizeof(*tallies) * NR_STEPS, RW,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	must(tallies != MAP_FAILED, "mmap: %m");
	mkdir(MOUNT, 0700);
	leaks_begin();
	do
		one_round(seed + rounds++, processes);
	while (seconds() < end && !failed_checks);
	leaks_check(50);
	printf("%u rounds of %u steps\n", rounds, STEPS * processes);
	for (size_t i = 0; i < NR_STEPS; i++)
		if (tallies[i].asked)
			printf("  %s: %lu of %lu worked\n", steps[i].name,
			       tallies[i].worked, tallies[i].asked);
	return failed_checks ? EXIT_FAILURE : EXIT_SUCCESS;
}
