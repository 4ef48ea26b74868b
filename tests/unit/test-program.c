// SPDX-License-Identifier: GPL-2.0-only
/* The classification of programs before they are executed. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "check.h"
#include "program.h"

static char dir[] = "/tmp/mshare-unit-XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[sizeof(dir) + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void make(const char *name, const void *data, size_t size, mode_t mode)
{
	int fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	check(fd >= 0);
	check(write(fd, data, size) == (ssize_t)size);
	check(!fchmod(fd, mode));
	close(fd);
}

static int64_t kind(const char *name)
{
	struct program program;

	program_examine(in_dir(name), &program);
	return program.kind;
}

static void make_script(const char *name, const char *interpreter)
{
	char text[512];

	snprintf(text, sizeof(text), "#! \t%s/%s -x\n", dir, interpreter);
	make(name, text, strlen(text), 0755);
}

/* If the kernel ignores these bits, programs with the bits are like others. */
static enum program_kind privileged(void)
{
	struct statvfs fs;

	return statvfs(dir, &fs) || !(fs.f_flag & ST_NOSUID) ?
		       PROGRAM_PRIVILEGED :
		       PROGRAM_FIT;
}

static void kinds(void)
{
	static const char elf64[20] = "\177ELF\2\1\1";
	static const char elf32[20] = "\177ELF\1\1\1";

	make("program", elf64, sizeof(elf64), 0755);
	check_int(kind("program"), PROGRAM_FIT);
	make("setuid", elf64, sizeof(elf64), 04755);
	check_int(kind("setuid"), privileged());
	make("setgid", elf64, sizeof(elf64), 02755);
	check_int(kind("setgid"), privileged());
	/* Mandatory locking once, and never another group. */
	make("locking", elf64, sizeof(elf64), 02745);
	check_int(kind("locking"), PROGRAM_FIT);
	make("small", elf32, sizeof(elf32), 0755);
	check_int(kind("small"), PROGRAM_32BIT);
	/* Too short for an ELF header: a script, or execve()'s to refuse. */
	make("short", elf32, 4, 0755);
	check_int(kind("short"), PROGRAM_FIT);
	if (geteuid() != 0) {
		make("unreadable", elf64, sizeof(elf64), 0111);
		check_int(kind("unreadable"), PROGRAM_UNREADABLE);
	}
	/* execve() reports missing files and files that are not programs. */
	check_int(kind("nonsense"), PROGRAM_FIT);
	check(!chmod(dir, 02777));
	check_int(kind("."), PROGRAM_FIT);
}

static void scripts(void)
{
	char text[300];

	make_script("script", "program");
	check_int(kind("script"), PROGRAM_FIT);
	check(!chmod(in_dir("script"), 06755));
	check_int(kind("script"), PROGRAM_FIT);
	make_script("script", "setuid");
	check_int(kind("script"), privileged());
	make_script("script", "small");
	check_int(kind("script"), PROGRAM_32BIT);
	make_script("outer", "script");
	check_int(kind("outer"), PROGRAM_32BIT);
	make_script("script", "nonsense");
	check_int(kind("script"), PROGRAM_FIT);
	/*
	 * A script that is its own interpreter: the check ends, and execve()
	 * fails.
	 */
	make_script("script", "script");
	check_int(kind("script"), PROGRAM_FIT);
	make("script", "#!", 2, 0755);
	check_int(kind("script"), PROGRAM_FIT);
	/* Longer than the kernel reads. */
	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/", 3);
	make("script", text, sizeof(text), 0755);
	check_int(kind("script"), PROGRAM_FIT);
}

static struct range fixed(const char *name)
{
	struct program program;

	program_examine(in_dir(name), &program);
	return program.fixed;
}

static void addresses(void)
{
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdr[3];
	} elf = {
		.ehdr = {
			.e_ident = "\177ELF\2\1\1",
			.e_type = ET_EXEC,
			.e_entry = 0x400000,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 3,
		},
		.phdr = {
			{ .p_type = PT_LOAD, .p_vaddr = 0x500000,
			  .p_memsz = 0x2000 },
			{ .p_type = PT_LOAD, .p_vaddr = 0x400000,
			  .p_memsz = 0x1000 },
			{ .p_type = PT_NOTE, .p_vaddr = 0x900000,
			  .p_memsz = 0x1000 },
		},
	};

	make("fixed", &elf, sizeof(elf), 0755);
	check_int(fixed("fixed").start, 0x400000);
	check_int(fixed("fixed").size, 0x102000);
	make_script("script", "fixed");
	check_int(fixed("script").start, 0x400000);
	elf.ehdr.e_entry = 0x4fffff;
	make("fixed", &elf, sizeof(elf), 0755);
	check_int(kind("fixed"), PROGRAM_NO_ENTRY);
	/* The dynamic linker begins elsewhere. */
	elf.phdr[2].p_type = PT_INTERP;
	make("fixed", &elf, sizeof(elf), 0755);
	check_int(kind("fixed"), PROGRAM_FIT);
	elf.phdr[2].p_type = PT_NOTE;
	elf.ehdr.e_entry = 0x400fff;
	elf.phdr[0].p_memsz = UINT64_MAX;
	make("fixed", &elf, sizeof(elf), 0755);
	check_int(fixed("fixed").size, 0x1000);
	make("fixed", &elf, sizeof(elf) - 1, 0755);
	check_int(fixed("fixed").size, 0);
	elf.ehdr.e_type = ET_DYN;
	make("fixed", &elf, sizeof(elf), 0755);
	check_int(fixed("fixed").size, 0);
}

static void search(void)
{
	char path[3 * sizeof(dir) + 64], *found = NULL;

	check(!mkdir(in_dir("first"), 0755));
	check(!mkdir(in_dir("second"), 0755));
	/* A directory of this name, and a file that is not a program. */
	check(!mkdir(in_dir("first/command"), 0755));
	make("first/text", "", 0, 0644);
	make("second/command", "", 0, 0755);
	snprintf(path, sizeof(path), "/nonsense:%s/first:%s/second", dir, dir);
	check(!setenv("PATH", path, 1));
	check_int(program_find("command", &found), 0);
	check_string(found, in_dir("second/command"));
	free(found);
	check_int(program_find("text", &found), -EACCES);
	check_int(program_find("nonsense", &found), -ENOENT);
	check_int(program_find("", &found), -ENOENT);
	check_int(program_find(in_dir("first/text"), &found), -EACCES);
	check_int(program_find(dir, &found), -EACCES);
	check_int(program_find(in_dir("nonsense"), &found), -ENOENT);
	check(!unsetenv("PATH"));
	check_int(program_find("sh", &found), 0);
	free(found);
	/* An empty word is the working directory. */
	check(!chdir(in_dir("second")));
	check(!setenv("PATH", "/nonsense:", 1));
	check_int(program_find("command", &found), 0);
	check_string(found, "command");
	free(found);
}

/* Comes last, because it cannot be undone. */
static void no_privileges(void)
{
	check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	check_int(kind("setuid"), PROGRAM_FIT);
	check_int(kind("setgid"), PROGRAM_FIT);
}

int main(void)
{
	char command[sizeof(dir) + 16];

	check(mkdtemp(dir));
	kinds();
	scripts();
	addresses();
	search();
	no_privileges();
	setenv("PATH", "/usr/bin:/bin", 1);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	check(!system(command));
	return checks_status();
}
