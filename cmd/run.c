// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "args.h"
#include "attach.h"
#include "cli.h"
#include "message.h"

/* <linux/prctl.h> of the series has these. */
#define PR_SET_MSHARE    0x4d534852
#define PR_MSHARE_STRICT 1UL

#define DEFAULT_MIN_SIZE (64ULL << 20)

struct run {
	uint64_t min_size;
	bool strict;
	char **command;
};

enum {
	OPT_STRICT = 0x100,
};

static const struct argp_option options[] = {
	{ "min-size", 's', "SIZE", 0,
	  "share page tables of memory from SIZE on, a power of two; "
	  "default 64M",
	  0 },
	{ "strict", OPT_STRICT, NULL, 0,
	  "refuse memory that cannot share page tables", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		r->min_size = DEFAULT_MIN_SIZE;
		return 0;
	case 's':
		r->min_size = args_size("--min-size", arg);
		if (r->min_size & (r->min_size - 1))
			cli_usage_error("--min-size is not a power of two");
		return 0;
	case OPT_STRICT:
		r->strict = true;
		return 0;
	case ARGP_KEY_ARG:
		(void)arg;
		/* The rest is the program's, its options included. */
		r->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!r->command)
			cli_usage_error("PROGRAM is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int prepare(const struct run *r)
{
	if (!prctl(PR_SET_MSHARE, (unsigned long)r->min_size,
		   r->strict ? PR_MSHARE_STRICT : 0UL, 0UL, 0UL))
		return 0;
	switch (errno) {
	case EINVAL:
		/* A kernel that has it accepts from a page on. */
		if (r->min_size < (uint64_t)sysconf(_SC_PAGESIZE))
			return message_error(NULL,
					     "Choose a larger --min-size.",
					     "--min-size is smaller than a "
					     "page");
		return message_error(NULL,
				     "Boot a kernel with the mshare series "
				     "that has PR_SET_MSHARE.",
				     "the kernel does not share page tables of "
				     "programs' memory");
	case EOPNOTSUPP:
		return message_error(NULL, "Run the program without msharectl.",
				     "this machine has no shared page tables");
	default:
		return message_error(NULL,
				     "Check seccomp filters for a rule that "
				     "forbids prctl.",
				     "cannot set the attribute: %s",
				     strerror(errno));
	}
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct run r = { 0 };

	cli_parse(cli, argc, argv, &r);
	if (prepare(&r))
		return ATTACH_EXIT_FAILURE;
	execvp(r.command[0], r.command);
	return message_exec_failed(r.command[0], -errno);
}

const struct command cmd_run = {
	.name = "run",
	.summary = "run a program whose shared memory shares page tables",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[--] PROGRAM [ARG...]",
		.doc = "Run a program whose anonymous shared memory, from a "
		       "size on, uses nameless regions; so do its child "
		       "processes, and the programs that they execute. The "
		       "program needs no changes.\v"
		       "The exit status is the program's; 125 if msharectl "
		       "failed and did not run the program, 126 if the "
		       "program cannot be executed, 127 if the command was "
		       "not found.",
	},
	.flags = ARGP_IN_ORDER,
	.own_failure = ATTACH_EXIT_FAILURE,
	.run = run,
};
