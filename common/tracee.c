// SPDX-License-Identifier: GPL-2.0-only
#include "tracee.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* The size of a signal set to the kernel, which is not sizeof(sigset_t). */
#define KERNEL_SIGSET_SIZE 8

/* A word of the program that holds any architecture's instruction. */
#define PATCH_WORD sizeof(long)

enum stop {
	STOP_EXEC,
	STOP_SYSCALL,
	STOP_FILTERED,
	STOP_GONE,
};

static int trace(int request, struct tracee *t, uintptr_t addr, uintptr_t data)
{
	return ptrace(request, t->pid, (void *)addr, (void *)data) < 0 ?
		       -errno :
		       0;
}

int tracee_seize(struct tracee *t)
{
	const uintptr_t options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD |
				  PTRACE_O_EXITKILL;

	return trace(PTRACE_SEIZE, t, 0, options);
}

int tracee_try_seize(struct tracee *t)
{
	return trace(PTRACE_SEIZE, t, 0, 0);
}

int tracee_try_end(struct tracee *t)
{
	int err;

	err = trace(PTRACE_INTERRUPT, t, 0, 0);
	if (err)
		return err;
	while (waitpid(t->pid, &t->status, __WALL) < 0 && errno == EINTR)
		;
	return trace(PTRACE_DETACH, t, 0, 0);
}

static int regs_get(struct tracee *t, struct arch_regs *regs)
{
	struct iovec iov = { .iov_base = regs,
			     .iov_len = offsetof(struct arch_regs, size) };
	int err;

	err = trace(PTRACE_GETREGSET, t, NT_PRSTATUS, (uintptr_t)&iov);
	regs->size = iov.iov_len;
	return err;
}

static int regs_set(struct tracee *t, struct arch_regs *regs)
{
	struct iovec iov = { .iov_base = regs, .iov_len = regs->size };

	return trace(PTRACE_SETREGSET, t, NT_PRSTATUS, (uintptr_t)&iov);
}

/*
 * Waits for the next relevant stop. Resumes with request after all other stops.
 */
static int wait_stop(struct tracee *t, int request, enum stop *stop)
{
	for (;;) {
		int sig, err;

		if (waitpid(t->pid, &t->status, __WALL) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!WIFSTOPPED(t->status)) {
			*stop = STOP_GONE;
			return 0;
		}
		sig = WSTOPSIG(t->status);
		if (sig == (SIGTRAP | 0x80)) {
			*stop = STOP_SYSCALL;
			return 0;
		}

		switch (t->status >> 16) {
		case PTRACE_EVENT_EXEC:
			*stop = STOP_EXEC;
			return 0;
		case PTRACE_EVENT_STOP:
			/*
			 * Stopped by job control: stays stopped until SIGCONT,
			 * which is a SIGTRAP here.
			 */
			if (sig == SIGTRAP)
				err = trace(request, t, 0, 0);
			else
				err = trace(PTRACE_LISTEN, t, 0, 0);
			break;
		default:
			/*
			 * All signals are blocked except SIGSTOP, which cannot
			 * be blocked, and the signal of a filter.
			 */
			if (sig == SIGSYS && t->executed) {
				*stop = STOP_FILTERED;
				return 0;
			}
			err = trace(request, t, 0, (uintptr_t)sig);
			break;
		}
		/* ESRCH: killed meanwhile; waitpid() returns the status. */
		if (err && err != -ESRCH)
			return err;
	}
}

static int resume(struct tracee *t, enum stop *stop)
{
	int err = trace(PTRACE_SYSCALL, t, 0, 0);

	/*
	 * If the process was killed meanwhile, its status is still available.
	 */
	if (err && err != -ESRCH)
		return err;
	return wait_stop(t, PTRACE_SYSCALL, stop);
}

static int resume_to_syscall(struct tracee *t)
{
	enum stop stop;
	int err = resume(t, &stop);

	if (err)
		return err;
	if (stop == STOP_FILTERED)
		return -EPERM;
	return stop == STOP_SYSCALL ? 0 : -ESRCH;
}

/* Tells entry from exit of a system call, and the return value. */
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

/* Writes a system call instruction at the program's entry point. */
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

int tracee_wait_exec(struct tracee *t)
{
	enum stop stop;
	int err;

	err = wait_stop(t, PTRACE_CONT, &stop);
	if (err)
		return err;
	if (stop != STOP_EXEC)
		return -ESRCH;
	t->executed = true;
	/*
	 * The event comes from inside execve(), which overwrites the result
	 * register later; calls are possible only after execve() returns.
	 */
	err = resume_to_syscall(t);
	if (!err)
		err = syscall_info(t, PTRACE_SYSCALL_INFO_EXIT, NULL);
	return err ? err : regs_get(t, &t->regs);
}

int tracee_prepare(struct tracee *t)
{
	return patch(t, arch_syscall, sizeof(arch_syscall));
}

/* Only at a syscall-exit-stop, and ends in one. */
int tracee_call(struct tracee *t, long nr, const uint64_t args[6], int64_t *ret)
{
	struct arch_regs regs = t->regs;
	int err;

	arch_set_call(&regs, t->patch_addr, nr, args);
	err = regs_set(t, &regs);
	if (!err)
		err = resume_to_syscall(t);
	if (!err)
		err = syscall_info(t, PTRACE_SYSCALL_INFO_ENTRY, NULL);
	if (!err)
		err = resume_to_syscall(t);
	if (!err)
		err = syscall_info(t, PTRACE_SYSCALL_INFO_EXIT, ret);
	if (err)
		return err;
	/*
	 * The filter's signal is pending at this point, and the registers are
	 * rolled back; no successful call returns its own number. If the
	 * register holds the argument, the next call meets the signal.
	 */
	return *ret == nr ? -EPERM : 0;
}

int tracee_release(struct tracee *t, const sigset_t *mask)
{
	int err;

	err = unpatch(t);
	if (!err)
		err = regs_set(t, &t->regs);
	if (!err)
		err = trace(PTRACE_SETSIGMASK, t, KERNEL_SIGSET_SIZE,
			    (uintptr_t)mask);
	if (!err)
		err = trace(PTRACE_DETACH, t, 0, 0);
	return err;
}

/* The call to exit must be the last call of the program. */
static int run_exit(struct tracee *t)
{
	bool called = false;
	enum stop stop;
	int err;

	for (;;) {
		err = resume(t, &stop);
		if (err)
			return err;
		if (stop == STOP_GONE)
			return 0;
		/* A filter can forbid even this call. */
		if (called)
			return -EPERM;
		/* If the process was inside a call, that call ends first. */
		called = !syscall_info(t, PTRACE_SYSCALL_INFO_ENTRY, NULL);
	}
}

void tracee_end(struct tracee *t, int status)
{
	const uint64_t args[6] = { (uint64_t)status };
	struct arch_regs regs = t->regs;
	int err;

	/* The process has ended, and another process may have its number. */
	if (!WIFSTOPPED(t->status))
		return;
	if (arch_is_compat(&regs)) {
		err = patch(t, arch_compat_syscall,
			    sizeof(arch_compat_syscall));
		arch_set_compat_exit(&regs, t->patch_addr, status);
	} else {
		err = patch(t, arch_syscall, sizeof(arch_syscall));
		arch_set_call(&regs, t->patch_addr, SYS_exit_group, args);
	}
	if (!err)
		err = regs_set(t, &regs);
	if (!err)
		err = run_exit(t);
	/* A wrong status is better than a program without its regions. */
	if (err)
		kill(t->pid, SIGKILL);
}

bool tracee_is_gone(struct tracee *t)
{
	struct arch_regs regs;

	return regs_get(t, &regs) == -ESRCH;
}

bool tracee_was_filtered(const struct tracee *t)
{
	return WIFSIGNALED(t->status) && WTERMSIG(t->status) == SIGSYS;
}
