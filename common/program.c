// SPDX-License-Identifier: GPL-2.0-only
#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * The number of bytes that the kernel reads of a file, and the number of files
 * for one program.
 */
#define HEAD_SIZE        256
#define MAX_INTERPRETERS 5

/*
 * The kernel removes the privileges of a traced program, which would run and
 * not work; traced by root, the program would work for any user who wrote to
 * the region.
 */
static bool gains_privileges(const char *path, const struct stat *st)
{
	const mode_t setgid = S_ISGID | S_IXGRP;
	struct statvfs fs;

	if (!(st->st_mode & S_ISUID) && (st->st_mode & setgid) != setgid &&
	    getxattr(path, "security.capability", NULL, 0) <= 0)
		return false;
	/* If these bits have no effect, the program is like any other. */
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return false;
	return statvfs(path, &fs) || !(fs.f_flag & ST_NOSUID);
}

/* Empty if the file is not a script. */
static void script_interpreter(const char head[HEAD_SIZE + 1], char *path)
{
	size_t len;

	*path = '\0';
	if (strncmp(head, "#!", 2))
		return;
	head += 2;
	head += strspn(head, " \t");
	len = strcspn(head, " \t\n");
	/* A truncated name would name another file. */
	if (!head[len] && strlen(head) == len)
		return;
	memcpy(path, head, len);
	path[len] = '\0';
}

/* The range from the first to the last address that the program asks for. */
static struct range fixed_range(int fd, const Elf64_Ehdr *ehdr)
{
	uint64_t start = UINT64_MAX, end = 0;
	Elf64_Phdr phdr;

	if (ehdr->e_type != ET_EXEC || ehdr->e_phentsize != sizeof(phdr))
		return (struct range){ 0 };
	for (unsigned i = 0; i < ehdr->e_phnum; i++) {
		const off_t at = (off_t)(ehdr->e_phoff + i * sizeof(phdr));

		if (pread(fd, &phdr, sizeof(phdr), at) != sizeof(phdr))
			return (struct range){ 0 };
		if (phdr.p_type != PT_LOAD || !phdr.p_memsz ||
		    phdr.p_vaddr + phdr.p_memsz < phdr.p_vaddr)
			continue;
		if (phdr.p_vaddr < start)
			start = phdr.p_vaddr;
		if (phdr.p_vaddr + phdr.p_memsz > end)
			end = phdr.p_vaddr + phdr.p_memsz;
	}
	if (start >= end)
		return (struct range){ 0 };
	return (struct range){ .start = start, .size = end - start };
}

/* Whether the first instruction is neither in the program nor a linker's. */
static bool lacks_entry(int fd, const Elf64_Ehdr *ehdr)
{
	bool loads = false;
	uint64_t rest, offset;
	Elf64_Phdr phdr;

	if (ehdr->e_phentsize != sizeof(phdr))
		return false;
	for (unsigned i = 0; i < ehdr->e_phnum; i++) {
		const off_t at = (off_t)(ehdr->e_phoff + i * sizeof(phdr));

		if (pread(fd, &phdr, sizeof(phdr), at) != sizeof(phdr) ||
		    phdr.p_type == PT_INTERP)
			return false;
		if (phdr.p_type != PT_LOAD)
			continue;
		/* The kernel maps whole pages. */
		rest = phdr.p_vaddr % 4096;
		offset = ehdr->e_entry - (phdr.p_vaddr - rest);
		if (offset < phdr.p_memsz ||
		    offset - phdr.p_memsz < rest + 4096)
			return false;
		loads = true;
	}
	return loads;
}

/* Checks one file; next is its interpreter, or empty. */
static void examine(const char *path, struct program *p, char *next)
{
	union {
		char text[HEAD_SIZE + 1];
		Elf64_Ehdr elf;
	} head = { 0 };
	struct stat st;
	int fd;

	*next = '\0';
	*p = (struct program){ .kind = PROGRAM_FIT };
	if (stat(path, &st)) {
		if (errno == EACCES)
			p->kind = PROGRAM_UNREADABLE;
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* Unreadable bytes stay zeros, which have no meaning. */
	if (fd >= 0 ? read(fd, head.text, HEAD_SIZE) < 0 : errno == EACCES)
		p->kind = PROGRAM_UNREADABLE;

	script_interpreter(head.text, next);
	/* The kernel obeys these bits for programs, not for scripts. */
	if (!*next && gains_privileges(path, &st))
		p->kind = PROGRAM_PRIVILEGED;
	else if (!memcmp(head.elf.e_ident, ELFMAG, SELFMAG)) {
		if (head.elf.e_ident[EI_CLASS] == ELFCLASS32)
			p->kind = PROGRAM_32BIT;
		else if (lacks_entry(fd, &head.elf))
			p->kind = PROGRAM_NO_ENTRY;
		else
			p->fixed = fixed_range(fd, &head.elf);
	}
	if (fd >= 0)
		close(fd);
}

void program_examine(const char *path, struct program *program)
{
	char name[2][HEAD_SIZE];

	for (int i = 0; i < MAX_INTERPRETERS; i++) {
		examine(path, program, name[i % 2]);
		if (program->kind || !*name[i % 2])
			return;
		path = name[i % 2];
	}
}

static int may_execute(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return access(path, X_OK) ? -errno : 0;
}

int program_find(const char *command, char **path)
{
	const char *dirs = getenv("PATH");
	bool denied = false;
	int err;

	if (!*command)
		return -ENOENT;
	if (strchr(command, '/')) {
		err = may_execute(command);
		if (err)
			return err;
		*path = strdup(command);
		return *path ? 0 : -ENOMEM;
	}
	/* The default of execvp(). */
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (;;) {
		int len = (int)strcspn(dirs, ":");

		if (asprintf(path, "%.*s%s%s", len, dirs, len ? "/" : "",
			     command) < 0)
			return -ENOMEM;
		err = may_execute(*path);
		if (!err)
			return 0;
		free(*path);
		denied |= err == -EACCES;
		if (!dirs[len])
			return denied ? -EACCES : -ENOENT;
		dirs += len + 1;
	}
}
