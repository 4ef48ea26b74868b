// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the directory in MSHARE_FAKE_DIR look like a mounted msharefs to a
 * dynamically linked program, so that msharectl is tested where the kernel
 * has none. The directory has to hold a file mshare_info.
 *
 * A region is a sparse file, which can be mapped like one; what msharefs keeps
 * in its inode follows as a trailer behind the region's bytes.
 *
 * MSHARE_FAKE_FAIL=REQUEST:ERRNO[,...] makes requests fail, as in
 * SET_SIZE:12.
 * MSHARE_FAKE_NO_STAT=1 is a kernel without MSHAREFS_STAT.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/msharefs.h>

#define MAGIC        0x4d534852
#define MAX_MAPPINGS 64

struct trailer {
	struct mshare_info info;
	uint32_t count;
	struct {
		uint64_t addr, size;
		uint32_t prot, flags;
	} mappings[MAX_MAPPINGS];
};

static bool is_fake(int fd)
{
	const char *dir = getenv("MSHARE_FAKE_DIR");
	char link[64], path[PATH_MAX];
	size_t len;
	ssize_t n;

	if (!dir)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	len = strlen(dir);
	return !strncmp(path, dir, len) &&
	       (path[len] == '/' || path[len] == '\0');
}

static int injected(const char *request)
{
	const char *p = getenv("MSHARE_FAKE_FAIL");
	size_t len = strlen(request);

	while (p && *p) {
		if (!strncmp(p, request, len) && p[len] == ':')
			return atoi(p + len + 1);
		p = strchr(p, ',');
		p = p ? p + 1 : NULL;
	}
	return 0;
}

#define FAKE_FSTATFS(name, type)                                           \
	int name(int fd, struct type *buf)                                 \
	{                                                                  \
		int (*real)(int, struct type *) = dlsym(RTLD_NEXT, #name); \
		int ret = real(fd, buf);                                   \
                                                                           \
		if (!ret && is_fake(fd))                                   \
			buf->f_type = MAGIC;                               \
		return ret;                                                \
	}
FAKE_FSTATFS(fstatfs, statfs)
FAKE_FSTATFS(fstatfs64, statfs64)

static int fail(int err)
{
	errno = err;
	return -1;
}

static bool load(int fd, struct trailer *t)
{
	struct stat st;

	memset(t, 0, sizeof(*t));
	if (fstat(fd, &st))
		return false;
	if (!st.st_size)
		return true;
	return pread(fd, t, sizeof(*t), st.st_size - (off_t)sizeof(*t)) ==
	       sizeof(*t);
}

static int save(int fd, const struct trailer *t)
{
	if (pwrite(fd, t, sizeof(*t), (off_t)t->info.size) != sizeof(*t))
		return fail(EIO);
	return 0;
}

static uint64_t granule(void)
{
	char path[PATH_MAX];
	uint64_t value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/mshare_info",
		 getenv("MSHARE_FAKE_DIR"));
	f = fopen(path, "re");
	if (!f || fscanf(f, "%lu", &value) != 1)
		abort();
	fclose(f);
	return value;
}

static bool inside(const struct trailer *t, uint64_t addr, uint64_t size)
{
	return size && !(addr % 4096) && addr >= t->info.start &&
	       size <= t->info.size &&
	       addr - t->info.start <= t->info.size - size;
}

static int set_size(int fd, struct trailer *t, const struct mshare_info *info)
{
	if (!info->start || !info->size || info->start % granule() ||
	    info->size % granule() || info->start + info->size < info->start ||
	    info->start + info->size > 1ULL << 47)
		return fail(EINVAL);
	if (t->info.size)
		return fail(EBUSY);
	t->info = *info;
	return save(fd, t);
}

static int map(int fd, struct trailer *t, const struct mshare_create *c)
{
	const uint32_t need = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS;

	if ((c->flags & need) != need || (c->flags & ~(need | MAP_NORESERVE)) ||
	    c->fd != (uint32_t)-1 || c->offset || !inside(t, c->addr, c->size))
		return fail(EINVAL);
	for (uint32_t i = 0; i < t->count; i++)
		if (c->addr < t->mappings[i].addr + t->mappings[i].size &&
		    t->mappings[i].addr < c->addr + c->size)
			return fail(EEXIST);
	if (t->count == MAX_MAPPINGS)
		return fail(ENOMEM);
	t->mappings[t->count].addr = c->addr;
	t->mappings[t->count].size = c->size;
	t->mappings[t->count].prot = c->prot;
	t->mappings[t->count].flags = c->flags;
	t->count++;
	return save(fd, t);
}

/* Whole mappings only. */
static int unmap(int fd, struct trailer *t, const struct mshare_unmap *u)
{
	uint32_t kept = 0;

	if (!inside(t, u->addr, u->size))
		return fail(EINVAL);
	for (uint32_t i = 0; i < t->count; i++)
		if (t->mappings[i].addr < u->addr ||
		    t->mappings[i].addr >= u->addr + u->size)
			t->mappings[kept++] = t->mappings[i];
	t->count = kept;
	return save(fd, t);
}

static int protect(int fd, struct trailer *t, const struct mshare_protect *p)
{
	uint64_t covered = 0;

	if (p->flags || !inside(t, p->addr, p->size))
		return fail(EINVAL);
	for (uint32_t i = 0; i < t->count; i++)
		if (t->mappings[i].addr >= p->addr &&
		    t->mappings[i].addr < p->addr + p->size) {
			t->mappings[i].prot = p->prot;
			covered += t->mappings[i].size;
		}
	if (covered != p->size)
		return fail(ENOMEM);
	return save(fd, t);
}

static int stat_region(const struct trailer *t, struct mshare_stat *st)
{
	if (getenv("MSHARE_FAKE_NO_STAT"))
		return fail(ENOTTY);
	if (st->size != sizeof(*st) || st->flags)
		return fail(EINVAL);
	st->attached = 3;
	st->mappings = t->count;
	st->mapped = 0;
	for (uint32_t i = 0; i < t->count; i++)
		st->mapped += t->mappings[i].size;
	st->resident = 5 << 20;
	st->swapped = 1536;
	st->pgtables = 12288;
	return 0;
}

static bool writable(int fd)
{
	return (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	static const struct {
		unsigned long request;
		const char *name;
		bool write;
	} requests[] = {
		{ MSHAREFS_GET_SIZE, "GET_SIZE", false },
		{ MSHAREFS_SET_SIZE, "SET_SIZE", true },
		{ MSHAREFS_CREATE_MAPPING, "CREATE_MAPPING", true },
		{ MSHAREFS_UNMAP, "UNMAP", true },
		{ MSHAREFS_PROTECT, "PROTECT", true },
		{ MSHAREFS_STAT, "STAT", false },
	};
	struct trailer t;
	size_t i = 0;

	while (i < sizeof(requests) / sizeof(requests[0]) &&
	       requests[i].request != request)
		i++;
	if (i == sizeof(requests) / sizeof(requests[0]))
		return fail(ENOTTY);
	if (injected(requests[i].name))
		return fail(injected(requests[i].name));
	if (requests[i].write && !writable(fd))
		return fail(EBADF);
	/* mshare_info is not a region. */
	if (!load(fd, &t))
		return fail(ENOTTY);

	switch (request) {
	case MSHAREFS_GET_SIZE:
		*(struct mshare_info *)arg = t.info;
		return 0;
	case MSHAREFS_SET_SIZE:
		return set_size(fd, &t, arg);
	case MSHAREFS_CREATE_MAPPING:
		return map(fd, &t, arg);
	case MSHAREFS_UNMAP:
		return unmap(fd, &t, arg);
	case MSHAREFS_PROTECT:
		return protect(fd, &t, arg);
	default:
		return stat_region(&t, arg);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, void *) = dlsym(RTLD_NEXT, "ioctl");
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (_IOC_TYPE(request) == MSHAREFS_IOC_MAGIC && is_fake(fd))
		return fake_ioctl(fd, request, arg);
	return real(fd, request, arg);
}
