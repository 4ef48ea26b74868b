// SPDX-License-Identifier: GPL-2.0-only
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The cause and the next step of a failure. NULL: those of the more general
 * rows hold. struct subject says what is replaced.
 */
struct message {
	enum operation op; /* OP_ANY: of operations without a row */
	int err;           /* 0: all errors of the operation without a row */
	const char *cause;
	const char *next;
};

static const struct message messages[] = {
	{ OP_ANY, 0, NULL, "The kernel's log may tell more: dmesg" },
	{ OP_ANY, ENOENT, "no such file or directory",
	  "List the regions: msharectl ls" },
	{ OP_ANY, ENOTDIR, "a part of the path is not a directory",
	  "List the regions: msharectl ls" },
	{ OP_ANY, EACCES, "permission denied",
	  "Its mode and owner decide: msharectl info {name}" },
	{ OP_ANY, EPERM, NULL, "Run it as root." },
	{ OP_ANY, EROFS, "msharefs is mounted read-only",
	  "Mount it for writing: mount -o remount,rw {mount}" },
	{ OP_ANY, EMEDIUMTYPE, "not on msharefs",
	  "Names are relative to {mount} unless they begin with / or ./" },
	{ OP_ANY, EXDEV, "on another msharefs",
	  "Say which one with --mount-point; see findmnt -t msharefs" },
	{ OP_ANY, ENAMETOOLONG, "the name is too long",
	  "A component of a path has at most 255 bytes." },
	{ OP_ANY, EMFILE, NULL, "Raise the limit of open files: ulimit -n" },
	{ OP_ANY, ENFILE, NULL,
	  "Close files; all users together have reached the limit." },
	{ OP_ANY, ENOMEM, NULL,
	  "Free memory, or raise the limit of this memory cgroup." },
	{ OP_ANY, ENOTTY, "this kernel does not have this request",
	  "Update the kernel." },
	{ OP_ANY, EHWPOISON, "a page is broken in memory",
	  "Look at the kernel's log: dmesg" },

	{ OP_MOUNT, 0, NULL, "Look at the mount: findmnt -t msharefs" },
	{ OP_MOUNT, EOPNOTSUPP, "this kernel has no msharefs",
	  "Boot a kernel with CONFIG_MSHARE; see README." },
	{ OP_MOUNT, ENODEV, "msharefs is not mounted",
	  "Mount it: msharectl mount" },
	{ OP_MOUNT, EMEDIUMTYPE, "not the mount point of an msharefs",
	  "Leave --mount-point and MSHARE_MOUNT_POINT out, or name another "
	  "directory." },
	{ OP_MOUNT, ENOENT, "no such directory",
	  "Leave --mount-point and MSHARE_MOUNT_POINT out, or name another "
	  "directory." },
	{ OP_MOUNT, ENOTDIR, "not a directory",
	  "Leave --mount-point and MSHARE_MOUNT_POINT out, or name another "
	  "directory." },
	{ OP_MOUNT, EACCES, NULL,
	  "Ask the owner of the mount for access, or run as root." },
	{ OP_MOUNT, ENODATA,
	  "only a part of an msharefs: mshare_info is missing",
	  "Name the mount point of a whole one: findmnt -t msharefs" },
	{ OP_MOUNT, EPROTO, "its mshare_info holds no size",
	  "Look at it: cat {mount}/mshare_info" },

	{ OP_DO_MOUNT, EPERM, "only root may mount", NULL },
	{ OP_DO_MOUNT, EACCES, NULL, "Run it as root." },
	{ OP_DO_MOUNT, EOPNOTSUPP, "this kernel has no msharefs",
	  "Boot a kernel with CONFIG_MSHARE; see README." },
	{ OP_DO_MOUNT, EEXIST, "msharefs is mounted there already",
	  "Use it, or unmount it first: msharectl umount {name}" },
	{ OP_DO_MOUNT, EBUSY, "something else is mounted there",
	  "Look at it with findmnt {name}, or choose another directory." },
	{ OP_DO_MOUNT, ENOTEMPTY, "the directory is not empty",
	  "Choose another one: what is in it would be hidden." },
	{ OP_DO_MOUNT, ENOENT, "no such directory",
	  "Make it with mkdir first." },
	{ OP_DO_MOUNT, ENOTDIR, "not a directory", "Choose a directory." },
	{ OP_DO_MOUNT, EINVAL, "the kernel refuses these mount options",
	  "Those of msharefs are mode=, uid=, gid=, size= and nr_regions=." },

	{ OP_DO_UMOUNT, EPERM, "only root may unmount", NULL },
	{ OP_DO_UMOUNT, EBUSY, "in use",
	  "Look who uses it: msharectl ps; fuser -vm {name}" },
	{ OP_DO_UMOUNT, EINVAL, "not a mount point",
	  "List the mounts: findmnt -t msharefs" },

	{ OP_OPEN, ENOENT, "no such region", NULL },
	{ OP_OPEN, EISDIR, "a directory, not a region",
	  "Name a region; list them: msharectl ls" },
	{ OP_OPEN, ENOTTY, "not a region",
	  "Name a region; list them: msharectl ls" },
	{ OP_OPEN, ENXIO, "not a region",
	  "Name a region; list them: msharectl ls" },

	{ OP_NEW, EEXIST, "exists already",
	  "Choose another name, or remove it: msharectl rm {name}" },
	{ OP_NEW, ENOENT, "the directory it is to be in does not exist",
	  "Make it with mkdir first." },
	{ OP_NEW, ENOTDIR, NULL, "Choose another name." },
	{ OP_NEW, EISDIR, "the name is that of a directory",
	  "Choose another name." },
	{ OP_NEW, EACCES, "no permission to make files in its directory",
	  "Look at the directory's mode, or run as root." },
	{ OP_NEW, EPERM, "the name is reserved", "Choose another name." },
	{ OP_NEW, ENOTTY, "this msharefs makes no regions there",
	  "Choose another name." },
	{ OP_NEW, ENOSPC, "the mount's limit of names is reached",
	  "Remove some, or as root: mount -o remount,nr_regions=N {mount}" },
	{ OP_NEW, ENOMEM, "the kernel has no memory for it", NULL },

	{ OP_LOCK, EBUSY, "another process has locked the mount for long",
	  "Find it with lslocks, or try again later." },

	{ OP_SET_SIZE, EINVAL,
	  "the kernel takes no region with this address and size",
	  "Both are multiples of {granule}, and it ends in user space." },
	{ OP_SET_SIZE, EBUSY, "somebody else has set its size",
	  "Choose another name." },

	{ OP_FILE, 0, NULL, "Check the path and the file." },
	{ OP_FILE, ENOENT, "no such file", NULL },
	{ OP_FILE, EACCES, NULL,
	  "A file that may only be read is mapped with --prot r." },
	{ OP_FILE, EPERM, "it may not be written to",
	  "A file that may only be read is mapped with --prot r." },
	{ OP_FILE, EROFS, "its file system is mounted read-only",
	  "Map it with --prot r." },
	{ OP_FILE, ETXTBSY, "a program that is running",
	  "Map it with --prot r." },
	{ OP_FILE, EISDIR, "not a regular file",
	  "Name a file that holds data." },
	{ OP_FILE, ENXIO, "not a regular file",
	  "Name a file that holds data." },

	/* Requests for a range of a region. */
	{ OP_RANGE, EINVAL, "the kernel refuses this range",
	  "It has to be inside the region: msharectl info {name}" },
	{ OP_RANGE, ENOMEM, "not all of this range is mapped",
	  "Map it first, or choose a part of it with --addr and --size." },
	{ OP_RANGE, EPERM, "the region is sealed against it",
	  "A seal can't be taken off; make another region." },

	{ OP_MAP, EEXIST, "something is mapped in this range already",
	  "Unmap it first, or choose another range with --addr and --size." },
	{ OP_MAP, EINVAL, "the kernel refuses this mapping",
	  "Look at the region's range: msharectl info {name}" },
	{ OP_MAP, ENOSPC, "more than the mount may hold",
	  "Look at df {mount}; as root: mount -o remount,size=SIZE {mount}" },
	{ OP_MAP, ENOMEM, "not enough memory for the whole range",
	  "Map less with --size, or promise nothing with --noreserve." },
	{ OP_MAP, EPERM, "these access rights are not allowed here",
	  "Leave x out of --prot; the mount may be noexec." },
	{ OP_MAP, EAGAIN, "it would lock more memory than you may",
	  "Raise the limit: ulimit -l" },

	{ OP_MAP_FILE, EINVAL, "the kernel refuses to map this file here",
	  "Files on msharefs, and parts of huge pages, can't be mapped." },
	{ OP_MAP_FILE, ENODEV, "files of its file system can't be mapped",
	  "Copy it to one where they can, or to a tmpfs." },
	{ OP_MAP_FILE, EOPNOTSUPP, "this kernel maps no such file in a region",
	  "Copy it to a tmpfs, or map anonymous memory." },
	{ OP_MAP_FILE, EBADF, "this kernel maps no files in a region",
	  "Update the kernel, or map anonymous memory." },
	{ OP_MAP_FILE, ENOMEM, NULL, "Map less with --size." },
	{ OP_MAP_FILE, EACCES, "the file does not allow these access rights",
	  "Ask for fewer rights with --prot." },
	{ OP_MAP_FILE, EPERM, NULL,
	  "Leave x or w out of --prot; a mount may be noexec, a file sealed." },
	{ OP_MAP_FILE, EOVERFLOW, "size and offset go beyond all files",
	  "Choose a smaller --offset or --size." },

	{ OP_UNMAP, ENOMEM, "the kernel has no memory to split mappings",
	  "Unmap whole mappings, or free memory." },

	{ OP_PROTECT, EACCES, "what is mapped there does not allow it",
	  "Ask for fewer rights with --prot." },
	{ OP_PROTECT, EPERM, "these access rights are not allowed here",
	  "Leave x out of --prot; the mount may be noexec." },

	{ OP_ADVISE, ENOMEM,
	  "not all of this range is mapped, or memory is short", NULL },
	{ OP_ADVISE, EINVAL, "what is mapped there does not take this advice",
	  "Huge pages need a kernel that has them for such memory." },
	{ OP_ADVISE, EACCES, "what is mapped there does not allow it",
	  "It needs the right to write: msharectl protect" },
	{ OP_ADVISE, EFAULT, "a part of the range has nothing behind it",
	  "Does the file end there? Give a smaller --size." },
	{ OP_ADVISE, EAGAIN, "the kernel is short of what it needs for it",
	  "Try again later." },
	{ OP_ADVISE, EBUSY, "the kernel is short of what it needs for it",
	  "Try again later." },
	{ OP_ADVISE, EOPNOTSUPP, "what is mapped there has no way to do it",
	  "Unmap it, and map something else there." },

	{ OP_HUGE, 0, NULL, "Nothing is mapped now; leave --huge out." },
	{ OP_HUGE, EINVAL, "there are no huge pages for what was to be mapped",
	  NULL },

	{ OP_POPULATE, 0, NULL,
	  "Nothing is mapped now; leave --populate out." },
	{ OP_POPULATE, ENOMEM, "not enough memory to populate it",
	  "Nothing is mapped now; map less, or leave --populate out." },
	{ OP_POPULATE, EFAULT, "the file ends before the range does",
	  "Nothing is mapped now; give a smaller --size." },

	{ OP_LOCK_MEMORY, ENOMEM,
	  "not all of it is mapped, or it is more than you may lock",
	  "Map it first, or raise the limit: ulimit -l" },
	{ OP_LOCK_MEMORY, EPERM, "you may lock no memory",
	  "Raise the limit, ulimit -l, or run with CAP_IPC_LOCK." },
	{ OP_LOCK_MEMORY, EAGAIN, "not all of it could be brought into memory",
	  "Lock less with --size, or free memory." },

	{ OP_SEAL, EINVAL, "this kernel does not have all of these seals",
	  "Use the msharectl that belongs to the kernel." },
	{ OP_SEAL, EPERM, "the kernel refuses further seals here",
	  "The owner may seal a region, until it is sealed against seals." },

	{ OP_MEMPOLICY, EINVAL, "the kernel refuses this policy",
	  "Look which nodes exist: cat /sys/devices/system/node/has_memory" },
	{ OP_MEMPOLICY, EIO, "some pages could not be moved",
	  "The policy holds for new pages; try again with --move later." },
	{ OP_MEMPOLICY, EPERM, "you may not move these pages",
	  "Leave --move out, or run with CAP_SYS_NICE." },
	{ OP_MEMPOLICY, EOPNOTSUPP, "this kernel has no memory policies",
	  "Boot a kernel with CONFIG_NUMA." },

	{ OP_STAT, EINVAL, "this kernel gives the figures in another form",
	  "Use the msharectl that belongs to the kernel." },
	{ OP_STAT, ENOTTY, "this kernel keeps no figures of regions",
	  "Update the kernel; msharectl info needs less." },
	{ OP_MAPPINGS, ENOTTY, "this kernel does not list mappings",
	  "Update the kernel; msharectl info without --mappings needs less." },

	{ OP_LIST, EACCES, NULL,
	  "What is in this directory is not shown; run as its owner or root." },
	{ OP_LIST, EMFILE, "directories are nested too deeply", NULL },

	{ OP_PROCESSES, ENOENT, NULL, "Is it mounted? findmnt -t proc" },

	{ OP_REMOVE, EISDIR, "a directory",
	  "Remove it and all that is in it: msharectl rm -r {name}" },
	{ OP_REMOVE, ENOTEMPTY, "something new came into the directory",
	  "Stop whoever makes regions there, then try again." },
	{ OP_REMOVE, EMEDIUMTYPE, NULL,
	  "Only what is on msharefs is removed; use rm for the rest." },
	{ OP_REMOVE, EPERM, "only its owner may remove it",
	  "Run as its owner or as root." },
	{ OP_REMOVE, EACCES, "no permission to change its directory",
	  "Run as the directory's owner or as root." },
	{ OP_REMOVE, EBUSY,
	  "a mount point, or the directory that this is run in",
	  "Name regions, or directories below the mount point." },
	{ OP_REMOVE, EMFILE, "directories are nested too deeply", NULL },

	{ OP_EXEC, 0, NULL, "Try the command without msharectl." },
	{ OP_EXEC, ENOENT, "command not found", "Check its name and PATH." },
	{ OP_EXEC, EACCES, NULL,
	  "It has to be a file with execute permission, not on noexec." },
	{ OP_EXEC, ENOEXEC, "not in a format that can be executed",
	  "It has to be a program for this machine, or begin with #!." },
	{ OP_EXEC, E2BIG, "arguments and environment are too long",
	  "Pass fewer, or raise the limit: ulimit -s" },
};

/* Whose rows hold where an operation has none. */
static const enum operation parents[OP_COUNT] = {
	[OP_SET_SIZE] = OP_NEW,      [OP_MAP] = OP_RANGE,
	[OP_MAP_FILE] = OP_MAP,      [OP_HUGE] = OP_ADVISE,
	[OP_POPULATE] = OP_ADVISE,   [OP_UNMAP] = OP_RANGE,
	[OP_PROTECT] = OP_RANGE,     [OP_ADVISE] = OP_RANGE,
	[OP_LOCK_MEMORY] = OP_RANGE, [OP_UNLOCK_MEMORY] = OP_RANGE,
	[OP_MEMPOLICY] = OP_RANGE,
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

static void expand(const char *text, const struct subject *s)
{
	char granule[SIZE_STRLEN], range[64], pid[16];
	const struct {
		const char *key, *value;
	} values[] = {
		{ "{name}", s->name },
		{ "{mount}", s->mount ? s->mount : "the mount point" },
		{ "{granule}", s->granule ? size_format(s->granule, granule) :
					    "the granule" },
		{ "{range}", range },
		{ "{pid}", pid },
		{ "{error}", strerror(-s->err) },
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
		escape_message(stderr, values[i].value ? values[i].value : "");
		text += strlen(values[i].key);
	}
	putc('\n', stderr);
}

void message_show(const struct subject *subject, const char *cause,
		  const char *next)
{
	begin(subject->name);
	expand(cause, subject);
	expand(next, subject);
}

int message_failed(enum operation op, const struct subject *subject, int err)
{
	const struct message m = find(op, -err);

	message_show(subject, m.cause, m.next);
	return EXIT_FAILURE;
}

int message_error(const char *name, const char *next, const char *cause, ...)
{
	va_list args;

	begin(name);
	va_start(args, cause);
	vfprintf(stderr, cause, args);
	va_end(args);
	fprintf(stderr, "\n%s\n", next);
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
