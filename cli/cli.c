// SPDX-License-Identifier: GPL-2.0-only
#include "cli.h"

#include <libmount.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "attach.h"
#include "escape.h"

const char *cli_name = "msharectl";
const char *cli_mount_point;
int cli_own_failure;

static const struct argp_option global_options[] = {
	{ NULL, 0, NULL, 0, "Everywhere:", -1 },
	{ "mount-point", 'M', "DIR", 0,
	  "use the msharefs mounted on DIR (default: the one in mountinfo)",
	  -1 },
	{ "help", 'h', NULL, 0, "show this help", -1 },
	{ "version", 'V', NULL, 0, "show the version and what is built in",
	  -1 },
	{ 0 },
};

static _Noreturn void print_version(void)
{
	const char *mount, *smartcols;

	mnt_get_library_version(&mount);
	scols_get_library_version(&smartcols);
	printf("msharectl %s (libmount %s, libsmartcols %s, attach-exec %s)\n",
	       MSHARE_VERSION, mount, smartcols, attach_arch());
	exit(EXIT_SUCCESS);
}

static error_t global_parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'M':
		if (!*arg)
			cli_usage_error("the mount point is empty");
		cli_mount_point = arg;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		exit(EXIT_SUCCESS);
	case 'V':
		print_version();
	case ARGP_KEY_INIT:
		/*
		 * argp's own "Try ..." line names options that are not there;
		 * without a stream it says nothing and returns.
		 */
		state->err_stream = NULL;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cli_global_argp = {
	.options = global_options,
	.parser = global_parse,
};

const struct argp_child cli_global_children[] = {
	{ &cli_global_argp, 0, NULL, 0 },
	{ 0 },
};

error_t cli_pass_input(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

int cli_status(int status)
{
	return cli_own_failure ? cli_own_failure : status;
}

static _Noreturn void exit_usage(void)
{
	fprintf(stderr, "Try '%s --help' for more information.\n", cli_name);
	exit(cli_status(EXIT_USAGE));
}

char *cli_help_filter(int key, const char *text, void *input)
{
	(void)input;
	/* A note on arguments of options that util-linux does without, too. */
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

void cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
	       void *input)
{
	struct argp filtered = *argp;

	if (!filtered.help_filter)
		filtered.help_filter = cli_help_filter;
	/* getopt()'s messages begin with it. */
	argv[0] = (char *)cli_name;
	if (argp_parse(&filtered, argc, argv, flags | ARGP_NO_HELP, NULL,
		       input))
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
	fprintf(stderr, "%s: ", cli_name);
	/* It quotes words of the command line. */
	escape_message(stderr, len < 0 ? format : text);
	if (len >= 0)
		free(text);
	putc('\n', stderr);
	exit_usage();
}
