// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include "check.h"
#include "object.h"
#include "region.h"

#define DISK         "/dev/vda"
#define DISK_MOUNT   "/tmp/disk"
#define MAX_SETTINGS 8

static int open_memfd(void)
{
	return memfd_create("object", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

static int open_tmpfs(void)
{
	struct statfs fs;

	must(!statfs("/tmp", &fs) && fs.f_type == TMPFS_MAGIC,
	     "/tmp is no tmpfs");
	return open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int open_ext4(void)
{
	return open(disk(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int open_hugetlb(void)
{
	return memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
}

const struct object_kind object_kinds[NR_KINDS] = {
	[MEMFD] = { "memfd", open_memfd, PAGE },
	[TMPFS] = { "tmpfs", open_tmpfs, PAGE },
	[EXT4] = { "ext4", open_ext4, PAGE },
	[HUGETLB] = { "hugetlbfs", open_hugetlb, 2 * MIB },
};

int object_open(const struct object_kind *kind, uint64_t size)
{
	int file = kind->open();

	must(file >= 0, "no file on %s: %m", kind->name);
	must(!ftruncate(file, size), "no %lu bytes on %s: %m", size,
	     kind->name);
	return file;
}

int object_reopen(int object, int flags)
{
	char name[64];
	int again;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", object);
	again = open(name, flags | O_CLOEXEC);
	must(again >= 0, "cannot open %s again: %m", name);
	return again;
}

uint64_t file_word(int file, uint64_t offset)
{
	uint64_t value = ~0ULL;

	must(pread(file, &value, sizeof(value), offset) == sizeof(value),
	     "pread at %#lx: %m", offset);
	return value;
}

void region_fill_hugetlb(int fd, uint64_t addr, uint64_t size, int prot)
{
	int file = object_open(&object_kinds[HUGETLB], size);

	must(check_result(region_map_file(fd, addr, size, prot, 0, file, 0), 0,
			  "mapping huge pages at %#lx", addr),
	     "no mapping");
	close(file);
}

void region_fill_thp(int fd, uint64_t addr, uint64_t size, int prot)
{
	region_fill(fd, addr, size, prot);
	must(check_result(region_advise(fd, addr, size, MADV_HUGEPAGE), 0,
			  "HUGEPAGE at %#lx", addr),
	     "no huge pages");
}

/* Files on hugetlbfs have no write(2). */
static void store_in_file(int file, uint64_t offset, uint64_t value)
{
	const uint64_t huge = 2 * MIB;
	char *page = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_SHARED, file,
			  offset / huge * huge);

	must(page != MAP_FAILED, "mmap at %#lx: %m", offset);
	*(volatile uint64_t *)(page + offset % huge) = value;
	munmap(page, huge);
}

void set_file_word(int file, uint64_t offset, uint64_t value)
{
	ssize_t written = pwrite(file, &value, sizeof(value), offset);

	if (written == sizeof(value))
		return;
	must(errno == EINVAL || errno == EBADF, "pwrite at %#lx: %m", offset);
	store_in_file(file, offset, value);
}

/* The alignment that a mapping of the file needs. */
static uint64_t mapping_unit(int file)
{
	struct statfs fs;

	must(!fstatfs(file, &fs), "fstatfs: %m");
	return fs.f_type == HUGETLBFS_MAGIC ? (uint64_t)fs.f_bsize : PAGE;
}

uint64_t file_page(int file, uint64_t offset)
{
	uint64_t unit = mapping_unit(file), entry;
	char *pages = mmap(NULL, unit, PROT_READ, MAP_SHARED | MAP_POPULATE,
			   file, offset / unit * unit);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	must(pages != MAP_FAILED && pagemap >= 0, "pagemap: %m");
	must(pread(pagemap, &entry, sizeof(entry),
		   ((uintptr_t)pages + offset % unit) / PAGE * sizeof(entry)) ==
		     sizeof(entry),
	     "pagemap: %m");
	close(pagemap);
	munmap(pages, unit);
	/*
	 * The highest bit is set if the page is present; the low bits are its
	 * number.
	 */
	return entry >> 63 ? entry & ((1ULL << 55) - 1) : 0;
}

static bool is_mounted(void)
{
	struct statfs fs;

	return !statfs(DISK_MOUNT, &fs) && fs.f_type == EXT4_SUPER_MAGIC;
}

static void make_file_system(void)
{
	char *argv[] = { "mkfs.ext4", "-q", "-F", DISK, NULL };
	int status;
	pid_t pid;

	must(!posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ),
	     "cannot run mkfs.ext4");
	must(waitpid(pid, &status, 0) == pid && !status,
	     "mkfs.ext4 failed: the guest needs a disk (./dev vm --disk 2G)");
}

const char *disk(void)
{
	if (is_mounted())
		return DISK_MOUNT;
	mkdir(DISK_MOUNT, 0700);
	if (mount(DISK, DISK_MOUNT, "ext4", 0, NULL)) {
		make_file_system();
		must(!mount(DISK, DISK_MOUNT, "ext4", 0, NULL),
		     "cannot mount " DISK ": %m");
	}
	return DISK_MOUNT;
}

static struct setting {
	const char *path;
	char before[128];
} settings[MAX_SETTINGS];

static unsigned int nr_settings;
static pid_t setter;

void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, value, strlen(value)) == (int)strlen(value),
	     "cannot write %s to %s: %m", value, path);
	close(fd);
}

/* In a list of choices, the active one is in brackets. */
static void read_setting(const char *path, char *value, size_t size)
{
	FILE *file = fopen(path, "re");
	char *open;

	must(file && fgets(value, size, file), "cannot read %s: %m", path);
	fclose(file);
	open = strchr(value, '[');
	if (!open)
		return;
	memmove(value, open + 1, strlen(open));
	value[strcspn(value, "]")] = '\0';
}

static void put_back(void)
{
	if (getpid() != setter)
		return;
	while (nr_settings--)
		write_setting(settings[nr_settings].path,
			      settings[nr_settings].before);
}

void set_for_now(const char *path, const char *value)
{
	struct setting *setting;

	must(nr_settings < MAX_SETTINGS, "a case has too many settings");
	setting = &settings[nr_settings];
	setting->path = path;
	read_setting(path, setting->before, sizeof(setting->before));
	write_setting(path, value);
	if (!nr_settings++) {
		setter = getpid();
		atexit(put_back);
	}
}
