// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "listing.h"
#include "message.h"
#include "prot.h"
#include "region.h"
#include "target.h"
#include "window.h"

enum {
	COL_REGION,
	COL_PID,
	COL_USER,
	COL_UID,
	COL_START,
	COL_END,
	COL_SIZE,
	COL_RIGHTS,
	COL_STATE,
	COL_INODE,
	COL_COMMAND,
	COL_ARGUMENTS,
};

static const struct column columns[] = {
	[COL_REGION] = { "REGION", "its name, relative to the mount point",
			 true, true, true },
	[COL_PID] = { "PID", "process that has it attached", false, true,
		      false },
	[COL_USER] = { "USER", "whom the process belongs to", true, true,
		       false },
	[COL_UID] = { "UID", "number of this user", false, false, false },
	[COL_START] = { "START", "first address of the process's window", false,
			true, false },
	[COL_END] = { "END", "address after the last one", false, false,
		      false },
	[COL_SIZE] = { "SIZE", "size of the window", false, true, false },
	[COL_RIGHTS] = { "RIGHTS", "access rights of the window", true, true,
			 false },
	[COL_STATE] = { "STATE", "of the region: present or deleted", true,
			true, false },
	[COL_INODE] = { "INODE", "inode number of the region", false, false,
			false },
	[COL_COMMAND] = { "COMMAND", "name of the program", true, true, false },
	[COL_ARGUMENTS] = { "ARGUMENTS", "the program's command line", true,
			    false, false },
};

/* A region there is, and its name. */
struct known {
	ino_t inode;
	char *name;
};

struct ps {
	struct listing *listing;
	const struct mount *mount;
	struct known *known;
	size_t count, space;
};

static int add_known(struct ps *ps, ino_t inode, const char *name)
{
	if (ps->count == ps->space) {
		size_t space = ps->space ? ps->space * 2 : 32;
		struct known *more;

		more = reallocarray(ps->known, space, sizeof(*more));
		if (!more)
			return -ENOMEM;
		ps->known = more;
		ps->space = space;
	}
	ps->known[ps->count].inode = inode;
	ps->known[ps->count].name = strdup(name);
	return ps->known[ps->count++].name ? 0 : -ENOMEM;
}

static int learn(const struct mshare_entry *entry, void *data)
{
	/* What can't be read has the name that its users see. */
	return entry->err ? 0 : add_known(data, entry->st->st_ino, entry->name);
}

/* Whoever may not open a region may still know who uses it. */
static int learn_named(struct ps *ps, const char *name)
{
	char *path = target_path(ps->mount, name);
	struct stat st;
	int fd, err;

	fd = open(path, O_PATH | O_CLOEXEC);
	err = fd < 0 || fstat(fd, &st) ? -errno : 0;
	free(path);
	if (!err)
		err = mount_check_fd(ps->mount, fd);
	if (fd >= 0)
		close(fd);
	if (!err && !S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -ENOTTY;
	if (!err)
		err = add_known(ps, st.st_ino, mount_relative(ps->mount, name));
	return err ? target_failed(ps->mount, OP_OPEN, name, err) :
		     EXIT_SUCCESS;
}

static int learn_all(struct ps *ps)
{
	const struct listing *l = ps->listing;
	int ret = EXIT_SUCCESS, err;

	for (int i = 0; i < l->name_count; i++)
		if (learn_named(ps, l->names[i]))
			ret = EXIT_FAILURE;
	if (l->name_count)
		return ret;
	err = mshare_walk_regions(ps->mount->fd, NULL, 0, learn, ps);
	return err ? target_failed(ps->mount, OP_LIST, ps->mount->path, err) :
		     EXIT_SUCCESS;
}

static const char *find_known(const struct ps *ps, ino_t inode)
{
	for (size_t i = 0; i < ps->count; i++)
		if (ps->known[i].inode == inode)
			return ps->known[i].name;
	return NULL;
}

static int add_window(const struct window *w, void *data)
{
	const struct ps *ps = data;
	const char *name = find_known(ps, w->inode);
	const struct passwd *pw;
	struct cell *row;

	if (!name && ps->listing->name_count)
		return 0;
	row = listing_new_row(ps->listing,
			      name ? name : mount_relative(ps->mount, w->path));
	if (!row)
		return -ENOMEM;
	pw = getpwuid(w->uid);
	cell_value(&row[COL_PID], CELL_NUMBER, (uint64_t)w->pid);
	if (pw)
		cell_string(&row[COL_USER], "%s", pw->pw_name);
	else
		cell_string(&row[COL_USER], "%u", w->uid);
	cell_value(&row[COL_UID], CELL_NUMBER, w->uid);
	cell_value(&row[COL_START], CELL_ADDRESS, w->range.start);
	cell_value(&row[COL_END], CELL_ADDRESS, w->range.start + w->range.size);
	cell_value(&row[COL_SIZE], CELL_SIZE, w->range.size);
	cell_string(&row[COL_RIGHTS], "%s", prot_name(w->prot));
	cell_string(&row[COL_STATE], "%s",
		    w->deleted && !name ? "deleted" : "present");
	cell_value(&row[COL_INODE], CELL_NUMBER, w->inode);
	cell_string(&row[COL_COMMAND], "%s", w->command);
	/* They can be long, and are the same for all windows of a process. */
	if (listing_shows(ps->listing, COL_ARGUMENTS))
		cell_string(&row[COL_ARGUMENTS], "%s", w->arguments);
	return 0;
}

/* By region, then process, then address. */
static int by_region(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	int order = strcmp(x[COL_REGION].string, y[COL_REGION].string);

	if (order)
		return order;
	if (x[COL_PID].number != y[COL_PID].number)
		return x[COL_PID].number < y[COL_PID].number ? -1 : 1;
	return x[COL_START].number < y[COL_START].number ? -1 : 1;
}

static int scan(struct ps *ps)
{
	struct listing *l = ps->listing;
	size_t unreadable;
	int err;

	err = window_scan("/proc", ps->mount->dev, add_window, ps, &unreadable);
	if (err)
		return target_failed(ps->mount, OP_PROCESSES, "/proc", err);
	/* Root is refused where a container's or a module's rules say so. */
	if (unreadable && geteuid())
		message_note(NULL,
			     "%zu processes of others could not be looked at; "
			     "run as root to see all",
			     unreadable);
	if (l->row_count)
		qsort(l->cells, l->row_count,
		      l->column_count * sizeof(*l->cells), by_region);
	return EXIT_SUCCESS;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct listing listing = {
		.columns = columns,
		.column_count = sizeof(columns) / sizeof(columns[0]),
		.key = "windows",
	};
	struct mount mount;
	struct ps ps = { .listing = &listing, .mount = &mount };
	int ret;

	cli_parse(cli, argc, argv, &listing);
	if (!listing_begin(&listing))
		return EXIT_SUCCESS;
	ret = target_mount(cli, NULL, &mount);
	if (ret)
		return ret;
	ret = learn_all(&ps);
	if (ps.count || !listing.name_count)
		ret |= scan(&ps);
	ret |= listing_print(&listing, &mount);
	for (size_t i = 0; i < ps.count; i++)
		free(ps.known[i].name);
	free(ps.known);
	listing_free(&listing);
	mount_close(&mount);
	return ret;
}

const struct command cmd_ps = {
	.name = "ps",
	.summary = "show which processes have regions attached",
	.argp = {
		.parser = cli_pass_input,
		.args_doc = "[NAME...]",
		.doc = "Show which processes have regions attached; without "
		       "NAME, any region, removed ones included.",
		.children = listing_children,
	},
	.run = run,
};
