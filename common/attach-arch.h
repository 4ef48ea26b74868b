/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_ATTACH_ARCH_H
#define COMMON_ATTACH_ARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/user.h>

/* What an architecture has to say for calls to be injected into a process. */

#if defined(__x86_64__)

#define ARCH_NAME "x86_64"

typedef struct user_regs_struct arch_regs;

static const uint8_t arch_syscall[] = { 0x0f, 0x05 };

static inline uint64_t arch_pc(const arch_regs *regs)
{
	return regs->rip;
}

static inline void arch_set_call(arch_regs *regs, uint64_t pc, long nr,
				 const uint64_t args[6])
{
	regs->rip = pc;
	regs->rax = (uint64_t)nr;
	/* No system call to restart, whatever rax holds. */
	regs->orig_rax = UINT64_MAX;
	regs->rdi = args[0];
	regs->rsi = args[1];
	regs->rdx = args[2];
	regs->r10 = args[3];
	regs->r8 = args[4];
	regs->r9 = args[5];
}

/* i386 code; PTRACE_GETREGS has this layout for it, too. */
static inline bool arch_is_compat(const arch_regs *regs)
{
	return regs->cs == 0x23;
}

static const uint8_t arch_compat_syscall[] = { 0xcd, 0x80 };

static inline void arch_set_compat_exit(arch_regs *regs, uint64_t pc,
					int status)
{
	regs->rip = pc;
	regs->rax = 252; /* exit_group */
	regs->orig_rax = UINT64_MAX;
	regs->rbx = (uint64_t)status;
}

#elif defined(__aarch64__)

#define ARCH_NAME "aarch64"

typedef struct user_regs_struct arch_regs;

static const uint8_t arch_syscall[] = { 0x01, 0x00, 0x00, 0xd4 };

static inline uint64_t arch_pc(const arch_regs *regs)
{
	return regs->pc;
}

static inline void arch_set_call(arch_regs *regs, uint64_t pc, long nr,
				 const uint64_t args[6])
{
	regs->pc = pc;
	memcpy(regs->regs, args, 6 * sizeof(args[0]));
	regs->regs[8] = (uint64_t)nr;
}

/* PSTATE.nRW: AArch32 code. */
static inline bool arch_is_compat(const arch_regs *regs)
{
	return regs->pstate & 0x10;
}

static const uint8_t arch_compat_syscall[] = { 0x00, 0x00, 0x00, 0xef };

static inline void arch_set_compat_exit(arch_regs *regs, uint64_t pc,
					int status)
{
	regs->pc = pc;
	regs->regs[7] = 248; /* exit_group */
	regs->regs[0] = (uint64_t)status;
}

#else
#error "msharectl attach-exec: no support for this architecture yet"
#endif

#endif
