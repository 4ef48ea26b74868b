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
 * SET_SIZE:12; ASPRINTF:12 is no memory for the path of a name.
 * MSHARE_FAKE_SIGNAL=REQUEST:SIGNAL[,...] has the process get a signal first.
 * MSHARE_FAKE_SLOW=REQUEST:MS[,...] makes requests last so many milliseconds.
 * MSHARE_FAKE_LOG=FILE gets a line for each request that changes a region.
 * MSHARE_FAKE_USER=UID is who the process says it is. As user 0 it mounts and
 * unmounts nothing but gets told so, or MOUNT:ERRNO, OPTION:ERRNO or
 * UMOUNT:ERRNO as above; MSHARE_FAKE_REASON is the text of the mount's context.
 * MSHARE_FAKE_FILESYSTEMS=FILE is read where /proc/filesystems is asked for.
 * MSHARE_FAKE_MEMINFO=FILE is read where /proc/meminfo is asked for.
 * MSHARE_FAKE_MOUNTINFO=FILE is read where /proc/self/mountinfo is asked for.
 * MSHARE_FAKE_SYS=DIR has the files that are asked for below /sys/kernel/mm.
 * MSHARE_FAKE_HUGETLB=FILE is a file on a hugetlbfs with pages of 2 MiB.
 * MSHARE_FAKE_USAGE=BLOCKS:FREE:NAMES:FREE are the figures of statfs(); zeros,
 * which are no limits, if unset.
 * MSHARE_FAKE_NO_STAT=1 is a kernel without MSHAREFS_STAT.
 * MSHARE_FAKE_ATTACHED=N is the number of processes that have each region
 * attached, by the word of the kernel; 3 if unset.
 * MSHARE_FAKE_REMOVED=PATH:BYTES:PROCESSES is a removed region of user 1, with
 * the inode number 4711; another one is as large, and has no process.
 * MSHARE_FAKE_NAMELESS=FILE:COMMAND:BYTES:PROCESSES is the nameless region 7 of
 * user 1, whose windows are the mappings of FILE; 9 is another one, of a process
 * called sh, with no process left.
 * MSHARE_FAKE_CGROUP=ID is the cgroup that pays for each region; 0 if unset.
 * MSHARE_FAKE_PROC=DIR is where the fake finds proc, for tests without /proc.
 * MSHARE_FAKE_BETWEEN=COMMAND runs COMMAND, a child of msharectl's, when
 * attach-exec has looked at the program and not yet executed it.
 * MSHARE_FAKE_KILL=helper:N or target:N kills one side with SIGKILL at the Nth
 * ptrace() of the helper.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/msharefs.h>

#define MAGIC         0x4d534852
#define PR_SET_MSHARE 0x4d534852
#define MAX_MAPPINGS  64
#define NAME_SPACE    512
#define MAX_REGIONS   256

struct mapping {
	uint64_t addr, size, offset, inode, dev;
	uint32_t prot, flags; /* MSHAREFS_MAPPING_* */
	char file[NAME_SPACE];
};

struct trailer {
	struct mshare_info info;
	uint32_t count, seals;
	struct mapping mappings[MAX_MAPPINGS];
};

static bool descriptor_path(int fd, char *path, size_t size)
{
	const char *proc = getenv("MSHARE_FAKE_PROC");
	char link[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "%s/self/fd/%d", proc ? proc : "/proc",
		 fd);
	n = readlink(link, path, size - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	return true;
}

static bool is_fake(int fd)
{
	const char *dir = getenv("MSHARE_FAKE_DIR");
	char path[PATH_MAX];
	size_t len;

	if (!dir || !descriptor_path(fd, path, sizeof(path)))
		return false;
	len = strlen(dir);
	return !strncmp(path, dir, len) &&
	       (path[len] == '/' || path[len] == '\0');
}

/* The number that a variable has for a request, or 0. */
static int injected(const char *variable, const char *request)
{
	const char *p = getenv(variable);
	size_t len = strlen(request);

	while (p && *p) {
		if (!strncmp(p, request, len) && p[len] == ':')
			return atoi(p + len + 1);
		p = strchr(p, ',');
		p = p ? p + 1 : NULL;
	}
	return 0;
}

__attribute__((format(printf, 1, 2))) static void
note_request(const char *format, ...)
{
	const char *path = getenv("MSHARE_FAKE_LOG");
	va_list args;
	FILE *f;

	f = path ? fopen(path, "ae") : NULL;
	if (!f)
		return;
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fclose(f);
}

/* Blocks, free blocks, names, free names. */
static const uint64_t *read_usage(void)
{
	static uint64_t figures[4];
	const char *text = getenv("MSHARE_FAKE_USAGE");

	memset(figures, 0, sizeof(figures));
	if (text && sscanf(text, "%lu:%lu:%lu:%lu", &figures[0], &figures[1],
			   &figures[2], &figures[3]) != 4)
		abort();
	return figures;
}

static bool is_hugetlb(int fd)
{
	const char *file = getenv("MSHARE_FAKE_HUGETLB");
	char path[PATH_MAX];

	return file && descriptor_path(fd, path, sizeof(path)) &&
	       !strcmp(path, file);
}

#define FAKE_FSTATFS(name, type)                                           \
	int name(int fd, struct type *buf)                                 \
	{                                                                  \
		int (*real)(int, struct type *) = dlsym(RTLD_NEXT, #name); \
		int ret = real(fd, buf);                                   \
                                                                           \
		if (!ret && is_fake(fd)) {                                 \
			const uint64_t *figures = read_usage();            \
                                                                           \
			buf->f_type = MAGIC;                               \
			buf->f_bsize = 4096;                               \
			buf->f_blocks = figures[0];                        \
			buf->f_bfree = figures[1];                         \
			buf->f_files = figures[2];                         \
			buf->f_ffree = figures[3];                         \
		}                                                          \
		if (!ret && is_hugetlb(fd)) {                              \
			buf->f_type = 0x958458f6;                          \
			buf->f_bsize = 2 << 20;                            \
		}                                                          \
		return ret;                                                \
	}
FAKE_FSTATFS(fstatfs, statfs)
FAKE_FSTATFS(fstatfs64, statfs64)

int statx(int at, const char *path, int flags, unsigned int mask,
	  struct statx *about)
{
	int (*real)(int, const char *, int, unsigned int, struct statx *) =
		dlsym(RTLD_NEXT, "statx");
	const char *dir = getenv("MSHARE_FAKE_DIR");
	int ret = real(at, path, flags, mask, about);

	if (!ret && dir && !strcmp(path, dir))
		about->stx_attributes |= STATX_ATTR_MOUNT_ROOT;
	return ret;
}

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

static struct mshare_info ranges[MAX_REGIONS];
static size_t nr_ranges;

static int add_range(const char *path, const struct stat *st, int type,
		     struct FTW *at)
{
	struct trailer t;
	int fd;

	(void)st;
	(void)at;
	fd = type == FTW_F ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (load(fd, &t) && t.info.size && nr_ranges < MAX_REGIONS)
		ranges[nr_ranges++] = t.info;
	close(fd);
	return 0;
}

/*
 * Ranges that processes have chosen, which their regions without a name may
 * have: a line with the process, the start and the size of each.
 */
static FILE *open_chosen(const char *mode)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.chosen", getenv("MSHARE_FAKE_DIR"));
	return fopen(path, mode);
}

static void add_chosen(void)
{
	FILE *f = open_chosen("re");
	struct mshare_info info;
	int pid;

	while (f && nr_ranges < MAX_REGIONS &&
	       fscanf(f, "%d %llu %llu", &pid, &info.start, &info.size) == 3)
		if (!kill(pid, 0))
			ranges[nr_ranges++] = info;
	if (f)
		fclose(f);
}

static void note_chosen(const struct mshare_info *info)
{
	FILE *f = open_chosen("ae");

	/* Users other than the directory's owner run alone. */
	if (!f)
		return;
	fprintf(f, "%d %llu %llu\n", getpid(), info->start, info->size);
	fclose(f);
}

/* The lowest start in the part of the address space that has room, or 0. */
static uint64_t find_room(uint64_t low, uint64_t high, uint64_t size)
{
	uint64_t start = low;

	for (size_t i = 0; i < nr_ranges; i++) {
		if (start >= ranges[i].start + ranges[i].size ||
		    ranges[i].start >= start + size)
			continue;
		start = ranges[i].start + ranges[i].size;
		/* Others can be in the way of this one. */
		i = -1;
	}
	return start + size <= high ? start : 0;
}

/* As the kernel does, with two of its parts of the address space. */
static int choose(int fd, struct trailer *t,
		  const struct msharefs_choose *choose)
{
	int lock = open(getenv("MSHARE_FAKE_DIR"), O_RDONLY | O_DIRECTORY);
	struct mshare_info info = { .size = choose->length };
	int ret;

	if (choose->flags)
		return fail(EINVAL);
	flock(lock, LOCK_EX);
	nr_ranges = 0;
	nftw(getenv("MSHARE_FAKE_DIR"), add_range, 16, FTW_PHYS);
	add_chosen();
	info.start = find_room(0x550000000000, 0x555500000000, info.size);
	if (!info.start)
		info.start =
			find_room(0x410000000000, 0x500000000000, info.size);
	ret = info.start || !info.size ? 0 : fail(ENOMEM);
	if (!ret) {
		info.start = info.start ? info.start : granule();
		ret = set_size(fd, t, &info);
		if (!ret)
			note_chosen(&info);
	}
	close(lock);
	return ret;
}

/* All of the range is mapped. */
static bool covered(const struct trailer *t, uint64_t addr, uint64_t size)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct mapping *m = &t->mappings[i];
		uint64_t from = m->addr > addr ? m->addr : addr;
		uint64_t to = m->addr + m->size;

		if (to > addr + size)
			to = addr + size;
		if (to > from)
			sum += to - from;
	}
	return sum == size;
}

static int add_file(struct mapping *m, const struct mshare_create *c)
{
	const int mode = fcntl((int)c->fd, F_GETFL);
	struct stat st;

	if (fstat((int)c->fd, &st) || mode < 0)
		return fail(EBADF);
	if (!S_ISREG(st.st_mode))
		return fail(ENODEV);
	if (is_fake((int)c->fd) || c->offset % 4096)
		return fail(EINVAL);
	if ((c->prot & PROT_WRITE) && (mode & O_ACCMODE) != O_RDWR)
		return fail(EACCES);
	m->inode = st.st_ino;
	m->dev = st.st_dev;
	m->offset = c->offset;
	if (!descriptor_path((int)c->fd, m->file, sizeof(m->file)))
		return fail(EIO);
	return 0;
}

static int map(int fd, struct trailer *t, const struct mshare_create *c)
{
	const uint32_t need = MAP_SHARED | MAP_FIXED;
	const uint32_t may = MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE;
	struct mapping *m = &t->mappings[t->count];

	note_request("CREATE_MAPPING 0x%llx 0x%llx prot %u flags 0x%x "
		     "offset 0x%llx\n",
		     c->addr, c->size, c->prot, c->flags, c->offset);
	if (t->seals & MSHAREFS_SEAL_MAP)
		return fail(EPERM);
	if ((c->flags & need) != need || (c->flags & ~(need | may)) ||
	    !inside(t, c->addr, c->size))
		return fail(EINVAL);
	for (uint32_t i = 0; i < t->count; i++)
		if (c->addr < t->mappings[i].addr + t->mappings[i].size &&
		    t->mappings[i].addr < c->addr + c->size)
			return fail(EEXIST);
	if (t->count == MAX_MAPPINGS)
		return fail(ENOMEM);
	memset(m, 0, sizeof(*m));
	m->addr = c->addr;
	m->size = (c->size + 4095) & ~4095ULL;
	m->prot = c->prot;
	if (c->flags & MAP_NORESERVE)
		m->flags |= MSHAREFS_MAPPING_NORESERVE;
	if (c->flags & MAP_ANONYMOUS) {
		if (c->fd != (uint32_t)-1 || c->offset)
			return fail(EINVAL);
		m->flags |= MSHAREFS_MAPPING_ANONYMOUS;
	} else if (add_file(m, c)) {
		return -1;
	}
	t->count++;
	return save(fd, t);
}

/* Whole mappings only. */
static int unmap(int fd, struct trailer *t, const struct mshare_unmap *u)
{
	uint32_t kept = 0;

	note_request("UNMAP 0x%llx 0x%llx\n", u->addr, u->size);
	if (t->seals & MSHAREFS_SEAL_UNMAP)
		return fail(EPERM);
	if (!inside(t, u->addr, u->size))
		return fail(EINVAL);
	for (uint32_t i = 0; i < t->count; i++)
		if (t->mappings[i].addr < u->addr ||
		    t->mappings[i].addr >= u->addr + u->size)
			t->mappings[kept++] = t->mappings[i];
	t->count = kept;
	return save(fd, t);
}

/* Whole mappings only. */
static int protect(int fd, struct trailer *t, const struct mshare_protect *p)
{
	note_request("PROTECT 0x%llx 0x%llx prot %u\n", p->addr, p->size,
		     p->prot);
	if (t->seals & MSHAREFS_SEAL_PROTECT)
		return fail(EPERM);
	if (p->flags || !inside(t, p->addr, p->size))
		return fail(EINVAL);
	if (!covered(t, p->addr, p->size))
		return fail(ENOMEM);
	for (uint32_t i = 0; i < t->count; i++)
		if (t->mappings[i].addr >= p->addr &&
		    t->mappings[i].addr < p->addr + p->size)
			t->mappings[i].prot = p->prot;
	return save(fd, t);
}

/* How often this process has asked for the figures of this region. */
static uint64_t times_asked(int fd)
{
	static struct {
		ino_t inode;
		uint64_t times;
	} asked[256];
	struct stat st;
	size_t i = 0;

	if (fstat(fd, &st))
		return 1;
	while (i < 255 && asked[i].times && asked[i].inode != st.st_ino)
		i++;
	asked[i].inode = st.st_ino;
	return ++asked[i].times;
}

/* Seconds since 1970 of the file's status change, in nanoseconds. */
static uint64_t changed(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : (uint64_t)st.st_ctim.tv_sec * 1000000000;
}

static void stat_use(int fd, struct msharefs_stat *st)
{
	const char *cgroup = getenv("MSHARE_FAKE_CGROUP");

	st->charged = 6 << 20;
	st->resident_huge = 2 << 20;
	st->created = changed(fd);
	st->attached_last = st->created + 1000000000;
	st->detached_last = 0;
	st->cgroup = cgroup ? strtoull(cgroup, NULL, 10) : 0;
	st->creator = 101;
	st->attacher = 102;
	st->detacher = 0;
}

/* A program can know a larger structure: the rest of that is 0. */
static bool is_sized(const void *arg, uint32_t size, size_t known)
{
	const char *bytes = arg;

	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return false;
	return size >= known;
}

/* The figures that only grow do so at the same rate from request to request. */
static int stat_region(int fd, const struct trailer *t,
		       struct msharefs_stat *st)
{
	const char *attached = getenv("MSHARE_FAKE_ATTACHED");
	const uint64_t times = times_asked(fd);

	if (getenv("MSHARE_FAKE_NO_STAT"))
		return fail(ENOTTY);
	if (!is_sized(st, st->size, sizeof(*st)) || st->flags)
		return fail(EINVAL);
	st->attached = attached ? (uint64_t)atoi(attached) : 3;
	st->mappings = t->count;
	st->mapped = 0;
	st->locked = 0;
	for (uint32_t i = 0; i < t->count; i++) {
		st->mapped += t->mappings[i].size;
		if (t->mappings[i].flags & MSHAREFS_MAPPING_LOCKED)
			st->locked += t->mappings[i].size;
	}
	st->resident = 5 << 20;
	st->swapped = 1536;
	st->pgtables = 12288;
	st->resident_shmem = 3 << 20;
	st->resident_file = 2 << 20;
	st->resident_hugetlb = 0;
	st->faults = 1000 * times;
	st->links = 20 * times;
	st->flushes = 300 * times;
	st->ipis = 600 * times;
	st->seals = t->seals;
	stat_use(fd, st);
	return 0;
}

static int next_mapping(const struct trailer *t, struct msharefs_mapping *arg)
{
	const struct mapping *found = NULL;
	size_t len;

	if (!is_sized(arg, arg->size, sizeof(*arg)) || arg->flags)
		return fail(EINVAL);
	for (uint32_t i = 0; i < t->count; i++) {
		const struct mapping *m = &t->mappings[i];

		if (m->addr + m->size <= arg->addr)
			continue;
		if (!found || m->addr < found->addr)
			found = m;
	}
	if (!found)
		return fail(ENOENT);
	len = found->file[0] ? strlen(found->file) + 1 : 0;
	if (arg->name && len > arg->name_size)
		return fail(ERANGE);
	if (arg->name)
		memcpy((void *)(uintptr_t)arg->name, found->file, len);
	arg->name_size = (uint32_t)len;
	arg->addr = found->addr;
	arg->length = found->size;
	arg->offset = found->offset;
	arg->inode = found->inode;
	arg->dev = found->dev;
	arg->prot = found->prot;
	arg->flags = found->flags;
	return 0;
}

static int advise(const struct trailer *t, const struct msharefs_range *r)
{
	const bool drops = r->advice == MADV_COLD ||
			   r->advice == MADV_PAGEOUT ||
			   r->advice == MADV_REMOVE;

	note_request("ADVISE 0x%llx 0x%llx %u\n", r->addr, r->length,
		     r->advice);
	if (r->size != sizeof(*r) || r->flags || r->reserved ||
	    !inside(t, r->addr, r->length))
		return fail(EINVAL);
	for (uint32_t i = 0; drops && i < t->count; i++)
		if ((t->mappings[i].flags & MSHAREFS_MAPPING_LOCKED) &&
		    t->mappings[i].addr < r->addr + r->length &&
		    r->addr < t->mappings[i].addr + t->mappings[i].size)
			return fail(EINVAL);
	return covered(t, r->addr, r->length) ? 0 : fail(ENOMEM);
}

/* Whole mappings only. */
static int set_locked(int fd, struct trailer *t, const struct msharefs_range *r,
		      bool lock)
{
	note_request("%s 0x%llx 0x%llx %u\n", lock ? "LOCK" : "UNLOCK", r->addr,
		     r->length, r->flags);
	if (r->size != sizeof(*r) || !inside(t, r->addr, r->length) ||
	    (r->flags & ~(lock ? MLOCK_ONFAULT : 0U)) || r->advice ||
	    r->reserved)
		return fail(EINVAL);
	if (!covered(t, r->addr, r->length))
		return fail(ENOMEM);
	for (uint32_t i = 0; i < t->count; i++) {
		struct mapping *m = &t->mappings[i];

		if (m->addr >= r->addr + r->length ||
		    r->addr >= m->addr + m->size)
			continue;
		m->flags &= ~MSHAREFS_MAPPING_LOCKED;
		m->flags |= lock ? MSHAREFS_MAPPING_LOCKED : 0;
	}
	return save(fd, t);
}

static int seal(int fd, struct trailer *t, const struct msharefs_seal *s)
{
	note_request("SEAL 0x%llx\n", s->seals);
	if (s->size != sizeof(*s) || s->flags || (s->seals & ~15ULL))
		return fail(EINVAL);
	if (t->seals & MSHAREFS_SEAL_SEAL)
		return fail(EPERM);
	t->seals |= (uint32_t)s->seals;
	return save(fd, t);
}

static int set_policy(const struct trailer *t,
		      const struct msharefs_mempolicy *p)
{
	note_request("MEMPOLICY 0x%llx 0x%llx mode %u nodes 0x%llx flags %u\n",
		     p->addr, p->length, p->mode,
		     p->nodemask ? *(__u64 *)(uintptr_t)p->nodemask : 0,
		     p->flags);
	if (p->size != sizeof(*p) || p->reserved ||
	    !p->nodemask != !p->maxnode || !inside(t, p->addr, p->length))
		return fail(EINVAL);
	return covered(t, p->addr, p->length) ? 0 : fail(ENOMEM);
}

static int next_removed(struct msharefs_removed *r)
{
	const char *text = getenv("MSHARE_FAKE_REMOVED");
	struct msharefs_stat *st = (void *)(uintptr_t)r->stat;
	unsigned long bytes;
	unsigned int users;
	char name[256];
	size_t len;

	if (r->size != sizeof(*r) || r->flags)
		return fail(EINVAL);
	if (!text || r->inode > 4711)
		return fail(ENOENT);
	if (sscanf(text, "%255[^:]:%lu:%u", name, &bytes, &users) != 3)
		abort();
	if (r->inode == 4711)
		users = 0;
	r->inode = r->inode == 4711 ? 4712 : 4711;
	len = strlen(name) + 1;
	r->name_size = (uint32_t)len;
	if (r->name)
		memcpy((void *)(uintptr_t)r->name, name, len);
	r->start = 0x210000000000;
	r->length = 1 << 30;
	r->uid = 1;
	r->gid = 1;
	r->mode = S_IFREG | 0640;
	if (!st)
		return 0;
	*st = (struct msharefs_stat){
		.size = st->size,
		.attached = users,
		.resident = bytes,
		.resident_shmem = bytes,
		.charged = bytes,
	};
	return 0;
}

static int next_nameless(struct msharefs_nameless *n)
{
	const char *text = getenv("MSHARE_FAKE_NAMELESS");
	struct msharefs_stat *st = (void *)(uintptr_t)n->stat;
	const uint64_t number = n->number < 7 ? 7 : 9;
	unsigned int users;
	char path[256];
	struct stat file;

	if (!is_sized(n, n->size, sizeof(*n)) || n->flags)
		return fail(EINVAL);
	if (!text || n->number >= 9)
		return fail(ENOENT);
	if (sscanf(text, "%255[^:]:%15[^:]:%llu:%u", path, n->command,
		   &n->bytes, &users) != 4 ||
	    stat(path, &file))
		abort();
	if (number == 9) {
		strcpy(n->command, "sh");
		users = 0;
	}
	n->number = number;
	n->start = 0x7000000000;
	n->length = 1 << 30;
	n->inode = file.st_ino + (number == 9);
	n->dev = file.st_dev;
	n->plain_dev = file.st_dev;
	n->uid = 1;
	n->shmid = -1;
	if (st)
		*st = (struct msharefs_stat){
			.size = st->size,
			.attached = users,
			.mappings = 1,
			.mapped = n->bytes,
			.resident = 5 << 20,
			.resident_shmem = 5 << 20,
			.pgtables = 8192,
			.creator = 101,
		};
	return 0;
}

/* One moment ago is the only idle time that a fake region knows. */
static int remove_unused(int fd, const struct msharefs_remove *r)
{
	const char *attached = getenv("MSHARE_FAKE_ATTACHED");
	const char *name = (const char *)(uintptr_t)r->name;

	note_request("REMOVE_UNUSED %s %llu\n", name, r->idle);
	if (r->size != sizeof(*r) || r->flags)
		return fail(EINVAL);
	if (!attached || atoi(attached) || r->idle)
		return fail(EBUSY);
	return unlinkat(fd, name, 0);
}

static int features(struct msharefs_features *f)
{
	if (!is_sized(f, f->size, sizeof(*f)) || f->flags)
		return fail(EINVAL);
	f->requests = 0x3fff;
	f->seals = 15;
	f->granule = granule();
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
		{ MSHAREFS_CHOOSE, "CHOOSE", true },
		{ MSHAREFS_CREATE_MAPPING, "CREATE_MAPPING", true },
		{ MSHAREFS_UNMAP, "UNMAP", true },
		{ MSHAREFS_PROTECT, "PROTECT", true },
		{ MSHAREFS_STAT, "STAT", false },
		{ MSHAREFS_NEXT_MAPPING, "NEXT_MAPPING", false },
		{ MSHAREFS_ADVISE, "ADVISE", true },
		{ MSHAREFS_LOCK, "LOCK", true },
		{ MSHAREFS_UNLOCK, "UNLOCK", true },
		{ MSHAREFS_SEAL, "SEAL", true },
		{ MSHAREFS_MEMPOLICY, "MEMPOLICY", true },
		{ MSHAREFS_FEATURES, "FEATURES", false },
		{ MSHAREFS_NEXT_REMOVED, "NEXT_REMOVED", false },
		{ MSHAREFS_REMOVE_UNUSED, "REMOVE_UNUSED", false },
		{ MSHAREFS_NEXT_NAMELESS, "NEXT_NAMELESS", false },
	};
	struct trailer t;
	size_t i = 0;
	int sig, err;

	while (i < sizeof(requests) / sizeof(requests[0]) &&
	       requests[i].request != request)
		i++;
	if (i == sizeof(requests) / sizeof(requests[0]))
		return fail(ENOTTY);
	sig = injected("MSHARE_FAKE_SIGNAL", requests[i].name);
	if (sig)
		kill(getpid(), sig);
	usleep((useconds_t)injected("MSHARE_FAKE_SLOW", requests[i].name) *
	       1000);
	err = injected("MSHARE_FAKE_FAIL", requests[i].name);
	if (err)
		return fail(err);
	if (requests[i].write && !writable(fd))
		return fail(EBADF);
	if (request == MSHAREFS_FEATURES)
		return features(arg);
	if (request == MSHAREFS_NEXT_REMOVED)
		return next_removed(arg);
	if (request == MSHAREFS_NEXT_NAMELESS)
		return next_nameless(arg);
	if (request == MSHAREFS_REMOVE_UNUSED)
		return remove_unused(fd, arg);
	/* mshare_info is not a region. */
	if (!load(fd, &t))
		return fail(ENOTTY);

	switch (request) {
	case MSHAREFS_GET_SIZE:
		*(struct mshare_info *)arg = t.info;
		return 0;
	case MSHAREFS_SET_SIZE:
		return set_size(fd, &t, arg);
	case MSHAREFS_CHOOSE:
		return choose(fd, &t, arg);
	case MSHAREFS_CREATE_MAPPING:
		return map(fd, &t, arg);
	case MSHAREFS_UNMAP:
		return unmap(fd, &t, arg);
	case MSHAREFS_PROTECT:
		return protect(fd, &t, arg);
	case MSHAREFS_NEXT_MAPPING:
		return next_mapping(&t, arg);
	case MSHAREFS_ADVISE:
		return advise(&t, arg);
	case MSHAREFS_LOCK:
	case MSHAREFS_UNLOCK:
		return set_locked(fd, &t, arg, request == MSHAREFS_LOCK);
	case MSHAREFS_SEAL:
		return seal(fd, &t, arg);
	case MSHAREFS_MEMPOLICY:
		return set_policy(&t, arg);
	default:
		return stat_region(fd, &t, arg);
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

int prctl(int option, ...)
{
	int (*real)(int, ...) = dlsym(RTLD_NEXT, "prctl");
	const char *command = getenv("MSHARE_FAKE_BETWEEN");
	unsigned long arg[4];
	va_list args;

	va_start(args, option);
	for (int i = 0; i < 4; i++)
		arg[i] = va_arg(args, unsigned long);
	va_end(args);
	if (option == PR_SET_MSHARE) {
		note_request("PR_SET_MSHARE %lu %lu\n", arg[0], arg[1]);
		errno = injected("MSHARE_FAKE_FAIL", "PR_SET_MSHARE");
		return errno ? -1 : 0;
	}
	if (option == PR_SET_PTRACER && command && system(command) < 0)
		abort();
	return real(option, arg[0], arg[1], arg[2], arg[3]);
}

static void kill_at_ptrace(pid_t target)
{
	static int count;
	const char *who = getenv("MSHARE_FAKE_KILL");

	count++;
	if (!who || atoi(who + strlen("helper:")) != count)
		return;
	kill(*who == 'h' ? getpid() : target, SIGKILL);
}

long ptrace(enum __ptrace_request request, ...)
{
	long (*real)(enum __ptrace_request, ...) = dlsym(RTLD_NEXT, "ptrace");
	void *addr, *data;
	va_list args;
	pid_t pid;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	kill_at_ptrace(pid);
	return real(request, pid, addr, data);
}

#define FAKE_USER(name)                                        \
	uid_t name(void)                                       \
	{                                                      \
		uid_t (*real)(void) = dlsym(RTLD_NEXT, #name); \
		const char *user = getenv("MSHARE_FAKE_USER"); \
                                                               \
		return user ? (uid_t)atoi(user) : real();      \
	}
FAKE_USER(getuid)
FAKE_USER(geteuid)

FILE *fopen(const char *path, const char *mode)
{
	FILE *(*real)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen");
	const char *filesystems = getenv("MSHARE_FAKE_FILESYSTEMS");
	const char *meminfo = getenv("MSHARE_FAKE_MEMINFO");
	const char *mountinfo = getenv("MSHARE_FAKE_MOUNTINFO");
	const char *sys = getenv("MSHARE_FAKE_SYS");
	char other[PATH_MAX];

	if (filesystems && !strcmp(path, "/proc/filesystems"))
		path = filesystems;
	if (mountinfo && !strcmp(path, "/proc/self/mountinfo"))
		path = mountinfo;
	if (meminfo && !strcmp(path, "/proc/meminfo"))
		path = meminfo;
	if (sys && !strncmp(path, "/sys/kernel/mm/", 15)) {
		snprintf(other, sizeof(other), "%s/%s", sys, path + 15);
		path = other;
	}
	return real(path, mode);
}

/* The path of a name. */
int asprintf(char **text, const char *format, ...)
{
	int err = injected("MSHARE_FAKE_FAIL", "ASPRINTF"), len;
	va_list args;

	if (err)
		return fail(err);
	va_start(args, format);
	len = vasprintf(text, format, args);
	va_end(args);
	return len;
}

/* One context, whose messages are the contents of a file. */
static struct {
	char options[512];
	char target[PATH_MAX];
	unsigned int attributes;
	int log;
} context;

static int open_context(const char *target)
{
	const char *reason = getenv("MSHARE_FAKE_REASON");

	context.log = memfd_create("context", MFD_CLOEXEC);
	context.options[0] = '\0';
	snprintf(context.target, sizeof(context.target), "%s", target);
	if (reason && pwrite(context.log, reason, strlen(reason), 0) !=
			      (ssize_t)strlen(reason))
		abort();
	return context.log;
}

int fsopen(const char *type, unsigned int flags)
{
	(void)type;
	(void)flags;
	return open_context("");
}

int fspick(int dirfd, const char *path, unsigned int flags)
{
	(void)dirfd;
	(void)flags;
	return open_context(path);
}

static void add_option(const char *key, const char *value)
{
	const size_t len = strlen(context.options);

	if (strcmp(key, "source"))
		snprintf(context.options + len, sizeof(context.options) - len,
			 "%s%s%s%s", len ? "," : "", key, value ? "=" : "",
			 value ? value : "");
}

int fsconfig(int fd, unsigned int command, const char *key, const void *value,
	     int aux)
{
	int err;

	(void)aux;
	if (fd != context.log)
		return fail(EBADF);
	switch (command) {
	case FSCONFIG_SET_FLAG:
	case FSCONFIG_SET_STRING:
		err = injected("MSHARE_FAKE_FAIL", "OPTION");
		add_option(key, value);
		return err ? fail(err) : 0;
	default:
		err = injected("MSHARE_FAKE_FAIL", "MOUNT");
		if (!err && command == FSCONFIG_CMD_RECONFIGURE)
			note_request("REMOUNT %s options %s\n", context.target,
				     context.options);
		return err ? fail(err) : 0;
	}
}

int fsmount(int fd, unsigned int flags, unsigned int attributes)
{
	(void)fd;
	(void)flags;
	context.attributes = attributes;
	return open("/", O_PATH | O_CLOEXEC);
}

int move_mount(int from_dir, const char *from, int to_dir, const char *to,
	       unsigned int flags)
{
	(void)from_dir;
	(void)from;
	(void)to_dir;
	(void)flags;
	note_request("MOUNT %s attributes 0x%x options %s\n", to,
		     context.attributes, context.options);
	return 0;
}

int mount_setattr(int dirfd, const char *path, unsigned int flags,
		  struct mount_attr *attr, size_t size)
{
	(void)dirfd;
	(void)flags;
	(void)size;
	note_request("SETATTR %s set 0x%llx clear 0x%llx\n", path,
		     (unsigned long long)attr->attr_set,
		     (unsigned long long)attr->attr_clr);
	return 0;
}

int umount2(const char *target, int flags)
{
	int err = injected("MSHARE_FAKE_FAIL", "UMOUNT");

	note_request("UMOUNT %s flags %d\n", target, flags);
	return err ? fail(err) : 0;
}

int umount(const char *target)
{
	return umount2(target, 0);
}
