// SPDX-License-Identifier: GPL-2.0-only
/*
 * PR_SET_MSHARE on bad days: many programs, many mappings, little memory, and
 * filters that know no such call. A program runs on, as without the attribute.
 */
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "cgroup.h"
#include "check.h"
#include "figures.h"
#include "leak.h"
#include "peer.h"
#include "program.h"
#include "region.h"

#define STRANGER 65534
#define MIN_SIZE (16 * MIB)

static pid_t start(void)
{
	pid_t pid = fork();

	must(pid >= 0, "fork: %m");
	if (!pid)
		must(!prctl(PR_SET_PDEATHSIG, SIGKILL), "PDEATHSIG: %m");
	return pid;
}

/* A status as of waitpid(). */
static int end_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid, "waitpid: %m");
	return status;
}

#define PROGRAMS 1000

struct programs {
	pthread_barrier_t all; /* have their memory */
	atomic_int windows;
};

/* One of many: its memory is its own, and its child's. */
static _Noreturn void be_program(struct programs *programs, int number)
{
	int *at, status = -1;
	pid_t child;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	at = (int *)map(64 * MIB);
	at[0] = number;
	programs->windows += is_window(at);
	pthread_barrier_wait(&programs->all);
	child = fork();
	if (!child) {
		at[16 * MIB - 1] = at[0] + 1;
		_exit(0);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	check_int(status, 0);
	check_int(at[0], number);
	check_int(at[16 * MIB - 1], number + 1);
	_exit(checks_status());
}

static void many_programs(void)
{
	struct programs *programs = (void *)map_with(NULL, PAGE, RW, ANON);
	long regions = counter("regions");
	pthread_barrierattr_t attribute;
	int failed = 0, status;

	must(!pthread_barrierattr_init(&attribute) &&
		     !pthread_barrierattr_setpshared(&attribute,
						     PTHREAD_PROCESS_SHARED) &&
		     !pthread_barrier_init(&programs->all, &attribute,
					   PROGRAMS),
	     "barrier");
	for (int i = 0; i < PROGRAMS; i++)
		if (!start())
			be_program(programs, i);
	for (int i = 0; i < PROGRAMS; i++)
		failed += wait(&status) < 0 || status;
	check_int(failed, 0);
	check_int(programs->windows, PROGRAMS);
	check_int(counter("regions") - regions, PROGRAMS);
}

#define PIECES 10000

/* What exceeds the limit of nameless regions is ordinary memory. */
static void many_pieces(void)
{
	static char *pieces[PIECES];
	long regions = counter("regions");
	long ordinary = counter("ordinary");
	int wrong = 0, failed = 0;

	must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	for (int i = 0; i < PIECES; i++) {
		pieces[i] = map_with(NULL, 64 * MIB, RW, ANON | MAP_NORESERVE);
		if (i % 100 == 0)
			*(int *)pieces[i] = i;
		if (i == 0)
			check(is_window(pieces[i]), "ordinary memory");
	}
	regions = counter("regions") - regions;
	ordinary = counter("ordinary") - ordinary;
	check(regions >= 256, "%ld regions", regions);
	check_int(regions + ordinary, PIECES);
	for (int i = 0; i < PIECES; i += 100)
		wrong += *(int *)pieces[i] != i;
	check_int(wrong, 0);
	for (int i = 0; i < PIECES; i++)
		failed += munmap(pieces[i], 64 * MIB) != 0;
	check_int(failed, 0);
}

static void touch_too_much(uint64_t min_size)
{
	must(!set_min_size(min_size, 0), "PR_SET_MSHARE: %m");
	memset(map(64 * MIB), 1, 64 * MIB);
	_exit(0);
}

/* The end of a program that has more memory than its cgroup has, and its child. */
static int end_in(const char *group, uint64_t min_size)
{
	pid_t pid = start();

	if (!pid) {
		cgroup_enter(group);
		touch_too_much(min_size);
	}
	return end_of(pid);
}

static const char *full;

static long charged(void)
{
	return cgroup_number(full, "memory.current");
}

static void full_cgroup(void)
{
	long ordinary = counter("ordinary");

	full = cgroup_make(NULL, "full");
	cgroup_set(full, "memory.max", "24M");
	cgroup_set(full, "memory.swap.max", "0");
	check_int(end_in(full, 0), SIGKILL);
	for (int i = 0; i < 3; i++) {
		check_int(end_in(full, MIN_SIZE), SIGKILL);
		/* The memory of the dead does not stay in the cgroup. */
		check(settle(charged, 4 * MIB) <= (long)(4 * MIB), "%ld bytes",
		      charged());
	}
	cgroup_set(full, "memory.max", "128M");
	check_int(end_in(full, MIN_SIZE), 0);
	check_int(counter("ordinary"), ordinary);
	settle(charged, 4 * MIB);
	cgroup_remove(full);
}

/* A filter that answers prctl() with EPERM. */
static void forbid_prctl(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_K | BPF_JEQ, SYS_prctl, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };

	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges: %m");
	must(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program),
	     "PR_SET_SECCOMP: %m");
}

static void map_in_filter(struct peer *parent, void *arg)
{
	bool early = arg;
	char *at;

	(void)parent;
	if (early)
		must(!set_min_size(MIN_SIZE, 0), "PR_SET_MSHARE: %m");
	forbid_prctl();
	if (!early)
		check_result(set_min_size(MIN_SIZE, 0), EPERM, "PR_SET_MSHARE");
	at = map(MIN_SIZE);
	check_int(is_window(at), early);
	at[MIB] = 'a';
	check_int(munmap(at, PAGE), 0);
	check_int(at[MIB], 'a');
	check_int(is_window(at + PAGE), false);
}

static void filtered(void)
{
	struct peer peer = peer_start(map_in_filter, NULL);

	peer_end(&peer);
	peer = peer_start(map_in_filter, "early");
	peer_end(&peer);
}

#define BOMB_PROCESSES 200

static struct bomb {
	atomic_int processes, failures;
} * bomb;

/* Each process forks as often as it can, and keeps its memory. */
static _Noreturn void explode(volatile char *at)
{
	pid_t pid = 0;

	while (pid >= 0) {
		if (!pid)
			at[(bomb->processes++ % 64) * MIB] = 1;
		pid = fork();
	}
	bomb->failures++;
	for (;;)
		pause();
}

static void light_bomb(struct peer *parent, void *arg)
{
	const struct rlimit limit = { BOMB_PROCESSES, BOMB_PROCESSES };

	(void)parent;
	(void)arg;
	must(!setrlimit(RLIMIT_NPROC, &limit), "setrlimit: %m");
	must(!setgroups(0, NULL) && !setresuid(STRANGER, STRANGER, STRANGER),
	     "setresuid: %m");
	must(!set_min_size(MIN_SIZE, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	if (!fork())
		explode(map(64 * MIB));
	while (bomb->failures < BOMB_PROCESSES - 1)
		sleep_ms(50);
	/* All processes of the user but this one. */
	kill(-1, SIGKILL);
}

static void fork_bomb(void)
{
	struct peer peer;

	bomb = (void *)map_with(NULL, PAGE, RW, ANON);
	must(!prctl(PR_SET_CHILD_SUBREAPER, 1), "PR_SET_CHILD_SUBREAPER: %m");
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			leaks_begin();
		memset(bomb, 0, sizeof(*bomb));
		peer = peer_start(light_bomb, NULL);
		peer_end(&peer);
		check(bomb->processes >= BOMB_PROCESSES - 1, "%d processes",
		      bomb->processes);
		while (waitpid(-1, NULL, 0) > 0)
			continue;
	}
	leaks_check(2);
}

static const struct test_case cases[] = {
	{ "programs", "1,000 programs at once have regions of their own",
	  many_programs, CASE_LONG },
	{ "pieces", "a program maps 10,000 pieces of 64 MiB", many_pieces,
	  CASE_LONG },
	{ "cgroup", "a full cgroup ends a program as without regions",
	  full_cgroup },
	{ "filter", "a filter without the prctl() leaves memory as it is",
	  filtered },
	{ "bomb", "a fork bomb leaves nothing behind", fork_bomb },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
