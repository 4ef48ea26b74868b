// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cgroup that pays for a region, and the processes that a limit applies to.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "cgroup.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW     (PROT_READ | PROT_WRITE)
#define LENGTH (16 * MIB)
/* Other charges of a process, and charges that a CPU caches. */
#define SLACK MIB

static const char *path;
static uint64_t start;

/* The action of a process of a cgroup on the region. */
static struct job {
	const char *group;
	uint64_t from, length, step;
} job;

static void create(struct peer *parent, void *arg)
{
	int fd;

	(void)parent;
	cgroup_enter(arg);
	fd = region_create(path, start, granule);
	region_fill(fd, start, granule, RW);
}

static void attach_to(int flags, int prot)
{
	int fd = region_open(path, flags);

	window_map(fd, start, granule, prot, 0);
	close(fd);
}

static void attach(void)
{
	attach_to(O_RDWR, RW);
}

static void use(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	cgroup_enter(job.group);
	attach();
	paint((void *)job.from, job.length, job.step, 1);
}

static void run_in(const char *group, uint64_t from, uint64_t length,
		   uint64_t step)
{
	struct peer peer;

	job = (struct job){ group, from, length, step };
	peer = peer_start(use, NULL);
	peer_end(&peer);
}

static void create_in(const char *group)
{
	struct peer peer;

	path = region_path();
	peer = peer_start(create, (void *)group);
	peer_end(&peer);
}

static const char *payer;

static long paid(void)
{
	return cgroup_number(payer, "memory.current");
}

static bool about(long got, uint64_t want)
{
	return labs(got - (long)want) < (long)SLACK;
}

/* Removed cgroups that something still refers to. */
static long held_groups(void)
{
	return cgroup_event(NULL, "cgroup.stat", "nr_dying_descendants");
}

static void take_memory(struct peer *parent, void *cpu)
{
	const size_t length = 64 * PAGE;
	char *memory;

	(void)parent;
	pin_to_cpu((uintptr_t)cpu);
	cgroup_enter(job.group);
	memory = mmap(NULL, length, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory != MAP_FAILED, "mmap: %m");
	paint(memory, length, PAGE, 1);
}

/*
 * A CPU's cached pages and charges of a removed cgroup hold the cgroup until
 * the CPU charges memory to another cgroup. An idle CPU may not do so for long.
 */
static void work_for(const char *group)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	job = (struct job){ .group = group };
	for (long cpu = 0; cpu < cpus; cpu++) {
		struct peer peer = peer_start(take_memory, (void *)cpu);

		peer_end(&peer);
	}
}

/*
 * The first process that uses a page of this program pays for the page while
 * the page is cached, so use the pages outside of the cgroups first.
 */
static void use_all_of_program(void)
{
	must(!mlockall(MCL_CURRENT) && !munlockall(), "mlockall: %m");
}

/*
 * The creator's cgroup, its parent, the clients' cgroup, and a cgroup that does
 * not use the region.
 */
static void payers(void)
{
	const char *outer = cgroup_make(NULL, "outer");
	const char *inner = cgroup_make(outer, "inner");
	const char *clients = cgroup_make(NULL, "clients");
	const char *bystanders = cgroup_make(NULL, "bystanders");
	const uint64_t tables = granule / TABLE_SPAN * PAGE;
	uint64_t with_tables = LENGTH + tables + granule / TABLE_SPAN * PAGE;
	long others, held = held_groups();

	use_all_of_program();
	create_in(inner);
	run_in(clients, start, LENGTH, PAGE);
	others = cgroup_number(clients, "memory.current");
	check(about(cgroup_number(inner, "memory.current"), LENGTH),
	      "the creator's group pays %ld bytes",
	      cgroup_number(inner, "memory.current"));
	check(about(others, 0), "the client's group pays %ld bytes", others);

	/*
	 * One page for each page table: the page tables need as much memory
	 * again.
	 */
	run_in(clients, start, granule, TABLE_SPAN);
	payer = inner;
	check(labs(paid() - (long)with_tables) < 2 * (long)SLACK &&
		      paid() > (long)(LENGTH + tables + tables / 2),
	      "the creator's group pays %ld bytes with tables, not %lu", paid(),
	      with_tables);
	check(about(cgroup_number(clients, "memory.current"), 0),
	      "the client's group pays %ld bytes with tables",
	      cgroup_number(clients, "memory.current"));

	/*
	 * After the creator's cgroup is removed, the process that touches
	 * memory pays.
	 */
	cgroup_remove(inner);
	/* A worker of the kernel sees to that, a little later. */
	sleep(1);
	payer = outer;
	others = paid();
	run_in(clients, start + 2 * LENGTH, LENGTH, PAGE);
	check(about(paid() - others, 0), "outer pays %ld bytes more",
	      paid() - others);
	check(about(cgroup_number(clients, "memory.current"), LENGTH),
	      "the client's group pays %ld bytes in the end",
	      cgroup_number(clients, "memory.current"));
	unlink(path);
	check(settle(paid, 2 * SLACK) < 2 * (long)SLACK,
	      "%ld bytes are still paid for when the region is gone", paid());
	cgroup_remove(outer);
	cgroup_remove(clients);
	work_for(bystanders);
	check(settle(held_groups, held) <= held,
	      "%ld groups are held, %ld before", held_groups(), held);
	cgroup_remove(bystanders);
}

/* A cgroup at its limit. */

static const char *limited;

/* The number of pages before the first one that cannot be allocated. */
static uint64_t store_until_full(void)
{
	uint64_t at = start;

	while (at < start + LENGTH &&
	       !store((void *)at, paint_for((void *)at, 1)))
		at += PAGE;
	return at - start;
}

static void run_full(struct peer *parent, void *arg)
{
	uint64_t stored;
	int ends[2];

	(void)parent;
	cgroup_enter(arg);
	attach();
	/* Charges that other CPUs have cached return later. */
	for (int i = 0; i < 5; i++) {
		stored = store_until_full();
		usleep(100000);
	}
	check(touch_fault.signal == SIGBUS, "page %lu: signal %d",
	      (unsigned long)(stored / PAGE), touch_fault.signal);
	check(stored >= LENGTH / 8 && stored < LENGTH,
	      "it is full after %lu bytes", stored);
	check(!misses((void *)start, stored, PAGE, 1), "contents changed");

	/* Work of the kernel on behalf of a process ends, too. */
	must(!pipe(ends) && write(ends[1], "12345678", 8) == 8, "pipe: %m");
	check(read(ends[0], (void *)(start + stored), 8) < 0 && errno == EFAULT,
	      "read(2) into a page that cannot be had: %m");

	cgroup_set(limited, "memory.max", "max");
	paint((void *)start, LENGTH, PAGE, 2);
	check(!misses((void *)start, LENGTH, PAGE, 2), "contents in the end");
}

static void start_limited(void)
{
	limited = cgroup_make(NULL, "limited");
	create_in(limited);
	cgroup_set(limited, "memory.max", "8M");
}

static void nobody_left(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	struct peer peer;

	start_limited();
	peer = peer_start(run_full, (void *)clients);
	peer_end(&peer);
	check(!cgroup_event(clients, "memory.events", "oom") &&
		      cgroup_event(limited, "memory.events", "max") > 0,
	      "the wrong group was out of memory");
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

static void wait_in_group(struct peer *parent, void *arg)
{
	cgroup_enter(arg);
	attach();
	go(parent);
	wait_go(parent);
}

/*
 * The OOM killer kills no member of the cgroup for a client of another cgroup.
 */
static void somebody_left(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	struct peer member, client;

	start_limited();
	member = peer_start(wait_in_group, (void *)limited);
	wait_go(&member);
	client = peer_start(run_full, (void *)clients);
	peer_end(&client);
	check(!cgroup_event(clients, "memory.events", "oom_kill"),
	      "a process of the client's group was killed");
	check(!cgroup_event(limited, "memory.events", "oom_kill"),
	      "a process of the group that pays was killed");
	go(&member);
	peer_end(&member);
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

/* Reads the region until a signal stops the process. */
static void read_all(struct peer *parent, void *group)
{
	uint64_t at, value;

	(void)parent;
	cgroup_enter(group);
	attach_to(O_RDONLY, PROT_READ);
	for (at = start; at < start + LENGTH; at += PAGE)
		if (load((void *)at, &value))
			break;
	check(at == start + LENGTH, "page %lu: signal %d",
	      (unsigned long)((at - start) / PAGE), touch_fault.signal);
}

/*
 * A reader pays for the memory that reading allocates, and no other cgroup
 * does.
 */
static void readers(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	struct peer member, client;

	use_all_of_program();
	start_limited();
	cgroup_set(limited, "memory.max", "4M");
	member = peer_start(wait_in_group, (void *)limited);
	wait_go(&member);
	client = peer_start(read_all, (void *)clients);
	peer_end(&client);
	check(about(cgroup_number(clients, "memory.current"), LENGTH),
	      "the reader's group pays %ld bytes",
	      cgroup_number(clients, "memory.current"));
	check(!cgroup_event(limited, "memory.events", "max") &&
		      !cgroup_event(limited, "memory.events", "oom_kill"),
	      "the creator's group was at its limit");
	go(&member);
	peer_end(&member);
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

/* If a reader's own cgroup is full, that cgroup has to deal with it. */
static void readers_limit(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	struct peer member, client;
	int status;

	start_limited();
	cgroup_set(clients, "memory.max", "4M");
	member = peer_start(wait_in_group, (void *)limited);
	wait_go(&member);
	client = peer_start(read_all, (void *)clients);
	must(waitpid(client.pid, &status, 0) == client.pid, "waitpid: %m");
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "wait status %#x", status);
	check(!cgroup_event(limited, "memory.events", "oom_kill"),
	      "a process of the creator's group was killed");
	go(&member);
	peer_end(&member);
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

/* Swaps the region's memory out, and leaves no room in the cgroup for it. */
static void swap_out_and_fill(const char *group)
{
	int fd = region_open(path, O_RDWR);

	check_result(region_advise(fd, start, LENGTH, MADV_PAGEOUT), 0,
		     "MADV_PAGEOUT");
	close(fd);
	check(cgroup_number(group, "memory.swap.current") > (long)LENGTH / 2,
	      "%ld bytes of the cgroup are in swap space",
	      cgroup_number(group, "memory.swap.current"));
	cgroup_set(group, "memory.swap.max", "0");
	cgroup_set(group, "memory.max", "0");
}

/*
 * Where a full cgroup has paid for memory in swap space, the process that reads
 * the memory pays: the OOM killer kills nobody in the cgroup for the reader, and
 * the access must not repeat forever.
 */
static void swapped_of_creator(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	struct peer client;

	limited = cgroup_make(NULL, "limited");
	create_in(limited);
	run_in(limited, start, LENGTH, PAGE);
	swap_out_and_fill(limited);
	client = peer_start(read_all, (void *)clients);
	peer_end(&client);
	check(about(cgroup_number(clients, "memory.current"), LENGTH),
	      "the reader's group pays %ld bytes",
	      cgroup_number(clients, "memory.current"));
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

/* The same for memory that a reader has paid for. */
static void swapped_of_reader(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	struct peer client;

	limited = cgroup_make(NULL, "limited");
	create_in(limited);
	client = peer_start(read_all, (void *)clients);
	peer_end(&client);
	/* Memory without contents is not written to swap space. */
	run_in(limited, start, LENGTH, PAGE);
	swap_out_and_fill(clients);
	run_in(limited, start, LENGTH, PAGE);
	check(cgroup_number(limited, "memory.current") > (long)LENGTH / 2,
	      "the creator's group pays %ld bytes",
	      cgroup_number(limited, "memory.current"));
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

static void write_all(struct peer *parent, void *group)
{
	(void)parent;
	cgroup_enter(group);
	attach();
	for (uint64_t at = start; at < start + granule; at += PAGE)
		if (store((void *)at, 1))
			break;
}

/*
 * A writer of another cgroup is throttled for memory.high of the paying cgroup.
 */
static void high(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	const long limit = 8 * MIB;
	double deadline = seconds() + 60;
	struct peer client;

	limited = cgroup_make(NULL, "limited");
	create_in(limited);
	cgroup_set(limited, "memory.swap.max", "0");
	cgroup_set(limited, "memory.high", "8M");
	client = peer_start(write_all, (void *)clients);
	/* A debug kernel needs seconds for this amount of memory. */
	while (!cgroup_event(limited, "memory.events", "high") &&
	       seconds() < deadline)
		usleep(10000);
	check(cgroup_event(limited, "memory.events", "high") > 0,
	      "there was no event");
	/*
	 * Without throttling, enough time for far more memory than the limit.
	 */
	sleep(1);
	peer_kill(&client);
	payer = limited;
	check(paid() < 4 * limit, "%ld bytes, with memory.high at %ld", paid(),
	      limit);
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

static volatile uint64_t made;

/* Not by writing: such a fault lets go of its locks for another reason. */
static void *read_on(void *arg)
{
	uint64_t value;

	while (made < granule && !load((void *)(start + made), &value))
		made += PAGE;
	return arg;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One thread is throttled; the other one forks, which takes all VMAs' locks. */
static void fork_beside_reader(struct peer *parent, void *group)
{
	enum {
		FORKS = 9
	};
	double took[FORKS];
	pthread_t thread;

	(void)parent;
	cgroup_enter(group);
	attach();
	must(!pthread_create(&thread, NULL, read_on, NULL), "no thread");
	/* Until it is slow: it sleeps for two seconds at a time. */
	while (cgroup_number(limited, "memory.current") < 5 * (long)MIB)
		usleep(10000);
	for (int i = 0; i < FORKS; i++) {
		double before = seconds();
		pid_t child = fork();

		if (!child)
			_exit(0);
		took[i] = seconds() - before;
		must(child > 0 && waitpid(child, NULL, 0) == child, "fork: %m");
		usleep(50000);
	}
	qsort(took, FORKS, sizeof(took[0]), compare);
	check(took[FORKS / 2] < 0.5, "fork takes %.3f s, %.3f s at most",
	      took[FORKS / 2], took[FORKS - 1]);
	check(made < 16 * MIB, "%lu bytes were read, unhindered", made);
}

/* Whoever is throttled for another cgroup holds no lock that others need. */
static void high_unlocked(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	struct peer client;

	limited = cgroup_make(NULL, "limited");
	create_in(limited);
	cgroup_set(limited, "memory.swap.max", "0");
	cgroup_set(limited, "memory.high", "4M");
	client = peer_start(fork_beside_reader, (void *)clients);
	peer_end(&client);
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

/* A request that populates for another cgroup is slowed down on its way. */
static void populate_all(struct peer *parent, void *group)
{
	int fd;

	(void)parent;
	cgroup_enter(group);
	fd = region_open(path, O_RDWR);
	region_advise(fd, start, granule, MADV_POPULATE_WRITE);
}

static void high_request(void)
{
	const char *clients = cgroup_make(NULL, "clients");
	const long limit = 8 * MIB;
	struct peer client;

	limited = cgroup_make(NULL, "limited");
	create_in(limited);
	cgroup_set(limited, "memory.swap.max", "0");
	cgroup_set(limited, "memory.high", "8M");
	client = peer_start(populate_all, (void *)clients);
	for (int i = 0; i < 100; i++) {
		if (cgroup_number(limited, "memory.current") > limit)
			break;
		usleep(100000);
	}
	sleep(2);
	peer_kill(&client);
	payer = limited;
	check(paid() < 3 * limit, "%ld bytes, with memory.high at %ld", paid(),
	      limit);
	check(cgroup_event(limited, "memory.events", "high") > 0,
	      "there was no event");
	unlink(path);
	cgroup_remove(limited);
	cgroup_remove(clients);
}

/* Memory of a file that one cgroup has filled and others use. */

static int file;

static void fill_file(struct peer *parent, void *group)
{
	static char page[PAGE];

	(void)parent;
	cgroup_enter(group);
	for (uint64_t at = 0; at < 2 * LENGTH; at += PAGE)
		must(pwrite(file, page, PAGE, at) == (ssize_t)PAGE,
		     "write: %m");
}

static void read_first_half(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	attach();
	for (uint64_t at = start; at < start + LENGTH; at += PAGE)
		must(!peek((void *)at), "%#lx is not 0", at);
}

/* Pages of the file that are in memory. */
static uint64_t cached(uint64_t from)
{
	static unsigned char there[LENGTH / PAGE];
	void *at = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, file, from);
	uint64_t count = 0;

	must(at != MAP_FAILED && !mincore(at, LENGTH, there), "mincore: %m");
	munmap(at, LENGTH);
	for (uint64_t page = 0; page < LENGTH / PAGE; page++)
		count += there[page] & 1;
	return count;
}

/* A region that another cgroup pays for is the only one to use half of it. */
static void referenced(void)
{
	const char *owners = cgroup_make(NULL, "owners");
	const char *loaders = cgroup_make(NULL, "loaders");
	struct peer peer;
	char name[256];
	int fd, at;

	file = memfd_create("loaded", MFD_CLOEXEC);
	must(file >= 0 && !ftruncate(file, 2 * LENGTH), "memfd: %m");
	path = region_path();
	peer = peer_start(create, (void *)owners);
	peer_end(&peer);
	peer = peer_start(fill_file, (void *)loaders);
	peer_end(&peer);
	fd = region_open(path, O_RDWR);
	must(!region_unmap(fd, start, granule) &&
		     !region_map_file(fd, start, 2 * LENGTH, RW, 0, file, 0),
	     "no file is mapped");
	peer = peer_start(read_first_half, NULL);
	peer_end(&peer);

	snprintf(name, sizeof(name), "%s/memory.reclaim", loaders);
	at = open(name, O_WRONLY | O_CLOEXEC);
	must(at >= 0 && (write(at, "12M", 3) == 3 || errno == EAGAIN),
	     "memory.reclaim: %m");
	close(at);
	check(cached(LENGTH) < LENGTH / PAGE * 3 / 4,
	      "%lu pages that nobody uses are in memory", cached(LENGTH));
	check(cached(0) > LENGTH / PAGE * 3 / 4,
	      "%lu pages that a client uses are in memory, of others %lu",
	      cached(0), cached(LENGTH));
	close(fd);
	close(file);
	unlink(path);
	cgroup_remove(owners);
	cgroup_remove(loaders);
}

/* What a process is to blame for, as the kernel tells. */
static long oom_score(void)
{
	char text[32] = "";
	int fd = open("/proc/self/oom_score", O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0, "oom_score: %m");
	close(fd);
	return atol(text);
}

/* A sixteenth of the machine's memory is several points of a thousand. */
static void blame(void)
{
	const uint64_t much = meminfo("MemTotal") * KIB / 16 & -PAGE;
	int fd = region_create(path = region_path(), start, granule);
	long before = oom_score();

	must(!region_map(fd, start, much, RW, 0), "no memory is mapped");
	must(!region_advise(fd, start, much, MADV_POPULATE_WRITE),
	     "no memory is populated");
	check(oom_score() < before + 20, "without a window: %ld, %ld before",
	      oom_score(), before);
	window_map(fd, start, granule, RW, 0);
	check(oom_score() > before + 20, "with a window: %ld, %ld before",
	      oom_score(), before);
	munmap((void *)start, granule);
	close(fd);
}

/* The quickest of some, in seconds. */
static double ask_for_score(void)
{
	double best = 1e9;

	for (int i = 0; i < 20; i++) {
		double before = seconds();

		for (int j = 0; j < 20; j++)
			oom_score();
		before = seconds() - before;
		best = before < best ? before : best;
	}
	return best;
}

/* The figure is for the OOM killer, which asks for all processes' at once. */
static void blame_many(void)
{
	const uint64_t pages = 40000;
	int fd = region_create(path = region_path(), start, granule);
	char *many = mmap(NULL, pages * PAGE, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double before, after;

	must(many != MAP_FAILED, "mmap: %m");
	for (uint64_t i = 0; i < pages; i += 2)
		must(!mprotect(many + i * PAGE, PAGE, PROT_NONE),
		     "mprotect: %m");
	before = ask_for_score();
	window_map(fd, start, granule, RW, 0);
	after = ask_for_score();
	check(after < 3 * before + 0.002,
	      "%.4f s for 20 scores with a window, %.4f s without", after,
	      before);
	munmap((void *)start, granule);
	munmap(many, pages * PAGE);
	close(fd);
}

static void *keep_asking(void *stop)
{
	while (!*(volatile bool *)stop)
		oom_score();
	return NULL;
}

/* The score is asked for while the process has its only window, or none. */
static void blame_closing(void)
{
	int fd = region_create(path = region_path(), start, granule);
	double end = seconds() + 3;
	bool stop = false;
	pthread_t asker;

	must(!pthread_create(&asker, NULL, keep_asking, &stop), "no thread");
	while (seconds() < end) {
		window_map(fd, start, granule, RW, 0);
		munmap((void *)start, granule);
	}
	*(volatile bool *)&stop = true;
	pthread_join(asker, NULL);
	check(oom_score() >= 0, "no score");
	close(fd);
}

static void limited_client(struct peer *parent, void *arg)
{
	(void)arg;
	cgroup_enter(limited);
	attach();
	go(parent);
	store_until_full();
	check(false, "it was not killed, signal %d", touch_fault.signal);
}

/* A member of the paying cgroup is killed as for its own memory. */
static void own_group(void)
{
	struct peer peer;
	int status;

	start_limited();
	peer = peer_start(limited_client, NULL);
	wait_go(&peer);
	must(waitpid(peer.pid, &status, 0) == peer.pid, "waitpid: %m");
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	      "wait status %#x", status);
	cgroup_set(limited, "memory.max", "max");
	attach();
	check(peek((void *)start) == paint_for((void *)start, 1),
	      "the first page holds %#lx", peek((void *)start));
	munmap((void *)start, granule);
	unlink(path);
	cgroup_remove(limited);
}

/* A window counts as address space, whatever the region's size in memory. */
static void address_space(void)
{
	int fd = region_create(path = region_path(), start, 2 * granule);
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = process_status(0, "VmSize") * KIB + granule + MIB;
	must(!setrlimit(RLIMIT_AS, &limit), "setrlimit: %m");
	check(mmap(NULL, 2 * granule, RW, MAP_SHARED, fd, 0) == MAP_FAILED &&
		      errno == ENOMEM,
	      "a window of two granules: %m");
	window_map(fd, start, granule, RW, 0);
	check(mmap(NULL, granule, RW, MAP_SHARED, fd, granule) == MAP_FAILED &&
		      errno == ENOMEM,
	      "a second window: %m");
	check(!munmap((void *)start, granule), "munmap: %m");
	window_map(fd, start + granule, granule, RW, granule);
	close(fd);
}

/* A process's limit applies to its own mappings, not to those of a region. */
static void address_space_of_region(void)
{
	int fd = region_create(path = region_path(), start, 8 * granule);
	struct rlimit limit;

	must(!region_map(fd, start, 4 * granule, RW, MAP_NORESERVE), "mapping");
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = process_status(0, "VmSize") * KIB + granule;
	must(!setrlimit(RLIMIT_AS, &limit), "setrlimit: %m");
	check_result(region_map(fd, start + 4 * granule, 4 * granule, RW,
				MAP_NORESERVE),
		     0, "CREATE_MAPPING with RLIMIT_AS");
	close(fd);
}

/* The limit for committed memory, by the machine's setting. */

static long committed(void)
{
	return meminfo("Committed_AS");
}

static void overcommit(void)
{
	static const struct {
		const char *setting;
		/* Small and oversized mappings, reserved and not. */
		int little, little_not, much, much_not;
	} rows[] = {
		{ "0", 0, 0, ENOMEM, 0 },
		{ "1", 0, 0, 0, 0 },
		{ "2", 0, 0, ENOMEM, ENOMEM },
	};
	const uint64_t little = 64 * MIB, much = 64 * granule;

	set_for_now("/proc/sys/vm/overcommit_memory", "0");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct {
			const char *name;
			uint64_t size;
			int flags, want;
		} tries[] = {
			{ "little", little, 0, rows[i].little },
			{ "little, MAP_NORESERVE", little, MAP_NORESERVE,
			  rows[i].little_not },
			{ "much", much, 0, rows[i].much },
			{ "much, MAP_NORESERVE", much, MAP_NORESERVE,
			  rows[i].much_not },
		};
		long before = committed();
		int fd = region_create(path = region_path(), start, much);

		set_for_now("/proc/sys/vm/overcommit_memory", rows[i].setting);
		for (int j = 0; j < 4; j++) {
			check_result(region_map(fd, start, tries[j].size, RW,
						tries[j].flags),
				     tries[j].want, "overcommit_memory %s: %s",
				     rows[i].setting, tries[j].name);
			region_unmap(fd, start, much);
			check(settle(committed, before + 1024) <= before + 1024,
			      "%ld KiB stay promised after UNMAP of %s",
			      committed() - before, tries[j].name);
		}
		check_result(region_map(fd, start, little, RW, 0), 0,
			     "overcommit_memory %s", rows[i].setting);
		check(committed() - before >= (long)(little / KIB),
		      "%ld KiB promised", committed() - before);
		close(fd);
		unlink(path);
		check(settle(committed, before + 1024) <= before + 1024,
		      "%ld KiB stay promised", committed() - before);
	}
}

/* Each part that is unmapped gives its reservation back. */
static void promise_in_parts(void)
{
	const uint64_t size = 64 * MIB;
	int fd = region_create(path = region_path(), start, granule);
	long before = committed(), left = 64 * (long)(PAGE / KIB);

	must(!region_map(fd, start, size, RW, 0), "no memory is mapped");
	for (uint64_t at = 0; at < size; at += MIB)
		must(!region_unmap(fd, start + at + PAGE, MIB - PAGE), "UNMAP");
	check(committed() - before < left + 1024, "%ld KiB promised for %ld",
	      committed() - before, left);
	close(fd);
}

#define HUGE (2 * MIB)

static void create_huge(struct peer *parent, void *arg)
{
	int huge, fd;

	(void)parent;
	cgroup_enter(arg);
	fd = region_create(path, start, granule);
	huge = object_open(&object_kinds[HUGETLB], 4 * HUGE);
	check_result(region_map_file(fd, start, 4 * HUGE, RW,
				     MAP_SHARED | MAP_FIXED, huge, 0),
		     0, "4 huge pages");
	/* One more than the group may reserve. */
	check_result(region_map_file(fd, start + 8 * HUGE, HUGE, RW,
				     MAP_SHARED | MAP_FIXED,
				     object_open(&object_kinds[HUGETLB], HUGE),
				     0),
		     ENOMEM, "a fifth page");
}

static long huge_reserved(void)
{
	return meminfo("HugePages_Rsvd");
}

static void check_hugetlb(const char *group, const char *name, long want,
			  const char *when)
{
	long got = cgroup_number(group, name) / (long)HUGE;

	check(got == want, "%s: %s is %ld pages, not %ld", when, name, got,
	      want);
}

/* Reserved by one group, used by another; and the first one ends before. */
static void hugetlb_groups(void)
{
	const char *reserved = "hugetlb.2MB.rsvd.current";
	const char *used = "hugetlb.2MB.current";
	const char *creator, *client;
	struct peer peer;

	set_for_now(HUGE_PAGES, "8");
	cgroup_set(NULL, "cgroup.subtree_control", "+hugetlb");
	creator = cgroup_make(NULL, "creator");
	client = cgroup_make(NULL, "client");
	cgroup_set(creator, "hugetlb.2MB.rsvd.max", "8388608");
	path = region_path();
	peer = peer_start(create_huge, (void *)creator);
	peer_end(&peer);
	check_hugetlb(creator, reserved, 4, "mapped");

	run_in(client, start, 2 * HUGE, HUGE);
	check_hugetlb(creator, reserved, 4, "touched");
	check_hugetlb(client, reserved, 0, "touched");
	check_hugetlb(client, used, 2, "touched");
	check_hugetlb(creator, used, 0, "touched");

	cgroup_remove(creator);
	run_in(client, start + 2 * HUGE, HUGE, HUGE);
	check_hugetlb(client, used, 3, "without the creator's group");
	check(!unlink(path), "unlink: %m");
	check(settle(huge_reserved, 0) == 0, "%ld pages stay reserved",
	      huge_reserved());
	check_hugetlb(client, used, 0, "without the region");
	check_hugetlb(client, reserved, 0, "without the region");
	check(meminfo("HugePages_Free") == 8, "%ld pages of 8 are free",
	      meminfo("HugePages_Free"));
	cgroup_remove(client);
}

#define POOL "/tmp/test-pool"

/* A mount of hugetlbfs with a limit and a minimum, of which none is lost. */
static void hugetlb_pool(void)
{
	struct statfs before, after;
	long reserved;
	int pooled, fd;

	set_for_now(HUGE_PAGES, "8");
	mkdir(POOL, 0700);
	must(!mount("pool", POOL, "hugetlbfs", 0,
		    "pagesize=2M,size=8M,min_size=4M"),
	     "hugetlbfs: %m");
	reserved = meminfo("HugePages_Rsvd");
	fd = region_create(region_path(), start, granule);
	pooled = open(POOL "/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(pooled >= 0 && !ftruncate(pooled, 5 * HUGE), "file: %m");
	must(!statfs(POOL, &before), "statfs: %m");
	for (int i = 0; i < 100; i++) {
		check_result(region_map_file(fd, start, 5 * HUGE, RW,
					     MAP_SHARED | MAP_FIXED, pooled, 0),
			     ENOMEM, "5 pages of 4");
		must(!statfs(POOL, &after), "statfs: %m");
		if (after.f_bfree != before.f_bfree ||
		    meminfo("HugePages_Rsvd") != reserved)
			break;
	}
	check(after.f_bfree == before.f_bfree, "%ld pages are free, not %ld",
	      (long)after.f_bfree, (long)before.f_bfree);
	check(meminfo("HugePages_Rsvd") == reserved,
	      "%ld pages are reserved, not %ld", meminfo("HugePages_Rsvd"),
	      reserved);
	check_result(region_map_file(fd, start, 4 * HUGE, RW,
				     MAP_SHARED | MAP_FIXED, pooled, 0),
		     0, "4 pages");
	check_result(region_unmap(fd, start, 4 * HUGE), 0, "UNMAP");
	close(pooled);
	close(fd);
	check(!unlink(POOL "/file"), "unlink: %m");
	must(!statfs(POOL, &after), "statfs: %m");
	check(after.f_bfree == before.f_bfree &&
		      meminfo("HugePages_Rsvd") == reserved,
	      "in the end %ld are free, %ld reserved", (long)after.f_bfree,
	      meminfo("HugePages_Rsvd"));
	check(!umount(POOL), "umount: %m");
	rmdir(POOL);
}

static const struct test_case cases[] = {
	{ "hugetlb-groups",
	  "huge pages are counted by who reserves and by who touches them, and uncounted",
	  hugetlb_groups },
	{ "hugetlb-pool",
	  "a mapping that hugetlbfs refuses takes nothing of the pool",
	  hugetlb_pool },
	{ "payers",
	  "memory is charged to the creator's cgroup, or to clients once it is removed",
	  payers },
	{ "nobody-left",
	  "a client gets SIGBUS if the charged cgroup is full and has no process",
	  nobody_left },
	{ "somebody-left",
	  "a client's fault does not kill processes of another, full cgroup",
	  somebody_left },
	{ "own-group",
	  "the OOM killer ends a client in the full cgroup that is charged",
	  own_group },
	{ "readers",
	  "a read-only client pays for pages that its reads allocate",
	  readers },
	{ "readers-limit",
	  "the OOM killer ends only the reader whose own cgroup is full",
	  readers_limit },
	{ "swapped-of-creator",
	  "a reader pays for swapped memory of a creator whose cgroup is full",
	  swapped_of_creator, CASE_SWAP },
	{ "swapped-of-reader",
	  "the creator pays for swapped memory of a reader whose cgroup is full",
	  swapped_of_reader, CASE_SWAP },
	{ "high",
	  "memory.high of the charged cgroup throttles a writer of another cgroup",
	  high },
	{ "high-unlocked",
	  "a thread that is throttled for another cgroup does not hold up fork()",
	  high_unlocked },
	{ "high-request",
	  "memory.high of the charged cgroup throttles a populating request",
	  high_request },
	{ "referenced",
	  "reclaim from a cgroup heeds use through another cgroup's region",
	  referenced, CASE_SWAP },
	{ "blame", "the OOM killer counts the memory behind a window", blame },
	{ "blame-many",
	  "a process's OOM score does not take longer for its other VMAs",
	  blame_many },
	{ "blame-closing",
	  "a process has an OOM score while it unmaps its last window",
	  blame_closing },
	{ "address-space", "RLIMIT_AS counts windows", address_space },
	{ "address-space-of-region",
	  "RLIMIT_AS does not count a region's mappings",
	  address_space_of_region },
	{ "overcommit", "CREATE_MAPPING obeys vm.overcommit_memory",
	  overcommit },
	{ "promise-in-parts", "UNMAP of a part returns the part's reservation",
	  promise_in_parts },
};

static void setup(void)
{
	start = region_address(400);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
