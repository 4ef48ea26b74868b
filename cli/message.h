/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include "range.h"

/*
 * Messages to people: two lines on standard error, the cause and the next
 * step. Those that return a number return EXIT_FAILURE.
 */

enum operation {
	OP_ANY,
	OP_MOUNT,     /* finding msharefs */
	OP_MOUNT_DIR, /* the same, by an argument */
	OP_DO_MOUNT,  /* mounting it */
	OP_DO_UMOUNT,
	OP_OPEN,          /* a region that exists */
	OP_OPEN_READABLE, /* the same, for writing, where reading is allowed */
	OP_NEW,           /* a region that is to exist */
	OP_CHOOSE,
	OP_SET_SIZE,
	OP_FILE,  /* opening a file that is to be mapped */
	OP_NAMES, /* reading a file with names */
	OP_RANGE, /* any of the next ones */
	OP_MAP,
	OP_MAP_FILE,
	OP_HUGE,
	OP_POPULATE,
	OP_UNMAP,
	OP_PROTECT,
	OP_ADVISE,
	OP_ADVISE_HUGE, /* advice about huge pages */
	OP_LOCK_MEMORY,
	OP_UNLOCK_MEMORY,
	OP_MEMPOLICY,
	OP_SEALED_MAP, /* mapping in a sealed region */
	OP_SEALED_PROTECT,
	OP_SEALED_UNMAP,
	OP_SEAL,
	OP_STAT,
	OP_MAPPINGS, /* listing them */
	OP_LIST,
	OP_PROCESSES, /* listing them */
	OP_REMOVE,
	OP_EXEC,
	OP_EXEC_TRACED, /* of a file with execute permission */
	OP_COUNT,
};

/*
 * Values for the placeholders of texts; 0 or NULL if unknown. {msharectl} is the
 * command with the option that names this mount, if the command line does. In the
 * next step, {name} and {mount} are arguments of a command in a shell.
 */
struct subject {
	const char *name;   /* {name}, and in front of the cause */
	const char *mount;  /* {mount} */
	uint64_t granule;   /* {granule} */
	struct range range; /* {range} */
	pid_t pid;          /* {pid} */
	const char *cgroup; /* {cgroup}: its path; NULL: not known */
	uint64_t available; /* {available}: bytes of memory and swap */
	int err;            /* {error}: -errno */
};

/* The mount point that the command line names, for commands in messages. */
void message_set_mount_point(const char *path);

/*
 * Prints the message of the table for an operation that failed with err
 * (-errno).
 */
int message_failed(enum operation op, const struct subject *subject, int err);

/* The exit statuses of a command that executes another, as of env(1). */
enum {
	MESSAGE_EXIT_NOT_EXECUTABLE = 126,
	MESSAGE_EXIT_NOT_FOUND = 127,
};

/*
 * Prints why a program cannot be executed (err: -errno of execve()). Returns the
 * exit status.
 */
int message_exec_failed(const char *program, int err);

/* Prints the caller's texts, with the placeholders of the subject. */
void message_show(const struct subject *subject, const char *cause,
		  const char *next);

/*
 * For errors that need more detail than the table. next is a whole sentence, with
 * the placeholders {name} and {msharectl}.
 */
int message_error(const char *name, const char *next, const char *cause, ...)
	__attribute__((format(printf, 3, 4)));

/* One line, not an error. */
void message_note(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
