/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MSHARE_H
#define MSHARE_H

/*
 * libmshare: regions of msharefs, for programs in C. libmshare(7) is the way
 * in; section 3 has a page for each function.
 *
 * A region is a regular file on msharefs. A region gets a range of addresses
 * once. Objects (anonymous memory, files) are mapped in the region at addresses
 * of the range. A process that attaches the region gets a window on all of
 * these mappings, at the same address as every other process, so that pointers
 * into a region are valid in all of them.
 *
 * Every function returns 0 or -errno, unless its comment says otherwise. On an
 * error, numbers and pointers that the caller passed by address are unchanged;
 * structures and buffers can have changed. No function prints, keeps state, or
 * changes the signal mask; any thread can call any function. Functions that
 * return a descriptor set O_CLOEXEC. Addresses are those of the process, never
 * offsets; addresses, sizes and offsets are in bytes. -ENOTTY always means that
 * the descriptor is not that of a region, or that the kernel does not know the
 * request.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <linux/msharefs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* f_type of statfs(), and the type's name in /proc/filesystems. */
#define MSHAREFS_MAGIC 0x4d534852
#define MSHAREFS_TYPE  "msharefs"

/* The usual mount point, and the file below it that holds the granule. */
#define MSHARE_MOUNT_POINT "/sys/fs/mshare"
#define MSHARE_INFO        "mshare_info"

/*
 * Mounts
 * ------
 * A mount is named by a descriptor of its root directory.
 */

/*
 * Finds where msharefs is mounted: MSHARE_MOUNT_POINT, or else the mount point
 * of the last msharefs in /proc/self/mountinfo, or else the last directory of
 * an msharefs that is mounted by itself. The caller frees *path.
 *	-EOPNOTSUPP	the kernel has no msharefs
 *	-ENODEV		no msharefs is mounted
 *	-ESTALE		other file systems are mounted over every msharefs
 *	-ENOMEM		no memory
 *	-errno		as fopen() of /proc/self/mountinfo
 */
int mshare_find_mount(char **path);

/*
 * Opens the root directory of the msharefs on path; with NULL, on the path
 * that mshare_find_mount() finds. Mounts nothing.
 *	-EMEDIUMTYPE	path is on another file system
 *	-EPROTO		mshare_info does not hold a number
 *	-errno		as mshare_find_mount() or open()
 */
int mshare_open_mount(const char *path, int *mount);

/*
 * Reads the granule, in bytes: start and size of a region are multiples of
 * the granule. mount can be any directory of an msharefs. -ENODATA: mount is on
 * another file system. -EPROTO, -errno as mshare_open_mount().
 */
int mshare_granule(int mount, uint64_t *granule);

/*
 * Regions
 * -------
 */

/*
 * Creates a region with a range, and opens the region for reading and writing.
 * path is relative to mount, or absolute. With start 0, the kernel chooses the
 * address, as for mshare_choose(). mode is exact: the umask does not apply. On an
 * error, no region is left.
 *	-EEXIST		path exists
 *	-EINVAL		start or size is not a multiple of the granule, size is
 *			0, or the range is not in user space
 *	-EMEDIUMTYPE	path is on another file system
 *	-ENOMEM		start is 0, and no free range is large enough
 *	-ENOSPC		the mount's limit of names is reached
 *	-EXDEV		path is on another msharefs
 *	-errno		as openat(), fchmod()
 */
int mshare_create(int mount, const char *path, uint64_t start, uint64_t size,
		  mode_t mode, int *fd);

/*
 * Opens a region, or with O_CREAT creates one without a range; only its owner
 * can read and write a new region, until fchmod(). flags are those of open().
 * Requests that change a region, and windows with PROT_WRITE, need O_RDWR.
 *	-EMEDIUMTYPE	path is on another file system
 *	-EISDIR		path is a directory
 *	-ENOTTY		path is not a region
 *	-errno		as openat()
 * After an error, a file that O_CREAT created on another file system is left.
 */
int mshare_open(const char *path, int flags, int *fd);

/* The same; a relative path is relative to the directory dirfd. */
int mshare_open_at(int dirfd, const char *path, int flags, int *fd);

/* Closes a descriptor. Windows stay. -errno as close(). */
int mshare_close(int fd);

/* 0 if fd is a file or directory on msharefs, else -EMEDIUMTYPE or -errno. */
int mshare_check(int fd);

/*
 * Get or set the range of a region. Both numbers are 0 until the range is set;
 * the range is set once, in multiples of the granule.
 *	-EBADF		set: fd is not open for writing
 *	-EBUSY		set: the region has a range
 *	-EINVAL		set: a number is 0 or not a multiple of the granule, or
 *			the range is not in user space
 */
int mshare_get_range(int fd, uint64_t *start, uint64_t *size);
int mshare_set_range(int fd, uint64_t start, uint64_t size);

/*
 * Sets the size of a region, once, in multiples of the granule. The kernel
 * chooses the start: no other region has the addresses, on any mount.
 *	-EBADF		fd is not open for writing
 *	-EBUSY		the region has a range
 *	-EINVAL		size is 0 or not a multiple of the granule
 *	-ENOMEM		no free range is large enough
 */
int mshare_choose(int fd, uint64_t size);

/*
 * Mappings
 * --------
 * addr is page-aligned, size is rounded up to whole pages, and the range is
 * inside the region: else -EINVAL. -EBADF: fd is not open for writing. -EPERM:
 * the region is sealed against the change. msharefs(5) has all errors.
 */

/*
 * Maps file from offset on into the region, or anonymous memory if file is -1.
 * prot is PROT_*. flags can have MAP_NORESERVE and MAP_POPULATE. For huge pages
 * map a file of hugetlbfs, or a memfd of huge pages. -EEXIST: a mapping is in
 * the range. -ENOSPC: the mount's limit size= is reached.
 */
int mshare_map(int fd, uint64_t addr, uint64_t size, int prot,
	       unsigned int flags, int file, uint64_t offset);

/*
 * Remove mappings, or set the access rights of mappings. Both are effective in
 * every process when they return. The range of mshare_unmap() can have holes;
 * for mshare_protect() a hole is -ENOMEM.
 */
int mshare_unmap(int fd, uint64_t addr, uint64_t size);
int mshare_protect(int fd, uint64_t addr, uint64_t size, int prot);

/* Gives advice, MADV_*; linux/msharefs.h lists them. Errors of madvise(). */
int mshare_advise(int fd, uint64_t addr, uint64_t size, int advice);

/*
 * Lock a range in memory, or unlock a range. flags is 0 or MLOCK_ONFAULT.
 * The memory counts for RLIMIT_MEMLOCK of the user who locked first. Without
 * CAP_IPC_LOCK: -ENOMEM: the limit is reached; -EPERM: another user has locked
 * memory of the region, or the limit is 0.
 */
int mshare_lock(int fd, uint64_t addr, uint64_t size, unsigned int flags);
int mshare_unlock(int fd, uint64_t addr, uint64_t size);

/*
 * Sets the NUMA policy of a range, as mbind(), except that nodes points to
 * words of 64 bits, or is NULL for no nodes. Errors of mbind().
 */
int mshare_mempolicy(int fd, uint64_t addr, uint64_t size, unsigned int mode,
		     const uint64_t *nodes, size_t words, unsigned int flags);

/*
 * Adds seals, MSHAREFS_SEAL_*, to the region's. A seal is permanent. -EPERM: the
 * process is neither the owner nor has CAP_FOWNER, or the region is sealed
 * against further seals.
 */
int mshare_seal(int fd, unsigned int seals);

/*
 * Lists
 * -----
 */

/*
 * The structures can grow at the end in later versions. A function that fills a
 * structure of the caller gets its size, sizeof(): fields that the library or
 * the kernel does not know are 0. A structure that the library passes to fn has
 * the size that the library knows, which is in the field size.
 */

/*
 * Gets what the kernel supports. fd is a region, a directory, or mshare_info.
 *	-EINVAL		size is less than MSHAREFS_FEATURES_SIZE_VER0
 *	-ENOTTY		the kernel is older than this request
 */
int mshare_features(int fd, struct msharefs_features *features, size_t size);

/*
 * Gets the memory and the counters of a region, and the number of its
 * processes.
 *	-EBADF		fd is not open for reading
 *	-EINVAL		size is less than MSHAREFS_STAT_SIZE_VER0
 */
int mshare_stat(int fd, struct msharefs_stat *stat, size_t size);

/*
 * Gets the mapping at addr, or else the next one. size is that of the
 * structure. name gets the path of the mapped file, "" for anonymous memory;
 * PATH_MAX is enough as name_size. With 0, name is not used.
 *	-EINVAL		size is less than MSHAREFS_MAPPING_SIZE_VER0
 *	-ENAMETOOLONG	the path is longer than PATH_MAX
 *	-ENOENT		no mapping is at addr or above
 *	-ERANGE		the path does not fit into name
 */
int mshare_next_mapping(int fd, uint64_t addr, struct msharefs_mapping *mapping,
			size_t size, char *name, size_t name_size);

/*
 * Calls fn for each mapping of a region, by address, until fn returns a number
 * other than 0. Returns that number, 0 after the last mapping, or -errno. The
 * arguments of fn are valid until fn returns.
 */
int mshare_walk_mappings(int fd,
			 int (*fn)(const struct msharefs_mapping *mapping,
				   const char *name, void *data),
			 void *data);

/*
 * A region or a directory. Later versions of the library can add fields at the
 * end; only the library creates this structure.
 */
struct mshare_entry {
	const char *name;      /* path, as mshare_walk_regions() says */
	int dirfd;             /* the directory that has the entry ... */
	const char *leaf;      /* ... and the entry's name in the directory */
	const struct stat *st; /* NULL if err says that lstat() failed */
	int err;               /* why the entry cannot be inspected, or 0 */
	unsigned int depth;    /* 0 for entries of the first directory */
	int leaving;           /* 1: a directory, after its entries */
};

/* Calls fn for directories as well: before their entries. */
#define MSHARE_WALK_DIRECTORIES (1U << 0)
/* Calls fn for directories, with leaving set: after their entries. */
#define MSHARE_WALK_LEAVE (1U << 1)
/*
 * Calls fn also for files that are neither regions nor directories, and for a
 * mount point of another file system with err -EXDEV.
 */
#define MSHARE_WALK_OTHERS (1U << 2)
#define MSHARE_WALK_ALL \
	(MSHARE_WALK_DIRECTORIES | MSHARE_WALK_LEAVE | MSHARE_WALK_OTHERS)

/*
 * Calls fn for each region below the directory dirfd, sorted by name, until fn
 * returns a number other than 0. Returns that number, 0 after the last region,
 * or -errno if dirfd itself cannot be read. The names of entries begin with
 * name and a slash, or are relative to dirfd if name is NULL or "".
 *
 * The walk never follows a symbolic link and never enters another file system.
 * An entry that cannot be inspected comes with err, a negative errno, and the
 * walk continues after the entry; an entry that vanishes meanwhile is left out.
 * fn may remove the entry. The argument of fn is valid until fn returns.
 *	-EINVAL		unknown flags
 *	-EMEDIUMTYPE	dirfd is not on msharefs
 */
int mshare_walk_regions(int dirfd, const char *name, unsigned int flags,
			int (*fn)(const struct mshare_entry *entry, void *data),
			void *data);

/*
 * Calls fn for each region without a name that was in the directory or below,
 * by inode number, until fn returns a number other than 0. Returns that number,
 * 0 after the last region, or -errno. A removed region lives as long as a
 * process has the region attached or open. name is the path that the region
 * had, from the directory on. Only the owner of a region sees the region, and
 * processes with CAP_FOWNER or CAP_DAC_READ_SEARCH. The arguments of fn are
 * valid until fn returns.
 *	-ENOTTY		directory is none, or the kernel is older than this
 */
int mshare_walk_removed(int directory,
			int (*fn)(const struct msharefs_removed *removed,
				  const struct msharefs_stat *stat,
				  const char *name, void *data),
			void *data);

/*
 * Calls fn for each nameless region, which is the memory of a program with
 * PR_SET_MSHARE, that has a larger number than number, in the order of the
 * numbers, until fn returns a number other than 0. Returns that number, 0 after
 * the last region, or -errno. fd is a directory, or mshare_info, of any mount. A
 * process sees the memory that processes of its user in its PID namespace have
 * created; with CAP_SYS_ADMIN, all. The arguments of fn are valid until fn
 * returns.
 *	-ENOTTY		fd is neither, or the kernel is older than this
 */
int mshare_walk_nameless(int fd, uint64_t number,
			 int (*fn)(const struct msharefs_nameless *nameless,
				   const struct msharefs_stat *stat,
				   void *data),
			 void *data);

/*
 * Removes the region name in the directory as unlink() does, but only if no
 * process has the region attached, or had it during the last idle nanoseconds.
 * No process can attach the region afterwards. idle counts from the creation if
 * the region was never attached.
 *	-EBUSY		the region is attached, or was
 *	-ENOTTY		directory is none, or the kernel is older than this
 *	-errno		as unlink()
 */
int mshare_remove_unused(int directory, const char *name, uint64_t idle);

/*
 * Windows
 * -------
 */

/*
 * Maps all of the region into this process, at the region's address, which
 * *window gets. The descriptor is not needed any more.
 *	-EINVAL		the region has no range yet
 *	-EEXIST		a mapping of this process is in the range
 *	-EACCES		prot has PROT_WRITE, and fd is not open for writing
 *	-errno		as mmap()
 */
int mshare_attach(int fd, int prot, void **window);

/*
 * Unmaps a window, or whole granules of it. size is the region's.
 *	-EINVAL		size is 0, or the range splits a granule of a window
 */
int mshare_detach(void *window, uint64_t size);

#ifdef __cplusplus
}
#endif

#endif
