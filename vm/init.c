// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the guest that "./dev vm" boots: makes the read-only root (the
 * host's file system) usable, runs one command, and writes the command's
 * output and end to files of the host.
 *
 * Arguments: the job directory, and "msharefs" to mount msharefs. The directory
 * has lists of strings that each end in a NUL: argv, env, cwd, shares
 * (directories to mount read-write), and keep (directories that must stay
 * visible below a tmpfs). init writes the output of the command to the files
 * stdout and stderr, and to the file end the line "exit STATUS" or "lost WHY".
 * A write returns when the host has the data, so the host has all output before
 * the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_KEEP   16
#define PIPE_CHUNK 65536

/* Files of the job, once they are open. */
static struct {
	int out, err, end;
} job = { -1, -1, -1 };

static void write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* no reader is left */
		at += n;
		len -= n;
	}
}

/*
 * The kernel resets the devices before it powers off, and QEMU can crash if a
 * request for a file is under way then.
 */
static _Noreturn void power_off(void)
{
	close(job.out);
	close(job.err);
	close(job.end);
	sync();
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
	if (job.end >= 0)
		dprintf(job.end, "lost %s\n", text);
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
static char **read_list(const char *name)
{
	char *data, **list;
	struct stat stat;
	size_t count = 0;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		fail("cannot open %s: %m", name);
	data = malloc(stat.st_size + 1);
	if (!data || read(fd, data, stat.st_size) != stat.st_size)
		fail("cannot read %s: %m", name);
	close(fd);

	for (off_t i = 0; i < stat.st_size; i++)
		count += !data[i];
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		fail("out of memory reading %s", name);
	for (size_t i = 0; i < count; data += strlen(data) + 1)
		list[i++] = data;
	return list;
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

#define SAFE      (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define EXEC_SAFE (MS_NOSUID | MS_NODEV)

struct mounting {
	const char *type, *target;
	unsigned long flags;
	const char *options;
};

// clang-format off
static const struct mounting early[] = {
	{ "proc",	"/proc",		SAFE,		NULL },
	{ "sysfs",	"/sys",			SAFE,		NULL },
	{ "devtmpfs",	"/dev",			MS_NOSUID,	NULL },
	{ }
};

static const struct mounting late[] = {
	{ "tmpfs",	"/dev/shm",		EXEC_SAFE,	"mode=1777" },
	{ "devpts",	"/dev/pts",		MS_NOSUID | MS_NOEXEC,
	  "ptmxmode=0666,mode=0620,gid=5" },
	{ }
};

/* Not every kernel configuration has these. */
static const struct mounting if_known[] = {
	{ "hugetlbfs",	"/dev/hugepages",	EXEC_SAFE,	NULL },
	{ "mqueue",	"/dev/mqueue",		SAFE,		NULL },
	{ "cgroup2",	"/sys/fs/cgroup",	SAFE,		NULL },
	{ "debugfs",	"/sys/kernel/debug",	SAFE,		NULL },
	{ "tracefs",	"/sys/kernel/tracing",	SAFE,		NULL },
	{ "securityfs",	"/sys/kernel/security",	SAFE,		NULL },
	{ }
};

/*
 * Not noexec: the tests run code in a region. Without a limit, as regions here
 * are often larger than the guest.
 */
static const struct mounting msharefs[] = {
	{ "msharefs",	"/sys/fs/mshare",	EXEC_SAFE,	"size=0" },
	{ }
};
// clang-format on

static bool try_mount(const struct mounting *m)
{
	mkdir(m->target, 0755);
	return !mount(m->type, m->target, m->type, m->flags, m->options) ||
	       errno == EBUSY;
}

static void mount_all(const struct mounting *m)
{
	for (; m->target; m++)
		if (!try_mount(m))
			fail("cannot mount %s on %s: %m", m->type, m->target);
}

static void mount_known(const struct mounting *m)
{
	for (; m->target; m++)
		try_mount(m);
}

static void mount_share(const char *tag, const char *target, const char *cache)
{
	char options[128];

	snprintf(options, sizeof(options),
		 "trans=virtio,version=9p2000.L,msize=512000,cache=%s", cache);
	if (mount(tag, target, "9p", EXEC_SAFE, options))
		fail("cannot mount %s: %m", target);
}

static int open_output(const char *name)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		fail("cannot open %s: %m", name);
	return fd;
}

/* Without a cache, so that the host sees the output at once. */
static void enter_job(const char *dir)
{
	mount_share("job", dir, "none");
	if (chdir(dir))
		fail("cannot enter %s: %m", dir);
	job.end = open_output("end");
	job.out = open_output("stdout");
	job.err = open_output("stderr");
}

/* Open files stay usable; the command does not need the directory. */
static void leave_job(void)
{
	umount2(".", MNT_DETACH);
	if (chdir("/"))
		fail("cannot enter /: %m");
}

/*
 * Mounts a tmpfs on @target, and what @keep names below it on top of that
 * again: a clone below /tmp must work as well as any other.
 */
static void cover_with_tmpfs(const char *target, const char *options,
			     char **keep)
{
	const struct mounting tmpfs[] = {
		{ "tmpfs", target, EXEC_SAFE, options },
		{},
	};
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
	mount_all(tmpfs);
	for (int i = 0; i < count; i++) {
		char self[64];

		if (held[i] < 0)
			continue;
		snprintf(self, sizeof(self), "/proc/self/fd/%d", held[i]);
		make_dirs(keep[i]);
		if (mount(self, keep[i], NULL, MS_BIND, NULL))
			fail("cannot keep %s: %m", keep[i]);
		close(held[i]);
	}
}

static void make_links(void)
{
	if (symlink("/proc/self/fd", "/dev/fd") ||
	    symlink("/proc/self/fd/0", "/dev/stdin") ||
	    symlink("/proc/self/fd/1", "/dev/stdout") ||
	    symlink("/proc/self/fd/2", "/dev/stderr"))
		fail("cannot make the links in /dev: %m");
}

static void mount_shares(char **shares)
{
	for (int i = 0; shares[i]; i++) {
		char tag[32];

		snprintf(tag, sizeof(tag), "share%d", i);
		make_dirs(shares[i]);
		mount_share(tag, shares[i], "mmap");
	}
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

static _Noreturn void run_child(char **argv, char **env, const char *cwd,
				int out, int err)
{
	int null = open("/dev/null", O_RDONLY);

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(null); /* the others are close-on-exec */

	write_file("/proc/self/oom_score_adj", "0");
	if (chdir(cwd)) {
		dprintf(STDERR_FILENO, "guest: cannot enter %s: %m\n", cwd);
		_exit(126);
	}
	environ = env;
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "guest: cannot run %s: %m\n", argv[0]);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Copies from a pipe to a file of the job, until the pipe has no writer. */
struct pump {
	int from, into; /* the pipe */
	int to;
	pthread_t thread;
};

static void pump_open(struct pump *p, int to)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		fail("cannot make a pipe: %m");
	p->from = ends[0];
	p->into = ends[1];
	p->to = to;
}

static void *pump_run(void *arg)
{
	const struct pump *p = arg;
	char data[PIPE_CHUNK];
	ssize_t n;

	while ((n = read(p->from, data, sizeof(data))) > 0)
		write_all(p->to, data, n);
	return NULL;
}

static void pump_start(struct pump *p)
{
	close(p->into);
	if (pthread_create(&p->thread, NULL, pump_run, p))
		fail("cannot start a thread");
}

/* Reaps processes until @child has ended. */
static int await(pid_t child)
{
	int how;

	while (wait(&how) != child)
		;
	return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

/* Other processes may still run, and keep the pipes open. */
static void kill_the_rest(void)
{
	kill(-1, SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

static int run(char **argv, char **env, const char *cwd)
{
	struct pump out, err;
	int status;
	pid_t child;

	pump_open(&out, job.out);
	pump_open(&err, job.err);
	child = fork();
	if (child < 0)
		fail("cannot fork: %m");
	if (!child)
		run_child(argv, env, cwd, out.into, err.into);
	pump_start(&out);
	pump_start(&err);

	status = await(child);
	kill_the_rest();
	pthread_join(out.thread, NULL);
	pthread_join(err.thread, NULL);
	return status;
}

/* Called before the status is written, so that a report from here counts. */
static void unmount(char **shares)
{
	while (!umount2("/sys/fs/mshare", 0))
		;
	for (; *shares; shares++)
		umount2(*shares, 0);
}

int main(int argc, char **argv)
{
	char **command, **env, **keep, **shares, **cwd;
	int status;

	umask(0);
	mount_all(early);
	if (argc < 2)
		fail("expected the job directory as an argument");
	enter_job(argv[1]);
	command = read_list("argv");
	env = read_list("env");
	cwd = read_list("cwd");
	keep = read_list("keep");
	shares = read_list("shares");
	leave_job();
	if (!*command || !*cwd)
		fail("no command or no directory to run it in");

	cover_with_tmpfs("/tmp", "mode=1777", keep);
	cover_with_tmpfs("/run", "mode=0755", keep);
	mkdir("/run/lock", 01777);
	mount_all(late);
	mount_known(if_known);
	make_links();
	mount_shares(shares);
	if (argc > 2)
		mount_all(msharefs);
	sethostname("mshare", 6);
	bring_loopback_up();
	write_file("/proc/self/oom_score_adj", "-1000");
	umask(022);

	status = run(command, env, *cwd);
	unmount(shares);
	dprintf(job.end, "exit %d\n", status);
	power_off();
}
