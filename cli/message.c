// SPDX-License-Identifier: GPL-2.0-only
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "parse.h"

struct message {
	enum operation op;
	int err;
	const char *cause;
	const char *next; /* {name}, {mount}, {granule} are replaced */
};

/* An entry with err 0 is for all other errors of its operation. */
static const struct message messages[] = {
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
	{ OP_MOUNT, EACCES, "permission denied",
	  "Ask the owner of the mount for access, or run as root." },
	{ OP_MOUNT, ENODATA,
	  "only a part of an msharefs: mshare_info is missing",
	  "Name the mount point of a whole one: findmnt -t msharefs" },
	{ OP_MOUNT, EPROTO, "its mshare_info holds no size",
	  "Look at it: cat {mount}/mshare_info" },
	{ OP_MOUNT, 0, NULL, "Look at the mount: findmnt -t msharefs" },

	{ OP_DO_MOUNT, EPERM, "only root may mount", "Run it as root." },
	{ OP_DO_MOUNT, EACCES, "permission denied", "Run it as root." },
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

	{ OP_DO_UMOUNT, EPERM, "only root may unmount", "Run it as root." },
	{ OP_DO_UMOUNT, EBUSY, "in use",
	  "Look who uses it: msharectl ps; fuser -vm {name}" },
	{ OP_DO_UMOUNT, EINVAL, "not a mount point",
	  "List those there are: findmnt -t msharefs" },

	{ OP_OPEN, ENOENT, "no such region",
	  "List those there are: msharectl info" },
	{ OP_OPEN, ENOTDIR, "a part of the path is not a directory",
	  "List the regions there are: msharectl info" },
	{ OP_OPEN, EISDIR, "a directory, not a region",
	  "Name a region; list them: msharectl info" },
	{ OP_OPEN, ENOTTY, "not a region",
	  "Name a region; list them: msharectl info" },
	{ OP_OPEN, ENXIO, "not a region",
	  "Name a region; list them: msharectl info" },
	{ OP_OPEN, EMEDIUMTYPE, "not on msharefs",
	  "Names are relative to {mount} unless they begin with / or ./" },
	{ OP_OPEN, EXDEV, "on another msharefs",
	  "Say which one with --mount-point; see findmnt -t msharefs" },
	{ OP_OPEN, EACCES, "permission denied",
	  "Its mode and owner decide: msharectl info {name}" },
	{ OP_OPEN, EROFS, "msharefs is mounted read-only",
	  "Mount it for writing: mount -o remount,rw {mount}" },
	{ OP_OPEN, ENAMETOOLONG, "the name is too long",
	  "A component of a path has at most 255 bytes." },

	{ OP_NEW, EEXIST, "exists already",
	  "Choose another name, or remove it: msharectl rm {name}" },
	{ OP_NEW, ENOENT, "the directory it is to be in does not exist",
	  "Make it with mkdir first." },
	{ OP_NEW, ENOTDIR, "a part of the path is not a directory",
	  "Choose another name." },
	{ OP_NEW, EISDIR, "the name is that of a directory",
	  "Choose another name." },
	{ OP_NEW, EACCES, "no permission to make files in its directory",
	  "Look at the directory's mode, or run as root." },
	{ OP_NEW, EPERM, "the name is not to be had", "Choose another name." },
	{ OP_NEW, EMEDIUMTYPE, "not on msharefs",
	  "Names are relative to {mount} unless they begin with / or ./" },
	{ OP_NEW, EXDEV, "on another msharefs",
	  "Say which one with --mount-point; see findmnt -t msharefs" },
	{ OP_NEW, ENOTTY, "this msharefs makes no regions there",
	  "Choose another name." },
	{ OP_NEW, EROFS, "msharefs is mounted read-only",
	  "Mount it for writing: mount -o remount,rw {mount}" },
	{ OP_NEW, ENAMETOOLONG, "the name is too long",
	  "A component of a path has at most 255 bytes." },
	{ OP_NEW, ENOSPC, "the mount has as many names as it may",
	  "Remove some, or as root: mount -o remount,nr_regions=N {mount}" },
	{ OP_NEW, ENOMEM, "the kernel has no memory for it",
	  "Free memory, or raise the limit of this memory cgroup." },

	{ OP_LOCK, EBUSY, "another process has locked the mount for long",
	  "Find it with lslocks, or try again later." },

	{ OP_SET_SIZE, EINVAL,
	  "the kernel takes no region with this address and size",
	  "Both are multiples of {granule}, and it ends in user space." },
	{ OP_SET_SIZE, ENOMEM, "the kernel has no memory for it",
	  "Free memory, or raise the limit of this memory cgroup." },
	{ OP_SET_SIZE, EBUSY, "somebody else has set its size",
	  "Choose another name." },

	{ OP_MAP, EEXIST, "something is mapped in this range already",
	  "Unmap it first, or choose another range with --addr and --size." },
	{ OP_MAP, EINVAL, "the kernel refuses this mapping",
	  "Range and rights are as the region allows? msharectl info {name}" },
	{ OP_MAP, ENOSPC, "more than the mount may hold",
	  "Look at df {mount}; as root: mount -o remount,size=SIZE {mount}" },
	{ OP_MAP, ENOMEM, "not enough memory for the whole range",
	  "Map less with --size, or promise nothing with --noreserve." },
	{ OP_MAP, EACCES, "the region may not be changed by you",
	  "Its mode and owner decide: msharectl info {name}" },
	{ OP_MAP, EPERM, "these access rights are not allowed here",
	  "Leave x out of --prot; the mount may be noexec." },
	{ OP_MAP, EAGAIN, "it would lock more memory than you may",
	  "Raise the limit: ulimit -l" },

	{ OP_FILE, ENOENT, "no such file", "Check the path." },
	{ OP_FILE, ENOTDIR, "a part of the path is not a directory",
	  "Check the path." },
	{ OP_FILE, EACCES, "permission denied",
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
	{ OP_FILE, 0, NULL, "Check the path and the file." },

	{ OP_MAP_FILE, EEXIST, "something is mapped in this range already",
	  "Unmap it first, or choose another range with --addr and --size." },
	{ OP_MAP_FILE, EINVAL, "the kernel refuses to map this file here",
	  "Huge pages and offsets of their size? Files on msharefs never go." },
	{ OP_MAP_FILE, ENODEV, "files of its file system can't be mapped",
	  "Copy it to one where they can, or to a tmpfs." },
	{ OP_MAP_FILE, EOPNOTSUPP, "this kernel maps no such file in a region",
	  "Copy it to a tmpfs, or map anonymous memory." },
	{ OP_MAP_FILE, EBADF, "this kernel maps no files in a region",
	  "Update the kernel, or map anonymous memory." },
	{ OP_MAP_FILE, ENOSPC, "more than the mount may hold",
	  "Look at df {mount}; as root: mount -o remount,size=SIZE {mount}" },
	{ OP_MAP_FILE, ENOMEM, "not enough memory for the whole range",
	  "Map less with --size." },
	{ OP_MAP_FILE, EACCES, "the file does not allow these access rights",
	  "Ask for fewer rights with --prot." },
	{ OP_MAP_FILE, EPERM, "these access rights are not allowed here",
	  "Leave x or w out of --prot; a mount may be noexec, a file sealed." },
	{ OP_MAP_FILE, EOVERFLOW, "size and offset go beyond all files",
	  "Choose a smaller --offset or --size." },

	{ OP_HUGE, EINVAL, "there are no huge pages for what was to be mapped",
	  "Nothing is mapped now; leave --huge out." },
	{ OP_HUGE, ENOTTY, "this kernel takes no advice on regions",
	  "Nothing is mapped now; leave --huge out." },
	{ OP_HUGE, 0, NULL, "Nothing is mapped now; leave --huge out." },

	{ OP_POPULATE, ENOMEM, "not enough memory to populate it",
	  "Nothing is mapped now; map less, or leave --populate out." },
	{ OP_POPULATE, EFAULT, "the file ends before the range does",
	  "Nothing is mapped now; give a smaller --size." },
	{ OP_POPULATE, EHWPOISON, "a page of the file is broken in memory",
	  "Nothing is mapped now; look at the kernel's log: dmesg" },
	{ OP_POPULATE, ENOTTY, "this kernel takes no advice on regions",
	  "Nothing is mapped now; leave --populate out." },
	{ OP_POPULATE, 0, NULL,
	  "Nothing is mapped now; leave --populate out." },

	{ OP_UNMAP, EINVAL, "the kernel refuses this range",
	  "It has to be inside the region: msharectl info {name}" },
	{ OP_UNMAP, ENOMEM, "the kernel has no memory to split mappings",
	  "Unmap whole mappings, or free memory." },
	{ OP_UNMAP, EPERM, "the region is sealed against it",
	  "Remove the whole region when it is not used: msharectl rm {name}" },

	{ OP_PROTECT, ENOMEM, "not all of this range is mapped",
	  "Map it first, or choose a part of it with --addr and --size." },
	{ OP_PROTECT, EINVAL, "the kernel refuses this range",
	  "It has to be inside the region: msharectl info {name}" },
	{ OP_PROTECT, EACCES, "what is mapped there does not allow it",
	  "Ask for fewer rights with --prot." },
	{ OP_PROTECT, EPERM, "these access rights are not allowed here",
	  "Leave x out of --prot; the mount may be noexec." },

	{ OP_ADVISE, ENOMEM,
	  "not all of this range is mapped, or memory is short",
	  "Map it first, or choose a part of it with --addr and --size." },
	{ OP_ADVISE, EINVAL, "what is mapped there does not take this advice",
	  "Huge pages need a kernel that has them for such memory." },
	{ OP_ADVISE, EACCES, "what is mapped there does not allow it",
	  "It needs the right to write: msharectl protect" },
	{ OP_ADVISE, EPERM, "the region is sealed against it",
	  "A seal can't be taken off." },
	{ OP_ADVISE, EFAULT, "a part of the range has nothing behind it",
	  "Does the file end there? Give a smaller --size." },
	{ OP_ADVISE, EAGAIN, "the kernel is short of what it needs for it",
	  "Try again later." },
	{ OP_ADVISE, EBUSY, "the kernel is short of what it needs for it",
	  "Try again later." },
	{ OP_ADVISE, EHWPOISON, "a page is broken in memory",
	  "Look at the kernel's log: dmesg" },
	{ OP_ADVISE, EOPNOTSUPP, "what is mapped there has no way to do it",
	  "Unmap it, and map something else there." },
	{ OP_ADVISE, ENOTTY, "this kernel takes no advice on regions",
	  "Update the kernel." },

	{ OP_LOCK_MEMORY, ENOMEM,
	  "not all of it is mapped, or it is more than you may lock",
	  "Map it first, or raise the limit: ulimit -l" },
	{ OP_LOCK_MEMORY, EPERM, "you may lock no memory",
	  "Raise the limit, ulimit -l, or run with CAP_IPC_LOCK." },
	{ OP_LOCK_MEMORY, EAGAIN, "not all of it could be brought into memory",
	  "Lock less with --size, or free memory." },
	{ OP_LOCK_MEMORY, EINVAL, "the kernel refuses this range",
	  "It has to be inside the region: msharectl info {name}" },
	{ OP_LOCK_MEMORY, ENOTTY, "this kernel locks no regions",
	  "Update the kernel." },

	{ OP_UNLOCK_MEMORY, ENOMEM, "not all of this range is mapped",
	  "Choose a part of it with --addr and --size." },
	{ OP_UNLOCK_MEMORY, EINVAL, "the kernel refuses this range",
	  "It has to be inside the region: msharectl info {name}" },
	{ OP_UNLOCK_MEMORY, ENOTTY, "this kernel locks no regions",
	  "Update the kernel." },

	{ OP_SEAL, EINVAL, "this kernel does not have all of these seals",
	  "Use the msharectl that belongs to the kernel." },
	{ OP_SEAL, ENOTTY, "this kernel has no seals for regions",
	  "Update the kernel." },
	{ OP_SEALED, 0, "the region is sealed against it",
	  "A seal can't be taken off; make another region." },

	{ OP_MEMPOLICY, ENOMEM, "not all of this range is mapped",
	  "Map it first, or choose a part of it with --addr and --size." },
	{ OP_MEMPOLICY, EINVAL, "the kernel refuses this policy",
	  "Are there such nodes? cat /sys/devices/system/node/has_memory" },
	{ OP_MEMPOLICY, EIO, "some pages could not be moved",
	  "The policy holds for new pages; try again with --move later." },
	{ OP_MEMPOLICY, EPERM, "you may not move these pages",
	  "Leave --move out, or run with CAP_SYS_NICE." },
	{ OP_MEMPOLICY, EOPNOTSUPP, "this kernel has no memory policies",
	  "Boot a kernel with CONFIG_NUMA." },
	{ OP_MEMPOLICY, ENOTTY, "this kernel has no policies for regions",
	  "Update the kernel." },

	{ OP_STAT, ENOTTY, "this kernel keeps no figures of regions",
	  "Update the kernel; msharectl info needs less." },
	{ OP_MAPPINGS, ENOTTY, "this kernel does not list mappings",
	  "Update the kernel; msharectl info without --mappings needs less." },

	{ OP_STAT, EINVAL, "this kernel gives the figures in another form",
	  "Use the msharectl that belongs to the kernel." },

	{ OP_LIST, ENOENT, "no such file or directory",
	  "List those there are: msharectl ls" },
	{ OP_LIST, EMEDIUMTYPE, "not on msharefs",
	  "Names are relative to {mount} unless they begin with / or ./" },
	{ OP_LIST, EXDEV, "on another msharefs",
	  "Say which one with --mount-point; see findmnt -t msharefs" },
	{ OP_LIST, EACCES, "permission denied",
	  "What is in this directory is not shown; run as its owner or root." },
	{ OP_LIST, EMFILE, "directories are nested too deeply",
	  "Raise the limit of open files: ulimit -n" },

	{ OP_PROCESSES, ENOMEM, NULL, "Free some memory and try again." },
	{ OP_PROCESSES, EMFILE, NULL,
	  "Raise the limit of open files: ulimit -n" },
	{ OP_PROCESSES, ENFILE, NULL,
	  "Close files; all users together have as many open as may be." },
	{ OP_PROCESSES, 0, NULL, "Is it mounted? findmnt -t proc" },

	{ OP_REMOVE, ENOENT, "no such file or directory",
	  "List the regions there are: msharectl info" },
	{ OP_REMOVE, ENOTDIR, "a part of the path is not a directory",
	  "List the regions there are: msharectl info" },
	{ OP_REMOVE, EISDIR, "a directory",
	  "Remove it and all that is in it: msharectl rm -r {name}" },
	{ OP_REMOVE, ENOTEMPTY, "something new came into the directory",
	  "Stop whoever makes regions there, then try again." },
	{ OP_REMOVE, EMEDIUMTYPE, "not on msharefs",
	  "Only what is on msharefs is removed; use rm for the rest." },
	{ OP_REMOVE, EPERM, "only its owner may remove it",
	  "Run as its owner or as root." },
	{ OP_REMOVE, EACCES, "no permission to change its directory",
	  "Run as the directory's owner or as root." },
	{ OP_REMOVE, EBUSY,
	  "a mount point, or the directory that this is run in",
	  "Name regions, or directories below the mount point." },
	{ OP_REMOVE, EROFS, "msharefs is mounted read-only",
	  "Mount it for writing: mount -o remount,rw {mount}" },
	{ OP_REMOVE, EMFILE, "directories are nested too deeply",
	  "Raise the limit of open files: ulimit -n" },

	{ OP_EXEC, ENOENT, "command not found", "Check its name and PATH." },
	{ OP_EXEC, EACCES, "permission denied",
	  "It has to be a file with execute permission, not on noexec." },
	{ OP_EXEC, ENOEXEC, "not in a format that can be executed",
	  "It has to be a program for this machine, or begin with #!." },
	{ OP_EXEC, E2BIG, "arguments and environment are too long",
	  "Pass fewer, or raise the limit: ulimit -s" },
	{ OP_EXEC, 0, NULL, "Try the command without msharectl." },
};

static const struct message *find(enum operation op, int err)
{
	const struct message *any = NULL;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (messages[i].op != op)
			continue;
		if (messages[i].err == err)
			return &messages[i];
		if (!messages[i].err)
			any = &messages[i];
	}
	return any;
}

static void begin(const char *name)
{
	fprintf(stderr, "%s: ", program_invocation_name);
	if (name) {
		escape_message(stderr, name);
		fputs(": ", stderr);
	}
}

static void expand(const char *text, const struct subject *subject)
{
	char granule[SIZE_STRLEN];

	while (*text) {
		const char *value = NULL;
		size_t len = strcspn(text, "{");

		fwrite(text, 1, len, stderr);
		text += len;
		if (!strncmp(text, "{name}", 6)) {
			value = subject->name;
		} else if (!strncmp(text, "{mount}", 7)) {
			value = subject->mount ? subject->mount :
						 "the mount point";
		} else if (!strncmp(text, "{granule}", 9)) {
			value = subject->granule ?
					size_format(subject->granule, granule) :
					"the granule";
		}
		if (value) {
			escape_message(stderr, value);
			text += strcspn(text, "}") + 1;
		} else if (*text) {
			putc(*text++, stderr);
		}
	}
	putc('\n', stderr);
}

int message_failed(enum operation op, const struct subject *subject, int err)
{
	const struct message *m = find(op, -err);

	begin(subject->name);
	if (m && m->cause)
		fprintf(stderr, "%s\n", m->cause);
	else
		fprintf(stderr, "%s\n", strerror(-err));
	expand(m ? m->next : "The kernel's log may tell more: dmesg", subject);
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
