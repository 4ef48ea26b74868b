// SPDX-License-Identifier: GPL-2.0-only
/* What another project would build against libmshare: uses the region given. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mshare.h>

#define SIZE  (1ULL << 30)
#define START (85ULL << 40)

static void must(const char *what, int err)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-err));
	exit(1);
}

static void must_be(const char *what, int64_t got, int64_t wanted)
{
	if (got == wanted)
		return;
	fprintf(stderr, "%s: %" PRId64 ", not %" PRId64 "\n", what, got,
		wanted);
	exit(1);
}

static int count_entry(const struct mshare_entry *entry, void *data)
{
	must("entry", entry->err);
	++*(int *)data;
	return 0;
}

static int count_mapping(const struct msharefs_mapping *mapping,
			 const char *name, void *data)
{
	must_be("prot", mapping->prot, PROT_READ);
	must_be("name", *name, 0);
	return ++*(int *)data == 2 ? 7 : 0;
}

/* The mount has one region, at START. */
static void use_mount(int mount)
{
	uint64_t granule, start, size;
	int fd, other, count = 0;

	must("granule", mshare_granule(mount, &granule));
	must("create", mshare_create(mount, "second", 0, granule, 0640, &fd));
	must("range", mshare_get_range(fd, &start, &size));
	must_be("start", start && start != START, 1);
	must_be("size", (int64_t)size, (int64_t)granule);
	must_be("create again",
		mshare_create(mount, "second", 0, granule, 0640, &other),
		-EEXIST);
	must_be("create at 1",
		mshare_create(mount, "third", 1, granule, 0640, &other),
		-EINVAL);
	must_be("third", mshare_open_at(mount, "third", O_RDONLY, &other),
		-ENOENT);
	must("walk", mshare_walk_regions(mount, NULL, 0, count_entry, &count));
	must_be("regions", count, 2);

	count = 0;
	for (int i = 0; i < 3; i++)
		must("map", mshare_map(fd, start + (uint64_t)i * 8192, 4096,
				       PROT_READ, MAP_NORESERVE, -1, 0));
	must_be("mappings", mshare_walk_mappings(fd, count_mapping, &count), 7);
	must_be("seen", count, 2);
	must("close", mshare_close(fd));
	must("unlink", unlinkat(mount, "second", 0));

	must("open", mshare_open_at(mount, "third", O_RDWR | O_CREAT, &fd));
	must("choose", mshare_choose(fd, granule));
	must_be("choose again", mshare_choose(fd, granule), -EBUSY);
	must("close", mshare_close(fd));
	must("unlink", unlinkat(mount, "third", 0));
}

/* The structures of a later header, and of one that is none. */
static void use_other_sizes(int fd, uint64_t start)
{
	struct {
		struct msharefs_stat stat;
		uint64_t later, behind;
	} s = { .later = 5, .behind = 6 };
	struct {
		struct msharefs_features features;
		uint64_t later, behind;
	} f = { .later = 5, .behind = 6 };
	struct {
		struct msharefs_mapping mapping;
		uint64_t later, behind;
	} m = { .later = 5, .behind = 6 };
	char name[8];

	must("stat, larger",
	     mshare_stat(fd, &s.stat, sizeof(s.stat) + sizeof(s.later)));
	must_be("a later figure", (int64_t)s.later, 0);
	must_be("behind the figures", (int64_t)s.behind, 6);
	must_be("mapped", s.stat.mapped == SIZE, 1);
	must("features, larger",
	     mshare_features(fd, &f.features,
			     sizeof(f.features) + sizeof(f.later)));
	must_be("a later feature", (int64_t)f.later, 0);
	must_be("behind the features", (int64_t)f.behind, 6);
	must("next_mapping, larger",
	     mshare_next_mapping(fd, start, &m.mapping,
				 sizeof(m.mapping) + sizeof(m.later), name,
				 sizeof(name)));
	must_be("a later field", (int64_t)m.later, 0);
	must_be("behind the mapping", (int64_t)m.behind, 6);

	s.stat.mapped = 7;
	must_be("stat, too small",
		mshare_stat(fd, &s.stat, MSHAREFS_STAT_SIZE_VER0 - 1), -EINVAL);
	must_be("unchanged figures", (int64_t)s.stat.mapped, 7);
	must_be("features, too small", mshare_features(fd, &f.features, 8),
		-EINVAL);
	must_be("next_mapping, too small",
		mshare_next_mapping(fd, start, &m.mapping, 8, name,
				    sizeof(name)),
		-EINVAL);
}

int main(int argc, char **argv)
{
	struct msharefs_stat stat;
	uint64_t start, size;
	void *window;
	int fd, mount;

	if (argc != 2)
		return 2;
	must("open", mshare_open(argv[1], O_RDWR | O_CREAT, &fd));
	must("set_range", mshare_set_range(fd, START, SIZE));
	if (mshare_set_range(fd, START, SIZE) != -EBUSY)
		return 3;
	must("get_range", mshare_get_range(fd, &start, &size));
	must("map", mshare_map(fd, start, size, PROT_READ | PROT_WRITE,
			       MAP_NORESERVE, -1, 0));
	must("attach", mshare_attach(fd, PROT_READ | PROT_WRITE, &window));
	strcpy(window, "shared");
	must("stat", mshare_stat(fd, &stat, sizeof(stat)));
	printf("%s at %p of %" PRIu64 ", %" PRIu64 " mapped\n", (char *)window,
	       window, size, (uint64_t)stat.mapped);
	use_other_sizes(fd, start);
	must("protect", mshare_protect(fd, start, size, PROT_READ));
	must("unmap", mshare_unmap(fd, start, size));
	must("detach", mshare_detach(window, size));
	must("close", mshare_close(fd));
	must_be("close again", mshare_close(fd), -EBADF);
	must("open_mount", mshare_open_mount(dirname(argv[1]), &mount));
	use_mount(mount);
	return 0;
}
