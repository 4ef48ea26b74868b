// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"

#include <errno.h>
#include <json-c/json.h>
#include <libmount.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"
#include "escape.h"

static const struct argp_option global_options[] = {
	{ NULL, 0, NULL, 0, "Global options:", -1 },
	{ "mount-point", 'M', "DIR", 0,
	  "use the msharefs mounted on DIR (default: the mount in "
	  "/proc/self/mountinfo)",
	  -1 },
	{ "help", 'h', NULL, 0, "show this help", -1 },
	{ "version", 'V', NULL, 0, "show version and libraries", -1 },
	{ 0 },
};

static _Noreturn void print_version(void)
{
	const char *mount, *smartcols;

	mnt_get_library_version(&mount);
	scols_get_library_version(&smartcols);
	printf("msharectl %s (libmount %s, libsmartcols %s, json-c %s, attach-exec %s)\n",
	       MSHARE_VERSION, mount, smartcols, json_c_version(),
	       attach_arch());
	exit(EXIT_SUCCESS);
}

static error_t global_parse(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	switch (key) {
	case 'M':
		if (!*arg)
			cli_usage_error("the mount point is empty");
		cli->mount_point = arg;
		return 0;
	case 'h':
		/*
		 * Completions parse --help, which a user's format would break.
		 */
		unsetenv("ARGP_HELP_FMT");
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		exit(EXIT_SUCCESS);
	case 'V':
		print_version();
	case ARGP_KEY_INIT:
		/*
		 * argp's own "Try ..." line names options that msharectl does
		 * not have; without a stream, argp prints nothing and returns.
		 */
		state->err_stream = NULL;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp global_argp = {
	.options = global_options,
	.parser = global_parse,
};

error_t cli_pass_input(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

int cli_status(const struct cli *cli, int status)
{
	return cli->command->own_failure ? cli->command->own_failure : status;
}

int cli_run(struct cli *cli, const struct command *command, int argc,
	    char **argv)
{
	cli->command = command;
	snprintf(cli->title, sizeof(cli->title), "msharectl%s%s",
		 command->name ? " " : "", command->name ? command->name : "");
	/* As error(3) and argp have them. */
	program_invocation_name = cli->title;
	argp_err_exit_status = cli_status(cli, EXIT_USAGE);
	return command->run(cli, argc, argv);
}

static _Noreturn void exit_usage(void)
{
	fprintf(stderr, "Try '%s --help' for more information.\n",
		program_invocation_name);
	exit(argp_err_exit_status);
}

/* "See msharectl-create(8).", or NULL without memory. */
static char *see_page(void)
{
	char *text;

	if (asprintf(&text, "See %s(8).", program_invocation_name) < 0)
		return NULL;
	for (char *p = text + strlen("See "); *p; p++)
		if (*p == ' ')
			*p = '-';
	return text;
}

char *cli_help_filter(int key, const char *text, void *input)
{
	(void)input;
	switch (key) {
	case ARGP_KEY_HELP_EXTRA:
		return see_page();
	case ARGP_KEY_HELP_DUP_ARGS_NOTE:
		/* A note on arguments of options, as util-linux omits it. */
		return NULL;
	default:
		return (char *)text;
	}
}

struct inputs {
	void *command;
	struct cli *global;
};

static error_t pass_inputs(int key, char *arg, struct argp_state *state)
{
	const struct inputs *inputs = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = inputs->command;
	state->child_inputs[1] = inputs->global;
	return 0;
}

void cli_parse(struct cli *cli, int argc, char **argv, void *input)
{
	const struct command *c = cli->command;
	const struct argp own = {
		.options = c->argp.options,
		.parser = c->argp.parser,
		.children = c->argp.children,
	};
	const struct argp_child children[] = {
		{ &own, 0, NULL, 0 },
		{ &global_argp, 0, NULL, 0 },
		{ 0 },
	};
	const struct argp argp = {
		.parser = pass_inputs,
		.args_doc = c->argp.args_doc,
		.doc = c->argp.doc,
		.children = children,
		.help_filter = c->argp.help_filter ? c->argp.help_filter :
						     cli_help_filter,
	};
	struct inputs inputs = { input, cli };

	/* getopt()'s messages begin with argv[0]. */
	argv[0] = cli->title;
	if (argp_parse(&argp, argc, argv, c->flags | ARGP_NO_HELP, NULL,
		       &inputs))
		exit_usage();
}

void cli_usage_error(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	fprintf(stderr, "%s: ", program_invocation_name);
	/* The text quotes words of the command line. */
	escape_message(stderr, len < 0 ? format : text);
	if (len >= 0)
		free(text);
	putc('\n', stderr);
	exit_usage();
}
