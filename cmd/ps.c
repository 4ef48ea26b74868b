// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli.h"
#include "listing.h"
#include "message.h"
#include "prot.h"
#include "nameless.h"
#include "region.h"
#include "names.h"
#include "window.h"
#include "xalloc.h"

enum {
	COL_REGION,
	COL_PID,
	COL_USER,
	COL_UID,
	COL_START,
	COL_END,
	COL_SIZE,
	COL_PROT,
	COL_STATE,
	COL_INODE,
	COL_KIND,
	COL_COMMAND,
	COL_ARGUMENTS,
	COL_MOUNT,
};

/* clang-format off */
static const struct column columns[] = {
	[COL_REGION] =    { "REGION",    "name of the region, relative to the "
					 "mount point", COL_LEFT | COL_PATH },
	[COL_PID] =       { "PID",       "process that has the region attached", 0 },
	[COL_USER] =      { "USER",      "user name of the process", COL_LEFT },
	[COL_UID] =       { "UID",       "user ID of the process", 0 },
	[COL_START] =     { "START",     "first address of the window", 0 },
	[COL_END] =       { "END",       "address after the last byte", 0 },
	[COL_SIZE] =      { "SIZE",      "size of the window", 0 },
	[COL_PROT] =      { "PROT",      "access rights of the window", COL_LEFT },
	[COL_STATE] =     { "STATE",     "state of the region: present or "
					 "deleted, or nameless", COL_LEFT },
	[COL_INODE] =     { "INODE",     "inode number of the region", 0 },
	[COL_KIND] =      { "KIND",      "window, or plain: a mapping with page "
					 "tables of its own", COL_LEFT },
	[COL_COMMAND] =   { "COMMAND",   "name of the program", COL_LEFT },
	[COL_ARGUMENTS] = { "ARGUMENTS", "the program's command line", COL_LEFT },
	[COL_MOUNT] =     { "MOUNT",     "mount point", COL_LEFT | COL_PATH },
};
/* clang-format on */

static const struct listing_def windows = {
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.defaults = "REGION,PID,USER,START,SIZE,PROT,STATE,COMMAND",
	.all_defaults = "KIND",
	.mount_column = COL_MOUNT,
	.key = "windows",
	.old_name = "RIGHTS",
	.old_column = COL_PROT,
};

/* How often a difference must be seen: processes come and go. */
#define SCANS  3
#define COUNTS 100 /* in each of them, a millisecond apart */

/* The name of a region. */
struct known {
	const struct mount *mount; /* NULL: a nameless region */
	dev_t dev, plain_dev; /* of windows and of plain mappings in maps */
	ino_t inode;
	char *name;
	struct range range; /* size 0: not known */
	uint64_t number;    /* of a nameless region */
	bool removed;       /* the name is the last one */
	bool closed;        /* the user cannot open the region */
	bool counted;       /* the kernel counts the processes for this user */
	uint64_t attached;  /* ... which have the region attached */
	uint64_t seen;      /* processes that /proc shows */
};

struct ps {
	struct listing_options options;
	struct listing listing;
	struct mounts mounts;
	struct array known; /* struct known */
	struct array devs;  /* dev_t, of all these */
};

/* A walk over the regions of one mount. */
struct walk {
	struct ps *ps;
	const struct mount *mount;
};

/* fd is -1 if the user cannot open the region. */
static void add_known(struct ps *ps, const struct mount *mount, ino_t inode,
		      const char *name, int fd)
{
	struct known *known = xarray_add(&ps->known, sizeof(*known));
	struct msharefs_stat st;

	*known = (struct known){
		.mount = mount,
		.dev = mount->dev,
		.plain_dev = mount->dev,
		.inode = inode,
		.name = xstrdup(name),
		.closed = fd < 0,
	};
	if (fd < 0)
		return;
	if (mshare_get_range(fd, &known->range.start, &known->range.size))
		known->range = (struct range){ 0 };
	if (mshare_stat(fd, &st, sizeof(st)))
		return;
	known->counted = true;
	known->attached = st.attached;
}

/* Those that the user may see; others are known from their processes. */
static int learn_removed(const struct msharefs_removed *removed,
			 const struct msharefs_stat *stat, const char *name,
			 void *data)
{
	const struct walk *walk = data;
	struct known *known = xarray_add(&walk->ps->known, sizeof(*known));

	*known = (struct known){
		.mount = walk->mount,
		.dev = walk->mount->dev,
		.plain_dev = walk->mount->dev,
		.inode = removed->inode,
		.name = xstrdup(name),
		.range = { removed->start, removed->length },
		.removed = true,
		.counted = true,
		.attached = stat->attached,
	};
	return 0;
}

static int learn_nameless(const struct msharefs_nameless *nameless,
			  const struct msharefs_stat *stat, void *data)
{
	struct ps *ps = data;
	struct known *known = xarray_add(&ps->known, sizeof(*known));
	char name[NAMELESS_STRLEN];

	nameless_format(nameless->number, name);
	*known = (struct known){
		.dev = nameless->dev,
		.plain_dev = nameless->plain_dev,
		.inode = nameless->inode,
		.name = xstrdup(name),
		.range = { nameless->start, nameless->length },
		.number = nameless->number,
		.counted = true,
		.attached = stat->attached,
	};
	return 0;
}

static int learn(const struct mshare_entry *entry, void *data)
{
	const struct walk *walk = data;
	struct region region;
	int err;

	/* An unreadable entry gets its name from the processes that use it. */
	if (entry->err == -EACCES)
		return 0;
	if (entry->err)
		return entry->err;
	err = region_open_at(entry->dirfd, entry->leaf, O_RDONLY | O_NOFOLLOW,
			     &region);
	add_known(walk->ps, walk->mount, entry->st->st_ino, entry->name,
		  err ? -1 : region.fd);
	if (!err)
		region_close(&region);
	return 0;
}

/* A user who cannot open a region can still see its processes. */
static int learn_named(struct ps *ps, const char *name)
{
	const struct mount *mount = ps->mounts.items;
	uint64_t number;
	struct stat st;
	int fd, err;

	if (nameless_parse(name, &number)) {
		err = nameless_find(mount->fd, number, learn_nameless, ps);
		return err ? nameless_failed(name, err) : EXIT_SUCCESS;
	}
	fd = names_open_path(mount, name, O_PATH);
	err = fd < 0 ? fd : fstat(fd, &st) ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (!err && !S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -ENOTTY;
	if (err)
		return names_failed(mount, OP_OPEN, name, err);
	fd = names_open_path(mount, name, O_RDONLY | O_NONBLOCK);
	add_known(ps, mount, st.st_ino, mount_relative(mount, name), fd);
	if (fd >= 0)
		close(fd);
	return EXIT_SUCCESS;
}

static int learn_mount(struct ps *ps, const struct mount *mount)
{
	struct walk walk = { ps, mount };
	int err = mshare_walk_regions(mount->fd, NULL, 0, learn, &walk);

	/* Without the request, processes show removed regions. */
	mshare_walk_removed(mount->fd, learn_removed, &walk);
	return err ? names_failed(mount, OP_LIST, mount->path, err) :
		     EXIT_SUCCESS;
}

static int learn_all(struct ps *ps)
{
	const struct listing_options *o = &ps->options;
	int ret = EXIT_SUCCESS, err;

	for (int i = 0; i < o->name_count; i++)
		if (learn_named(ps, o->names[i]))
			ret = EXIT_FAILURE;
	if (o->name_count)
		return ret;
	for (size_t i = 0; i < ps->mounts.count; i++)
		ret |= learn_mount(ps, &ps->mounts.items[i]);
	if (!o->all)
		return ret;
	err = mshare_walk_nameless(ps->mounts.items->fd, 0, learn_nameless, ps);
	return err ? nameless_failed(NULL, err) : ret;
}

static void add_dev(struct array *devs, dev_t dev)
{
	const dev_t *items = devs->items;

	for (size_t i = 0; i < devs->count; i++)
		if (items[i] == dev)
			return;
	*(dev_t *)xarray_add(devs, sizeof(dev)) = dev;
}

static struct window_devices devices_of(struct ps *ps)
{
	const struct known *known = ps->known.items;

	ps->devs.count = 0;
	for (size_t i = 0; i < ps->mounts.count; i++)
		add_dev(&ps->devs, ps->mounts.items[i].dev);
	for (size_t i = 0; i < ps->known.count; i++) {
		add_dev(&ps->devs, known[i].dev);
		add_dev(&ps->devs, known[i].plain_dev);
	}
	return (struct window_devices){ ps->devs.items, ps->devs.count };
}

static const struct known *find_known(const struct ps *ps,
				      const struct window *w)
{
	const struct known *known = ps->known.items;

	for (size_t i = 0; i < ps->known.count; i++)
		if (known[i].inode == w->inode &&
		    (known[i].dev == w->dev || known[i].plain_dev == w->dev))
			return &known[i];
	return NULL;
}

/* NULL: a nameless region */
static const struct mount *find_mount(const struct ps *ps, dev_t dev)
{
	for (size_t i = 0; i < ps->mounts.count; i++)
		if (ps->mounts.items[i].dev == dev)
			return &ps->mounts.items[i];
	return NULL;
}

/* All mounts have one granule. */
static bool has_whole_granules(const struct ps *ps, const struct window *w)
{
	return !((w->range.start | w->range.size | w->offset) %
		 ps->mounts.items->granule);
}

/*
 * A window that becomes plain stays at its address, and loses what it has behind
 * the program's memory. If that is nothing, and the kernel shows both alike, only
 * the flags of the mapping tell.
 */
static bool is_nameless_plain(const struct ps *ps, const struct known *known,
			      const struct window *w)
{
	const uint64_t granule = ps->mounts.items->granule;
	const uint64_t rest = w->range.size % granule;

	if (known->dev != known->plain_dev)
		return w->dev == known->plain_dev;
	if (w->range.start - w->offset != known->range.start)
		return true;
	if (rest)
		return !window_has_rest(w, granule - rest);
	return !window_is_linked(w->pid, w->range.start);
}

/*
 * A window is at its offset in the region. If the region's range is not known,
 * whole granules are a window: few other mappings are aligned like this.
 */
static bool is_plain(const struct ps *ps, const struct known *known,
		     const struct window *w)
{
	if (known && !known->mount)
		return is_nameless_plain(ps, known, w);
	if (known && known->range.size)
		return w->range.start - w->offset != known->range.start;
	return !has_whole_granules(ps, w);
}

static const char *state_of(const struct known *known, const struct window *w)
{
	if (known && !known->mount)
		return "nameless";
	if (known ? known->removed : w->deleted)
		return "deleted";
	return "present";
}

static void forget(struct ps *ps)
{
	struct known *known = ps->known.items;

	for (size_t i = 0; i < ps->known.count; i++)
		free(known[i].name);
	ps->known.count = 0;
}

static int add_window(const struct window *w, void *data)
{
	struct ps *ps = data;
	const struct known *known = find_known(ps, w);
	const struct mount *mount = known ? known->mount :
					    find_mount(ps, w->dev);
	const char *state = state_of(known, w);
	struct cell *cells;
	struct row *row;

	if (!known && (ps->options.name_count || !mount))
		return 0;
	row = listing_add_row(&ps->listing,
			      known ? known->name :
				      mount_relative(mount, w->path));
	row->owner = known ? (size_t)(known - (struct known *)ps->known.items) :
			     SIZE_MAX;
	cells = row->cells;
	cell_value(&cells[COL_PID], CELL_NUMBER, (uint64_t)w->pid);
	cell_value(&cells[COL_USER], CELL_USER, w->uid);
	cell_value(&cells[COL_UID], CELL_NUMBER, w->uid);
	cell_value(&cells[COL_START], CELL_ADDRESS, w->range.start);
	cell_value(&cells[COL_END], CELL_ADDRESS,
		   w->range.start + w->range.size);
	cell_value(&cells[COL_SIZE], CELL_SIZE, w->range.size);
	cell_string(&cells[COL_PROT], "%s", prot_name(w->prot));
	cell_string(&cells[COL_STATE], "%s", state);
	row->lacks_name = strcmp(state, "present") != 0;
	cell_value(&cells[COL_INODE], CELL_NUMBER, w->inode);
	if (listing_needs(&ps->listing, COL_KIND))
		cell_string(&cells[COL_KIND], "%s",
			    is_plain(ps, known, w) ? "plain" : "window");
	cell_string(&cells[COL_COMMAND], "%s", w->command);
	if (mount)
		cell_string(&cells[COL_MOUNT], "%s", mount->path);
	/*
	 * Command lines can be long, and are the same for all windows of a
	 * process.
	 */
	if (listing_needs(&ps->listing, COL_ARGUMENTS))
		cell_string(&cells[COL_ARGUMENTS], "%s", w->arguments);
	return 0;
}

/* By region, then process, then address. */
static int by_region(const void *a, const void *b)
{
	const struct cell *x = ((const struct row *)a)->cells;
	const struct cell *y = ((const struct row *)b)->cells;
	int order = strcmp(x[COL_REGION].string, y[COL_REGION].string);

	if (order)
		return order;
	if (x[COL_PID].number != y[COL_PID].number)
		return x[COL_PID].number < y[COL_PID].number ? -1 : 1;
	return x[COL_START].number < y[COL_START].number ? -1 : 1;
}

/*
 * Processes in an order in which those with the same memory (vfork(2), CLONE_VM
 * of clone(2)) are next to each other. Where the kernel does not tell, each
 * process has its own.
 */
static int by_memory(const void *a, const void *b)
{
	const pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	switch (syscall(SYS_kcmp, x, y, KCMP_VM, 0, 0)) {
	case 0:
		return 0;
	case 1:
		return -1;
	case 2:
		return 1;
	default:
		return x < y ? -1 : x > y;
	}
}

static size_t count_memories(struct array *pids)
{
	const pid_t *pid = pids->items;
	size_t count = 1;

	if (pids->count < 2)
		return pids->count;
	qsort(pids->items, pids->count, sizeof(*pid), by_memory);
	for (size_t i = 1; i < pids->count; i++)
		count += by_memory(&pid[i - 1], &pid[i]) != 0;
	return count;
}

/*
 * The processes that have a region attached, as the kernel counts them: those
 * that share their memory are one. The rows are sorted.
 */
static size_t count_processes(const struct listing *l, size_t known)
{
	struct array pids = { 0 };
	pid_t last = 0;
	size_t count;

	for (size_t i = 0; i < listing_count(l); i++) {
		const struct row *row = listing_row(l, i);
		const pid_t pid = (pid_t)row->cells[COL_PID].number;

		if (row->owner != known || pid == last)
			continue;
		last = pid;
		*(pid_t *)xarray_add(&pids, sizeof(pid)) = pid;
	}
	count = count_memories(&pids);
	free(pids.items);
	return count;
}

static int count_nameless(const struct msharefs_nameless *nameless,
			  const struct msharefs_stat *stat, void *data)
{
	struct known *known = data;

	(void)nameless;
	if (stat->attached < known->attached)
		known->attached = stat->attached;
	return 0;
}

/* The count, once more: the lowest of all times is kept. */
static void count_again(const struct ps *ps, struct known *known)
{
	struct msharefs_stat st;
	struct stat file;
	int fd;

	if (known->removed)
		return;
	if (!known->mount) {
		nameless_find(ps->mounts.items->fd, known->number,
			      count_nameless, known);
		return;
	}
	fd = names_open_path(known->mount, known->name, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	/* The name may be that of another region by now. */
	if (!fstat(fd, &file) && file.st_ino == known->inode &&
	    !mshare_stat(fd, &st, sizeof(st)) && st.attached < known->attached)
		known->attached = st.attached;
	close(fd);
}

static bool is_missing(const struct known *known)
{
	return known->counted && known->attached > known->seen;
}

/*
 * Whether /proc shows fewer processes than the kernel counts. A process that
 * ended before /proc was read is not missing; others can have come in its place.
 * A process that is not visible is in all counts.
 */
static bool compare(struct ps *ps)
{
	struct known *known = ps->known.items;
	bool differs = true;

	for (size_t i = 0; i < ps->known.count; i++)
		known[i].seen = count_processes(&ps->listing, i);
	for (int n = 0; differs && n < COUNTS; n++) {
		if (n)
			usleep(1000);
		differs = false;
		for (size_t i = 0; i < ps->known.count; i++) {
			if (n && is_missing(&known[i]))
				count_again(ps, &known[i]);
			differs |= is_missing(&known[i]);
		}
	}
	return differs;
}

/* No line does not mean no process: a region that seems unused gets removed. */
static int report_missing(const struct ps *ps)
{
	const struct known *known = ps->known.items;
	int ret = EXIT_SUCCESS;

	for (size_t i = 0; i < ps->known.count; i++)
		if (is_missing(&known[i]))
			ret = message_error(
				known[i].name,
				"Run as root, in the first PID namespace and "
				"with a /proc that is mounted without hidepid=.",
				"%" PRIu64 " of %" PRIu64
				" processes that have the region attached are "
				"not visible here",
				known[i].attached - known[i].seen,
				known[i].attached);
	return ret;
}

/* Whether the kernel's count of each listed region is known. */
static bool all_counted(const struct ps *ps)
{
	const struct known *known = ps->known.items;

	for (size_t i = 0; i < ps->known.count; i++)
		if (!known[i].counted)
			return false;
	return true;
}

static size_t count_closed(const struct ps *ps)
{
	const struct known *known = ps->known.items;
	size_t count = 0;

	for (size_t i = 0; i < ps->known.count; i++)
		count += known[i].closed;
	return count;
}

/* All processes that are visible are readable, but others may be hidden. */
static int report_closed(const struct ps *ps)
{
	const size_t closed = count_closed(ps);

	if (!closed)
		return EXIT_SUCCESS;
	message_note(NULL,
		     "%zu %s cannot be opened, and hidden processes may have "
		     "%s attached; run as root to see all processes",
		     closed, closed == 1 ? "region" : "regions",
		     closed == 1 ? "the region" : "the regions");
	return EXIT_FAILURE;
}

static int report(const struct ps *ps, size_t unreadable)
{
	const struct listing_options *o = &ps->options;
	const bool counted = all_counted(ps);
	int ret = report_missing(ps);

	if (!unreadable && !ret)
		return report_closed(ps);
	/* Only processes can show which removed regions exist. */
	if (ret || (counted && (o->name_count || !geteuid())))
		return ret;
	message_note(NULL,
		     "%zu processes of other users are not readable; run as "
		     "root to see all processes",
		     unreadable);
	return counted ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The regions first: a later process is in /proc as well. */
static int scan_once(struct ps *ps, size_t *unreadable)
{
	int ret = learn_all(ps), err;

	if (!ps->known.count && ps->options.name_count)
		return ret;
	err = window_scan("/proc", devices_of(ps), add_window, ps, unreadable);
	if (err) {
		/* Nothing is known of their processes. */
		forget(ps);
		return names_failed(ps->mounts.items, OP_PROCESSES, "/proc",
				    err);
	}
	listing_sort(&ps->listing, by_region);
	return ret;
}

static int scan(struct ps *ps)
{
	size_t unreadable = 0;
	bool differs;
	int ret;

	for (int i = 1;; i++) {
		ret = scan_once(ps, &unreadable);
		differs = compare(ps);
		/* Errors of names were reported. */
		if (ret || !differs || i == SCANS)
			break;
		listing_truncate(&ps->listing, 0);
		forget(ps);
	}
	return ret | report(ps, unreadable);
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct ps ps = { 0 };
	int ret;

	cli_parse(cli, argc, argv, &ps.options);
	if (!listing_begin(&ps.listing, &windows, &ps.options))
		return EXIT_SUCCESS;
	ret = names_mounts(cli, &ps.options, &ps.mounts);
	if (ret)
		return ret;
	ret = scan(&ps);
	ret |= listing_print(&ps.listing, &ps.mounts);
	forget(&ps);
	free(ps.known.items);
	free(ps.devs.items);
	listing_free(&ps.listing);
	mount_close_all(&ps.mounts);
	return ret;
}

const struct command cmd_ps = {
	.name = "ps",
	.summary = "show processes that have regions attached",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "[NAME...]",
		.doc = "Show processes that have regions attached; without "
		       "NAME, all regions, including removed regions.",
		.children = listing_children,
	},
	.run = run,
};
