// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own threads that inspect a client's memory, and would unmap or
 * move pages, and perf. None of them may make a client fault, as a change to
 * shared entries would.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "case.h"
#include "cgroup.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW     (PROT_READ | PROT_WRITE)
#define PAGES  256
#define LENGTH (PAGES * PAGE)

static const char *path;
static uint64_t start, object;
static int fd;

static struct progress {
	volatile uint64_t rounds;
	volatile int stop;
} * shared;

static void *sleep_on(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Stores in the region, and in as much memory of the process's own. */
static void store_on(struct peer *parent, void *arg)
{
	volatile uint64_t *word;
	pthread_t thread;
	char *own = mmap(NULL, LENGTH, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	must(own != MAP_FAILED, "mmap: %m");
	/*
	 * NUMA balancing keeps local pages for a process with a single thread.
	 */
	must(!pthread_create(&thread, NULL, sleep_on, NULL), "no thread");
	window_map(fd, start, granule, RW, 0);
	for (uint64_t value = 0; !shared->stop; value++) {
		for (uint64_t i = 0; i < LENGTH; i += PAGE) {
			word = (uint64_t *)(object + i);
			must(*word == value, "page %llu: %lu, not %lu",
			     i / PAGE, *word, value);
			*word = value + 1;
			own[i] = 1;
		}
		shared->rounds = value;
		if (value == 1)
			go(parent);
	}
}

static struct peer start_client(void)
{
	struct peer peer;

	shared = mmap(NULL, sizeof(*shared), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(shared != MAP_FAILED, "mmap: %m");
	fd = region_create(path = region_path(), start, granule);
	region_fill(fd, object, LENGTH, RW);
	peer = peer_start(store_on, NULL);
	wait_go(&peer);
	return peer;
}

static uint64_t faults(void)
{
	struct msharefs_stat stat;

	region_stat(fd, &stat);
	check(stat.resident == LENGTH && !stat.swapped,
	      "%llu bytes resident, %llu swapped out", stat.resident,
	      stat.swapped);
	return stat.faults;
}

static void end_client(struct peer *peer, uint64_t before)
{
	uint64_t rounds = shared->rounds;

	while (shared->rounds < rounds + 2)
		sleep_ms(1);
	check(faults() == before, "the client faulted %lu times",
	      faults() - before);
	shared->stop = 1;
	peer_end(peer);
	close(fd);
}

/* Makes the lists of reclaim one generation older */

#define LRU_GEN "/sys/kernel/debug/lru_gen"

static long youngest(int *group)
{
	long youngest = -1, number;
	char line[256];
	FILE *file = fopen(LRU_GEN, "re");

	must(file, LRU_GEN ": %m");
	/* The first cgroup and node, whose last generation is the youngest. */
	must(fgets(line, sizeof(line), file) &&
		     sscanf(line, "memcg %d", group) == 1 &&
		     fgets(line, sizeof(line), file),
	     LRU_GEN " begins with %s", line);
	while (fgets(line, sizeof(line), file) &&
	       sscanf(line, "%ld", &number) == 1)
		youngest = number;
	fclose(file);
	return youngest;
}

static void aging(void)
{
	struct peer client = start_client();
	uint64_t before = faults();
	char command[64];
	int group = 0;

	for (int i = 0; i < 4; i++) {
		long last = youngest(&group);

		snprintf(command, sizeof(command), "+ %d 0 %ld 1 1", group,
			 last);
		write_setting(LRU_GEN, command);
		check(youngest(&group) > last, "generation %ld stays the last",
		      last);
	}
	end_client(&client, before);
}

/*
 * Of a cgroup on a node: its number, the youngest generation, and how many pages
 * that swap space is for are in the two youngest. False if there is none.
 */
struct generations {
	int id;
	long youngest, pages;
};

static bool find_generations(const char *group, int node,
			     struct generations *found)
{
	const char *name = strrchr(group, '/');
	long number, pages, previous = 0;
	int id = 0, at = -1;
	bool ours = false;
	char line[512];
	FILE *file = fopen(LRU_GEN, "re");

	must(file, LRU_GEN ": %m");
	*found = (struct generations){ .youngest = -1 };
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "memcg %d", &id) == 1) {
			ours = strstr(line, name);
			at = -1;
		} else if (sscanf(line, " node %d", &at) != 1 && ours &&
			   at == node &&
			   sscanf(line, "%ld %*d %ld", &number, &pages) == 2) {
			found->id = id;
			found->youngest = number;
			found->pages = previous + pages;
			previous = pages;
		}
	}
	fclose(file);
	return found->youngest >= 0;
}

/* The walk of page tables that finds what has been in use since the last one. */
static void age(const char *group)
{
	struct generations found;
	char command[64];

	for (int node = 0; node < 2; node++) {
		if (!find_generations(group, node, &found))
			continue;
		snprintf(command, sizeof(command), "+ %d %d %ld 1 1", found.id,
			 node, found.youngest);
		write_setting(LRU_GEN, command);
	}
}

static long young_pages(const char *group)
{
	struct generations found;
	long pages = 0;

	for (int node = 0; node < 2; node++)
		if (find_generations(group, node, &found))
			pages += found.pages;
	return pages;
}

#define MANY (16 * MIB / PAGE)

static void create_in_group(struct peer *parent, void *group)
{
	(void)parent;
	cgroup_enter(group);
	fd = region_create(path, start, granule);
	region_fill(fd, object, MANY * PAGE, RW);
	window_map(fd, start, granule, RW, 0);
	paint((void *)object, MANY * PAGE, PAGE, 1);
	go(parent);
	wait_go(parent);
}

/* A new process, whose accesses no TLB hides. */
static void read_all(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	fd = region_open(path, O_RDWR);
	window_map(fd, start, granule, RW, 0);
	check(!misses((void *)object, MANY * PAGE, PAGE, 1), "values are lost");
}

static void aging_by_tables(void)
{
	const char *group = cgroup_make(NULL, "aged");
	struct peer creator, reader;
	long young;

	path = region_path();
	creator = peer_start(create_in_group, (void *)group);
	wait_go(&creator);
	age(group);
	age(group);
	young = young_pages(group);
	check(young < (long)MANY / 4,
	      "%ld of %llu pages are young that nobody has used", young, MANY);

	reader = peer_start(read_all, NULL);
	peer_end(&reader);
	age(group);
	young = young_pages(group);
	check(young > (long)MANY * 3 / 4,
	      "%ld of %llu pages are young that a client has used", young,
	      MANY);
	go(&creator);
	peer_end(&creator);
	unlink(path);
	cgroup_remove(group);
}

/* Pages whose node is to be found out are made inaccessible for a moment. */
static void balancing(void)
{
	struct peer client;
	long updates;
	uint64_t before;

	if (access("/sys/devices/system/node/node1", F_OK))
		skip_case("one NUMA node");
	set_for_now("/proc/sys/kernel/numa_balancing", "1");
	client = start_client();
	before = faults();
	updates = vmstat("numa_pte_updates");
	/*
	 * The process's own memory follows the window in a pass over its
	 * address space.
	 */
	for (int i = 0; i < 600; i++) {
		if (vmstat("numa_pte_updates") > updates + PAGES / 2)
			break;
		sleep_ms(100);
	}
	check(vmstat("numa_pte_updates") > updates + PAGES / 2,
	      "not even a client's own memory was looked at");
	end_client(&client, before);
}

/* DAMON, with the order to page out all memory that it finds */

#define DAMON  "/sys/kernel/mm/damon/admin/kdamonds"
#define RULE   DAMON "/0/contexts/0/schemes/0"
#define TARGET DAMON "/0/contexts/0/targets/0"

static void set_number(const char *name, uint64_t value)
{
	char number[32];

	snprintf(number, sizeof(number), "%lu", value);
	write_setting(name, number);
}

static void start_damon(pid_t pid)
{
	set_number(DAMON "/nr_kdamonds", 1);
	set_number(DAMON "/0/contexts/nr_contexts", 1);
	write_setting(DAMON "/0/contexts/0/operations", "vaddr");
	set_number(DAMON "/0/contexts/0/targets/nr_targets", 1);
	set_number(TARGET "/pid_target", pid);
	set_number(TARGET "/regions/nr_regions", 1);
	set_number(TARGET "/regions/0/start", start);
	set_number(TARGET "/regions/0/end", start + granule);
	/* DAMON does not search for the range again. */
	set_number(DAMON "/0/contexts/0/monitoring_attrs/intervals/update_us",
		   3600 * 1000000UL);
	set_number(DAMON "/0/contexts/0/schemes/nr_schemes", 1);
	write_setting(RULE "/action", "pageout");
	set_number(RULE "/access_pattern/sz/max", 1ULL << 40);
	set_number(RULE "/access_pattern/nr_accesses/max", 1000000);
	set_number(RULE "/access_pattern/age/max", 1000000);
	write_setting(DAMON "/0/state", "on");
}

static long damon_figure(const char *name)
{
	write_setting(DAMON "/0/state", "update_schemes_stats");
	return number_in(name);
}

static void damon(void)
{
	struct peer client = start_client();
	uint64_t before = faults();

	start_damon(client.pid);
	for (int i = 0; i < 300; i++) {
		if (damon_figure(RULE "/stats/nr_tried") > 20)
			break;
		sleep_ms(100);
	}
	check(damon_figure(RULE "/stats/nr_tried") > 20, "it does nothing");
	write_setting(DAMON "/0/state", "off");
	set_number(DAMON "/nr_kdamonds", 0);
	end_client(&client, before);
}

/* perf reports each fault once, with the page that was faulted in. */

#define RING_SIZE (8 * PAGE)
#define TOUCHED   16

struct sample {
	struct perf_event_header header;
	uint64_t addr, physical, page_size;
};

static void check_samples(char *ring, int file)
{
	const struct perf_event_mmap_page *head = (void *)ring;
	uint64_t seen = 0, at = 0;

	check(head->data_head < RING_SIZE, "too many records");
	while (at < head->data_head) {
		const struct sample *sample = (void *)(ring + PAGE + at);
		uint64_t offset = sample->addr - object;

		at += sample->header.size;
		if (sample->header.type != PERF_RECORD_SAMPLE ||
		    offset >= LENGTH)
			continue;
		seen++;
		check(sample->physical / PAGE ==
			      file_page(file, offset / PAGE * PAGE),
		      "offset %#lx is at %#lx", offset, sample->physical);
		check(sample->page_size == PAGE, "offset %#lx: %lu bytes",
		      offset, sample->page_size);
	}
	check(seen == TOUCHED, "%lu faults of %d", seen, TOUCHED);
}

static char *open_perf(struct perf_event_attr *attr, int *event)
{
	char *ring;

	*event = syscall(SYS_perf_event_open, attr, 0, -1, -1,
			 PERF_FLAG_FD_CLOEXEC);
	must(*event >= 0, "perf_event_open: %m");
	ring = mmap(NULL, PAGE + RING_SIZE, RW, MAP_SHARED, *event, 0);
	must(ring != MAP_FAILED, "mmap of perf's ring: %m");
	return ring;
}

static void samples(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS_MIN,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_ADDR | PERF_SAMPLE_PHYS_ADDR |
			       PERF_SAMPLE_DATA_PAGE_SIZE,
		.disabled = 1,
		.exclude_kernel = 1,
	};
	int file = object_open(&object_kinds[MEMFD], LENGTH), event;
	char *ring;

	fd = region_create(path = region_path(), start, granule);
	must(!region_map_file(fd, object, LENGTH, RW, 0, file, 0), "no object");
	window_map(fd, start, granule, RW, 0);
	ring = open_perf(&attr, &event);
	must(!ioctl(event, PERF_EVENT_IOC_ENABLE, 0), "perf: %m");
	paint((void *)object, TOUCHED * PAGE, PAGE, 1);
	must(!ioctl(event, PERF_EVENT_IOC_DISABLE, 0), "perf: %m");
	check_samples(ring, file);
	munmap(ring, PAGE + RING_SIZE);
	close(event);
	close(file);
	close(fd);
}

/* A mapping in a region is not a mapping of the requesting process. */

struct mapped {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, length, offset;
};

static uint64_t mappings_in(const char *ring, uint64_t from, uint64_t size)
{
	const struct perf_event_mmap_page *head = (void *)ring;
	uint64_t count = 0;

	for (uint64_t at = 0; at < head->data_head;) {
		const struct mapped *mapped = (void *)(ring + PAGE + at);

		at += mapped->header.size;
		count += mapped->header.type == PERF_RECORD_MMAP &&
			 mapped->addr >= from && mapped->addr - from < size;
	}
	return count;
}

static void maps(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap_data = 1,
		.exclude_kernel = 1,
	};
	char *ring;
	int event;

	ring = open_perf(&attr, &event);
	fd = region_create(path = region_path(), start, granule);
	region_fill(fd, object, LENGTH, RW);
	check_result(region_protect(fd, object, PAGE, PROT_READ), 0, "PROTECT");
	check(!mappings_in(ring, start, granule), "an object is taken for one");
	window_map(fd, start, granule, RW, 0);
	check(mappings_in(ring, start, granule) == 1, "a window is not");
	munmap(ring, PAGE + RING_SIZE);
	close(event);
	close(fd);
}

static const struct test_case cases[] = {
	{ "aging", "reclaim ages pages of a region, and clients do not fault",
	  aging },
	{ "aging-by-tables",
	  "reclaim finds what clients used by walking the shared page tables",
	  aging_by_tables },
	{ "balancing", "NUMA balancing does not change windows", balancing },
	{ "damon", "DAMON monitors a window and takes no page", damon },
	{ "samples", "perf counts each fault once, with the right address",
	  samples },
	{ "maps", "perf does not report a region's mappings as the caller's",
	  maps },
};

static void setup(void)
{
	start = region_address(440);
	object = start + 16 * MIB;
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
