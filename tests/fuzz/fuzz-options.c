// SPDX-License-Identifier: GPL-2.0-only
/*
 * All of msharectl up to the action of a command: its main(), with replacements
 * for the functions that find or mount msharefs, change the process for the
 * program that it becomes, or end it (see --wrap in CMakeLists.txt).
 */
#include <argp.h>
#include <setjmp.h>

#include "cli.h"
#include "fuzz.h"
#include "mount.h"

#define MAX_WORDS 32

enum end {
	RUNNING,
	RETURNED,
	EXITED,
	ACTING,
};

static struct {
	jmp_buf out;
	bool inside;
	int status;
} run;

int msharectl_main(int argc, char **argv);
int __wrap_mount_open(const char *path, struct mount *mount);
int __wrap_mount_attach(const char *dir, const char *options, bool try,
			char *reason);
int __wrap_prctl(int option, ...);
void __wrap_argp_state_help(const struct argp_state *state, FILE *stream,
			    unsigned int flags);
void __real_argp_state_help(const struct argp_state *state, FILE *stream,
			    unsigned int flags);
int __wrap_on_exit(void (*function)(int, void *), void *data);
_Noreturn void __wrap_exit(int status);
_Noreturn void __real_exit(int status);
const char *__asan_default_options(void);

/* argp's allocations leak at points where a process would end. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int __wrap_mount_open(const char *path, struct mount *mount)
{
	(void)mount;
	HOLDS(!path || *path);
	longjmp(run.out, ACTING);
}

int __wrap_mount_attach(const char *dir, const char *options, bool try,
			char *reason)
{
	(void)options;
	(void)try;
	(void)reason;
	HOLDS(*dir);
	longjmp(run.out, ACTING);
}

int __wrap_prctl(int option, ...)
{
	(void)option;
	longjmp(run.out, ACTING);
}

/* libc's own exit() is not replaced. */
void __wrap_argp_state_help(const struct argp_state *state, FILE *stream,
			    unsigned int flags)
{
	__real_argp_state_help(state, stream, flags & ~ARGP_HELP_EXIT_OK);
}

int __wrap_on_exit(void (*function)(int, void *), void *data)
{
	(void)function;
	(void)data;
	return 0;
}

void __wrap_exit(int status)
{
	if (!run.inside)
		__real_exit(status);
	run.status = status;
	longjmp(run.out, EXITED);
}

/* A line of input is a word. */
static int split(char *text, char *words[MAX_WORDS + 1])
{
	int count = 0;

	words[count++] = (char *)"msharectl";
	for (char *next; text && count < MAX_WORDS; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		words[count++] = text;
	}
	words[count] = NULL;
	return count;
}

/* Usage errors are two lines; without one, only help and the like is printed. */
static void check(enum end end, const char *out, const char *err)
{
	const char *next = strchr(err, '\n');
	const int name_len = (int)strcspn(err, ":");
	char try[128];

	if (end == ACTING) {
		HOLDS(!*out && !*err);
		return;
	}
	if (!run.status) {
		HOLDS(*out && !*err);
		return;
	}
	HOLDS(run.status == argp_err_exit_status);
	HOLDS(!*out);
	snprintf(try, sizeof(try),
		 "\nTry '%.*s --help' for more information.\n", name_len, err);
	HOLDS(!strncmp(err, "msharectl", strlen("msharectl")));
	HOLDS(next && !strcmp(next, try));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *const real_out = stdout, *const real_err = stderr;
	char *text = fuzz_string(data, size), *words[MAX_WORDS + 1];
	char *out = NULL, *err = NULL;
	size_t out_len, err_len;
	int count = split(text, words), end;

	stdout = open_memstream(&out, &out_len);
	stderr = open_memstream(&err, &err_len);
	run.inside = true;
	end = setjmp(run.out);
	if (end == RUNNING) {
		run.status = msharectl_main(count, words);
		longjmp(run.out, RETURNED);
	}
	run.inside = false;
	fclose(stdout);
	fclose(stderr);
	stdout = real_out;
	stderr = real_err;

	check(end, out, err);
	free(err);
	free(out);
	free(text);
	return 0;
}
