/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <argp.h>

/* The command line: what all subcommands have in common. */

enum {
	EXIT_USAGE = 2,
	EXIT_UNAVAILABLE = 3,
};

/* Keys of options without a letter. */
enum {
	OPT_COUNT = 0x100,
	OPT_DRY_RUN,
	OPT_ENV_ONLY,
	OPT_FILE,
	OPT_HUGE,
	OPT_IF_MISSING,
	OPT_INTERVAL,
	OPT_LIST_COLUMNS,
	OPT_MAP,
	OPT_MAPPINGS,
	OPT_MOVE,
	OPT_NORESERVE,
	OPT_OFFSET,
	OPT_ON_FAULT,
	OPT_OPENMETRICS,
	OPT_OUTPUT_ALL,
	OPT_POPULATE,
	OPT_PROTECT,
	OPT_START,
	OPT_UNMAP,
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	/*
	 * The exit status of all its own failures, where those from 1 on may
	 * be another program's; else 0.
	 */
	int own_failure;
	const char *summary;
};

int cmd_advise(int argc, char **argv);
int cmd_attach_exec(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_lock(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_mempolicy(int argc, char **argv);
int cmd_mount(int argc, char **argv);
int cmd_protect(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_seal(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_umount(int argc, char **argv);
int cmd_unlock(int argc, char **argv);
int cmd_unmap(int argc, char **argv);

/* "msharectl create", for messages. */
extern const char *cli_name;

/* The status for a failure of this kind, given what the command is. */
int cli_status(int status);
extern int cli_own_failure;

/* --mount-point, or NULL. */
extern const char *cli_mount_point;

/* -h, -V and --mount-point, for the children of a command's argp. */
extern const struct argp cli_global_argp;

/* The children of a command that shares no other options. */
extern const struct argp_child cli_global_children[];

/* The parser of a command whose options are all its first child's. */
error_t cli_pass_input(int key, char *arg, struct argp_state *state);

/* What every help text goes through, where the command has no other filter. */
char *cli_help_filter(int key, const char *text, void *input);

/*
 * argp_parse() with this project's manners: wrong usage is two lines on
 * standard error and exit status 2.
 */
void cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
	       void *input);

_Noreturn void cli_usage_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif
