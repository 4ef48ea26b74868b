/* SPDX-License-Identifier: GPL-2.0-only */
/* Regions, their mappings, and windows on regions. */
#ifndef GUEST_REGION_H
#define GUEST_REGION_H

#include <stdint.h>
#include <sys/mman.h>

#include <linux/msharefs.h>

#define KIB  (1ULL << 10)
#define MIB  (1ULL << 20)
#define GIB  (1ULL << 30)
#define PAGE (4 * KIB)
/* The size that one PTE table maps. */
#define TABLE_SPAN (2 * MIB)

/* The usual mount point for regions. */
#ifndef MSHARE_MOUNT
#define MSHARE_MOUNT "/sys/fs/mshare"
#endif

/* The kernel's alignment and size granule, from mshare_info. */
extern uint64_t granule;

void regions_init(void);

/* From now on, this process changes mounts for itself alone. */
void mounts_unshare(void);
/*
 * Mounts msharefs with @options for this process alone, which creates its
 * regions there from now on. Returns the mount point.
 */
const char *regions_mount(const char *options);

/*
 * An address that is a multiple of the granule, @index granules into a part of
 * the address space that neither the kernel nor libc chooses by itself.
 */
uint64_t region_address(unsigned int index);

/* A path for a new region; removed when this process exits. */
const char *region_path(void);

/* These end the case if the kernel refuses. */
int region_create(const char *path, uint64_t start, uint64_t size);
int region_open(const char *path, int flags);
void region_fill(int fd, uint64_t addr, uint64_t size, int prot);
void *window_map(int fd, uint64_t addr, uint64_t size, int prot,
		 uint64_t offset);

/* What a system call returned, if it is not negative; or a negative errno. */
long result(long returned);

/* These return 0 or a negative errno. */
int region_get_size(int fd, struct mshare_info *info);
int region_set_size(int fd, uint64_t start, uint64_t size);
int region_map(int fd, uint64_t addr, uint64_t size, int prot, int flags);
int region_map_file(int fd, uint64_t addr, uint64_t size, int prot, int flags,
		    int file, uint64_t offset);
int region_unmap(int fd, uint64_t addr, uint64_t size);
int region_protect(int fd, uint64_t addr, uint64_t size, int prot);
int region_advise(int fd, uint64_t addr, uint64_t size, uint32_t advice);
int region_stat(int fd, struct msharefs_stat *stat);
int request(int fd, unsigned long number, const void *arg);

/* Does the system have user addresses above 47 bits? */
int have_high_addresses(void);

#endif /* GUEST_REGION_H */
