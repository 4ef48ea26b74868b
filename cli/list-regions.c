// SPDX-License-Identifier: GPL-2.0-only
#include "list-regions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "nameless.h"
#include "names.h"
#include "xalloc.h"

struct collection {
	struct listing *listing;
	const struct mount *mount;
	const struct region_source *source;
	int ret;
};

static struct row *new_row(struct collection *c, const char *name)
{
	struct row *row = listing_add_row(c->listing, name);

	cell_string(&row->cells[c->listing->def->mount_column], "%s",
		    c->mount->path);
	return row;
}

static int fill_row(struct collection *c, const char *name,
		    const struct region *region)
{
	const size_t before = listing_count(c->listing);
	struct row *row = new_row(c, mount_relative(c->mount, name));
	int err = c->source->fill(row, region, c->source->data);

	if (!err)
		return EXIT_SUCCESS;
	listing_truncate(c->listing, before);
	return names_failed(c->mount, c->source->op ? c->source->op : OP_STAT,
			    name, err);
}

/* For a directory, or a region that the user may not open. */
static void add_row(struct collection *c, const struct mshare_entry *entry,
		    void (*fill)(struct cell *cells, const struct stat *st))
{
	struct row *row = new_row(c, mount_relative(c->mount, entry->name));

	if (fill)
		fill(row->cells, entry->st);
}

static int collect(const struct mshare_entry *entry, void *data)
{
	struct collection *c = data;
	struct region region;
	int err;

	if (entry->err) {
		c->ret = names_failed(c->mount, OP_LIST, entry->name,
				      entry->err);
		return 0;
	}
	if (S_ISDIR(entry->st->st_mode)) {
		if (c->source->fill_directory)
			add_row(c, entry, c->source->fill_directory);
		return 0;
	}
	err = region_open_at(entry->dirfd, entry->leaf, O_RDONLY | O_NOFOLLOW,
			     &region);
	switch (err) {
	case 0:
		if (fill_row(c, entry->name, &region))
			c->ret = EXIT_FAILURE;
		region_close(&region);
		return 0;
	case -ENOENT:
		return 0;
	case -EACCES:
		/* Regions of other users: not an error. */
		add_row(c, entry, c->source->fill_closed);
		return 0;
	default:
		c->ret = names_failed(c->mount, OP_OPEN, entry->name, err);
		return 0;
	}
}

/* -ENOTDIR: the name is not a directory. */
static int collect_directory(struct collection *c, const char *name)
{
	int fd, err;

	fd = names_open_path(c->mount, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	err = mshare_walk_regions(fd, name, MSHARE_WALK_DIRECTORIES, collect,
				  c);
	close(fd);
	return err;
}

/* A named region that the user may not open, as without names. */
static bool add_closed(struct collection *c, const char *name)
{
	struct row *row;
	struct stat st;
	int fd, ret;

	fd = names_open_path(c->mount, name, O_RDONLY | O_NONBLOCK);
	if (fd >= 0)
		close(fd);
	if (fd != -EACCES)
		return false;
	fd = names_open_path(c->mount, name, O_PATH);
	if (fd < 0)
		return false;
	ret = fstat(fd, &st);
	close(fd);
	if (ret || !S_ISREG(st.st_mode))
		return false;
	row = new_row(c, mount_relative(c->mount, name));
	c->source->fill_closed(row->cells, &st);
	return true;
}

static int add_nameless(const struct msharefs_nameless *nameless,
			const struct msharefs_stat *stat, void *data)
{
	struct collection *c = data;
	char name[NAMELESS_STRLEN];

	nameless_format(nameless->number, name);
	c->source->fill_nameless(listing_add_row(c->listing, name), nameless,
				 stat, c->source->data);
	return 0;
}

/* The regions belong to no mount: any of them has the request. */
static int collect_nameless(struct collection *c)
{
	int err = mshare_walk_nameless(c->mount->fd, 0, add_nameless, c);

	return err ? nameless_failed(NULL, err) : EXIT_SUCCESS;
}

static void collect_number(struct collection *c, const char *name,
			   uint64_t number)
{
	int err = nameless_find(c->mount->fd, number, add_nameless, c);

	if (err)
		c->ret = nameless_failed(name, err);
}

static void collect_name(struct collection *c, const char *name)
{
	struct region region;
	uint64_t number;
	int err;

	if (nameless_parse(name, &number)) {
		collect_number(c, name, number);
		return;
	}
	if (c->source->fill_directory) {
		err = collect_directory(c, name);
		if (!err)
			return;
		if (err != -ENOTDIR) {
			c->ret = names_failed(c->mount, OP_LIST, name, err);
			return;
		}
	}
	if (c->source->fill_directory && add_closed(c, name))
		return;
	if (names_open(c->mount, name, O_RDONLY, &region)) {
		c->ret = EXIT_FAILURE;
		return;
	}
	err = mount_check_fd(c->mount, region.fd);
	if (err)
		c->ret = names_failed(c->mount, OP_OPEN, name, err);
	else if (fill_row(c, name, &region))
		c->ret = EXIT_FAILURE;
	region_close(&region);
}

/* Marked like the names of removed files in /proc. */
static int add_removed(const struct msharefs_removed *removed,
		       const struct msharefs_stat *stat, const char *name,
		       void *data)
{
	struct collection *c = data;
	const struct region region = {
		.fd = -1,
		.range = { .start = removed->start, .size = removed->length },
		.st = {
			.st_dev = c->mount->dev,
			.st_ino = removed->inode,
			.st_mode = removed->mode,
			.st_uid = removed->uid,
			.st_gid = removed->gid,
		},
	};
	char *marked;

	if (asprintf(&marked, "%s (deleted)", name) < 0)
		marked = xcheck(NULL);
	c->source->fill_removed(new_row(c, marked), &region, stat,
				c->source->data);
	free(marked);
	return 0;
}

/*
 * Removed regions hold memory like all others. Kernels without the request, and
 * directories that may not be read, show none.
 */
static int collect_removed(struct collection *c)
{
	int err = mshare_walk_removed(c->mount->fd, add_removed, c);

	if (!err || err == -ENOTTY)
		return EXIT_SUCCESS;
	return names_failed(c->mount, OP_LIST, c->mount->path, err);
}

static int collect_mount(struct collection *c)
{
	int err = mshare_walk_regions(c->mount->fd, NULL,
				      MSHARE_WALK_DIRECTORIES, collect, c);

	if (err)
		return names_failed(c->mount, OP_LIST, c->mount->path, err);
	/* Names for other programs: a removed region has none. */
	if (c->source->fill_removed &&
	    c->listing->options->format != LISTING_ZERO)
		c->ret |= collect_removed(c);
	return c->ret;
}

int regions_collect(struct listing *l, const struct mounts *mounts,
		    const struct region_source *source)
{
	struct collection c = {
		.listing = l,
		.mount = mounts->items,
		.source = source,
		.ret = EXIT_SUCCESS,
	};

	for (int i = 0; i < l->options->name_count; i++)
		collect_name(&c, l->options->names[i]);
	if (l->options->name_count)
		return c.ret;
	for (size_t i = 0; i < mounts->count; i++) {
		c.mount = &mounts->items[i];
		c.ret |= collect_mount(&c);
	}
	if (l->options->all && l->options->format != LISTING_ZERO)
		c.ret |= collect_nameless(&c);
	return c.ret;
}
