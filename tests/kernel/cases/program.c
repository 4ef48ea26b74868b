// SPDX-License-Identifier: GPL-2.0-only
/*
 * PR_SET_MSHARE: anonymous shared memory of programs that do not know msharefs.
 * Such a program may notice nothing: one script runs without and with regions.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "leak.h"
#include "notes.h"
#include "object.h"
#include "peer.h"
#include "program.h"
#include "program32.h"
#include "region.h"
#include "touch.h"

/* Younger than glibc 2.36; EINVAL before Linux 6.13. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

#define STRANGER 65534
/* From this size on; and a length that is no multiple of anything. */
#define MIN_SIZE (16 * MIB)
#define LENGTH   (40 * MIB + 0x98)

/* The flags, or a negative errno. */
static int get_min_size(uint64_t *size)
{
	return result(prctl(PR_GET_MSHARE, size, 0, 0, 0));
}

static void attribute(void)
{
	uint64_t size = 1;

	check_result(get_min_size(&size), 0, "GET");
	check_int(size, 0);
	check_result(set_min_size(3 * MIB, 0), EINVAL, "no power of two");
	check_result(set_min_size(PAGE / 2, 0), EINVAL, "less than a page");
	check_result(set_min_size(MIB, 2), EINVAL, "unknown flag");
	check_result(set_min_size(0, PR_MSHARE_STRICT), EINVAL, "strict");
	check_result(result(prctl(PR_SET_MSHARE, MIB, 0, 1, 0)), EINVAL,
		     "fourth argument");
	check_result(result(prctl(PR_SET_MSHARE, MIB, 0, 0, 1)), EINVAL,
		     "fifth argument");
	check_result(result(prctl(PR_GET_MSHARE, &size, 1, 0, 0)), EINVAL,
		     "third argument");
	check_result(result(prctl(PR_GET_MSHARE, 8, 0, 0, 0)), EFAULT,
		     "EFAULT");
	check_result(get_min_size(&size), 0, "GET");
	check_int(size, 0);
	for (uint64_t i = PAGE; i; i <<= 1) {
		check_result(set_min_size(i, 0), 0, "%#lx", i);
		check_result(get_min_size(&size), 0, "GET");
		check_int(size, i);
	}
	check_result(set_min_size(MIB, PR_MSHARE_STRICT), 0, "strict");
	check_int(get_min_size(&size), PR_MSHARE_STRICT);
	check_int(size, MIB);
	check_result(set_min_size(0, 0), 0, "nothing");
	check_int(get_min_size(&size), 0);
	check_int(size, 0);
}

/* What an executed program has: 8 bits of its size in MiB. */
static void executed(void)
{
	uint64_t size = 0;

	get_min_size(&size);
	_exit((int)(size / MIB));
}

static int execute_as(const char *path, uid_t uid)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
			    setresuid(uid, uid, uid)))
			_exit(255);
		execl(path, path, "executed", NULL);
		_exit(254);
	}
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "wait: %m");
	return WEXITSTATUS(status);
}

static void inheritance(void)
{
	char command[PATH_MAX + 64], self[PATH_MAX] = "";
	uint64_t size = 0;

	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "exe: %m");
	check_int(execute_as(self, 0), 0);
	check_result(set_min_size(16 * MIB, 0), 0, "SET");
	check_int(execute_as(self, 0), 16);
	check_int(execute_as(self, STRANGER), 16);
	check_result(get_min_size(&size), 0, "GET");
	check_int(size, 16 * MIB);

	/* Others choose nothing for a program with more privileges. */
	mounts_unshare();
	must(!mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755"), "mount: %m");
	snprintf(command, sizeof(command), "install -m 4755 %s /mnt/program",
		 self);
	must(!system(command), "%s", command);
	check_int(execute_as("/mnt/program", STRANGER), 0);
	/* No privileges are gained here. */
	check_int(execute_as("/mnt/program", 0), 16);
}

static void stores(struct peer *parent, void *arg)
{
	volatile char *at = arg;
	long before = process_status(0, "VmPTE");

	(void)parent;
	check(is_window((void *)at), "the child has no window");
	for (uint64_t i = 0; i < LENGTH; i += TABLE_SPAN)
		at[i] = 'c';
	check(process_status(0, "VmPTE") - before < 16,
	      "page tables of its own");
}

static void shared(void)
{
	long regions = counter("regions");
	struct peer peer;
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	at = map(LENGTH);
	check_int(counter("regions"), regions + 1);
	check(is_window(at), "no window");
	check((uint64_t)at % granule == 0, "at %p", at);
	for (uint64_t i = 0; i < LENGTH; i += PAGE)
		if (at[i])
			check(false, "%lx is not 0", i);
	at[5] = 'p';
	peer = peer_start(stores, at);
	peer_end(&peer);
	check_int(at[0], 'c');
	check_int(at[5], 'p');
	check_int(load(at + 41 * MIB, &(uint64_t){ 0 }), SIGSEGV);
	check_result(result(munmap(at, LENGTH)), 0, "munmap");
	check_int(load(at, &(uint64_t){ 0 }), SIGSEGV);
}

/* Memory of other kinds stays as it is. */
static void others(void)
{
	const struct {
		const char *what;
		int prot, flags;
		uint64_t size;
	} kinds[] = {
		{ "small", RW, ANON, MIN_SIZE - PAGE },
		{ "MAP_32BIT", RW, ANON | MAP_32BIT, LENGTH },
		{ "PROT_NONE", PROT_NONE, ANON, LENGTH },
		{ "executable", RW | PROT_EXEC, ANON, LENGTH },
	};
	long regions;
	char *at, *fixed;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	regions = counter("regions");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		at = map_with(NULL, kinds[i].size, kinds[i].prot,
			      kinds[i].flags);
		check(!is_window(at), "%s", kinds[i].what);
		munmap(at, kinds[i].size);
	}
	fixed = map_with(NULL, 2 * granule, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS);
	at = map_with(fixed, LENGTH, RW, ANON | MAP_FIXED);
	check(at == fixed && !is_window(at), "MAP_FIXED");
	map_with(NULL, LENGTH, RW, MAP_PRIVATE | MAP_ANONYMOUS);
	check_int(counter("regions"), regions);
	must(!set_min_size(0, 0), "PR_SET_MSHARE: %m");
	check(!is_window(map(LENGTH)), "after the end");
}

/* A hint that is free is used, rounded up to a granule. */
static void hints(void)
{
	char *const hint = (char *)0x7000000000;
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	at = map_with(hint - 5 * PAGE, LENGTH, RW, ANON);
	check(at == hint && is_window(at), "at %p", at);
	at = map_with(hint, LENGTH, RW, ANON);
	check(at != hint && is_window(at), "at %p", at);
}

/* The pages are LENGTH / PAGE + 1. */
#define END ((LENGTH | (PAGE - 1)) + 1)

static int fault_at(char *at)
{
	return load(at, &(uint64_t){ 0 });
}

static char *fresh(void)
{
	char *at = map(LENGTH);

	NOTE_64(at[0] | at[LENGTH - 1]);
	check_int(is_window(at), notes_run);
	memset(at, 'a', 3 * PAGE);
	at[LENGTH - 1] = 'z';
	return at;
}

static char *map_private(size_t size)
{
	return map_with(NULL, size, RW,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
}

static void script_munmap(void)
{
	char *at = fresh();

	NOTE(munmap(at, PAGE));
	NOTE_64(fault_at(at));
	NOTE_64(at[PAGE]);
	NOTE(munmap(at + 4 * MIB, MIB + 5));
	NOTE_64(fault_at(at + 4 * MIB));
	NOTE_64(fault_at(at + 5 * MIB));
	NOTE_64(fault_at(at + 5 * MIB + PAGE));
	NOTE_64(at[LENGTH - 1]);
	NOTE(munmap(at + END - PAGE, PAGE));
	NOTE_64(fault_at(at + LENGTH - 8));
	NOTE(munmap(at, LENGTH));
	NOTE_64(fault_at(at + PAGE));
	/* Nothing of it is left. */
	NOTE(munmap(at, LENGTH));
	at = fresh();
	NOTE(munmap(at + MIB, LENGTH - MIB));
	NOTE_64(at[0]);
	NOTE_64(fault_at(at + MIB));
	NOTE(munmap(at, MIB));
}

static void script_mprotect(void)
{
	char *at = fresh();

	NOTE(mprotect(at + PAGE, PAGE, PROT_READ));
	NOTE_64(store(at + PAGE, 1));
	NOTE_64(store(at, 1));
	NOTE(mprotect(at + PAGE, PAGE, RW));
	NOTE_64(store(at + PAGE, 1));
	NOTE(mprotect(at, LENGTH, PROT_NONE));
	NOTE_64(fault_at(at));
	NOTE(mprotect(at, LENGTH, PROT_READ));
	NOTE_64(store(at + 20 * MIB, 1));
	NOTE_64(at[LENGTH - 1]);
	NOTE(mprotect(at, LENGTH, RW | PROT_EXEC));
	at[0] = (char)0xc3;
	NOTE_64(call(at));
	NOTE(munmap(at, LENGTH));
}

static void script_mremap(void)
{
	char *at = fresh(), *moved, *twin;

	moved = mremap(at, LENGTH, 2 * END, MREMAP_MAYMOVE);
	NOTE_64(moved != MAP_FAILED);
	NOTE_64(moved[LENGTH - 1]);
	NOTE_64(fault_at(moved + END + 5 * PAGE));
	NOTE_64(store(moved + END - 8, 1));
	moved = mremap(moved, 2 * END, MIB, 0);
	NOTE_64(moved != MAP_FAILED);
	NOTE_64(fault_at(moved + MIB));
	twin = mremap(moved, 0, MIB, MREMAP_MAYMOVE);
	NOTE_64(twin != MAP_FAILED);
	twin[PAGE] = 't';
	NOTE_64(moved[PAGE]);
	at = fresh();
	NOTE_64(mremap(at, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED,
		       twin + MIB) == twin + MIB);
	NOTE_64(twin[MIB]);
	NOTE_64(fault_at(at));
	NOTE_64(at[LENGTH - 1]);
	NOTE(munmap(at, LENGTH));
	NOTE(munmap(twin, 2 * MIB));
	NOTE(munmap(moved, MIB));
}

/*
 * From Linux 6.17 on, several VMAs move, each to a part of the new range: here to
 * all of the granule that has a window, and not at once.
 */
static void script_mremap_several(void)
{
	char *room = map_private(2 * GIB), *from = map_private(GIB), *at;

	at = (char *)(((uintptr_t)room + GIB - 1) & -GIB);
	must(!munmap(room, 2 * GIB), "munmap: %m");
	NOTE_64(map_with(at, LENGTH, RW, ANON) == at);
	check_int(is_window(at), notes_run);
	at[0] = 'a';
	from[MIB] = 'm';
	must(!mprotect(from, MIB, PROT_READ), "mprotect: %m");
	NOTE_64(mremap(from, GIB, GIB, MREMAP_MAYMOVE | MREMAP_FIXED, at) ==
		at);
	NOTE_64(fault_at(at + MIB));
	NOTE_64(store(at, 1));
	NOTE_64(fault_at(from));
	NOTE(munmap(at, GIB));
	NOTE(munmap(from, GIB));
}

static void script_guards(void)
{
	char *at = fresh();

	NOTE(madvise(at + PAGE, PAGE, MADV_GUARD_INSTALL));
	NOTE_64(fault_at(at));
	NOTE_64(fault_at(at + PAGE));
	NOTE(madvise(at + PAGE, PAGE, MADV_GUARD_REMOVE));
	NOTE_64(fault_at(at + PAGE));
	NOTE_64(at[PAGE]);
	NOTE(munmap(at, LENGTH));
}

/*
 * Several ranges of one call, on the process itself from Linux 6.13 on. The first
 * range has two VMAs, which needs another lock than the window after it does.
 */
static void script_ranges(void)
{
	const int advice[] = { MADV_GUARD_INSTALL, MADV_GUARD_REMOVE,
			       MADV_DONTNEED, MADV_COLD };
	char *at = fresh(), *apart = map_private(MIB);
	struct iovec ranges[] = {
		{ apart, 2 * PAGE },
		{ at + PAGE, PAGE },
		{ apart + 4 * PAGE, PAGE },
	};
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	must(self >= 0, "pidfd_open: %m");
	at[PAGE] = 'r';
	apart[0] = 'p';
	must(!mprotect(apart, PAGE, PROT_READ), "mprotect: %m");
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		NOTE_64(result(syscall(SYS_process_madvise, self, ranges, 3,
				       advice[i], 0)));
		NOTE_64(fault_at(at));
		NOTE_64(fault_at(at + PAGE));
		NOTE_64(fault_at(apart));
		NOTE_64(fault_at(apart + 4 * PAGE));
	}
	NOTE_64(at[PAGE]);
	NOTE_64(apart[0]);
	close(self);
	NOTE(munmap(apart, MIB));
	NOTE(munmap(at, LENGTH));
}

static void script_mlock(void)
{
	char *at = fresh();
	pid_t child = fork();
	int status;

	/* A lock is for the process that locks. */
	if (!child)
		_exit(mlock(at, LENGTH) ? errno : 0);
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	NOTE_64(status);
	NOTE(madvise(at, PAGE, MADV_REMOVE));
	NOTE_64(at[0]);
	NOTE(mlock(at + MIB, MIB));
	NOTE_64(process_status(0, "VmLck"));
	NOTE(madvise(at + MIB, PAGE, MADV_REMOVE));
	NOTE(munlockall());
	NOTE(madvise(at + MIB, PAGE, MADV_REMOVE));
	NOTE(munmap(at, LENGTH));
	at = fresh();
	NOTE(mlock2(at, LENGTH, MLOCK_ONFAULT));
	NOTE_64(process_status(0, "VmLck"));
	NOTE(munlock(at, LENGTH));
	NOTE_64(process_status(0, "VmLck"));
	NOTE(munmap(at, LENGTH));
}

static void script_mlockall(void)
{
	char *at = fresh();

	NOTE(mlockall(MCL_CURRENT));
	NOTE_64(process_status(0, "VmLck") >= (long)(LENGTH / KIB));
	NOTE(munlockall());
	NOTE_64(at[0]);
	NOTE(munmap(at, LENGTH));
}

/* What the process finds out about its own mappings. */
static void script_maps(void)
{
	char *at = fresh();
	struct smaps smaps = smaps_at(at);

	NOTE_64(smaps.end - smaps.start);
	NOTE(munmap(at, LENGTH));
}

static void script_advice(void)
{
	char *at = fresh();
	pid_t child;
	int status;

	NOTE(madvise(at, MIB, MADV_POPULATE_WRITE));
	NOTE(madvise(at, LENGTH, MADV_RANDOM));
	NOTE(madvise(at, LENGTH, MADV_HUGEPAGE));
	NOTE(madvise(at, PAGE, MADV_DONTNEED));
	NOTE_64(at[5]);
	NOTE(madvise(at, PAGE, MADV_REMOVE));
	NOTE_64(at[5]);
	NOTE_64(at[PAGE]);
	NOTE(madvise(at, LENGTH, MADV_DONTDUMP));
	NOTE(madvise(at, LENGTH, MADV_DODUMP));
	NOTE(madvise(at, LENGTH, MADV_MERGEABLE));
	NOTE(msync(at, LENGTH, MS_SYNC));
	NOTE(madvise(at, PAGE, MADV_DONTFORK));
	child = fork();
	if (!child)
		_exit(fault_at(at) == SIGSEGV && at[PAGE] == 'a' ? 0 : 1);
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	NOTE_64(status);
	NOTE(madvise(at, MIB, MADV_DONTDUMP));
	NOTE(munmap(at, LENGTH));
}

static void script_huge_pages(void)
{
	char *at = fresh();
	struct smaps smaps;

	NOTE(madvise(at, LENGTH, MADV_HUGEPAGE));
	NOTE(mprotect(at, PAGE, PROT_READ));
	smaps = smaps_at(at + PAGE);
	NOTE_64(smaps_has_flag(&smaps, "hg"));
	NOTE(madvise(at + MIB, MIB, MADV_NOHUGEPAGE));
	smaps = smaps_at(at + MIB);
	NOTE_64(smaps_has_flag(&smaps, "nh"));
	NOTE(munmap(at, LENGTH));
	at = fresh();
	/* No process has advised on all of the memory. */
	NOTE(madvise(at, 2 * MIB, MADV_HUGEPAGE));
	NOTE(mprotect(at, PAGE, PROT_READ));
	smaps = smaps_at(at + 4 * MIB);
	NOTE_64(smaps_has_flag(&smaps, "hg"));
	NOTE(munmap(at, LENGTH));
}

static int set_name(char *at, size_t size, const char *name)
{
	return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, at, size, name);
}

static bool has_name(const char *at, const char *name)
{
	struct smaps smaps = smaps_at(at);

	return strstr(smaps.mapping, name);
}

static void script_names(void)
{
	char *at = fresh();

	NOTE(set_name(at, LENGTH, "cache"));
	NOTE_64(has_name(at, "[anon_shmem:cache]\n"));
	check_int(is_window_named(at, "cache"), notes_run);
	NOTE(set_name(at, LENGTH, NULL));
	NOTE_64(has_name(at, "/dev/zero (deleted)\n"));
	check_int(is_window(at), notes_run);
	NOTE(set_name(at + MIB, MIB, "part"));
	NOTE_64(has_name(at, "[anon_shmem:part]\n"));
	NOTE_64(has_name(at + MIB, "[anon_shmem:part]\n"));
	NOTE_64(has_name(at + 2 * MIB, "[anon_shmem:part]\n"));
	NOTE_64(at[0]);
	NOTE(munmap(at, LENGTH));
}

static void script_fixed(void)
{
	char *at = fresh();

	NOTE_64(mmap(at + MIB, MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		     -1, 0) == at + MIB);
	NOTE_64(at[0]);
	NOTE_64(at[MIB]);
	NOTE_64(at[LENGTH - 1]);
	NOTE(munmap(at, LENGTH));
}

/* Calls that replace exactly the memory that the program has. */
static void script_replace(void)
{
	int segment = shmget(IPC_PRIVATE, END, IPC_CREAT | 0600);
	char *at = fresh(), *other;

	NOTE_64(map_with(at, LENGTH, RW,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) == at);
	NOTE_64(at[0] | at[LENGTH - 1]);
	NOTE(munmap(at, LENGTH));
	at = fresh();
	other = map_with(NULL, END, RW, MAP_PRIVATE | MAP_ANONYMOUS);
	other[PAGE] = 'o';
	NOTE_64(mremap(other, END, END, MREMAP_MAYMOVE | MREMAP_FIXED, at) ==
		at);
	NOTE_64(at[PAGE]);
	NOTE(munmap(at, LENGTH));
	at = fresh();
	NOTE_64(shmat(segment, at, SHM_REMAP) == at);
	NOTE_64(at[0] | at[LENGTH - 1]);
	NOTE(munmap(at, LENGTH));
	NOTE(shmctl(segment, IPC_RMID, NULL));
	/* A part up to the end. */
	at = fresh();
	NOTE_64(map_with(at + MIB, END - MIB, RW,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED) == at + MIB);
	NOTE_64(at[0]);
	NOTE_64(at[LENGTH - 1]);
	NOTE(munmap(at, LENGTH));
}

static void script_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	char *at = fresh();

	NOTE(ioctl(fd, UFFDIO_API, &api));
	reg.range.start = (uint64_t)at;
	reg.range.len = END;
	NOTE(ioctl(fd, UFFDIO_REGISTER, &reg));
	NOTE_64(at[0]);
	close(fd);
	NOTE(munmap(at, LENGTH));
}

/* A child has its own part in this. */
static void script_children(void)
{
	char *at = fresh();
	pid_t child = fork();
	int status;

	if (!child) {
		mprotect(at, PAGE, PROT_READ);
		at[PAGE] = 'c';
		_exit(store(at, 1) == SIGSEGV ? munmap(at, LENGTH) : 1);
	}
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	NOTE_64(status);
	NOTE_64(at[PAGE]);
	NOTE_64(store(at, 1));
	/* Others keep what they have. */
	check_int(is_window(at), notes_run);
	NOTE(munmap(at, LENGTH));
}

static void script(void)
{
	script_munmap();
	script_mprotect();
	script_mremap();
	script_mremap_several();
	script_guards();
	script_ranges();
	script_mlock();
	script_mlockall();
	script_maps();
	script_advice();
	script_huge_pages();
	script_names();
	script_fixed();
	script_replace();
	script_userfaultfd();
	script_children();
}

static void same(void)
{
	same_with_regions(script, MIN_SIZE);
}

/* Another thread stores on another CPU while the window becomes plain. */
struct race {
	pthread_mutex_t lock; /* held for one pass over @at */
	char *at;
	atomic_bool stop;
	atomic_long stored;
};

static void *store_always(void *arg)
{
	struct race *race = arg;

	pin_to_cpu(1);
	while (!race->stop) {
		pthread_mutex_lock(&race->lock);
		for (uint64_t i = 0; race->at && i < 64; i++)
			++*(volatile uint64_t *)(race->at + i * PAGE);
		race->stored++;
		pthread_mutex_unlock(&race->lock);
	}
	return NULL;
}

static void no_store_is_lost(void)
{
	struct race race = { .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t thread;
	uint64_t wrong = 0;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	pin_to_cpu(0);
	must(!pthread_create(&thread, NULL, store_always, &race), "thread");
	for (int round = 0; round < 30; round++) {
		char *at = map(LENGTH), *twin;
		long before = race.stored;

		must(is_window(at), "no window");
		pthread_mutex_lock(&race.lock);
		race.at = at;
		pthread_mutex_unlock(&race.lock);
		while (race.stored < before + 20)
			sleep_ms(1);
		/* A second view, which no longer depends on the first. */
		twin = mremap(at, 0, MIB, MREMAP_MAYMOVE);
		must(twin != MAP_FAILED && !is_window(at), "mremap: %m");
		before = race.stored;
		while (race.stored < before + 20)
			sleep_ms(1);
		pthread_mutex_lock(&race.lock);
		race.at = NULL;
		pthread_mutex_unlock(&race.lock);
		for (uint64_t i = 0; i < 64; i++)
			wrong += *(uint64_t *)(twin + i * PAGE) !=
				 *(uint64_t *)(at + i * PAGE);
		for (uint64_t i = 1; i < 64; i++)
			wrong += *(uint64_t *)twin !=
				 *(uint64_t *)(twin + i * PAGE);
		munmap(twin, MIB);
		munmap(at, LENGTH);
	}
	race.stop = true;
	pthread_join(thread, NULL);
	check_int(wrong, 0);
}

static void become(uid_t user)
{
	must(!setgroups(0, NULL) && !setresuid(user, user, user),
	     "setresuid: %m");
}

struct locker {
	uid_t user;
	char *at; /* NULL: memory of its own */
	size_t size;
};

/* Locks as any user does, up to a limit for each process. */
static void locks(struct peer *parent, void *arg)
{
	const struct rlimit limit = { 64 * MIB, 64 * MIB };
	const struct locker *locker = arg;
	char *at;

	must(!setrlimit(RLIMIT_MEMLOCK, &limit), "setrlimit: %m");
	become(locker->user);
	at = locker->at ? locker->at : map(LENGTH);
	check_result(result(mlock(at, locker->size)), 0, "mlock by %u",
		     locker->user);
	check(process_status(0, "VmLck") * KIB >= locker->size,
	      "not locked by %u", locker->user);
	check_result(result(mlock(at, locker->size)), 0, "mlock again");
	go(parent);
	wait_go(parent);
	check_result(result(munlock(at, locker->size)), 0, "munlock");
	check_int(process_status(0, "VmLck"), 0);
}

/* Users, and processes of a user, lock for themselves, as they always could. */
static void lockers(void)
{
	struct locker rows[] = {
		{ STRANGER, NULL, MIB },
		{ STRANGER - 1, NULL, LENGTH },
		{ STRANGER - 2, NULL, LENGTH },
		{ STRANGER - 2, NULL, LENGTH },
	};
	enum {
		COUNT = sizeof(rows) / sizeof(rows[0])
	};
	struct peer peers[COUNT];

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	/* Two users lock the same memory. */
	rows[0].at = rows[1].at = map(LENGTH);
	for (size_t i = 0; i < COUNT; i++) {
		peers[i] = peer_start(locks, &rows[i]);
		wait_go(&peers[i]);
	}
	check(is_window(rows[0].at), "no window");
	for (size_t i = 0; i < COUNT; i++) {
		go(&peers[i]);
		peer_end(&peers[i]);
	}
}

/* Touches memory, and returns how many MiB of huge pages the memory has. */
static long huge_memory(void)
{
	long before = meminfo("ShmemHugePages");
	char *at = map(LENGTH);

	check(is_window(at), "no window");
	memset(at, 1, 8 * MIB);
	return (meminfo("ShmemHugePages") - before) / 1024;
}

static void without_huge_pages(void)
{
	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	set_for_now("/sys/kernel/mm/transparent_hugepage/shmem_enabled",
		    "always");
	check(huge_memory() >= 4, "no huge pages");
	must(!prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "PR_SET_THP_DISABLE: %m");
	check_int(huge_memory(), 0);
}

/* A huge page gives nobody more than the program's memory. */
static void huge_page_at_the_end(void)
{
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	set_for_now("/sys/kernel/mm/transparent_hugepage/shmem_enabled",
		    "always");
	at = map(LENGTH);
	check(is_window(at), "no window");
	memset(at, 1, LENGTH);
	check_int(load(at + END, &(uint64_t){ 0 }), SIGSEGV);
}

#define CORE "/tmp/core-of-a-program"

/* The rest of the last granule is not in a core dump. */
static void dumped(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat st;
	pid_t child;
	int status;

	set_for_now("/proc/sys/kernel/core_pattern", CORE);
	set_for_now("/proc/sys/kernel/core_uses_pid", "0");
	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	check(is_window(map(LENGTH)), "no window");
	child = fork();
	if (!child) {
		setrlimit(RLIMIT_CORE, &all);
		prctl(PR_SET_DUMPABLE, 1);
		abort();
	}
	must(waitpid(child, &status, 0) == child && WCOREDUMP(status),
	     "no core dump: wait status %#x", status);
	must(!stat(CORE, &st), "%s: %m", CORE);
	check(st.st_size >= (off_t)LENGTH && st.st_size < (off_t)(4 * LENGTH),
	      "%ld bytes", st.st_size);
	unlink(CORE);
}

/* Root can open the region, which stays as the program has made it. */
static void as_a_file(void)
{
	struct mshare_create create = {
		.size = PAGE,
		.prot = RW,
		.flags = ANON,
		.fd = -1U,
	};
	char path[80], *at;
	int fd;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	at = map(LENGTH);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)at, (unsigned long)at + granule);
	fd = open(path, O_RDWR | O_CLOEXEC);
	must(fd >= 0, "%s: %m", path);
	create.addr = (uint64_t)at + END;
	check_result(request(fd, MSHAREFS_CREATE_MAPPING, &create), EINVAL,
		     "CREATE_MAPPING");
	check_result(result(ftruncate(fd, END + PAGE)), EINVAL, "ftruncate");
	check_result(result(pwrite(fd, "x", 1, END + PAGE)), EINVAL, "write");
	check_int(pwrite(fd, "x", 1, 0), 1);
	check_int(at[0], 'x');
	close(fd);
}

/* The rest of the window's last granule is not the program's. */
static void behind_the_end(void)
{
	unsigned char vec;
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	at = map(LENGTH);
	at[LENGTH - 1] = 'z';
	check_int(load(at + END, &(uint64_t){ 0 }), SIGSEGV);
	check_int(store(at + granule - PAGE, 1), SIGSEGV);
	check_result(result(mincore(at + END, PAGE, &vec)), ENOMEM, "mincore");
	check_result(result(madvise(at + END, PAGE, MADV_DONTNEED)), ENOMEM,
		     "MADV_DONTNEED");
	check_result(result(madvise(at, END + PAGE, MADV_DONTNEED)), ENOMEM,
		     "MADV_DONTNEED of more");
	check_result(result(madvise(at, END + PAGE, MADV_HUGEPAGE)), ENOMEM,
		     "MADV_HUGEPAGE of more");
	check_result(result(madvise(at, LENGTH, MADV_NOHUGEPAGE)), 0,
		     "MADV_NOHUGEPAGE");
	check(mmap(at + MIB, PAGE, RW,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		   0) == MAP_FAILED &&
		      errno == EEXIST,
	      "MAP_FIXED_NOREPLACE: %m");
	check(is_window(at), "MAP_FIXED_NOREPLACE made the window plain");
	check(mmap(at + END, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == at + END,
	      "MAP_FIXED: %m");
	check_int(at[LENGTH - 1], 'z');
	check_int(load(at + END + PAGE, &(uint64_t){ 0 }), SIGSEGV);
}

/* RLIMIT_FSIZE is for files. */
static void file_size_limit(void)
{
	const struct rlimit limit = { MIB, MIB };

	must(!set_min_size(MIN_SIZE, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	must(!setrlimit(RLIMIT_FSIZE, &limit), "setrlimit: %m");
	map(LENGTH)[LENGTH - 1] = 'z';
}

/* More regions than there are generations for them. */
#define MANY_REGIONS 70

struct watched {
	atomic_bool stop;
	atomic_long count;
};

static void read_many(struct peer *parent, void *arg)
{
	struct watched *watched = arg;

	pin_to_cpu(1);
	must(!set_min_size(MIN_SIZE, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	for (int i = 0; i < MANY_REGIONS; i++)
		map(MIN_SIZE)[0] = 1;
	go(parent);
	while (!watched->stop)
		watched->count++;
}

/* Their flushes are not those of other regions, however many there are. */
static void neighbours(void)
{
	struct watched *watched =
		(void *)map_with(NULL, sizeof(*watched), RW, ANON);
	uint64_t start = region_address(0);
	struct msharefs_stat before, after;
	struct peer peer;
	int fd;

	peer = peer_start(read_many, watched);
	wait_go(&peer);
	pin_to_cpu(0);
	fd = region_create(region_path(), start, granule);
	region_fill(fd, start, PAGE, RW);
	window_map(fd, start, granule, RW, 0);
	check_result(region_stat(fd, &before), 0, "STAT");
	for (int i = 0; i < 100; i++) {
		long count = watched->count;

		while (watched->count == count)
			continue;
		*(volatile uint64_t *)start = 1;
		must(!region_unmap(fd, start, PAGE), "UNMAP: %m");
		region_fill(fd, start, PAGE, RW);
	}
	check_result(region_stat(fd, &after), 0, "STAT");
	check(after.flushes - before.flushes >= 100, "%llu flushes",
	      after.flushes - before.flushes);
	check(after.ipis == before.ipis, "%llu interrupts",
	      after.ipis - before.ipis);
	watched->stop = true;
	peer_end(&peer);
	close(fd);
}

static void map_all(struct peer *parent, void *arg)
{
	long regions = 0;

	become(*(uid_t *)arg);
	must(!set_min_size(MIN_SIZE, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	while (mmap(NULL, MIN_SIZE, RW, ANON | MAP_NORESERVE, -1, 0) !=
	       MAP_FAILED)
		regions++;
	check(errno == ENOMEM, "mmap: %m");
	check(regions >= 256, "%ld regions", regions);
	go(parent);
	wait_go(parent);
}

/* What one user has is not all that the kernel has. */
static void two_users(void)
{
	uid_t user = STRANGER;
	struct peer peer = peer_start(map_all, &user);

	wait_go(&peer);
	become(STRANGER - 1);
	must(!set_min_size(MIN_SIZE, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	check(mmap(NULL, MIN_SIZE, RW, ANON, -1, 0) != MAP_FAILED,
	      "another user has no region: %m");
	go(&peer);
	peer_end(&peer);
}

/* As for other memory, RLIMIT_AS counts the memory and nothing more. */
static void address_space(void)
{
	const struct rlimit limit = { 64 * GIB, RLIM_INFINITY };
	long ordinary = counter("ordinary"), before, after;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	must(!setrlimit(RLIMIT_AS, &limit), "setrlimit: %m");
	before = process_status(0, "VmSize");
	check(!is_window(map(LENGTH)), "a window");
	check(is_window(map(granule)), "whole granules are no window");
	after = process_status(0, "VmSize");
	check(after - before < (long)((granule + 2 * LENGTH) / KIB),
	      "%ld KiB of addresses", after - before);
	check_int(counter("ordinary"), ordinary + 1);
}

#ifdef __x86_64__
/* Maps 40 MiB of memory; the exit status is 0 to 127 unless that fails. */
static const uint8_t map_in_32_bits[] = {
	0xb8, 192,  0,    0,    0, /* mov $192 (mmap2), %eax */
	0x31, 0xdb,                /* xor %ebx, %ebx */
	0xb9, 0,    0,    0x80, 2, /* mov $0x2800000, %ecx */
	0xba, 3,    0,    0,    0, /* mov $(PROT_READ | PROT_WRITE), %edx */
	0xbe, 0x21, 0,    0,    0, /* mov $(MAP_SHARED | MAP_ANONYMOUS), %esi */
	0xbf, 0xff, 0xff, 0xff, 0xff, /* mov $-1, %edi */
	0x31, 0xed,                   /* xor %ebp, %ebp */
	0xcd, 0x80,                   /* int $0x80 */
	0xc1, 0xe8, 25,               /* shr $25, %eax */
	0x89, 0xc3,                   /* mov %eax, %ebx */
	0xb8, 1,    0,    0,    0,    /* mov $1 (exit), %eax */
	0xcd, 0x80,                   /* int $0x80 */
};

/* A 32-bit program has few addresses. */
static void of_32_bits(void)
{
	long ordinary = counter("ordinary"), regions = counter("regions");

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	check(run_program32(map_in_32_bits, sizeof(map_in_32_bits), NULL, 0) <
		      127,
	      "mmap2 fails");
	check_int(counter("ordinary"), ordinary + 1);
	check_int(counter("regions"), regions);
}
#else
static void of_32_bits(void)
{
	skip_case("no 32-bit programs");
}
#endif

static void no_room(void)
{
	const struct rlimit limit = { 700 * MIB, RLIM_INFINITY };
	long ordinary = counter("ordinary");
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	/* There is room for the memory, and not for a granule. */
	must(!setrlimit(RLIMIT_AS, &limit), "setrlimit: %m");
	at = map(LENGTH);
	check(!is_window(at), "a window");
	at[0] = 1;
	check_int(counter("ordinary"), ordinary + 1);
	must(!set_min_size(MIN_SIZE, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	check(mmap(NULL, LENGTH, RW, ANON, -1, 0) == MAP_FAILED &&
		      errno == ENOMEM,
	      "strict: %m");
	check(mmap(NULL, MIN_SIZE - PAGE, RW, ANON, -1, 0) != MAP_FAILED,
	      "small, strict: %m");
	check_int(counter("ordinary"), ordinary + 1);
}

/* Memory is accounted for when it is mapped, as without a region. */
static void commitment(void)
{
	long before, mapped, after;
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	before = meminfo("Committed_AS");
	at = map(512 * MIB);
	mapped = meminfo("Committed_AS");
	check(mapped - before > 500 * 1024 && mapped - before < 540 * 1024,
	      "%ld KiB", mapped - before);
	memset(at, 1, 4 * MIB);
	after = meminfo("Committed_AS");
	check(after - mapped < 2048, "%ld KiB for touched memory",
	      after - mapped);
	munmap(at, 512 * MIB);
	for (int i = 0; i < 100; i++) {
		after = meminfo("Committed_AS");
		if (after - before < 2048)
			break;
		sleep_ms(10);
	}
	check(after - before < 2048, "%ld KiB are left", after - before);
	at = map_with(NULL, 512 * MIB, RW, ANON | MAP_NORESERVE);
	check(is_window(at), "no window");
	after = meminfo("Committed_AS");
	check(after - before < 2048, "%ld KiB with MAP_NORESERVE",
	      after - before);
}

/*
 * Where overcommit is forbidden, there may be room for the memory, and not for the
 * memory and for that of the region that could not be mapped.
 */
static void retried(void)
{
	const struct rlimit limit = { 700 * MIB, RLIM_INFINITY };
	char number[24];

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	snprintf(number, sizeof(number), "%ld",
		 meminfo("Committed_AS") - meminfo("SwapTotal") + 384 * 1024);
	set_for_now("/proc/sys/vm/overcommit_kbytes", number);
	set_for_now("/proc/sys/vm/overcommit_memory", "2");
	must(!setrlimit(RLIMIT_AS, &limit), "setrlimit: %m");
	check(!is_window(map(256 * MIB)), "a window");
}

static void use_memory(struct peer *parent, void *arg)
{
	char *at;

	(void)parent;
	(void)arg;
	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	for (int i = 0; i < 4; i++) {
		at = map(LENGTH);
		memset(at, i, 4 * MIB);
		if (i & 1)
			must(!mprotect(at, PAGE, PROT_READ), "mprotect: %m");
		if (i & 2)
			must(!munmap(at, LENGTH), "munmap: %m");
	}
}

static void leaks(void)
{
	struct peer peer = peer_start(use_memory, NULL);

	peer_end(&peer);
	leaks_begin();
	for (int i = 0; i < 40; i++) {
		peer = peer_start(use_memory, NULL);
		peer_end(&peer);
	}
	leaks_check(40);
}

static const struct test_case cases[] = {
	{ "attribute",
	  "PR_SET_MSHARE takes a power of two, PR_GET_MSHARE tells",
	  attribute },
	{ "inheritance",
	  "children and programs inherit, those that gain privileges do not",
	  inheritance },
	{ "shared", "large anonymous shared memory is a region", shared },
	{ "others", "other memory is what it always was", others },
	{ "hints", "an address hint is used", hints },
	{ "same", "a program cannot tell, whatever it calls", same },
	{ "no-store-is-lost", "stores go on while a window becomes plain",
	  no_store_is_lost },
	{ "lockers", "users and processes lock memory for themselves",
	  lockers },
	{ "without-huge-pages", "PR_SET_THP_DISABLE applies to memory",
	  without_huge_pages },
	{ "huge-page-at-the-end", "no memory is behind a huge page at the end",
	  huge_page_at_the_end },
	{ "dumped", "a core dump has the memory and nothing behind it",
	  dumped },
	{ "as-a-file", "nobody enlarges a program's memory", as_a_file },
	{ "behind-the-end", "mmap() behind the memory affects no memory",
	  behind_the_end },
	{ "file-size-limit", "RLIMIT_FSIZE does not limit memory",
	  file_size_limit },
	{ "neighbours", "flushes of other regions do not interrupt the program",
	  neighbours },
	{ "two-users", "a user leaves nameless regions to another user",
	  two_users },
	{ "address-space", "a window takes no more addresses than the memory",
	  address_space },
	{ "of-32-bits", "memory of a 32-bit program is ordinary", of_32_bits },
	{ "no-room", "memory is ordinary where no region can be had, or ENOMEM",
	  no_room },
	{ "commitment", "memory is accounted for when it is mapped",
	  commitment },
	{ "retried", "memory that gets no region is accounted for once",
	  retried },
	{ "leaks", "nothing is left behind", leaks },
	{ "executed", NULL, executed },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
