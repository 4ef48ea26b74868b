// SPDX-License-Identifier: GPL-2.0-only
/*
 * All operations of processes on regions at once, while the test kills
 * processes, and the kernel swaps, moves and splits memory. Every word names
 * its writer and its place: the next reader of a word finds a page at a wrong
 * place, a store through a stale translation, or a lost store.
 *
 * Two regions: nothing is removed from the lasting region, so that a writer
 * knows the expected values; in the passing region, mappings and the region
 * itself appear and disappear.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/futex.h>
#include <linux/mempolicy.h>

#include "check.h"
#include "figures.h"
#include "leak.h"
#include "object.h"
#include "peer.h"
#include "random.h"
#include "region.h"
#include "swap.h"
#include "touch.h"

#define RW      (PROT_READ | PROT_WRITE)
#define WORKERS 3
#define THREADS 2
#define WRITERS (WORKERS * THREADS)

/* The lasting region: one half is memory, the other half is a file. */
#define PAGES 4096

/* Objects of the passing region are at multiples of a large page. */
#define PLACES 12
#define SPACE  (2 * MIB)

#define LASTING MSHARE_MOUNT "/soak-lasting"
#define PASSING MSHARE_MOUNT "/soak-passing"
#define GROUP   "/sys/fs/cgroup/soak"

/* Pages that the kernel never uses again after moving their contents. */
#define MOST_OFFLINE 64

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

static uint64_t lasting, passing;
static int lasting_fd;

/* Of all processes together. */
static struct shared {
	volatile int stop;
	volatile uint64_t actions;
	volatile unsigned int offline;
	/*
	 * Stores that a writer has begun, and stores that a writer has
	 * completed.
	 */
	volatile uint32_t begun[WRITERS][PAGES], made[WRITERS][PAGES];
} * shared;

/* A process: its descriptor of the passing region, and its window on it. */
static struct {
	int fd;
	int prot;
	uint32_t inode;
	int files[PLACES];
} me;

/* A thread. */
struct order {
	uint64_t seed;
	uint32_t writer;
};

static __thread uint32_t writer;

/*
 * Contents of a word
 */

#define SEQUENCE_MASK 0xffffffU
/* A bit among the bits of the page: the page is in the lasting region. */
#define IN_LASTING 0x800000U

static uint64_t word_of(uint32_t by, uint32_t sequence, uint32_t region,
			uint32_t page)
{
	return (uint64_t)(by + 1) << 56 |
	       (uint64_t)(sequence & SEQUENCE_MASK) << 32 |
	       (region & 0xff) << 24 | (page & 0xffffff);
}

static uint64_t lasting_word(uint32_t by, uint32_t sequence, uint32_t page)
{
	return word_of(by, sequence, 0, page | IN_LASTING);
}

static uint32_t sequence_of(uint64_t word)
{
	return word >> 32 & SEQUENCE_MASK;
}

/* Each writer has its own word in every page. */
static volatile uint64_t *place_of(uint64_t region, uint32_t page, uint32_t by)
{
	return (uint64_t *)(region + page * PAGE) + (page * 7 + by * 61) % 512;
}

/* In the lasting region: is the word its writer's last store? */
static void check_lasting(uint32_t page, uint32_t by, uint64_t found,
			  uint32_t least)
{
	uint32_t sequence = sequence_of(found);

	if (!found && !least)
		return;
	check(found == lasting_word(by, sequence, page) && sequence >= least &&
		      sequence <= shared->begun[by][page],
	      "lasting page %u, writer %u: found %#lx, %u was stored, %u begun",
	      page, by, found, least, shared->begun[by][page]);
}

static void use_lasting(void)
{
	uint32_t page = random_below(random_below(4) ? 128 : PAGES);
	uint32_t by = random_below(4) ? writer : random_below(WRITERS);
	uint32_t least = shared->made[by][page];
	volatile uint64_t *place = place_of(lasting, page, by);
	uint64_t found = 0;

	if (!check(!load(place, &found), "signal %d at %p", touch_fault.signal,
		   (void *)place))
		return;
	check_lasting(page, by, found, least);
	if (by != writer)
		return;
	shared->begun[by][page] = least + 1;
	if (check(!store(place, lasting_word(by, least + 1, page)),
		  "signal %d at %p", touch_fault.signal, (void *)place))
		shared->made[by][page] = least + 1;
}

/* The same by the kernel, which looks up the page itself. */
static void read_lasting(void)
{
	uint32_t page = random_below(PAGES), by = random_below(WRITERS);
	uint32_t least = shared->made[by][page];
	uint64_t found = 0;
	struct iovec to = { &found, sizeof(found) };
	struct iovec from = { (void *)place_of(lasting, page, by),
			      sizeof(found) };

	if (check(process_vm_readv(getpid(), &to, 1, &from, 1, 0) ==
			  sizeof(found),
		  "process_vm_readv: %m"))
		check_lasting(page, by, found, least);
}

static uint64_t random_place(void)
{
	return passing + random_below(PLACES) * SPACE;
}

/* Mostly the first pages, where objects and requests meet. */
static uint64_t random_address(void)
{
	uint64_t pages = random_below(2) ? 16 : SPACE / PAGE;

	return random_place() + random_below(pages) * PAGE;
}

static void use_passing(void)
{
	uint32_t page = (random_address() - passing) / PAGE;
	uint32_t by = random_below(WRITERS);
	volatile uint64_t *place = place_of(passing, page, by);
	uint64_t found;

	if (!load(place, &found) && found)
		check(found == word_of(by, sequence_of(found), me.inode, page),
		      "passing page %u, writer %u, inode %u: found %#lx", page,
		      by, me.inode, found);
	place = place_of(passing, page, writer);
	if (store(place, word_of(writer, random_below(1000), me.inode, page)))
		return;
	check(me.prot & PROT_WRITE, "a window to read let a store through");
}

/*
 * The kernel looks up pages itself, and walks page tables without a lock:
 * EFAULT without a page, ENOMEM without memory.
 */

/* The page is in the pipe, and is not copied before a read from the pipe. */
static int splice_page(uint64_t at, uint64_t *words)
{
	struct iovec from = { (void *)at, PAGE };
	int ends[2], ret = 0;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (vmsplice(ends[1], &from, 1, 0) < 0)
		ret = -errno;
	else
		must(read(ends[0], words, PAGE) == PAGE, "read: %m");
	close(ends[0]);
	close(ends[1]);
	return ret;
}

/* The page contains the writers' words and nothing else. */
static void splice_passing(void)
{
	uint64_t words[PAGE / sizeof(uint64_t)], at = random_address();
	uint32_t page = (at - passing) / PAGE;
	int ret = splice_page(at, words);

	check(!ret || ret == -EFAULT || ret == -ENOMEM, "vmsplice: %s",
	      strerrorname_np(-ret));
	if (ret)
		return;
	for (uint32_t by = 0; by < WRITERS; by++) {
		size_t i = place_of(passing, page, by) - (uint64_t *)at;
		uint64_t word = words[i];

		check(is_part_of(word, word_of(by, sequence_of(word), me.inode,
					       page)),
		      "passing page %u, writer %u, inode %u: found %#lx", page,
		      by, me.inode, word);
		words[i] = 0;
	}
	for (size_t i = 0; i < PAGE / sizeof(uint64_t); i++)
		check(!words[i], "passing page %u, word %zu: found %#lx", page,
		      i, words[i]);
}

/* No process waits. */
static void wake_passing(void)
{
	uint64_t at = random_address() + random_below(PAGE / 4) * 4;
	long woken = syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0);

	check(!woken || (woken < 0 && (errno == EFAULT || errno == ENOMEM)),
	      "FUTEX_WAKE: %ld, %m", woken);
}

/*
 * Requests
 */

static void may_give(int ret, const char *name, int one, int two)
{
	check(!ret || ret == -one || ret == -two || ret == -EPERM, "%s: %s",
	      name, strerrorname_np(-ret));
}

static uint64_t random_length(void)
{
	return (1 + random_below(random_below(4) ? 16 : SPACE / PAGE)) * PAGE;
}

static uint64_t to_end_of_place(uint64_t at)
{
	return SPACE - (at - passing) % SPACE;
}

static void map_object(void)
{
	uint32_t place = random_below(PLACES);
	uint64_t at = passing + place * SPACE, length = SPACE;
	int file = me.files[place];
	int populate = random_below(8) ? 0 : MAP_POPULATE;

	if (file >= 0) {
		may_give(region_map_file(me.fd, at, length, RW, populate, file,
					 0),
			 "CREATE_MAPPING", EEXIST, ENOMEM);
		return;
	}
	at = random_address();
	length = random_below(2) ? random_length() : SPACE;
	if (length > to_end_of_place(at))
		length = to_end_of_place(at);
	may_give(region_map(me.fd, at, length, RW, MAP_NORESERVE | populate),
		 "CREATE_MAPPING", EEXIST, ENOMEM);
}

static void unmap_range(void)
{
	uint64_t at = random_address(), length = random_length();

	/* EINVAL: not a multiple of a file's large pages. */
	may_give(region_unmap(me.fd, at, length), "UNMAP", EINVAL, ENOMEM);
}

static void unmap_place(void)
{
	may_give(region_unmap(me.fd, random_place(), SPACE), "UNMAP", 0, 0);
}

static void protect_range(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RW, RW, RW };

	may_give(region_protect(me.fd, random_address(), random_length(),
				prots[random_below(5)]),
		 "PROTECT", ENOMEM, EINVAL);
}

/*
 * The errors for pages that are absent, or that other processes forbid or
 * poison meanwhile.
 */
static bool may_be_refused(int ret)
{
	return ret == 0 || ret == -ENOMEM || ret == -EINVAL || ret == -EPERM ||
	       ret == -EBUSY || ret == -EAGAIN || ret == -EFAULT ||
	       ret == -EHWPOISON || ret == -EACCES || ret == -EBADF;
}

static void advise_range(void)
{
	static const uint32_t advices[] = {
		MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_WILLNEED,
		MADV_COLD,          MADV_PAGEOUT,        MADV_REMOVE,
		MADV_HUGEPAGE,      MADV_NOHUGEPAGE,     MADV_COLLAPSE,
	};
	uint64_t at = random_below(2) ? random_place() : random_address();
	uint32_t advice = advices[random_below(9)];
	int ret = region_advise(
		me.fd, at, random_below(2) ? SPACE : random_length(), advice);

	check(may_be_refused(ret), "ADVISE %u: %s", advice,
	      strerrorname_np(-ret));
}

static void advise_lasting(void)
{
	static const uint32_t advices[] = { MADV_COLD,       MADV_PAGEOUT,
					    MADV_WILLNEED,   MADV_HUGEPAGE,
					    MADV_NOHUGEPAGE, MADV_COLLAPSE };
	uint64_t at = lasting + random_below(PAGES / 512) * SPACE;

	region_advise(lasting_fd, at, SPACE, advices[random_below(6)]);
}

static void lock_range(void)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.addr = random_address(),
		.length = (1 + random_below(8)) * PAGE,
	};
	bool on = random_below(2);
	int ret;

	if (on && random_below(2))
		range.flags = MLOCK_ONFAULT;
	ret = request(me.fd, on ? MSHAREFS_LOCK : MSHAREFS_UNLOCK, &range);
	check(may_be_refused(ret), "LOCK: %s", strerrorname_np(-ret));
}

static void place_range(void)
{
	static const uint32_t modes[] = { MPOL_DEFAULT, MPOL_BIND,
					  MPOL_INTERLEAVE, MPOL_PREFERRED };
	uint64_t mask = 1 + random_below(3);
	struct msharefs_mempolicy policy = {
		.size = sizeof(policy),
		.mode = modes[random_below(4)],
		.addr = random_below(2) ? random_place() :
					  lasting + random_below(8) * SPACE,
		.length = SPACE,
		.nodemask = (uintptr_t)&mask,
		.maxnode = 64,
		.flags = random_below(2) ? MPOL_MF_MOVE : 0,
	};
	bool in_lasting = policy.addr < passing;

	if (policy.mode == MPOL_DEFAULT)
		policy.nodemask = policy.maxnode = 0;
	/* A kernel with node 0 only refuses the other node. */
	request(in_lasting ? lasting_fd : me.fd, MSHAREFS_MEMPOLICY, &policy);
}

static void walk(void)
{
	struct msharefs_mapping mapping;
	char name[256];
	uint64_t at = 0;

	for (;; at = mapping.addr + mapping.length) {
		memset(&mapping, 0, sizeof(mapping));
		mapping.size = sizeof(mapping);
		mapping.addr = at;
		mapping.name = (uintptr_t)name;
		mapping.name_size = sizeof(name);
		if (request(me.fd, MSHAREFS_NEXT_MAPPING, &mapping))
			break;
		if (!check(mapping.addr + mapping.length > at &&
				   mapping.addr >= passing &&
				   mapping.addr + mapping.length <=
					   passing + granule,
			   "a mapping of %#llx bytes at %#llx", mapping.length,
			   mapping.addr))
			break;
	}
}

static void look_at_stat(void)
{
	struct msharefs_stat stat;

	check_result(region_stat(me.fd, &stat), 0, "STAT");
	check(stat.attached <= 3 * WRITERS && stat.mapped <= granule &&
		      stat.pgtables < MIB,
	      "%llu attached, %llu mapped, %llu of tables", stat.attached,
	      stat.mapped, stat.pgtables);
}

/*
 * Windows, processes and the region itself
 */

static void drop_links(void)
{
	madvise((void *)lasting, granule, MADV_DONTNEED);
	madvise((void *)passing, granule, MADV_DONTNEED);
}

static void new_window(void)
{
	if (random_below(2))
		munmap((void *)passing, granule);
	/* Over the old window, or over a window of another thread. */
	if (mmap((void *)passing, granule, me.prot, MAP_SHARED | MAP_FIXED,
		 me.fd, 0) == MAP_FAILED)
		check(false, "a window: %m");
}

static void some_fork(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return;
	if (!pid) {
		for (int i = 0; i < 8; i++) {
			use_passing();
			read_lasting();
		}
		if (random_below(2))
			raise(SIGKILL);
		_exit(failed_checks);
	}
	waitpid(pid, &status, 0);
	check(!WIFEXITED(status) || !WEXITSTATUS(status), "a child's checks");
}

static void remove_region(void)
{
	struct msharefs_seal seal = { sizeof(seal), 0, 1 + random_below(7) };

	if (random_below(2))
		request(me.fd, MSHAREFS_SEAL, &seal);
	unlink(PASSING);
}

static const struct action {
	unsigned int weight;
	void (*run)(void);
} actions[] = {
	{ 400, use_lasting },   { 400, use_passing },  { 40, read_lasting },
	{ 40, map_object },     { 20, unmap_range },   { 10, unmap_place },
	{ 40, splice_passing }, { 20, wake_passing },  { 20, protect_range },
	{ 20, advise_range },   { 6, advise_lasting }, { 6, lock_range },
	{ 6, place_range },     { 6, walk },           { 6, look_at_stat },
	{ 4, drop_links },      { 4, new_window },     { 2, some_fork },
	{ 1, remove_region },
};

static const struct action *random_action(void)
{
	static unsigned int total;
	unsigned int ticket;

	if (!total)
		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]);
		     i++)
			total += actions[i].weight;
	ticket = random_below(total);
	for (const struct action *action = actions;; action++) {
		if (ticket < action->weight)
			return action;
		ticket -= action->weight;
	}
}

/* A new file: the old file contains the words of earlier regions. */
static void open_files(void)
{
	for (int i = 0; i < PLACES; i++) {
		const struct object_kind *kind =
			&object_kinds[i % 3 == 1 ? MEMFD : HUGETLB];

		me.files[i] = -1;
		if (i % 3 == 0)
			continue;
		me.files[i] = kind->open();
		if (me.files[i] >= 0 && ftruncate(me.files[i], SPACE))
			check(false, "ftruncate: %m");
	}
}

/* The first process creates the region; later processes find the region. */
static void attach_passing(void)
{
	struct stat status;

	do {
		me.fd = open(PASSING, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		must(me.fd >= 0, "%s: %m", PASSING);
		region_set_size(me.fd, passing, granule);
	} while (fstat(me.fd, &status) || !status.st_nlink);
	me.inode = status.st_ino;
	/* Half of the processes only read. */
	me.prot = random_below(3) ? RW : PROT_READ;
	window_map(me.fd, passing, granule, me.prot, 0);
}

static void leave_if_wrong(void)
{
	if (failed_checks)
		_exit(EXIT_FAILURE);
}

static void *be_thread(void *arg)
{
	const struct order *order = arg;

	random_seed(order->seed);
	writer = order->writer;
	for (int i = 1; !shared->stop; i++) {
		random_action()->run();
		shared->actions++;
		leave_if_wrong();
		/* Removed: continue with the next region. */
		if (i % 64 == 0 && access(PASSING, F_OK))
			break;
	}
	return NULL;
}

static void tell(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	must(fd >= 0, "%s: %m", path);
	/* Some requests fail for lack of resources. */
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static void be_worker(struct peer *parent, void *arg)
{
	const struct order *first = arg;
	struct order orders[THREADS];
	pthread_t threads[THREADS];

	(void)parent;
	tell(GROUP "/cgroup.procs", "0");
	random_seed(first->seed);
	while (!shared->stop) {
		attach_passing();
		open_files();
		for (uint32_t i = 0; i < THREADS; i++) {
			orders[i].seed = random_bits();
			orders[i].writer = first->writer + i;
			must(!pthread_create(&threads[i], NULL, be_thread,
					     &orders[i]),
			     "pthread_create");
		}
		for (uint32_t i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		munmap((void *)passing, granule);
		close(me.fd);
		for (int i = 0; i < PLACES; i++)
			if (me.files[i] >= 0)
				close(me.files[i]);
	}
}

/*
 * Disturbances
 */

static struct peer workers[WORKERS];
static unsigned int killed, brought_back;

static void start_worker(uint32_t i)
{
	struct order order = { random_bits(), i * THREADS };

	workers[i] = peer_start(be_worker, &order);
}

/* Replaces a process that has ended; @options are waitpid()'s. */
static void replace_worker(uint32_t i, int options)
{
	int status;

	if (waitpid(workers[i].pid, &status, options) != workers[i].pid)
		return;
	/*
	 * Also when memory runs out. A process that ends by itself reports an
	 * error.
	 */
	must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	     "a worker ended with wait status %#x", status);
	close(workers[i].fd);
	killed++;
	start_worker(i);
}

static void kill_worker(void)
{
	uint32_t i = random_below(WORKERS);

	kill(workers[i].pid, SIGKILL);
	replace_worker(i, 0);
}

static void reclaim(void)
{
	tell(GROUP "/memory.reclaim", random_below(2) ? "256K" : "2M");
}

static void compact(void)
{
	tell("/proc/sys/vm/compact_memory", "1");
}

static void split_large_pages(void)
{
	tell("/sys/kernel/debug/split_huge_pages", "1");
}

static void take_offline(void)
{
	void *page = (void *)(lasting + random_below(PAGES) * PAGE);

	if (shared->offline < MOST_OFFLINE &&
	    !madvise(page, PAGE, MADV_SOFT_OFFLINE))
		shared->offline++;
}

/*
 * In a separate process, because reclaim continues while other processes read
 * the pages in again.
 */
static void disturb(struct peer *parent, void *arg)
{
	/* Reclaim often, because the other processes use all memory. */
	static void (*const disturbances[])(void) = {
		reclaim, reclaim, reclaim,      reclaim,      reclaim,
		reclaim, compact, take_offline, take_offline, take_offline,
	};

	(void)parent;
	random_seed(*(const uint64_t *)arg);
	for (;;) {
		sleep_ms(random_below(200));
		disturbances[random_below(sizeof(disturbances) /
					  sizeof(disturbances[0]))]();
		if (!random_below(32))
			split_large_pages();
	}
}

static void limit_workers(void)
{
	tell(GROUP "/memory.max", "24M");
}

/*
 * swapoff reads all pages in while the workers run, which needs memory: the
 * cgroup has no limit afterwards. If the disturber did this, its death at any
 * moment could leave the guest without swap space.
 */
static void bring_back(void)
{
	const char *device = swap_device();

	if (!device)
		return;
	tell(GROUP "/memory.max", "max");
	check_result(swap_anew(device), 0, "swapoff");
	brought_back++;
}

static void found_lasting(void)
{
	int file = object_open(&object_kinds[MEMFD], PAGES / 2 * PAGE);

	tell(GROUP "/cgroup.procs", "0");
	unlink(LASTING);
	lasting_fd = region_create(LASTING, lasting, granule);
	region_fill(lasting_fd, lasting, PAGES / 2 * PAGE, RW);
	check_result(region_map_file(lasting_fd, lasting + PAGES / 2 * PAGE,
				     PAGES / 2 * PAGE, RW, 0, file, 0),
		     0, "the file of the lasting region");
	close(file);
	window_map(lasting_fd, lasting, granule, RW, 0);
	tell("/sys/fs/cgroup/cgroup.procs", "0");
}

static void check_all_lasting(void)
{
	for (uint32_t page = 0; page < PAGES; page++)
		for (uint32_t by = 0; by < WRITERS; by++)
			check_lasting(page, by,
				      peek(place_of(lasting, page, by)),
				      shared->made[by][page]);
}

static void storm(double duration)
{
	double end = seconds() + duration;
	uint64_t seed = random_bits();
	struct peer disturber = peer_start(disturb, &seed);

	for (uint32_t i = 0; i < WORKERS; i++)
		start_worker(i);
	while (seconds() < end) {
		sleep_ms(random_below(1000));
		for (uint32_t i = 0; i < WORKERS; i++)
			replace_worker(i, WNOHANG);
		kill_worker();
		if (random_below(16))
			continue;
		bring_back();
		limit_workers();
	}
	bring_back();
	peer_kill(&disturber);
	shared->stop = 1;
	for (uint32_t i = 0; i < WORKERS; i++)
		peer_end(&workers[i]);
}

static void set_up(void)
{
	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(shared != MAP_FAILED, "mmap: %m");
	memset(shared, 0, sizeof(*shared));
	set_for_now(HUGE_PAGES, "16");
	set_for_now(SHMEM_HUGE_PAGES, "advise");
	tell("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0700);
	limit_workers();
	unlink(PASSING);
	lasting = region_address(300);
	passing = region_address(302);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s SECONDS SEED\n", argv[0]);
		return 2;
	}
	regions_init();
	touch_init();
	random_seed(strtoull(argv[2], NULL, 0));
	set_up();
	leaks_begin();
	found_lasting();
	storm(atof(argv[1]));
	check(shared->actions && killed, "nobody did anything");
	check_all_lasting();
	munmap((void *)lasting, granule);
	close(lasting_fd);
	unlink(LASTING);
	unlink(PASSING);
	leaks_check(50);
	rmdir(GROUP);
	printf("%lu actions, %u processes killed, %u pages taken offline, "
	       "swap space given up %u times\n",
	       shared->actions, killed, shared->offline, brought_back);
	return failed_checks ? EXIT_FAILURE : EXIT_SUCCESS;
}
