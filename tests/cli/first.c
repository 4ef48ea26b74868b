// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program without any library, whose very first instruction uses the region
 * at 32 TiB: exits with status 7 if it is there.
 */

#if defined(__x86_64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	movabsl 0x550000000000, %eax\n"
	"	movl $231, %eax\n"
	"	movl $7, %edi\n"
	"	syscall\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
	"_start:\n"
	"	mov x1, #0x550000000000\n"
	"	ldr w0, [x1]\n"
	"	add w0, w0, #1\n"
	"	str w0, [x1]\n"
	"	mov x8, #94\n"
	"	mov x0, #7\n"
	"	svc #0\n");
#endif
