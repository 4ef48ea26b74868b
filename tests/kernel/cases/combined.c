// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel does to memory or to processes by itself, while clients
 * attach, fork, and lose what is mapped: combinations that went wrong in
 * similar code.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "cgroup.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "swap.h"
#include "touch.h"

#define RW   (PROT_READ | PROT_WRITE)
#define HUGE (2 * MIB)

static const char *path;
static uint64_t start;
static int fd;

static struct {
	volatile int stop;
	volatile unsigned long rounds;
} * shared;

static void begin(uint64_t length)
{
	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED, "mmap: %m");
	fd = region_create(path = region_path(), start, granule);
	region_fill(fd, start, length, RW);
}

static void wait_rounds(unsigned long count)
{
	double deadline = seconds() + 120;

	while (shared->rounds < count && seconds() < deadline)
		sleep_ms(5);
	check(shared->rounds >= count, "%lu rounds of %lu", shared->rounds,
	      count);
}

/* Processes that attach, use a table each, and end */

static void attach_and_end(void)
{
	pid_t pid = fork();

	if (!pid) {
		window_map(fd, start, granule, RW, 0);
		for (uint64_t at = 0; at < 8 * HUGE; at += HUGE)
			store((void *)(start + at), 1);
		_exit(0);
	}
	must(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork: %m");
}

static void attach_on(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	while (!shared->stop) {
		attach_and_end();
		__atomic_add_fetch(&shared->rounds, 1, __ATOMIC_RELAXED);
	}
}

#define CROWD 12

static void start_crowd(struct peer *crowd)
{
	begin(8 * HUGE);
	for (int i = 0; i < CROWD; i++)
		crowd[i] = peer_start(attach_on, NULL);
}

static void end_crowd(struct peer *crowd)
{
	struct msharefs_stat stat;

	shared->stop = 1;
	for (int i = 0; i < CROWD; i++)
		peer_end(&crowd[i]);
	region_stat(fd, &stat);
	check(!stat.attached, "%llu are attached in the end", stat.attached);
}

/* Whoever takes references to pages at random finds page tables as well. */
static void references(void)
{
	long before = page_tables();
	struct peer crowd[CROWD];

	start_crowd(crowd);
	for (unsigned long rounds = 0; rounds < 10 * CROWD;
	     rounds = shared->rounds) {
		write_setting("/sys/kernel/debug/split_huge_pages", "1");
		write_setting("/proc/sys/vm/compact_memory", "1");
	}
	end_crowd(crowd);
	close(fd);
	unlink(path);
	check(settle(page_tables, before + 512) <= before + 512,
	      "%ld KiB of page tables, %ld before", page_tables(), before);
}

static void counted(void)
{
	struct peer crowd[CROWD];
	struct msharefs_stat stat;
	unsigned long asked = 0;

	start_crowd(crowd);
	while (shared->rounds < 10 * CROWD || asked < 1000) {
		region_stat(fd, &stat);
		check(stat.attached <= CROWD, "%llu are attached, of %d",
		      stat.attached, CROWD);
		asked++;
	}
	end_crowd(crowd);
	close(fd);
}

/* Calls that the kernel refuses, while other threads fault */

static void *fault_on(void *arg)
{
	uint64_t from = start + (uintptr_t)arg * granule;

	for (uint64_t at = from; !shared->stop; at += PAGE) {
		if (at == from + HUGE)
			at = from;
		if (!store((void *)at, 1))
			__atomic_add_fetch(&shared->rounds, 1,
					   __ATOMIC_RELAXED);
	}
	return NULL;
}

static void remap_on(struct peer *parent, void *arg)
{
	const uint64_t middle = start + granule;

	(void)parent;
	(void)arg;
	while (!shared->stop) {
		check_result(region_unmap(fd, middle, HUGE), 0, "UNMAP");
		check_result(region_map(fd, middle, HUGE, RW, 0), 0, "again");
	}
}

/* Calls on the middle granule */
static void refuse_middle(uint64_t middle)
{
	must(munmap((void *)middle, granule / 2) && errno == EINVAL,
	     "munmap of the middle: %m");
	must(mprotect((void *)middle, granule / 2, PROT_READ) &&
		     errno == EINVAL,
	     "mprotect of the middle: %m");
}

static void change_middle(uint64_t middle)
{
	must(!mprotect((void *)middle, granule, PROT_READ) &&
		     !mprotect((void *)middle, 2 * granule, RW) &&
		     !mprotect((void *)middle, granule, PROT_NONE) &&
		     !munmap((void *)middle, granule),
	     "a change of the middle: %m");
	window_map(fd, middle, granule, RW, granule);
}

static void while_threads_fault(void (*act)(uint64_t middle),
				unsigned int rounds)
{
	const uint64_t middle = start + granule;
	pthread_t threads[3];
	struct msharefs_stat stat;
	struct peer other;

	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED, "mmap: %m");
	fd = region_create(path = region_path(), start, 3 * granule);
	for (int i = 0; i < 3; i++)
		region_fill(fd, start + i * granule, HUGE, RW);
	other = peer_start(remap_on, NULL);
	window_map(fd, start, 3 * granule, RW, 0);
	for (uintptr_t i = 0; i < 3; i++)
		must(!pthread_create(&threads[i], NULL, fault_on, (void *)i),
		     "no thread");
	for (unsigned int i = 0; i < rounds || shared->rounds < 20000; i++)
		act(middle);
	shared->stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	peer_end(&other);
	for (int i = 0; i < 3; i++)
		check(!store((void *)(start + i * granule), 7),
		      "granule %d cannot be used", i);
	region_stat(fd, &stat);
	check(stat.attached == 1 && stat.mappings == 3,
	      "%llu attached, %llu mappings", stat.attached, stat.mappings);
	close(fd);
}

static void refused(void)
{
	while_threads_fault(refuse_middle, 1000);
}

static void changed(void)
{
	while_threads_fault(change_middle, 500);
}

/* A file that is also mapped plainly, and moved there */

static void move_on(struct peer *parent, void *arg)
{
	const uint64_t length = 2 * HUGE;
	char *place[2], *at;
	int file = (uintptr_t)arg, here = 0;

	(void)parent;
	for (int i = 0; i < 2; i++) {
		at = mmap(NULL, length + HUGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(at != MAP_FAILED, "mmap: %m");
		place[i] = (char *)(((uintptr_t)at + HUGE - 1) & -HUGE);
	}
	must(mmap(place[0], length, RW, MAP_SHARED | MAP_FIXED, file, 0) ==
		     place[0],
	     "mmap of the file: %m");
	while (!shared->stop) {
		for (uint64_t i = 0; i < length; i += PAGE)
			must(*(uint64_t *)(place[here] + i) ==
				     paint_for((void *)(start + i), 1),
			     "page %llu of the plain mapping", i / PAGE);
		must(mremap(place[here], length, length,
			    MREMAP_MAYMOVE | MREMAP_FIXED,
			    place[!here]) == place[!here],
		     "mremap: %m");
		here = !here;
		shared->rounds++;
	}
}

static void moved(void)
{
	const uint64_t length = 2 * HUGE;
	int file = object_open(&object_kinds[TMPFS], length);
	struct peer mover;

	shared = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED, "mmap: %m");
	fd = region_create(path = region_path(), start, granule);
	must(!region_map_file(fd, start, length, RW, 0, file, 0), "no object");
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, length, PAGE, 1);
	mover = peer_start(move_on, (void *)(uintptr_t)file);
	for (int i = 0; i < 30 || shared->rounds < 100; i++) {
		int ret = region_advise(fd, start, length, MADV_COLLAPSE);

		check(!ret || ret == -EAGAIN || ret == -EBUSY || ret == -EINVAL,
		      "MADV_COLLAPSE: %d", ret);
		must(!misses((void *)start, length, PAGE, 1),
		     "values are lost");
		/* Small pages again. */
		region_protect(fd, start + PAGE, PAGE, PROT_READ);
		region_protect(fd, start + PAGE, PAGE, RW);
	}
	shared->stop = 1;
	peer_end(&mover);
	close(file);
	close(fd);
}

/* Swap space that is taken away while processes that fork are killed */

static void fork_on(struct peer *parent, void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		char *own = mmap(NULL, 2 * PAGE, RW,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		must(own != MAP_FAILED && !mprotect(own, PAGE, PROT_READ),
		     "mmap: %m");
		own[PAGE] = 1;
	}
	go(parent);
	for (;;) {
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void half_forked(void)
{
	const uint64_t length = 4 * MIB;
	const char *device = swap_device();

	must(device, "no swap space");
	begin(length);
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, length, PAGE, 1);
	for (int i = 0; i < 8; i++) {
		struct peer victims[3];

		for (int v = 0; v < 3; v++) {
			victims[v] = peer_start(fork_on, NULL);
			wait_go(&victims[v]);
		}
		region_advise(fd, start, length, MADV_PAGEOUT);
		usleep(i * 3000);
		for (int v = 0; v < 3; v++)
			kill(victims[v].pid, SIGKILL);
		check_result(swap_anew(device), 0, "swapoff");
		for (int v = 0; v < 3; v++)
			peer_kill(&victims[v]);
		check(!misses((void *)start, length, PAGE, 1),
		      "values are lost in round %d", i);
	}
	close(fd);
}

/* Pages in the middle of larger ones that are swapped out */

#define SHMEM_64K \
	"/sys/kernel/mm/transparent_hugepage/hugepages-64kB/shmem_enabled"

static void removed_from_swap(void)
{
	const uint64_t length = 4 * MIB, step = 64 * KIB;
	uint64_t at;

	if (access(SHMEM_64K, F_OK))
		skip_case("no huge pages of 64 KiB");
	set_for_now(SHMEM_64K, "always");
	begin(length);
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, length, PAGE, 1);
	check_result(region_advise(fd, start, length, MADV_PAGEOUT), 0,
		     "PAGEOUT");
	for (at = start + 5 * PAGE; at < start + length; at += step) {
		double before = seconds();

		check_result(region_advise(fd, at, PAGE, MADV_REMOVE), 0,
			     "REMOVE of page %llu", (at - start) / PAGE);
		check(seconds() - before < 10, "REMOVE takes %.1f s",
		      seconds() - before);
	}
	for (at = start; at < start + length; at += PAGE) {
		bool gone = (at - start) % step == 5 * PAGE;
		uint64_t want = gone ? 0 : paint_for((void *)at, 1);

		check(peek((void *)at) == want,
		      "page %llu holds %#lx, not %#lx", (at - start) / PAGE,
		      peek((void *)at), want);
	}
	close(fd);
}

/* A client that forks while it goes from one cgroup to another */

/* Reclaim may find less than it is asked for. */
static void reclaim(const char *group)
{
	char file[256];
	int ret, at;

	snprintf(file, sizeof(file), "%s/memory.reclaim", group);
	at = open(file, O_WRONLY | O_CLOEXEC);
	must(at >= 0, "%s: %m", file);
	ret = write(at, "512K", 4);
	check(ret == 4 || errno == EAGAIN, "memory.reclaim: %m");
	close(at);
}

static void fork_and_use(struct peer *parent, void *group)
{
	cgroup_enter(group);
	window_map(fd, start, granule, RW, 0);
	paint((void *)start, MIB, PAGE, 1);
	go(parent);
	while (!shared->stop) {
		pid_t pid = fork();

		if (!pid) {
			must(!misses((void *)start, MIB, PAGE, 1), "lost");
			_exit(0);
		}
		must(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork: %m");
		shared->rounds++;
	}
}

static void regrouped(void)
{
	const char *groups[2] = { cgroup_make(NULL, "here"),
				  cgroup_make(NULL, "there") };
	struct peer client;
	char pid[16];

	begin(MIB);
	client = peer_start(fork_and_use, (void *)groups[0]);
	wait_go(&client);
	snprintf(pid, sizeof(pid), "%d", client.pid);
	for (int i = 0; i < 200; i++) {
		cgroup_set(groups[i & 1], "cgroup.procs", pid);
		if (i % 10 == 0)
			reclaim(groups[!(i & 1)]);
	}
	wait_rounds(20);
	shared->stop = 1;
	peer_end(&client);
	close(fd);
	unlink(path);
	cgroup_remove(groups[0]);
	cgroup_remove(groups[1]);
}

static const struct test_case cases[] = {
	{ "references",
	  "split_huge_pages and compaction leak no page tables of clients that end",
	  references, CASE_LONG },
	{ "counted", "STAT counts no more processes than attach and end",
	  counted },
	{ "refused",
	  "munmap and mprotect of a part change nothing while threads fault",
	  refused },
	{ "changed",
	  "munmap and mprotect of a granule leave the others while threads fault",
	  changed },
	{ "moved",
	  "MADV_COLLAPSE of a file and mremap of its plain mapping lose nothing",
	  moved, CASE_LONG },
	{ "half-forked",
	  "swapoff while clients are killed in fork() loses no store",
	  half_forked, CASE_SWAP | CASE_LONG },
	{ "removed-from-swap",
	  "MADV_REMOVE of a part of a large page in swap space keeps the rest",
	  removed_from_swap, CASE_SWAP },
	{ "regrouped", "a client that forks can move between cgroups",
	  regrouped },
};

static void setup(void)
{
	start = region_address(880);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
