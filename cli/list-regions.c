// SPDX-License-Identifier: GPL-2.0-only
#include "list-regions.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "names.h"
#include "xalloc.h"

struct collection {
	struct listing *listing;
	const struct mount *mount;
	const struct region_source *source;
	int ret;
};

static int fill_row(struct collection *c, const char *name,
		    const struct region *region)
{
	const size_t before = listing_count(c->listing);
	struct row *row =
		listing_add_row(c->listing, mount_relative(c->mount, name));
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
	struct row *row = listing_add_row(
		c->listing, mount_relative(c->mount, entry->name));

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
	row = listing_add_row(c->listing, mount_relative(c->mount, name));
	c->source->fill_closed(row->cells, &st);
	return true;
}

static void collect_name(struct collection *c, const char *name)
{
	struct region region;
	int err;

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
	if (fill_row(c, name, &region))
		c->ret = EXIT_FAILURE;
	region_close(&region);
}

/* Marked like the names of removed files in /proc. */
static void add_removed(struct collection *c,
			const struct msharefs_removed *removed,
			const struct msharefs_stat *stat, const char *name)
{
	const struct region region = {
		.fd = -1,
		.range = { .start = removed->start, .size = removed->length },
		.st = {
			.st_ino = removed->inode,
			.st_mode = removed->mode,
			.st_uid = removed->uid,
			.st_gid = removed->gid,
		},
	};
	char *marked;

	if (asprintf(&marked, "%s (deleted)", name) < 0)
		marked = xcheck(NULL);
	c->source->fill_removed(listing_add_row(c->listing, marked), &region,
				stat, c->source->data);
	free(marked);
}

/*
 * Removed regions hold memory like all others. Kernels without the request, and
 * directories that may not be read, show none.
 */
static int collect_removed(struct collection *c)
{
	struct msharefs_removed removed = { 0 };
	struct msharefs_stat stat;
	char name[PATH_MAX];
	int err;

	for (;;) {
		err = mshare_next_removed(c->mount->fd, removed.inode, &removed,
					  &stat, name, sizeof(name));
		if (err)
			break;
		add_removed(c, &removed, &stat, name);
	}
	if (err == -ENOENT || err == -ENOTTY)
		return EXIT_SUCCESS;
	return names_failed(c->mount, OP_LIST, c->mount->path, err);
}

int regions_collect(struct listing *l, const struct mount *mount,
		    const struct region_source *source)
{
	struct collection c = {
		.listing = l,
		.mount = mount,
		.source = source,
		.ret = EXIT_SUCCESS,
	};
	int err;

	for (int i = 0; i < l->options->name_count; i++)
		collect_name(&c, l->options->names[i]);
	if (l->options->name_count)
		return c.ret;
	err = mshare_walk_regions(mount->fd, NULL, MSHARE_WALK_DIRECTORIES,
				  collect, &c);
	if (err)
		return names_failed(mount, OP_LIST, mount->path, err);
	/* Names for other programs: a removed region has none. */
	if (source->fill_removed && l->options->format != LISTING_ZERO)
		c.ret |= collect_removed(&c);
	return c.ret;
}
