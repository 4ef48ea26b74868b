// SPDX-License-Identifier: GPL-2.0-only
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The cause and the next step of a failure. NULL: use the more general row.
 * struct subject lists the placeholders.
 */
struct message {
	enum operation op; /* OP_ANY: of operations without a row */
	int err;           /* 0: all errors of the operation without a row */
	const char *cause;
	const char *next;
};

static const struct message messages[] = {
	{ OP_ANY, 0, NULL, "Check the kernel's log: dmesg" },
	{ OP_ANY, ENOENT, "no such file or directory",
	  "List the regions: {msharectl} ls" },
	{ OP_ANY, ENOTDIR, "a part of the path is not a directory",
	  "List the regions: {msharectl} ls" },
	{ OP_ANY, EACCES, "permission denied",
	  "Check the mode and the owner: {msharectl} ls {name}" },
	{ OP_ANY, EPERM, NULL, "Run the command as root." },
	{ OP_ANY, EROFS, "msharefs is mounted read-only here",
	  "In a service: ReadWritePaths={mount}; in a container: a writable "
	  "mount; else as root: mount -o remount,rw {mount}" },
	{ OP_ANY, EMEDIUMTYPE, "not on msharefs",
	  "Names are relative to {mount} unless they begin with / or ./" },
	{ OP_ANY, EXDEV, "on another msharefs",
	  "Choose the mount with --mount-point; see findmnt -t msharefs" },
	{ OP_ANY, ENAMETOOLONG, "the name is too long",
	  "A component of a path has at most 255 bytes." },
	{ OP_ANY, EMFILE, NULL, "Raise the limit of open files: ulimit -n" },
	{ OP_ANY, ENFILE, NULL,
	  "Close files; the system has reached its limit of open files." },
	{ OP_ANY, ENOMEM, NULL,
	  "Free memory, or raise the memory limit of the cgroup." },
	{ OP_ANY, ENOTTY, "this kernel does not support the request",
	  "Update the kernel." },
	{ OP_ANY, EHWPOISON, "a page has a memory error",
	  "Check the kernel's log: dmesg" },

	{ OP_MOUNT, 0, NULL, "Inspect the mount: findmnt -t msharefs" },
	{ OP_MOUNT, EOPNOTSUPP, "this kernel has no msharefs",
	  "Boot a kernel with CONFIG_MSHARE; see README." },
	{ OP_MOUNT, ENODEV, "msharefs is not mounted",
	  "Mount msharefs: msharectl mount" },
	{ OP_MOUNT, EMEDIUMTYPE, "not the mount point of an msharefs",
	  "Omit --mount-point and MSHARE_MOUNT_POINT, or name another "
	  "directory." },
	{ OP_MOUNT, ENOENT, "no such directory",
	  "Omit --mount-point and MSHARE_MOUNT_POINT, or name another "
	  "directory." },
	{ OP_MOUNT, ENOTDIR, "not a directory",
	  "Omit --mount-point and MSHARE_MOUNT_POINT, or name another "
	  "directory." },
	{ OP_MOUNT, EACCES, NULL,
	  "Ask the owner of the mount for access, or run as root." },
	{ OP_MOUNT, ESTALE, "another file system is mounted over msharefs",
	  "Inspect the mounts with findmnt, or mount msharefs on another "
	  "directory: msharectl mount DIR" },
	{ OP_MOUNT, EPROTO, "mshare_info does not contain a size",
	  "Inspect the file: cat {mount}/mshare_info" },

	{ OP_MOUNT_DIR, EMEDIUMTYPE, NULL,
	  "List the mounts: findmnt -t msharefs" },
	{ OP_MOUNT_DIR, ENOENT, NULL, "List the mounts: findmnt -t msharefs" },
	{ OP_MOUNT_DIR, ENOTDIR, NULL, "List the mounts: findmnt -t msharefs" },

	{ OP_DO_MOUNT, EPERM, "only root may mount", NULL },
	{ OP_DO_MOUNT, EACCES, NULL, "Run the command as root." },
	{ OP_DO_MOUNT, EOPNOTSUPP, "this kernel has no msharefs",
	  "Boot a kernel with CONFIG_MSHARE; see README." },
	{ OP_DO_MOUNT, EEXIST, "msharefs is mounted there already",
	  "Use this mount (--if-missing), or change its options: -o "
	  "remount,OPTIONS" },
	{ OP_DO_MOUNT, EMEDIUMTYPE, "no msharefs is mounted there",
	  "List the mounts: findmnt -t msharefs" },
	{ OP_DO_MOUNT, EBUSY, "another file system is mounted there",
	  "Inspect the mount with findmnt {name}, or choose another directory." },
	{ OP_DO_MOUNT, ENOTEMPTY, "the directory is not empty",
	  "Choose another directory: a mount would hide the contents." },
	{ OP_DO_MOUNT, ENOENT, "no such directory",
	  "Create the directory with mkdir first." },
	{ OP_DO_MOUNT, ENOTDIR, "not a directory", "Choose a directory." },
	{ OP_DO_MOUNT, EINVAL, "the kernel refuses these mount options",
	  "The options of msharefs are mode=, uid=, gid=, size= and "
	  "nr_regions=." },

	{ OP_DO_UMOUNT, EPERM, "only root may unmount", NULL },
	{ OP_DO_UMOUNT, EBUSY, "in use",
	  "Find the processes: {msharectl} ps; fuser -vm {name}" },
	{ OP_DO_UMOUNT, EINVAL, "not a mount point",
	  "List the mounts: findmnt -t msharefs" },

	{ OP_OPEN, ENOENT, "no such region", NULL },
	{ OP_OPEN, EISDIR, "a directory, not a region",
	  "Name a region; list the regions: {msharectl} ls" },
	{ OP_OPEN, ENOTTY, "not a region",
	  "Name a region; list the regions: {msharectl} ls" },
	{ OP_OPEN, ENXIO, "not a region",
	  "Name a region; list the regions: {msharectl} ls" },

	{ OP_OPEN_READABLE, EACCES, "no permission to write to the region",
	  "Attach the region read-only: --read-only" },
	{ OP_OPEN_READABLE, EROFS, NULL,
	  "Attach the region read-only: --read-only; or mount for writing, in "
	  "a service ReadWritePaths={mount}" },

	{ OP_NEW, EEXIST, "exists already",
	  "Choose another name, or remove the region and its memory: "
	  "{msharectl} rm {name}" },
	{ OP_NEW, ENOENT, "the parent directory does not exist",
	  "Create the directory with mkdir first." },
	{ OP_NEW, ENOTDIR, NULL, "Choose another name." },
	{ OP_NEW, EISDIR, "the name is that of a directory",
	  "Choose another name." },
	{ OP_NEW, EACCES, "no permission to create files in the directory",
	  "Check the directory's mode, or run as root." },
	{ OP_NEW, EPERM, "the name is reserved", "Choose another name." },
	{ OP_NEW, ENOTTY, "msharefs does not create regions there",
	  "Choose another name." },
	{ OP_NEW, ENOSPC, "the mount's limit of names is reached",
	  "As root: mount -o remount,nr_regions=N {mount}; or remove regions, "
	  "which destroys their memory." },
	{ OP_NEW, ENOMEM, "the kernel is out of memory", NULL },

	{ OP_CHOOSE, ENOMEM, "the kernel has no addresses for this size",
	  "Choose the address: --addr ADDR; or remove regions, which destroys "
	  "their memory." },
	{ OP_CHOOSE, ENOTTY, "the kernel cannot choose addresses",
	  "Choose the address: --addr ADDR" },

	{ OP_SET_SIZE, EINVAL, "the kernel refuses this address and size",
	  "Both must be multiples of {granule}, and the range must be in user "
	  "space." },
	{ OP_SET_SIZE, EBUSY, "another process has set the size",
	  "Choose another name." },

	{ OP_FILE, 0, NULL, "Check the path and the file." },
	{ OP_FILE, ENOENT, "no such file", NULL },
	{ OP_FILE, EACCES, NULL, "Map a read-only file with --prot r." },
	{ OP_FILE, EPERM, "the file does not permit writing",
	  "Map a read-only file with --prot r." },
	{ OP_FILE, EROFS, "the file system is mounted read-only",
	  "Map the file with --prot r." },
	{ OP_FILE, ETXTBSY, "the file is a running program",
	  "Map the file with --prot r." },
	{ OP_FILE, EISDIR, "not a regular file", "Name a regular file." },
	{ OP_FILE, ENXIO, "not a regular file", "Name a regular file." },

	{ OP_NAMES, 0, NULL, "Check the path and the file." },
	{ OP_NAMES, ENOENT, "no such file", NULL },
	{ OP_NAMES, EACCES, NULL, "Check the mode of the file." },

	/* Requests for a range of a region. */
	{ OP_RANGE, EINVAL, "the kernel refuses this range",
	  "The range must be inside the region: {msharectl} info {name}" },
	{ OP_RANGE, ENOMEM, "a part of the range is not mapped",
	  "Map the whole range, or choose a mapped range with --addr and "
	  "--size." },
	{ OP_RANGE, EPERM, "the region is sealed",
	  "A seal cannot be removed; create another region." },
	{ OP_SEALED_MAP, EPERM, "the region is sealed against mapping", NULL },
	{ OP_SEALED_PROTECT, EPERM,
	  "the region is sealed against changes to access rights", NULL },

	{ OP_MAP, EEXIST, "the range overlaps a mapping",
	  "Choose another range with --addr and --size, or unmap the range, "
	  "which frees its memory." },
	{ OP_MAP, EINVAL, "the kernel refuses this mapping",
	  "Check the region's range: {msharectl} info {name}" },
	{ OP_MAP, ENOSPC, "the mapping exceeds the size limit of the mount",
	  "Check df {mount}; as root: mount -o remount,size=SIZE {mount}" },
	{ OP_MAP, ENOMEM, "not enough memory for the whole range",
	  "Map less with --size, or do not reserve memory: --noreserve." },
	{ OP_MAP, EPERM, "these access rights are not allowed here",
	  "Omit x from --prot; the mount may be noexec." },
	{ OP_MAP, EAGAIN, "the mapping exceeds the limit of locked memory",
	  "Raise the limit: ulimit -l" },

	{ OP_MAP_FILE, EINVAL, "the kernel refuses to map this file here",
	  "Use multiples of the file's huge page size." },
	{ OP_MAP_FILE, ENODEV,
	  "files of this file system cannot be mapped into a region",
	  "Copy the file to another file system, such as a tmpfs." },
	{ OP_MAP_FILE, EOPNOTSUPP,
	  "this kernel does not map such a file into a region",
	  "Copy the file to a tmpfs, or map anonymous memory." },
	{ OP_MAP_FILE, EBADF, "this kernel does not map files into a region",
	  "Update the kernel, or map anonymous memory." },
	{ OP_MAP_FILE, ENOMEM, NULL, "Map less with --size." },
	{ OP_MAP_FILE, EACCES, "the file does not allow these access rights",
	  "Reduce the access rights with --prot." },
	{ OP_MAP_FILE, EPERM, NULL,
	  "Omit x or w from --prot; a mount may be noexec, a file sealed." },
	{ OP_MAP_FILE, EOVERFLOW,
	  "offset plus size exceeds the largest file size",
	  "Choose a smaller --offset or --size." },

	{ OP_UNMAP, EPERM, "the region is sealed against unmapping", NULL },
	{ OP_UNMAP, ENOMEM,
	  "the kernel is out of memory and cannot split mappings",
	  "Unmap whole mappings, or free memory." },

	{ OP_PROTECT, EACCES, "the mapping does not allow this",
	  "Reduce the access rights with --prot." },
	{ OP_PROTECT, EPERM, "these access rights are not allowed here",
	  "Omit x from --prot; the mount may be noexec." },

	{ OP_SEALED_UNMAP, EPERM, "the region is sealed against unmapping",
	  NULL },
	{ OP_ADVISE, EPERM, "the mapping does not permit this advice",
	  "The mapped file may be sealed, or a security module may forbid the "
	  "change: dmesg" },
	{ OP_ADVISE, ENOMEM,
	  "a part of the range is not mapped, or memory is short", NULL },
	{ OP_ADVISE, EINVAL, "the mapping does not support this advice",
	  "See msharectl-advise(8) for the memory that the advice applies to." },
	{ OP_ADVISE, EACCES, "the mapping does not allow this",
	  "The advice needs write access: {msharectl} protect" },
	{ OP_ADVISE, EFAULT, "a part of the range cannot be accessed",
	  "If the file ends there, choose a smaller --size." },
	{ OP_ADVISE, EAGAIN, "the kernel is short of resources",
	  "Try again later." },
	{ OP_ADVISE, EBUSY, "the kernel is short of resources",
	  "Try again later." },
	{ OP_ADVISE, EOPNOTSUPP, "the mapping does not support this operation",
	  "Give this advice for another mapping." },

	{ OP_ADVISE_HUGE, EINVAL,
	  "huge pages are not available for this mapping",
	  "Huge pages need a kernel that supports them for this memory." },

	{ OP_HUGE, 0, NULL, "Nothing was mapped; omit --huge." },

	{ OP_POPULATE, 0, NULL, "Nothing was mapped; omit --populate." },
	{ OP_POPULATE, ENOMEM, "not enough memory to populate the mapping",
	  "Nothing was mapped; map less, or omit --populate." },
	{ OP_POPULATE, EFAULT, "the file ends before the range does",
	  "Nothing was mapped; choose a smaller --size." },

	{ OP_LOCK_MEMORY, ENOMEM,
	  "the user's limit of locked memory is reached",
	  "Lock less, run with CAP_IPC_LOCK, or raise the limit: ulimit -l; in a "
	  "service, LimitMEMLOCK=" },
	{ OP_LOCK_MEMORY, EPERM,
	  "another user has locked memory of the region, or the limit of locked "
	  "memory is 0",
	  "Run as that user or with CAP_IPC_LOCK, or raise the limit: ulimit -l; "
	  "in a service, LimitMEMLOCK=" },
	{ OP_LOCK_MEMORY, EAGAIN,
	  "the kernel could not populate the whole range",
	  "Lock less with --size, or free memory." },
	{ OP_UNLOCK_MEMORY, EPERM,
	  "another user has locked memory of the region",
	  "Run as that user or with CAP_IPC_LOCK." },

	{ OP_SEAL, EINVAL, "this kernel does not know all of these seals",
	  "Use the msharectl that belongs to the kernel." },
	{ OP_SEAL, EPERM, "the kernel refuses further seals here",
	  "The owner may seal a region, until it is sealed against seals." },

	{ OP_MEMPOLICY, EINVAL, "the kernel refuses this policy",
	  "Check the nodes: cat /sys/devices/system/node/has_memory" },
	{ OP_MEMPOLICY, EIO, "some pages could not be moved",
	  "The policy applies to new pages; try again with --move later." },
	{ OP_MEMPOLICY, EPERM, "no permission to move these pages",
	  "Omit --move, or run with CAP_SYS_NICE." },
	{ OP_MEMPOLICY, EOPNOTSUPP,
	  "this kernel does not support memory policies",
	  "Boot a kernel with CONFIG_NUMA." },

	{ OP_STAT, EINVAL, "this kernel returns the counters in another form",
	  "Use the msharectl that belongs to the kernel." },
	{ OP_STAT, ENOTTY, "this kernel does not count the memory of regions",
	  "Update the kernel, or use {msharectl} info." },
	{ OP_MAPPINGS, ENOTTY, "this kernel does not list mappings",
	  "Update the kernel, or omit --mappings." },

	{ OP_LIST, EACCES, NULL,
	  "The contents are not shown; run as the directory's owner or as "
	  "root." },
	{ OP_LIST, EMFILE, "directories are nested too deeply", NULL },

	{ OP_PROCESSES, ENOENT, "proc is not mounted there",
	  "Mount proc: mount -t proc proc /proc" },

	{ OP_REMOVE, EISDIR, "a directory",
	  "Remove the directory and all its regions: {msharectl} rm -r {name}" },
	{ OP_REMOVE, ENOTEMPTY,
	  "another process created a name in the directory",
	  "Stop processes that create regions there, then try again." },
	{ OP_REMOVE, EMEDIUMTYPE, NULL,
	  "Use rm(1) for files that are not on msharefs." },
	{ OP_REMOVE, EPERM, "only the owner may remove this name",
	  "Run as the owner or as root." },
	{ OP_REMOVE, EACCES, "no permission to change the directory",
	  "Run as the directory's owner or as root." },
	{ OP_REMOVE, EBUSY, "a mount point, or the current directory",
	  "Name regions, or directories below the mount point." },
	{ OP_REMOVE, EMFILE, "directories are nested too deeply", NULL },

	{ OP_EXEC, 0, NULL, "Try the command without msharectl." },
	{ OP_EXEC, ENOENT, "command not found", "Check the name and PATH." },
	{ OP_EXEC, EACCES, NULL,
	  "The command must be a file with execute permission, not on a "
	  "noexec mount." },
	{ OP_EXEC_TRACED, EACCES,
	  "the kernel refuses to execute the traced program",
	  "The interpreter (#!) may lack execute permission, or a security "
	  "module forbids the program's profile: dmesg" },
	{ OP_EXEC, ENOEXEC, "not in a format that can be executed",
	  "The command must be a program for this machine, or begin with #!." },
	{ OP_EXEC, E2BIG, "arguments and environment are too long",
	  "Pass fewer arguments, or raise the limit: ulimit -s" },
};

/* The operation whose rows apply if an operation has no row. */
static const enum operation parents[OP_COUNT] = {
	[OP_MOUNT_DIR] = OP_MOUNT,     [OP_OPEN_READABLE] = OP_OPEN,
	[OP_SET_SIZE] = OP_NEW,        [OP_MAP] = OP_RANGE,
	[OP_MAP_FILE] = OP_MAP,        [OP_HUGE] = OP_ADVISE_HUGE,
	[OP_POPULATE] = OP_ADVISE,     [OP_ADVISE_HUGE] = OP_ADVISE,
	[OP_UNMAP] = OP_RANGE,         [OP_PROTECT] = OP_RANGE,
	[OP_ADVISE] = OP_RANGE,        [OP_LOCK_MEMORY] = OP_RANGE,
	[OP_UNLOCK_MEMORY] = OP_RANGE, [OP_MEMPOLICY] = OP_RANGE,
	[OP_SEALED_MAP] = OP_RANGE,    [OP_SEALED_PROTECT] = OP_RANGE,
	[OP_SEALED_UNMAP] = OP_RANGE,
};

static void merge(struct message *found, enum operation op, int err)
{
	for (size_t i = 0; i < COUNT(messages); i++) {
		const struct message *m = &messages[i];

		if (m->op != op || m->err != err)
			continue;
		if (!found->cause)
			found->cause = m->cause;
		if (!found->next)
			found->next = m->next;
	}
}

static struct message find(enum operation op, int err)
{
	struct message found = { .op = op, .err = err };

	for (;; op = parents[op]) {
		merge(&found, op, err);
		merge(&found, op, 0);
		if (op == OP_ANY)
			break;
	}
	if (!found.cause)
		found.cause = strerror(err);
	return found;
}

static void begin(const char *name)
{
	fprintf(stderr, "%s: ", program_invocation_name);
	if (name) {
		escape_message(stderr, name);
		fputs(": ", stderr);
	}
}

/* The mount point that the command line names, or NULL. */
static const char *mount_point;

void message_set_mount_point(const char *path)
{
	mount_point = path;
}

/* The words of a command that acts on the same mount. */
static void put_msharectl(void)
{
	fputs("msharectl", stderr);
	if (!mount_point)
		return;
	fputs(" -M ", stderr);
	escape_argument(stderr, mount_point);
}

struct placeholder {
	const char *key;
	const char *value; /* or NULL */
	bool is_argument;  /* of the commands that hints have */
};

static void put_value(const struct placeholder *p, bool is_hint)
{
	if (!strcmp(p->key, "{msharectl}"))
		put_msharectl();
	else if (p->value && p->is_argument && is_hint)
		escape_argument(stderr, p->value);
	else if (p->value)
		escape_message(stderr, p->value);
}

static void expand(const char *text, const struct subject *s, bool is_hint)
{
	char granule[SIZE_STRLEN], available[SIZE_STRLEN], range[64], pid[16];
	const struct placeholder values[] = {
		{ "{name}", s->name, true },
		{ "{mount}", s->mount ? s->mount : "the mount point",
		  s->mount },
		{ "{granule}",
		  s->granule ? size_format(s->granule, granule) : "the granule",
		  false },
		{ "{range}", range, false },
		{ "{pid}", pid, false },
		{ "{cgroup}", s->cgroup ? s->cgroup : "that created the region",
		  false },
		{ "{available}", size_format(s->available, available), false },
		{ "{error}", strerror(-s->err), false },
		{ "{msharectl}", NULL, false },
	};
	size_t i;

	snprintf(range, sizeof(range), "0x%" PRIx64 " to 0x%" PRIx64,
		 s->range.start, s->range.start + s->range.size);
	snprintf(pid, sizeof(pid), "%d", s->pid);
	while (*text) {
		for (i = 0; i < COUNT(values); i++)
			if (!strncmp(text, values[i].key,
				     strlen(values[i].key)))
				break;
		if (i == COUNT(values)) {
			putc(*text++, stderr);
			continue;
		}
		put_value(&values[i], is_hint);
		text += strlen(values[i].key);
	}
	putc('\n', stderr);
}

void message_show(const struct subject *subject, const char *cause,
		  const char *next)
{
	begin(subject->name);
	expand(cause, subject, false);
	expand(next, subject, true);
}

int message_failed(enum operation op, const struct subject *subject, int err)
{
	const struct message m = find(op, -err);

	message_show(subject, m.cause, m.next);
	return EXIT_FAILURE;
}

int message_exec_failed(const char *program, int err)
{
	message_failed(OP_EXEC, &(struct subject){ .name = program }, err);
	return err == -ENOENT ? MESSAGE_EXIT_NOT_FOUND :
				MESSAGE_EXIT_NOT_EXECUTABLE;
}

int message_error(const char *name, const char *next, const char *cause, ...)
{
	va_list args;

	begin(name);
	va_start(args, cause);
	vfprintf(stderr, cause, args);
	va_end(args);
	putc('\n', stderr);
	expand(next, &(struct subject){ .name = name }, true);
	return EXIT_FAILURE;
}

void message_note(const char *name, const char *format, ...)
{
	va_list args;

	begin(name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}
