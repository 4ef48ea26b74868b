/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>

/* The command line: the common part of all commands. */

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
	 * The exit status for all own failures, if the statuses from 1 on can
	 * be another program's; otherwise 0.
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

/* Runs a command; argv[0] is its name. Returns the exit status. */
int cli_run(struct cli *cli, const struct command *command, int argc,
	    char **argv);

/* The exit status of this command for a failure of this kind. */
int cli_status(const struct cli *cli, int status);

/* The parser of a command whose options all belong to its first child. */
error_t cli_pass_input(int key, char *arg, struct argp_state *state);

/* The filter of help texts, unless the command has another filter. */
char *cli_help_filter(int key, const char *text, void *input);

/*
 * Parses the command line of the running command and the global options into
 * input, which the command's argp knows. Ends the process for --help, for
 * --version and for wrong usage.
 */
void cli_parse(struct cli *cli, int argc, char **argv, void *input);

/*
 * Prints two lines to standard error, and exits with the status for wrong
 * usage.
 */
_Noreturn void cli_usage_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
