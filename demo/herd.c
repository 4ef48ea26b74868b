// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts clients until the given number of clients hold their memory at the
 * same time, or until memory runs out, and prints NAME=VALUE lines:
 *
 *   clients         number of clients that held their memory
 *   tables_client   KiB of page tables that a client added
 *   tables_all      KiB of page tables at the end
 *   faults          page faults of a client that touches all memory, at most
 *   milliseconds    time of a client from fork until it held its memory
 *   out_of_memory   number of the client that ran out of memory, or 0
 *
 * A first process finds the memory empty, fills the memory and stays, like the
 * server of the clients. The first process is not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "field.h"
#include "report.h"

/* Time limit for a report, after which the client is lost. */
#define PATIENCE_SECONDS 120

#define MAX_STARTING 64

/* Clients that have not reported yet. */
static struct {
	pid_t pid;
	double since;
} starting[MAX_STARTING];

static int report_pipe[2], hold_pipe[2];

__attribute__((format(printf, 1, 2))) static _Noreturn void
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("demo-herd: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_FAILURE);
}

static long field(const char *path, const char *name)
{
	uint64_t value;
	int err = field_read(path, name, &value);

	if (err)
		fail("%s: %s: %s", path, name, strerror(-err));
	return value;
}

static long page_tables(void)
{
	return field("/proc/meminfo", "PageTables") +
	       field("/proc/meminfo", "SecPageTables");
}

static long oom_kills(void)
{
	return field("/proc/vmstat", "oom_kill");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* When memory runs out, the kernel must kill clients and no other process. */
static void set_oom_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, score, strlen(score)) < 0)
		fail("cannot set oom_score_adj: %m");
	close(fd);
}

static _Noreturn void be_client(char **command)
{
	int report, hold;

	set_oom_score("1000");
	/* Move both away first: each can have the other's number. */
	report = fcntl(report_pipe[1], F_DUPFD_CLOEXEC, 10);
	hold = fcntl(hold_pipe[0], F_DUPFD_CLOEXEC, 10);
	if (dup2(report, REPORT_FD) < 0 || dup2(hold, HOLD_FD) < 0)
		fail("dup2: %m");
	execvp(command[0], command);
	fail("cannot run %s: %m", command[0]);
}

static void start_client(char **command)
{
	double now = seconds();
	pid_t pid = fork();
	int i = 0;

	if (pid < 0)
		fail("fork: %m");
	if (!pid)
		be_client(command);
	while (starting[i].pid)
		i++;
	starting[i].pid = pid;
	starting[i].since = now;
}

/* The time of the client that has just reported. */
static double client_seconds(pid_t pid)
{
	for (int i = 0; i < MAX_STARTING; i++) {
		if (starting[i].pid == pid) {
			starting[i].pid = 0;
			return seconds() - starting[i].since;
		}
	}
	fail("an unknown client reports: %d", pid);
}

/*
 * Waits until a client has touched all memory: false if this or an earlier
 * client was killed instead.
 */
static bool wait_for_report(struct report *report)
{
	struct pollfd from_clients = { .fd = report_pipe[0], .events = POLLIN };
	double end = seconds() + PATIENCE_SECONDS;
	int status;

	while (seconds() < end) {
		if (poll(&from_clients, 1, 100) > 0) {
			ssize_t got =
				read(report_pipe[0], report, sizeof(*report));

			if (got != sizeof(*report))
				fail("half a report");
			return true;
		}
		if (waitpid(-1, &status, WNOHANG) <= 0)
			continue;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			return false;
		fail("a client ended with wait status %#x", status);
	}
	fail("a client does not get on");
}

/* Releases all clients, and waits until they have ended. */
static void disperse(void)
{
	close(hold_pipe[1]);
	close(hold_pipe[0]);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* @width clients start at the same time. */
static void gather(long count, long width, char **command)
{
	long before = page_tables(), kills = oom_kills();
	long started = 0, reached = 0, filled, all, faults = 0;
	struct report report;
	double total = 0;

	start_client(command);
	if (!wait_for_report(&report))
		fail("not even one process fits into memory");
	client_seconds(report.pid);
	filled = all = page_tables();

	while (reached < count) {
		while (started < count && started - reached < width) {
			start_client(command);
			started++;
		}
		if (!wait_for_report(&report))
			break;
		total += client_seconds(report.pid);
		if (report.faults > faults)
			faults = report.faults;
		reached++;
		if (reached == started)
			all = page_tables();
		if (reached % 100 == 0)
			fprintf(stderr, "  %ld of %ld clients\n", reached,
				count);
	}
	if (reached < count && oom_kills() == kills)
		fail("client %ld was killed, but not for memory", reached + 1);
	disperse();

	printf("clients=%ld\n", reached);
	printf("tables_client=%ld\n", reached ? (all - filled) / reached : 0);
	printf("tables_all=%ld\n", all - before);
	printf("faults=%ld\n", faults);
	printf("milliseconds=%.0f\n", reached ? total * 1000 / reached : 0);
	printf("out_of_memory=%ld\n", reached < count ? reached + 1 : 0);
}

int main(int argc, char **argv)
{
	long count = argc > 3 ? strtol(argv[1], NULL, 10) : 0;
	long width = argc > 3 ? strtol(argv[2], NULL, 10) : 0;

	if (count <= 0 || width <= 0 || width > MAX_STARTING) {
		fputs("usage: demo-herd COUNT WIDTH COMMAND [ARG...]\n"
		      "COUNT clients, of which WIDTH start at a time\n",
		      stderr);
		return 2;
	}
	set_oom_score("-1000");
	if (pipe2(report_pipe, O_CLOEXEC) || pipe2(hold_pipe, O_CLOEXEC))
		fail("pipe: %m");
	gather(count, width, argv + 3);
	return EXIT_SUCCESS;
}
