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

#include "cli.h"
#include "verbs.h"

static const struct command cmd_help;

/* In the order of --help. */
static const struct command *const commands[] = { VERBS, &cmd_help };

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

struct top {
	char **words;
	int count;
};

/* The list of commands, for the end of --help. */
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
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(f, "  %-12s %s\n", commands[i]->name,
			commands[i]->summary);
	fputs("\nNAME is relative to the mount point, or a path if it begins "
	      "with /, ./ or ../.",
	      f);
	return fclose(f) ? NULL : help;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
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

/* Whether one letter more, less, or other makes one name of the other. */
static bool is_similar(const char *a, const char *b)
{
	size_t same = 0, x = strlen(a), y = strlen(b);

	while (a[same] && a[same] == b[same])
		same++;
	if (x == y)
		return x > 1 && !strcmp(a + same + 1, b + same + 1);
	if (x > y)
		return x == y + 1 && !strcmp(a + same + 1, b + same);
	return y == x + 1 && !strcmp(a + same, b + same + 1);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	for (size_t i = 0; i < COMMANDS; i++)
		if (is_similar(commands[i]->name, name))
			cli_usage_error("unknown command '%s'; did you mean "
					"%s?",
					name, commands[i]->name);
	cli_usage_error("unknown command '%s'", name);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct top top = { 0 };

	cli_parse(cli, argc, argv, &top);
	return cli_run(cli, find_command(top.words[0]), top.count, top.words);
}

static const struct command msharectl = {
	.argp = {
		.parser = parse,
		.args_doc = "COMMAND [ARG...]",
		.doc = "Create and use memory regions with shared page tables.\v",
		.help_filter = help_filter,
	},
	.flags = ARGP_IN_ORDER,
	.run = run,
};

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

static int run_help(struct cli *cli, int argc, char **argv)
{
	char *help[] = { NULL, (char *)"--help", NULL };
	const char *topic = NULL;

	cli_parse(cli, argc, argv, &topic);
	return cli_run(cli, topic ? find_command(topic) : &msharectl, 2, help);
}

static const struct command cmd_help = {
	.name = "help",
	.summary = "show the help of a command",
	.argp = {
		.parser = parse_help,
		.args_doc = "[COMMAND]",
		.doc = "Show the help of a command, or the list of commands.",
	},
	.run = run_help,
};

/* A full disk or a closed pipe is a failure of a command that prints. */
static void close_stdout(int status, void *data)
{
	const struct cli *cli = data;
	const bool failed = ferror(stdout);
	const bool pending = __fpending(stdout);

	(void)status;
	/* A closed standard output is not an error if nothing was printed. */
	if (fclose(stdout) && (errno != EBADF || failed || pending)) {
		if (errno != EPIPE)
			fprintf(stderr,
				"%s: standard output: %s\n"
				"What was printed is not complete.\n",
				cli->title, strerror(errno));
		_exit(cli_status(cli, EXIT_FAILURE));
	}
	if (failed)
		_exit(cli_status(cli, EXIT_FAILURE));
}

/*
 * A new descriptor must not take the number of a closed standard descriptor: a
 * message would be written into a region. The placeholders behave like closed
 * descriptors, and are closed for executed programs.
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
	struct cli cli = { 0 };

	occupy_standard_descriptors();
	setlocale(LC_ALL, "");
	on_exit(close_stdout, &cli);
	/* A return would leave close_stdout() without cli. */
	exit(cli_run(&cli, &msharectl, argc, argv));
}
