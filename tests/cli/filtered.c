// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command under a seccomp filter: filtered CALL:ACTION... COMMAND.
 * CALL is ptrace, prctl, exit_group, or mmap, which means only that which
 * attach-exec makes the program do; ACTION is errno (EPERM), access (EACCES), success (without
 * the call), trap or kill.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_LENGTH 64

#define LOAD(field)                                             \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
				      offsetof(struct seccomp_data, field)))
#define SKIP(test, value, if_true, if_false)                           \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | (test), value, \
				      if_true, if_false))
#define ANSWER(value) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value))

static const struct {
	const char *name;
	unsigned nr, flags;
} calls[] = {
	{ "ptrace", SYS_ptrace, 0 },
	{ "prctl", SYS_prctl, 0 },
	{ "exit_group", SYS_exit_group, 0 },
	{ "mmap", SYS_mmap, MAP_FIXED_NOREPLACE },
};

static const struct {
	const char *name;
	unsigned value;
} actions[] = {
	{ "errno", SECCOMP_RET_ERRNO | EPERM },
	{ "access", SECCOMP_RET_ERRNO | EACCES },
	{ "success", SECCOMP_RET_ERRNO },
	{ "trap", SECCOMP_RET_TRAP },
	{ "kill", SECCOMP_RET_KILL_PROCESS },
};

static struct sock_filter filter[MAX_LENGTH];
static unsigned short length;

static void add(struct sock_filter statement)
{
	filter[length++] = statement;
}

static void add_rule(unsigned nr, unsigned flags, unsigned action)
{
	add(LOAD(nr));
	if (flags) {
		add(SKIP(BPF_JEQ, nr, 0, 3));
		add(LOAD(args[3]));
		add(SKIP(BPF_JSET, flags, 0, 1));
	} else {
		add(SKIP(BPF_JEQ, nr, 0, 1));
	}
	add(ANSWER(action));
}

static int parse(const char *rule)
{
	size_t len = strcspn(rule, ":");

	if (!rule[len] || length > MAX_LENGTH - 8)
		return -1;
	for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
		if (strncmp(rule, calls[c].name, len) || calls[c].name[len])
			continue;
		for (size_t a = 0; a < sizeof(actions) / sizeof(actions[0]);
		     a++) {
			if (strcmp(rule + len + 1, actions[a].name))
				continue;
			add_rule(calls[c].nr, calls[c].flags, actions[a].value);
			return 0;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct sock_fprog program = { .filter = filter };
	int i;

	for (i = 1; i < argc && strchr(argv[i], ':'); i++)
		if (parse(argv[i]))
			return 2;
	if (i == argc)
		return 2;
	add(ANSWER(SECCOMP_RET_ALLOW));
	program.len = length;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("filtered");
		return 2;
	}
	/* LeakSanitizer traces as well, and ends a program where it cannot. */
	putenv((char *)"ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0");
	execvp(argv[i], argv + i);
	perror(argv[i]);
	return 2;
}
