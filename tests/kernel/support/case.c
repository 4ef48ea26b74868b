// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "peer.h"
#include "region.h"
#include "swap.h"
#include "touch.h"

/*
 * A hanging case must not delay the others. The debug kernel under emulation
 * needs most of this time for the longest case.
 */
#ifndef CASE_SECONDS
#define CASE_SECONDS 300
#endif

/* The selected cases, from the options of the command line. */
struct selection {
	bool debug;
	bool all;
	bool filtered;
	regex_t filter;
};

/* The end of a case's process. */
struct outcome {
	bool timed_out;
	int status;
	int output;
	double took;
};

static const char *program_name(void)
{
	const char *dash = strchr(program_invocation_short_name, '-');

	return dash ? dash + 1 : program_invocation_short_name;
}

static bool is_selected(const struct test_case *c, const struct selection *s)
{
	char name[512];

	if (!c->title)
		return false;
	if (c->needs & (s->debug ? CASE_NORMAL : CASE_DEBUG))
		return false;
	if ((c->needs & CASE_LONG) && s->debug && !s->all)
		return false;
	if (!s->filtered)
		return true;
	snprintf(name, sizeof(name), "%s/%s: %s", program_name(), c->name,
		 c->title);
	return !regexec(&s->filter, name, 0, NULL, 0);
}

static void need_swap(bool wanted)
{
	static bool added;

	if (wanted && !swap_device()) {
		swap_add();
		added = true;
	}
	if (!wanted && added) {
		swap_remove();
		added = false;
	}
}

/* Cases change the whole system: swap space, limits, mounts. */
static bool is_guest(void)
{
	const char *guest = getenv("MSHARE_GUEST");

	return guest && !strcmp(guest, "1");
}

static int remove_entry(const char *path, const struct stat *stat, int type,
			struct FTW *ftw)
{
	(void)stat;
	(void)type;
	if (ftw->level && strcmp(path + ftw->base, "mshare_info"))
		remove(path);
	return 0;
}

/* A case that was killed leaves its regions. */
static void remove_regions(void)
{
	nftw(MSHARE_MOUNT, remove_entry, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static _Noreturn void exec_case(const struct test_case *c, int output)
{
	char *argv[] = { program_invocation_name, (char *)c->name, NULL };

	setpgid(0, 0);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* Runs a case in a process group of its own, which ends with the case. */
static struct outcome run_case(const struct test_case *c)
{
	struct outcome outcome = { .output =
					   memfd_create(c->name, MFD_CLOEXEC) };
	struct pollfd ended = { .events = POLLIN };
	double began = seconds();
	pid_t pid;

	must(outcome.output >= 0, "memfd_create: %m");
	pid = fork();
	must(pid >= 0, "fork: %m");
	if (!pid)
		exec_case(c, outcome.output);
	setpgid(pid, pid);
	ended.fd = pidfd_open(pid, 0);
	must(ended.fd >= 0, "pidfd_open: %m");
	outcome.timed_out = poll(&ended, 1, CASE_SECONDS * 1000) != 1;
	kill(-pid, SIGKILL);
	must(waitpid(pid, &outcome.status, 0) == pid, "waitpid: %m");
	close(ended.fd);
	outcome.took = seconds() - began;
	remove_regions();
	return outcome;
}

/* Prints the lines of a case's output, each after @prefix; at most @count. */
static void print_output(const struct outcome *outcome, const char *prefix,
			 int count)
{
	FILE *file = fdopen(dup(outcome->output), "re");
	char *line = NULL;
	size_t room = 0;

	must(file, "fdopen: %m");
	rewind(file);
	while (count-- && getline(&line, &room, file) > 0)
		printf("%s%s\n", prefix, strtok(line, "\n") ? line : "");
	free(line);
	fclose(file);
}

static bool report_outcome(const struct test_case *c, unsigned int number,
			   const struct outcome *o)
{
	bool exited = WIFEXITED(o->status) && !o->timed_out;
	int status = exited ? WEXITSTATUS(o->status) : -1;
	bool passed = status == EXIT_SUCCESS || status == CASE_SKIPPED;

	printf("%s %u %s/%s: %s", passed ? "ok" : "not ok", number,
	       program_name(), c->name, c->title);
	if (status == CASE_SKIPPED) {
		print_output(o, " # SKIP ", 1);
		return true;
	}
	printf(" # %.0f ms\n", o->took * 1000);
	if (passed)
		return true;
	print_output(o, "# ", -1);
	if (o->timed_out)
		printf("# still running after %d seconds\n", CASE_SECONDS);
	else if (!exited)
		printf("# killed by signal %d (%s)\n", WTERMSIG(o->status),
		       strsignal(WTERMSIG(o->status)));
	else if (status != EXIT_FAILURE)
		printf("# exited with status %d\n", status);
	return false;
}

static int run_selected(const struct test_case *cases, size_t count,
			const struct selection *s)
{
	unsigned int planned = 0, number = 0, failed = 0;

	for (size_t i = 0; i < count; i++)
		planned += is_selected(&cases[i], s);
	setlinebuf(stdout);
	printf("KTAP version 1\n1..%u\n", planned);
	for (size_t i = 0; i < count; i++) {
		struct outcome outcome;

		if (!is_selected(&cases[i], s))
			continue;
		need_swap(cases[i].needs & CASE_SWAP);
		outcome = run_case(&cases[i]);
		failed += !report_outcome(&cases[i], ++number, &outcome);
		close(outcome.output);
	}
	need_swap(false);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_here(const struct test_case *c, void (*setup)(void))
{
	need_swap(c->needs & CASE_SWAP);
	regions_init();
	touch_init();
	if (setup)
		setup();
	c->run();
	return checks_status();
}

static int list(const struct test_case *cases, size_t count,
		const struct selection *s)
{
	for (size_t i = 0; i < count; i++)
		if (is_selected(&cases[i], s))
			printf("%s/%s: %s\n", program_name(), cases[i].name,
			       cases[i].title);
	return EXIT_SUCCESS;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: %s [--debug [--all]] [--filter REGEX] [--list]\n"
		"       %s CASE\n",
		program_invocation_name, program_invocation_name);
	return 2;
}

int cases_main(const struct test_case *cases, size_t count, void (*setup)(void),
	       int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "debug", no_argument, NULL, 'd' },
		{ "filter", required_argument, NULL, 'f' },
		{ "list", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct selection s = { .debug = false };
	bool only_list = false;
	int key;

	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (key) {
		case 'a':
			s.all = true;
			break;
		case 'd':
			s.debug = true;
			break;
		case 'f':
			s.filtered = true;
			if (regcomp(&s.filter, optarg, REG_EXTENDED))
				return usage();
			break;
		case 'l':
			only_list = true;
			break;
		default:
			return usage();
		}
	}
	if (only_list)
		return list(cases, count, &s);
	if (!is_guest()) {
		fprintf(stderr, "%s: cases are for the guest: ./dev vm\n",
			program_invocation_name);
		return 2;
	}
	if (optind == argc)
		return run_selected(cases, count, &s);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(cases[i].name, argv[optind]))
			return run_here(&cases[i], setup);
	fprintf(stderr, "%s: no case \"%s\"; --list shows the cases\n",
		program_invocation_name, argv[optind]);
	return 2;
}

void skip_case(const char *why)
{
	puts(why);
	exit(CASE_SKIPPED);
}
