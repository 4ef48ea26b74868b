// SPDX-License-Identifier: GPL-2.0-only
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracee.h"
#include "window.h"

/* Enough for printf() several times over. */
#define STACK_SIZE (128 << 10)

/* Shared by this process and the helper. */
struct attach_session {
	struct attach attach;
	bool try;
	pid_t target;
	int sock[2]; /* the ends of this process and of the helper */
	int proc;    /* the target's directory in /proc */
	int err;     /* errno of starting the helper */
	sigset_t caller_mask;
	_Alignas(16) char starter_stack[STACK_SIZE];
	_Alignas(16) char helper_stack[STACK_SIZE];
};

const char *attach_arch(void)
{
	return ARCH_NAME;
}

/*
 * By descriptor: in the /proc of another PID namespace the target has another
 * number, which may be the number of another process.
 */
static void proc_path(const struct attach_session *s, char *path, size_t size,
		      const char *name)
{
	snprintf(path, size, "/proc/self/fd/%d/%s", s->proc, name);
}

/* Check the program's mappings; the return value of a call is not enough. */
static int verify(const struct attach_session *s, const struct region *r,
		  int prot)
{
	const struct window_devices devices = { &r->st.st_dev, 1 };
	char path[64], *line = NULL;
	bool found = false;
	struct window w;
	size_t len = 0;
	FILE *f;

	proc_path(s, path, sizeof(path), "maps");
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (!found && getline(&line, &len, f) > 0)
		found = window_parse(line, devices, &w) && w.shared &&
			w.inode == r->st.st_ino &&
			w.range.start == r->range.start &&
			w.range.size == r->range.size &&
			(w.prot & ~PROT_EXEC) == prot;
	free(line);
	fclose(f);
	return found ? 0 : -ENODATA;
}

static int map_region(const struct attach_session *s, struct tracee *t,
		      const struct region *r, struct attach_failure *failure)
{
	const int prot = PROT_READ | (s->attach.read_only ? 0 : PROT_WRITE);
	const uint64_t map_args[6] = {
		r->range.start,  r->range.size,
		(uint64_t)prot,  MAP_SHARED | MAP_FIXED_NOREPLACE,
		(uint64_t)r->fd, 0,
	};
	const uint64_t close_args[6] = { (uint64_t)r->fd };
	int64_t ret;

	failure->reason = ATTACH_INJECT;
	failure->err = tracee_call(t, SYS_mmap, map_args, &ret);
	if (failure->err)
		return -1;
	if ((uint64_t)ret != r->range.start) {
		failure->reason = ATTACH_MAP;
		failure->err = ret < 0 ? (int)ret : -EEXIST;
		return -1;
	}

	failure->err = tracee_call(t, SYS_close, close_args, &ret);
	if (failure->err)
		return -1;
	if (ret) {
		failure->reason = ATTACH_CLOSE;
		failure->err = (int)ret;
		return -1;
	}

	failure->reason = ATTACH_VERIFY;
	failure->err = verify(s, r, prot);
	return failure->err ? -1 : 0;
}

/* After the execve() that succeeded. */
static int map_regions(const struct attach_session *s, struct tracee *t,
		       struct attach_failure *failure)
{
	const struct attach *a = &s->attach;
	struct program program;
	char exe[64];

	/* The file that was checked before may have been replaced. */
	proc_path(s, exe, sizeof(exe), "exe");
	program_examine(exe, &program);
	if (program.kind) {
		failure->reason = ATTACH_PROGRAM;
		failure->kind = program.kind;
		return -1;
	}

	failure->err = tracee_prepare(t);
	if (failure->err)
		return -1;
	for (size_t i = 0; i < a->count; i++) {
		failure->region = i;
		if (map_region(s, t, &a->regions[i], failure))
			return -1;
	}
	failure->reason = ATTACH_INJECT;
	failure->err = tracee_release(t, &s->caller_mask);
	return failure->err ? -1 : 0;
}

/* From the execve() on. */
static void follow(const struct attach_session *s, struct tracee *t)
{
	struct attach_failure failure = { .reason = ATTACH_INJECT };

	failure.err = tracee_wait_exec(t);
	/* If execve() fails, the other process reports the error and exits. */
	if (!t->executed)
		return;
	if (!failure.err && !map_regions(s, t, &failure))
		return;

	if (failure.reason == ATTACH_INJECT &&
	    (failure.err == -EPERM || tracee_was_filtered(t)))
		failure.reason = ATTACH_FILTER;
	/*
	 * Another process killed the program; the kernel reports that to its
	 * parent.
	 */
	else if (tracee_is_gone(t))
		return;
	s->attach.report(&failure, s->attach.data);
	tracee_end(t, ATTACH_EXIT_FAILURE);
}

/* The tracer that /proc names for the target; 0: not traced; -1: unknown. */
static int read_tracer(const struct attach_session *s)
{
	char path[64], line[128];
	int tracer = -1;
	FILE *f;

	proc_path(s, path, sizeof(path), "status");
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	fclose(f);
	return tracer;
}

/*
 * A seccomp filter can answer for the kernel, with success and without effect:
 * the program would run without its regions. -EPROTO: the target has the same
 * tracer as before. The number alone would not do, because the /proc of another
 * PID namespace has another number for the helper.
 */
static int start_trace(const struct attach_session *s, struct tracee *t)
{
	const int before = read_tracer(s);
	int now, err;

	err = s->try ? tracee_try_seize(t) : tracee_seize(t);
	if (err)
		return err;
	now = read_tracer(s);
	if (now <= 0 || now == before)
		return -EPROTO;
	return s->try ? tracee_try_end(t) : 0;
}

static bool send_int(int sock, int value)
{
	return send(sock, &value, sizeof(value), MSG_NOSIGNAL) == sizeof(value);
}

static bool receive_int(int sock, int *value)
{
	ssize_t n;

	do
		n = recv(sock, value, sizeof(*value), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*value);
}

/*
 * Shares the memory of this process, so that nothing is copied, until execve()
 * leaves the memory to the helper alone. Until then, one of the two always
 * waits for the other.
 */
static int helper(void *data)
{
	const struct attach_session *s = data;
	struct tracee t = { .pid = s->target };
	int go, err;

	/*
	 * The other process's end; otherwise its death would not be seen here.
	 */
	close(s->sock[0]);
	/*
	 * Leave the caller's job: signals to the job, and waits for its end,
	 * concern the program only.
	 */
	setsid();
	if (!send_int(s->sock[1], getpid()) || !receive_int(s->sock[1], &go))
		return 1;
	err = start_trace(s, &t);
	if (!send_int(s->sock[1], err) || err || s->try)
		return 1;
	close(s->sock[1]);
	follow(s, &t);
	return 0;
}

static int starter(void *data)
{
	struct attach_session *s = data;

	if (clone(helper, s->helper_stack + STACK_SIZE, CLONE_VM, s) < 0)
		s->err = -errno;
	return 0;
}

static int run_starter(struct attach_session *s)
{
	int child;

	s->err = 0;
	/* No signal at its end. */
	child = clone(starter, s->starter_stack + STACK_SIZE,
		      CLONE_VM | CLONE_VFORK, s);
	if (child < 0)
		return -errno;
	while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
		;
	return s->err;
}

/*
 * Not a child of this process: the program would find a zombie that it did not
 * create. If this process is a subreaper, which execve() preserves, clear that
 * state while the helper becomes an orphan. PID 1 inherits the helper all the
 * same, and receives SIGCHLD when the helper ends, but PID 1 expects unknown
 * children.
 */
static int start_helper(struct attach_session *s)
{
	int reaper = 0, err;

	prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0, 0, 0);
	err = run_starter(s);
	prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)reaper, 0, 0, 0);
	return err;
}

static int fail(struct attach_failure *failure, enum attach_reason reason,
		int err)
{
	failure->reason = reason;
	failure->err = err;
	return -1;
}

static int shake_hands(const struct attach_session *s,
		       struct attach_failure *failure)
{
	int pid, err;

	if (!receive_int(s->sock[0], &pid))
		return fail(failure, ATTACH_LOST, -ESRCH);
	/*
	 * Yama's scope 1 needs this; without Yama the call fails, which does
	 * not matter.
	 */
	prctl(PR_SET_PTRACER, (unsigned long)pid, 0, 0, 0);
	if (!send_int(s->sock[0], 0) || !receive_int(s->sock[0], &err))
		return fail(failure, ATTACH_LOST, -ESRCH);
	if (!err)
		return 0;
	return fail(failure, err == -EPROTO ? ATTACH_UNTRACED : ATTACH_TRACE,
		    err);
}

/* Do not trust another file system at /proc. */
static int open_proc(struct attach_session *s)
{
	struct statfs fs;

	s->proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->proc < 0)
		return -errno;
	if (!fstatfs(s->proc, &fs) && fs.f_type == PROC_SUPER_MAGIC)
		return 0;
	close(s->proc);
	return -ENOENT;
}

/*
 * The helper runs on this memory. Its end of the socket closes after the helper
 * has left the memory.
 */
static void end_session(struct attach_session *s)
{
	int ignored;

	while (receive_int(s->sock[0], &ignored))
		;
	close(s->sock[0]);
	free(s);
}

/* With all signals blocked. */
static int start_session(struct attach_session *s,
			 struct attach_failure *failure)
{
	int err;

	err = start_helper(s);
	close(s->sock[1]);
	return err ? fail(failure, ATTACH_HELPER, err) :
		     shake_hands(s, failure);
}

static int new_session(struct attach_session **session,
		       struct attach_failure *failure)
{
	struct attach_session *s = calloc(1, sizeof(*s));
	int err;

	*failure = (struct attach_failure){ 0 };
	if (!s)
		return fail(failure, ATTACH_HELPER, -ENOMEM);
	s->target = getpid();
	err = open_proc(s);
	if (err) {
		free(s);
		return fail(failure, ATTACH_PROC, err);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->sock)) {
		err = -errno;
		close(s->proc);
		free(s);
		return fail(failure, ATTACH_HELPER, err);
	}
	*session = s;
	return 0;
}

static int start(struct attach_session *s, struct attach_failure *failure)
{
	sigset_t all;
	int err;

	/*
	 * Block signals until the program has its regions, so that no signal
	 * stops the program between the injected calls. The helper inherits the
	 * mask: a key at the terminal must not end the helper.
	 */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &s->caller_mask);
	err = start_session(s, failure);
	close(s->proc);
	if (!err && !s->try) {
		close(s->sock[0]);
		return 0;
	}
	attach_cancel(s);
	end_session(s);
	return err;
}

int attach_start(const struct attach *attach, struct attach_session **session,
		 struct attach_failure *failure)
{
	if (new_session(session, failure))
		return -1;
	(*session)->attach = *attach;
	return start(*session, failure);
}

int attach_try(struct attach_failure *failure)
{
	struct attach_session *s;

	if (new_session(&s, failure))
		return -1;
	s->try = true;
	return start(s, failure);
}

void attach_cancel(const struct attach_session *s)
{
	sigprocmask(SIG_SETMASK, &s->caller_mask, NULL);
}
