// SPDX-License-Identifier: GPL-2.0-only
#include "range-verb.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "args.h"
#include "cgroup.h"
#include "cli.h"
#include "enough-memory.h"
#include "escape.h"
#include "memory.h"
#include "parse.h"
#include "steps.h"

enum {
	OPT_DRY_RUN = 0x100,
};

static const struct argp_option region_options[] = {
	{ "dry-run", OPT_DRY_RUN, NULL, 0,
	  "print what would be done, change nothing", 0 },
	{ "quiet", 'q', NULL, 0, "print only the name", 0 },
	{ 0 },
};

static error_t parse_region(int key, char *arg, struct argp_state *state)
{
	struct region_options *r = state->input;

	switch (key) {
	case OPT_DRY_RUN:
		r->dry_run = true;
		return 0;
	case 'q':
		r->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (r->name)
			cli_usage_error("more than one NAME: '%s'", arg);
		r->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (!r->name)
			cli_usage_error("NAME is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp region_options_argp = {
	.options = region_options,
	.parser = parse_region,
};

static const struct argp_option range_options[] = {
	{ "addr", 'a', "ADDR", 0,
	  "start of the range (default: the region's start)", 0 },
	{ "size", 's', "SIZE", 0,
	  "size of the range (default: up to the region's end)", 0 },
	{ 0 },
};

static error_t parse_range(int key, char *arg, struct argp_state *state)
{
	struct range_options *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->region;
		return 0;
	case 'a':
		r->wanted.range.start = args_address("--addr", arg);
		r->wanted.has_addr = true;
		return 0;
	case 's':
		r->wanted.range.size = args_size("--size", arg);
		r->wanted.has_size = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{ &region_options_argp, 0, NULL, 0 },
	{ 0 },
};

const struct argp range_options_argp = {
	.options = range_options,
	.parser = parse_range,
	.children = children,
};

const struct argp_child range_options_children[] = {
	{ &range_options_argp, 0, NULL, 0 },
	{ 0 },
};

void range_verb_report(const struct region_options *region, const char *done,
		       const char *would, struct range range, const char *how)
{
	char size[SIZE_STRLEN];

	if (region->quiet) {
		puts(region->name);
		return;
	}
	escape_message(stdout, region->name);
	printf(": %s %s%s%s at 0x%" PRIx64 "\n", region->dry_run ? would : done,
	       size_format(range.size, size), how ? " " : "", how ? how : "",
	       range.start);
}

/* The range of the options; reports errors. */
static int choose_range(const char *name, const struct region *region,
			const struct wanted_range *wanted, struct range *range)
{
	const struct range whole = region->range;
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t end = whole.start + whole.size;
	char next[128], size[SIZE_STRLEN], multiple[SIZE_STRLEN];

	snprintf(next, sizeof(next),
		 "The region reaches from 0x%" PRIx64 " to 0x%" PRIx64 ".",
		 whole.start, end);
	*range = whole;
	if (wanted->has_addr) {
		range->start = wanted->range.start;
		if (range->start < whole.start || range->start >= end)
			return message_error(name, next,
					     "address 0x%" PRIx64
					     " is not in the region",
					     range->start);
		range->size = end - range->start;
	}
	if (wanted->has_size)
		range->size = wanted->range.size;
	if (!range_contains(whole, *range))
		return message_error(name, next,
				     "a size of %s from 0x%" PRIx64
				     " exceeds the region's end",
				     size_exact(range->size, size),
				     range->start);
	if (range->start % page || range->size % page) {
		snprintf(next, sizeof(next),
			 "Give an address and a size that are multiples of "
			 "the page size, %s.",
			 size_exact(page, multiple));
		return message_error(name, next,
				     "a range of %s from 0x%" PRIx64
				     " does not consist of whole pages",
				     size_exact(range->size, size),
				     range->start);
	}
	return EXIT_SUCCESS;
}

int range_verb_open(const struct cli *cli, const struct range_options *options,
		    struct open_range *open)
{
	const char *name = options->region.name;
	int ret;

	ret = names_mount(cli, NULL, &open->mount);
	if (ret)
		return ret;
	open->subject = names_subject(&open->mount, name);
	ret = names_open_sized(&open->mount, name, O_RDWR, &open->region);
	if (ret)
		goto fail;
	ret = choose_range(name, &open->region, &options->wanted, &open->range);
	open->subject.range = open->range;
	if (!ret)
		return EXIT_SUCCESS;
	region_close(&open->region);
fail:
	mount_close(&open->mount);
	return ret;
}

void range_verb_close(struct open_range *open)
{
	region_close(&open->region);
	mount_close(&open->mount);
}

/* Whether a part of the range is not mapped, and which is the first. */
static bool find_hole(int fd, struct range range, struct range *hole)
{
	const uint64_t end = range.start + range.size;
	uint64_t at = range.start;
	struct msharefs_mapping m;
	char path[PATH_MAX];
	int err;

	for (; at < end; at = m.addr + m.length) {
		err = mshare_next_mapping(fd, at, &m, sizeof(m), path,
					  sizeof(path));
		if (err && err != -ENOENT)
			return false;
		if (!err && m.addr <= at)
			continue;
		*hole = (struct range){
			.start = at,
			.size = (err || m.addr > end ? end : m.addr) - at,
		};
		return true;
	}
	return false;
}

/* Whether a part of the range is locked, and which is the first. */
static bool find_locked(int fd, struct range range, struct range *locked)
{
	const uint64_t end = range.start + range.size;
	struct msharefs_mapping m = { 0 };
	char path[PATH_MAX];

	for (uint64_t at = range.start; at < end; at = m.addr + m.length) {
		if (mshare_next_mapping(fd, at, &m, sizeof(m), path,
					sizeof(path)) ||
		    m.addr >= end)
			return false;
		if (!(m.flags & MSHAREFS_MAPPING_LOCKED))
			continue;
		locked->start = m.addr > at ? m.addr : at;
		locked->size =
			(m.addr + m.length < end ? m.addr + m.length : end) -
			locked->start;
		return true;
	}
	return false;
}

void range_verb_note_huge(int fd, const struct subject *subject)
{
	struct msharefs_mapping m;
	char path[PATH_MAX], value[32];
	const char *setting;

	/* A file system has its own settings. */
	if (mshare_next_mapping(fd, subject->range.start, &m, sizeof(m), path,
				sizeof(path)) ||
	    !(m.flags & MSHAREFS_MAPPING_ANONYMOUS))
		return;
	setting = memory_no_huge_pages(value, sizeof(value));
	if (setting)
		message_note(subject->name,
			     "note: the memory gets no huge pages: %s is %s",
			     setting, value);
}

#define MORE_MEMORY                                                       \
	"Free memory, or raise the memory limit of the cgroup {cgroup}, " \
	"which pays."

/* The cgroup that pays can have less than the machine. */
static int report_short(enum operation op, int fd,
			const struct subject *subject)
{
	struct subject payer = *subject;
	struct msharefs_stat st;

	if (memory_available(&payer.available))
		return message_failed(op, subject, -ENOMEM);
	if (!mshare_stat(fd, &st, sizeof(st)) && st.cgroup)
		payer.cgroup = cgroup_path(st.cgroup);
	message_show(&payer,
		     "memory is short: {available} of memory and swap are "
		     "available",
		     op == OP_POPULATE ? "Nothing was mapped. " MORE_MEMORY :
					 MORE_MEMORY);
	return EXIT_FAILURE;
}

/* ENOMEM has two reasons: holes, and a shortage of memory. */
static int report_enomem(enum operation op, int fd,
			 const struct subject *subject)
{
	struct subject hole = *subject;

	if (op != OP_POPULATE && find_hole(fd, subject->range, &hole.range)) {
		message_show(&hole,
			     "a part of the range is not mapped: {range}",
			     "Map the whole range, or choose a mapped range "
			     "with --addr and --size.");
		return EXIT_FAILURE;
	}
	if (op == OP_ADVISE || op == OP_ADVISE_HUGE || op == OP_POPULATE)
		return report_short(op, fd, subject);
	return message_failed(op, subject, -ENOMEM);
}

int range_verb_failed(enum operation op, int fd, const struct subject *subject,
		      int err)
{
	static const struct {
		enum operation op, sealed;
		unsigned int seal;
	} sealed[] = {
		{ OP_MAP, OP_SEALED_MAP, MSHAREFS_SEAL_MAP },
		{ OP_MAP_FILE, OP_SEALED_MAP, MSHAREFS_SEAL_MAP },
		{ OP_PROTECT, OP_SEALED_PROTECT, MSHAREFS_SEAL_PROTECT },
		{ OP_ADVISE, OP_SEALED_UNMAP, MSHAREFS_SEAL_UNMAP },
	};
	struct subject locked = *subject;
	struct msharefs_stat st;

	if (err == -ENOMEM && subject->range.size &&
	    (op == OP_ADVISE || op == OP_ADVISE_HUGE || op == OP_POPULATE ||
	     op == OP_LOCK_MEMORY || op == OP_PROTECT || op == OP_MEMPOLICY ||
	     op == OP_UNLOCK_MEMORY))
		return report_enomem(op, fd, subject);
	if (err == -EINVAL && op == OP_ADVISE &&
	    find_locked(fd, subject->range, &locked.range)) {
		message_show(&locked, "a part of the range is locked: {range}",
			     "Unlock the memory first: {msharectl} unlock "
			     "{name}");
		return EXIT_FAILURE;
	}
	if (err == -EFAULT && op == OP_ADVISE &&
	    enough_memory_is_full(subject, fd))
		return EXIT_FAILURE;
	if (err == -ENOSPC && (op == OP_MAP || op == OP_MAP_FILE) &&
	    enough_memory_exceeds(subject, fd))
		return EXIT_FAILURE;
	/* The others touch memory. */
	if (err == -ENOSPC && enough_memory_is_full(subject, fd))
		return EXIT_FAILURE;
	/* EPERM has other reasons as well. */
	if (err != -EPERM || mshare_stat(fd, &st, sizeof(st)))
		return message_failed(op, subject, err);
	for (size_t i = 0; i < sizeof(sealed) / sizeof(sealed[0]); i++)
		if (sealed[i].op == op && (st.seals & sealed[i].seal))
			return message_failed(sealed[i].sealed, subject, err);
	return message_failed(op, subject, err);
}

static int apply(const struct range_verb *verb, bool populates,
		 const struct open_range *open,
		 const struct region_options *options, const void *input)
{
	const struct steps steps = {
		.name = options->name,
		.fd = open->region.fd,
		.range = open->range,
		.apply = verb->apply,
		.input = input,
		.passes_holes = !populates,
		.quiet = options->quiet,
	};
	int err;

	if (!verb->is_long || !verb->is_long(input))
		return verb->apply(open->region.fd, open->range, input);
	if (populates)
		memory_kill_me_first(true);
	err = steps_apply(&steps);
	if (populates)
		memory_kill_me_first(false);
	return err;
}

int range_verb_run(const struct cli *cli, const struct range_verb *verb,
		   const struct range_options *options, const char *how,
		   const void *input)
{
	struct open_range open;
	bool populates;
	int ret, err;

	ret = range_verb_open(cli, options, &open);
	if (ret)
		return ret;
	populates = verb->populates && verb->populates(input);
	if (populates)
		ret = enough_memory(options->region.name, open.region.fd,
				    open.range.size, options->region.force);
	err = ret || options->region.dry_run ?
		      0 :
		      apply(verb, populates, &open, &options->region, input);
	if (ret)
		;
	else if (err)
		ret = range_verb_failed(verb->op, open.region.fd, &open.subject,
					err);
	else
		range_verb_report(&options->region, verb->done, verb->would,
				  open.range, how);
	if (!ret && verb->after)
		verb->after(open.region.fd, &open.subject);
	range_verb_close(&open);
	return ret;
}
