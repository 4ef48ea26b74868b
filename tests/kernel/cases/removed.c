// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions that are removed while processes use them, regions that nobody uses,
 * and what STAT tells about users and costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "case.h"
#include "cgroup.h"
#include "check.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW       (PROT_READ | PROT_WRITE)
#define STRANGER 65534
#define SECOND   1000000000ULL
#define PAGES    16

static uint64_t start;

static void become_stranger(void)
{
	must(!setgroups(0, NULL) && !setresgid(STRANGER, STRANGER, STRANGER) &&
		     !setresuid(STRANGER, STRANGER, STRANGER),
	     "setresuid: %m");
}

static int open_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	must(fd >= 0, "%s: %m", path);
	return fd;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	must(!fstat(fd, &st), "fstat: %m");
	return st.st_ino;
}

static struct msharefs_stat stat_of(int fd)
{
	struct msharefs_stat stat;

	check_result(region_stat(fd, &stat), 0, "STAT");
	return stat;
}

/* A region with a number of painted pages of anonymous memory. */
static int new_region(const char *path, unsigned int pages)
{
	int fd = region_create(path, start, 2 * granule);

	region_fill(fd, start, pages * PAGE, RW);
	must(!region_advise(fd, start, pages * PAGE, MADV_POPULATE_WRITE),
	     "MADV_POPULATE_WRITE");
	return fd;
}

static int remove_unused(int dir, const char *name, uint64_t idle)
{
	struct msharefs_remove remove = {
		.size = sizeof(remove),
		.name = (uintptr_t)name,
		.idle = idle,
	};

	return request(dir, MSHAREFS_REMOVE_UNUSED, &remove);
}

/* What NEXT_REMOVED says about a region. */
struct listed {
	bool found;
	char name[PATH_MAX];
	struct msharefs_removed removed;
	struct msharefs_stat stat;
};

static struct listed list(int dir, ino_t inode)
{
	struct listed l = { 0 };
	uint64_t last = 0;
	int err;

	for (;;) {
		l.stat.size = sizeof(l.stat);
		l.stat.flags = 0;
		l.removed = (struct msharefs_removed){
			.size = sizeof(l.removed),
			.inode = last,
			.stat = (uintptr_t)&l.stat,
			.name = (uintptr_t)l.name,
			.name_size = sizeof(l.name),
		};
		err = request(dir, MSHAREFS_NEXT_REMOVED, &l.removed);
		if (err)
			break;
		check(l.removed.inode > last, "inode %llu follows %lu",
		      l.removed.inode, last);
		last = l.removed.inode;
		if (last != inode)
			continue;
		l.found = true;
		return l;
	}
	check_result(err, ENOENT, "the end of the list");
	return l;
}

/* STAT: users, times, costs */

static void attach_and_end(struct peer *parent, void *arg)
{
	(void)parent;
	window_map((int)(intptr_t)arg, start, 2 * granule, RW, 0);
}

static void users(void)
{
	const uint64_t before = (uint64_t)time(NULL) * SECOND - SECOND;
	int fd = new_region(region_path(), 1);
	struct msharefs_stat first = stat_of(fd), now;
	struct peer peer;

	check(first.creator == (uint32_t)getpid(), "creator %u, not %d",
	      first.creator, getpid());
	check(first.created >= before && first.created <= before + 100 * SECOND,
	      "created at %llu, after %lu", first.created, before);
	check(!first.attacher && !first.detacher && !first.attached_last &&
		      !first.detached_last && !first.reserved,
	      "attached before the first window");

	peer = peer_start(attach_and_end, (void *)(intptr_t)fd);
	peer_end(&peer);
	now = stat_of(fd);
	check(now.attacher == (uint32_t)peer.pid &&
		      now.detacher == (uint32_t)peer.pid,
	      "attacher %u, detacher %u, not %d", now.attacher, now.detacher,
	      peer.pid);
	check(now.attached_last >= now.created &&
		      now.detached_last >= now.attached_last,
	      "created %llu, attached %llu, detached %llu", now.created,
	      now.attached_last, now.detached_last);
	check(now.creator == first.creator && now.created == first.created,
	      "another creator: %u, %llu", now.creator, now.created);
	close(fd);
}

/* The process that made this one is in another PID namespace. */
static void look_from_inside(int fd)
{
	struct msharefs_stat now;
	pid_t pid = fork();
	int status;

	if (!pid) {
		window_map(fd, start, 2 * granule, RW, 0);
		now = stat_of(fd);
		check(getpid() == 1 && now.attacher == 1 && !now.creator,
		      "process %d: attacher %u, creator %u", getpid(),
		      now.attacher, now.creator);
		_exit(checks_status());
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid, "fork: %m");
	check(!status, "inside: status %#x", status);
}

static void in_pid_namespace(struct peer *parent, void *arg)
{
	(void)parent;
	must(!unshare(CLONE_NEWPID), "unshare: %m");
	look_from_inside((int)(intptr_t)arg);
}

static void pid_namespaces(void)
{
	int fd = new_region(region_path(), 1);
	struct peer peer = peer_start(in_pid_namespace, (void *)(intptr_t)fd);
	struct msharefs_stat now;

	peer_end(&peer);
	now = stat_of(fd);
	check(now.attacher > 1 && now.creator == (uint32_t)getpid(),
	      "outside: attacher %u, creator %u", now.attacher, now.creator);
	close(fd);
}

static void birth(void)
{
	const char *path = region_path();
	int fd = new_region(path, 1);
	struct msharefs_stat now = stat_of(fd);
	struct statx stx = { 0 };

	must(!statx(AT_FDCWD, path, 0, STATX_BTIME, &stx), "statx: %m");
	check(stx.stx_mask & STATX_BTIME, "no STATX_BTIME");
	check((uint64_t)stx.stx_btime.tv_sec * SECOND + stx.stx_btime.tv_nsec ==
		      now.created,
	      "born at %lld, created at %llu", stx.stx_btime.tv_sec,
	      now.created);
	close(fd);
}

static void huge(void)
{
	int fd = region_create(region_path(), start, 2 * granule);
	const uint64_t object = start + granule;
	struct msharefs_stat now;

	set_for_now(SHMEM_HUGE_PAGES, "advise");
	region_fill(fd, start, PAGE, RW);
	must(!region_advise(fd, start, PAGE, MADV_POPULATE_WRITE),
	     "MADV_POPULATE_WRITE");
	now = stat_of(fd);
	check(!now.resident_huge && now.resident == PAGE,
	      "a page: %llu bytes in huge pages of %llu", now.resident_huge,
	      now.resident);
	region_fill_thp(fd, object, 2 * TABLE_SPAN, RW);
	must(!region_advise(fd, object, 2 * TABLE_SPAN, MADV_POPULATE_WRITE),
	     "MADV_POPULATE_WRITE");
	now = stat_of(fd);
	check(now.resident_huge == 2 * TABLE_SPAN &&
		      now.resident == 2 * TABLE_SPAN + PAGE,
	      "two huge pages: %llu bytes of %llu", now.resident_huge,
	      now.resident);
	/* A huge page that is unmapped in part is mapped by small entries. */
	must(!region_unmap(fd, object, PAGE), "UNMAP");
	now = stat_of(fd);
	check(now.resident_huge == TABLE_SPAN, "one: %llu bytes",
	      now.resident_huge);
	close(fd);
}

static void payer(void)
{
	const char *group = cgroup_make(NULL, "payer");
	struct msharefs_stat now;
	struct stat st;
	int fd;

	must(!stat(group, &st), "%s: %m", group);
	cgroup_enter(group);
	fd = new_region(region_path(), 1);
	cgroup_enter(NULL);
	now = stat_of(fd);
	check(now.cgroup == st.st_ino, "cgroup %llu, not %lu", now.cgroup,
	      st.st_ino);
	cgroup_remove(group);
	/* The kernel finishes this later. */
	for (int i = 0; i < 100 && stat_of(fd).cgroup; i++)
		sleep_ms(100);
	now = stat_of(fd);
	check(!now.cgroup, "cgroup %llu is gone", now.cgroup);
	close(fd);
}

/* The sum of what regions cost is what the mount has used. */

static uint64_t used(const char *mount)
{
	struct statfs fs;

	must(!statfs(mount, &fs), "statfs: %m");
	return (fs.f_blocks - fs.f_bfree) * fs.f_bsize;
}

static uint64_t charged_removed(int dir, unsigned int *count)
{
	struct msharefs_stat stat = { .size = sizeof(stat) };
	struct msharefs_removed removed = {
		.size = sizeof(removed),
		.stat = (uintptr_t)&stat,
	};
	uint64_t sum = 0;

	*count = 0;
	while (!request(dir, MSHAREFS_NEXT_REMOVED, &removed)) {
		sum += stat.charged;
		++*count;
	}
	return sum;
}

static void sum(void)
{
	const char *mount = regions_mount("size=1G");
	int dir = open_directory(mount), fd[5];
	unsigned int count;
	uint64_t named = 0;
	char path[64];

	for (unsigned int i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/sum-%u", mount, i);
		fd[i] = region_create(path, start, 2 * granule);
		/* Reserved, not reserved, nothing at all. */
		if (i < 4)
			must(!region_map(fd[i], start, 64 * MIB, RW,
					 i & 1 ? MAP_NORESERVE : 0),
			     "CREATE_MAPPING");
		if (i < 4)
			must(!region_advise(fd[i], start, (100 + i) * PAGE,
					    MADV_POPULATE_WRITE),
			     "MADV_POPULATE_WRITE");
		/* Frees some of it again, in the middle of a table. */
		if (i == 1)
			must(!region_unmap(fd[i], start + 10 * PAGE, 20 * PAGE),
			     "UNMAP");
		if (i >= 2)
			must(!unlink(path), "unlink: %m");
		else
			named += stat_of(fd[i]).charged;
	}
	check(stat_of(fd[2]).charged > 64 * MIB, "reserved: %llu bytes",
	      stat_of(fd[2]).charged);
	check(stat_of(fd[3]).charged >= 103 * PAGE, "touched: %llu bytes",
	      stat_of(fd[3]).charged);
	named += charged_removed(dir, &count);
	check(count == 3, "%u removed regions, not 3", count);
	check(named == used(mount), "%lu bytes charged, %lu used", named,
	      used(mount));
	for (unsigned int i = 0; i < 5; i++)
		close(fd[i]);
	/* Each is freed with its last user, and vanishes from the list. */
	charged_removed(dir, &count);
	check(!count, "%u removed regions, not 0", count);
	close(dir);
}

/* NEXT_REMOVED */

static void removed(void)
{
	const char *path = region_path();
	int dir = open_directory(MSHARE_MOUNT), fd = new_region(path, PAGES);
	ino_t inode = inode_of(fd);
	struct listed l = list(dir, inode);

	check(!l.found, "a region with a name is in the list");
	must(!chmod(path, 0640) && !chown(path, 5, 6), "chmod: %m");
	must(!unlink(path), "unlink: %m");
	l = list(dir, inode);
	check(l.found, "a removed region is not in the list");
	check(!strcmp(l.name, strrchr(path, '/') + 1), "name %s of %s", l.name,
	      path);
	check(l.removed.name_size == strlen(l.name) + 1, "name_size %u",
	      l.removed.name_size);
	check(l.removed.start == start && l.removed.length == 2 * granule,
	      "range %#llx, %#llx", l.removed.start, l.removed.length);
	check(l.removed.uid == 5 && l.removed.gid == 6 &&
		      l.removed.mode == (S_IFREG | 0640),
	      "uid %u, gid %u, mode %o", l.removed.uid, l.removed.gid,
	      l.removed.mode);
	check(l.stat.resident == PAGES * PAGE && !l.stat.attached,
	      "resident %llu, attached %llu", l.stat.resident, l.stat.attached);

	/* A window keeps the region as well. */
	window_map(fd, start, 2 * granule, RW, 0);
	close(fd);
	l = list(dir, inode);
	check(l.found && l.stat.attached == 1, "found %d, attached %llu",
	      l.found, l.stat.attached);
	munmap((void *)start, 2 * granule);
	l = list(dir, inode);
	check(!l.found, "a region without users is in the list");
	close(dir);
}

/* Each way to lose the last name, or to get another one. */
static void names(void)
{
	char one[] = MSHARE_MOUNT "/test-one", two[] = MSHARE_MOUNT "/test-two";
	int dir = open_directory(MSHARE_MOUNT), fd = new_region(one, 1), other;
	ino_t inode = inode_of(fd);
	char self[32];

	must(!link(one, two) && !unlink(one), "link: %m");
	check(!list(dir, inode).found, "one of two names is gone");
	other = new_region(one, 1);
	must(!rename(one, two), "rename: %m");
	check(list(dir, inode).found, "rename() replaced the last name");
	check(!list(dir, inode_of(other)).found, "rename() named the other");
	close(other);
	close(fd);
	must(!unlink(two), "unlink: %m");

	fd = open(MSHARE_MOUNT, O_RDWR | O_TMPFILE, 0600);
	must(fd >= 0, "O_TMPFILE: %m");
	inode = inode_of(fd);
	check(list(dir, inode).found, "a region of O_TMPFILE");
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	must(!linkat(AT_FDCWD, self, AT_FDCWD, one, AT_SYMLINK_FOLLOW),
	     "linkat: %m");
	check(!list(dir, inode).found, "linkat() gave it a name");
	must(!unlink(one), "unlink: %m");
	close(fd);
	close(dir);
}

static void subtrees(void)
{
	char t1[] = MSHARE_MOUNT "/test-t1", t2[] = MSHARE_MOUNT "/test-t2";
	char path[] = MSHARE_MOUNT "/test-t1/region";
	char moved[] = MSHARE_MOUNT "/test-t2/t1";
	int in1, in2, root, fd;
	struct listed l;
	ino_t inode;

	must(!mkdir(t1, 0700) && !mkdir(t2, 0700), "mkdir: %m");
	in1 = open_directory(t1);
	in2 = open_directory(t2);
	root = open_directory(MSHARE_MOUNT);
	fd = new_region(path, 1);
	inode = inode_of(fd);
	must(!unlink(path), "unlink: %m");
	l = list(in1, inode);
	check(l.found && !strcmp(l.name, "region"), "its directory: %d %s",
	      l.found, l.name);
	l = list(root, inode);
	check(l.found && !strcmp(l.name, "test-t1/region"), "above: %d %s",
	      l.found, l.name);
	check(!list(in2, inode).found, "another directory");
	must(!rename(t1, moved), "rename: %m");
	l = list(in2, inode);
	check(l.found && !strcmp(l.name, "t1/region"), "moved: %d %s", l.found,
	      l.name);
	must(!rmdir(moved) && !rmdir(t2), "rmdir: %m");
	check(list(in1, inode).found, "a directory that is removed itself");
	close(fd);
	close(in1);
	close(in2);
	close(root);
}

struct seen_by {
	ino_t inode, own;
};

static void stranger_looks(struct peer *parent, void *arg)
{
	const struct seen_by *seen = arg;
	int dir;

	(void)parent;
	become_stranger();
	dir = open_directory(MSHARE_MOUNT);
	check(!list(dir, seen->inode).found, "a region of another user");
	check(list(dir, seen->own).found, "a region of this user");
}

static void write_map(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
	     "%s: %m", file);
	close(fd);
}

/* Root of a user namespace that has the user STRANGER alone, as its root. */
static void container_looks(struct peer *parent, void *arg)
{
	const struct seen_by *seen = arg;
	int dir;

	(void)parent;
	dir = open_directory(MSHARE_MOUNT);
	become_stranger();
	/* Otherwise its files in /proc belong to root. */
	must(!prctl(PR_SET_DUMPABLE, 1), "PR_SET_DUMPABLE: %m");
	must(!unshare(CLONE_NEWUSER), "unshare: %m");
	write_map("/proc/self/setgroups", "deny");
	write_map("/proc/self/uid_map", "0 65534 1");
	write_map("/proc/self/gid_map", "0 65534 1");
	check(!list(dir, seen->inode).found, "a region of the host's root");
	check(list(dir, seen->own).found, "a region of a user inside");
	check(!list(dir, seen->own).removed.uid, "uid %u, not 0",
	      list(dir, seen->own).removed.uid);
}

static void permissions(void)
{
	char path[] = MSHARE_MOUNT "/test-one",
	     own[] = MSHARE_MOUNT "/test-own";
	int fd = new_region(path, 1), mine = new_region(own, 1);
	struct seen_by seen = { inode_of(fd), inode_of(mine) };
	struct peer peer;

	/* The mode grants reading; the directory may have denied it. */
	must(!chmod(path, 0666) && !chown(own, STRANGER, STRANGER),
	     "chmod: %m");
	must(!unlink(path) && !unlink(own), "unlink: %m");
	peer = peer_start(stranger_looks, &seen);
	peer_end(&peer);
	peer = peer_start(container_looks, &seen);
	peer_end(&peer);
	close(fd);
	close(mine);
}

static void arguments(void)
{
	const char *path = region_path();
	int dir = open_directory(MSHARE_MOUNT), fd = new_region(path, 1);
	int only_path = open(MSHARE_MOUNT, O_PATH);
	struct msharefs_stat stat = { .size = sizeof(stat) };
	struct msharefs_removed good = {
		.size = sizeof(good),
		.inode = inode_of(fd) - 1,
	};
	struct msharefs_removed removed = good;
	char name[PATH_MAX];

	must(!unlink(path), "unlink: %m");
	removed.flags = 1;
	check_result(request(dir, MSHAREFS_NEXT_REMOVED, &removed), EINVAL,
		     "flags");
	removed = good;
	removed.stat = (uintptr_t)&stat;
	stat.flags = 1;
	check_result(request(dir, MSHAREFS_NEXT_REMOVED, &removed), EINVAL,
		     "flags of the figures");
	removed.stat = 1;
	check_result(request(dir, MSHAREFS_NEXT_REMOVED, &removed), EFAULT,
		     "figures at 1");
	removed = good;
	removed.name = (uintptr_t)name;
	removed.name_size = 2;
	check_result(request(dir, MSHAREFS_NEXT_REMOVED, &removed), ERANGE,
		     "a small buffer");
	check(removed.name_size == strlen(strrchr(path, '/')) &&
		      removed.inode == good.inode && !removed.uid &&
		      !removed.length,
	      "ERANGE changed more than name_size, which is %u",
	      removed.name_size);
	check_result(request(dir, MSHAREFS_NEXT_REMOVED, &removed), 0,
		     "the size that is needed");
	removed = good;
	removed.inode = -1ULL;
	check_result(request(dir, MSHAREFS_NEXT_REMOVED, &removed), ENOENT,
		     "behind the last number");
	check_result(request(fd, MSHAREFS_NEXT_REMOVED, &removed), ENOTTY,
		     "a region");
	check_result(request(only_path, MSHAREFS_NEXT_REMOVED, &removed), EBADF,
		     "O_PATH");
	close(only_path);
	close(fd);
	close(dir);
}

/* REMOVE_UNUSED */

static void unused(void)
{
	const char *path = region_path(), *name = strrchr(path, '/') + 1;
	int dir = open_directory(MSHARE_MOUNT), fd = new_region(path, 1);

	window_map(fd, start, 2 * granule, RW, 0);
	check_result(remove_unused(dir, name, 0), EBUSY, "attached");
	check(!access(path, F_OK), "EBUSY, and yet the name is gone");
	munmap((void *)start, 2 * granule);
	check_result(remove_unused(dir, name, 1000 * SECOND), EBUSY,
		     "detached just now");
	sleep_ms(20);
	check_result(remove_unused(dir, name, 10000000), 0,
		     "detached 20 ms ago");
	check(access(path, F_OK), "the name is there");
	check_result(mmap(NULL, 2 * granule, RW, MAP_SHARED, fd, 0) ==
				     MAP_FAILED ?
			     -errno :
			     0,
		     ESTALE, "a window on it");
	check(list(dir, inode_of(fd)).found, "not in the list while open");
	close(fd);
	close(dir);
}

/* MAP_FIXED replaces nothing if the region is retired. */
static void retired(void)
{
	const char *path = region_path(), *name = strrchr(path, '/') + 1;
	int dir = open_directory(MSHARE_MOUNT), fd = new_region(path, 1);
	char *page = mmap((void *)start, PAGE, RW,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	must(page == (void *)start, "mmap: %m");
	*page = 'x';
	check_result(remove_unused(dir, name, 0), 0, "REMOVE_UNUSED");
	check_result(mmap((void *)start, 2 * granule, RW,
			  MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ?
			     -errno :
			     0,
		     ESTALE, "MAP_FIXED");
	check(*page == 'x', "the mapping that was there is gone");
	munmap(page, PAGE);
	close(fd);
	close(dir);
}

/* A process can have the memory without a window. */
static void plain(void)
{
	const char *path = region_path(), *name = strrchr(path, '/') + 1;
	int dir = open_directory(MSHARE_MOUNT);
	int fd = region_open(path, O_RDWR | O_CREAT | O_EXCL);
	char *hint = (char *)0x7000000000, *at;
	struct msharefs_stat now;
	pid_t pid;

	must(!ftruncate(fd, PAGE), "ftruncate: %m");
	at = mmap(hint, PAGE, RW, MAP_SHARED, fd, 0);
	must(at == hint, "mmap: %m");
	now = stat_of(fd);
	check(now.attacher == (uint32_t)getpid() && now.attached_last,
	      "attacher %u", now.attacher);
	check_result(remove_unused(dir, name, 0), EBUSY, "a plain mapping");
	/* A child's copy counts as well. */
	pid = fork();
	if (!pid) {
		sleep_ms(2000);
		_exit(0);
	}
	munmap(at, PAGE);
	check_result(remove_unused(dir, name, 0), EBUSY, "in the child");
	must(waitpid(pid, NULL, 0) == pid, "waitpid: %m");
	check_result(remove_unused(dir, name, 0), 0, "in no process");
	check_result(mmap(hint, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED ?
			     -errno :
			     0,
		     ESTALE, "another plain mapping");
	check_result(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0) == MAP_FAILED ?
			     -errno :
			     0,
		     ESTALE, "a window");
	check(write(fd, "x", 1) == 1, "write: %m");
	close(fd);
	close(dir);
}

static void other_name(void)
{
	char one[] = MSHARE_MOUNT "/test-one", two[] = MSHARE_MOUNT "/test-two";
	int dir = open_directory(MSHARE_MOUNT), fd = new_region(one, 1);

	must(!link(one, two), "link: %m");
	check_result(remove_unused(dir, "test-one", 0), 0, "one of two names");
	window_map(fd, start, 2 * granule, RW, 0);
	check_result(remove_unused(dir, "test-two", 0), EBUSY, "attached");
	munmap((void *)start, 2 * granule);
	check_result(remove_unused(dir, "test-two", 0), 0, "the last name");
	close(fd);
	close(dir);
}

static void stranger_removes(struct peer *parent, void *arg)
{
	int dir;

	(void)parent;
	become_stranger();
	dir = open_directory(MSHARE_MOUNT);
	check_result(remove_unused(dir, arg, 0), EPERM,
		     "another user's, in a sticky directory");
}

static void remove_errors(void)
{
	const char *path = region_path(), *name = strrchr(path, '/') + 1;
	int dir = open_directory(MSHARE_MOUNT), fd = new_region(path, 1);
	char directory[] = MSHARE_MOUNT "/test-directory";
	struct msharefs_remove flags = {
		.size = sizeof(flags),
		.flags = 1,
		.name = (uintptr_t)name,
	};
	char longer[300];
	struct peer peer;

	memset(longer, 'x', sizeof(longer));
	longer[299] = '\0';
	must(!mkdir(directory, 0700), "mkdir: %m");
	const struct {
		const char *name;
		int want;
	} rows[] = {
		{ "test-none", ENOENT },
		{ "mshare_info", EPERM },
		{ "test-directory", EISDIR },
		{ longer, ENAMETOOLONG },
		{ "", EACCES },
		{ ".", EACCES },
		{ "..", EACCES },
		{ "test-directory/x", EACCES },
		{ (const char *)1, EFAULT },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_result(remove_unused(dir, rows[i].name, 0), rows[i].want,
			     "row %zu", i);
	check_result(request(dir, MSHAREFS_REMOVE_UNUSED, &flags), EINVAL,
		     "flags");
	check_result(request(fd, MSHAREFS_REMOVE_UNUSED, &flags), ENOTTY,
		     "a region");
	peer = peer_start(stranger_removes, (void *)name);
	peer_end(&peer);
	check_result(remove_unused(dir, name, -1ULL), EBUSY, "all time");
	check(!access(path, F_OK), "refused, and yet removed");
	must(!rmdir(directory), "rmdir: %m");
	check_result(remove_unused(dir, name, 0), 0, "at last");
	close(fd);
	close(dir);
}

/*
 * The race: a process attaches and another one removes. Either the process has
 * a window and the region keeps its name, or it gets ESTALE.
 */
#define ROUNDS 300

static void keep_attaching(struct peer *parent, void *arg)
{
	(void)arg;
	pin_to_cpu(1);
	for (int i = 0; i < ROUNDS; i++) {
		char path[64];
		void *window;
		int fd, err;

		wait_go(parent);
		snprintf(path, sizeof(path), MSHARE_MOUNT "/test-race-%d", i);
		fd = open(path, O_RDWR);
		go(parent);
		if (fd < 0)
			continue;
		for (int k = i % 64; k; k--)
			sched_yield();
		window = mmap(NULL, 2 * granule, RW, MAP_SHARED, fd, 0);
		err = window == MAP_FAILED ? errno : 0;
		wait_go(parent);
		check(err == (access(path, F_OK) ? ESTALE : 0),
		      "round %d: error %d, and the name is %s", i, err,
		      access(path, F_OK) ? "gone" : "there");
		if (!err)
			munmap(window, 2 * granule);
		close(fd);
		go(parent);
	}
}

static void race(void)
{
	int dir = open_directory(MSHARE_MOUNT), won = 0, lost = 0;
	struct peer peer = peer_start(keep_attaching, NULL);
	char path[64];

	pin_to_cpu(0);
	for (int i = 0; i < ROUNDS; i++) {
		int err;

		snprintf(path, sizeof(path), MSHARE_MOUNT "/test-race-%d", i);
		close(region_create(path, start, 2 * granule));
		go(&peer);
		wait_go(&peer);
		for (int k = i % 48; k; k--)
			sched_yield();
		err = remove_unused(dir, strrchr(path, '/') + 1, 0);
		check(!err || err == -EBUSY, "round %d: %s", i, strerror(-err));
		won += !err;
		lost += err == -EBUSY;
		go(&peer);
		wait_go(&peer);
		unlink(path);
	}
	peer_end(&peer);
	check(won && lost, "no race: %d removed, %d attached", won, lost);
	close(dir);
}

/* A directory and its regions, all with numbers of their own. */
static void numbers(void)
{
	ino_t seen[40];
	unsigned int n = 0;

	for (int i = 0; i < 20; i++) {
		const char *path = region_path();
		char inside[PATH_MAX];
		int dir, fd;

		must(!mkdir(path, 0700), "mkdir: %m");
		snprintf(inside, sizeof(inside), "%s/f", path);
		dir = open_directory(path);
		fd = region_open(inside, O_RDWR | O_CREAT | O_EXCL);
		seen[n++] = inode_of(dir);
		seen[n++] = inode_of(fd);
		close(fd);
		close(dir);
		must(!unlink(inside) && !rmdir(path), "rmdir: %m");
	}
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			check(seen[i] != seen[j], "%u and %u have number %lu",
			      j, i, (unsigned long)seen[i]);
}

static bool fdinfo_has(int fd, const char *key)
{
	char path[64], line[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	must(f, "%s: %m", path);
	while (fgets(line, sizeof(line), f))
		found |= !strncmp(line, key, strlen(key));
	fclose(f);
	return found;
}

/* fdinfo reports what STAT reports for the same descriptor. */
static void fdinfo(void)
{
	const char *path = region_path();
	int fd = region_create(path, start, granule);
	int writer = region_open(path, O_WRONLY);
	struct msharefs_stat stat;

	check(fdinfo_has(fd, "size:") && fdinfo_has(fd, "creator:"),
	      "lines are missing");
	check(region_stat(writer, &stat), "STAT needs no right to read");
	check(fdinfo_has(writer, "size:"), "no size");
	check(!fdinfo_has(writer, "creator:") &&
		      !fdinfo_has(writer, "attached:"),
	      "more than STAT reports");
	close(writer);
	close(fd);
}

static const struct test_case cases[] = {
	{ "users", "STAT tells who created, attached and detached, and when",
	  users },
	{ "pid-namespaces",
	  "STAT shows processes as the caller's namespace does",
	  pid_namespaces },
	{ "birth", "statx() has the time of creation", birth },
	{ "huge", "STAT counts huge pages in the page tables", huge },
	{ "payer", "STAT names the cgroup that pays", payer },
	{ "sum", "the charges of all regions are what the mount has used",
	  sum },
	{ "removed", "NEXT_REMOVED lists a removed region until its end",
	  removed },
	{ "names", "NEXT_REMOVED lists exactly the regions without a name",
	  names },
	{ "subtrees", "NEXT_REMOVED lists what was below the directory",
	  subtrees },
	{ "permissions", "NEXT_REMOVED shows a region to its owner and to root",
	  permissions },
	{ "arguments", "NEXT_REMOVED refuses wrong arguments", arguments },
	{ "unused", "REMOVE_UNUSED removes a region that nobody has attached",
	  unused },
	{ "retired", "MAP_FIXED replaces nothing after REMOVE_UNUSED",
	  retired },
	{ "plain", "a plain mapping keeps a region from REMOVE_UNUSED", plain },
	{ "other-name", "REMOVE_UNUSED keeps a region with another name",
	  other_name },
	{ "remove-errors", "REMOVE_UNUSED fails as unlink() does",
	  remove_errors },
	{ "numbers", "a directory and a region never have the same number",
	  numbers },
	{ "fdinfo", "fdinfo shows no more than STAT", fdinfo },
	{ "race", "a process that attaches keeps the region, or gets ESTALE",
	  race },
};

static void setup(void)
{
	start = region_address(48);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
