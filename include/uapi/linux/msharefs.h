/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * msharefs: memory regions whose clients share the page tables.
 *
 * Every structure has the same layout for 32-bit and 64-bit callers. Fields
 * called "flags" must be 0 unless their description lists flags. Addresses,
 * sizes and offsets are in bytes.
 *
 * The structures of requests from MSHAREFS_STAT on begin with the size that the
 * caller knows: sizeof(), and at least MSHAREFS_*_SIZE_VER0, the size of the
 * first version. They may grow at the end. A kernel that knows a smaller
 * structure expects 0 in the rest, else E2BIG; a kernel that knows a larger one
 * takes the rest as 0, and returns what the caller knows.
 */
#ifndef _UAPI_LINUX_MSHAREFS_H
#define _UAPI_LINUX_MSHAREFS_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct mshare_info - the range of a region, in every process that maps it
 * @start: first address; a multiple of the granule
 * @size: size; a multiple of the granule. 0 until it has been set.
 */
struct mshare_info {
	__aligned_u64 start;
	__aligned_u64 size;
};

/**
 * struct mshare_create - an object to map into a region
 * @addr: first address; page-aligned and inside the region
 * @size: size; rounded up to whole pages
 * @offset: offset into @fd; 0 for anonymous memory
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC, or PROT_NONE
 * @flags: MAP_SHARED | MAP_FIXED are required; MAP_ANONYMOUS, MAP_NORESERVE,
 *	MAP_POPULATE
 * @fd: descriptor of the regular file to map, such as a memfd; -1 with
 *	MAP_ANONYMOUS
 *
 * Ends in four bytes of padding, which the kernel ignores.
 */
struct mshare_create {
	__aligned_u64 addr;
	__aligned_u64 size;
	__aligned_u64 offset;
	__u32 prot;
	__u32 flags;
	__u32 fd;
};

/**
 * struct mshare_unmap - a range of a region to unmap
 * @addr: first address; page-aligned
 * @size: size; rounded up to whole pages. The range may have holes.
 */
struct mshare_unmap {
	__aligned_u64 addr;
	__aligned_u64 size;
};

/**
 * struct mshare_protect - new access rights for a range of a region
 * @addr: first address; page-aligned
 * @size: size; rounded up to whole pages. All of the range must be mapped.
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC, or PROT_NONE
 * @flags: must be 0
 */
struct mshare_protect {
	__aligned_u64 addr;
	__aligned_u64 size;
	__u32 prot;
	__u32 flags;
};

/**
 * struct msharefs_stat - contents and use of a region
 * @size: sizeof(struct msharefs_stat)
 * @flags: must be 0
 * @attached: processes that have a window on the region, or a plain mapping
 * @mappings: objects mapped in the region, as kernel VMAs
 * @mapped: bytes that those mappings span
 * @resident: bytes of memory that the shared page tables map
 * @swapped: bytes of the region that are in swap space
 * @pgtables: bytes of shared page tables
 * @locked: bytes of the mappings that are locked in memory
 * @resident_shmem: part of @resident: anonymous memory, memfds and files on
 *	tmpfs
 * @resident_file: part of @resident: files of other file systems
 * @resident_hugetlb: part of @resident: files on hugetlbfs
 * @faults: faults that processes have taken in the region
 * @links: entries of processes' page tables that were set to shared ones
 * @flushes: TLB flushes for the region, without those that reclaim and
 *	migration batch for many pages
 * @ipis: CPUs that were interrupted for @flushes
 * @seals: MSHAREFS_SEAL_*
 * @charged: bytes that count for size= of the mount: memory, reserved memory,
 *	page tables, and the kernel's own memory for the region
 * @resident_huge: part of @resident: memory that the shared page tables map
 *	with entries for huge pages
 * @created: when the region was created, in nanoseconds since 1970, as the next
 *	two; 0 is never
 * @attached_last: when a process attached the region last
 * @detached_last: when a process detached the region last
 * @cgroup: ID of the paying memory cgroup, which is the inode number of its
 *	directory; 0 if each process pays itself
 * @creator: the process that created the region, as ID in the PID namespace of
 *	the caller; 0 if the namespace does not have it, as for the next two. The
 *	process may have ended, and another process may have its ID.
 * @attacher: the process that attached the region last; for fork(), the parent
 * @detacher: the process that detached the region last
 * @reserved: 0
 */
struct msharefs_stat {
	__u32 size;
	__u32 flags;
	__aligned_u64 attached;
	__aligned_u64 mappings;
	__aligned_u64 mapped;
	__aligned_u64 resident;
	__aligned_u64 swapped;
	__aligned_u64 pgtables;
	__aligned_u64 locked;
	__aligned_u64 resident_shmem;
	__aligned_u64 resident_file;
	__aligned_u64 resident_hugetlb;
	__aligned_u64 faults;
	__aligned_u64 links;
	__aligned_u64 flushes;
	__aligned_u64 ipis;
	__aligned_u64 seals;
	__aligned_u64 charged;
	__aligned_u64 resident_huge;
	__aligned_u64 created;
	__aligned_u64 attached_last;
	__aligned_u64 detached_last;
	__aligned_u64 cgroup;
	__u32 creator;
	__u32 attacher;
	__u32 detacher;
	__u32 reserved;
};

#define MSHAREFS_STAT_SIZE_VER0		192

/* Flags of a mapping, in mshare_mapping.flags. */
#define MSHAREFS_MAPPING_ANONYMOUS	(1U << 0)
#define MSHAREFS_MAPPING_NORESERVE	(1U << 1)
#define MSHAREFS_MAPPING_HUGETLB	(1U << 2)
#define MSHAREFS_MAPPING_LOCKED		(1U << 3)

/**
 * struct msharefs_mapping - one mapping in a region
 * @size: sizeof(struct msharefs_mapping)
 * @flags: in: must be 0; out: MSHAREFS_MAPPING_*
 * @addr: in: any address; out: first address of the mapping at that address or,
 *	in a hole, of the next mapping. ENOENT if the region has neither.
 * @length: out: size of the mapping
 * @offset: out: offset into the file; 0 for anonymous memory
 * @inode: out: inode number of the file; 0 for anonymous memory
 * @dev: out: number of the device that the file is on, as in st_dev
 * @name: in: address of a buffer for the file's path, ended by a NUL, or 0.
 *	ERANGE if the path does not fit; only @name_size has changed then.
 * @name_size: in: size of the buffer; out: size that the path needs, 0 for
 *	anonymous memory
 * @prot: out: PROT_READ, PROT_WRITE, PROT_EXEC, or PROT_NONE
 */
struct msharefs_mapping {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 length;
	__aligned_u64 offset;
	__aligned_u64 inode;
	__aligned_u64 dev;
	__aligned_u64 name;
	__u32 name_size;
	__u32 prot;
};

#define MSHAREFS_MAPPING_SIZE_VER0	64

/**
 * struct msharefs_range - a range of a region to advise on, lock or unlock
 * @size: sizeof(struct msharefs_range)
 * @flags: MSHAREFS_LOCK: 0 or MLOCK_ONFAULT; else 0
 * @addr: first address; page-aligned
 * @length: size; rounded up to whole pages. All of the range must be mapped.
 * @advice: MSHAREFS_ADVISE: MADV_POPULATE_READ, MADV_POPULATE_WRITE,
 *	MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT, MADV_REMOVE, MADV_HUGEPAGE,
 *	MADV_NOHUGEPAGE, MADV_COLLAPSE; else 0
 * @reserved: must be 0
 */
struct msharefs_range {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 length;
	__u32 advice;
	__u32 reserved;
};

#define MSHAREFS_RANGE_SIZE_VER0	32

/* Requests that a seal forbids, permanently and to all processes. */
#define MSHAREFS_SEAL_MAP	(1U << 0)
#define MSHAREFS_SEAL_UNMAP	(1U << 1)
#define MSHAREFS_SEAL_PROTECT	(1U << 2)
#define MSHAREFS_SEAL_SEAL	(1U << 3)	/* further seals */

/**
 * struct msharefs_seal - forbid further requests to a region
 * @size: sizeof(struct msharefs_seal)
 * @flags: must be 0
 * @seals: MSHAREFS_SEAL_*, added to the seals that the region has. The
 *	requests that they forbid fail with EPERM. A seal cannot be removed.
 *
 * For the owner of the region, or a process with CAP_FOWNER.
 */
struct msharefs_seal {
	__u32 size;
	__u32 flags;
	__aligned_u64 seals;
};

#define MSHAREFS_SEAL_SIZE_VER0		16

/**
 * struct msharefs_mempolicy - NUMA nodes for a range of a region
 * @size: sizeof(struct msharefs_mempolicy)
 * @flags: MPOL_MF_STRICT, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL; see mbind(2)
 * @addr: first address; page-aligned
 * @length: size; rounded up to whole pages. All of the range must be mapped.
 * @nodemask: address of the mask of nodes, in words of 64 bits, or 0
 * @maxnode: number of bits in the mask
 * @mode: MPOL_*, with MPOL_F_* mode flags
 * @reserved: must be 0
 */
struct msharefs_mempolicy {
	__u32 size;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 length;
	__aligned_u64 nodemask;
	__aligned_u64 maxnode;
	__u32 mode;
	__u32 reserved;
};

#define MSHAREFS_MEMPOLICY_SIZE_VER0	48

/**
 * struct msharefs_choose - a size for a region; the kernel chooses the address
 * @size: sizeof(struct msharefs_choose)
 * @flags: must be 0
 * @length: size of the region; a multiple of the granule
 *
 * MSHAREFS_GET_SIZE returns the address.
 */
struct msharefs_choose {
	__u32 size;
	__u32 flags;
	__aligned_u64 length;
};

#define MSHAREFS_CHOOSE_SIZE_VER0	16

/**
 * struct msharefs_features - what the kernel supports
 * @size: sizeof(struct msharefs_features)
 * @flags: must be 0
 * @requests: the requests for a file of this kind, each as the bit with its
 *	number
 * @seals: the seals, MSHAREFS_SEAL_*
 * @granule: start and size of a region are multiples of this
 *
 * For a region, a directory, or mshare_info.
 */
struct msharefs_features {
	__u32 size;
	__u32 flags;
	__aligned_u64 requests;
	__aligned_u64 seals;
	__aligned_u64 granule;
};

#define MSHAREFS_FEATURES_SIZE_VER0	32

/**
 * struct msharefs_removed - a region without a name that still exists
 * @size: sizeof(struct msharefs_removed)
 * @flags: must be 0
 * @inode: in: 0, or the inode number of the last one; out: the inode number of
 *	the next one. ENOENT if there is none.
 * @start: out: first address, as in struct mshare_info
 * @length: out: size of the range, 0 if it is not set
 * @stat: in: address of a struct msharefs_stat, or 0
 * @name: in: address of a buffer for the last name, ended by a NUL, or 0: the
 *	path that the region had, from the directory of the descriptor on.
 *	ERANGE if the path does not fit; only @name_size has changed then.
 * @name_size: in: size of the buffer; out: size that the path needs
 * @uid: out: owner, as in st_uid
 * @gid: out: group, as in st_gid
 * @mode: out: access rights, as in st_mode
 *
 * For a directory that is open for reading. Lists regions that were in the
 * directory or below, and that the caller owns or has CAP_FOWNER or
 * CAP_DAC_READ_SEARCH for.
 */
struct msharefs_removed {
	__u32 size;
	__u32 flags;
	__aligned_u64 inode;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 stat;
	__aligned_u64 name;
	__u32 name_size;
	__u32 uid;
	__u32 gid;
	__u32 mode;
};

#define MSHAREFS_REMOVED_SIZE_VER0	64

/**
 * struct msharefs_remove - remove a region that no process has attached
 * @size: sizeof(struct msharefs_remove)
 * @flags: must be 0
 * @name: address of the region's name in the directory, ended by a NUL
 * @idle: nanoseconds since the region was last attached or, if it never was,
 *	since it was created; or 0
 *
 * As unlink(), for a directory. EBUSY if a process has the region attached, or
 * had it attached during the last @idle nanoseconds.
 */
struct msharefs_remove {
	__u32 size;
	__u32 flags;
	__aligned_u64 name;
	__aligned_u64 idle;
};

#define MSHAREFS_REMOVE_SIZE_VER0	24

/**
 * struct msharefs_nameless - memory of a program with PR_SET_MSHARE
 * @size: sizeof(struct msharefs_nameless)
 * @flags: must be 0
 * @number: in: 0, or the number of the last one; out: the number of the next
 *	one. ENOENT if there is none. No two of them have the same number.
 * @start: out: first address, as in struct mshare_info; 0 if it is not set
 * @length: out: size of the range; 0 if it is not set
 * @bytes: out: size that the program asked for
 * @stat: in: address of a struct msharefs_stat, or 0
 * @inode: out: inode number in /proc/PID/maps, which for System V memory is its
 *	ID
 * @dev: out: number of the device in /proc/PID/maps for windows, as in st_dev
 * @plain_dev: out: number of the device for plain mappings
 * @uid: out: user who created the memory
 * @shmid: out: ID of System V memory, or -1 for memory of mmap()
 * @ipc: out: inode number of the IPC namespace of @shmid, as of
 *	/proc/PID/ns/ipc, or 0
 * @reserved: 0
 * @command: out: name of the process that created the memory, ended by a NUL
 *
 * For a directory that is open for reading, and for mshare_info, of any mount.
 * Lists the memory of the user of the process, from processes in the PID
 * namespace of the process; or all, with CAP_SYS_ADMIN in the initial user
 * namespace.
 */
struct msharefs_nameless {
	__u32 size;
	__u32 flags;
	__aligned_u64 number;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 bytes;
	__aligned_u64 stat;
	__aligned_u64 inode;
	__aligned_u64 dev;
	__aligned_u64 plain_dev;
	__u32 uid;
	__s32 shmid;
	__u32 ipc;
	__u32 reserved;
	char command[16];
};

#define MSHAREFS_NAMELESS_SIZE_VER0	104

#define MSHAREFS_IOC_MAGIC 'x'

#define MSHAREFS_GET_SIZE	_IOR(MSHAREFS_IOC_MAGIC, 0, struct mshare_info)
#define MSHAREFS_SET_SIZE	_IOW(MSHAREFS_IOC_MAGIC, 1, struct mshare_info)
#define MSHAREFS_CREATE_MAPPING	_IOW(MSHAREFS_IOC_MAGIC, 2, struct mshare_create)
#define MSHAREFS_UNMAP		_IOW(MSHAREFS_IOC_MAGIC, 3, struct mshare_unmap)
#define MSHAREFS_PROTECT	_IOW(MSHAREFS_IOC_MAGIC, 4, struct mshare_protect)
#define MSHAREFS_STAT		_IOWR(MSHAREFS_IOC_MAGIC, 5, struct msharefs_stat)
#define MSHAREFS_NEXT_MAPPING	_IOWR(MSHAREFS_IOC_MAGIC, 6, struct msharefs_mapping)
#define MSHAREFS_ADVISE		_IOW(MSHAREFS_IOC_MAGIC, 7, struct msharefs_range)
#define MSHAREFS_LOCK		_IOW(MSHAREFS_IOC_MAGIC, 8, struct msharefs_range)
#define MSHAREFS_UNLOCK		_IOW(MSHAREFS_IOC_MAGIC, 9, struct msharefs_range)
#define MSHAREFS_SEAL		_IOW(MSHAREFS_IOC_MAGIC, 10, struct msharefs_seal)
#define MSHAREFS_MEMPOLICY	_IOW(MSHAREFS_IOC_MAGIC, 11, struct msharefs_mempolicy)
#define MSHAREFS_CHOOSE		_IOW(MSHAREFS_IOC_MAGIC, 12, struct msharefs_choose)
#define MSHAREFS_FEATURES	_IOWR(MSHAREFS_IOC_MAGIC, 13, struct msharefs_features)
#define MSHAREFS_NEXT_REMOVED	_IOWR(MSHAREFS_IOC_MAGIC, 14, struct msharefs_removed)
#define MSHAREFS_REMOVE_UNUSED	_IOW(MSHAREFS_IOC_MAGIC, 15, struct msharefs_remove)
#define MSHAREFS_NEXT_NAMELESS	_IOWR(MSHAREFS_IOC_MAGIC, 16, struct msharefs_nameless)

#endif /* _UAPI_LINUX_MSHAREFS_H */
