// SPDX-License-Identifier: GPL-2.0-only
/* The list of nameless regions, and who can see which of them. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "peer.h"
#include "program.h"
#include "region.h"

#define STRANGER 65534
#define LENGTH   (40 * MIB + 0x98)
#define ROUNDED  (40 * MIB + PAGE)

static int info;

static void setup(void)
{
	info = open_list();
}

static void become_stranger(void)
{
	must(!setgroups(0, NULL) && !setresgid(STRANGER, STRANGER, STRANGER) &&
		     !setresuid(STRANGER, STRANGER, STRANGER),
	     "setresuid: %m");
}

/* The memory at an address of a process, as a descriptor shows it. */
static bool find(int fd, const void *at, pid_t creator, struct listed *l)
{
	uint64_t last = 0;
	int err;

	while (!(err = next_listed(fd, l, last))) {
		check(l->nameless.number > last, "%llu follows %lu",
		      l->nameless.number, last);
		last = l->nameless.number;
		if (l->nameless.start == (uint64_t)at &&
		    l->stat.creator == (uint32_t)creator)
			return true;
	}
	check_result(err, ENOENT, "the end of the list");
	return false;
}

static bool is_listed(const void *at)
{
	struct listed l;

	return find(info, at, getpid(), &l);
}

/* Does a line of maps have the device and the inode of the list? */
static bool is_in_maps(const void *at, uint64_t dev, uint64_t inode)
{
	uint64_t start, ino;
	unsigned int major, minor;
	bool found = false;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "r");

	must(f, "maps: %m");
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%" SCNx64 "-%*x %*s %*x %x:%x %" SCNu64,
			       &start, &major, &minor, &ino) == 4 &&
			start == (uint64_t)at && ino == inode &&
			makedev(major, minor) == dev;
	fclose(f);
	return found;
}

static void sleeps(struct peer *parent, void *arg)
{
	(void)arg;
	go(parent);
	wait_go(parent);
}

static void describes(void)
{
	struct peer peer;
	struct listed l, again;
	char *at, *plain;
	int dir = open(MSHARE_MOUNT, O_RDONLY | O_DIRECTORY);

	must(dir >= 0, "open: %m");
	must(!prctl(PR_SET_NAME, "a program", 0, 0, 0), "PR_SET_NAME: %m");
	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	at = map(LENGTH);
	memset(at, 1, 5 * MIB);
	must(find(info, at, getpid(), &l), "not in the list");
	check_int(l.nameless.length, granule);
	check_int(l.nameless.bytes, ROUNDED);
	check_int(l.nameless.uid, 0);
	check_int(l.nameless.shmid, -1);
	check_int(l.nameless.ipc, 0);
	check(!strcmp(l.nameless.command, "a program"), "command '%s'",
	      l.nameless.command);
	check(is_in_maps(at, l.nameless.dev, l.nameless.inode),
	      "another device or inode in maps");
	check_int(l.stat.attached, 1);
	check_int(l.stat.resident, 5 * MIB);

	/* The number finds the region again. */
	check_result(next_listed(dir, &again, l.nameless.number - 1), 0,
		     "directory");
	check_int(again.nameless.number, l.nameless.number);
	check_int(again.nameless.start, l.nameless.start);
	check_int(again.stat.resident, l.stat.resident);
	close(dir);

	peer = peer_start(sleeps, NULL);
	wait_go(&peer);
	check_result(next_listed(info, &l, l.nameless.number - 1), 0, "again");
	check_int(l.stat.attached, 2);
	go(&peer);
	peer_end(&peer);

	must(!mprotect(at, PAGE, PROT_READ), "mprotect: %m");
	plain = at + PAGE;
	check(is_in_maps(plain, l.nameless.plain_dev, l.nameless.inode),
	      "another device or inode for the plain mapping");
	check_result(next_listed(info, &l, l.nameless.number - 1), 0, "plain");
	check_int(l.stat.attached, 1);
	must(!munmap(at, LENGTH), "munmap: %m");
	check(!is_listed(at), "the end of the memory shows it still");
}

static void refuses(void)
{
	struct msharefs_nameless nameless = {
		.size = sizeof(nameless),
		.flags = 1,
	};
	int fd = region_create(region_path(), region_address(0), granule);
	struct {
		struct msharefs_nameless known;
		uint64_t more;
	} newer = { .known.size = sizeof(newer), .more = 1 };

	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	map(LENGTH);
	check_result(request(info, MSHAREFS_NEXT_NAMELESS, &nameless), EINVAL,
		     "a flag");
	nameless.flags = 0;
	nameless.stat = 8;
	check_result(request(info, MSHAREFS_NEXT_NAMELESS, &nameless), EFAULT,
		     "no structure");
	nameless.stat = 0;
	nameless.number = UINT64_MAX;
	check_result(request(info, MSHAREFS_NEXT_NAMELESS, &nameless), ENOENT,
		     "the largest number");
	nameless.number = 0;
	check_result(request(fd, MSHAREFS_NEXT_NAMELESS, &nameless), ENOTTY,
		     "a region");
	nameless.size = MSHAREFS_NAMELESS_SIZE_VER0 - 1;
	check_result(request(info, MSHAREFS_NEXT_NAMELESS, &nameless), EINVAL,
		     "a size below the first");
	check_result(request(info, MSHAREFS_NEXT_NAMELESS, &newer), E2BIG,
		     "unknown fields");
	newer.more = 0;
	check_result(request(info, MSHAREFS_NEXT_NAMELESS, &newer), 0,
		     "unknown fields of 0");
}

static void looks(struct peer *parent, void *arg)
{
	struct listed l;
	char *at;

	become_stranger();
	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	at = map(LENGTH);
	check(is_listed(at), "its own memory");
	check(!find(info, arg, getppid(), &l), "the memory of another user");
	go(parent);
	wait_go(parent);
}

static void users(void)
{
	struct peer peer;
	struct listed l;
	uint64_t last = 0;
	char *at;
	bool found = false;

	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	at = map(LENGTH);
	peer = peer_start(looks, at);
	wait_go(&peer);
	/* Root sees all. */
	for (; !next_listed(info, &l, last); last = l.nameless.number)
		found |= l.nameless.uid == STRANGER &&
			 l.stat.creator == (uint32_t)peer.pid;
	check(found, "root does not see the memory of another user");
	go(&peer);
	peer_end(&peer);
}

/* In a PID namespace of its own: what @arg is the parent of. */
static void contained(void *arg)
{
	char *at;
	struct listed l;

	become_stranger();
	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	at = map(LENGTH);
	check(find(info, at, getpid(), &l), "its own memory");
	check(!find(info, arg, 0, &l), "the memory of another container");
}

static void container(struct peer *parent, void *arg)
{
	pid_t pid;
	int status;

	(void)parent;
	must(!unshare(CLONE_NEWPID), "unshare: %m");
	pid = fork();
	if (!pid) {
		contained(arg);
		_exit(failed_checks ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	must(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	check_int(status, 0);
}

static void maps_and_waits(struct peer *parent, void *arg)
{
	become_stranger();
	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	*(void **)arg = map(LENGTH);
	go(parent);
	wait_go(parent);
}

static void containers(void)
{
	void **at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct peer outside, inside;

	outside = peer_start(maps_and_waits, at);
	wait_go(&outside);
	inside = peer_start(container, *at);
	peer_end(&inside);
	go(&outside);
	peer_end(&outside);
}

static const struct test_case cases[] = {
	{ "describes", "NEXT_NAMELESS tells size, program and use of memory",
	  describes },
	{ "refuses", "NEXT_NAMELESS refuses what it does not know", refuses },
	{ "users", "users list their own memory, root lists all", users },
	{ "containers", "a PID namespace hides memory of its outside",
	  containers },
};

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
