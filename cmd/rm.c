// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mshare.h>

#include "cli.h"
#include "escape.h"
#include "message.h"
#include "names.h"
#include "parse.h"

#define SECOND 1000000000ULL

struct rm {
	char **names;
	int count;
	bool force, recursive, dry_run;
	bool unused;   /* only regions that no process has attached */
	uint64_t idle; /* ... nor had, during so many nanoseconds */
	bool has_older;
	bool all;               /* no names: what the user may remove */
	const char *names_from; /* a path, - or NULL */
	struct mount mount;
};

enum {
	OPT_DRY_RUN = 0x100,
	OPT_NAMES_FROM,
	OPT_OLDER,
	OPT_UNUSED,
};

static const struct argp_option options[] = {
	{ "force", 'f', NULL, 0,
	  "ignore names that do not exist, and mshare_info", 0 },
	{ "recursive", 'r', NULL, 0, "remove directories with their contents",
	  0 },
	{ "names-from", OPT_NAMES_FROM, "PATH", 0,
	  "read names, each with a null character after it, from this file; "
	  "-: from standard input",
	  0 },
	{ "unused", OPT_UNUSED, NULL, 0,
	  "remove only regions that no process has attached; without NAME, "
	  "all of them",
	  0 },
	{ "older", OPT_OLDER, "TIME", 0,
	  "with --unused: that no process has had attached for this time, such "
	  "as 90s, 15m, 12h or 7d",
	  0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0,
	  "print what would be removed, remove nothing", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct rm *rm = state->input;

	switch (key) {
	case 'f':
		rm->force = true;
		return 0;
	case 'r':
		rm->recursive = true;
		return 0;
	case OPT_DRY_RUN:
		rm->dry_run = true;
		return 0;
	case OPT_NAMES_FROM:
		rm->names_from = arg;
		return 0;
	case OPT_UNUSED:
		rm->unused = true;
		return 0;
	case OPT_OLDER:
		if (age_parse(arg, &rm->idle))
			cli_usage_error("--older: invalid time '%s' (expected "
					"a number with s, m, h or d)",
					arg);
		rm->idle *= SECOND;
		rm->has_older = true;
		return 0;
	case ARGP_KEY_ARGS:
		rm->names = state->argv + state->next;
		rm->count = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		if (rm->count && rm->names_from)
			cli_usage_error("NAME and --names-from exclude each "
					"other");
		if (rm->has_older && !rm->unused)
			cli_usage_error("--older needs --unused");
		rm->all = rm->unused && !rm->count && !rm->names_from;
		if (!rm->count && !rm->force && !rm->names_from && !rm->all)
			cli_usage_error("NAME is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int failed(const struct rm *rm, const char *name, int err)
{
	if (err == -ENOENT && rm->force)
		return EXIT_SUCCESS;
	return names_failed(&rm->mount, OP_REMOVE, name, err);
}

#define UNKNOWN UINT64_MAX

/* The processes that keep the memory of the region, or UNKNOWN. */
static uint64_t count_attached(int dirfd, const char *leaf)
{
	struct msharefs_stat st = { 0 };
	int fd;

	if (mshare_open_at(dirfd, leaf, O_RDONLY | O_NOFOLLOW, &fd))
		return UNKNOWN;
	if (mshare_stat(fd, &st, sizeof(st)))
		st.attached = UNKNOWN;
	close(fd);
	return st.attached;
}

/* The errors of unlinkat() that can be known beforehand. 0 or -errno. */
static int check_removal(int dirfd, const char *leaf)
{
	const uid_t user = geteuid();
	struct stat dir, st;

	if (faccessat(dirfd, ".", W_OK | X_OK, AT_EACCESS) ||
	    fstat(dirfd, &dir) ||
	    fstatat(dirfd, leaf, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (user && (dir.st_mode & S_ISVTX) && dir.st_uid != user &&
	    st.st_uid != user)
		return -EPERM;
	return 0;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "process" : "processes";
}

static int rehearse_entry(const struct rm *rm, int dirfd, const char *leaf,
			  const char *name, uint64_t attached)
{
	int err = check_removal(dirfd, leaf);

	if (err)
		return failed(rm, name, err);
	fputs("would remove ", stdout);
	escape_message(stdout, name);
	if (attached == UNKNOWN)
		fputs(rm->unused ? ", if the region is unused" : "", stdout);
	else if (attached)
		printf(", which %" PRIu64 " %s %s attached", attached,
		       plural(attached), attached == 1 ? "has" : "have");
	putchar('\n');
	return EXIT_SUCCESS;
}

/* Without names, what cannot be removed is not what the user meant. */
static int not_unused(const struct rm *rm, const char *name, int err,
		      uint64_t attached)
{
	if (rm->all && (err == -EBUSY || err == -EACCES || err == -EPERM ||
			err == -ENOENT))
		return EXIT_SUCCESS;
	if (err == -ENOTTY)
		return message_error(name,
				     "Update the kernel, or show the clients: "
				     "{msharectl} ps",
				     "this kernel does not support --unused");
	if (err != -EBUSY)
		return failed(rm, name, err);
	if (attached == UNKNOWN)
		return message_error(name, "Show the clients: {msharectl} ps",
				     "not removed: the region is in use, or "
				     "was during this time");
	if (!attached)
		return message_error(name,
				     "See when: {msharectl} stat --output "
				     "NAME,CREATED,DETACHED-AT",
				     "not removed: the region was in use "
				     "during this time");
	return message_error(name, "Show the clients: {msharectl} ps",
			     "not removed: attached by %" PRIu64 " %s",
			     attached, plural(attached));
}

/*
 * As the kernel decides, but the processes may change until then. The kernel does
 * not need the permission to read the region; without it, *attached is UNKNOWN.
 */
static int check_unused(const struct rm *rm, int dirfd, const char *leaf,
			uint64_t *attached)
{
	struct msharefs_stat st = { 0 };
	struct timespec now;
	uint64_t last;
	int fd, err;

	err = mshare_open_at(dirfd, leaf, O_RDONLY | O_NOFOLLOW, &fd);
	if (err == -EACCES) {
		*attached = UNKNOWN;
		return 0;
	}
	if (err)
		return err;
	err = mshare_stat(fd, &st, sizeof(st));
	close(fd);
	if (err)
		return err;
	*attached = st.attached;
	clock_gettime(CLOCK_REALTIME, &now);
	last = st.detached_last ? st.detached_last : st.created;
	if (st.attached ||
	    (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec <
		    last + rm->idle)
		return -EBUSY;
	return 0;
}

static int remove_unused(const struct rm *rm, int dirfd, const char *leaf,
			 const char *name)
{
	uint64_t attached = 0;
	int fd, err;

	if (rm->dry_run) {
		err = check_unused(rm, dirfd, leaf, &attached);
		if (!err && rm->all && check_removal(dirfd, leaf))
			return EXIT_SUCCESS;
		return err ? not_unused(rm, name, err, attached) :
			     rehearse_entry(rm, dirfd, leaf, name, attached);
	}
	/* Requests need a descriptor that is more than a place. */
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(rm, name, -errno);
	err = mshare_remove_unused(fd, leaf, rm->idle);
	close(fd);
	if (!err)
		return EXIT_SUCCESS;
	return not_unused(rm, name, err, count_attached(dirfd, leaf));
}

static int remove_entry(const struct rm *rm, int dirfd, const char *leaf,
			const char *name, int flags)
{
	const uint64_t attached = rm->unused || (flags & AT_REMOVEDIR) ?
					  0 :
					  count_attached(dirfd, leaf);

	if (rm->unused)
		return remove_unused(rm, dirfd, leaf, name);
	if (rm->dry_run)
		return rehearse_entry(rm, dirfd, leaf, name, attached);
	if (unlinkat(dirfd, leaf, flags))
		return failed(rm, name, -errno);
	if (attached && attached != UNKNOWN)
		message_note(name,
			     "removed; still attached by %" PRIu64
			     " %s, which keep%s the memory (msharectl ps)",
			     attached, plural(attached),
			     attached == 1 ? "s" : "");
	return EXIT_SUCCESS;
}

/* The removal of one directory's contents. */
struct removal {
	const struct rm *rm;
	int ret;
	unsigned int kept; /* the depth of the last entry that is not removed */
};

static int remove_below(const struct mshare_entry *entry, void *data)
{
	struct removal *r = data;
	int flags = entry->leaving ? AT_REMOVEDIR : 0, ret;

	if (entry->leaving && r->kept > entry->depth) {
		r->kept = entry->depth;
		return 0;
	}
	/* The mount may be another msharefs. */
	if (entry->err)
		ret = failed(r->rm, entry->name,
			     entry->err == -EXDEV ? -EBUSY : entry->err);
	else
		ret = remove_entry(r->rm, entry->dirfd, entry->leaf,
				   entry->name, flags);
	if (!ret)
		return 0;
	r->ret = ret;
	r->kept = entry->depth;
	return 0;
}

static int remove_contents(const struct rm *rm, int dirfd, const char *leaf,
			   const char *name)
{
	struct removal r = { .rm = rm, .ret = EXIT_SUCCESS };
	int fd, err;

	fd = openat(dirfd, leaf,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(rm, name, -errno);
	/* Directories that still have regions stay, and others can be new. */
	err = mshare_walk_regions(
		fd, name,
		rm->unused ? 0 : MSHARE_WALK_LEAVE | MSHARE_WALK_OTHERS,
		remove_below, &r);
	close(fd);
	return err ? failed(rm, name, err) : r.ret;
}

/* Never through a symbolic link, and never beyond this file system. */
static int remove_at(const struct rm *rm, int dirfd, const char *leaf,
		     const char *name)
{
	struct stat dir, st;
	int ret;

	if (fstat(dirfd, &dir) ||
	    fstatat(dirfd, leaf, &st, AT_SYMLINK_NOFOLLOW))
		return failed(rm, name, -errno);
	if (!S_ISDIR(st.st_mode))
		return remove_entry(rm, dirfd, leaf, name, 0);
	if (!rm->recursive)
		return failed(rm, name, -EISDIR);
	if (st.st_dev != dir.st_dev)
		return failed(rm, name, -EBUSY);
	ret = remove_contents(rm, dirfd, leaf, name);
	if (ret || rm->unused)
		return ret;
	return remove_entry(rm, dirfd, leaf, name, AT_REMOVEDIR);
}

static int remove_split(const struct rm *rm, const struct split_name *split,
			const char *name)
{
	const int dirfd = split->dirfd;
	const char *leaf = split->leaf;

	if (!strcmp(leaf, ".") || !strcmp(leaf, "..") ||
	    names_same_file(rm->mount.fd, ".", dirfd, leaf))
		return failed(rm, name, -EBUSY);
	if (mshare_check(dirfd))
		return failed(rm, name, -EMEDIUMTYPE);
	/* Shells expand an asterisk to mshare_info as well. */
	if (names_same_file(rm->mount.fd, MSHARE_INFO, dirfd, leaf))
		return rm->force ? EXIT_SUCCESS :
				   message_error(
					   name, "Name regions or directories.",
					   "mshare_info is a part of msharefs");
	return remove_at(rm, dirfd, leaf, name);
}

static int remove_name(const struct rm *rm, const char *name)
{
	struct split_name split;
	int err, ret;

	err = names_split(&rm->mount, name, &split);
	ret = err ? failed(rm, name, err) : remove_split(rm, &split, name);
	names_close(&split);
	return ret;
}

static int remove_listed(const struct rm *rm)
{
	const bool is_stdin = !strcmp(rm->names_from, "-");
	FILE *f = is_stdin ? stdin : fopen(rm->names_from, "re");
	const struct subject subject = { .name = rm->names_from };
	int ret = EXIT_SUCCESS;
	char *name = NULL;
	size_t size = 0;

	if (!f)
		return message_failed(OP_NAMES, &subject, -errno);
	while (errno = 0, getdelim(&name, &size, '\0', f) > 0)
		if (*name && remove_name(rm, name))
			ret = EXIT_FAILURE;
	if (ferror(f))
		ret = message_failed(OP_NAMES, &subject, errno ? -errno : -EIO);
	free(name);
	if (!is_stdin)
		fclose(f);
	return ret;
}

/* Directories that the user may not read have nothing to remove. */
static int remove_any(const struct mshare_entry *entry, void *data)
{
	struct removal *r = data;

	if (entry->err)
		return entry->err == -EACCES ? 0 : entry->err;
	if (remove_entry(r->rm, entry->dirfd, entry->leaf, entry->name, 0))
		r->ret = EXIT_FAILURE;
	return 0;
}

static int remove_all(const struct rm *rm)
{
	struct removal r = { .rm = rm, .ret = EXIT_SUCCESS };
	int err = mshare_walk_regions(rm->mount.fd, NULL, 0, remove_any, &r);

	return err ? failed(rm, rm->mount.path, err) : r.ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct rm rm = { 0 };
	int ret;

	cli_parse(cli, argc, argv, &rm);
	ret = names_mount(cli, NULL, &rm.mount);
	if (ret)
		return ret;
	for (int i = 0; i < rm.count; i++)
		if (remove_name(&rm, rm.names[i]))
			ret = EXIT_FAILURE;
	if (rm.names_from)
		ret = remove_listed(&rm);
	if (rm.all)
		ret = remove_all(&rm);
	mount_close(&rm.mount);
	return ret;
}

const struct command cmd_rm = {
	.name = "rm",
	.summary = "remove regions and directories",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "[NAME...]",
		.doc = "Remove regions. Processes that have a removed region "
		       "attached keep the region; the kernel frees its memory "
		       "when the last process detaches the region or ends.",
	},
	.run = run,
};
