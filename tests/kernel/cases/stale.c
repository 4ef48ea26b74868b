// SPDX-License-Identifier: GPL-2.0-only
/*
 * No CPU may use an old translation once the call that invalidated it has
 * returned. Clients on one CPU access a word as fast as they can, or sleep with
 * its translation cached, while this process on another CPU changes the memory.
 * The emulated CPU keeps translations until they are flushed, like a real CPU,
 * and clients make no system call that would flush them by chance.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW           (PROT_READ | PROT_WRITE)
#define ROUNDS       30
#define MAX_SPINNERS 6
/* Enough accesses that the translation is in use, and not being created. */
#define WARM 500
/* The time limit for a spinner to get its signal. */
#define PATIENCE_MS 30000

enum access {
	LOAD,
	STORE
};

/* One client; in memory that all processes share. */
struct spinner {
	volatile uint64_t count, first;
	volatile int round, faulted, stop;
	int cpu;
	enum access access;
	struct peer peer;
};

static struct spinner *spinners;
static const char *path;
static uint64_t start, size;
static int fd;

/* The place that spinners access: anywhere in an object. */
static uint64_t word;

/* Kinds of objects, one size after the other. */
struct object {
	/* The smallest range that can be unmapped or protected */
	uint64_t unit;
	void (*fill)(int fd, uint64_t addr, uint64_t size, int prot);
	uint64_t sizes[3];
};

/* From a page, which is flushed by itself, to a range with page tables. */
static const struct object small_pages = {
	.unit = PAGE,
	.fill = region_fill,
	.sizes = { 8 * PAGE, 64 * PAGE, 8 * MIB },
};

static const struct object huge_pages = {
	.unit = 2 * MIB,
	.fill = region_fill_hugetlb,
	.sizes = { 2 * MIB, 4 * MIB, 2 * MIB },
};

/* Faults the page in, and checks its contents. */
static void fill_and_check_thp(int region, uint64_t addr, uint64_t length,
			       int prot)
{
	long kib = (long)(length / KIB), before = meminfo("ShmemPmdMapped");

	region_fill_thp(region, addr, length, prot);
	must(!region_advise(region, addr, length, MADV_POPULATE_READ),
	     "POPULATE_READ");
	must(meminfo("ShmemPmdMapped") - before == kib,
	     "of %ld KiB, %ld are huge pages", kib,
	     meminfo("ShmemPmdMapped") - before);
}

static const struct object transparent_huge_pages = {
	.unit = 2 * MIB,
	.fill = fill_and_check_thp,
	.sizes = { 2 * MIB, 4 * MIB, 2 * MIB },
};

/* On the lists of this CPU, for this CPU to reclaim. */
static void fill_and_bring_in(int region, uint64_t addr, uint64_t length,
			      int prot)
{
	region_fill(region, addr, length, prot);
	must(!region_advise(region, addr, length, MADV_POPULATE_WRITE),
	     "POPULATE_WRITE");
}

static const struct object present_pages = {
	.unit = PAGE,
	.fill = fill_and_bring_in,
	.sizes = { 8 * PAGE, 64 * PAGE, 8 * PAGE },
};

static const struct object *object = &small_pages;

static void spin(struct spinner *self)
{
	pin_to_cpu(self->cpu);
	for (;;) {
		while (self->round == self->faulted && !self->stop)
			usleep(200);
		if (self->stop)
			return;
		if (self->access == LOAD)
			load_until_fault((void *)word, &self->count,
					 &self->first);
		else
			store_until_fault((void *)word, &self->count);
		check(touch_fault.signal == SIGSEGV &&
			      touch_fault.addr == (void *)word,
		      "signal %d at %p", touch_fault.signal, touch_fault.addr);
		self->faulted = self->round;
	}
}

static void spin_process(struct peer *parent, void *arg)
{
	(void)parent;
	window_map(region_open(path, O_RDWR), start, size, RW, 0);
	spin(arg);
}

static void *spin_thread(void *arg)
{
	spin(arg);
	return NULL;
}

static void set_up(void)
{
	must(sysconf(_SC_NPROCESSORS_ONLN) >= 2, "needs two processors");
	spinners = mmap(NULL, MAX_SPINNERS * sizeof(*spinners), RW,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(spinners != MAP_FAILED, "mmap: %m");
	fd = region_create(path = region_path(), start, size);
	word = start + 5 * PAGE + 64;
	pin_to_cpu(0);
}

static void warm_up(struct spinner *spinner)
{
	uint64_t warm = spinner->count + WARM;

	spinner->round++;
	for (int ms = 0; spinner->count < warm; ms++) {
		must(ms < PATIENCE_MS, "the spinner does not get going");
		usleep(1000);
	}
}

static bool wait_for_fault(struct spinner *spinner)
{
	for (int i = 0; i < PATIENCE_MS * 5; i++) {
		if (spinner->faulted == spinner->round)
			return true;
		usleep(200);
	}
	return false;
}

/*
 * All clients spin, @change happens, and no client completes another access. A
 * spinner may have made its last access before @change returned without
 * counting it, so one access is not a proof.
 */
static void change_under(int nr, void (*change)(int), int round)
{
	uint64_t counts[MAX_SPINNERS];

	for (int i = 0; i < nr; i++)
		warm_up(&spinners[i]);
	if (spinners[0].access == LOAD)
		store((void *)word, ~0ULL);
	change(round);
	for (int i = 0; i < nr; i++)
		counts[i] = spinners[i].count;
	for (int i = 0; i < nr; i++) {
		must(wait_for_fault(&spinners[i]),
		     "round %d: spinner %d did %lu accesses since", round, i,
		     spinners[i].count - counts[i]);
		must(spinners[i].count - counts[i] <= 1,
		     "round %d: spinner %d got %lu accesses more", round, i,
		     spinners[i].count - counts[i]);
	}
}

static uint64_t object_size(int round)
{
	return object->sizes[round % 3];
}

static void new_object(int round)
{
	object->fill(fd, start, object_size(round), RW);
}

static uint64_t unit_of_word(void)
{
	return word / object->unit * object->unit;
}

static void unmap_all(int round)
{
	(void)round;
	check_result(region_unmap(fd, start, size), 0, "UNMAP");
}

static void unmap_page(int round)
{
	(void)round;
	check_result(region_unmap(fd, unit_of_word(), object->unit), 0,
		     "UNMAP");
}

static void unmap_object(int round)
{
	check_result(region_unmap(fd, start, object_size(round)), 0, "UNMAP");
}

/*
 * Each round has a new object. The first spinner must find the object empty: an
 * old page would contain the data of the round before.
 */
static void rounds(int nr, void (*change)(int))
{
	window_map(fd, start, size, RW, 0);
	for (int round = 0; round < ROUNDS; round++) {
		new_object(round);
		spinners[0].first = 0;
		change_under(nr, change, round);
		must(!spinners[0].first, "round %d: %#lx in a new object",
		     round, spinners[0].first);
		unmap_all(round);
	}
	munmap((void *)start, size);
}

static void add_spinner(int i, int cpu, enum access access)
{
	spinners[i].cpu = cpu;
	spinners[i].access = access;
	spinners[i].peer = peer_start(spin_process, &spinners[i]);
}

static void stop_spinners(int nr)
{
	for (int i = 0; i < nr; i++) {
		spinners[i].stop = 1;
		peer_end(&spinners[i].peer);
	}
}

static void unmap_load(void)
{
	set_up();
	add_spinner(0, 1, LOAD);
	rounds(1, unmap_page);
	rounds(1, unmap_object);
	stop_spinners(1);
}

static void unmap_store(void)
{
	set_up();
	add_spinner(0, 1, STORE);
	rounds(1, unmap_page);
	rounds(1, unmap_object);
	stop_spinners(1);
}

/* The page tables are freed, too; their memory is soon reused. */
static void reuse_tables(int round)
{
	char *memory;

	unmap_all(round);
	memory = mmap(NULL, 2 * MIB, RW,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	must(memory != MAP_FAILED, "mmap: %m");
	for (uint64_t at = 0; at < 2 * MIB; at += 64)
		memory[at] = 0x67;
	munmap(memory, 2 * MIB);
}

static void unmap_tables(void)
{
	set_up();
	add_spinner(0, 1, LOAD);
	rounds(1, reuse_tables);
	stop_spinners(1);
}

static void protect_load(int round)
{
	(void)round;
	check_result(
		region_protect(fd, unit_of_word(), object->unit, PROT_NONE), 0,
		"PROTECT");
}

static void protect_none(void)
{
	set_up();
	add_spinner(0, 1, LOAD);
	rounds(1, protect_load);
	stop_spinners(1);
}

/* Once PROTECT has returned, the word that clients store to must not change. */
static void protect_store(void)
{
	volatile uint64_t *here;

	set_up();
	add_spinner(0, 1, STORE);
	window_map(fd, start, size, RW, 0);
	here = (void *)word;
	new_object(1);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t at = round & 1 ? start : unit_of_word();
		uint64_t length = round & 1 ? object_size(1) : object->unit;
		uint64_t value, count;

		warm_up(&spinners[0]);
		check_result(region_protect(fd, at, length, PROT_READ), 0,
			     "PROTECT");
		value = *here;
		count = spinners[0].count;
		must(wait_for_fault(&spinners[0]),
		     "round %d: %lu more stores to a read-only page", round,
		     spinners[0].count - count);
		must(*here == value, "round %d: %lu became %lu", round, value,
		     *here);
		must(*here - spinners[0].count <= 1,
		     "round %d: %lu stores, the last gave %lu", round,
		     spinners[0].count, *here);
		check_result(region_protect(fd, at, length, RW), 0, "PROTECT");
	}
	stop_spinners(1);
}

/* The same for entries that map 2 MiB */

static void use_huge_pages(void)
{
	set_for_now(HUGE_PAGES, "8");
	object = &huge_pages;
}

static void use_thp(void)
{
	set_for_now(SHMEM_HUGE_PAGES, "advise");
	object = &transparent_huge_pages;
}

static void unmap_from_reader(void (*change)(int))
{
	set_up();
	add_spinner(0, 1, LOAD);
	rounds(1, change);
	stop_spinners(1);
}

static void unmap_huge(void)
{
	use_huge_pages();
	unmap_from_reader(unmap_page);
}

static void protect_huge(void)
{
	use_huge_pages();
	protect_store();
}

/* All of it, or sometimes a part: splitting is slow. */
static void unmap_whole_or_piece(int round)
{
	if (round % 6)
		unmap_page(round);
	else
		check_result(region_unmap(fd, word / PAGE * PAGE, PAGE), 0,
			     "UNMAP of a piece");
}

static void unmap_thp(void)
{
	use_thp();
	unmap_from_reader(unmap_whole_or_piece);
}

static void protect_thp(void)
{
	use_thp();
	protect_store();
}

/* Several processes on one CPU, of which one runs; one on this CPU as well. */
static void crowd(void)
{
	set_up();
	for (int i = 0; i < 4; i++)
		add_spinner(i, 1, i & 1 ? STORE : LOAD);
	add_spinner(4, 0, LOAD);
	rounds(5, unmap_page);
	rounds(5, unmap_all);
	stop_spinners(5);
}

/* A process with threads that spin on both CPUs. */
static void spin_threads(struct peer *parent, void *arg)
{
	struct spinner *pair = arg;
	pthread_t thread;

	(void)parent;
	window_map(region_open(path, O_RDWR), start, size, RW, 0);
	must(!pthread_create(&thread, NULL, spin_thread, pair + 1),
	     "no thread");
	spin(pair);
	pthread_join(thread, NULL);
}

static void threads(void)
{
	struct peer peer;

	set_up();
	spinners[0].cpu = 1;
	spinners[1].cpu = 0;
	spinners[1].access = STORE;
	peer = peer_start(spin_threads, spinners);
	rounds(2, unmap_page);
	rounds(2, unmap_all);
	spinners[0].stop = spinners[1].stop = 1;
	peer_end(&peer);
}

/*
 * A thread that runs before its process has a window, and does not enter the
 * kernel afterwards.
 */
static volatile int running;

static void *spin_at_once(void *arg)
{
	struct spinner *self = arg;

	pin_to_cpu(1);
	running = 1;
	while (!self->round)
		;
	load_until_fault((void *)word, &self->count, &self->first);
	self->faulted = self->round;
	return NULL;
}

static void map_first_window(struct peer *parent, void *arg)
{
	pthread_t thread;

	must(!pthread_create(&thread, NULL, spin_at_once, arg), "no thread");
	while (!running)
		usleep(200);
	window_map(region_open(path, O_RDWR), start, size, RW, 0);
	go(parent);
	pthread_join(thread, NULL);
}

static void first_window(void)
{
	set_up();
	for (int round = 0; round < ROUNDS; round++) {
		struct peer peer;
		uint64_t count;

		spinners[0] = (struct spinner){ .cpu = 1 };
		new_object(round);
		peer = peer_start(map_first_window, &spinners[0]);
		wait_go(&peer);
		warm_up(&spinners[0]);
		unmap_all(round);
		count = spinners[0].count;
		must(wait_for_fault(&spinners[0]),
		     "round %d: %lu accesses since", round,
		     spinners[0].count - count);
		must(spinners[0].count - count <= 1,
		     "round %d: %lu accesses more", round,
		     spinners[0].count - count);
		peer_end(&peer);
	}
}

/*
 * A client that accesses the word, sleeps while it is unmapped, and tries
 * again. Its CPU idles meanwhile and keeps the page tables loaded, or runs
 * another process and switches back.
 */
static void sleeper(struct peer *parent, void *arg)
{
	uint64_t value;

	(void)arg;
	pin_to_cpu(1);
	window_map(region_open(path, O_RDWR), start, size, RW, 0);
	for (int round = 0; round < ROUNDS; round++) {
		wait_go(parent);
		must(!load((void *)word, &value) && !value,
		     "round %d: signal %d, %#lx in a new object", round,
		     touch_fault.signal, value);
		store((void *)word, ~0ULL);
		go(parent);
		wait_go(parent);
		must(load((void *)word, &value) == SIGSEGV,
		     "round %d: after its sleep it reads %#lx", round, value);
		must(store((void *)word, value) == SIGSEGV,
		     "round %d: after its sleep it writes", round);
		go(parent);
	}
}

static void busy(struct peer *parent, void *arg)
{
	volatile uint64_t count = 0;

	(void)arg;
	pin_to_cpu(1);
	go(parent);
	for (;;)
		count++;
}

static void unmap_some(int round)
{
	if (round & 1)
		unmap_page(round);
	else
		unmap_all(round);
}

static void put_to_sleep(void (*client)(struct peer *parent, void *arg),
			 void (*change)(int))
{
	struct peer peer = peer_start(client, NULL);

	for (int round = 0; round < ROUNDS; round++) {
		new_object(round);
		go(&peer);
		wait_go(&peer);
		/*
		 * Until the client is asleep, and its CPU has switched or
		 * idles.
		 */
		sleep_ms(2);
		change(round);
		go(&peer);
		wait_go(&peer);
		unmap_all(round);
	}
	peer_end(&peer);
}

static void asleep(void)
{
	set_up();
	put_to_sleep(sleeper, unmap_some);
}

static void asleep_busy(void)
{
	struct peer peer;

	set_up();
	peer = peer_start(busy, NULL);
	wait_go(&peer);
	put_to_sleep(sleeper, unmap_some);
	peer_kill(&peer);
}

/*
 * A client that is switched to while the access rights change. Whatever the
 * switch and the flush saw of each other, no access may succeed from the return
 * of PROTECT until rights are given back: then @denied is odd.
 */
struct ping {
	volatile uint64_t denied, accesses, denials;
	volatile int stop;
};

static void access_once(struct ping *ping)
{
	uint64_t value, before = ping->denied;
	int signal = load((void *)word, &value);

	if (before % 2 && ping->denied == before) {
		must(signal, "access %lu: reads %#lx", ping->accesses, value);
		ping->denials++;
	}
	ping->accesses++;
}

/* Each time, the first access creates the translation that others may use. */
static void access_when_woken(struct peer *parent, void *arg)
{
	pin_to_cpu(1);
	window_map(region_open(path, O_RDWR), start, size, RW, 0);
	for (;;) {
		wait_go(parent);
		for (int i = 0; i < 8; i++)
			access_once(arg);
		go(parent);
	}
}

/* The other process on the client's CPU, which is no client. */
static void keep_waking(struct peer *parent, void *arg)
{
	struct ping *ping = arg;
	struct peer client;

	pin_to_cpu(1);
	client = peer_start(access_when_woken, ping);
	go(parent);
	while (!ping->stop) {
		go(&client);
		wait_go(&client);
	}
	peer_kill(&client);
}

static void woken(void)
{
	struct ping *ping = mmap(NULL, sizeof(*ping), RW,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const double until = seconds() + 5;
	struct peer waker;

	must(ping != MAP_FAILED, "mmap: %m");
	set_up();
	new_object(0);
	waker = peer_start(keep_waking, ping);
	wait_go(&waker);
	for (int round = 0; seconds() < until || ping->denials < ROUNDS;
	     round++) {
		double since = seconds();

		must(round < 1000000, "%lu denials", ping->denials);
		check_result(region_protect(fd, start, PAGE * 8, PROT_NONE), 0,
			     "PROTECT");
		ping->denied++;
		/* From much shorter than a switch to some switches. */
		while (seconds() < since + round % 16 * 50e-6)
			;
		ping->denied++;
		check_result(region_protect(fd, start, PAGE * 8, RW), 0,
			     "PROTECT");
	}
	check(ping->denials < ping->accesses, "no access succeeds");
	ping->stop = 1;
	peer_end(&waker);
}

/*
 * Reclaim does not flush a CPU that only keeps the tables of a sleeping client.
 * The CPU must learn, when the client runs again, that it missed a flush.
 */
static uint64_t faults_of(int region)
{
	struct msharefs_stat stat;

	must(!region_stat(region, &stat), "STAT");
	return stat.faults;
}

static void reclaimed_sleeper(struct peer *parent, void *arg)
{
	int mine = region_open(path, O_RDWR);
	uint64_t value, before;

	(void)arg;
	pin_to_cpu(1);
	window_map(mine, start, size, RW, 0);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		wait_go(parent);
		must(!store((void *)word, round + 1), "round %lu: signal %d",
		     round, touch_fault.signal);
		go(parent);
		wait_go(parent);
		before = faults_of(mine);
		must(!load((void *)word, &value) && value == round + 1,
		     "round %lu: after its sleep it reads %#lx", round, value);
		must(faults_of(mine) > before,
		     "round %lu: it reads from a page that is gone", round);
		go(parent);
	}
}

/* A second attempt flushes what the first attempt deferred. */
static int out_at_once;

static void page_out(int round)
{
	const uint64_t length = object_size(round);
	struct msharefs_stat stat;

	for (int i = 0; i < 1000; i++) {
		check_result(region_advise(fd, start, length, MADV_PAGEOUT), 0,
			     "PAGEOUT");
		region_stat(fd, &stat);
		out_at_once += !i && stat.swapped == length;
		if (stat.swapped == length)
			return;
		usleep(1000);
	}
	must(false, "round %d: %llu bytes of %lu went out", round, stat.swapped,
	     length);
}

static void asleep_pageout(void)
{
	long deferred = vmstat("mshare_flush_deferred");

	must(meminfo("SwapTotal") > 0, "no swap space");
	object = &present_pages;
	set_up();
	put_to_sleep(reclaimed_sleeper, page_out);
	check(out_at_once > ROUNDS / 3, "only %d times all went out at once",
	      out_at_once);
	check(vmstat("mshare_flush_deferred") - deferred >= ROUNDS,
	      "%ld flushes were deferred",
	      vmstat("mshare_flush_deferred") - deferred);
}

/* In seconds: the delay of the fork after the window, or before it. */
#define MAX_DELAY 5e-3

/*
 * The child of a process that maps its first window at that moment: with the
 * window, the child must inherit the state by which flushes find it.
 */
struct race {
	int region;
	/* Set once the thread runs on its CPU, which may take a while. */
	volatile bool ready;
	/* Zero until then. */
	volatile double map_at;
};

static void *map_while_forking(void *arg)
{
	struct race *race = arg;

	pin_to_cpu(1);
	race->ready = true;
	while (!race->map_at || seconds() < race->map_at)
		;
	window_map(race->region, start, size, RW, 0);
	return NULL;
}

static void spin_if_inherited(struct spinner *self)
{
	uint64_t value;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin_to_cpu(1);
	self->first = load((void *)word, &value);
	self->round++;
	if (!self->first)
		load_until_fault((void *)word, &self->count, &self->first);
	self->faulted = self->round;
	_exit(0);
}

static void fork_while_mapping(struct peer *parent, void *delay)
{
	struct race race = { .region = region_open(path, O_RDWR) };
	pthread_t thread;
	pid_t pid;

	must(!pthread_create(&thread, NULL, map_while_forking, &race),
	     "no thread");
	while (!race.ready)
		sched_yield();
	race.map_at = seconds() + MAX_DELAY;
	while (seconds() < race.map_at + *(double *)delay)
		;
	pid = fork();
	if (!pid)
		spin_if_inherited(&spinners[0]);
	pthread_join(thread, NULL);
	go(parent);
	waitpid(pid, NULL, 0);
}

static double within(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

static void fork_race(void)
{
	double delay = 0, step = MAX_DELAY / 64;
	struct spinner *child;
	bool has, had = false;
	int inherited = 0;

	set_up();
	child = &spinners[0];
	for (int round = 0; round < 2 * ROUNDS; round++) {
		struct peer peer;
		uint64_t count;

		new_object(round);
		peer = peer_start(fork_while_mapping, &delay);
		wait_go(&peer);
		while (child->round == round)
			usleep(200);
		/* Warm, if the child has the window at all. */
		for (int ms = 0; ms < 5 && child->faulted <= round; ms++)
			usleep(1000);
		has = child->faulted <= round;
		inherited += has;
		/*
		 * Approaches the moment that decides whether the child has the
		 * window, and follows it: on a busy host it moves by
		 * milliseconds.
		 */
		step = has == had ? step * 2 : step / 2;
		step = within(step, 1e-6, MAX_DELAY);
		delay += has ? -step : step;
		delay = within(delay, -MAX_DELAY, MAX_DELAY);
		had = has;
		unmap_all(round);
		count = child->count;
		must(wait_for_fault(child), "round %d: %lu accesses since",
		     round, child->count - count);
		must(child->count - count <= 1, "round %d: %lu accesses more",
		     round, child->count - count);
		peer_end(&peer);
	}
	/*
	 * Otherwise one side was always too late, and the case has shown
	 * nothing.
	 */
	check(inherited > ROUNDS / 10 && inherited < ROUNDS * 2,
	      "%d of %d children had a window", inherited, 2 * ROUNDS);
}

/*
 * The same for the process's own calls, while a thread of it stores to the
 * region's first word.
 */
static pthread_t start_own_spinner(void)
{
	pthread_t thread;

	set_up();
	spinners[0].cpu = 1;
	spinners[0].access = STORE;
	region_fill(fd, start, 8 * MIB, RW);
	must(!pthread_create(&thread, NULL, spin_thread, &spinners[0]),
	     "no thread");
	return thread;
}

static void munmap_window(int round)
{
	(void)round;
	check(!munmap((void *)start, size), "munmap: %m");
}

static void own_munmap(void)
{
	pthread_t thread = start_own_spinner();

	for (int round = 0; round < ROUNDS; round++) {
		window_map(fd, start, size, RW, 0);
		change_under(1, munmap_window, round);
	}
	spinners[0].stop = 1;
	pthread_join(thread, NULL);
}

static void protect_window(int round)
{
	/* PROT_NONE as well: without links, and with links to read. */
	check(!mprotect((void *)start, size, round % 2 ? PROT_READ : PROT_NONE),
	      "mprotect: %m");
}

static void own_mprotect(void)
{
	pthread_t thread = start_own_spinner();

	window_map(fd, start, size, RW, 0);
	for (int round = 0; round < ROUNDS; round++) {
		check(!mprotect((void *)start, size, RW), "mprotect: %m");
		change_under(1, protect_window, round);
	}
	spinners[0].stop = 1;
	pthread_join(thread, NULL);
}

/* Ordinary memory in place of a window that a thread is writing to. */
static void own_mmap(void)
{
	pthread_t thread = start_own_spinner();

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t count, value;
		void *memory;

		window_map(fd, start, size, RW, 0);
		warm_up(&spinners[0]);
		memory = mmap((void *)start, size, RW,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				      MAP_NORESERVE,
			      -1, 0);
		count = spinners[0].count;
		must(memory != MAP_FAILED, "mmap: %m");
		while (spinners[0].count < count + WARM)
			usleep(200);
		munmap(memory, size);
		must(wait_for_fault(&spinners[0]), "round %d: no fault", round);
		window_map(fd, start, size, RW, 0);
		value = peek((void *)word);
		must(value <= count + 1,
		     "round %d: store %lu is in the region, %lu was the last",
		     round, value, count);
		munmap((void *)start, size);
	}
	spinners[0].stop = 1;
	pthread_join(thread, NULL);
}

/*
 * The same for the kernel's own walk of the page tables, without locks, for
 * vmsplice(): the word that it finds, while other memory takes the window's
 * place and the window takes that memory's place. @state is odd in between.
 */
struct splicer {
	volatile int state, stop;
	volatile uint64_t in_window, elsewhere;
};

#define IN_WINDOW 0x1111
#define ELSEWHERE 0x2222

/* The word by way of a pipe, or 0 if there is nothing at its address. */
static uint64_t spliced_word(const int *pipe_ends)
{
	struct iovec here = { (void *)word, sizeof(word) };
	uint64_t value;

	if (vmsplice(pipe_ends[1], &here, 1, 0) < 0)
		return 0;
	must(read(pipe_ends[0], &value, sizeof(value)) == sizeof(value),
	     "read: %m");
	return value;
}

static void *splice_words(void *arg)
{
	struct splicer *self = arg;
	int pipe_ends[2];

	must(!pipe(pipe_ends), "pipe: %m");
	pin_to_cpu(1);
	while (!self->stop) {
		int before = self->state;
		uint64_t value = spliced_word(pipe_ends);

		if (before % 2 || before != self->state)
			continue;
		must(value == (before % 4 ? ELSEWHERE : IN_WINDOW),
		     "state %d: %#lx", before, value);
		if (before % 4)
			self->elsewhere++;
		else
			self->in_window++;
	}
	return NULL;
}

static void wait_for_words(const volatile uint64_t *count)
{
	const uint64_t enough = *count + 3;

	for (int ms = 0; *count < enough; ms++) {
		must(ms < PATIENCE_MS, "vmsplice() is never in time");
		usleep(1000);
	}
}

static void own_mmap_spliced(void)
{
	struct splicer splicer = { .state = 1 };
	pthread_t thread;

	set_up();
	new_object(0);
	must(!pthread_create(&thread, NULL, splice_words, &splicer),
	     "no thread");
	for (int round = 0; round < ROUNDS; round++) {
		/* Over what was there in the round before */
		must(mmap((void *)start, size, RW, MAP_SHARED | MAP_FIXED, fd,
			  0) == (void *)start,
		     "a window: %m");
		/* Once: what is written elsewhere must not get here. */
		if (!round)
			store((void *)word, IN_WINDOW);
		splicer.state = 4 * round + 4;
		wait_for_words(&splicer.in_window);
		splicer.state++;
		must(mmap((void *)start, size, RW,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				  MAP_NORESERVE,
			  -1, 0) == (void *)start,
		     "other memory: %m");
		store((void *)word, ELSEWHERE);
		splicer.state++;
		wait_for_words(&splicer.elsewhere);
		splicer.state++;
	}
	splicer.stop = 1;
	pthread_join(thread, NULL);
	munmap((void *)start, size);
}

/* The kernel counts the flushes of up to 64 regions apart from each other. */
#define MANY 72

struct many {
	int regions[MANY];
	/* Which of them the client reads next, and what came of that */
	volatile int turn, done;
	volatile uint64_t count, first;
};

static uint64_t many_start(int i)
{
	return start + size + i * granule;
}

static void map_many(const struct many *many)
{
	for (int i = 0; i < MANY; i++)
		window_map(many->regions[i], many_start(i), granule, RW, 0);
}

static void unmap_many(void)
{
	must(!munmap((void *)many_start(0), MANY * granule), "munmap: %m");
}

/* Reads a word of one region after the other, until it is not there. */
static void read_many(struct peer *parent, void *arg)
{
	struct many *many = arg;

	(void)parent;
	pin_to_cpu(1);
	for (int i = 0; i < MANY; i++) {
		void *at = (void *)many_start(i);

		while (many->turn <= i)
			usleep(200);
		load_until_fault(at, &many->count, &many->first);
		check(touch_fault.signal == SIGSEGV && touch_fault.addr == at,
		      "region %d: signal %d at %p", i, touch_fault.signal,
		      touch_fault.addr);
		many->done = i + 1;
	}
}

static void unmap_under_reader(struct many *many, int i)
{
	uint64_t count = many->count + WARM;

	region_fill(many->regions[i], many_start(i), PAGE, RW);
	many->turn = i + 1;
	for (int ms = 0; many->count < count; ms++) {
		must(ms < PATIENCE_MS, "the reader does not get going");
		usleep(1000);
	}
	must(!region_unmap(many->regions[i], many_start(i), PAGE), "UNMAP: %m");
	count = many->count;
	for (int ms = 0; many->done <= i; ms++) {
		must(ms < PATIENCE_MS, "region %d: %lu accesses since", i,
		     many->count - count);
		usleep(1000);
	}
	check(many->count - count <= 1, "region %d: %lu accesses more", i,
	      many->count - count);
}

/*
 * A client of more regions than are counted apart: one that inherited its
 * windows, while this process detaches from every second region and attaches
 * again, so that regions change places.
 */
static void many_regions(void)
{
	struct many *many = mmap(NULL, sizeof(*many), RW,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct peer reader;

	must(many != MAP_FAILED, "mmap: %m");
	set_up();
	for (int i = 0; i < MANY; i++)
		many->regions[i] =
			region_create(region_path(), many_start(i), granule);
	for (int round = 0; round < 2; round++) {
		many->turn = many->done = 0;
		map_many(many);
		reader = peer_start(read_many, many);
		for (int i = round; i < MANY; i += 2)
			munmap((void *)many_start(i), granule);
		for (int i = 0; i < MANY; i++)
			unmap_under_reader(many, i);
		peer_end(&reader);
		unmap_many();
	}
}

/* Each of the clients has a few regions, and all together have more than 64. */
static void read_some(struct peer *parent, void *arg)
{
	struct many *many = arg;
	int first = many->turn;

	pin_to_cpu(1);
	unmap_many();
	for (int i = first; i < first + MANY / 4; i++)
		window_map(many->regions[i], many_start(i), granule, RW, 0);
	go(parent);
	for (int i = first; i < first + MANY / 4; i++) {
		uint64_t value;

		wait_go(parent);
		check(!load((void *)many_start(i), &value), "region %d: load",
		      i);
		go(parent);
		wait_go(parent);
		check(load((void *)many_start(i), &value) == SIGSEGV,
		      "region %d: a page that is unmapped", i);
		munmap((void *)many_start(i), granule);
		go(parent);
	}
}

static void many_clients(void)
{
	struct many *many = mmap(NULL, sizeof(*many), RW,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct peer clients[4];

	must(many != MAP_FAILED, "mmap: %m");
	set_up();
	for (int i = 0; i < MANY; i++) {
		many->regions[i] =
			region_create(region_path(), many_start(i), granule);
		region_fill(many->regions[i], many_start(i), PAGE, RW);
	}
	map_many(many);
	for (int c = 0; c < 4; c++) {
		many->turn = c * MANY / 4;
		clients[c] = peer_start(read_some, many);
		wait_go(&clients[c]);
	}
	/* Asleep, one has the entry of a page that is unmapped meanwhile. */
	for (int i = 0; i < MANY / 4; i++)
		for (int c = 0; c < 4; c++) {
			int at = c * MANY / 4 + i;

			go(&clients[c]);
			wait_go(&clients[c]);
			must(!region_unmap(many->regions[at], many_start(at),
					   PAGE),
			     "UNMAP: %m");
			go(&clients[c]);
			wait_go(&clients[c]);
		}
	for (int c = 0; c < 4; c++)
		peer_end(&clients[c]);
	unmap_many();
}

static const struct test_case cases[] = {
	{ "unmap-load", "UNMAP takes a page from a client that reads the page",
	  unmap_load },
	{ "unmap-store",
	  "UNMAP takes a page from a client that writes to the page",
	  unmap_store },
	{ "unmap-tables",
	  "UNMAP takes page tables from a client that uses the page tables",
	  unmap_tables },
	{ "protect-none", "PROTECT with PROT_NONE stops a client that reads",
	  protect_none },
	{ "protect-store", "PROTECT stops a client that writes",
	  protect_store },
	{ "unmap-huge", "UNMAP takes hugetlbfs pages from a client that reads",
	  unmap_huge },
	{ "protect-huge",
	  "PROTECT stops a client that writes to hugetlbfs pages",
	  protect_huge },
	{ "unmap-thp",
	  "UNMAP takes transparent huge pages from a client that reads",
	  unmap_thp },
	{ "protect-thp",
	  "PROTECT stops a client that writes to transparent huge pages",
	  protect_thp },
	{ "crowd", "UNMAP reaches several clients on each CPU", crowd },
	{ "threads", "UNMAP reaches every thread of a client", threads },
	{ "first-window",
	  "UNMAP reaches a thread that ran before the process attached",
	  first_window },
	{ "asleep", "UNMAP reaches a client that sleeps on an idle CPU",
	  asleep },
	{ "asleep-busy", "UNMAP reaches a client that sleeps on a busy CPU",
	  asleep_busy },
	{ "woken", "PROTECT stops a client that is woken at that moment",
	  woken },
	{ "asleep-pageout",
	  "a client that slept while its page was swapped out faults on the page",
	  asleep_pageout, CASE_SWAP },
	{ "fork-race",
	  "UNMAP reaches a child that was forked during mmap of the window",
	  fork_race },
	{ "many-regions", "UNMAP reaches a client of more than 64 regions",
	  many_regions },
	{ "many-clients", "UNMAP reaches the clients of more than 64 regions",
	  many_clients },
	{ "own-munmap", "munmap takes the window from other threads",
	  own_munmap },
	{ "own-mprotect",
	  "mprotect of a window takes rights from other threads",
	  own_mprotect },
	{ "own-mmap", "mmap over a window takes the window from other threads",
	  own_mmap },
	{ "own-mmap-spliced",
	  "mmap over a window takes the window from vmsplice, and gives it back",
	  own_mmap_spliced },
};

static void setup(void)
{
	start = region_address(112);
	size = 2 * granule;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
