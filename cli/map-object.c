// SPDX-License-Identifier: GPL-2.0-only
#include "map-object.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "range-verb.h"
#include "args.h"
#include "cli.h"
#include "enough-memory.h"
#include "interrupt.h"
#include "memory.h"
#include "parse.h"
#include "progress.h"
#include "region.h"

/* The amount to populate between checks for signals. */
#define POPULATE_STEP (64ULL << 20)

enum {
	OPT_FILE = 0x100,
	OPT_FORCE,
	OPT_HUGE,
	OPT_NORESERVE,
	OPT_OFFSET,
	OPT_POPULATE,
};

static const struct argp_option options[] = {
	{ "prot", 'p', "PROT", 0,
	  "access rights: r, rw, rx, rwx or none (default: rw)", 0 },
	{ "noreserve", OPT_NORESERVE, NULL, 0,
	  "do not reserve memory (allows overcommit)", 0 },
	{ "file", OPT_FILE, "PATH", 0,
	  "map this file (default: anonymous memory)", 0 },
	{ "offset", OPT_OFFSET, "OFFSET", 0, "offset in the file (default: 0)",
	  0 },
	{ "populate", OPT_POPULATE, NULL, 0,
	  "populate (prefault) the whole mapping", 0 },
	{ "force", OPT_FORCE, NULL, 0,
	  "populate more than the available memory", 0 },
	{ "huge", OPT_HUGE, NULL, 0, "use huge pages where possible", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct mapping *m = state->input;

	switch (key) {
	case 'p':
		m->option = "--prot";
		m->prot = args_prot(arg);
		m->has_prot = true;
		return 0;
	case OPT_NORESERVE:
		m->option = "--noreserve";
		m->noreserve = true;
		return 0;
	case OPT_FILE:
		if (!*arg)
			cli_usage_error("--file: the path is empty");
		m->option = "--file";
		m->path = arg;
		return 0;
	case OPT_OFFSET:
		m->option = "--offset";
		m->offset = args_number("--offset", "offset", arg);
		m->has_offset = true;
		return 0;
	case OPT_POPULATE:
		m->option = "--populate";
		m->populate = true;
		return 0;
	case OPT_FORCE:
		m->option = "--force";
		m->force = true;
		return 0;
	case OPT_HUGE:
		m->option = "--huge";
		m->huge = true;
		return 0;
	case ARGP_KEY_END:
		if (m->has_offset && !m->path)
			cli_usage_error("--offset needs --file");
		if (m->force && !m->populate)
			cli_usage_error("--force needs --populate");
		if (m->populate && !(m->prot & PROT_READ))
			cli_usage_error("--populate needs r in --prot");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp mapping_argp = {
	.options = options,
	.parser = parse,
};

static int check_file(struct mapping *m, const struct stat *st)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t size = (uint64_t)st->st_size;
	char offset[SIZE_STRLEN], other[SIZE_STRLEN];

	if (!S_ISREG(st->st_mode))
		return message_error(m->path, "Name a regular file.",
				     "not a regular file");
	if (m->offset % page)
		return message_error(
			m->path, "Give a multiple of the page size.",
			"an offset of %s is not a multiple of %s",
			size_exact(m->offset, offset), size_exact(page, other));
	if (m->offset >= size)
		return message_error(m->path,
				     "Extend the file, or choose a smaller "
				     "--offset.",
				     "the file has a size of %s: nothing from "
				     "offset %s on",
				     size_exact(size, other),
				     size_exact(m->offset, offset));
	m->rest = size - m->offset;
	if (m->rest <= UINT64_MAX - page)
		m->rest = (m->rest + page - 1) / page * page;
	return EXIT_SUCCESS;
}

int mapping_open(struct mapping *m)
{
	const int access = m->prot & PROT_WRITE ? O_RDWR : O_RDONLY;
	struct stat st;
	int ret;

	if (!m->path)
		return EXIT_SUCCESS;
	/* O_NONBLOCK: the file may be a FIFO. */
	m->file = open(m->path, access | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (m->file < 0 || fstat(m->file, &st))
		ret = message_failed(
			OP_FILE, &(struct subject){ .name = m->path }, -errno);
	else
		ret = check_file(m, &st);
	if (ret)
		mapping_close(m);
	return ret;
}

void mapping_close(struct mapping *m)
{
	if (m->file >= 0)
		close(m->file);
	m->file = -1;
}

struct range mapping_limit(const struct mapping *m, struct range range)
{
	if (m->path && range.size > m->rest)
		range.size = m->rest;
	return range;
}

/* In steps, because blocked signals do not interrupt the request. */
static int populate(const struct mapping *m, int fd, struct range range,
		    uint64_t *done)
{
	/* Populate files for reading, so that pages stay clean. */
	const bool write = (m->prot & PROT_WRITE) && !m->path;
	const int advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	struct progress progress = progress_begin(range.size, m->quiet);
	int err = 0;

	memory_kill_me_first(true);
	for (*done = 0; *done < range.size && !err;) {
		uint64_t step = range.size - *done;

		if (interrupt_pending()) {
			err = -EINTR;
			break;
		}
		if (step > POPULATE_STEP)
			step = POPULATE_STEP;
		err = mshare_advise(fd, range.start + *done, step, advice);
		if (!err)
			*done += step;
		progress_update(&progress, *done);
	}
	memory_kill_me_first(false);
	progress_end(&progress);
	return err;
}

int mapping_populate(const struct mapping *m, int fd, struct range range,
		     const struct subject *subject)
{
	uint64_t done;
	int err;

	if (!m->path && enough_memory(subject->name, fd, range.size, m->force))
		return EXIT_FAILURE;
	err = populate(m, fd, range, &done);
	if (!err)
		return EXIT_SUCCESS;
	if (interrupt_pending())
		progress_interrupted(subject->name, done, range.size, NULL);
	else
		range_verb_failed(OP_ADVISE, fd, subject, err);
	return EXIT_FAILURE;
}

/* Advise huge pages first: present pages keep their size. */
static int prepare(const struct mapping *m, int fd, struct range range,
		   enum operation *op, uint64_t *done)
{
	int err;

	*op = OP_HUGE;
	err = m->huge ? mshare_advise(fd, range.start, range.size,
				      MADV_HUGEPAGE) :
			0;
	if (err || !m->populate)
		return err;
	*op = OP_POPULATE;
	return populate(m, fd, range, done);
}

static enum operation operation(const struct mapping *m)
{
	return m->path ? OP_MAP_FILE : OP_MAP;
}

int mapping_try(const struct mapping *m, int fd, struct range range,
		const struct subject *subject)
{
	struct msharefs_mapping next;
	char path[PATH_MAX];

	/* Older kernels lack the request. */
	if (mshare_next_mapping(fd, range.start, &next, sizeof(next), path,
				sizeof(path)) ||
	    next.addr >= range.start + range.size)
		return EXIT_SUCCESS;
	return message_failed(operation(m), subject, -EEXIST);
}

/* Whether the reason is a pool of huge pages that is short; reports it. */
static bool report_pool(const struct mapping *m, const struct subject *subject)
{
	char page[SIZE_STRLEN], next[160];
	struct statfs fs;
	uint64_t pages;

	if (m->file < 0 || fstatfs(m->file, &fs) ||
	    fs.f_type != HUGETLBFS_MAGIC ||
	    memory_free_huge_pages((uint64_t)fs.f_bsize, &pages))
		return false;
	snprintf(next, sizeof(next),
		 "Enlarge the pool, or map less: /sys/kernel/mm/hugepages/"
		 "hugepages-%" PRIu64 "kB/nr_hugepages",
		 (uint64_t)fs.f_bsize >> 10);
	message_error(subject->name, next,
		      "the pool of huge pages of %s is short: %" PRIu64
		      " are free",
		      size_format((uint64_t)fs.f_bsize, page), pages);
	return true;
}

static void report_failed(const struct mapping *m, enum operation op, int fd,
			  const struct subject *subject, int err)
{
	const bool is_short = err == -ENOMEM || err == -EFAULT;

	if (is_short && report_pool(m, subject))
		return;
	if (err == -EFAULT && op == OP_POPULATE && !m->path &&
	    enough_memory_is_full(subject, fd))
		return;
	if (op == OP_MAP_FILE && err == -EINVAL &&
	    mshare_check(m->file) != -EMEDIUMTYPE)
		message_error(m->path, "Map a file of another file system.",
			      "files on msharefs cannot be mapped into a "
			      "region");
	else
		range_verb_failed(op, fd, subject, err);
}

int mapping_make(const struct mapping *m, int fd, struct range range,
		 const struct subject *subject)
{
	const unsigned int flags = m->noreserve ? MAP_NORESERVE : 0;
	struct subject made = *subject;
	enum operation op;
	uint64_t done = 0;
	bool interrupted;
	int err, undone;

	made.range = range;

	/* A file is in memory already, or its pages can be dropped. */
	if (m->populate && !m->path &&
	    enough_memory(subject->name, -1, range.size, m->force))
		return EXIT_FAILURE;
	err = mshare_map(fd, range.start, range.size, m->prot, flags, m->file,
			 m->offset);
	if (err) {
		report_failed(m, operation(m), fd, subject, err);
		return EXIT_FAILURE;
	}
	err = prepare(m, fd, range, &op, &done);
	if (!err && !interrupt_pending()) {
		if (m->huge)
			range_verb_note_huge(fd, &made);
		return EXIT_SUCCESS;
	}

	/* Before the memory is free again, for its figures are in messages. */
	interrupted = interrupt_pending();
	if (!interrupted)
		report_failed(m, op, fd, subject, err);
	undone = mshare_unmap(fd, range.start, range.size);
	if (interrupted && done)
		progress_interrupted(subject->name, done, range.size,
				     undone ? NULL : "nothing is mapped");
	if (undone)
		message_note(subject->name,
			     "note: the new mapping cannot be unmapped: %s",
			     strerror(-undone));
	return EXIT_FAILURE;
}
