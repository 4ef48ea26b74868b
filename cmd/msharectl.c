// SPDX-License-Identifier: GPL-2.0-only
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "cli.h"

static int run_help(int argc, char **argv);

static const struct command commands[] = {
	{ "mount", cmd_mount, 0, "mount msharefs" },
	{ "umount", cmd_umount, 0, "unmount msharefs" },
	{ "create", cmd_create, 0, "make a region" },
	{ "map", cmd_map, 0, "map memory or a file into a region" },
	{ "unmap", cmd_unmap, 0, "unmap memory from a region" },
	{ "protect", cmd_protect, 0, "change access rights in a region" },
	{ "advise", cmd_advise, 0, "say how memory will be used" },
	{ "lock", cmd_lock, 0, "keep memory of a region out of swap space" },
	{ "unlock", cmd_unlock, 0, "let it go there again" },
	{ "mempolicy", cmd_mempolicy, 0, "choose NUMA nodes for memory" },
	{ "seal", cmd_seal, 0, "forbid changes of a region for ever" },
	{ "ls", cmd_ls, 0, "list regions and directories" },
	{ "info", cmd_info, 0, "show regions, their ranges and owners" },
	{ "stat", cmd_stat, 0, "show what regions hold and who uses them" },
	{ "ps", cmd_ps, 0, "show which processes have regions attached" },
	{ "attach-exec", cmd_attach_exec, ATTACH_EXIT_FAILURE,
	  "run a program with regions mapped" },
	{ "rm", cmd_rm, 0, "remove regions and directories" },
	{ "help", run_help, 0, "show the help of a command" },
	{ 0 },
};

struct top {
	char **words;
	int count;
};

/* The commands, for the end of --help. */
static char *help_filter(int key, const char *text, void *input)
{
	size_t len;
	char *help;
	FILE *f;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return cli_help_filter(key, text, input);
	f = open_memstream(&help, &len);
	if (!f)
		return NULL;
	fputs("Commands:\n", f);
	for (const struct command *c = commands; c->name; c++)
		fprintf(f, "  %-12s %s\n", c->name, c->summary);
	fputs("\nNAME is relative to the mount point, or a path if it begins "
	      "with /, ./ or ../.",
	      f);
	return fclose(f) ? NULL : help;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = NULL;
		return 0;
	case ARGP_KEY_ARG:
		(void)arg;
		/* The rest is the command's. */
		top->words = &state->argv[state->next - 1];
		top->count = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		cli_usage_error("no command given");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "COMMAND [ARG...]",
	.doc = "Make and use memory regions whose page tables all their users "
	       "share.\v",
	.children = cli_global_children,
	.help_filter = help_filter,
};

static const struct command *find_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	cli_usage_error("unknown command '%s'", name);
}

static int run_command(const struct command *c, int argc, char **argv)
{
	static char name[32];

	snprintf(name, sizeof(name), "msharectl %s", c->name);
	cli_name = name;
	cli_own_failure = c->own_failure;
	return c->run(argc, argv);
}

static error_t parse_help(int key, char *arg, struct argp_state *state)
{
	const char **topic = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*topic)
		cli_usage_error("more than one COMMAND: '%s'", arg);
	*topic = arg;
	return 0;
}

static const struct argp help_argp = {
	.parser = parse_help,
	.args_doc = "[COMMAND]",
	.doc = "Show the help of a command, or the list of commands.",
	.children = cli_global_children,
};

static int run_help(int argc, char **argv)
{
	char *help[] = { NULL, (char *)"--help", NULL };
	const char *topic = NULL;

	cli_parse(&help_argp, argc, argv, 0, &topic);
	if (topic)
		return run_command(find_command(topic), 2, help);
	cli_name = "msharectl";
	cli_parse(&argp, 2, help, ARGP_IN_ORDER, &(struct top){ 0 });
	return EXIT_SUCCESS;
}

/* A full disk or a closed pipe is a failure of a command that prints. */
static void close_stdout(void)
{
	const bool failed = ferror(stdout);
	const bool pending = __fpending(stdout);

	/* Where nothing was printed there need be nothing to print to. */
	if (fclose(stdout) && (errno != EBADF || failed || pending)) {
		if (errno != EPIPE)
			fprintf(stderr,
				"%s: standard output: %s\n"
				"What was printed is not complete.\n",
				cli_name, strerror(errno));
		_exit(cli_status(EXIT_FAILURE));
	}
	if (failed)
		_exit(cli_status(EXIT_FAILURE));
}

/*
 * What is opened must not become a standard descriptor that was closed: a
 * message would be written into a region. These behave as closed ones do, and
 * are closed for programs that are executed.
 */
static void occupy_standard_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			break;
	while (fd <= STDERR_FILENO) {
		fd = open("/", O_PATH | O_CLOEXEC);
		if (fd < 0)
			return;
		if (fd > STDERR_FILENO)
			close(fd);
	}
}

int main(int argc, char **argv)
{
	struct top top = { 0 };

	occupy_standard_descriptors();
	setlocale(LC_ALL, "");
	atexit(close_stdout);

	cli_parse(&argp, argc, argv, ARGP_IN_ORDER, &top);
	return run_command(find_command(top.words[0]), top.count, top.words);
}
