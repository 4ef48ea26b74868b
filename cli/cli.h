/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>

/* The command line: what all subcommands have in common. */

enum {
	EXIT_USAGE = 2,
	EXIT_UNAVAILABLE = 3,
};

struct cli;

/*
 * A verb: cmd/VERB.c defines it as cmd_VERB, and CMakeLists.txt names it.
 */
struct command {
	const char *name;    /* NULL: msharectl without a verb */
	const char *summary; /* for the list of commands in --help */
	struct argp argp;    /* without the global options */
	unsigned int flags;  /* of argp_parse() */
	/*
	 * The exit status of all its own failures, where those from 1 on may
	 * be another program's; else 0.
	 */
	int own_failure;
	int (*run)(struct cli *cli, int argc, char **argv);
};

/* One run of one command. */
struct cli {
	const struct command *command;
	char title[32];          /* "msharectl create", for messages */
	const char *mount_point; /* --mount-point, or NULL */
};

/* Runs a command from the word of its name on; returns the exit status. */
int cli_run(struct cli *cli, const struct command *command, int argc,
	    char **argv);

/* The status for a failure of this kind, given what the command is. */
int cli_status(const struct cli *cli, int status);

/* The parser of a command whose options are all its first child's. */
error_t cli_pass_input(int key, char *arg, struct argp_state *state);

/* What every help text goes through, where the command has no other filter. */
char *cli_help_filter(int key, const char *text, void *input);

/*
 * Parses the command line of the command that runs, and the global options,
 * into input, which the command's argp knows. Ends the process where --help or
 * --version is given, and where usage is wrong.
 */
void cli_parse(struct cli *cli, int argc, char **argv, void *input);

/* Two lines on standard error, and the exit status for wrong usage. */
_Noreturn void cli_usage_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
