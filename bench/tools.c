// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools: time and system calls of msharectl's listings on a machine with many
 * regions, clients and processes, and of attach-exec beside env(1).
 *
 *	create REGIONS	that many times create, one after the other
 *	list REGIONS	the listings, with 2,000 clients of the first region
 *	ps PROCESSES	ps, with as many processes, of which 2,000 are clients
 *	exec KIND	attach-exec (msharefs) or env (plain)
 *	smaps KIND	the smaps_rollup of 100 clients of 512 MiB that all touched
 *	instructions KIND	the same, in a guest with --icount
 *
 * The root directory has msharectl.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mshare.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

#define MSHARECTL "/msharectl"
#define CLIENTS   2000
#define RUNS      3
#define EXECS     21

/* Where neither the kernel nor libc chooses addresses by itself. */
#define FIRST_ADDRESS (1ULL << 40)
#define REGION_SIZE   (1ULL << 30)

static int region_zero;

static void add_region(int mount, int number)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "r%05d", number);
	if (mshare_create(mount, name, FIRST_ADDRESS + number * REGION_SIZE,
			  REGION_SIZE, 0600, &fd) ||
	    mshare_map(fd, FIRST_ADDRESS + number * REGION_SIZE, REGION_SIZE,
		       PROT_READ | PROT_WRITE, MAP_NORESERVE, -1, 0))
		fail(name);
	if (number)
		close(fd);
	else
		region_zero = fd;
}

static void add_regions(int count)
{
	int mount;

	if (mshare_open_mount(NULL, &mount))
		fail("no msharefs");
	for (int i = 0; i < count; i++)
		add_region(mount, i);
	close(mount);
}

static void attach(int number)
{
	void *window;

	if (number < CLIENTS && mshare_attach(region_zero, PROT_READ, &window))
		fail("attach");
}

static void rest(int number)
{
	(void)number;
}

/* Of this many processes, CLIENTS have the first region attached. */
static struct crowd start_processes(int count)
{
	return crowd_start(count, attach, rest);
}

static _Noreturn void execute(char *const *argv)
{
	const int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	execvp(argv[0], argv);
	fail(argv[0]);
}

static void check_status(int status, const char *name)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail(name);
}

static void run(char *const *argv)
{
	const pid_t pid = fork();
	int status;

	if (!pid)
		execute(argv);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("fork");
	check_status(status, argv[0]);
}

/* The system calls of a program with one thread, from exec() on. */
static uint64_t count_calls(char *const *argv)
{
	const pid_t pid = fork();
	uint64_t stops = 0;
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		kill(getpid(), SIGSTOP);
		execute(argv);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
			   PTRACE_O_TRACEEXEC))
		fail("ptrace");
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid)
			fail("wait");
		if (!WIFSTOPPED(status))
			break;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			stops++;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
			stops = 0;
	}
	check_status(status, argv[0]);
	return stops / 2;
}

/* In nanoseconds. */
static uint64_t measure(char *const *argv, int runs)
{
	uint64_t took[EXECS];

	for (int i = 0; i < runs; i++) {
		const uint64_t since = now();

		run(argv);
		took[i] = now() - since;
	}
	return median(took, runs);
}

static void report_verb(const char *name, const char *verb, const char *option)
{
	char *const argv[] = { (char *)MSHARECTL, (char *)verb, (char *)option,
			       NULL };
	char metric[32];

	report(name, measure(argv, RUNS));
	snprintf(metric, sizeof(metric), "%s-calls", name);
	report(metric, count_calls(argv));
}

static void list(int regions)
{
	struct crowd crowd;

	add_regions(regions);
	crowd = start_processes(CLIENTS);
	report_verb("ls", "ls", NULL);
	report_verb("stat", "stat", NULL);
	report_verb("info", "info", NULL);
	report_verb("metrics", "stat", "--openmetrics");
	crowd_end(&crowd);
}

/* The program and its libraries are read before the first one counts. */
static void create(int regions)
{
	char name[16] = "before";
	char *const argv[] = { (char *)MSHARECTL,
			       "create",
			       "--quiet",
			       "--size",
			       "1G",
			       name,
			       NULL };
	uint64_t since;

	run(argv);
	since = now();
	for (int i = 0; i < regions; i++) {
		snprintf(name, sizeof(name), "r%05d", i);
		run(argv);
	}
	report("create", now() - since);
	snprintf(name, sizeof(name), "last");
	report("create-calls", count_calls(argv));
}

static void ps(int processes)
{
	struct crowd crowd;

	add_regions(1);
	crowd = start_processes(processes);
	report_verb("ps", "ps", NULL);
	crowd_end(&crowd);
}

static uint64_t exec_program(const char *kind)
{
	char *const env[] = { "/usr/bin/env", "/bin/true", NULL };
	char *const attach_exec[] = { (char *)MSHARECTL, "attach-exec",
				      "r00000",          "--",
				      "/bin/true",       NULL };

	add_regions(1);
	return measure(strcmp(kind, "plain") ? attach_exec : env, EXECS);
}

static struct memory memory;

static void touch(int number)
{
	(void)number;
	memory_map(&memory);
	memory_read(&memory, PAGE);
}

static void read_all(pid_t pid)
{
	char path[48], text[4096];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	fd = open(path, O_RDONLY);
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
}

static uint64_t read_smaps(const char *kind)
{
	struct crowd crowd;
	uint64_t since;

	memory = memory_make(kind, 512 * MIB);
	crowd = crowd_start(100, touch, rest);
	since = now();
	for (int i = 0; i < crowd.count; i++)
		read_all(crowd.pids[i]);
	since = now() - since;
	crowd_end(&crowd);
	return since;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		fail("usage: bench-tools create | list | ps | smaps | exec | instructions");
	if (!strcmp(argv[1], "create"))
		create(atoi(argv[2]));
	else if (!strcmp(argv[1], "list"))
		list(atoi(argv[2]));
	else if (!strcmp(argv[1], "ps"))
		ps(atoi(argv[2]));
	else if (!strcmp(argv[1], "smaps"))
		report("smaps", read_smaps(argv[2]));
	else if (!strcmp(argv[1], "exec"))
		report("exec", exec_program(argv[2]));
	else
		report("instructions",
		       exec_program(argv[2]) / NS_PER_INSTRUCTION);
	return EXIT_SUCCESS;
}
