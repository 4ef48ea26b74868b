// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "program32.h"
#include "region.h"

/* Where the program is. */
#define BASE 0x8048000UL

/* The file, and the memory: one segment has all of it. */
struct program32 {
	Elf32_Ehdr header;
	Elf32_Phdr segments[2];
	uint8_t code[64];
	uint8_t unused[PROGRAM32_ARG - BASE - sizeof(Elf32_Ehdr) -
		       2 * sizeof(Elf32_Phdr) - 64];
	uint8_t arg[64];
};

static_assert(offsetof(struct program32, arg) == PROGRAM32_ARG - BASE,
	      "the argument is elsewhere");

static void execute(const struct program32 *program)
{
	char *argv[] = { "program32", NULL }, *env[] = { NULL };
	int file = memfd_create("program32", MFD_CLOEXEC);

	if (file < 0 || write(file, program, sizeof(*program)) < 0)
		_exit(255);
	fexecve(file, argv, env);
	_exit(254);
}

int run_program32(const uint8_t *code, size_t code_size, const void *arg,
		  size_t arg_size)
{
	struct program32 program = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_386,
			.e_version = EV_CURRENT,
			.e_entry = BASE + offsetof(struct program32, code),
			.e_phoff = offsetof(struct program32, segments),
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 2,
		},
		.segments = {
			{
				.p_type = PT_LOAD,
				.p_vaddr = BASE,
				.p_filesz = sizeof(program),
				.p_memsz = sizeof(program),
				.p_flags = PF_R | PF_W | PF_X,
				.p_align = PAGE,
			},
			/* Without this, all memory would be executable. */
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		},
	};
	int status;
	pid_t pid;

	must(code_size <= sizeof(program.code) &&
		     arg_size <= sizeof(program.arg),
	     "too large");
	memcpy(program.code, code, code_size);
	if (arg)
		memcpy(program.arg, arg, arg_size);
	pid = fork();
	if (!pid)
		execute(&program);
	must(waitpid(pid, &status, 0) == pid && WIFEXITED(status),
	     "a 32-bit program ends with %#x", status);
	must(WEXITSTATUS(status) < 254, "a 32-bit program cannot be run");
	return WEXITSTATUS(status);
}
