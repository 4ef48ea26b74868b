// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V memory of programs with PR_SET_MSHARE. Such a program may notice
 * nothing: one script runs without and with regions.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/mempolicy.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "leak.h"
#include "notes.h"
#include "object.h"
#include "peer.h"
#include "program.h"
#include "region.h"
#include "touch.h"

#define MIN_SIZE (16 * MIB)
/* A length that is no multiple of anything, and its pages. */
#define LENGTH (40 * MIB + 0x98)
#define END    (40 * MIB + PAGE)
#define NAME   "/SYSV00000000 (deleted)"

/* Segments of this process alone, for a case to remove all of them. */
static int segment(size_t size)
{
	int id = shmget(IPC_PRIVATE, size, IPC_CREAT | 0600);

	must(id >= 0, "shmget: %m");
	return id;
}

static char *attach_at(int id, const void *addr, int flags)
{
	char *at = shmat(id, addr, flags);

	must(at != (char *)-1, "shmat at %p: %m", addr);
	return at;
}

static char *attach(int id)
{
	return attach_at(id, NULL, 0);
}

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds;

	must(!shmctl(id, IPC_STAT, &ds), "IPC_STAT: %m");
	return ds;
}

static long nattch(int id)
{
	return (long)stat_of(id).shm_nattch;
}

static void removed(int id)
{
	must(!shmctl(id, IPC_RMID, NULL), "IPC_RMID: %m");
}

/* The result of shmat() as 0 or a negative errno. */
static int shmat_error(int id, const void *addr, int flags)
{
	return shmat(id, addr, flags) == (void *)-1 ? -errno : 0;
}

static int fault_at(const char *at)
{
	return load(at, &(uint64_t){ 0 });
}

/* Run this program again, as a program that knows an ID and an address. */
static int execute(int id, const char *at, const char *how)
{
	char self[PATH_MAX] = "", number[16], address[32];
	pid_t pid;
	int status;

	must(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0, "exe: %m");
	snprintf(number, sizeof(number), "%d", id);
	snprintf(address, sizeof(address), "%#lx", (unsigned long)at);
	setenv("SEGMENT", number, 1);
	setenv("ADDRESS", address, 1);
	setenv("HOW", how, 1);
	pid = fork();
	if (!pid) {
		execl(self, self, "executed", NULL);
		_exit(254);
	}
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "wait: %m");
	return WEXITSTATUS(status);
}

/* What execute() runs: 0 if all is as it must be. */
static void executed(void)
{
	int id = atoi(getenv("SEGMENT"));
	char *addr = (char *)strtoul(getenv("ADDRESS"), NULL, 0);
	const char *how = getenv("HOW");
	long before = process_status(0, "VmPTE");
	bool window;
	char *at;

	if (!strcmp(how, "plain"))
		must(!set_min_size(0, 0), "PR_SET_MSHARE: %m");
	at = strcmp(how, "anywhere") ? attach_at(id, addr, 0) : attach(id);
	if (strcmp(how, "anywhere"))
		check(at == addr, "at %p, not %p", at, addr);
	window = strcmp(how, "plain") && strcmp(how, "elsewhere");
	check(is_window_named(at, NAME) == window, "%s: a window, or none",
	      how);
	for (uint64_t i = 0; i < LENGTH; i += TABLE_SPAN)
		check_int(at[i], 'p');
	if (window)
		check(process_status(0, "VmPTE") - before < 16,
		      "page tables of its own");
	at[1] = 'x';
	_exit(failed_checks ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void shared(void)
{
	long regions = counter("regions"), plain = counter("plain");
	char *at;
	int id;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	id = segment(LENGTH);
	check_int(counter("regions"), regions + 1);
	at = attach(id);
	check(is_window_named(at, NAME), "no window");
	for (uint64_t i = 0; i < LENGTH; i += TABLE_SPAN)
		at[i] = 'p';
	check_int(execute(id, at, "here"), 0);
	check_int(at[1], 'x');
	check_int(execute(id, at, "anywhere"), 0);
	check_int(counter("plain"), plain);
	at[1] = 0;
	check_int(execute(id, at, "plain"), 0);
	check_int(at[1], 'x');
	check_int(nattch(id), 1);
	check_int(counter("plain"), plain);
	removed(id);
	check_int(fault_at(at + END), SIGSEGV);
	check_result(result(shmdt(at)), 0, "shmdt");
	check_int(fault_at(at), SIGSEGV);
}

/*
 * Big databases pass an address, and execute programs that attach there. Some
 * addresses are where no window can be.
 */
static void databases(void)
{
	static const struct {
		uint64_t addr;
		bool shares;
	} places[] = {
		{ 0x60000000, false }, /* Oracle Database, by default */
		{ 0x44000000, false }, /* Informix, by default */
		{ 0x80000000, true },
	};

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		long plain = counter("plain");
		int id = segment(LENGTH);
		char *at = attach_at(id, (char *)places[i].addr, 0);

		check(is_window_named(at, NAME) == places[i].shares, "at %p",
		      at);
		for (uint64_t j = 0; j < LENGTH; j += TABLE_SPAN)
			at[j] = 'p';
		check_int(execute(id, at,
				  places[i].shares ? "here" : "elsewhere"),
			  0);
		check_int(at[1], 'x');
		check_int(nattch(id), 1);
		check_int(counter("plain"), plain + 2 * !places[i].shares);
		must(!shmdt(at), "shmdt: %m");
		removed(id);
	}
}

/* Small segments, and huge pages, are not for regions. */
static void others(void)
{
	long regions = counter("regions");
	int id;
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	id = segment(MIN_SIZE - 1);
	at = attach(id);
	check(!is_window_named(at, NAME), "small");
	removed(id);
	id = shmget(IPC_PRIVATE, 32 * MIB, IPC_CREAT | 0600 | SHM_HUGETLB);
	if (id >= 0)
		removed(id);
	check_int(counter("regions"), regions);
	/* Code is not, either. */
	id = segment(LENGTH);
	at = attach_at(id, NULL, SHM_EXEC);
	check(!is_window_named(at, NAME), "executable");
	removed(id);
}

/* The script */

/* With room behind, and where no other memory is in either run. */
#define BASE ((char *)0x7000000000)

static char *fresh(int *id)
{
	char *at;

	*id = segment(LENGTH);
	at = attach_at(*id, BASE, 0);
	check_int(is_window_named(at, NAME), notes_run);
	NOTE_64(at[0] | at[LENGTH - 1]);
	memset(at, 'a', 3 * PAGE);
	at[LENGTH - 1] = 'z';
	return at;
}

static void script_ids(void)
{
	const key_t key = 0x4d53;
	struct shmid_ds ds;
	int id, other;
	char *at;

	id = shmget(key, LENGTH, IPC_CREAT | IPC_EXCL | 0640);
	must(id >= 0, "shmget: %m");
	NOTE(shmget(key, LENGTH, IPC_CREAT | IPC_EXCL | 0640));
	NOTE_64(shmget(key, 0, 0) == id);
	NOTE(shmget(key, LENGTH + 1, 0));
	ds = stat_of(id);
	NOTE_64(ds.shm_perm.__key);
	NOTE_64(ds.shm_perm.mode);
	NOTE_64(ds.shm_segsz);
	NOTE_64(ds.shm_nattch);
	NOTE_64(ds.shm_cpid == getpid());
	NOTE_64(ds.shm_lpid);
	at = attach(id);
	ds = stat_of(id);
	NOTE_64(ds.shm_nattch);
	NOTE_64(ds.shm_lpid == getpid());
	NOTE_64(ds.shm_atime != 0);
	ds.shm_perm.mode = 0600;
	ds.shm_perm.uid = 65534;
	NOTE(shmctl(id, IPC_SET, &ds));
	ds = stat_of(id);
	NOTE_64(ds.shm_perm.uid);
	NOTE_64(ds.shm_perm.cuid);
	NOTE_64(ds.shm_perm.mode);
	at[7] = '7';
	removed(id);
	/* Others can still attach by the ID, as on all Linux. */
	ds = stat_of(id);
	NOTE_64(ds.shm_perm.mode);
	NOTE_64(ds.shm_perm.__key);
	NOTE(shmget(key, 0, 0));
	NOTE_64(attach(id)[7]);
	NOTE_64(nattch(id));
	other = shmget(key, LENGTH, IPC_CREAT | IPC_EXCL | 0600);
	NOTE_64(other >= 0);
	NOTE(shmdt(at));
	NOTE(shmdt(at));
	NOTE_64(nattch(id));
	NOTE(shmdt((char *)1));
	removed(other);
	NOTE(shmat_error(other, NULL, 0));
	NOTE(shmctl(other, IPC_STAT, &ds));
}

static void script_attach(void)
{
	int id, status = 1;
	char *at = fresh(&id), *twin, *reader, *behind;

	twin = attach(id);
	NOTE_64(twin != at);
	NOTE_64(twin[0]);
	NOTE_64(nattch(id));
	NOTE(shmat_error(id, at, 0));
	NOTE(shmat_error(id, at + MIB, 0));
	NOTE(shmat_error(id, at + 1, 0));
	NOTE(shmat_error(id, NULL, SHM_REMAP));
	NOTE_64(nattch(id));
	NOTE(shmdt(at));
	NOTE_64(attach_at(id, at + 5, SHM_RND) == at);
	NOTE_64(at[0]);
	NOTE_64(attach_at(id, at, SHM_REMAP) == at);
	NOTE_64(at[LENGTH - 1]);
	NOTE_64(nattch(id));
	NOTE_64(attach_at(id, twin, SHM_REMAP) == twin);
	NOTE_64(nattch(id));
	NOTE(shmdt(twin));
	NOTE(shmdt(at));
	NOTE_64(nattch(id));
	reader = attach_at(id, at, SHM_RDONLY);
	NOTE_64(reader[0]);
	NOTE_64(store(reader, 1));
	NOTE(mprotect(reader, LENGTH, RW));
	NOTE(madvise(reader, LENGTH, MADV_HUGEPAGE));
	NOTE(madvise(reader, LENGTH, MADV_NOHUGEPAGE));
	NOTE(madvise(reader, PAGE, MADV_REMOVE));
	NOTE(madvise(reader, LENGTH, MADV_DONTNEED));
	NOTE(mlock(reader, PAGE));
	NOTE(munlock(reader, PAGE));
	NOTE(syscall(SYS_mbind, reader, END, 0, NULL, 0, 0));
	NOTE_64(reader[0]);
	NOTE(shmdt(reader));
	reader = attach_at(id, at, SHM_RDONLY);
	NOTE_64(reader[0]);
	NOTE(syscall(SYS_move_pages, 0, 1UL, &(void *){ reader }, &(int){ 0 },
		     &status, MPOL_MF_MOVE));
	NOTE_64(status);
	NOTE(shmdt(reader));
	/* Over a part of an attach. */
	at = attach_at(id, at, 0);
	NOTE_64(attach_at(id, at + 2 * MIB, SHM_REMAP) == at + 2 * MIB);
	NOTE_64(at[2 * MIB]);
	NOTE_64(at[PAGE]);
	NOTE_64(nattch(id));
	NOTE(shmdt(at + 2 * MIB));
	NOTE_64(nattch(id));
	NOTE_64(fault_at(at + 2 * MIB));
	NOTE(shmdt(at));
	NOTE_64(nattch(id));
	/* What is behind stays. */
	at = attach_at(id, BASE, 0);
	behind = map_with(at + END + MIB, PAGE, RW,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE);
	NOTE_64(attach_at(id, at, SHM_REMAP) == at);
	NOTE_64(fault_at(behind));
	NOTE_64(fault_at(at));
	NOTE(munmap(behind, PAGE));
	NOTE(shmdt(at));
	removed(id);
}

static void script_parts(void)
{
	int id;
	char *at = fresh(&id), *moved;

	NOTE(mprotect(at + PAGE, PAGE, PROT_READ));
	NOTE_64(store(at + PAGE, 1));
	NOTE_64(store(at, 1));
	NOTE_64(nattch(id));
	NOTE(munmap(at + MIB, MIB));
	NOTE_64(fault_at(at + MIB));
	NOTE_64(at[2 * MIB]);
	NOTE_64(nattch(id));
	NOTE(shmdt(at));
	NOTE_64(fault_at(at + 2 * MIB));
	NOTE_64(nattch(id));
	at = attach_at(id, BASE, 0);
	NOTE(munmap(at, MIB));
	NOTE(shmdt(at));
	NOTE_64(nattch(id));
	at = attach_at(id, BASE, 0);
	moved = mremap(at, END, END, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	NOTE_64(moved == MAP_FAILED ? -errno : 0);
	moved = mremap(at, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED,
		       at + granule / 2);
	NOTE_64(moved == at + granule / 2);
	NOTE_64(moved[PAGE]);
	NOTE_64(nattch(id));
	moved = mremap(at + 2 * MIB, 0, MIB, MREMAP_MAYMOVE);
	NOTE_64(moved != MAP_FAILED);
	NOTE_64(nattch(id));
	NOTE(munmap(moved, MIB));
	NOTE(munmap(at + granule / 2, MIB));
	NOTE(shmdt(at));
	NOTE_64(nattch(id));
	at = attach_at(id, BASE, 0);
	memset(at, 'b', PAGE);
	NOTE(syscall(SYS_remap_file_pages, at + PAGE, PAGE, 0, 0, 0));
	NOTE_64(at[PAGE]);
	NOTE_64(nattch(id));
	NOTE(shmdt(at));
	NOTE_64(nattch(id));
	/* This page is not where it is in the segment. */
	NOTE(munmap(at + PAGE, PAGE));
	NOTE_64(nattch(id));
	at = attach_at(id, BASE, 0);
	NOTE(munmap(at, LENGTH));
	NOTE_64(nattch(id));
	removed(id);
	NOTE(shmctl(id, SHM_UNLOCK, NULL));
}

static void script_lock(void)
{
	struct shmid_ds ds;
	int id;
	char *at = fresh(&id);

	NOTE(shmctl(id, SHM_LOCK, NULL));
	ds = stat_of(id);
	NOTE_64(ds.shm_perm.mode);
	at[5 * MIB] = 1;
	NOTE(shmctl(id, SHM_UNLOCK, NULL));
	ds = stat_of(id);
	NOTE_64(ds.shm_perm.mode);
	NOTE(madvise(at, LENGTH, MADV_PAGEOUT));
	NOTE_64(at[LENGTH - 1]);
	NOTE(msync(at, LENGTH, MS_SYNC));
	NOTE(madvise(at, PAGE, MADV_REMOVE));
	NOTE_64(at[5]);
	NOTE_64(at[PAGE]);
	NOTE(shmctl(id, SHM_LOCK, NULL));
	removed(id);
	NOTE(shmdt(at));
}

/* A line of /proc/sysvipc/shm: size, nattch, and resident bytes. */
static void note_ipcs(int id)
{
	uint64_t size, count, rss;
	FILE *f = fopen("/proc/sysvipc/shm", "r");
	bool found = false;
	char line[512];
	int shmid;

	must(f, "sysvipc: %m");
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line,
			       "%*d %d %*o %" SCNu64 " %*u %*u %" SCNu64
			       " %*u %*u %*u %*u %*u %*u %*u %" SCNu64,
			       &shmid, &size, &count, &rss) == 4 &&
			shmid == id;
	fclose(f);
	NOTE_64(found);
	NOTE_64(size);
	NOTE_64(count);
	NOTE_64(rss);
}

static void script_children(void)
{
	int id, status;
	char *at = fresh(&id);
	pid_t child = fork();

	if (!child) {
		if (nattch(id) != 2 || mprotect(at, PAGE, PROT_READ) ||
		    store(at, 1) != SIGSEGV || nattch(id) < 3)
			_exit(1);
		at[PAGE] = 'c';
		if (shmdt(at) || nattch(id) != 1)
			_exit(2);
		at = attach(id);
		_exit(at[PAGE] == 'c' ? 0 : 3);
	}
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	NOTE_64(status);
	NOTE_64(nattch(id));
	NOTE_64(at[PAGE]);
	NOTE_64(store(at, 1));
	note_ipcs(id);
	check_int(is_window_named(at, NAME), notes_run);
	removed(id);
	/* The child keeps what it has when the parent detaches. */
	child = fork();
	if (!child) {
		while (nattch(id) != 1)
			sched_yield();
		_exit(at[PAGE] == 'c' ? shmdt(at) : 1);
	}
	NOTE(shmdt(at));
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	NOTE_64(status);
	NOTE(shmctl(id, IPC_RMID, NULL));
}

/* Informix: the next segment directly behind the last one. */
static void script_behind(void)
{
	char *at, *second;
	int id, other = segment(LENGTH);

	at = fresh(&id);
	second = at + END;
	NOTE_64(attach_at(other, second, 0) == second);
	NOTE_64(second[0]);
	second[5] = '2';
	NOTE_64(at[LENGTH - 1]);
	NOTE_64(fault_at(second + END));
	NOTE(shmdt(at));
	NOTE_64(second[5]);
	NOTE(shmdt(second));
	at = attach_at(id, BASE, 0);
	NOTE_64(mmap(at + END, PAGE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		     0) == at + END);
	NOTE_64(at[LENGTH - 1]);
	NOTE(munmap(at + END, PAGE));
	NOTE(shmdt(at));
	removed(id);
	removed(other);
}

static void script(void)
{
	script_ids();
	script_attach();
	script_parts();
	script_lock();
	script_children();
	script_behind();
}

static void same(void)
{
	same_with_regions(script, MIN_SIZE);
}

/* Segments of whole granules side by side are windows, all of them. */
static void adjacent(void)
{
	char *const base = BASE;
	int ids[3];

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	for (int i = 0; i < 3; i++) {
		char *at = base + (uint64_t)i * granule;

		ids[i] = shmget(IPC_PRIVATE, granule,
				IPC_CREAT | SHM_NORESERVE | 0600);
		must(ids[i] >= 0, "shmget: %m");
		attach_at(ids[i], at, 0)[0] = 'p';
		check(is_window_named(at, NAME), "no window for %d", i);
	}
	for (int i = 0; i < 3; i++) {
		check_int(base[(uint64_t)i * granule], 'p');
		removed(ids[i]);
		must(!shmdt(base + (uint64_t)i * granule), "shmdt: %m");
	}
}

/* The parts of a window of several granules are found by shmdt(). */
static void granules(void)
{
	const size_t size = 3 * granule - 5 * MIB;
	char *at;
	int id;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	id = shmget(IPC_PRIVATE, size, IPC_CREAT | SHM_NORESERVE | 0600);
	must(id >= 0, "shmget: %m");
	for (int round = 0; round < 2; round++) {
		at = attach(id);
		at[0] = at[size - 1] = 'g';
		must(!munmap(at + granule, granule), "munmap: %m");
		check_int(nattch(id), 2);
		check(is_window_named(at, NAME), "no window");
		if (round) {
			must(!mprotect(at, PAGE, PROT_READ), "mprotect: %m");
			check(!is_window_named(at + 2 * granule, NAME),
			      "the other part is still a window");
			check_int(fault_at(at + 3 * granule - MIB), SIGSEGV);
		}
		check_int(at[size - 1], 'g');
		check_int(fault_at(at + granule), SIGSEGV);
		check_result(result(shmdt(at)), 0, "shmdt");
		check_int(nattch(id), 0);
		check_int(fault_at(at), SIGSEGV);
		check_int(fault_at(at + 2 * granule), SIGSEGV);
	}
	removed(id);
}

static void no_room(void)
{
	const struct rlimit limit = { 64 * GIB, RLIM_INFINITY };
	const size_t huge = 1UL << 57;
	long ordinary = counter("ordinary"), plain;
	int id, first;
	char *at;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	id = shmget(IPC_PRIVATE, huge, IPC_CREAT | SHM_NORESERVE | 0600);
	must(id >= 0, "shmget: %m");
	check_int(counter("ordinary"), ordinary + 1);
	removed(id);
	must(!set_min_size(MIN_SIZE, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	check_result(result(shmget(IPC_PRIVATE, huge,
				   IPC_CREAT | SHM_NORESERVE | 0600)),
		     ENOMEM, "strict");
	check_int(counter("ordinary"), ordinary + 1);

	/* Where the address is not free, the memory is the same. */
	first = segment(LENGTH);
	at = attach(first);
	at[0] = '1';
	plain = counter("plain");
	check_int(attach(first)[0], '1');
	check_int(counter("plain"), plain + 1);
	/* What is behind the memory does not count for RLIMIT_AS. */
	must(!shmdt(at), "shmdt: %m");
	must(!setrlimit(RLIMIT_AS, &limit), "setrlimit: %m");
	at = attach(first);
	check_int(at[0], '1');
	check(!is_window_named(at, NAME), "a window");
	removed(first);
}

static void in_namespace(struct peer *parent, void *arg)
{
	int id;

	(void)parent;
	must(!unshare(CLONE_NEWIPC), "unshare: %m");
	check_result(shmat_error(*(int *)arg, NULL, 0), EINVAL,
		     "an ID of others");
	id = segment(LENGTH);
	check(is_window_named(attach(id), NAME), "no window");
	/* The memory ends with the namespace. */
	id = segment(LENGTH);
	memset(attach(id), 1, MIB);
}

static void namespaces(void)
{
	struct peer peer;
	int id;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	id = segment(LENGTH);
	peer = peer_start(in_namespace, &id);
	peer_end(&peer);
	leaks_begin();
	for (int i = 0; i < 20; i++) {
		peer = peer_start(in_namespace, &id);
		peer_end(&peer);
	}
	leaks_check(20);
	removed(id);
}

/* SHMALL counts a segment as long as it exists. */
static void limit(void)
{
	char *at[2];
	int ids[2];

	must(!unshare(CLONE_NEWIPC), "unshare: %m");
	write_setting("/proc/sys/kernel/shmall", "20482");
	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 2; i++) {
			ids[i] = segment(LENGTH);
			at[i] = attach(ids[i]);
			check(is_window_named(at[i], NAME), "no window");
		}
		check_result(
			result(shmget(IPC_PRIVATE, LENGTH, IPC_CREAT | 0600)),
			ENOSPC, "a third segment");
		removed(ids[0]);
		check_result(
			result(shmget(IPC_PRIVATE, LENGTH, IPC_CREAT | 0600)),
			ENOSPC, "before the last detach");
		must(!shmdt(at[0]) && !shmdt(at[1]), "shmdt: %m");
		removed(ids[1]);
	}
}

/* The region of a segment, as the kernel lists it. */
static struct listed listed_segment(int id)
{
	struct listed l = { 0 };
	int list = open_list(), err;

	do {
		err = next_listed(list, &l, l.nameless.number);
	} while (!err && l.nameless.shmid != id);
	close(list);
	must(!err, "segment %d is not in the list", id);
	return l;
}

static void listed(void)
{
	struct listed l;
	char *at;
	int id;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	id = segment(LENGTH);
	must(!set_min_size(0, 0), "PR_SET_MSHARE: %m");
	at = attach(id);
	memset(at, 1, 3 * MIB);
	l = listed_segment(id);
	check_int(l.nameless.start, 0);
	check_int(l.nameless.bytes, LENGTH);
	check_int(l.nameless.inode, id);
	check_int(l.stat.attached, 1);
	check_int(l.stat.resident, 0);
	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	at = attach(id);
	at[0] = 1;
	l = listed_segment(id);
	check_int(l.nameless.start, (long)at);
	check_int(l.nameless.length, granule);
	check_int(l.stat.attached, 1);
	check(l.stat.resident > 0, "nothing is resident");
	removed(id);
}

/* The file of the region, which is not the file of an attach. */
static void map_files(void)
{
	char path[64], *at, *again;
	int id, fd;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	id = segment(LENGTH);
	at = attach(id);
	at[0] = 7;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)at, (unsigned long)at + granule);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0, "%s: %m", path);
	must(!shmdt(at), "shmdt: %m");
	again = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);
	must(again == at, "mmap: %p, not %p: %m", (void *)again, (void *)at);
	/* What a window of a reader cannot do makes it plain. */
	check_int(mlock(again, PAGE) ? -errno : 0, 0);
	check_int(again[0], 7);
	check_int(munmap(again, PAGE) ? -errno : 0, 0);
	munmap(again, LENGTH);
	close(fd);
	check_int(nattch(id), 0);
	removed(id);
}

/* Calls that race on two CPUs, in processes and threads. */
struct race {
	atomic_int id;
	atomic_bool stop;
	atomic_long rounds;
};

static void one_call(unsigned int n, char *at)
{
	switch (n % 8) {
	case 0:
		mprotect(at + PAGE, PAGE, PROT_READ);
		break;
	case 1:
		munmap(at + MIB, MIB);
		break;
	case 2:
		mremap(at, MIB, MIB, MREMAP_MAYMOVE | MREMAP_FIXED,
		       at + granule / 2);
		munmap(at + granule / 2, MIB);
		break;
	case 3:
		if (!fork()) {
			store(at + 8, n);
			mprotect(at, PAGE, PROT_READ);
			_exit(0);
		}
		break;
	case 4:
		shmdt(at);
		break;
	case 5:
		mprotect(at, LENGTH, RW);
		break;
	case 6:
		madvise(at, PAGE, MADV_DONTNEED);
		break;
	}
}

static void *attach_always(void *arg)
{
	struct race *race = arg;

	for (unsigned int n = 0; !race->stop; n++) {
		int id = race->id;
		char *at = shmat(id, NULL, n % 5 ? 0 : SHM_RDONLY);

		if (at == (char *)-1)
			continue;
		load(at + 5 * MIB, &(uint64_t){ 0 });
		store(at, n);
		one_call(n / 3, at);
		shmdt(at);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		race->rounds++;
	}
	return NULL;
}

static void attacher(struct peer *parent, void *arg)
{
	struct race *race = arg;
	pthread_t threads[2];

	(void)parent;
	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, attach_always, race),
		     "thread");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

static void race_for(double length)
{
	struct race *race = (void *)map_with(NULL, sizeof(*race), RW, ANON);
	double end = seconds() + length;
	struct peer peers[2];
	int id;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	race->id = segment(LENGTH);
	for (int i = 0; i < 2; i++)
		peers[i] = peer_start(attacher, race);
	while (seconds() < end) {
		long before = race->rounds;

		while (race->rounds < before + 3 && seconds() < end)
			sched_yield();
		id = race->id;
		if (race->rounds % 2) {
			race->id = segment(LENGTH);
			removed(id);
		} else {
			removed(id);
			race->id = segment(LENGTH);
		}
	}
	race->stop = true;
	for (int i = 0; i < 2; i++)
		peer_end(&peers[i]);
	check_int(nattch(race->id), 0);
	check(race->rounds > 20, "only %ld rounds", race->rounds);
	removed(race->id);
	munmap(race, sizeof(*race));
	must(!set_min_size(0, 0), "PR_SET_MSHARE: %m");
}

static void races(void)
{
	race_for(3);
	leaks_begin();
	race_for(10);
	leaks_check(10);
}

static void use_segments(struct peer *parent, void *arg)
{
	char *at;
	int id;

	(void)parent;
	(void)arg;
	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	for (int i = 0; i < 8; i++) {
		id = segment(LENGTH);
		if (i & 4)
			removed(id);
		if (i == 4)
			continue;
		if (i & 4)
			id = segment(LENGTH);
		at = attach(id);
		memset(at, i, 4 * MIB);
		if (i & 1)
			must(!mprotect(at, PAGE, PROT_READ), "mprotect: %m");
		if (i & 2)
			must(!shmdt(at), "shmdt: %m");
		removed(id);
	}
}

static void leaks(void)
{
	struct peer peer = peer_start(use_segments, NULL);

	peer_end(&peer);
	leaks_begin();
	for (int i = 0; i < 30; i++) {
		peer = peer_start(use_segments, NULL);
		peer_end(&peer);
	}
	leaks_check(30);
}

static const struct test_case cases[] = {
	{ "shared", "programs that execute share page tables of a segment",
	  shared },
	{ "databases", "an address decides whether programs share page tables",
	  databases },
	{ "others", "small and executable segments are ordinary", others },
	{ "same", "a program cannot tell, whatever it does with a segment",
	  same },
	{ "adjacent", "segments of whole granules can be side by side",
	  adjacent },
	{ "granules", "shmdt() removes all parts of a window", granules },
	{ "no-room", "memory is ordinary or plain where no window can be had",
	  no_room },
	{ "namespaces", "an IPC namespace ends its segments", namespaces },
	{ "limit", "SHMALL counts a segment as long as it exists", limit },
	{ "listed", "NEXT_NAMELESS lists segments", listed },
	{ "map-files", "a window by /proc/PID/map_files becomes plain",
	  map_files },
	{ "races", "shmat, shmdt, IPC_RMID, fork, mprotect, mremap race",
	  races },
	{ "leaks", "nothing is left behind", leaks },
	{ "executed", NULL, executed },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
