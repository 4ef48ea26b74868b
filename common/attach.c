// SPDX-License-Identifier: GPL-2.0-only
#include "attach.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attach-arch.h"

/* The size of a signal set to the kernel, which is not sizeof(sigset_t). */
#define KERNEL_SIGSET_SIZE 8

/* A word of the program that holds any architecture's instruction. */
#define PATCH_WORD sizeof(long)

struct tracee {
	pid_t pid;
	arch_regs regs; /* as the program is to start with them */
	uint64_t patch_addr;
	long patch_saved;
	bool patched;
};

enum stop {
	STOP_EXEC,
	STOP_SYSCALL,
	STOP_GONE,
};

static sigset_t caller_mask;

const char *attach_arch(void)
{
	return ARCH_NAME;
}

bool attach_check_program(const char *path, enum attach_reason *reason)
{
	unsigned char ident[EI_NIDENT];
	struct stat st;
	ssize_t n;
	int fd;

	if (stat(path, &st))
		return true;
	/*
	 * The kernel takes privileges away from a traced program, so it would
	 * run and not work; or, traced by root, work for whoever wrote to the
	 * region.
	 */
	if (st.st_mode & S_ISUID ||
	    (st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) ||
	    getxattr(path, "security.capability", NULL, 0) > 0) {
		*reason = ATTACH_SETUID;
		return false;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		*reason = ATTACH_UNREADABLE;
		return errno != EACCES;
	}
	n = read(fd, ident, sizeof(ident));
	close(fd);
	if (n == sizeof(ident) && !memcmp(ident, ELFMAG, SELFMAG) &&
	    ident[EI_CLASS] == ELFCLASS32) {
		*reason = ATTACH_32BIT;
		return false;
	}
	return true;
}

static int trace(int request, struct tracee *t, uintptr_t addr, uintptr_t data)
{
	return ptrace(request, t->pid, (void *)addr, (void *)data) < 0 ?
		       -errno :
		       0;
}

static int regs_get(struct tracee *t, arch_regs *regs)
{
#ifdef __x86_64__
	/* Unlike GETREGSET, of one layout for 32-bit programs, too. */
	return trace(PTRACE_GETREGS, t, 0, (uintptr_t)regs);
#else
	struct iovec iov = { .iov_base = regs, .iov_len = sizeof(*regs) };

	return trace(PTRACE_GETREGSET, t, NT_PRSTATUS, (uintptr_t)&iov);
#endif
}

static int regs_set(struct tracee *t, const arch_regs *regs)
{
#ifdef __x86_64__
	return trace(PTRACE_SETREGS, t, 0, (uintptr_t)regs);
#else
	struct iovec iov = { .iov_base = (void *)regs,
			     .iov_len = sizeof(*regs) };

	return trace(PTRACE_SETREGSET, t, NT_PRSTATUS, (uintptr_t)&iov);
#endif
}

/*
 * Waits for the next stop that matters. Resumes with request after all others.
 */
static int wait_stop(struct tracee *t, int request, enum stop *stop)
{
	for (;;) {
		int status, sig, err;

		if (waitpid(t->pid, &status, __WALL) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!WIFSTOPPED(status)) {
			*stop = STOP_GONE;
			return 0;
		}
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80)) {
			*stop = STOP_SYSCALL;
			return 0;
		}

		switch (status >> 16) {
		case PTRACE_EVENT_EXEC:
			*stop = STOP_EXEC;
			return 0;
		case PTRACE_EVENT_STOP:
			/*
			 * Stopped by job control, stays so until somebody
			 * continues it, which is a SIGTRAP here.
			 */
			if (sig == SIGTRAP)
				err = trace(request, t, 0, 0);
			else
				err = trace(PTRACE_LISTEN, t, 0, 0);
			break;
		default:
			/* All signals wait but SIGSTOP, which can't. */
			err = trace(request, t, 0, (uintptr_t)sig);
			break;
		}
		/* ESRCH: killed meanwhile; waitpid() will tell. */
		if (err && err != -ESRCH)
			return err;
	}
}

static int resume_to(struct tracee *t, int request, enum stop wanted)
{
	enum stop stop;
	int err;

	err = trace(request, t, 0, 0);
	if (!err)
		err = wait_stop(t, request, &stop);
	if (err)
		return err;
	return stop == wanted ? 0 : -ESRCH;
}

/* Which half of a system call the stop is, and what the call returned. */
static int syscall_info(struct tracee *t, int op, int64_t *ret)
{
	struct __ptrace_syscall_info info;
	int err;

	err = trace(PTRACE_GET_SYSCALL_INFO, t, sizeof(info), (uintptr_t)&info);
	/* This request returns a length. */
	if (err)
		return err;
	if (info.op != op)
		return -EPROTO;
	if (ret)
		*ret = info.exit.rval;
	return 0;
}

/* Puts a system call instruction where the program is about to start. */
static int patch(struct tracee *t, const uint8_t *insn, size_t len)
{
	long word;
	int err;

	if (!t->patched) {
		/* Aligned, so that it never reaches into another page. */
		t->patch_addr = arch_pc(&t->regs) & ~(PATCH_WORD - 1);
		errno = 0;
		t->patch_saved = ptrace(PTRACE_PEEKTEXT, t->pid,
					(void *)(uintptr_t)t->patch_addr, NULL);
		if (errno)
			return -errno;
	}
	word = t->patch_saved;
	memcpy(&word, insn, len);
	err = trace(PTRACE_POKETEXT, t, t->patch_addr, (uintptr_t)word);
	if (!err)
		t->patched = true;
	return err;
}

static int unpatch(struct tracee *t)
{
	int err;

	err = trace(PTRACE_POKETEXT, t, t->patch_addr,
		    (uintptr_t)t->patch_saved);
	if (!err)
		t->patched = false;
	return err;
}

/* Only at a syscall-exit-stop, and ends in one. */
static int inject(struct tracee *t, long nr, const uint64_t args[6],
		  int64_t *ret)
{
	arch_regs regs = t->regs;
	int err;

	arch_set_call(&regs, t->patch_addr, nr, args);
	err = regs_set(t, &regs);
	if (!err)
		err = resume_to(t, PTRACE_SYSCALL, STOP_SYSCALL);
	if (!err)
		err = syscall_info(t, PTRACE_SYSCALL_INFO_ENTRY, NULL);
	if (!err)
		err = resume_to(t, PTRACE_SYSCALL, STOP_SYSCALL);
	if (!err)
		err = syscall_info(t, PTRACE_SYSCALL_INFO_EXIT, ret);
	return err;
}

/* Ends the program with status 125 before its first instruction. */
static void end_program(struct tracee *t)
{
	const uint64_t args[6] = { ATTACH_EXIT_FAILURE };
	arch_regs regs = t->regs;
	int err;

	if (arch_is_compat(&regs)) {
		err = patch(t, arch_compat_syscall,
			    sizeof(arch_compat_syscall));
		arch_set_compat_exit(&regs, t->patch_addr, ATTACH_EXIT_FAILURE);
	} else {
		err = patch(t, arch_syscall, sizeof(arch_syscall));
		arch_set_call(&regs, t->patch_addr, SYS_exit_group, args);
	}
	if (!err)
		err = regs_set(t, &regs);
	if (!err)
		err = resume_to(t, PTRACE_CONT, STOP_GONE);
	/* The wrong status, and still better than running unattached. */
	if (err)
		kill(t->pid, SIGKILL);
}

/* What the program has is what counts, not what a call returned. */
static int verify(const struct tracee *t, const struct region *r, int prot)
{
	char path[64], perms[5], *line = NULL;
	uint64_t start, end, inode;
	bool found = false;
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)t->pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (!found && getline(&line, &len, f) > 0) {
		if (sscanf(line,
			   "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %" SCNu64,
			   &start, &end, perms, &inode) != 4)
			continue;
		found = start == r->range.start &&
			end - start == r->range.size && inode == r->st.st_ino &&
			perms[3] == 's' &&
			(perms[0] == 'r') == !!(prot & PROT_READ) &&
			(perms[1] == 'w') == !!(prot & PROT_WRITE);
	}
	free(line);
	fclose(f);
	return found ? 0 : -ENODATA;
}

static int map_region(struct tracee *t, const struct region *r, bool read_only,
		      struct attach_failure *failure)
{
	const int prot = PROT_READ | (read_only ? 0 : PROT_WRITE);
	const uint64_t map_args[6] = {
		r->range.start,  r->range.size,
		(uint64_t)prot,  MAP_SHARED | MAP_FIXED_NOREPLACE,
		(uint64_t)r->fd, 0,
	};
	const uint64_t close_args[6] = { (uint64_t)r->fd };
	int64_t ret;

	failure->reason = ATTACH_INJECT;
	failure->err = inject(t, SYS_mmap, map_args, &ret);
	if (failure->err)
		return -1;
	if ((uint64_t)ret != r->range.start) {
		failure->reason = ATTACH_MAP;
		failure->err = ret < 0 ? (int)ret : -EEXIST;
		return -1;
	}

	failure->err = inject(t, SYS_close, close_args, &ret);
	if (failure->err)
		return -1;
	if (ret) {
		failure->reason = ATTACH_CLOSE;
		failure->err = (int)ret;
		return -1;
	}

	failure->reason = ATTACH_VERIFY;
	failure->err = verify(t, r, prot);
	return failure->err ? -1 : 0;
}

/* At the execve() that succeeded. */
static int map_regions(struct tracee *t, const struct attach *a,
		       struct attach_failure *failure)
{
	char exe[64];

	/*
	 * Scripts are known to be run by something else only now. As the
	 * event comes from inside execve(), which is yet to overwrite the
	 * register of its result, only where it returns can calls follow.
	 */
	failure->reason = ATTACH_INJECT;
	failure->err = resume_to(t, PTRACE_SYSCALL, STOP_SYSCALL);
	if (!failure->err)
		failure->err = syscall_info(t, PTRACE_SYSCALL_INFO_EXIT, NULL);
	if (!failure->err)
		failure->err = regs_get(t, &t->regs);
	if (failure->err)
		return -1;

	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)t->pid);
	if (!attach_check_program(exe, &failure->reason))
		return -1;

	failure->err = patch(t, arch_syscall, sizeof(arch_syscall));
	if (failure->err)
		return -1;
	for (size_t i = 0; i < a->count; i++) {
		failure->region = i;
		if (map_region(t, &a->regions[i], a->read_only, failure))
			return -1;
	}

	failure->reason = ATTACH_INJECT;
	failure->err = unpatch(t);
	if (!failure->err)
		failure->err = regs_set(t, &t->regs);
	if (!failure->err)
		failure->err = trace(PTRACE_SETSIGMASK, t, KERNEL_SIGSET_SIZE,
				     (uintptr_t)&caller_mask);
	if (!failure->err)
		failure->err = trace(PTRACE_DETACH, t, 0, 0);
	return failure->err ? -1 : 0;
}

/* The helper, from the execve() on. */
static void follow(struct tracee *t, const struct attach *a)
{
	struct attach_failure failure = { 0 };
	enum stop stop;

	/* Where execve() fails, the other process says so and exits. */
	if (wait_stop(t, PTRACE_CONT, &stop) || stop != STOP_EXEC)
		return;
	if (!map_regions(t, a, &failure))
		return;
	/* Killed meanwhile, which its parent will be told by the kernel. */
	if (failure.err == -ESRCH)
		return;
	a->report(&failure, a->data);
	end_program(t);
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

static _Noreturn void helper(pid_t pid, int sock, const struct attach *a)
{
	struct tracee t = { .pid = pid };
	const uintptr_t options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD |
				  PTRACE_O_EXITKILL;
	int go, err;

	/*
	 * Out of the caller's job: what is sent to that, or waits for it to
	 * end, means the program only.
	 */
	setsid();
	if (!send_int(sock, getpid()) || !receive_int(sock, &go))
		_exit(1);
	err = trace(PTRACE_SEIZE, &t, 0, options);
	if (!send_int(sock, err) || err)
		_exit(1);
	close(sock);
	follow(&t, a);
	_exit(0);
}

/*
 * A child that is not ours: the program would meet a SIGCHLD and a zombie it
 * knows nothing of. Only where this process is its own children's reaper of
 * last resort, as PID 1 is, it inherits the helper; but such a program expects
 * to be given strangers.
 */
static bool fork_helper(int sock, const struct attach *a)
{
	struct sigaction fallback = { .sa_handler = SIG_DFL }, saved;
	pid_t self = getpid(), child;
	int status = 0;

	/* Ignored, children leave no status behind. */
	sigaction(SIGCHLD, &fallback, &saved);
	child = fork();
	if (child == 0) {
		child = fork();
		if (child == 0)
			helper(self, sock, a);
		_exit(child < 0);
	}
	if (child > 0)
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	sigaction(SIGCHLD, &saved, NULL);
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int attach_start(const struct attach *attach, struct attach_failure *failure)
{
	sigset_t all, child;
	int sock[2], pid, err;
	bool started;

	*failure = (struct attach_failure){ .reason = ATTACH_HELPER };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock)) {
		failure->err = -errno;
		return -1;
	}

	/*
	 * Signals wait until the program has its regions; no stop for a signal
	 * then comes in between the injected calls. The helper has this mask,
	 * too: a key at the terminal must not end it. Only the SIGCHLD of
	 * fork_helper() must not stay behind for the program.
	 */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &caller_mask);
	started = fork_helper(sock[1], attach);
	failure->err = started ? -ESRCH : -EAGAIN;
	close(sock[1]);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigtimedwait(&child, NULL, &(struct timespec){ 0 });
	if (!started || !receive_int(sock[0], &pid))
		goto fail;

	/* Yama's scope 1 needs it; without Yama it is an error and no loss. */
	prctl(PR_SET_PTRACER, (unsigned long)pid, 0, 0, 0);
	if (!send_int(sock[0], 0) || !receive_int(sock[0], &err))
		goto fail;
	if (err) {
		failure->reason = ATTACH_TRACE;
		failure->err = err;
		goto fail;
	}
	close(sock[0]);
	return 0;

fail:
	close(sock[0]);
	attach_cancel();
	return -1;
}

void attach_cancel(void)
{
	sigprocmask(SIG_SETMASK, &caller_mask, NULL);
}
