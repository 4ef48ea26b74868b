// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the guest that "./dev vm" boots: makes the read-only root (the
 * host's file system) usable, runs one command, and sends what it prints and
 * how it ended to relay.
 *
 * The job directory, named by the first argument, holds lists of strings that
 * each end in a NUL: argv, env, shares (directories to mount read-write), keep
 * (directories that must stay visible where a tmpfs goes on top of them), and
 * options.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define MAX_KEEP   16
#define PIPE_CHUNK 65536

static int wire = -1;

static void write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nobody is left to tell */
		at += n;
		len -= n;
	}
}

static void send_frame(enum wire_type type, const void *data, size_t len)
{
	struct wire_header header = { .type = type, .len = len };

	write_all(wire, &header, sizeof(header));
	write_all(wire, data, len);
}

/* relay ends the machine when it has the last frame; this is for when it can't */
static _Noreturn void power_off(void)
{
	sleep(5);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static _Noreturn __attribute__((format(printf, 1, 2))) void
fail(const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);

	fprintf(stderr, "guest init: %s\n", text);
	if (wire >= 0)
		send_frame(WIRE_FAILED, text, strlen(text));
	power_off();
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	write_all(fd, text, strlen(text));
	close(fd);
}

/* Reads a file of NUL-terminated strings into an array that ends in NULL. */
static char **read_list(const char *dir, const char *name)
{
	char path[4096], *data = NULL, **list;
	size_t len = 0, room = 0, count = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("cannot open %s: %s", path, strerror(errno));
	do {
		if (room - len < 4096) {
			room = room * 2 + 65536;
			data = realloc(data, room);
			if (!data)
				fail("out of memory reading %s", path);
		}
		n = read(fd, data + len, room - len);
		if (n < 0)
			fail("cannot read %s: %s", path, strerror(errno));
		len += n;
	} while (n);
	close(fd);

	for (size_t i = 0; i < len; i++)
		count += !data[i];
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		fail("out of memory reading %s", path);
	for (size_t i = 0, at = 0; i < count; i++, at += strlen(data + at) + 1)
		list[i] = data + at;
	return list;
}

static bool list_has(char **list, const char *word)
{
	for (; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

static void make_dirs(const char *path)
{
	char copy[4096];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		mkdir(copy, 0755);
		*at = '/';
	}
	mkdir(copy, 0755);
}

static void mount_or_fail(const char *source, const char *target,
			  const char *type, unsigned long flags,
			  const char *options)
{
	if (mount(source, target, type, flags, options) && errno != EBUSY)
		fail("cannot mount %s on %s: %s", type, target,
		     strerror(errno));
}

/* For what not every kernel configuration has. */
static void mount_if_known(const char *target, const char *type,
			   unsigned long flags, const char *options)
{
	mkdir(target, 0755);
	mount(type, target, type, flags, options);
}

static void mount_early(void)
{
	unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	mount_or_fail("proc", "/proc", "proc", safe, NULL);
	mount_or_fail("sysfs", "/sys", "sysfs", safe, NULL);
	mount_or_fail("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, NULL);
}

/*
 * Mounts a tmpfs on @target, and what @keep names below it on top of that
 * again: a clone below /tmp must work as well as any other.
 */
static void cover_with_tmpfs(const char *target, const char *options,
			     char **keep)
{
	size_t len = strlen(target);
	int held[MAX_KEEP], count = 0;

	for (; keep[count]; count++) {
		if (count >= MAX_KEEP)
			fail("more than %d directories to keep", MAX_KEEP);
		held[count] = -1;
		if (!strncmp(keep[count], target, len) &&
		    keep[count][len] == '/')
			held[count] = open(keep[count], O_PATH | O_CLOEXEC);
	}
	mount_or_fail("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, options);
	for (int i = 0; i < count; i++) {
		char self[64];

		if (held[i] < 0)
			continue;
		snprintf(self, sizeof(self), "/proc/self/fd/%d", held[i]);
		make_dirs(keep[i]);
		if (mount(self, keep[i], NULL, MS_BIND, NULL))
			fail("cannot keep %s: %s", keep[i], strerror(errno));
		close(held[i]);
	}
}

static void mount_rest(char **keep, char **shares, char **options)
{
	unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	cover_with_tmpfs("/tmp", "mode=1777", keep);
	cover_with_tmpfs("/run", "mode=0755", keep);
	mkdir("/run/lock", 01777);

	mkdir("/dev/pts", 0755);
	mount_or_fail("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		      "ptmxmode=0666,mode=0620,gid=5");
	mkdir("/dev/shm", 01777);
	mount_or_fail("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV,
		      "mode=1777");
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		fail("cannot make the links in /dev: %s", strerror(errno));

	mount_if_known("/dev/hugepages", "hugetlbfs", MS_NOSUID | MS_NODEV,
		       NULL);
	mount_if_known("/dev/mqueue", "mqueue", safe, NULL);
	mount_if_known("/sys/fs/cgroup", "cgroup2", safe, NULL);
	mount_if_known("/sys/kernel/debug", "debugfs", safe, NULL);
	mount_if_known("/sys/kernel/tracing", "tracefs", safe, NULL);
	mount_if_known("/sys/kernel/security", "securityfs", safe, NULL);

	for (int i = 0; shares[i]; i++) {
		char tag[32];

		snprintf(tag, sizeof(tag), "share%d", i);
		make_dirs(shares[i]);
		mount_or_fail(
			tag, shares[i], "9p", MS_NOSUID | MS_NODEV,
			"trans=virtio,version=9p2000.L,msize=512000,cache=mmap");
	}
	/*
	 * Not noexec: code in a region is among what is tested. Without a
	 * limit, as regions here are often larger than the guest.
	 */
	if (list_has(options, "msharefs"))
		mount_or_fail("msharefs", "/sys/fs/mshare", "msharefs",
			      MS_NOSUID | MS_NODEV, "size=0");
}

static void bring_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (!ioctl(fd, SIOCGIFFLAGS, &request)) {
		request.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &request);
	}
	close(fd);
}

/*
 * The port comes up a little after init does. There is one such device; its
 * number depends on how many other virtio devices came before it.
 */
static void open_wire(void)
{
	struct timespec pause = { .tv_nsec = 2000000 };
	glob_t found;

	for (int i = 0; i < 10000 && wire < 0; i++) {
		if (!glob("/dev/vport*p1", 0, NULL, &found))
			wire = open(found.gl_pathv[0], O_RDWR | O_CLOEXEC);
		globfree(&found);
		if (wire < 0)
			nanosleep(&pause, NULL);
	}
	if (wire < 0)
		fail("no virtio-serial port appeared");
}

static _Noreturn void run_child(char **argv, char **env, const char *cwd,
				int out, int err)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(null); /* the others are close-on-exec */

	write_file("/proc/self/oom_score_adj", "0");
	if (chdir(cwd)) {
		dprintf(STDERR_FILENO, "guest: cannot enter %s: %s\n", cwd,
			strerror(errno));
		_exit(126);
	}
	environ = env;
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "guest: cannot run %s: %s\n", argv[0],
		strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Passes on what is there. Returns false at the end of the stream. */
static bool pump(int fd, enum wire_type type)
{
	static char data[PIPE_CHUNK];
	ssize_t n = read(fd, data, sizeof(data));

	if (n > 0)
		send_frame(type, data, n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What is in the pipe now, and no more: others may go on writing to it. */
static void drain(int fd, enum wire_type type)
{
	int left = 0;

	if (fd < 0 || ioctl(fd, FIONREAD, &left))
		return;
	for (; left > 0 && pump(fd, type); left -= PIPE_CHUNK)
		;
}

static void reap(pid_t child, int *status, bool *ended)
{
	int how;
	pid_t pid;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) :
					     WEXITSTATUS(how);
		*ended = true;
	}
}

static uint8_t run(char **argv, char **env, const char *cwd)
{
	int out[2], err[2], signals, status = 0;
	bool ended = false;
	sigset_t chld;
	pid_t child;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signals = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		fail("cannot make the pipes: %s", strerror(errno));

	child = fork();
	if (child < 0)
		fail("cannot fork: %s", strerror(errno));
	if (!child)
		run_child(argv, env, cwd, out[1], err[1]);
	close(out[1]);
	close(err[1]);

	struct pollfd from[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = out[0], .events = POLLIN },
		{ .fd = err[0], .events = POLLIN },
	};
	while (!ended) {
		struct signalfd_siginfo info;

		if (poll(from, 3, -1) < 0)
			continue;
		if (from[1].revents && !pump(out[0], WIRE_STDOUT))
			from[1].fd = -1;
		if (from[2].revents && !pump(err[0], WIRE_STDERR))
			from[2].fd = -1;
		if (from[0].revents) {
			while (read(signals, &info, sizeof(info)) > 0)
				;
			reap(child, &status, &ended);
		}
	}
	/* Something in the background may hold the pipes open: don't wait. */
	drain(from[1].fd, WIRE_STDOUT);
	drain(from[2].fd, WIRE_STDERR);
	return status;
}

/*
 * What the command left behind is taken down before the status is sent, so
 * that a report that comes only then is in the console log.
 */
static void tear_down(char **shares)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	while (!umount2("/sys/fs/mshare", 0))
		;
	for (; *shares; shares++)
		umount2(*shares, 0);
	sync();
}

int main(int argc, char **argv)
{
	char **command, **env, **keep, **shares, **options, **cwd;
	uint8_t status;

	umask(0);
	mount_early();
	open_wire();
	if (argc != 2)
		fail("expected the job directory as the only argument");
	command = read_list(argv[1], "argv");
	env = read_list(argv[1], "env");
	cwd = read_list(argv[1], "cwd");
	keep = read_list(argv[1], "keep");
	shares = read_list(argv[1], "shares");
	options = read_list(argv[1], "options");
	if (!*command || !*cwd)
		fail("no command or no directory to run it in");

	mount_rest(keep, shares, options);
	sethostname("mshare", 6);
	bring_loopback_up();
	write_file("/proc/self/oom_score_adj", "-1000");
	umask(022);

	status = run(command, env, *cwd);
	tear_down(shares);
	send_frame(WIRE_STATUS, &status, 1);
	power_off();
}
