// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every request with every kind of argument, as tables. A refused request must
 * leave the region unchanged.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "program32.h"
#include "region.h"

/*
 * The layout is the same for 32-bit callers because all fields have fixed
 * widths.
 */
_Static_assert(sizeof(struct mshare_info) == 16, "mshare_info");
_Static_assert(sizeof(struct mshare_create) == 40, "mshare_create");
_Static_assert(sizeof(struct mshare_unmap) == 16, "mshare_unmap");
_Static_assert(sizeof(struct mshare_protect) == 24, "mshare_protect");
_Static_assert(offsetof(struct mshare_create, fd) == 32, "mshare_create");
_Static_assert(offsetof(struct msharefs_stat, attached) == 8, "msharefs_stat");

_Static_assert(MSHAREFS_GET_SIZE == 0x80107800, "GET_SIZE");
_Static_assert(MSHAREFS_SET_SIZE == 0x40107801, "SET_SIZE");
_Static_assert(MSHAREFS_CREATE_MAPPING == 0x40287802, "CREATE_MAPPING");
_Static_assert(MSHAREFS_UNMAP == 0x40107803, "UNMAP");
_Static_assert(MSHAREFS_PROTECT == 0x40187804, "PROTECT");

#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS)
#define NO_FD (-1U)
#define TOP   (~0ULL)

/* The region for a row of a table: a region of four granules, and... */
enum contents {
	SIZELESS, /* without address and size */
	EMPTY,    /* nothing */
	OBJECT,   /* 16 pages from page 16 on */
};

static uint64_t start, end, object;

/* Without a name, so that the region ends when its descriptor is closed. */
static int new_region(enum contents contents)
{
	char path[] = MSHARE_MOUNT "/test-requests";
	int fd = region_open(path, O_RDWR | O_CREAT | O_EXCL);

	unlink(path);
	if (contents != SIZELESS)
		must(!region_set_size(fd, start, end - start), "no region");
	if (contents == OBJECT)
		region_fill(fd, object, 16 * PAGE, RW);
	return fd;
}

struct snapshot {
	struct mshare_info info;
	struct msharefs_stat stat;
};

static struct snapshot look(int fd)
{
	struct snapshot now;

	memset(&now, 0xee, sizeof(now));
	check_result(region_get_size(fd, &now.info), 0, "GET_SIZE");
	check_result(region_stat(fd, &now.stat), 0, "STAT");
	return now;
}

/* One row: the request on a region with @contents returns @want. */
static void try_request(const char *what, enum contents contents,
			unsigned long number, const void *arg, int want)
{
	int fd = new_region(contents);
	struct snapshot before = look(fd), after;

	check_result(request(fd, number, arg), want, "%s", what);
	after = look(fd);
	if (want) {
		check(!memcmp(&before, &after, sizeof(before)),
		      "%s: refused, and yet the region changed", what);
	}
	close(fd);
}

static void get_size(void)
{
	struct mshare_info info = { 1, 1 };
	int fd = new_region(SIZELESS);

	check_result(region_get_size(fd, &info), 0, "no size yet");
	check(!info.start && !info.size,
	      "not zeros before SET_SIZE: %#llx %#llx", info.start, info.size);
	check_result(region_set_size(fd, start, 2 * granule), 0, "SET_SIZE");
	check_result(region_get_size(fd, &info), 0, "size set");
	check(info.start == start && info.size == 2 * granule,
	      "GET_SIZE says %#llx %#llx", info.start, info.size);
	close(fd);
}

static void set_size(void)
{
	const uint64_t g = granule;
	const uint64_t limit = have_high_addresses() ? 1ULL << 56 : 1ULL << 47;
	const uint64_t at = region_address(0);
	const struct {
		const char *what;
		uint64_t start, size;
		int want;
	} rows[] = {
		{ "one granule", at, g, 0 },
		{ "many granules", at, 1000 * g, 0 },
		{ "the lowest granule but one", g, g, 0 },
		{ "the last granule of user space", limit - 2 * g, g, 0 },
		{ "start 0", 0, g, EINVAL },
		{ "size 0", at, 0, EINVAL },
		{ "both 0", 0, 0, EINVAL },
		{ "start off by one", at + 1, g, EINVAL },
		{ "start off by a page", at + PAGE, g, EINVAL },
		{ "start off by half a granule", at + g / 2, g, EINVAL },
		{ "size of one byte", at, 1, EINVAL },
		{ "size of a page", at, PAGE, EINVAL },
		{ "size one less than a granule", at, g - 1, EINVAL },
		{ "size one more than a granule", at, g + 1, EINVAL },
		{ "size of a granule and a half", at, g + g / 2, EINVAL },
		{ "end at the end of user space", limit - g, g, EINVAL },
		{ "end past user space", limit - 2 * g, 2 * g, EINVAL },
		{ "start past user space", limit, g, EINVAL },
		{ "not canonical", 1ULL << 57, g, EINVAL },
		{ "the kernel's half", 1ULL << 63, g, EINVAL },
		{ "the last granule there is", -g, g, EINVAL },
		{ "all of the address space", g, -g, EINVAL },
		{ "wraps to itself", at, -g, EINVAL },
		{ "wraps into user space", -g, 3 * g, EINVAL },
		{ "wraps past itself", 4 * g, -2 * g, EINVAL },
		{ "start of all ones", TOP, g, EINVAL },
		{ "size of all ones", at, TOP, EINVAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mshare_info info = { rows[i].start, rows[i].size };

		try_request(rows[i].what, SIZELESS, MSHAREFS_SET_SIZE, &info,
			    rows[i].want);
	}
}

static void set_size_once(void)
{
	uint64_t g = granule;
	int fd = new_region(EMPTY);
	struct mshare_info info;

	check_result(region_set_size(fd, start, end - start), EBUSY,
		     "the same again");
	check_result(region_set_size(fd, start + 8 * g, g), EBUSY, "another");
	check_result(region_get_size(fd, &info), 0, "GET_SIZE");
	check(info.start == start && info.size == end - start,
	      "the second SET_SIZE changed the region");
	close(fd);

	/* A refused request has no effect. */
	fd = new_region(SIZELESS);
	check_result(region_set_size(fd, start + 1, g), EINVAL, "unaligned");
	check_result(region_set_size(fd, start, g), 0, "after a refused one");
	close(fd);
}

/*
 * The rows below contain only the differences from a good request, so a field
 * may be initialised twice on purpose.
 */
#pragma GCC diagnostic ignored "-Woverride-init"

#define CREATE(what, contents, want, ...)                         \
	{                                                         \
		what, contents, want,                             \
		{                                                 \
			.addr = object, .size = PAGE, .prot = RW, \
			.flags = ANON, .fd = NO_FD, __VA_ARGS__   \
		}                                                 \
	}

static void create_mapping(void)
{
	const uint64_t all = end - start;
	const struct {
		const char *what;
		enum contents contents;
		int want;
		struct mshare_create create;
	} rows[] = {
		/* What works */
		CREATE("one page", EMPTY, 0, ),
		CREATE("all of it", EMPTY, 0, .addr = start, .size = all,
		       .flags = ANON | MAP_NORESERVE),
		CREATE("the last page", EMPTY, 0, .addr = end - PAGE),
		CREATE("a size that is rounded up", EMPTY, 0, .size = 1),
		CREATE("no access", EMPTY, 0, .prot = PROT_NONE),
		CREATE("all access", EMPTY, 0, .prot = RW | PROT_EXEC),
		CREATE("before another", OBJECT, 0, .addr = object - PAGE),
		CREATE("after another", OBJECT, 0, .addr = object + 16 * PAGE),

		/* Addresses */
		CREATE("no size set yet", SIZELESS, EINVAL, ),
		CREATE("address off by one", EMPTY, EINVAL, .addr = object + 1),
		CREATE("address off by half a page", EMPTY, EINVAL,
		       .addr = object + PAGE / 2),
		CREATE("size 0", EMPTY, EINVAL, .size = 0),
		CREATE("address 0", EMPTY, EINVAL, .addr = 0),
		CREATE("below the region", EMPTY, EINVAL, .addr = start - PAGE),
		CREATE("into it from below", EMPTY, EINVAL,
		       .addr = start - PAGE, .size = 2 * PAGE),
		CREATE("past the end", EMPTY, EINVAL, .addr = end),
		CREATE("out over the end", EMPTY, EINVAL, .addr = end - PAGE,
		       .size = 2 * PAGE),
		CREATE("out over the end by a byte", EMPTY, EINVAL,
		       .addr = end - PAGE, .size = PAGE + 1),
		CREATE("the kernel's half", EMPTY, EINVAL, .addr = 1ULL << 63),
		CREATE("address of all ones", EMPTY, EINVAL, .addr = TOP),
		CREATE("size wraps to 0", EMPTY, EINVAL, .size = -object),
		CREATE("size wraps into the region", EMPTY, EINVAL,
		       .size = -8 * PAGE),
		CREATE("size wraps when rounded up", EMPTY, EINVAL,
		       .size = TOP),
		CREATE("size of all pages", EMPTY, EINVAL, .size = -PAGE),

		/* Overlap */
		CREATE("the same range", OBJECT, EEXIST, .size = 16 * PAGE),
		CREATE("its head", OBJECT, EEXIST, .addr = object - PAGE,
		       .size = 2 * PAGE),
		CREATE("its tail", OBJECT, EEXIST, .addr = object + 15 * PAGE,
		       .size = 2 * PAGE),
		CREATE("inside it", OBJECT, EEXIST, .addr = object + PAGE),
		CREATE("all around it", OBJECT, EEXIST, .addr = start,
		       .size = all, .flags = ANON | MAP_NORESERVE),

		/* Flags and access rights */
		CREATE("no flags", EMPTY, EINVAL, .flags = 0),
		CREATE("not MAP_FIXED", EMPTY, EINVAL,
		       .flags = MAP_SHARED | MAP_ANONYMOUS),
		CREATE("not MAP_SHARED", EMPTY, EINVAL,
		       .flags = MAP_FIXED | MAP_ANONYMOUS),
		CREATE("MAP_PRIVATE", EMPTY, EINVAL,
		       .flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS),
		CREATE("MAP_SHARED_VALIDATE", EMPTY, EINVAL,
		       .flags = ANON | MAP_SHARED_VALIDATE),
		CREATE("MAP_FIXED_NOREPLACE", EMPTY, EINVAL,
		       .flags = MAP_SHARED | MAP_ANONYMOUS |
				MAP_FIXED_NOREPLACE),
		CREATE("MAP_GROWSDOWN", EMPTY, EINVAL,
		       .flags = ANON | MAP_GROWSDOWN),
		CREATE("MAP_HUGETLB", EMPTY, EINVAL,
		       .flags = ANON | MAP_HUGETLB),
		CREATE("an unknown flag", EMPTY, EINVAL,
		       .flags = ANON | 1U << 31),
		CREATE("an unknown access right", EMPTY, EINVAL,
		       .prot = RW | 0x100),
		CREATE("PROT_GROWSDOWN", EMPTY, EINVAL,
		       .prot = RW | PROT_GROWSDOWN),
		CREATE("PROT_GROWSUP", EMPTY, EINVAL,
		       .prot = RW | PROT_GROWSUP),
		CREATE("the highest access right", EMPTY, EINVAL,
		       .prot = RW | 1U << 31),

		/* Sources */
		CREATE("an offset into nothing", EMPTY, EINVAL, .offset = PAGE),
		CREATE("an unaligned offset", EMPTY, EINVAL, .offset = 1),
		CREATE("an offset of all ones", EMPTY, EINVAL, .offset = TOP),
		CREATE("a descriptor that is not open", EMPTY, REFUSED,
		       .flags = MAP_SHARED | MAP_FIXED, .fd = 12345),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_request(rows[i].what, rows[i].contents,
			    MSHAREFS_CREATE_MAPPING, &rows[i].create,
			    rows[i].want);
}

/* A region must not become an object of another region, or of itself. */
static void nested(void)
{
	int outer = new_region(EMPTY), inner = new_region(OBJECT);
	struct mshare_create create = {
		.addr = start,
		.size = granule,
		.prot = RW,
		.flags = MAP_SHARED | MAP_FIXED,
		.fd = inner,
	};

	check_result(request(outer, MSHAREFS_CREATE_MAPPING, &create), REFUSED,
		     "a region in another");
	check_result(request(inner, MSHAREFS_CREATE_MAPPING, &create), REFUSED,
		     "a region in itself");
	close(outer);
	close(inner);
}

static void reserve(void)
{
	uint64_t memory = (meminfo("MemTotal") + meminfo("SwapTotal")) * KIB;
	uint64_t too_much = (memory / granule + 2) * granule;
	const char *path = region_path();
	int fd = region_create(path, region_address(0), 2 * too_much);
	uint64_t at = region_address(0);
	long before, with;

	check_result(region_map(fd, at, too_much, RW, 0), ENOMEM,
		     "more than all memory, reserved");
	check_result(region_map(fd, at, too_much, RW, MAP_NORESERVE), 0,
		     "more than all memory, not reserved");
	at += too_much;
	before = meminfo("Committed_AS");
	check_result(region_map(fd, at, GIB, RW, 0), 0, "1 GiB, reserved");
	with = meminfo("Committed_AS");
	check(labs(with - before - 1024 * 1024) < 4096,
	      "reserving 1 GiB took Committed_AS from %ld to %ld KiB", before,
	      with);
	check_result(region_unmap(fd, at, GIB), 0, "UNMAP");
	with = meminfo("Committed_AS");
	check(labs(with - before) < 4096,
	      "UNMAP left Committed_AS at %ld, not %ld KiB", with, before);
	close(fd);
}

#define UNMAP(what, contents, want, ...)                          \
	{                                                         \
		what, contents, want,                             \
		{                                                 \
			.addr = object, .size = PAGE, __VA_ARGS__ \
		}                                                 \
	}

static void unmap(void)
{
	const struct {
		const char *what;
		enum contents contents;
		int want;
		struct mshare_unmap unmap;
	} rows[] = {
		UNMAP("all of an object", OBJECT, 0, .size = 16 * PAGE),
		UNMAP("its first page", OBJECT, 0, ),
		UNMAP("its last page", OBJECT, 0, .addr = object + 15 * PAGE),
		UNMAP("a page inside", OBJECT, 0, .addr = object + PAGE),
		UNMAP("the region", OBJECT, 0, .addr = start,
		      .size = end - start),
		UNMAP("a hole", EMPTY, 0, ),
		UNMAP("a region without objects", EMPTY, 0, .addr = start,
		      .size = end - start),
		UNMAP("a size that is rounded up", OBJECT, 0, .size = 1),

		UNMAP("no size set yet", SIZELESS, EINVAL, ),
		UNMAP("address off by one", OBJECT, EINVAL, .addr = object + 1),
		UNMAP("size 0", OBJECT, EINVAL, .size = 0),
		UNMAP("address 0", OBJECT, EINVAL, .addr = 0),
		UNMAP("below the region", OBJECT, EINVAL, .addr = start - PAGE),
		UNMAP("into it from below", OBJECT, EINVAL,
		      .addr = start - PAGE, .size = end - start),
		UNMAP("past the end", OBJECT, EINVAL, .addr = end),
		UNMAP("out over the end", OBJECT, EINVAL,
		      .size = end - object + PAGE),
		UNMAP("out over the end by a byte", OBJECT, EINVAL,
		      .size = end - object + 1),
		UNMAP("the kernel's half", OBJECT, EINVAL, .addr = 1ULL << 63),
		UNMAP("address of all ones", OBJECT, EINVAL, .addr = TOP),
		UNMAP("size wraps to 0", OBJECT, EINVAL, .size = -object),
		UNMAP("size wraps into the region", OBJECT, EINVAL,
		      .size = -8 * PAGE),
		UNMAP("size wraps when rounded up", OBJECT, EINVAL,
		      .size = TOP),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_request(rows[i].what, rows[i].contents, MSHAREFS_UNMAP,
			    &rows[i].unmap, rows[i].want);
}

#define PROTECT(what, contents, want, ...)                               \
	{                                                                \
		what, contents, want,                                    \
		{                                                        \
			.addr = object, .size = PAGE, .prot = PROT_READ, \
			__VA_ARGS__                                      \
		}                                                        \
	}

static void protect(void)
{
	const struct {
		const char *what;
		enum contents contents;
		int want;
		struct mshare_protect protect;
	} rows[] = {
		PROTECT("all of an object", OBJECT, 0, .size = 16 * PAGE),
		PROTECT("its first page", OBJECT, 0, ),
		PROTECT("its last page", OBJECT, 0, .addr = object + 15 * PAGE),
		PROTECT("a page inside", OBJECT, 0, .addr = object + PAGE),
		PROTECT("the rights it has", OBJECT, 0, .prot = RW),
		PROTECT("no access", OBJECT, 0, .prot = PROT_NONE),
		PROTECT("all access", OBJECT, 0, .prot = RW | PROT_EXEC),
		PROTECT("a size that is rounded up", OBJECT, 0, .size = 1),

		PROTECT("no size set yet", SIZELESS, EINVAL, ),
		PROTECT("address off by one", OBJECT, EINVAL,
			.addr = object + 1),
		PROTECT("size 0", OBJECT, EINVAL, .size = 0),
		PROTECT("address 0", OBJECT, EINVAL, .addr = 0),
		PROTECT("below the region", OBJECT, EINVAL,
			.addr = start - PAGE),
		PROTECT("past the end", OBJECT, EINVAL, .addr = end),
		PROTECT("out over the end", OBJECT, EINVAL,
			.size = end - object + PAGE),
		PROTECT("the kernel's half", OBJECT, EINVAL,
			.addr = 1ULL << 63),
		PROTECT("size wraps into the region", OBJECT, EINVAL,
			.size = -8 * PAGE),
		PROTECT("size wraps when rounded up", OBJECT, EINVAL,
			.size = TOP),
		PROTECT("a hole", EMPTY, ENOMEM, ),
		PROTECT("a hole before the object", OBJECT, ENOMEM,
			.addr = object - PAGE, .size = 2 * PAGE),
		PROTECT("an unknown access right", OBJECT, EINVAL,
			.prot = 0x100),
		PROTECT("PROT_GROWSDOWN", OBJECT, EINVAL,
			.prot = RW | PROT_GROWSDOWN),
		PROTECT("PROT_GROWSUP", OBJECT, EINVAL,
			.prot = RW | PROT_GROWSUP),
		PROTECT("the highest access right", OBJECT, EINVAL,
			.prot = RW | 1U << 31),
		PROTECT("a flag", OBJECT, EINVAL, .flags = 1),
		PROTECT("the highest flag", OBJECT, EINVAL, .flags = 1U << 31),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_request(rows[i].what, rows[i].contents, MSHAREFS_PROTECT,
			    &rows[i].protect, rows[i].want);
}

/* The number of mapped bytes of a region shows the effect of requests. */
static void effects(void)
{
	int fd = new_region(OBJECT);
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	check(stat.mappings == 1 && stat.mapped == 16 * PAGE,
	      "an object of 16 pages: %llu mappings, %llu bytes", stat.mappings,
	      stat.mapped);
	check_result(region_unmap(fd, object + 4 * PAGE, 1), 0, "UNMAP");
	region_stat(fd, &stat);
	check(stat.mappings == 2 && stat.mapped == 15 * PAGE,
	      "without its fifth page: %llu mappings, %llu bytes",
	      stat.mappings, stat.mapped);
	check_result(region_map(fd, object + 4 * PAGE, 1, RW, 0), 0,
		     "into the hole");
	check_result(region_unmap(fd, start, end - start), 0, "UNMAP");
	region_stat(fd, &stat);
	check(!stat.mappings && !stat.mapped,
	      "emptied: %llu mappings, %llu bytes", stat.mappings, stat.mapped);
	close(fd);
}

/*
 * The structures are at the end of a page that is followed by a hole, so that a
 * kernel that copies more than their size fails; and in a hole.
 */
static void pointers(void)
{
	char *pages =
		mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *edge = pages + PAGE;
	int fd = new_region(OBJECT);
	struct {
		const char *what;
		unsigned long number;
		size_t size;
		const void *good;
	} rows[] = {
		{ "GET_SIZE", MSHAREFS_GET_SIZE, sizeof(struct mshare_info),
		  &(struct mshare_info){ 0 } },
		{ "CREATE_MAPPING", MSHAREFS_CREATE_MAPPING,
		  sizeof(struct mshare_create),
		  &(struct mshare_create){ start, PAGE, 0, RW, ANON, -1 } },
		{ "PROTECT", MSHAREFS_PROTECT, sizeof(struct mshare_protect),
		  &(struct mshare_protect){ start, PAGE, PROT_READ, 0 } },
		{ "UNMAP", MSHAREFS_UNMAP, sizeof(struct mshare_unmap),
		  &(struct mshare_unmap){ start, PAGE } },
		{ "STAT", MSHAREFS_STAT, sizeof(struct msharefs_stat),
		  &(struct msharefs_stat){
			  .size = sizeof(struct msharefs_stat) } },
	};
	struct mshare_info *info = (void *)(edge - sizeof(*info));
	int fresh = new_region(SIZELESS);

	must(pages != MAP_FAILED && !munmap(edge, PAGE), "mmap: %m");
	*info = (struct mshare_info){ start, granule };
	check_result(request(fresh, MSHAREFS_SET_SIZE, NULL), EFAULT,
		     "SET_SIZE at NULL");
	check_result(request(fresh, MSHAREFS_SET_SIZE, (char *)info + 8),
		     EFAULT, "SET_SIZE half over the edge");
	check_result(request(fresh, MSHAREFS_SET_SIZE, info), 0,
		     "SET_SIZE at the edge");
	close(fresh);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *arg = edge - rows[i].size;

		memcpy(arg, rows[i].good, rows[i].size);
		check_result(request(fd, rows[i].number, arg), 0,
			     "%s at the edge", rows[i].what);
		memcpy(arg + 4, rows[i].good, rows[i].size - 4);
		check_result(request(fd, rows[i].number, arg + 4), EFAULT,
			     "%s over the edge", rows[i].what);
		check_result(request(fd, rows[i].number, NULL), EFAULT,
			     "%s at NULL", rows[i].what);
		check_result(
			request(fd, rows[i].number, (void *)0xffff888000000000),
			EFAULT, "%s in the kernel", rows[i].what);
	}
	munmap(pages, PAGE);
	close(fd);
}

/* The descriptor of a request. */
static void descriptors(void)
{
	const char *path = region_path();
	int fd = region_create(path, region_address(0), granule);
	uint64_t at = region_address(0);
	int readonly, writeonly, pathonly;
	struct mshare_info info;
	struct msharefs_stat stat;

	region_fill(fd, at, PAGE, RW);

	readonly = region_open(path, O_RDONLY);
	check_result(region_get_size(readonly, &info), 0, "GET_SIZE");
	check_result(region_stat(readonly, &stat), 0, "STAT");
	check_result(region_map(readonly, at + PAGE, PAGE, RW, 0), EBADF,
		     "CREATE_MAPPING, O_RDONLY");
	check_result(region_unmap(readonly, at, PAGE), EBADF,
		     "UNMAP, O_RDONLY");
	check_result(region_protect(readonly, at, PAGE, PROT_NONE), EBADF,
		     "PROTECT, O_RDONLY");
	region_stat(fd, &stat);
	check(stat.mapped == PAGE && stat.mappings == 1,
	      "requests that were refused changed the region");
	close(readonly);

	writeonly = region_open(path, O_WRONLY);
	check_result(region_map(writeonly, at + PAGE, PAGE, RW, 0), 0,
		     "CREATE_MAPPING, O_WRONLY");
	close(writeonly);

	pathonly = region_open(path, O_PATH);
	check_result(region_get_size(pathonly, &info), EBADF, "O_PATH");
	close(pathonly);
	close(fd);

	readonly = open(MSHARE_MOUNT, O_RDONLY | O_DIRECTORY);
	check_result(region_get_size(readonly, &info), ENOTTY, "a directory");
	close(readonly);
	readonly = open(MSHARE_MOUNT "/mshare_info", O_RDONLY);
	check_result(region_get_size(readonly, &info), ENOTTY, "mshare_info");
	check_result(region_unmap(readonly, at, PAGE), REFUSED,
		     "UNMAP of mshare_info");
	close(readonly);
}

static void set_size_readonly(void)
{
	const char *path = region_path();
	int fd = region_open(path, O_RDWR | O_CREAT | O_EXCL);
	int readonly = region_open(path, O_RDONLY);
	struct mshare_info info;

	check_result(region_set_size(readonly, region_address(0), granule),
		     EBADF, "SET_SIZE, O_RDONLY");
	region_get_size(fd, &info);
	check(!info.start && !info.size, "it set the size all the same");
	close(readonly);
	close(fd);
}

static void unknown(void)
{
	const unsigned long numbers[] = {
		_IO('x', 0x1f),
		_IO('x', 0),
		_IO('x', 1),
		_IOR('x', 0, char[8]),
		_IOR('x', 0, char[24]),
		_IOW('x', 1, char[24]),
		_IOWR('x', 2, struct mshare_create),
		_IOW('x', 3, char[8]),
		_IOW('x', 4, char[16]),
		_IO('y', 0),
		0,
		0xffffffff,
	};
	char arg[64] = { 0 };
	int fd = new_region(OBJECT);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		check_result(request(fd, numbers[i], arg), ENOTTY,
			     "request %#lx", numbers[i]);
	close(fd);
}

/* A caller may know a newer struct msharefs_stat, with fields that are 0. */
static void stat_sizes(void)
{
	struct {
		struct msharefs_stat stat;
		uint64_t more[4], guard;
	} buffer, before;
	const size_t known = sizeof(struct msharefs_stat);
	const size_t longer = offsetof(__typeof__(buffer), guard);
	int fd = new_region(OBJECT);
	const struct {
		uint32_t size, flags;
		uint64_t more;
		int want;
	} rows[] = {
		/* clang-format off */
		{ 0, 0, 0, EINVAL },
		{ 8, 0, 0, EINVAL },
		{ MSHAREFS_STAT_SIZE_VER0 - 1, 0, 0, EINVAL },
		{ MSHAREFS_STAT_SIZE_VER0, 0, 1, 0 },
		{ known, 0, 1, 0 },
		{ longer, 0, 0, 0 },
		{ longer, 0, 1, E2BIG },
		{ longer, 0, 1ULL << 63, E2BIG },
		{ PAGE + 8, 0, 0, E2BIG },
		{ known, 1, 0, EINVAL },
		{ known, 1U << 31, 0, EINVAL },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t size = rows[i].size;
		size_t to = rows[i].want ? 0 : size < known ? size : known;

		memset(&buffer, 0xee, sizeof(buffer));
		memset(buffer.more, 0, sizeof(buffer.more));
		buffer.more[3] = rows[i].more;
		buffer.stat.size = size;
		buffer.stat.flags = rows[i].flags;
		before = buffer;
		check_result(request(fd, MSHAREFS_STAT, &buffer), rows[i].want,
			     "STAT of size %u, flags %#x", size, rows[i].flags);
		check(!memcmp((char *)&buffer + to, (char *)&before + to,
			      sizeof(buffer) - to),
		      "STAT of size %u wrote behind byte %zu", size, to);
		check(rows[i].want || buffer.stat.mappings == 1,
		      "STAT of size %u returns %llu mappings", size,
		      buffer.stat.mappings);
	}
	close(fd);
}

/* Requests that read do not work for a process that may only write. */
static void only_write(void)
{
	const char *path = region_path();
	struct msharefs_mapping mapping = { .size = sizeof(mapping) };
	struct msharefs_features features = { .size = sizeof(features) };
	struct msharefs_stat stat;
	struct mshare_info info;
	int fd;

	close(region_create(path, region_address(0), granule));
	fd = region_open(path, O_WRONLY);
	check_result(region_get_size(fd, &info), 0, "GET_SIZE");
	check_result(request(fd, MSHAREFS_FEATURES, &features), 0, "FEATURES");
	check_result(region_stat(fd, &stat), EBADF, "STAT");
	check_result(request(fd, MSHAREFS_NEXT_MAPPING, &mapping), EBADF,
		     "NEXT_MAPPING");
	close(fd);
}

/* What FEATURES lists is what the kernel answers with other than ENOTTY. */
static void check_features(const char *what, int fd)
{
	struct msharefs_features features = { .size = sizeof(features) };

	check_result(request(fd, MSHAREFS_FEATURES, &features), 0, "%s", what);
	check(features.granule == granule, "%s: granule %llu", what,
	      features.granule);
	check(features.seals == 15, "%s: seals %#llx", what, features.seals);
	for (unsigned int i = 0; i < 64; i++) {
		static const unsigned long first[] = {
			MSHAREFS_GET_SIZE,       MSHAREFS_SET_SIZE,
			MSHAREFS_CREATE_MAPPING, MSHAREFS_UNMAP,
			MSHAREFS_PROTECT,
		};
		bool listed = features.requests >> i & 1, known = false;

		/* A structure at NULL: EFAULT, or EBADF. */
		for (unsigned long dir = 0; dir < 4 && i > 4; dir++)
			known |= request(fd, _IOC(dir, 'x', i, 8), NULL) !=
				 -ENOTTY;
		if (i < 5)
			known = request(fd, first[i], NULL) != -ENOTTY;
		check(listed == known, "%s: request %u is %s, and %s", what, i,
		      listed ? "listed" : "not listed",
		      known ? "known" : "not known");
	}
	features.flags = 1;
	check_result(request(fd, MSHAREFS_FEATURES, &features), EINVAL,
		     "%s, with a flag", what);
}

static void features(void)
{
	int region = new_region(EMPTY);
	int directory = open(MSHARE_MOUNT, O_RDONLY | O_DIRECTORY);
	int info = open(MSHARE_MOUNT "/mshare_info", O_RDONLY);

	must(directory >= 0 && info >= 0, "open: %m");
	check_features("a region", region);
	check_features("a directory", directory);
	check_features("mshare_info", info);
	close(region);
	close(directory);
	close(info);
}

/* The file itself cannot be read, written or truncated. */
static void file_io(void)
{
	char bytes[16] = { 0 };
	int fd = new_region(OBJECT);
	struct snapshot before = look(fd), after;

	check_result(read(fd, bytes, 1) < 0 ? -errno : 0, EINVAL, "read");
	check_result(write(fd, bytes, 1) < 0 ? -errno : 0, EINVAL, "write");
	check_result(pread(fd, bytes, 1, 4096) < 0 ? -errno : 0, EINVAL,
		     "pread");
	check_result(pwrite(fd, bytes, 1, 4096) < 0 ? -errno : 0, EINVAL,
		     "pwrite");
	/* The result of these depends on the file system. */
	(void)!ftruncate(fd, 0);
	(void)!ftruncate(fd, 1 << 20);
	(void)!fallocate(fd, 0, 0, 4096);
	after = look(fd);
	check(!memcmp(&before, &after, sizeof(before)),
	      "file operations changed the region");
	close(fd);
}

#if defined(__x86_64__)
/* ioctl(2) as a 32-bit program calls it. */
static int request32(int fd, unsigned int number, const void *arg)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(54L), "b"((long)fd), "c"((long)number), "d"(arg)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}
#endif

static void compat(void)
{
#if defined(__x86_64__)
	union {
		struct mshare_info info;
		struct mshare_create create;
		struct mshare_protect protect;
		struct mshare_unmap unmap;
		struct msharefs_stat stat;
	} *arg = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
		      -1, 0);
	int fd = new_region(SIZELESS);

	must(arg != MAP_FAILED, "no memory below 4 GiB: %m");
	arg->info = (struct mshare_info){ start, granule };
	check_result(request32(fd, MSHAREFS_SET_SIZE, arg), 0, "SET_SIZE");
	memset(arg, 0, sizeof(*arg));
	check_result(request32(fd, MSHAREFS_GET_SIZE, arg), 0, "GET_SIZE");
	check(arg->info.start == start && arg->info.size == granule,
	      "GET_SIZE says %#llx %#llx", arg->info.start, arg->info.size);
	arg->create = (struct mshare_create){
		start, 4 * PAGE, 0, RW, ANON, NO_FD,
	};
	check_result(request32(fd, MSHAREFS_CREATE_MAPPING, arg), 0,
		     "CREATE_MAPPING");
	arg->protect = (struct mshare_protect){ start, PAGE, PROT_READ, 0 };
	check_result(request32(fd, MSHAREFS_PROTECT, arg), 0, "PROTECT");
	arg->unmap = (struct mshare_unmap){ start + PAGE, PAGE };
	check_result(request32(fd, MSHAREFS_UNMAP, arg), 0, "UNMAP");
	arg->stat = (struct msharefs_stat){ .size = sizeof(arg->stat) };
	check_result(request32(fd, MSHAREFS_STAT, arg), 0, "STAT");
	check(arg->stat.mapped == 3 * PAGE && arg->stat.mappings == 2,
	      "%llu bytes in %llu mappings", arg->stat.mapped,
	      arg->stat.mappings);
	close(fd);
#endif
}

#if defined(__x86_64__)
/*
 * A 32-bit program, which ends with the error of an ioctl. Its address space is
 * small, unlike that of a 64-bit process that makes 32-bit calls. Returns 0 or
 * -errno, as request() does.
 */
static int request_of_32(int region, uint32_t number, const void *arg,
			 size_t size)
{
	const uint32_t at = PROGRAM32_ARG;
	const int inherited = 100;
	uint8_t code[] = {
		0xb8, 54,        0, 0, 0, /* mov $54 (ioctl), %eax */
		0xbb, inherited, 0, 0, 0, /* mov $inherited, %ebx */
		0xb9, 0,         0, 0, 0, /* mov $number, %ecx */
		0xba, 0,         0, 0, 0, /* mov $arg, %edx */
		0xcd, 0x80,               /* int $0x80 */
		0xf7, 0xd8,               /* neg %eax */
		0x89, 0xc3,               /* mov %eax, %ebx */
		0xb8, 1,         0, 0, 0, /* mov $1 (exit), %eax */
		0xcd, 0x80,               /* int $0x80 */
	};
	int error;

	memcpy(&code[11], &number, sizeof(number));
	memcpy(&code[16], &at, sizeof(at));
	must(dup2(region, inherited) == inherited, "dup2: %m");
	error = run_program32(code, sizeof(code), arg, size);
	close(inherited);
	return -error;
}

/* Of a region that the process itself could not map. */
static void process32(void)
{
	const struct mshare_create create = {
		start, 8 * PAGE, 0, RW, ANON, NO_FD,
	};
	const struct mshare_protect protect = { start, PAGE, PROT_READ, 0 };
	const struct msharefs_range populate = {
		.size = sizeof(populate),
		.advice = MADV_POPULATE_WRITE,
		.addr = start + PAGE,
		.length = PAGE,
	};
	const struct mshare_unmap unmap = { start + 2 * PAGE, 2 * PAGE };
	const struct {
		const char *name;
		uint32_t number;
		const void *arg;
		size_t size;
	} rows[] = {
		{ "CREATE_MAPPING", MSHAREFS_CREATE_MAPPING, &create,
		  sizeof(create) },
		{ "PROTECT", MSHAREFS_PROTECT, &protect, sizeof(protect) },
		{ "ADVISE", MSHAREFS_ADVISE, &populate, sizeof(populate) },
		{ "UNMAP", MSHAREFS_UNMAP, &unmap, sizeof(unmap) },
	};
	int fd = new_region(EMPTY);
	struct msharefs_stat stat;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_result(request_of_32(fd, rows[i].number, rows[i].arg,
					   rows[i].size),
			     0, "%s", rows[i].name);
	region_stat(fd, &stat);
	check(stat.mapped == 6 * PAGE && stat.mappings == 3,
	      "%llu bytes in %llu mappings", stat.mapped, stat.mappings);
	close(fd);
}
#else
static void process32(void)
{
	skip_case("no 32-bit programs");
}
#endif

static const struct test_case cases[] = {
	{ "get-size", "GET_SIZE returns zeros until the size is set",
	  get_size },
	{ "set-size", "SET_SIZE accepts only aligned ranges inside user space",
	  set_size },
	{ "set-size-once", "SET_SIZE works once", set_size_once },
	{ "set-size-readonly", "SET_SIZE needs a descriptor open for writing",
	  set_size_readonly },
	{ "create-mapping",
	  "CREATE_MAPPING accepts only ranges that fit and known flags",
	  create_mapping },
	{ "nested", "CREATE_MAPPING refuses a region in a region", nested },
	{ "reserve",
	  "CREATE_MAPPING reserves memory unless MAP_NORESERVE is given",
	  reserve },
	{ "unmap", "UNMAP accepts only ranges inside the region", unmap },
	{ "protect", "PROTECT accepts only mapped ranges", protect },
	{ "effects", "CREATE_MAPPING maps memory and UNMAP unmaps memory",
	  effects },
	{ "pointers",
	  "requests copy their argument and nothing beyond, or fail with EFAULT",
	  pointers },
	{ "descriptors", "requests need a region, open for reading or writing",
	  descriptors },
	{ "unknown", "unknown requests fail with ENOTTY", unknown },
	{ "stat-sizes", "STAT accepts longer structures with zeros",
	  stat_sizes },
	{ "only-write", "requests that read need a descriptor open for reading",
	  only_write },
	{ "features", "FEATURES lists the requests that the kernel knows",
	  features },
	{ "file-io", "a region cannot be read or written as a file", file_io },
	{ "compat", "32-bit programs can make all requests", compat },
	{ "process32",
	  "a 32-bit process can change a region that it could not map",
	  process32 },
};

static void setup(void)
{
	start = region_address(0);
	end = start + 4 * granule;
	object = start + 16 * PAGE;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
