/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MSHARE_H
#define MSHARE_H

/*
 * libmshare: regions of msharefs, for programs in C.
 *
 * A region is a regular file on msharefs. It is given an address and a size
 * once; objects are mapped in it at addresses of its own; and a process that
 * attaches gets a window on all of that, at the same address as everybody
 * else, so that pointers into a region are valid wherever it is attached.
 *
 * Every function returns 0 or -errno. None prints, keeps state, or touches
 * errno in a way that its caller has to care for; all may be called from any
 * thread. Addresses are the region's, never offsets. -ENOTTY always means that
 * the descriptor is no region's, or that the kernel does not know the request.
 */

#include <stddef.h>
#include <stdint.h>

#include <linux/msharefs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What statfs() calls the file system, and what /proc/filesystems does. */
#define MSHAREFS_MAGIC 0x4d534852
#define MSHAREFS_TYPE  "msharefs"

/*
 * Opens a region, or makes one where flags has O_CREAT; it is then readable
 * and writable for its owner alone, until fchmod(). flags are open()'s; the
 * descriptor is closed on exec. O_RDWR is needed for all that changes a
 * region or writes to it. -EMEDIUMTYPE: path is on another file system;
 * -EISDIR: a directory; -ENOTTY: no region. One that O_CREAT made where no
 * region can be made stays.
 */
int mshare_open(const char *path, int flags, int *fd);
int mshare_close(int fd);

/* 0 where fd is a file or directory on msharefs, else -EMEDIUMTYPE. */
int mshare_check(int fd);

/*
 * Where the region is; zeros before it was said. It is said once (-EBUSY the
 * second time), in multiples of the number in mshare_info below the mount
 * point (else -EINVAL).
 */
int mshare_get_range(int fd, uint64_t *start, uint64_t *size);
int mshare_set_range(int fd, uint64_t start, uint64_t size);

/*
 * Maps file from offset on in the region, or anonymous memory with file -1.
 * prot is PROT_*; flags may have MAP_NORESERVE and MAP_POPULATE. For huge pages
 * map a file of hugetlbfs, or a memfd that has them. -EEXIST: something is
 * mapped in the range already.
 */
int mshare_map(int fd, uint64_t addr, uint64_t size, int prot,
	       unsigned int flags, int file, uint64_t offset);

/* For every process that is attached, when it returns. */
int mshare_unmap(int fd, uint64_t addr, uint64_t size);
int mshare_protect(int fd, uint64_t addr, uint64_t size, int prot);

/* advice is MADV_*, where linux/msharefs.h lists it. */
int mshare_advise(int fd, uint64_t addr, uint64_t size, int advice);

/* flags is 0 or MLOCK_ONFAULT. */
int mshare_lock(int fd, uint64_t addr, uint64_t size, unsigned int flags);
int mshare_unlock(int fd, uint64_t addr, uint64_t size);

/*
 * As mbind(), except that nodes has words of 64 bits; NULL for no nodes.
 */
int mshare_mempolicy(int fd, uint64_t addr, uint64_t size, unsigned int mode,
		     const uint64_t *nodes, size_t words, unsigned int flags);

/* Adds MSHAREFS_SEAL_* to those it has. There is no way back. */
int mshare_seal(int fd, unsigned int seals);

/* What the region holds and who uses it; its size field is set here. */
int mshare_stat(int fd, struct mshare_stat *stat);

/*
 * The mapping at addr or the next one; -ENOENT: there is none from there on.
 * name gets the mapped file's path, "" for anonymous memory; PATH_MAX is
 * enough for name_size, which may not be 0.
 */
int mshare_next_mapping(int fd, uint64_t addr, struct mshare_mapping *mapping,
			char *name, size_t name_size);

/*
 * Opens a window on all of the region, at its address, which *window gets.
 * -EINVAL: it has none yet; -EEXIST: something of this process is there;
 * -EACCES: PROT_WRITE without O_RDWR. The descriptor is not needed any more.
 */
int mshare_attach(int fd, int prot, void **window);
int mshare_detach(void *window, uint64_t size);

#ifdef __cplusplus
}
#endif

#endif
