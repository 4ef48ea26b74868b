// SPDX-License-Identifier: GPL-2.0-only
#include "window.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "array.h"

#define ARGUMENTS_STEP 4096
#define DELETED        " (deleted)"

struct scan {
	struct window_devices devices;
	int (*fn)(const struct window *window, void *data);
	void *data;
	size_t *unreadable;
};

/* The kernel writes a newline as \012, and escapes nothing else. */
static void unescape(char *path)
{
	char *to = path;

	while (*path) {
		if (!strncmp(path, "\\012", 4)) {
			*to++ = '\n';
			path += 4;
		} else {
			*to++ = *path++;
		}
	}
	*to = '\0';
}

static bool strip_deleted(char *path)
{
	size_t len = strlen(path), tail = strlen(DELETED);

	if (len < tail || strcmp(path + len - tail, DELETED))
		return false;
	path[len - tail] = '\0';
	return true;
}

static bool has_device(struct window_devices devices, dev_t dev)
{
	for (size_t i = 0; i < devices.count; i++)
		if (devices.devs[i] == dev)
			return true;
	return false;
}

bool window_parse(char *line, struct window_devices devices, struct window *w)
{
	uint64_t start, end, offset, inode;
	unsigned int major, minor;
	char rights[5];
	int path = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64
		   " %n",
		   &start, &end, rights, &offset, &major, &minor, &inode,
		   &path) != 7 ||
	    !path || !has_device(devices, makedev(major, minor)))
		return false;
	w->dev = makedev(major, minor);
	w->range = (struct range){ .start = start, .size = end - start };
	w->offset = offset;
	w->prot = (rights[0] == 'r' ? PROT_READ : 0) |
		  (rights[1] == 'w' ? PROT_WRITE : 0) |
		  (rights[2] == 'x' ? PROT_EXEC : 0);
	w->shared = rights[3] == 's';
	w->inode = inode;
	w->deleted = strip_deleted(line + path);
	unescape(line + path);
	w->path = line + path;
	return true;
}

/*
 * Converts to one line: the byte between replaces word ends, and trailing ends
 * are removed.
 */
static void join(char *text, size_t len, char between)
{
	while (len && (!text[len - 1] || text[len - 1] == '\n'))
		len--;
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = between;
	text[len] = '\0';
}

/* Reads at most size - 1 bytes of a small file. */
static void read_text(int dirfd, const char *name, char *buf, size_t size,
		      char between)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	join(buf, n < 0 ? 0 : (size_t)n, between);
}

/* Reads a whole command line of any length. NULL: out of memory. */
static char *read_arguments(int dirfd)
{
	const int fd = openat(dirfd, "cmdline", O_RDONLY | O_CLOEXEC);
	struct array text = { 0 };
	ssize_t n;
	int err;

	/* The byte more is for the end. */
	while (!(err = array_reserve(&text, 1, ARGUMENTS_STEP + 1))) {
		n = read(fd, (char *)text.items + text.count, ARGUMENTS_STEP);
		if (n <= 0)
			break;
		text.count += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	if (err) {
		free(text.items);
		return NULL;
	}
	join(text.items, text.count, ' ');
	return text.items;
}

static uid_t effective_user(int dirfd)
{
	char status[4096], *line;
	unsigned int uid;

	read_text(dirfd, "status", status, sizeof(status), ' ');
	line = strstr(status, "\nUid:");
	if (!line || sscanf(line, "\nUid: %*u %u", &uid) != 1)
		return (uid_t)-1;
	return uid;
}

/* One process in procfs. */
struct process {
	pid_t pid;
	int dir;
	int memory; /* the directory of a thread that has the memory */
};

static int scan_lines(const struct scan *s, const struct process *p, FILE *maps,
		      bool *empty)
{
	struct window w = { .pid = p->pid };
	char *line = NULL, *arguments = NULL;
	char command[64];
	size_t len = 0;
	int ret = 0;

	while (!ret && getline(&line, &len, maps) > 0) {
		*empty = false;
		if (!window_parse(line, s->devices, &w))
			continue;
		/* Most processes have no window; the others have few. */
		if (!w.command) {
			read_text(p->dir, "comm", command, sizeof(command),
				  ' ');
			arguments = read_arguments(p->memory);
			w.command = command;
			w.arguments = arguments;
			w.uid = effective_user(p->dir);
		}
		ret = arguments ? s->fn(&w, s->data) : -ENOMEM;
	}
	free(arguments);
	free(line);
	return ret;
}

static bool is_number(const char *name)
{
	return *name >= '1' && *name <= '9';
}

/* Counts inaccessible processes, not processes that have ended. */
static int not_opened(const struct scan *s, int fd)
{
	const int err = errno;

	if (fd >= 0)
		close(fd);
	if (err == EACCES || err == EPERM)
		++*s->unreadable;
	return err == EMFILE || err == ENFILE || err == ENOMEM ? -err : 0;
}

/* *empty: this thread seems to have no memory. */
static int scan_maps(const struct scan *s, const struct process *p, bool *empty)
{
	const size_t unreadable = *s->unreadable;
	int fd = openat(p->memory, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	int ret;

	*empty = true;
	if (maps) {
		ret = scan_lines(s, p, maps, empty);
		fclose(maps);
		return ret;
	}
	ret = not_opened(s, fd);
	*empty = unreadable == *s->unreadable;
	return ret;
}

/* Other threads keep the memory of a process whose main thread has exited. */
static int scan_threads(const struct scan *s, struct process *p)
{
	int fd = openat(p->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool empty = true;
	int ret = 0;

	if (!dir)
		return not_opened(s, fd);
	while (!ret && empty && (entry = readdir(dir))) {
		if (!is_number(entry->d_name) || atoi(entry->d_name) == p->pid)
			continue;
		p->memory = openat(fd, entry->d_name,
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (p->memory < 0) {
			ret = not_opened(s, -1);
			continue;
		}
		ret = scan_maps(s, p, &empty);
		close(p->memory);
	}
	closedir(dir);
	return ret;
}

static int scan_process(const struct scan *s, int procfd, const char *name)
{
	struct process p = { .pid = (pid_t)atoi(name) };
	bool empty;
	int ret;

	p.dir = openat(procfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.dir < 0)
		return not_opened(s, -1);
	p.memory = p.dir;
	ret = scan_maps(s, &p, &empty);
	if (!ret && empty)
		ret = scan_threads(s, &p);
	close(p.dir);
	return ret;
}

static bool is_proc(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

int window_scan(const char *proc, struct window_devices devices,
		int (*fn)(const struct window *window, void *data), void *data,
		size_t *unreadable)
{
	const struct scan s = {
		.devices = devices,
		.fn = fn,
		.data = data,
		.unreadable = unreadable,
	};
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	*unreadable = 0;
	dir = opendir(proc);
	if (!dir)
		return -errno;
	/* An empty directory has no processes either. */
	if (!is_proc(dirfd(dir))) {
		closedir(dir);
		return -ENOENT;
	}
	while (!ret && (entry = readdir(dir)))
		if (is_number(entry->d_name))
			ret = scan_process(&s, dirfd(dir), entry->d_name);
	closedir(dir);
	return ret;
}

bool window_has_rest(const struct window *window, uint64_t rest)
{
	const uint64_t start = window->range.start;
	char path[80];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
		 window->pid, start, start + window->range.size + rest);
	return !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

bool window_is_linked(pid_t pid, uint64_t start)
{
	uint64_t at, end;
	bool found = false, linked = false;
	char path[48], *line = NULL;
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "re");
	while (f && getline(&line, &len, f) > 0) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &at, &end) == 2)
			found = at == start;
		else if (found && !strncmp(line, "VmFlags:", 8))
			break;
	}
	if (found && line)
		linked = strstr(line, " sp");
	free(line);
	if (f)
		fclose(f);
	return linked;
}
