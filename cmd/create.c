// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mshare.h>

#include "args.h"
#include "range-verb.h"
#include "cli.h"
#include "enough-memory.h"
#include "interrupt.h"
#include "map-object.h"
#include "message.h"
#include "prot.h"
#include "parse.h"
#include "names.h"

enum outcome {
	CREATED, /* or would be */
	EXISTS,
	FAILED, /* and a message says so */
};

struct create {
	struct region_options region;
	struct mapping mapping;
	struct range range;
	struct split_name split;
	mode_t mode;
	bool has_addr, has_mode, if_missing, map;
};

enum {
	OPT_IF_MISSING = 0x100,
	OPT_MAP,
};

static const struct argp_option options[] = {
	{ "size", 's', "SIZE", 0, "size, a multiple of the granule (required)",
	  0 },
	{ "addr", 'a', "ADDR", 0,
	  "start address, a multiple of the granule (default: the kernel "
	  "chooses)",
	  0 },
	{ "start", 0, NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 0 },
	{ "mode", 'm', "MODE", 0, "permissions, in octal (default: 0600)", 0 },
	{ "if-missing", OPT_IF_MISSING, NULL, 0,
	  "succeed if an identical region exists", 0 },
	{ "map", OPT_MAP, NULL, 0,
	  "map memory or a file into the region, like 'msharectl map'", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct create *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->region;
		state->child_inputs[1] = &c->mapping;
		return 0;
	case 's':
		c->range.size = args_size("--size", arg);
		return 0;
	case 'a':
		c->range.start = args_address("--addr", arg);
		c->has_addr = true;
		return 0;
	case 'm':
		if (mode_parse(arg, &c->mode))
			cli_usage_error("--mode: '%s' is not an octal mode up "
					"to 0777",
					arg);
		c->has_mode = true;
		return 0;
	case OPT_IF_MISSING:
		c->if_missing = true;
		return 0;
	case OPT_MAP:
		c->map = true;
		return 0;
	case ARGP_KEY_END:
		if (!c->range.size)
			cli_usage_error("--size is missing");
		if (c->has_addr && !c->range.start)
			cli_usage_error("--addr: the address is 0");
		if (c->mapping.option && !c->map)
			cli_usage_error("%s needs --map", c->mapping.option);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{ &region_options_argp, 0, NULL, 0 },
	{ &mapping_argp, 0, "With --map:", 0 },
	{ 0 },
};

static int check_alignment(const struct create *c, uint64_t granule)
{
	const uint64_t rest = c->range.size % granule;
	char next[128], text[SIZE_STRLEN], wrong[SIZE_STRLEN];

	if (rest) {
		if (c->range.size > UINT64_MAX - granule)
			snprintf(next, sizeof(next),
				 "Choose a smaller --size.");
		else
			snprintf(next, sizeof(next), "Round it up: --size %s",
				 size_exact(c->range.size - rest + granule,
					    text));
		return message_error(c->region.name, next,
				     "a size of %s is not a multiple of the "
				     "granule, %s",
				     size_exact(c->range.size, wrong),
				     size_exact(granule, text));
	}
	if (c->range.start % granule) {
		snprintf(next, sizeof(next), "Round it down: --addr 0x%" PRIx64,
			 c->range.start - c->range.start % granule);
		if (c->range.start < granule)
			snprintf(next, sizeof(next),
				 "Omit --addr to let the kernel choose.");
		return message_error(c->region.name, next,
				     "address 0x%" PRIx64
				     " is not a multiple of the granule, %s",
				     c->range.start, size_exact(granule, text));
	}
	if (c->range.start > UINT64_MAX - c->range.size)
		return message_error(
			c->region.name, "Choose a lower --addr.",
			"0x%" PRIx64 " plus %s exceeds the address space",
			c->range.start, size_exact(c->range.size, wrong));
	return EXIT_SUCCESS;
}

/* The kernel chooses the address unless --addr names the address. 0 or -errno. */
static int place(struct create *c, int fd)
{
	int err;

	if (c->has_addr)
		return mshare_set_range(fd, c->range.start, c->range.size);
	err = mshare_choose(fd, c->range.size);
	return err ? err :
		     mshare_get_range(fd, &c->range.start, &c->range.size);
}

static int map(const struct create *c, int fd, const struct subject *subject)
{
	return mapping_make(&c->mapping, fd,
			    mapping_limit(&c->mapping, c->range), subject);
}

static int fill(struct create *c, int fd, const struct subject *subject)
{
	struct range unset;
	int err;

	err = mshare_check(fd);
	if (!err)
		err = mshare_get_range(fd, &unset.start, &unset.size);
	if (err)
		return message_failed(OP_NEW, subject, err);
	err = place(c, fd);
	if (err)
		return message_failed(c->has_addr ? OP_SET_SIZE : OP_CHOOSE,
				      subject, err);
	/* No name, no trace. */
	if (c->region.dry_run)
		return EXIT_SUCCESS;
	if (c->map && map(c, fd, subject))
		return EXIT_FAILURE;
	if (fchmod(fd, c->mode))
		return message_failed(OP_NEW, subject, -errno);
	return interrupt_pending() ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Names and memory have limits; the error does not tell which is reached. */
static void report_new(const struct create *c, const struct subject *subject,
		       int err)
{
	if (err != -ENOSPC || !enough_memory_is_full(subject, c->split.dirfd))
		message_failed(OP_NEW, subject, err);
}

/* Older kernels need /proc, or CAP_DAC_READ_SEARCH. */
static int link_file(int fd, int dirfd, const char *name)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];

	if (!linkat(fd, "", dirfd, name, AT_EMPTY_PATH))
		return 0;
	if (errno != ENOENT)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, dirfd, name, AT_SYMLINK_FOLLOW) ? -errno :
									0;
}

/* Gives a complete region its name. */
static enum outcome publish(const struct create *c, int fd,
			    const struct subject *subject)
{
	int err = link_file(fd, c->split.dirfd, c->split.leaf);

	if (!err)
		return CREATED;
	if (err == -EEXIST)
		return EXISTS;
	report_new(c, subject, err);
	return FAILED;
}

/*
 * All or nothing: a region has no name until the region is complete. The caller
 * reports that the name exists.
 */
static enum outcome make(struct create *c, const struct subject *subject)
{
	enum outcome outcome = FAILED;
	int fd;

	if (!faccessat(c->split.dirfd, c->split.leaf, F_OK,
		       AT_SYMLINK_NOFOLLOW))
		return EXISTS;
	if (errno != ENOENT) {
		message_failed(OP_NEW, subject, -errno);
		return FAILED;
	}
	/* A key at the terminal must not leave an incomplete region. */
	interrupt_hold();
	fd = openat(c->split.dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		report_new(c, subject, -errno);
	else if (!fill(c, fd, subject))
		outcome = c->region.dry_run ? CREATED : publish(c, fd, subject);
	if (fd >= 0)
		close(fd);
	interrupt_release();
	return outcome;
}

static void report_mapped(const struct create *c)
{
	/* The message has the name already. */
	if (!c->region.quiet)
		range_verb_report(&c->region, "mapped", "would map",
				  mapping_limit(&c->mapping, c->range),
				  prot_name(c->mapping.prot));
}

static enum outcome create_new(struct create *c, const struct subject *subject)
{
	enum outcome outcome = make(c, subject);

	if (outcome != CREATED)
		return outcome;
	range_verb_report(&c->region, "created", "would create", c->range,
			  NULL);
	if (c->map)
		report_mapped(c);
	return CREATED;
}

#define CHANGE_OR_RENAME "Change the existing region, or choose another name."

static int check_same(const struct create *c, const struct region *region)
{
	const struct range range = region->range;
	const mode_t mode = region->st.st_mode & 07777;
	char has[SIZE_STRLEN], wanted[SIZE_STRLEN];

	if (range.size != c->range.size)
		return message_error(c->region.name,
				     "Ask for the same size and address, or "
				     "choose another name.",
				     "exists already, with %s at 0x%" PRIx64
				     " instead of %s",
				     size_exact(range.size, has), range.start,
				     size_exact(c->range.size, wanted));
	if (c->has_addr && range.start != c->range.start)
		return message_error(c->region.name,
				     "Ask for the same size and address, or "
				     "choose another name.",
				     "exists already, with %s at 0x%" PRIx64
				     " instead of 0x%" PRIx64,
				     size_exact(range.size, has), range.start,
				     c->range.start);
	if (c->has_mode && mode != c->mode)
		return message_error(c->region.name, CHANGE_OR_RENAME,
				     "exists already, with mode %04o instead "
				     "of %04o",
				     mode, c->mode);
	return EXIT_SUCCESS;
}

/* The first mapping, with the file and the access rights of --map. */
static int check_mapping(const struct create *c, const struct region *region)
{
	const struct mapping *wanted = &c->mapping;
	char path[PATH_MAX] = "";
	struct msharefs_mapping has;
	struct stat st = { 0 };
	bool same;

	/* Older kernels lack the request. */
	if (mshare_next_mapping(region->fd, region->range.start, &has,
				sizeof(has), path, sizeof(path)))
		return EXIT_SUCCESS;
	if (wanted->file >= 0 && fstat(wanted->file, &st))
		return EXIT_SUCCESS;
	if (wanted->file < 0)
		same = has.flags & MSHAREFS_MAPPING_ANONYMOUS;
	else
		same = !(has.flags & MSHAREFS_MAPPING_ANONYMOUS) &&
		       has.inode == st.st_ino && has.dev == st.st_dev &&
		       has.offset == wanted->offset;
	if (!same)
		return message_error(
			c->region.name, CHANGE_OR_RENAME,
			"exists already, and maps %s at offset %" PRIu64
			" instead of %s at offset %" PRIu64,
			*path ? "another file" : "anonymous memory",
			(uint64_t)has.offset,
			wanted->path ? "the given file" : "anonymous memory",
			wanted->offset);
	if (wanted->has_prot && (int)has.prot != wanted->prot) {
		char given[8];

		snprintf(given, sizeof(given), "%s", prot_name(wanted->prot));
		return message_error(c->region.name, CHANGE_OR_RENAME,
				     "exists already, with access rights %s "
				     "instead of %s",
				     prot_name((int)has.prot), given);
	}
	return EXIT_SUCCESS;
}

enum change_made {
	NO_CHANGE,
	MAPPED,
	POPULATED,
};

/* Maps what is missing, and populates what another run did not. */
static int complete(struct create *c, const struct mount *mount,
		    const struct region *region, const struct subject *subject,
		    enum change_made *made)
{
	struct subject populated = *subject;
	struct region writable;
	struct msharefs_stat st;
	int ret, err;

	err = mshare_stat(region->fd, &st, sizeof(st));
	if (err)
		return message_failed(OP_STAT, subject, err);
	if (st.mappings && check_mapping(c, region))
		return EXIT_FAILURE;
	if (st.mappings && !c->mapping.populate)
		return EXIT_SUCCESS;
	*made = st.mappings ? POPULATED : MAPPED;
	if (c->region.dry_run)
		return EXIT_SUCCESS;
	ret = names_open(mount, c->region.name, O_RDWR, &writable);
	if (ret)
		return ret;
	populated.range = mapping_limit(&c->mapping, c->range);
	interrupt_hold();
	if (st.mappings)
		ret = mapping_populate(&c->mapping, writable.fd,
				       populated.range, &populated);
	else
		ret = map(c, writable.fd, subject);
	interrupt_release();
	region_close(&writable);
	return ret;
}

static int use_existing(struct create *c, const struct mount *mount,
			const struct subject *subject)
{
	enum change_made made = NO_CHANGE;
	struct region region;
	int ret;

	ret = names_open_sized(mount, c->region.name, O_RDONLY, &region);
	if (ret)
		return ret;
	ret = check_same(c, &region);
	c->range = region.range;
	if (!ret && c->map)
		ret = complete(c, mount, &region, subject, &made);
	region_close(&region);
	if (ret)
		return ret;
	range_verb_report(&c->region, "has", "has", c->range, NULL);
	if (made == MAPPED)
		report_mapped(c);
	if (made == POPULATED && !c->region.quiet)
		range_verb_report(&c->region, "populated", "would populate",
				  mapping_limit(&c->mapping, c->range), NULL);
	return EXIT_SUCCESS;
}

/* A name on another mount is refused. 0 or -errno. */
static int split_name(struct create *c, const struct mount *mount)
{
	int err;

	err = names_split(mount, c->region.name, &c->split);
	if (!err)
		err = mount_check_fd(mount, c->split.dirfd);
	return !err && c->split.slash ? -EISDIR : err;
}

/* The reason why a name cannot be had: -EEXIST, or -EPERM for mshare_info. */
static int exists(const struct create *c, const struct mount *mount)
{
	return names_same_file(mount->fd, MSHARE_INFO, c->split.dirfd,
			       c->split.leaf) ?
		       -EPERM :
		       -EEXIST;
}

static int create(struct create *c, const struct mount *mount,
		  const struct subject *subject)
{
	enum outcome outcome = EXISTS;
	int ret;

	if (!c->if_missing || faccessat(c->split.dirfd, c->split.leaf, F_OK, 0))
		outcome = create_new(c, subject);
	if (outcome == CREATED)
		ret = EXIT_SUCCESS;
	else if (outcome == FAILED)
		ret = EXIT_FAILURE;
	else if (c->if_missing)
		ret = use_existing(c, mount, subject);
	else
		ret = message_failed(OP_NEW, subject, exists(c, mount));
	return ret;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct create c = { .mode = 0600, .mapping = MAPPING_DEFAULT };
	struct subject subject;
	struct mount mount;
	int ret, err;

	cli_parse(cli, argc, argv, &c);
	c.mapping.quiet = c.region.quiet;
	ret = names_mount(cli, NULL, &mount);
	if (ret)
		return ret;
	subject = names_subject(&mount, c.region.name);
	err = split_name(&c, &mount);

	ret = check_alignment(&c, mount.granule);
	if (!ret && err)
		ret = message_failed(OP_NEW, &subject, err);
	if (!ret)
		ret = mapping_open(&c.mapping);
	if (!ret)
		ret = create(&c, &mount, &subject);
	mapping_close(&c.mapping);
	names_close(&c.split);
	mount_close(&mount);
	return ret;
}

const struct command cmd_create = {
	.name = "create",
	.summary = "create a region",
	.argp = {
		.options = options,
		.parser = parse,
		.args_doc = "--size SIZE NAME",
		.doc = "Create a region: a range of addresses that is the "
		       "same in all processes that attach the region. Without "
		       "--map, the region is empty; see 'msharectl map'.\v"
		       "Sizes and addresses: 2M, 2MiB, 300G, 0x550000000000.",
		.children = children,
	},
	.run = run,
};
