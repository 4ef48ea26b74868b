/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COMMON_TRACEE_ARCH_H
#define COMMON_TRACEE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/user.h>

/* The parts of injecting system calls that depend on the architecture. */

/* The registers of PTRACE_GETREGSET, with another layout for 32-bit code. */
struct arch_regs {
	union {
		struct user_regs_struct native;
		uint32_t compat[18];
	};
	size_t size; /* size of the used part */
};

static inline bool arch_is_compat(const struct arch_regs *regs)
{
	return regs->size != sizeof(regs->native);
}

#if defined(__x86_64__)

#define ARCH_NAME "x86_64"

static const uint8_t arch_syscall[] = { 0x0f, 0x05 };
static const uint8_t arch_compat_syscall[] = { 0xcd, 0x80 };

enum {
	ARCH_COMPAT_ARG = 0,      /* ebx */
	ARCH_COMPAT_NR = 6,       /* eax */
	ARCH_COMPAT_ORIG_NR = 11, /* orig_eax */
	ARCH_COMPAT_PC = 12,      /* eip */
	ARCH_COMPAT_EXIT_GROUP = 252,
};

static inline uint64_t arch_pc(const struct arch_regs *regs)
{
	return arch_is_compat(regs) ? regs->compat[ARCH_COMPAT_PC] :
				      regs->native.rip;
}

static inline void arch_set_call(struct arch_regs *regs, uint64_t pc, long nr,
				 const uint64_t args[6])
{
	struct user_regs_struct *r = &regs->native;

	r->rip = pc;
	r->rax = (uint64_t)nr;
	/* No system call to restart, whatever rax holds. */
	r->orig_rax = UINT64_MAX;
	r->rdi = args[0];
	r->rsi = args[1];
	r->rdx = args[2];
	r->r10 = args[3];
	r->r8 = args[4];
	r->r9 = args[5];
}

static inline void arch_set_compat_exit(struct arch_regs *regs, uint64_t pc,
					int status)
{
	regs->compat[ARCH_COMPAT_PC] = (uint32_t)pc;
	regs->compat[ARCH_COMPAT_NR] = ARCH_COMPAT_EXIT_GROUP;
	regs->compat[ARCH_COMPAT_ORIG_NR] = UINT32_MAX;
	regs->compat[ARCH_COMPAT_ARG] = (uint32_t)status;
}

#elif defined(__aarch64__)

#define ARCH_NAME "aarch64"

static const uint8_t arch_syscall[] = { 0x01, 0x00, 0x00, 0xd4 };
static const uint8_t arch_compat_syscall[] = { 0x00, 0x00, 0x00, 0xef };

enum {
	ARCH_COMPAT_ARG = 0, /* r0 */
	ARCH_COMPAT_NR = 7,  /* r7 */
	ARCH_COMPAT_PC = 15, /* r15 */
	ARCH_COMPAT_CPSR = 16,
	ARCH_COMPAT_EXIT_GROUP = 248,
	ARCH_CPSR_THUMB = 0x20,
};

static inline uint64_t arch_pc(const struct arch_regs *regs)
{
	return arch_is_compat(regs) ? regs->compat[ARCH_COMPAT_PC] :
				      regs->native.pc;
}

static inline void arch_set_call(struct arch_regs *regs, uint64_t pc, long nr,
				 const uint64_t args[6])
{
	regs->native.pc = pc;
	memcpy(regs->native.regs, args, 6 * sizeof(args[0]));
	regs->native.regs[8] = (uint64_t)nr;
}

static inline void arch_set_compat_exit(struct arch_regs *regs, uint64_t pc,
					int status)
{
	regs->compat[ARCH_COMPAT_PC] = (uint32_t)pc;
	regs->compat[ARCH_COMPAT_NR] = ARCH_COMPAT_EXIT_GROUP;
	regs->compat[ARCH_COMPAT_ARG] = (uint32_t)status;
	/* The injected instruction is not a Thumb instruction. */
	regs->compat[ARCH_COMPAT_CPSR] &= ~(uint32_t)ARCH_CPSR_THUMB;
}

#else
#error "msharectl attach-exec: no support for this architecture yet"
#endif

#endif
