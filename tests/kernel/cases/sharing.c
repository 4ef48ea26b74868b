// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that have nothing but a path in common: they see the same memory
 * at the same addresses, through the same page tables.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW (PROT_READ | PROT_WRITE)

/* The project's promise is 8 faults a client, whatever the region's size. */
#define FAULTS_PER_CLIENT 8
/* So many that a fault for each of them would be too many. */
#define GRANULES (FAULTS_PER_CLIENT + 1)
/* One upper table for 512 GiB, and slack for what libc does meanwhile. */
#define TABLES_PER_CLIENT_KB 64

static const char *path;
static uint64_t start, size;

static void *attach(int flags, int prot)
{
	int fd = region_open(path, flags);
	void *window = window_map(fd, start, size, prot, 0);

	close(fd);
	return window;
}

struct node {
	struct node *next;
	uint64_t value;
};

#define NODES 100

static void build_list(struct peer *parent, void *arg)
{
	struct node *node = attach(O_RDWR, RW);

	(void)parent;
	(void)arg;
	for (int i = 0; i < NODES; i++) {
		char *next = (char *)start + (i * 37 % NODES + 1) * 5 * PAGE;

		node->value = i;
		node->next = i == NODES - 1 ? NULL : (struct node *)next;
		node = node->next;
	}
}

static void add_to_list(struct peer *parent, void *arg)
{
	uint64_t count = 0, sum = 0;

	(void)parent;
	(void)arg;
	for (struct node *node = attach(O_RDWR, RW); node; node = node->next) {
		sum += node->value;
		node->value += 1000;
		count++;
	}
	check(count == NODES && sum == NODES * (NODES - 1) / 2,
	      "a list of %lu nodes, sum %lu", count, sum);
}

static void pointers(void)
{
	int fd = region_create(path = region_path(), start, size = granule);
	struct peer peer;
	uint64_t sum = 0;

	region_fill(fd, start, size, RW);
	peer = peer_start(build_list, NULL);
	peer_end(&peer);
	peer = peer_start(add_to_list, NULL);
	peer_end(&peer);
	for (struct node *node = attach(O_RDONLY, PROT_READ); node;
	     node = node->next)
		sum += node->value;
	check(sum == NODES * (NODES - 1) / 2 + NODES * 1000,
	      "the sum in the end is %lu", sum);
}

static void populate(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	attach(O_RDWR, RW);
	paint((void *)start, size, TABLE_SPAN, 1);
}

/* What one more client costs that uses all there is. */
static void use_all(struct peer *parent, void *arg)
{
	long tables = process_status(0, "VmPTE"), faults;
	uint64_t wrong;

	(void)arg;
	attach(O_RDWR, RW);
	go(parent);
	wait_go(parent);
	faults = fault_count();
	wrong = misses((void *)start, size, TABLE_SPAN, 1);
	faults = fault_count() - faults;
	tables = process_status(0, "VmPTE") - tables;
	check(!wrong, "%lu pages with something else in them", wrong);
	check(faults <= FAULTS_PER_CLIENT, "%ld page faults", faults);
	check(tables <= TABLES_PER_CLIENT_KB, "%ld KiB of page tables", tables);
	go(parent);
	wait_go(parent);
}

#define CLIENTS 6

static void tables(void)
{
	struct peer peers[CLIENTS], peer;
	struct msharefs_stat stat, later;
	long before, with;
	int fd;

	size = GRANULES * granule;
	fd = region_create(path = region_path(), start, size);
	region_fill(fd, start, size, RW);
	before = page_tables();
	peer = peer_start(populate, NULL);
	peer_end(&peer);

	/* The tables outlive the process that filled them. */
	with = page_tables() - before;
	region_stat(fd, &stat);
	check(stat.resident == size / TABLE_SPAN * PAGE, "%llu bytes resident",
	      stat.resident);
	check(stat.pgtables >= size / TABLE_SPAN * PAGE &&
		      stat.pgtables <= size / TABLE_SPAN * PAGE + MIB,
	      "%llu bytes of shared tables", stat.pgtables);
	check(labs(with - (long)(stat.pgtables / KIB)) < 512,
	      "%ld KiB more page tables, and %llu shared", with,
	      stat.pgtables / KIB);

	before = page_tables();
	for (int i = 0; i < CLIENTS; i++) {
		peers[i] = peer_start(use_all, NULL);
		wait_go(&peers[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		go(&peers[i]);
		wait_go(&peers[i]);
	}
	with = page_tables() - before;
	region_stat(fd, &later);
	check(later.attached == CLIENTS, "%llu attached", later.attached);
	check(later.pgtables == stat.pgtables,
	      "shared tables grew from %llu to %llu bytes", stat.pgtables,
	      later.pgtables);
	/* Each is a process too, whose own tables take about 60 KiB. */
	check(with < CLIENTS * (TABLES_PER_CLIENT_KB + 128),
	      "%d clients took %ld KiB of page tables", CLIENTS, with);
	for (int i = 0; i < CLIENTS; i++) {
		go(&peers[i]);
		peer_end(&peers[i]);
	}
	region_stat(fd, &later);
	check(!later.attached, "%llu attached in the end", later.attached);
	check(later.pgtables == stat.pgtables &&
		      later.resident == stat.resident,
	      "clients took tables or pages with them");
}

/* What is populated after the window was mapped costs no more. */
static void late(void)
{
	struct peer reader, writer;
	int fd;

	size = GRANULES * granule;
	fd = region_create(path = region_path(), start, size);
	region_fill(fd, start, size, RW);
	reader = peer_start(use_all, NULL);
	wait_go(&reader);
	writer = peer_start(populate, NULL);
	peer_end(&writer);
	go(&reader);
	wait_go(&reader);
	go(&reader);
	peer_end(&reader);
	close(fd);
}

/* Each object added later is there for those who attached before. */
static void add_objects(void)
{
	struct msharefs_stat stat;
	char *window;
	int fd;

	size = granule;
	fd = region_create(path = region_path(), start, size);
	window = attach(O_RDWR, RW);
	check(store(window, 1) == SIGSEGV, "an empty region takes a store");
	region_fill(fd, start, PAGE, RW);
	check(!store(window, 1), "the first object cannot be used");
	check(store(window + PAGE, 1) == SIGSEGV, "memory past the object");
	for (int i = 1; i < 8; i++) {
		region_fill(fd, start + i * 2 * PAGE, PAGE, RW);
		check(!peek(window + i * 2 * PAGE), "object %d not empty", i);
	}
	region_stat(fd, &stat);
	check(stat.mappings == 8 && stat.mapped == 8 * PAGE,
	      "%llu mappings of %llu bytes", stat.mappings, stat.mapped);
	close(fd);
}

/* Two windows of one process are one client. */
static void attached(void)
{
	struct msharefs_stat stat;
	int fd;

	size = 4 * granule;
	fd = region_create(path = region_path(), start, size);
	region_stat(fd, &stat);
	check(!stat.attached, "%llu attached to a new region", stat.attached);
	window_map(fd, start, granule, RW, 0);
	window_map(fd, start + 2 * granule, granule, PROT_READ, 2 * granule);
	region_stat(fd, &stat);
	check(stat.attached == 1, "two windows count as %llu processes",
	      stat.attached);
	munmap((void *)start, granule);
	region_stat(fd, &stat);
	check(stat.attached == 1, "one window counts as %llu processes",
	      stat.attached);
	munmap((char *)start + 2 * granule, granule);
	region_stat(fd, &stat);
	check(!stat.attached, "%llu attached after munmap", stat.attached);
}

static const struct test_case cases[] = {
	{ "pointers", "pointers into a region are valid in every process",
	  pointers },
	{ "tables", "clients share one set of page tables and take few faults",
	  tables },
	{ "late", "clients that attached early share the same page tables",
	  late },
	{ "add-objects", "a new mapping appears in existing windows",
	  add_objects },
	{ "attached", "STAT counts attached processes", attached },
};

static void setup(void)
{
	start = region_address(16);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
