// SPDX-License-Identifier: GPL-2.0-only
#include "mapping-columns.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "message.h"
#include "parse.h"
#include "prot.h"

enum {
	COL_NAME,
	COL_START,
	COL_END,
	COL_SIZE,
	COL_PROT,
	COL_FLAGS,
	COL_OFFSET,
	COL_FILE,
	COL_DEVICE,
	COL_INODE,
	COL_RESIDENT,
	COLUMNS,
};

/* clang-format off */
static const struct column columns[COLUMNS] = {
	[COL_NAME] =   { "NAME",   "name of the region", COL_LEFT | COL_PATH },
	[COL_START] =  { "START",  "first address of the mapping", 0 },
	[COL_END] =    { "END",    "address after the last byte", 0 },
	[COL_SIZE] =   { "SIZE",   "size of the mapping", 0 },
	[COL_PROT] =   { "PROT",   "access rights", COL_LEFT },
	[COL_FLAGS] =  { "FLAGS",  "anonymous, noreserve, hugetlb, locked", COL_LEFT },
	[COL_OFFSET] = { "OFFSET", "offset in the file, in bytes", 0 },
	[COL_FILE] =   { "FILE",   "path of the mapped file", COL_LEFT | COL_PATH },
	[COL_DEVICE] = { "DEVICE", "device of the file", COL_LEFT },
	[COL_INODE] =  { "INODE",  "inode number of the file", 0 },
	[COL_RESIDENT] = { "RESIDENT", "with --at: whether the page is resident, yes or no", COL_LEFT },
};
/* clang-format on */

#define DEFAULTS "NAME,START,END,SIZE,PROT,FLAGS,OFFSET,FILE"

const struct listing_def mapping_listing = {
	.columns = columns,
	.column_count = COLUMNS,
	.defaults = DEFAULTS,
	.key = "mappings",
};

const struct listing_def mapping_listing_at = {
	.columns = columns,
	.column_count = COLUMNS,
	.defaults = DEFAULTS ",RESIDENT",
	.key = "mappings",
};

static const struct {
	unsigned int flag;
	const char *name;
} flags[] = {
	{ MSHAREFS_MAPPING_ANONYMOUS, "anonymous" },
	{ MSHAREFS_MAPPING_NORESERVE, "noreserve" },
	{ MSHAREFS_MAPPING_HUGETLB, "hugetlb" },
	{ MSHAREFS_MAPPING_LOCKED, "locked" },
};

static void fill_flags(struct cell *cell, unsigned int set)
{
	char words[64] = "";

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!(set & flags[i].flag))
			continue;
		if (*words)
			strcat(words, ",");
		strcat(words, flags[i].name);
	}
	cell_list(cell, words);
}

static void fill(struct cell *cells, const struct msharefs_mapping *m,
		 const char *path)
{
	cell_value(&cells[COL_START], CELL_ADDRESS, m->addr);
	cell_value(&cells[COL_END], CELL_ADDRESS, m->addr + m->length);
	cell_value(&cells[COL_SIZE], CELL_SIZE, m->length);
	cell_string(&cells[COL_PROT], "%s", prot_name((int)m->prot));
	fill_flags(&cells[COL_FLAGS], m->flags);
	if (m->flags & MSHAREFS_MAPPING_ANONYMOUS)
		return;
	cell_value(&cells[COL_OFFSET], CELL_NUMBER, m->offset);
	cell_string(&cells[COL_FILE], "%s", path);
	cell_string(&cells[COL_DEVICE], "%u:%u", major(m->dev), minor(m->dev));
	cell_value(&cells[COL_INODE], CELL_NUMBER, m->inode);
}

/* A region's part of the listing. */
struct part {
	struct listing *listing;
	const char *name;
	const struct region *region;
	size_t owner;
	const uint64_t *at; /* only the mapping with this address; or NULL */
};

/*
 * Memory after a file's last page raises SIGBUS. The path is that of the file
 * unless the file was renamed, removed, or is in another mount namespace.
 */
static void note_end(const struct part *part, const struct msharefs_mapping *m,
		     const char *path)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t at = m->offset + (*part->at - m->addr);
	char size[SIZE_STRLEN];
	struct stat st;

	if ((m->flags & MSHAREFS_MAPPING_ANONYMOUS) || stat(path, &st) ||
	    st.st_ino != m->inode || st.st_dev != m->dev ||
	    at / page * page < (uint64_t)st.st_size)
		return;
	message_note(path,
		     "note: the file ends before the address: an access raises "
		     "SIGBUS; the size of the file is %s",
		     size_exact((uint64_t)st.st_size, size));
}

/*
 * No request tells; mincore() of a window does, and touches no memory. Unknown
 * if something else of this process has the addresses.
 */
static void fill_resident(struct cell *cell, const struct region *region,
			  uint64_t at)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t offset = (at - region->range.start) / page * page;
	unsigned char state;
	void *window;

	if (mshare_attach(region->fd, PROT_READ, &window))
		return;
	if (!mincore((char *)window + offset, page, &state))
		cell_string(cell, "%s", state & 1 ? "yes" : "no");
	mshare_detach(window, region->range.size);
}

static int add_row(const struct msharefs_mapping *m, const char *path,
		   void *data)
{
	const struct part *part = data;
	struct row *row;

	if (part->at && *part->at - m->addr >= m->length)
		return 0;
	row = listing_add_row(part->listing, part->name);
	row->owner = part->owner;
	fill(row->cells, m, path);
	if (!part->at)
		return 0;
	fill_resident(&row->cells[COL_RESIDENT], part->region, *part->at);
	note_end(part, m, path);
	return 0;
}

int mapping_rows_add(struct listing *l, const char *name,
		     const struct region *region, size_t owner,
		     const uint64_t *at)
{
	struct part part = {
		.listing = l,
		.name = name,
		.region = region,
		.owner = owner,
		.at = at,
	};
	const size_t before = listing_count(l);
	int err;

	/* A region without a size has no mappings. */
	if (!region->range.size)
		return 0;
	err = mshare_walk_mappings(region->fd, add_row, &part);
	if (err)
		listing_truncate(l, before);
	return err;
}
