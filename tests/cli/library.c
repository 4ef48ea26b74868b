// SPDX-License-Identifier: GPL-2.0-only
/*
 * libmshare on the faked kernel: library DIRECTORY CASE. Ends with status 0, or
 * prints the check that failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mshare.h>

#include "check.h"

#define GRANULE (1ULL << 30)
/* Of the addresses that the kernel chooses */
#define FIRST_START 0x550000000000ULL

static int mount;

static int new_region(const char *name, uint64_t start, uint64_t size)
{
	int fd, err = mshare_create(mount, name, start, size, 0600, &fd);

	if (!err)
		mshare_close(fd);
	return err;
}

static uint64_t start_of(const char *name)
{
	uint64_t start = 0, size;
	int fd;

	check_int(mshare_open_at(mount, name, O_RDONLY, &fd), 0);
	check_int(mshare_get_range(fd, &start, &size), 0);
	mshare_close(fd);
	return start;
}

static void chooses_free_ranges(void)
{
	uint64_t start = 7, size;
	int fd;

	check_int(new_region("b", 0, 2 * GRANULE), 0);
	check_int(start_of("b"), FIRST_START);
	check_int(new_region("a", FIRST_START + 3 * GRANULE, GRANULE), 0);
	check_int(new_region("d", 0, 2 * GRANULE), 0);
	check_int(start_of("d"), FIRST_START + 4 * GRANULE);
	check_int(new_region("c", 0, GRANULE), 0);
	check_int(start_of("c"), FIRST_START + 2 * GRANULE);
	/* A region without a range is in nobody's way. */
	check_int(mshare_open_at(mount, "e", O_RDWR | O_CREAT, &fd), 0);
	check_int(mshare_choose(fd, 48ULL << 40), -ENOMEM);
	check_int(mshare_choose(fd, 0), -EINVAL);
	check_int(mshare_choose(fd, GRANULE + 1), -EINVAL);
	check_int(mshare_choose(fd, GRANULE), 0);
	check_int(mshare_choose(fd, GRANULE), -EBUSY);
	check_int(mshare_get_range(fd, &start, &size), 0);
	check_int(start, FIRST_START + 6 * GRANULE);
	mshare_close(fd);
}

static void creates_all_or_nothing(void)
{
	struct stat st;
	int fd = 7;

	umask(077);
	check_int(mshare_create(mount, "a", 0, GRANULE, 0644, &fd), 0);
	check_int(fstat(fd, &st), 0);
	check_int(st.st_mode & 07777, 0644);
	check_int(fcntl(fd, F_GETFD), FD_CLOEXEC);
	mshare_close(fd);

	fd = 7;
	check_int(mshare_create(mount, "a", 0, GRANULE, 0644, &fd), -EEXIST);
	check_int(mshare_create(mount, "b", 1, GRANULE, 0644, &fd), -EINVAL);
	check_int(mshare_create(mount, "b", 0, 1, 0644, &fd), -EINVAL);
	check_int(mshare_create(mount, "none/b", 0, GRANULE, 0644, &fd),
		  -ENOENT);
	check_int(faccessat(mount, "b", F_OK, 0), -1);
	check_int(fd, 7);
}

/* The file system of the parent directory is not msharefs. */
static void creates_on_its_mount_only(void)
{
	int fd;

	check_int(mshare_create(mount, "../outside", 0, GRANULE, 0600, &fd),
		  -EMEDIUMTYPE);
	check_int(faccessat(mount, "../outside", F_OK, 0), -1);
}

struct trace {
	char text[512];
	int stop_after;
};

static int note(const struct mshare_entry *entry, void *data)
{
	struct trace *t = data;
	char line[128];

	snprintf(line, sizeof(line), "%s%s@%u%s ", entry->leaving ? "<" : "",
		 entry->name, entry->depth, entry->err ? "!" : "");
	strcat(t->text, line);
	return t->stop_after && !--t->stop_after ? 42 : 0;
}

static void check_walk(const char *name, unsigned int flags, const char *wanted)
{
	struct trace t = { 0 };

	check_int(mshare_walk_regions(mount, name, flags, note, &t), 0);
	check_string(t.text, wanted);
}

static void walks_in_order(void)
{
	struct trace t = { .stop_after = 2 };

	mkdirat(mount, "d", 0700);
	mkdirat(mount, "d/e", 0700);
	check_int(new_region("d/e/x", 0, GRANULE), 0);
	/* Only in the root directory this is not a region. */
	check_int(new_region("d/mshare_info", 0, GRANULE), 0);
	check_int(new_region("b", 0, GRANULE), 0);
	check_int(new_region("z", 0, GRANULE), 0);
	check_int(symlinkat("b", mount, "link"), 0);

	check_walk(NULL, 0, "b@0 d/e/x@2 d/mshare_info@1 z@0 ");
	check_walk("", MSHARE_WALK_DIRECTORIES,
		   "b@0 d@0 d/e@1 d/e/x@2 d/mshare_info@1 z@0 ");
	check_walk("top", MSHARE_WALK_LEAVE,
		   "top/b@0 top/d/e/x@2 <top/d/e@1 top/d/mshare_info@1 "
		   "<top/d@0 top/z@0 ");
	check_walk("/", MSHARE_WALK_OTHERS,
		   "/b@0 /d/e/x@2 /d/mshare_info@1 /link@0 /z@0 ");
	check_int(mshare_walk_regions(mount, NULL, 0, note, &t), 42);
	check_string(t.text, "b@0 d/e/x@2 ");
	check_int(mshare_walk_regions(mount, NULL, 8, note, &t), -EINVAL);
}

static int note_mapping(const struct msharefs_mapping *mapping,
			const char *name, void *data)
{
	uint64_t *sum = data;

	check_string(name, "");
	*sum = *sum * 16 + mapping->length / 4096;
	return 0;
}

static void walks_mappings(void)
{
	const uint64_t start = FIRST_START;
	uint64_t sum = 0;
	int fd;

	check_int(mshare_create(mount, "a", start, GRANULE, 0600, &fd), 0);
	check_int(mshare_walk_mappings(fd, note_mapping, &sum), 0);
	check_int(sum, 0);
	for (uint64_t i = 3; i; i--)
		check_int(mshare_map(fd, start + (i << 20), i * 4096, PROT_READ,
				     0, -1, 0),
			  0);
	check_int(mshare_walk_mappings(fd, note_mapping, &sum), 0);
	check_int(sum, 0x123);
	mshare_close(fd);
}

static void refuses_other_files(void)
{
	char *path = NULL;
	int fd = 7, err;

	check_int(mshare_open_mount("/proc", &fd), -EMEDIUMTYPE);
	check_int(mshare_open_mount("/dev/null", &fd), -ENOTDIR);
	check_int(mshare_open_at(mount, ".", O_RDONLY, &fd), -EISDIR);
	check_int(mshare_open_at(mount, "mshare_info", O_RDONLY, &fd), -ENOTTY);
	check_int(mshare_open("/dev/null", O_RDONLY, &fd), -EMEDIUMTYPE);
	check_int(mshare_walk_regions(STDIN_FILENO, NULL, 0, note, NULL),
		  -EMEDIUMTYPE);
	check_int(fd, 7);
	/* Where the machine has msharefs, that is found. */
	err = mshare_find_mount(&path);
	check(!err || err == -ENODEV || err == -EOPNOTSUPP);
	check(!err == !!path);
	free(path);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "choose", chooses_free_ranges },
	{ "create", creates_all_or_nothing },
	{ "outside", creates_on_its_mount_only },
	{ "walk", walks_in_order },
	{ "mappings", walks_mappings },
	{ "others", refuses_other_files },
};

int main(int argc, char **argv)
{
	uint64_t granule = 0;

	if (argc != 3)
		return 2;
	check_int(mshare_open_mount(argv[1], &mount), 0);
	check_int(mshare_granule(mount, &granule), 0);
	check_int(granule, GRANULE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(cases[i].name, argv[2]))
			continue;
		cases[i].run();
		return checks_status();
	}
	return 2;
}
