// SPDX-License-Identifier: GPL-2.0-only
/*
 * relay TIMEOUT OUTCOME LOG QEMU [ARG...]
 *
 * Runs QEMU with one end of a socket pair as descriptor 3, and passes on what
 * the guest's init sends there: the command's standard output and error to
 * its own. OUTCOME, a file, says how it ended: "exit N", "lost WHY" or
 * "interrupted N". What QEMU itself has to say goes to the file LOG.
 *
 * QEMU never outlives relay, and relay never outlives its parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define GUEST_FD 3

struct guest {
	pid_t qemu;
	int wire;
	const char *outcome;
	const char *log;
};

static struct guest guest = { .wire = -1 };

static _Noreturn void end(const char *outcome, int status)
{
	FILE *file = fopen(guest.outcome, "we");

	if (file) {
		fprintf(file, "%s\n", outcome);
		fclose(file);
	}
	if (guest.qemu > 0) {
		kill(guest.qemu, SIGKILL);
		waitpid(guest.qemu, NULL, 0);
	}
	exit(status);
}

static _Noreturn void lost(const char *why)
{
	char outcome[1200];

	snprintf(outcome, sizeof(outcome), "lost %s", why);
	end(outcome, 98);
}

static void start_qemu(char **argv)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		lost("no socket pair for the guest could be made");
	guest.qemu = fork();
	if (guest.qemu < 0)
		lost("QEMU could not be started: fork failed");
	if (!guest.qemu) {
		int null = open("/dev/null", O_RDONLY);
		int log = open(guest.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		sigset_t none;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		/* its own group: an interrupt is for relay to handle */
		setpgid(0, 0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(null, STDIN_FILENO);
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		if (ends[1] == GUEST_FD)
			fcntl(GUEST_FD, F_SETFD, 0);
		else
			dup2(ends[1], GUEST_FD);
		execvp(argv[0], argv);
		fprintf(stderr, "cannot run %s: %s\n", argv[0],
			strerror(errno));
		_exit(127);
	}
	close(ends[1]);
	guest.wire = ends[0];
}

static bool read_all(void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t n = read(guest.wire, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

/* A reader that went away ends the run, as SIGPIPE would on the host. */
static void pass_on(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd room = { .fd = fd, .events = POLLOUT };

			poll(&room, 1, -1);
			continue;
		}
		if (n <= 0)
			end("interrupted 13", 128 + SIGPIPE);
		data += n;
		len -= n;
	}
}

static void take_frame(void)
{
	static char data[1 << 16];
	struct wire_header header;
	char outcome[64];

	if (!read_all(&header, sizeof(header)))
		lost("it ended before the command did");
	if (header.len > sizeof(data))
		lost("what it sent makes no sense");
	if (!read_all(data, header.len))
		lost("it ended before the command did");

	switch (header.type) {
	case WIRE_STDOUT:
		pass_on(STDOUT_FILENO, data, header.len);
		return;
	case WIRE_STDERR:
		pass_on(STDERR_FILENO, data, header.len);
		return;
	case WIRE_STATUS:
		snprintf(outcome, sizeof(outcome), "exit %d", (uint8_t)data[0]);
		end(outcome, (uint8_t)data[0]);
	case WIRE_FAILED:
		data[header.len < 1000 ? header.len : 1000] = '\0';
		lost(data);
	default:
		lost("what it sent makes no sense");
	}
}

static void take_signal(int signals)
{
	struct signalfd_siginfo info;
	char outcome[64];

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	snprintf(outcome, sizeof(outcome), "interrupted %u", info.ssi_signo);
	end(outcome, 128 + info.ssi_signo);
}

static long seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int main(int argc, char **argv)
{
	long deadline;
	sigset_t ours;
	int signals;

	if (argc < 5) {
		fprintf(stderr,
			"usage: relay TIMEOUT OUTCOME LOG QEMU [ARG...]\n");
		return 2;
	}
	deadline = seconds_now() + atol(argv[1]);
	guest.outcome = argv[2];
	guest.log = argv[3];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL); /* in the background it is ignored */
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	signals = signalfd(-1, &ours, SFD_CLOEXEC);
	start_qemu(argv + 4);

	for (;;) {
		struct pollfd from[] = {
			{ .fd = guest.wire, .events = POLLIN },
			{ .fd = signals, .events = POLLIN },
		};
		long left = deadline - seconds_now();

		if (left <= 0)
			lost("it did not finish in time");
		if (poll(from, 2, (left > 3600 ? 3600 : left) * 1000) <= 0)
			continue;
		if (from[1].revents)
			take_signal(signals);
		if (from[0].revents)
			take_frame();
	}
}
