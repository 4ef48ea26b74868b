/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of every kind that can be an object in a region. */
#ifndef GUEST_OBJECT_H
#define GUEST_OBJECT_H

#include <stdint.h>

/* Some libcs lack these in their headers. */
#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB (21U << 26)
#endif
#ifndef MFD_HUGE_1GB
#define MFD_HUGE_1GB (30U << 26)
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

struct object_kind {
	const char *name;
	/* An empty file without a name, open for reading and writing. */
	int (*open)(void);
	/* Size of its pages. */
	uint64_t page;
};

enum object_kinds {
	MEMFD,
	TMPFS,
	EXT4,
	HUGETLB,
	NR_KINDS
};

extern const struct object_kind object_kinds[NR_KINDS];

/* Ends the case if no such file is available. */
int object_open(const struct object_kind *kind, uint64_t size);

/* The same file on another descriptor. */
int object_reopen(int object, int flags);

/* A word of the file as read(2) sees it. */
uint64_t file_word(int file, uint64_t offset);
/* Writes a word, by write(2) if the file system supports it. */
void set_file_word(int file, uint64_t offset, uint64_t value);

/* The number of the page of memory that a page of the file is in, or 0. */
uint64_t file_page(int file, uint64_t offset);

/*
 * Mount point of a file system on the guest's disk, which is created if needed.
 */
const char *disk(void);

/*
 * Map new objects whose pages are of 2 MiB into a region: of the pool, which
 * HUGE_PAGES fills, and anonymous memory, if SHMEM_HUGE_PAGES is "advise".
 */
void region_fill_hugetlb(int fd, uint64_t addr, uint64_t size, int prot);
void region_fill_thp(int fd, uint64_t addr, uint64_t size, int prot);

void write_setting(const char *path, const char *value);
/* Writes to a file in /proc/sys or /sys; restored when this process exits. */
void set_for_now(const char *path, const char *value);

#define HUGE_PAGES       "/proc/sys/vm/nr_hugepages"
#define SHMEM_HUGE_PAGES "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

#endif /* GUEST_OBJECT_H */
