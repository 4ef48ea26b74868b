// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "range-verb.h"
#include "cli.h"
#include "environment.h"
#include "escape.h"
#include "message.h"
#include "obstacle.h"
#include "names.h"

struct attach_exec {
	char **names;
	size_t count;
	char **command;
	bool read_only, env_only, dry_run;
	struct region *regions;
};

enum {
	OPT_DRY_RUN = 0x100,
	OPT_ENV_ONLY,
};

static const struct argp_option options[] = {
	{ "read-only", 'r', NULL, 0, "attach read-only", 0 },
	{ "env-only", OPT_ENV_ONLY, NULL, 0,
	  "set the environment, attach nothing", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0,
	  "check and print what would be done, run nothing", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct attach_exec *a = state->input;
	int first;

	switch (key) {
	case 'r':
		a->read_only = true;
		return 0;
	case OPT_ENV_ONLY:
		a->env_only = true;
		return 0;
	case OPT_DRY_RUN:
		a->dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		(void)arg;
		first = state->next - 1;
		if (!state->quoted) {
			/*
			 * Arguments are in order, so that names are adjacent.
			 */
			if (!a->count)
				a->names = &state->argv[first];
			if (&state->argv[first] != a->names + a->count)
				cli_usage_error("options go before NAME");
			a->count++;
			return 0;
		}
		/* The rest is the command's, its options included. */
		a->command = &state->argv[first];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (a->read_only && a->env_only)
			cli_usage_error("--read-only and --env-only exclude "
					"each other");
		if (!a->count)
			cli_usage_error("NAME is missing");
		if (!a->command)
			cli_usage_error("-- and COMMAND are missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The name in front of the cause of a refusal. */
enum about {
	ABOUT_NOTHING,
	ABOUT_COMMAND,
	ABOUT_REGION,
};

static const struct refusal {
	enum attach_reason reason;
	/*
	 * An enum obstacle for ATTACH_TRACE, an enum program_kind for
	 * ATTACH_PROGRAM, an errno for ATTACH_MAP. 0: the default of the
	 * reason.
	 */
	int detail;
	enum about about;
	const char *cause, *next;
} refusals[] = {
	{ ATTACH_HELPER, 0, ABOUT_NOTHING,
	  "cannot start the helper process: {error}",
	  "Check the process limit (ulimit -u) and free memory." },
	{ ATTACH_LOST, 0, ABOUT_NOTHING,
	  "the helper process was killed before it attached a region",
	  "A seccomp filter may kill processes that call ptrace; in a service, "
	  "add SystemCallFilter=ptrace." },
	{ ATTACH_PROC, 0, ABOUT_NOTHING,
	  "/proc does not show this process, and attaching verifies windows "
	  "there: {error}",
	  "Mount proc: mount -t proc proc /proc" },

	{ ATTACH_TRACE, OBSTACLE_TRACER, ABOUT_NOTHING,
	  "process {pid} (a debugger?) traces msharectl, and attaching needs "
	  "ptrace",
	  "Run msharectl without the tracer, then trace the program: gdb -p "
	  "PID, strace -p PID" },
	{ ATTACH_TRACE, OBSTACLE_YAMA_NONE, ABOUT_NOTHING,
	  "Yama forbids all tracing (ptrace_scope is 3), which attaching needs",
	  "The setting lasts until the next boot; search /etc/sysctl.d for "
	  "kernel.yama.ptrace_scope." },
	{ ATTACH_TRACE, OBSTACLE_YAMA_ADMIN, ABOUT_NOTHING,
	  "Yama forbids tracing without CAP_SYS_PTRACE (ptrace_scope is 2), "
	  "and attaching needs it",
	  "Run as root, or sysctl kernel.yama.ptrace_scope=1" },
	{ ATTACH_TRACE, OBSTACLE_MODULE, ABOUT_NOTHING,
	  "a security module (AppArmor, SELinux) forbids tracing msharectl, "
	  "which attaching needs",
	  "Allow ptrace in the profile of msharectl; the kernel's log names the "
	  "rule: dmesg" },
	{ ATTACH_TRACE, 0, ABOUT_NOTHING,
	  "msharectl may not be traced, which attaching needs: {error}",
	  "A seccomp filter or the lack of CAP_SYS_PTRACE is the usual reason; "
	  "in a service, add SystemCallFilter=ptrace." },

	{ ATTACH_UNTRACED, 0, ABOUT_NOTHING,
	  "ptrace reports success, but nothing traces the process, and "
	  "attaching needs ptrace",
	  "A seccomp filter or a sandbox answers for the kernel; check its "
	  "settings." },

	{ ATTACH_PROGRAM, PROGRAM_PRIVILEGED, ABOUT_COMMAND,
	  "the program changes its user, group or capabilities, and such a "
	  "program cannot be traced",
	  "Attach to a program that this program starts, or run the program "
	  "as that user without these privileges." },
	{ ATTACH_PROGRAM, PROGRAM_UNREADABLE, ABOUT_COMMAND,
	  "no read permission on the program, which attaching needs",
	  "Grant read permission on the program, or run as root." },
	{ ATTACH_PROGRAM, PROGRAM_NO_ENTRY, ABOUT_COMMAND,
	  "the first instruction of the program is not in the program",
	  "Link the program again: readelf -hl shows its entry point." },
	{ ATTACH_PROGRAM, PROGRAM_32BIT, ABOUT_COMMAND,
	  "a 32-bit program cannot map regions at their addresses",
	  "Use a 64-bit program." },
	{ ATTACH_INJECT, 0, ABOUT_COMMAND,
	  "cannot make system calls in the program: {error}",
	  "Check security modules for a rule that forbids ptrace." },
	{ ATTACH_FILTER, 0, ABOUT_COMMAND,
	  "a seccomp filter kills the program for a system call that "
	  "attaching needs",
	  "Check the settings of the container or of the service." },

	{ ATTACH_MAP, EEXIST, ABOUT_REGION, "{range} is in use in the program",
	  "Create the region at another address; the program itself uses this "
	  "range." },
	{ ATTACH_MAP, ENOMEM, ABOUT_REGION,
	  "no room for the region in the address space of the program",
	  "Check the address space limit (ulimit -v) and free memory." },
	{ ATTACH_MAP, EACCES, ABOUT_REGION,
	  "mapping the region is not permitted", "Try --read-only." },
	{ ATTACH_MAP, EPERM, ABOUT_REGION, "the program may not map the region",
	  "Check seccomp filters and security modules for a rule that forbids "
	  "mmap." },
	{ ATTACH_MAP, 0, ABOUT_REGION,
	  "cannot map the region in the program: {error}",
	  "Check the kernel's log: dmesg" },
	{ ATTACH_VERIFY, 0, ABOUT_REGION,
	  "the region is mapped, but is missing from the program's maps: "
	  "{error}",
	  "This is a bug in msharectl or in the kernel; please report the bug." },
	{ ATTACH_CLOSE, 0, ABOUT_REGION,
	  "the region's descriptor is still open in the program: {error}",
	  "This is a bug in msharectl or in the kernel; please report the bug." },
};

static int detail_of(const struct attach_failure *f, pid_t *tracer)
{
	switch (f->reason) {
	case ATTACH_TRACE:
		return (int)obstacle_find(f->err, tracer);
	case ATTACH_PROGRAM:
		return (int)f->kind;
	case ATTACH_MAP:
		return -f->err;
	default:
		return 0;
	}
}

static const struct refusal *find_refusal(enum attach_reason reason, int detail)
{
	const struct refusal *r = refusals;

	while (r->reason != reason || (r->detail && r->detail != detail))
		r++;
	return r;
}

static void report(const struct attach_failure *f, const void *data)
{
	const struct attach_exec *a = data;
	struct subject subject = { .err = f->err };
	const struct refusal *r =
		find_refusal(f->reason, detail_of(f, &subject.pid));

	if (r->about == ABOUT_COMMAND) {
		subject.name = a->command[0];
	} else if (r->about == ABOUT_REGION) {
		subject.name = a->names[f->region];
		subject.range = a->regions[f->region].range;
	}
	message_show(&subject, r->cause, r->next);
}

/* Descriptors that stay open until the program has its mapping. */
static int open_regions(struct attach_exec *a, const struct mount *mount)
{
	const int flags = a->read_only || a->env_only ? O_RDONLY : O_RDWR;

	for (size_t i = 0; i < a->count; i++) {
		struct region *r = &a->regions[i];

		if (names_open_sized(mount, a->names[i], flags | NAMES_ATTACH,
				     r))
			return EXIT_FAILURE;
		/* For the program to map and close. */
		if (!a->env_only)
			fcntl(r->fd, F_SETFD, 0);

		for (size_t j = 0; j < i; j++)
			if (range_overlaps(a->regions[j].range, r->range))
				return message_error(
					a->names[i],
					"Name only one of the two regions; "
					"{msharectl} info shows their addresses.",
					"the region has the same addresses as "
					"another named region");
	}
	return EXIT_SUCCESS;
}

static int set_environment(const struct attach_exec *a,
			   const struct mount *mount)
{
	struct environment_region *env = calloc(a->count, sizeof(*env));
	int err = env ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < a->count; i++) {
		env[i].name = mount_relative(mount, a->names[i]);
		env[i].range = a->regions[i].range;
	}
	if (!err)
		err = environment_set(env, a->count);
	free(env);
	if (!err)
		return EXIT_SUCCESS;
	return message_error(NULL, "Free memory and try again.",
			     "the environment: %s", strerror(-err));
}

/*
 * Checks the program beforehand; the helper checks the program again after
 * execve().
 */
static int check_program(const struct attach_exec *a, const char *path)
{
	struct attach_failure failure = { .reason = ATTACH_PROGRAM };
	struct program program;

	program_examine(path, &program);
	failure.kind = program.kind;
	for (size_t i = 0; !failure.kind && i < a->count; i++) {
		if (!range_overlaps(a->regions[i].range, program.fixed))
			continue;
		failure.reason = ATTACH_MAP;
		failure.err = -EEXIST;
		failure.region = i;
		break;
	}
	if (!failure.kind && !failure.err)
		return EXIT_SUCCESS;
	report(&failure, a);
	return EXIT_FAILURE;
}

/* Programs that execute the program that their arguments name. */
static const char *const wrappers[] = {
	"chroot",  "chrt",    "env",     "flock",   "ionice",  "nice",
	"nohup",   "nsenter", "numactl", "prlimit", "runuser", "setarch",
	"setpriv", "setsid",  "stdbuf",  "su",      "sudo",    "systemd-run",
	"taskset", "time",    "timeout", "unshare",
};

static bool is_shell(const char *name)
{
	return !strcmp(name, "sh") || !strcmp(name, "bash") ||
	       !strcmp(name, "dash");
}

/* Whether a mapping of this program is of no use to the program it runs. */
static bool is_wrapper(char *const *command)
{
	const char *slash = strrchr(command[0], '/');
	const char *name = slash ? slash + 1 : command[0];
	size_t i = 1;

	if (is_shell(name))
		return command[1] && !strcmp(command[1], "-c") && command[2] &&
		       !strncmp(command[2], "exec ", strlen("exec "));
	/* env without a program prints the environment. */
	while (command[i] && (*command[i] == '-' || strchr(command[i], '=')))
		i++;
	if (!command[i])
		return false;
	for (i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++)
		if (!strcmp(wrappers[i], name))
			return true;
	return false;
}

static void warn_of_wrapper(const struct attach_exec *a)
{
	if (!a->env_only && is_wrapper(a->command))
		message_note(a->command[0],
			     "note: the program that this command executes "
			     "loses the region; put this command before "
			     "msharectl");
}

/*
 * The file has execute permission. A traced process does not change to every
 * profile of AppArmor.
 */
static int refused_exec(const struct attach_exec *a)
{
	message_failed(OP_EXEC_TRACED,
		       &(struct subject){ .name = a->command[0] }, -EACCES);
	return MESSAGE_EXIT_NOT_EXECUTABLE;
}

static int execute_unattached(const struct attach_exec *a)
{
	execvp(a->command[0], a->command);
	return message_exec_failed(a->command[0], -errno);
}

static int execute_attached(struct attach_exec *a)
{
	struct attach attach = {
		.regions = a->regions,
		.count = a->count,
		.read_only = a->read_only,
		.report = report,
		.data = a,
	};
	struct attach_session *session;
	struct attach_failure failure;
	bool executable;
	char *path;
	int err;

	/* If the command is not found, execvp() fails. */
	executable = !program_find(a->command[0], &path);
	if (executable) {
		err = check_program(a, path);
		free(path);
		if (err)
			return ATTACH_EXIT_FAILURE;
	}
	if (attach_start(&attach, &session, &failure)) {
		report(&failure, a);
		return ATTACH_EXIT_FAILURE;
	}
	execvp(a->command[0], a->command);
	err = -errno;
	attach_cancel(session);
	if (err == -EACCES && executable)
		_exit(refused_exec(a));
	/* The process is still traced, so exit handlers must not run. */
	_exit(message_exec_failed(a->command[0], err));
}

/* The checks of the above, without side effects. */
static int rehearse(const struct attach_exec *a)
{
	const char *done = a->env_only ? "would name" : "would attach";
	const char *rights = a->read_only ? "r" : "rw";
	struct attach_failure failure;
	int ret = ATTACH_EXIT_FAILURE;
	char *path;
	int err;

	err = program_find(a->command[0], &path);
	if (err)
		return message_exec_failed(a->command[0], err);
	if (!a->env_only && check_program(a, path))
		goto out;
	if (!a->env_only && attach_try(&failure)) {
		report(&failure, a);
		goto out;
	}
	for (size_t i = 0; i < a->count; i++)
		range_verb_report(
			&(struct region_options){ .name = a->names[i] }, done,
			done, a->regions[i].range, a->env_only ? NULL : rights);
	escape_message(stdout, a->command[0]);
	fputs(": would run ", stdout);
	escape_message(stdout, path);
	putchar('\n');
	ret = EXIT_SUCCESS;
out:
	free(path);
	return ret;
}

static int execute(struct attach_exec *a)
{
	warn_of_wrapper(a);
	if (a->dry_run)
		return rehearse(a);
	return a->env_only ? execute_unattached(a) : execute_attached(a);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct attach_exec a = { 0 };
	struct mount mount;
	int ret = ATTACH_EXIT_FAILURE;

	cli_parse(cli, argc, argv, &a);
	if (names_mount(cli, NULL, &mount))
		return ATTACH_EXIT_FAILURE;
	a.regions = calloc(a.count, sizeof(*a.regions));
	if (!a.regions)
		message_error(NULL, "Free memory and try again.", "%s",
			      strerror(ENOMEM));
	else if (!open_regions(&a, &mount) && !set_environment(&a, &mount))
		ret = execute(&a);
	free(a.regions);
	mount_close(&mount);
	return ret;
}

const struct command cmd_attach_exec = {
	.name = "attach-exec",
	.summary = "run a program with regions attached",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "NAME... -- COMMAND [ARG...]",
		.doc = "Run a program with regions attached before its first "
		       "instruction. The environment names the first region "
		       "(MSHARE_ADDR, MSHARE_SIZE) and all regions "
		       "(MSHARE_REGIONS, as 0xADDR:SIZE:NAME).\v"
		       "The exit status is the program's; 125 if msharectl "
		       "failed and did not run the program, 126 if the "
		       "program cannot be executed, 127 if the command was "
		       "not found.",
	},
	.flags = ARGP_IN_ORDER,
	.own_failure = ATTACH_EXIT_FAILURE,
	.run = run,
};
