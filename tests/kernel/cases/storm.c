// SPDX-License-Identifier: GPL-2.0-only
/*
 * All operations at once, with processes that end in the middle of an
 * operation.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "random.h"
#include "region.h"
#include "touch.h"

#define RW (PROT_READ | PROT_WRITE)

static uint64_t start, size;
static const char *path;

/*
 * Objects are mapped only at these places, so that a page table is often empty
 * and freed. Each word contains its own address.
 */
#define PLACES 48
#define OBJECT (8 * PAGE)

static uint64_t random_place(void)
{
	return start + random_below(PLACES) * (size / PLACES / PAGE * PAGE);
}

static void use_word(uint64_t at)
{
	uint64_t value;

	if (random_below(2))
		store((void *)at, at);
	else if (!load((void *)at, &value))
		check(!value || value == at, "%#lx holds %#lx", at, value);
}

/* A client's actions until it is killed: no requests, only its own windows. */
static void be_client(struct peer *parent, void *arg)
{
	int fd = region_open(path, O_RDWR);

	(void)arg;
	random_seed(getpid());
	go(parent);
	/* The first window is the inherited one. */
	for (;;) {
		for (int i = 0; i < 50; i++)
			use_word(start + random_below(size / PAGE) * PAGE);
		munmap((void *)start, size);
		if (!random_below(4)) {
			pid_t pid = fork();

			if (!pid)
				_exit(0);
			waitpid(pid, NULL, 0);
		}
		window_map(fd, start, size, RW, 0);
	}
}

#define VICTIMS 3
#define KILLS   40

/* SIGKILL at any moment leaks nothing, and affects no other process. */
static void kills(void)
{
	struct peer peers[VICTIMS];
	struct msharefs_stat stat;
	long before, limit, now;
	int fd;

	size = 2 * granule;
	fd = region_create(path = region_path(), start, size);
	region_fill(fd, start, size, RW);
	window_map(fd, start, size, RW, 0);
	/* Populates all tables, so that only leaks can add more at the end. */
	for (uint64_t at = start; at < start + size; at += TABLE_SPAN)
		store((void *)at, at);
	before = page_tables();
	random_seed(1);
	for (int i = 0; i < KILLS; i++) {
		for (int p = 0; p < VICTIMS; p++)
			peers[p] = peer_start(be_client, NULL);
		for (int p = 0; p < VICTIMS; p++)
			wait_go(&peers[p]);
		usleep(random_below(10000));
		for (int p = 0; p < VICTIMS; p++)
			peer_kill(&peers[p]);
	}
	/* Children of killed processes are about to exit. */
	for (int i = 0; i < 100; i++) {
		region_stat(fd, &stat);
		if (stat.attached == 1)
			break;
		sleep_ms(20);
	}
	check(stat.attached == 1, "%llu attached, not this process alone",
	      stat.attached);
	for (uint64_t at = start; at < start + size; at += TABLE_SPAN)
		check(peek((void *)at) == at, "%#lx holds %#lx", at,
		      peek((void *)at));
	/* Each victim that leaked its upper tables would add 40 KiB. */
	limit = before + 512;
	now = settle(page_tables, limit);
	check(now <= limit, "%ld KiB of page tables, %ld before", now, before);
	close(fd);
}

static double deadline;
static int storm_fd;
/* For all processes together: the number of words written to the disk. */
static unsigned long *written;

/* A slow guest gets the time that it needs to write something. */
static bool is_over(void)
{
	double now = seconds();

	return now > deadline && (*written || now > deadline + 60);
}

static void one_request(void)
{
	uint64_t at = random_place();
	int ret;

	switch (random_below(12)) {
	case 0:
		ret = region_unmap(storm_fd, at, OBJECT);
		check(!ret, "UNMAP: %d", ret);
		break;
	case 1:
		/* Unmaps one half of the region, including page tables. */
		ret = region_unmap(storm_fd, start + random_below(2) * granule,
				   granule);
		check(!ret, "UNMAP: %d", ret);
		break;
	case 2:
		ret = region_protect(storm_fd, at, OBJECT,
				     random_below(2) ? PROT_READ : RW);
		check(!ret || ret == -ENOMEM, "PROTECT: %d", ret);
		break;
	case 3:
		ret = region_unmap(storm_fd, at + random_below(8) * PAGE, PAGE);
		check(!ret, "UNMAP: %d", ret);
		break;
	default:
		ret = region_map(storm_fd, at, OBJECT, RW, MAP_NORESERVE);
		check(!ret || ret == -EEXIST, "CREATE_MAPPING: %d", ret);
	}
}

static void *be_thread(void *arg)
{
	random_seed((uintptr_t)arg + getpid() * 100);
	while (!is_over()) {
		for (int i = 0; i < 100; i++)
			use_word(random_place() + random_below(8) * PAGE);
		switch (random_below(8)) {
		case 0:
			munmap((void *)start, size);
			break;
		case 1: {
			pid_t pid = fork();

			if (!pid) {
				use_word(random_place());
				_exit(0);
			}
			waitpid(pid, NULL, 0);
			break;
		}
		case 2:
			/* Drops the links, and nothing else. */
			madvise((void *)start, size, MADV_DONTNEED);
			break;
		default:
			one_request();
		}
		/*
		 * Replaces the mapping at this address: a window, or nothing.
		 */
		if (random_below(4) == 0)
			mmap((void *)start, size, RW, MAP_SHARED | MAP_FIXED,
			     storm_fd, 0);
	}
	return NULL;
}

/* Checks the pages of the mapped part of the region. */
static void write_out(int direct, int file)
{
	static __thread uint64_t words[OBJECT / sizeof(uint64_t)];
	uint64_t at = random_place();
	ssize_t length = pwrite(direct, (void *)at, OBJECT, 0);

	check(length >= 0 || errno == EFAULT, "pwrite: %m");
	if (length <= 0)
		return;
	must(pread(file, words, length, 0) == length, "pread: %m");
	for (ssize_t i = 0; i < length / 8; i++, at += 8)
		check(is_part_of(words[i], at), "of %#lx, %#lx was written", at,
		      words[i]);
	__atomic_add_fetch(written, length / 8, __ATOMIC_RELAXED);
}

/* GUP-fast walks page tables without a lock that keeps them. */
static void *be_writer(void *arg)
{
	int file = object_open(&object_kinds[EXT4], OBJECT);
	int direct = object_reopen(file, O_RDWR | O_DIRECT);

	(void)arg;
	random_seed(getpid());
	while (!is_over())
		write_out(direct, file);
	close(direct);
	close(file);
	return NULL;
}

static void be_process(struct peer *parent, void *arg)
{
	pthread_t thread, writer;

	(void)parent;
	(void)arg;
	close(storm_fd);
	storm_fd = region_open(path, O_RDWR);
	window_map(storm_fd, start, size, RW, 0);
	must(!pthread_create(&thread, NULL, be_thread, (void *)1), "thread");
	must(!pthread_create(&writer, NULL, be_writer, NULL), "thread");
	be_thread((void *)2);
	pthread_join(thread, NULL);
	pthread_join(writer, NULL);
}

static void races(void)
{
	struct peer peers[3];
	struct msharefs_stat stat;

	written = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(written != MAP_FAILED, "mmap: %m");
	/* Mounts the disk that all processes use. */
	close(object_open(&object_kinds[EXT4], OBJECT));
	size = 2 * granule;
	storm_fd = region_create(path = region_path(), start, size);
	deadline = seconds() + 4;
	for (int i = 0; i < 3; i++)
		peers[i] = peer_start(be_process, NULL);
	for (int i = 0; i < 3; i++)
		peer_end(&peers[i]);
	check(*written, "nothing of the region was ever written");
	check_result(region_unmap(storm_fd, start, size), 0, "UNMAP of all");
	region_stat(storm_fd, &stat);
	check(!stat.attached && !stat.mappings && !stat.resident &&
		      stat.pgtables < 64 * KIB,
	      "%llu attached, %llu mappings, %llu resident, %llu of tables",
	      stat.attached, stat.mappings, stat.resident, stat.pgtables);
}

static const struct test_case cases[] = {
	{ "kills", "clients that are killed at any moment leak nothing",
	  kills },
	{ "races",
	  "requests, faults, fork, mmap and O_DIRECT can run at the same time",
	  races },
};

static void setup(void)
{
	start = region_address(80);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
