// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "peer.h"

struct peer peer_start(void (*run)(struct peer *parent, void *arg), void *arg)
{
	struct peer parent = { .pid = getpid() }, child;
	int ends[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
	     "socketpair: %m");
	child.fd = ends[0];
	child.pid = fork();
	must(child.pid >= 0, "fork: %m");
	if (child.pid) {
		close(ends[1]);
		return child;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(ends[0]);
	parent.fd = ends[1];
	failed_checks = 0;
	run(&parent, arg);
	_exit(failed_checks ? EXIT_FAILURE : EXIT_SUCCESS);
}

void go(struct peer *peer)
{
	must(send(peer->fd, "", 1, MSG_NOSIGNAL) == 1, "process %d is gone: %m",
	     peer->pid);
}

/* The parent's own end is noticed as well, but not its reason. */
void wait_go(struct peer *peer)
{
	int status = 0;
	char byte;

	if (read(peer->fd, &byte, 1) == 1)
		return;
	waitpid(peer->pid, &status, 0);
	must(false, "process %d went away: status %d, signal %d", peer->pid,
	     WEXITSTATUS(status), WTERMSIG(status));
}

static int reap(struct peer *peer)
{
	int status;

	must(waitpid(peer->pid, &status, 0) == peer->pid, "waitpid: %m");
	close(peer->fd);
	return status;
}

void peer_end(struct peer *peer)
{
	int status = reap(peer);

	check(!status, "process %d ended with wait status %#x", peer->pid,
	      status);
}

void peer_kill(struct peer *peer)
{
	kill(peer->pid, SIGKILL);
	reap(peer);
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set),
	     "cannot run on processor %d: %m", cpu);
}

void sleep_ms(unsigned int ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}
