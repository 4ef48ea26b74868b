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
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = "out of memory";
	va_end(ap);
	fprintf(stderr, "guest init: %s\n", text);
	dprintf(job.end, "lost %s\n", text);
	power_off();
}

static void set_oom_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	write_all(fd, score, strlen(score));
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
	char *copy = strdup(path);

	if (!copy)
		fail("out of memory");
	for (char *at = strchr(copy + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(copy, 0755);
		*at = '/';
	}
	mkdir(copy, 0755);
	free(copy);
}

#define SAFE      (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define EXEC_SAFE (MS_NOSUID | MS_NODEV)

struct mounting {
	const char *type, *target;
	unsigned long flags;
	const char *options;
	bool optional; /* not every kernel has this type */
};

// clang-format off
static const struct mounting of_system[] = {
	{ "proc",	"/proc",		SAFE },
	{ "sysfs",	"/sys",			SAFE },
	{ "devtmpfs",	"/dev",			MS_NOSUID },
	{ "tmpfs",	"/dev/shm",		EXEC_SAFE, "mode=1777" },
	{ "devpts",	"/dev/pts",		MS_NOSUID | MS_NOEXEC,
	  "ptmxmode=0666,mode=0620,gid=5" },
	{ "hugetlbfs",	"/dev/hugepages",	EXEC_SAFE, NULL, true },
	{ "mqueue",	"/dev/mqueue",		SAFE, NULL, true },
	{ "cgroup2",	"/sys/fs/cgroup",	SAFE, NULL, true },
	{ "debugfs",	"/sys/kernel/debug",	SAFE, NULL, true },
	{ "tracefs",	"/sys/kernel/tracing",	SAFE, NULL, true },
	{ "securityfs",	"/sys/kernel/security",	SAFE, NULL, true },
	{ }
};

/* These hide files of the host. */
static const struct mounting covers[] = {
	{ "tmpfs",	"/tmp",			EXEC_SAFE, "mode=1777" },
	{ "tmpfs",	"/run",			EXEC_SAFE, "mode=0755" },
	{ }
};

/*
 * Not noexec: the tests run code in a region. Without a limit, as regions here
 * are often larger than the guest.
 */
static const struct mounting msharefs[] = {
	{ "msharefs",	"/sys/fs/mshare",	EXEC_SAFE, "size=0" },
	{ }
};
// clang-format on

static void mount_all(const struct mounting *m)
{
	for (; m->target; m++) {
		mkdir(m->target, 0755);
		if (mount(m->type, m->target, m->type, m->flags, m->options) &&
		    errno != EBUSY && !m->optional)
			fail("cannot mount %s on %s: %m", m->type, m->target);
	}
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

static bool is_visible(const char *path, int fd)
{
	struct stat wanted, found;

	return fstat(fd, &wanted) ||
	       (!stat(path, &found) && found.st_dev == wanted.st_dev &&
		found.st_ino == wanted.st_ino);
}

/* A clone below /tmp must work as well as any other: @keep stays visible. */
static void cover(char **keep)
{
	int held[MAX_KEEP] = { 0 }, count = 0;

	for (; keep[count]; count++) {
		if (count >= MAX_KEEP)
			fail("more than %d directories to keep", MAX_KEEP);
		held[count] = open(keep[count], O_PATH | O_CLOEXEC);
	}
	mount_all(covers);
	for (int i = 0; i < count; i++) {
		char self[64];

		snprintf(self, sizeof(self), "/proc/self/fd/%d", held[i]);
		if (!is_visible(keep[i], held[i])) {
			make_dirs(keep[i]);
			if (mount(self, keep[i], NULL, MS_BIND, NULL))
				fail("cannot keep %s: %m", keep[i]);
		}
		close(held[i]);
	}
}

static void make_links(void)
{
	static const char *const links[][2] = {
		{ "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" },
		{ "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]))
			fail("cannot create %s: %m", links[i][1]);
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
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ioctl(fd, SIOCSIFFLAGS, &request);
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

	set_oom_score("0");
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
	int to;
	int ends[2]; /* of the pipe */
	pthread_t thread;
};

static void *pump_run(void *arg)
{
	const struct pump *p = arg;
	char data[PIPE_CHUNK];
	ssize_t n;

	while ((n = read(p->ends[0], data, sizeof(data))) > 0)
		write_all(p->to, data, n);
	return NULL;
}

static void pump_start(struct pump *p)
{
	if (pipe2(p->ends, O_CLOEXEC) ||
	    pthread_create(&p->thread, NULL, pump_run, p))
		fail("cannot take output");
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
	struct pump out = { .to = job.out }, err = { .to = job.err };
	int status;
	pid_t child;

	pump_start(&out);
	pump_start(&err);
	child = fork();
	if (child < 0)
		fail("cannot fork: %m");
	if (!child)
		run_child(argv, env, cwd, out.ends[1], err.ends[1]);
	close(out.ends[1]);
	close(err.ends[1]);

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
	mount_all(of_system);
	make_links();
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

	cover(keep);
	mkdir("/run/lock", 01777);
	mount_shares(shares);
	if (argc > 2)
		mount_all(msharefs);
	sethostname("mshare", 6);
	bring_loopback_up();
	set_oom_score("-1000");
	umask(022);

	status = run(command, env, *cwd);
	unmount(shares);
	dprintf(job.end, "exit %d\n", status);
	power_off();
}
