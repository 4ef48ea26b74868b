// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions as files: sized by ftruncate(), read and written, at addresses that
 * the kernel chooses. The reference is tmpfs: one script runs on both.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "notes.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW       (PROT_READ | PROT_WRITE)
#define STRANGER 65534
/* No multiple of anything. */
#define LENGTH (5 * MIB + 123)

static void become_stranger(void)
{
	must(!setgroups(0, NULL) && !setresgid(STRANGER, STRANGER, STRANGER) &&
		     !setresuid(STRANGER, STRANGER, STRANGER),
	     "setresuid: %m");
}

static uint64_t blocks(int fd)
{
	struct stat stat;

	must(!fstat(fd, &stat), "fstat: %m");
	return stat.st_blocks;
}

static uint64_t size_of(int fd)
{
	struct stat stat;

	must(!fstat(fd, &stat), "fstat: %m");
	return stat.st_size;
}

static struct mshare_info range_of(int fd)
{
	struct mshare_info info = { 0 };

	check_result(region_get_size(fd, &info), 0, "GET_SIZE");
	return info;
}

static int new_file(uint64_t size)
{
	int fd = region_open(region_path(), O_RDWR | O_CREAT | O_EXCL);

	must(!ftruncate(fd, size), "ftruncate to %#lx: %m", size);
	return fd;
}

static void *map_file(int fd, uint64_t size)
{
	void *at = mmap(NULL, size, RW, MAP_SHARED, fd, 0);

	must(at != MAP_FAILED, "mmap of %#lx: %m", size);
	return at;
}

static int choose(int fd, uint64_t size)
{
	struct msharefs_choose choose = { sizeof(choose), 0, size };

	return request(fd, MSHAREFS_CHOOSE, &choose);
}

/* For a pointer that is none; the compiler need not know. */
static void *volatile nowhere = (void *)8;

static int load_at(const char *at)
{
	uint64_t value;

	return load(at, &value);
}

static long byte_at(const char *at)
{
	return load_at(at) ? -1 : *(const volatile unsigned char *)at;
}

static void script_sizes(int fd)
{
	NOTE_64(size_of(fd));
	NOTE_64(blocks(fd));
	NOTE(read(fd, &(char){ 0 }, 1));
	NOTE(lseek(fd, 0, SEEK_END));
	NOTE(ftruncate(fd, 0));
	NOTE(ftruncate(fd, -1));
	NOTE(ftruncate(fd, LENGTH));
	NOTE_64(size_of(fd));
	NOTE_64(blocks(fd));
	NOTE(ftruncate(fd, LENGTH));
	NOTE(lseek(fd, -3, SEEK_END));
	NOTE(lseek(fd, 0, SEEK_DATA));
	NOTE(lseek(fd, 0, SEEK_HOLE));
	NOTE(lseek(fd, -1, SEEK_DATA));
	NOTE(lseek(fd, 0, 77));
}

static void script_memory(int fd, char *map)
{
	char text[16] = { 0 };

	map[0] = 'a';
	map[LENGTH - 1] = 'z';
	NOTE_64(blocks(fd));
	NOTE(pread(fd, text, 1, 0));
	NOTE_64(text[0]);
	NOTE(pread(fd, text, 16, LENGTH - 1));
	NOTE_64(text[0]);
	NOTE(pread(fd, text, 16, LENGTH));
	NOTE(pread(fd, text, 16, -1));
	NOTE(pread(fd, nowhere, 16, 0));
	NOTE(pwrite(fd, "hello", 5, 10 * PAGE));
	NOTE(pwrite(fd, nowhere, 16, 0));
	NOTE(memcmp(map + 10 * PAGE, "hello", 6));
	NOTE_64(size_of(fd));
	NOTE_64(blocks(fd));
	NOTE(pread(fd, text, 16, 20 * PAGE));
	NOTE_64(text[0]);
	NOTE_64(blocks(fd));
	NOTE(lseek(fd, 0, SEEK_DATA));
	NOTE(lseek(fd, 0, SEEK_HOLE));
	NOTE(lseek(fd, PAGE, SEEK_DATA));
	NOTE(lseek(fd, 10 * PAGE, SEEK_HOLE));
	NOTE(lseek(fd, LENGTH, SEEK_DATA));
	NOTE(msync(map, LENGTH, MS_SYNC));
	NOTE(msync(map, LENGTH, MS_ASYNC));
	NOTE(fsync(fd));
	NOTE(fdatasync(fd));
	/* From itself, to itself */
	NOTE(pwrite(fd, map, 5000, 30 * PAGE + 7));
	NOTE_64(map[30 * PAGE + 7]);
	NOTE(pread(fd, map + 40 * PAGE, 5000, 10 * PAGE));
	NOTE(memcmp(map + 40 * PAGE, "hello", 6));
}

/* @map is longer than the file. */
static void script_end(int fd, char *map)
{
	const uint64_t end = (LENGTH | (PAGE - 1)) + 1;

	NOTE_64(byte_at(map + LENGTH));
	NOTE(load_at(map + end));
	NOTE(ftruncate(fd, 7 * MIB));
	NOTE(load_at(map + end));
	NOTE(load_at(map + 7 * MIB - 8));
	NOTE(load_at(map + 7 * MIB));
	NOTE(store(map + 6 * MIB, 1));
	NOTE_64(blocks(fd));
	NOTE(ftruncate(fd, MIB));
	NOTE(load_at(map + MIB));
	NOTE(load_at(map + 6 * MIB));
	NOTE(store(map + 6 * MIB, 1));
	NOTE_64(byte_at(map));
	NOTE_64(blocks(fd));
	NOTE(ftruncate(fd, 7 * MIB));
	NOTE_64(byte_at(map + 6 * MIB));
	memset(map, 'x', PAGE);
	NOTE(ftruncate(fd, 100));
	NOTE_64(byte_at(map + 99));
	NOTE_64(byte_at(map + 100));
	NOTE(ftruncate(fd, PAGE));
	NOTE_64(byte_at(map + 200));
	NOTE(ftruncate(fd, 0));
	NOTE(load_at(map));
	NOTE_64(blocks(fd));
	NOTE(pwrite(fd, "text", 4, 3 * MIB));
	NOTE_64(size_of(fd));
	NOTE_64(blocks(fd));
	NOTE_64(byte_at(map + 3 * MIB));
	NOTE_64(byte_at(map));
}

static void script_allocate(int fd, char *map)
{
	NOTE(ftruncate(fd, 0));
	NOTE(fallocate(fd, 0, 0, 64 * KIB));
	NOTE_64(size_of(fd));
	NOTE_64(blocks(fd));
	NOTE(fallocate(fd, FALLOC_FL_KEEP_SIZE, MIB, 64 * KIB));
	NOTE_64(size_of(fd));
	NOTE_64(blocks(fd));
	NOTE(load_at(map + MIB));
	map[PAGE] = 'p';
	NOTE(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE,
		       2 * PAGE));
	NOTE_64(blocks(fd));
	NOTE_64(byte_at(map + PAGE));
	NOTE(fallocate(fd, FALLOC_FL_PUNCH_HOLE, PAGE, PAGE));
	NOTE(fallocate(fd, FALLOC_FL_ZERO_RANGE, PAGE, PAGE));
	NOTE(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, PAGE, PAGE));
	NOTE(fallocate(fd, FALLOC_FL_INSERT_RANGE, PAGE, PAGE));
	NOTE(fallocate(fd, 0, -1, PAGE));
	NOTE(fallocate(fd, 0, 0, 0));
	NOTE(posix_fallocate(fd, 0, 200 * KIB));
	NOTE_64(size_of(fd));
	NOTE(ftruncate(fd, 0));
	NOTE_64(blocks(fd));
}

static void script_rights(const char *path, int fd)
{
	int ro = open(path, O_RDONLY), app = open(path, O_WRONLY | O_APPEND);

	NOTE(ftruncate(ro, 1));
	NOTE(write(ro, "x", 1));
	NOTE(fallocate(ro, 0, 0, PAGE));
	NOTE(ftruncate(fd, 10));
	NOTE(write(app, "more", 4));
	NOTE(write(app, "more", 4));
	NOTE(read(app, &(char){ 0 }, 1));
	NOTE_64(size_of(fd));
	NOTE(truncate(path, 12));
	NOTE_64(size_of(fd));
	close(app);
	app = open(path, O_RDWR | O_TRUNC);
	NOTE_64(app >= 0);
	NOTE_64(size_of(fd));
	NOTE(write(app, "0123456789", 10));
	NOTE(write(app, "abc", 3));
	NOTE(lseek(app, 0, SEEK_CUR));
	close(ro);
	close(app);
}

static void script_limit(int fd)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	must(!getrlimit(RLIMIT_FSIZE, &limit), "getrlimit: %m");
	limit.rlim_cur = MIB;
	must(!setrlimit(RLIMIT_FSIZE, &limit), "setrlimit: %m");
	NOTE(ftruncate(fd, MIB));
	NOTE(ftruncate(fd, MIB + 1));
	NOTE(pwrite(fd, "four", 4, MIB - 2));
	NOTE(pwrite(fd, "four", 4, MIB));
	NOTE(fallocate(fd, 0, MIB, PAGE));
	NOTE_64(size_of(fd));
	limit.rlim_cur = limit.rlim_max;
	must(!setrlimit(RLIMIT_FSIZE, &limit), "setrlimit: %m");
}

static void script_copies(int fd)
{
	char text[32] = { 0 };
	loff_t from = 0, to = 100;
	int pipes[2];

	must(!pipe(pipes), "pipe: %m");
	NOTE(ftruncate(fd, 0));
	NOTE(pwrite(fd, "0123456789", 10, 0));
	NOTE(sendfile(pipes[1], fd, &(off_t){ 2 }, 100));
	NOTE(read(pipes[0], text, sizeof(text)));
	NOTE(strcmp(text, "23456789"));
	NOTE(write(pipes[1], "piped", 5));
	NOTE(splice(pipes[0], NULL, fd, &(loff_t){ 50 }, 5, 0));
	NOTE(pread(fd, text, 5, 50));
	NOTE(memcmp(text, "piped", 5));
	NOTE(copy_file_range(fd, &from, fd, &to, 10, 0));
	NOTE_64(size_of(fd));
	close(pipes[0]);
	close(pipes[1]);
}

static void script_windows(int fd, char *map)
{
	int status;
	pid_t child;

	NOTE(ftruncate(fd, LENGTH));
	child = fork();
	if (!child) {
		map[5] = 'c';
		_exit(munmap(map, 8 * MIB) || !load_at(map));
	}
	must(waitpid(child, &status, 0) == child, "waitpid: %m");
	NOTE_64(status);
	NOTE_64(byte_at(map + 5));
	NOTE(madvise(map, 8 * MIB, MADV_RANDOM));
	NOTE(madvise(map, 8 * MIB, MADV_DONTNEED));
	NOTE(madvise(map, 8 * MIB, MADV_NORMAL));
	NOTE_64(byte_at(map + 5));
	NOTE(munmap(map, 8 * MIB));
	NOTE(load_at(map));
	NOTE(load_at(map + 8 * MIB - 8));
}

static void script(const char *path)
{
	int fd = open(path, O_CREAT | O_RDWR | O_EXCL, 0600);
	char *map;

	must(fd >= 0, "%s: %m", path);
	script_sizes(fd);
	map = map_file(fd, 8 * MIB);
	script_memory(fd, map);
	script_end(fd, map);
	script_allocate(fd, map);
	script_rights(path, fd);
	script_copies(fd);
	script_windows(fd, map);
	script_limit(fd);
	close(fd);
	NOTE(unlink(path));
}

static void like_tmpfs(void)
{
	become_stranger();
	script("/tmp/file-of-tmpfs");
	notes_begin_second();
	script(region_path());
	notes_compare("on tmpfs", "here");
}

static void range(void)
{
	int fd = new_file(LENGTH), other = new_file(2 * granule + 1);
	struct mshare_info info = range_of(fd), two = range_of(other);

	check(info.start && !(info.start % granule), "start %#llx", info.start);
	check_int(info.size, granule);
	check_int(two.size, 3 * granule);
	check_result(result(ftruncate(fd, granule)), 0, "all of the granule");
	check_int(range_of(fd).size, granule);
	check_result(result(ftruncate(fd, 0)), 0, "nothing");
	check_int(range_of(fd).size, granule);
	close(fd);
	close(other);
}

/* A region has its size from a request, or it is a file. */
static void either(void)
{
	const uint64_t start = region_address(0);
	int set = region_create(region_path(), start, granule);
	int file = new_file(LENGTH);
	int empty = region_open(region_path(), O_RDWR | O_CREAT);
	uint64_t at = range_of(file).start;
	char byte;

	check_result(result(ftruncate(set, granule)), EINVAL, "same size");
	check_result(result(ftruncate(set, 0)), EINVAL, "no size");
	check_result(result(read(set, &byte, 1)), EINVAL, "read");
	check_result(result(write(set, &byte, 1)), EINVAL, "write");
	check_result(result(fallocate(set, 0, 0, PAGE)), EINVAL, "fallocate");
	check_result(result(fallocate(
			     set, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			     PAGE)),
		     EINVAL, "punch");
	check_result(result(lseek(set, 0, SEEK_DATA)), EINVAL, "SEEK_DATA");
	check_result(result(fsync(set)), 0, "fsync");
	check_result(choose(set, granule), EBUSY, "CHOOSE");

	check_result(region_set_size(file, start, granule), EBUSY, "SET_SIZE");
	check_result(choose(file, granule), EBUSY, "CHOOSE");
	check_result(region_map(file, at, PAGE, RW, 0), EEXIST, "a mapping");
	check_result(region_map(file, at + 8 * MIB, PAGE, RW, 0), EEXIST,
		     "a mapping behind the end");
	check_result(region_unmap(file, at, PAGE), EINVAL, "UNMAP");
	check_int(size_of(file), LENGTH);

	/* Nothing has been decided yet. */
	check_result(result(ftruncate(empty, 0)), 0, "empty, to 0");
	check_result(result(read(empty, &byte, 1)), 0, "empty, read");
	check_result(result(lseek(empty, 0, SEEK_DATA)), ENXIO, "empty, seek");
	check_result(result(fallocate(
			     empty, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			     0, PAGE)),
		     0, "empty, punch");
	check_result(result(fsync(empty)), 0, "empty, fsync");
	check(mmap(NULL, PAGE, RW, MAP_SHARED, empty, 0) == MAP_FAILED &&
		      errno == EINVAL,
	      "empty, mmap: %m");
	check_result(region_set_size(empty, start + granule, granule), 0,
		     "SET_SIZE of an empty region");
	close(set);
	close(file);
	close(empty);
}

/* A file without O_LARGEFILE inside would end at 2 GiB. */
static void large(void)
{
	int fd = region_open(region_path(), O_RDWR | O_CREAT);
	char text[] = "text", found[sizeof(text)] = "";
	const off_t at = (2L << 30) - 2;

	check_int(pwrite(fd, text, sizeof(text), at), sizeof(text));
	check_int(size_of(fd), at + sizeof(text));
	check_int(pread(fd, found, sizeof(found), at), sizeof(found));
	check(!strcmp(found, text), "read \"%s\"", found);
	check_int(pwrite(fd, text, 1, 3L << 30), 1);
	check_int(size_of(fd), (3L << 30) + 1);
	close(fd);
}

/* fallocate() drops the rights of a set-user-ID file, as write() does. */
static void privileges(void)
{
	int fd = region_open(region_path(), O_RDWR | O_CREAT);
	struct stat st;

	must(!ftruncate(fd, PAGE) && !fchmod(fd, 06777), "chmod: %m");
	must(!seteuid(1000), "seteuid: %m");
	check_result(result(fallocate(fd, 0, 0, PAGE)), 0, "fallocate");
	must(!seteuid(0), "seteuid: %m");
	must(!fstat(fd, &st), "stat: %m");
	check_int(st.st_mode & 07777, 0777);
}

static void too_large(void)
{
	int fd = region_open(region_path(), O_RDWR | O_CREAT);
	char byte = 1;

	check_result(result(ftruncate(fd, 1L << 47)), ENOMEM, "2^47");
	check_result(result(ftruncate(fd, LONG_MAX)), ENOMEM, "2^63 - 1");
	check_result(result(pwrite(fd, &byte, 1, 1L << 50)), ENOMEM, "write");
	check_result(result(fallocate(fd, 0, 1L << 50, 1)), ENOMEM,
		     "fallocate");
	check_int(size_of(fd), 0);
	check_int(range_of(fd).size, 0);
	/* A failure leaves nothing behind, as the other kind of region. */
	check_result(region_set_size(fd, region_address(0), granule), 0,
		     "SET_SIZE");
	region_fill(fd, region_address(0), granule, RW);
	close(fd);
}

static void grow(void)
{
	int fd = new_file(granule / 2), neighbour;
	uint64_t start = range_of(fd).start, word;
	char *window = map_file(fd, granule / 2), *more;

	store(window, 1);
	check_result(result(ftruncate(fd, 3 * granule)), 0, "grow");
	check_int(range_of(fd).start, start);
	check_int(range_of(fd).size, 3 * granule);
	check_int(store(window + granule - 8, 2), 0);
	check_int(load_at(window + granule), SIGSEGV);
	more = mmap(NULL, 2 * granule, RW, MAP_SHARED, fd, granule);
	check(more == window + granule, "the rest is at %p: %m", more);
	check_int(store(more + 2 * granule - 8, 3), 0);
	check(pread(fd, &word, 8, 3 * granule - 8) == 8 && word == 3,
	      "the last word is %lu", word);
	check_int(peek(window), 1);

	neighbour = region_create(region_path(), start + 3 * granule, granule);
	check_result(result(ftruncate(fd, 3 * granule + 1)), ENOMEM,
		     "into a neighbour");
	check_result(result(pwrite(fd, "x", 1, 3 * granule)), ENOMEM,
		     "write into a neighbour");
	check_int(size_of(fd), 3 * granule);
	check_int(range_of(fd).size, 3 * granule);
	close(neighbour);
	munmap(window, granule);
	munmap(more, 2 * granule);
	close(fd);
}

/* The address is free when the last user of the neighbour is gone. */
static void grow_later(void)
{
	int fd = new_file(1), neighbour;
	const uint64_t start = range_of(fd).start;
	const char *path = region_path();
	char *window;

	neighbour = region_create(path, start + granule, granule);
	region_fill(neighbour, start + granule, PAGE, RW);
	window = window_map(neighbour, 0, granule, RW, 0);
	close(neighbour);
	check_result(result(ftruncate(fd, 2 * granule)), ENOMEM, "named");
	unlink(path);
	check_result(result(ftruncate(fd, 2 * granule)), ENOMEM, "mapped");
	munmap(window, granule);
	check_result(result(ftruncate(fd, 2 * granule)), 0, "gone");
	close(fd);
}

static void lengths(void)
{
	int fd = new_file(granule + LENGTH);
	const uint64_t start = range_of(fd).start, mine = granule + LENGTH;
	char *window = map_file(fd, mine), *tail;
	char *behind = window + mine - mine % PAGE + MIB;
	uint64_t value;

	check(window == (char *)start, "window at %p", window);
	/* Nothing else is put into the last granule. */
	tail = mmap(behind, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(tail < window || tail >= window + 2 * granule, "at %p", tail);
	munmap(tail, PAGE);
	check(mmap(behind, PAGE, RW,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		   0) == MAP_FAILED &&
		      errno == EEXIST,
	      "in the tail: %m");
	check(mmap(behind, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == MAP_FAILED &&
		      errno == EINVAL,
	      "in the tail, MAP_FIXED: %m");

	/* Not what the program meant by its length */
	check_result(result(munmap(window, PAGE)), EINVAL, "a page");
	check_result(result(munmap(window, mine - PAGE)), EINVAL, "less");
	check_result(result(munmap(window, mine + PAGE)), EINVAL, "more");
	check_result(result(munmap(window + PAGE, mine - PAGE)), EINVAL,
		     "without the first page");
	check_result(result(munmap(window + 1, mine)), EINVAL, "unaligned");
	check_int(store(window + mine - 8, 5), 0);

	check_result(result(munmap(window, mine)), 0, "its length");
	check(load(window, &value) == SIGSEGV &&
		      load(window + granule, &value) == SIGSEGV &&
		      load(window + 2 * granule - 8, &value) == SIGSEGV,
	      "the window is still there");
	check(map_file(fd, mine) == window && peek(window + mine - 8) == 5,
	      "mapped again");
	check_result(result(munmap(window, 2 * granule)), 0, "all of it");
	close(fd);
}

/* MAP_FIXED replaces what the program names. */
static void fixed(void)
{
	int fd = new_file(LENGTH);
	char *start = (char *)range_of(fd).start, *other, *window;

	other = mmap(start + 64 * MIB, PAGE, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	must(other == start + 64 * MIB, "mmap: %m");
	*other = 'o';
	check(mmap(NULL, LENGTH, RW, MAP_SHARED, fd, 0) == MAP_FAILED &&
		      errno == EEXIST,
	      "over something: %m");
	check(mmap(start, LENGTH, RW, MAP_SHARED | MAP_FIXED, fd, 0) ==
			      MAP_FAILED &&
		      errno == EEXIST,
	      "over something else in the granule, MAP_FIXED: %m");
	check_int(*other, 'o');
	window = mmap(start, 65 * MIB, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	check(window == start, "over all, MAP_FIXED: %m");
	window = mmap(start, 66 * MIB, RW, MAP_SHARED | MAP_FIXED, fd, 0);
	check(window == start, "over itself, MAP_FIXED: %m");
	check_result(result(munmap(start, 65 * MIB)), EINVAL, "old length");
	/* What the program has, and does not name, must not go. */
	check(mmap(start, LENGTH, RW, MAP_SHARED | MAP_FIXED, fd, 0) ==
			      MAP_FAILED &&
		      errno == EEXIST,
	      "over a part of itself, MAP_FIXED: %m");
	check(load_at(start + 65 * MIB) != SIGSEGV, "the rest is gone");
	check_result(result(munmap(start, 66 * MIB)), 0, "new length");
	check(load_at(start + 64 * MIB) == SIGSEGV, "something is left");
	close(fd);
}

/* Other memory over the window, by the length that the program knows */
static void replaced(void)
{
	int fd = new_file(LENGTH);
	char *window = map_file(fd, LENGTH), *other;

	window[0] = 'w';
	check(mmap(window, LENGTH - MIB, RW,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0) == MAP_FAILED &&
		      errno == EINVAL,
	      "less: %m");
	check_int(window[0], 'w');
	other = mmap(window, LENGTH, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	must(other == window, "MAP_FIXED: %m");
	check_int(other[0], 0);
	check(load_at(window + granule - PAGE) == SIGSEGV, "a part is left");
	munmap(other, LENGTH);

	check(map_file(fd, LENGTH) == window && window[0] == 'w',
	      "mapped again");
	other = mmap(NULL, LENGTH, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(other != MAP_FAILED, "mmap: %m");
	other[0] = 'o';
	check(mremap(other, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED,
		     window) == window,
	      "mremap: %m");
	check_int(window[0], 'o');
	check(load_at(window + granule - PAGE) == SIGSEGV, "a part is left");
	munmap(window, LENGTH);
	check(map_file(fd, LENGTH) == window && window[0] == 'w',
	      "mapped at last");
	close(fd);
}

/* Others' windows, too, and calls that hold pages. */
struct race {
	int fd;
	char *window;
	volatile bool stop;
	volatile uint64_t stores, refused;
};

static void *store_always(void *arg)
{
	struct race *race = arg;

	pin_to_cpu(1);
	while (!race->stop) {
		if (store(race->window + MIB, 0x5555))
			race->refused++;
		else
			race->stores++;
	}
	return NULL;
}

static void *gup_always(void *arg)
{
	struct race *race = arg;
	char bytes[2 * PAGE];
	struct iovec local = { bytes, sizeof(bytes) };
	struct iovec remote = { race->window + MIB, sizeof(bytes) };

	memset(bytes, 0x55, sizeof(bytes));
	while (!race->stop)
		(void)!process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
	return NULL;
}

/*
 * A fault that is on its way counts a page before it finds that the file ends, and
 * the host may let the fault's CPU wait.
 */
static bool is_empty(int fd)
{
	double end = seconds() + 10;

	while (blocks(fd))
		if (seconds() > end)
			return false;
	return true;
}

/* When a shrink has returned, nobody stores into the file any more. */
static void shrink_race(void)
{
	struct race race = { .fd = new_file(2 * MIB) };
	void *(*const acts[])(void *) = { store_always, gup_always };
	pthread_t threads[2];
	uint64_t words[2], full = 0, wrong = 0;

	race.window = map_file(race.fd, 2 * MIB);
	for (int i = 0; i < 2; i++)
		must(!pthread_create(&threads[i], NULL, acts[i], &race),
		     "no thread");
	for (int round = 0; round < 300; round++) {
		uint64_t refused = race.refused;

		must(!ftruncate(race.fd, MIB), "shrink: %m");
		full += !is_empty(race.fd);
		if (round % 10 == 0)
			while (race.refused == refused)
				usleep(100);
		must(!ftruncate(race.fd, MIB + 2 * PAGE), "grow: %m");
		/* Not what was stored before, or where it was stored. */
		must(pread(race.fd, words, 16, MIB) == 16, "pread: %m");
		wrong += words[0] && words[0] != 0x5555 &&
			 (words[0] & 0xff) != 0x55;
		if (round % 10 == 0) {
			uint64_t stores = race.stores;

			while (race.stores == stores)
				usleep(100);
		}
	}
	race.stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	check_int(full, 0);
	check_int(wrong, 0);
	check(race.stores && race.refused, "%lu stores, %lu refused",
	      race.stores, race.refused);
	munmap(race.window, 2 * MIB);
	close(race.fd);
}

static void *resize_always(void *arg)
{
	struct race *race = arg;
	unsigned int round = 0;

	while (!race->stop) {
		(void)!ftruncate(race->fd, (round++ % 3) * granule + PAGE);
		(void)!pwrite(race->fd, "x", 1, MIB);
		(void)!fallocate(race->fd,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				 2 * MIB);
		region_protect(race->fd, (uint64_t)race->window, 2 * PAGE, RW);
		region_advise(race->fd, (uint64_t)race->window, granule,
			      MADV_REMOVE);
	}
	return NULL;
}

/* Two of each, on two CPUs: all that changes the file. */
static void change_race(void)
{
	struct race race = { .fd = new_file(PAGE) };
	void *(*const acts[])(void *) = { resize_always, resize_always,
					  store_always, gup_always };
	pthread_t threads[4];
	struct stat stat;

	race.window = map_file(race.fd, PAGE);
	for (int i = 0; i < 4; i++)
		must(!pthread_create(&threads[i], NULL, acts[i], &race),
		     "no thread");
	sleep_ms(3000);
	race.stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	check_result(result(ftruncate(race.fd, 0)), 0, "to nothing");
	must(!fstat(race.fd, &stat), "fstat: %m");
	check(!stat.st_size && !stat.st_blocks, "%ld bytes, %ld blocks",
	      stat.st_size, stat.st_blocks);
	check_int(load_at(race.window), SIGBUS);
	munmap(race.window, PAGE);
	close(race.fd);
}

static void seals(void)
{
	struct msharefs_seal seal = { sizeof(seal), 0, MSHAREFS_SEAL_MAP };
	int fd = new_file(LENGTH);

	check_result(request(fd, MSHAREFS_SEAL, &seal), 0, "SEAL_MAP");
	check_result(result(ftruncate(fd, LENGTH + 1)), EPERM, "grow");
	check_result(result(ftruncate(fd, 2 * granule)), EPERM, "grow more");
	check_result(result(pwrite(fd, "xy", 2, LENGTH - 1)), EPERM, "write");
	check_result(result(fallocate(fd, 0, LENGTH, 1)), EPERM, "fallocate");
	check_int(result(pwrite(fd, "xy", 2, LENGTH - 2)), 2);
	check_result(result(fallocate(fd, 0, 0, PAGE)), 0, "inside");
	check_result(result(ftruncate(fd, LENGTH)), 0, "same");
	check_result(result(ftruncate(fd, MIB)), 0, "shrink");
	seal.seals = MSHAREFS_SEAL_UNMAP;
	check_result(request(fd, MSHAREFS_SEAL, &seal), 0, "SEAL_UNMAP");
	check_result(result(ftruncate(fd, MIB - 1)), EPERM, "shrink");
	check_result(result(ftruncate(fd, 0)), EPERM, "to nothing");
	check_result(
		result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 0, PAGE)),
		EPERM, "punch");
	check_result(result(ftruncate(fd, MIB)), 0, "same");
	check_int(size_of(fd), MIB);
	close(fd);

	/* Before there is any size: no way to get one. */
	fd = region_open(region_path(), O_RDWR | O_CREAT);
	seal.seals = MSHAREFS_SEAL_MAP;
	check_result(request(fd, MSHAREFS_SEAL, &seal), 0, "SEAL_MAP");
	check_result(result(ftruncate(fd, 1)), EPERM, "first size");
	check_result(result(write(fd, "x", 1)), EPERM, "first write");
	check_int(range_of(fd).size, 0);
	close(fd);
}

static void tmpfile_case(void)
{
	const char *path = region_path();
	char from[64];
	char *window;
	int fd;

	become_stranger();
	fd = open(MSHARE_MOUNT, O_TMPFILE | O_RDWR, 0600);
	must(fd >= 0, "O_TMPFILE: %m");
	check_result(result(ftruncate(fd, LENGTH)), 0, "ftruncate");
	window = map_file(fd, LENGTH);
	check_int(store(window, 9), 0);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	check_result(result(linkat(AT_FDCWD, from, AT_FDCWD, path,
				   AT_SYMLINK_FOLLOW)),
		     0, "linkat");
	close(fd);
	munmap(window, LENGTH);
	fd = region_open(path, O_RDWR);
	check(peek(map_file(fd, LENGTH)) == 9, "the memory is gone");
	close(fd);
	/* Without a name it goes with its last user. */
	fd = open(MSHARE_MOUNT, O_TMPFILE | O_RDWR | O_EXCL, 0600);
	must(fd >= 0, "O_TMPFILE: %m");
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	check_result(result(linkat(AT_FDCWD, from, AT_FDCWD, region_path(),
				   AT_SYMLINK_FOLLOW)),
		     ENOENT, "linkat with O_EXCL");
	close(fd);
}

/* Where programs of all kinds have nothing; see msharefs.rst. */
#define FIRST_START 0x550000000000ULL
#define FIRST_END   0x555500000000ULL

static bool overlap(struct mshare_info a, struct mshare_info b)
{
	return a.start < b.start + b.size && b.start < a.start + a.size;
}

#define MANY 40

static void addresses(void)
{
	const char *other = "/mnt/other";
	struct mshare_info infos[MANY];
	int fds[MANY];
	char path[64];

	mounts_unshare();
	must(!mount("none", "/mnt", "tmpfs", 0, NULL) && !mkdir(other, 0700) &&
		     !mount("msharefs", other, "msharefs", 0, NULL),
	     "mount: %m");
	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "%s/%d",
			 i % 2 ? other : MSHARE_MOUNT, i);
		fds[i] = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
		must(fds[i] >= 0, "%s: %m", path);
		unlink(path);
		if (i % 3)
			must(!ftruncate(fds[i], i * 100 * MIB), "%m");
		else
			check_result(choose(fds[i], (1 + i % 4) * granule), 0,
				     "CHOOSE");
		infos[i] = range_of(fds[i]);
		check(infos[i].start >= FIRST_START &&
			      infos[i].start + infos[i].size <= FIRST_END,
		      "%d: %#llx is not in the first place", i, infos[i].start);
		for (int j = 0; j < i; j++)
			check(!overlap(infos[i], infos[j]), "%d and %d overlap",
			      i, j);
	}
	/* What is free is used again, so that regions lie close together. */
	close(fds[7]);
	fds[7] = region_open(region_path(), O_RDWR | O_CREAT);
	check_result(choose(fds[7], granule), 0, "CHOOSE");
	check_int(range_of(fds[7]).start, infos[7].start);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
}

/* The kernel goes round what users chose, who need not. */
static void explicit_addresses(void)
{
	int probe = new_file(1), a, b, c;
	const uint64_t start = range_of(probe).start;

	close(probe);
	a = region_open(region_path(), O_RDWR | O_CREAT);
	b = region_open(region_path(), O_RDWR | O_CREAT);
	/* Part of one, part of the other, and part of both */
	check_result(region_set_size(a, start + granule, 4 * granule), 0, "a");
	check_result(region_set_size(b, start + 3 * granule, 4 * granule), 0,
		     "b overlaps a");
	/* The first of these is still that of the probe, which has a name. */
	c = region_open(region_path(), O_RDWR | O_CREAT);
	check_result(choose(c, granule), 0, "c");
	check_int(range_of(c).start, start + 7 * granule);
	close(c);
	close(b);
	close(a);
}

static uint64_t next_choice(uint64_t size)
{
	const char *path = region_path();
	int fd = region_open(path, O_RDWR | O_CREAT | O_EXCL);
	uint64_t start;

	check_result(choose(fd, size), 0, "CHOOSE of %#lx", size);
	start = range_of(fd).start;
	unlink(path);
	close(fd);
	return start;
}

static void overlapping(void)
{
	const uint64_t start = next_choice(granule);
	const char *paths[8];
	int fds[8];

	for (int i = 0; i < 8; i++) {
		paths[i] = region_path();
		fds[i] = region_open(paths[i], O_RDWR | O_CREAT);
		check_result(region_set_size(fds[i], start + i * granule,
					     (8 - i / 2) * granule),
			     0, "%d", i);
	}
	check_int(next_choice(granule), start + 12 * granule);
	/* Away in another order: each leaves what others have. */
	for (int i = 0; i < 8; i++) {
		int gone = i * 3 % 8, first = 0;

		unlink(paths[gone]);
		close(fds[gone]);
		fds[gone] = -1;
		for (int j = 0; j < 8; j++)
			if (fds[j] >= 0 && j <= first)
				first = j + 8 - j / 2;
		check_int(next_choice(granule), start + first * granule);
	}
}

static void large_choice(void)
{
	int fd = region_open(region_path(), O_RDWR | O_CREAT);
	struct msharefs_choose wrong[] = {
		{ sizeof(wrong[0]), 1, granule },
		{ sizeof(wrong[0]), 0, 0 },
		{ sizeof(wrong[0]), 0, granule + PAGE },
		{ 4, 0, granule },
	};
	int ro;

	for (int i = 0; i < 4; i++)
		check_result(request(fd, MSHAREFS_CHOOSE, &wrong[i]), EINVAL,
			     "%d", i);
	check_result(request(fd, MSHAREFS_CHOOSE, nowhere), EFAULT, "EFAULT");
	check_result(choose(fd, 1UL << 47), ENOMEM, "2^47");
	check_result(choose(fd, -granule), ENOMEM, "2^64 less a granule");
	check_int(range_of(fd).size, 0);
	check_result(choose(fd, 341 * GIB), 0, "341 GiB");
	check(range_of(fd).start >= 0x410000000000 &&
		      range_of(fd).start + 341 * GIB <= 0x500000000000,
	      "at %#llx", range_of(fd).start);
	close(fd);
	ro = region_open(region_path(), O_RDONLY | O_CREAT);
	check_result(choose(ro, granule), EBADF, "O_RDONLY");
	close(ro);
}

/* Nobody takes the addresses of other mounts, which cost nothing. */
static void greed(void)
{
	int outside = region_open(region_path(), O_RDWR | O_CREAT);
	int greedy[4], more;

	regions_mount(NULL);
	for (int i = 0; i < 4; i++)
		greedy[i] = region_open(region_path(), O_RDWR | O_CREAT);
	/* All there is is not avoided, half of it is. */
	check_result(
		region_set_size(greedy[0], granule, (1UL << 47) - 2 * granule),
		0, "SET_SIZE of everything");
	check_result(choose(greedy[1], 40UL << 40), 0, "40 TiB");
	check_result(region_set_size(greedy[2], granule, 40UL << 40), 0,
		     "SET_SIZE of 40 TiB");
	check_result(choose(greedy[3], 25UL << 40), ENOMEM, "25 TiB");
	check_result(result(ftruncate(greedy[3], 25L << 40)), ENOMEM,
		     "ftruncate to 25 TiB");
	check_result(choose(greedy[3], 20UL << 40), 0, "20 TiB");
	check_result(choose(outside, granule), 0, "another mount");
	check(range_of(outside).start >= FIRST_START &&
		      range_of(outside).start < FIRST_END,
	      "at %#llx", range_of(outside).start);
	/* What is gone counts no more. */
	for (int i = 0; i < 4; i++)
		close(greedy[i]);
	must(!system("rm /mnt/test-*"), "rm");
	more = region_open(region_path(), O_RDWR | O_CREAT);
	check_result(choose(more, 60UL << 40), 0, "60 TiB");
	close(more);
	close(outside);
}

static void limit(void)
{
	const char *other = regions_mount("size=16M");
	struct statfs before, after;
	char *block = malloc(MIB);
	int fd = new_file(granule);
	char *window = map_file(fd, granule);
	uint64_t touched = 0;

	must(block && !statfs(other, &before), "statfs: %m");
	while (touched < 32 * MIB && !store(window + touched, 1))
		touched += PAGE;
	check(touched > 14 * MIB && touched <= 16 * MIB, "%lu bytes", touched);
	check_result(result(pwrite(fd, "x", 1, 64 * MIB)), ENOSPC, "write");
	check_result(result(fallocate(fd, 0, 64 * MIB, MIB)), ENOSPC,
		     "fallocate");
	check_int(size_of(fd), granule);
	check_result(result(ftruncate(fd, 0)), 0, "shrink");
	must(!statfs(other, &after), "statfs: %m");
	check(after.f_bfree + 32 > before.f_bfree, "%lu free, %lu before",
	      after.f_bfree, before.f_bfree);
	memset(block, 'b', MIB);
	for (int i = 0; i < 12; i++)
		check_int(result(pwrite(fd, block, MIB, i * MIB)), MIB);
	munmap(window, granule);
	close(fd);
	free(block);
}

/* An access control list, as on disk: see acl(5). */
struct acl {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[5];
};

#define ANY ((uint32_t)-1)

static void stranger_opens(struct peer *parent, void *arg)
{
	int fd;

	(void)parent;
	become_stranger();
	fd = open(arg, O_RDWR);
	check(fd >= 0, "open: %m");
	check_result(result(ftruncate(fd, MIB)), 0, "ftruncate");
}

static void acl(void)
{
	const struct acl list = { 2,
				  { { 1, 6, ANY },
				    { 2, 6, STRANGER },
				    { 4, 0, ANY },
				    { 0x10, 6, ANY },
				    { 0x20, 0, ANY } } };
	const char *path = region_path();
	int fd = region_open(path, O_RDWR | O_CREAT);
	struct acl got;
	struct peer peer;
	struct stat stat;

	must(!fchmod(fd, 0600), "chmod: %m");
	check_result(result(setxattr(path, "system.posix_acl_access", &list,
				     sizeof(list), 0)),
		     0, "setxattr");
	check(getxattr(path, "system.posix_acl_access", &got, sizeof(got)) ==
			      sizeof(got) &&
		      !memcmp(&got, &list, sizeof(got)),
	      "getxattr: %m");
	peer = peer_start(stranger_opens, (void *)path);
	peer_end(&peer);
	/* The mode is the mask. */
	check(!fchmod(fd, 0640) && !fstat(fd, &stat) &&
		      (stat.st_mode & 0777) == 0640,
	      "mode");
	check(getxattr(path, "system.posix_acl_access", &got, sizeof(got)) ==
			      sizeof(got) &&
		      got.entries[3].perm == 4,
	      "the mask is %o", got.entries[3].perm);
	close(fd);
}

static void umask_case(void)
{
	const char *path = region_path();
	struct stat stat;
	int fd;

	umask(027);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
	check(fd >= 0 && !fstat(fd, &stat) && (stat.st_mode & 0777) == 0640,
	      "mode %o", stat.st_mode);
	close(fd);
}

static const struct test_case cases[] = {
	{ "like-tmpfs",
	  "a region sized by ftruncate() does what a file on tmpfs does",
	  like_tmpfs },
	{ "range", "ftruncate() gives a range of whole granules", range },
	{ "either", "ftruncate() and SET_SIZE exclude each other", either },
	{ "large", "write() goes on behind 2 GiB", large },
	{ "privileges", "fallocate() takes set-user-ID away", privileges },
	{ "too-large",
	  "a file that has no addresses fails with ENOMEM, and stays empty",
	  too_large },
	{ "grow", "a file grows as far as the addresses behind are free",
	  grow },
	{ "grow-later",
	  "addresses are free when the last user of a region is gone",
	  grow_later },
	{ "lengths", "mmap() and munmap() take the program's own length",
	  lengths },
	{ "fixed", "MAP_FIXED replaces nothing that the program does not name",
	  fixed },
	{ "replaced",
	  "MAP_FIXED and mremap() replace a window by its length in the program",
	  replaced },
	{ "shrink-race", "nobody stores into a file that has been cut",
	  shrink_race },
	{ "change-race",
	  "files are resized, emptied and written at the same time",
	  change_race },
	{ "seals", "seals hold for the file", seals },
	{ "tmpfile", "O_TMPFILE creates a region without a name",
	  tmpfile_case },
	{ "addresses",
	  "the kernel gives regions of all mounts their own addresses",
	  addresses },
	{ "explicit", "the kernel avoids addresses that users chose",
	  explicit_addresses },
	{ "overlapping", "addresses are free when none of the regions is left",
	  overlapping },
	{ "large-choice",
	  "CHOOSE accepts whole granules for which there is room",
	  large_choice },
	{ "greed", "a mount gets no more than half of the addresses", greed },
	{ "limit", "a file that is as large as the mount fails as on tmpfs",
	  limit },
	{ "acl", "access control lists hold", acl },
	{ "umask", "the umask holds", umask_case },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
