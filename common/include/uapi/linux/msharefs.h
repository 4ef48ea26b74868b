/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * msharefs: memory regions whose page tables all their users share.
 *
 * Every structure has the same layout for 32-bit and 64-bit callers. Fields
 * called "flags" take no flags unless a comment says so and must be 0.
 * Addresses, sizes and offsets are in bytes.
 */
#ifndef _UAPI_LINUX_MSHAREFS_H
#define _UAPI_LINUX_MSHAREFS_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct mshare_info - where a region is, in every process that maps it
 * @start: first address; a multiple of the granule
 * @size: length; a multiple of the granule. 0 until it has been set.
 */
struct mshare_info {
	__aligned_u64 start;
	__aligned_u64 size;
};

/**
 * struct mshare_create - an object to map into a region
 * @addr: where; page-aligned and inside the region
 * @size: length; rounded up to whole pages
 * @offset: offset into @fd; 0 for anonymous memory
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC, or PROT_NONE
 * @flags: MAP_SHARED | MAP_FIXED are required; MAP_ANONYMOUS, MAP_NORESERVE
 * @fd: descriptor of the file to map, or -1 for anonymous memory
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
 * struct mshare_unmap - a range of a region to empty
 * @addr: first address; page-aligned
 * @size: length; rounded up to whole pages. Holes in the range are fine.
 */
struct mshare_unmap {
	__aligned_u64 addr;
	__aligned_u64 size;
};

/**
 * struct mshare_protect - new access rights for a range of a region
 * @addr: first address; page-aligned
 * @size: length; rounded up to whole pages. All of it must be mapped.
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
 * struct mshare_stat - what a region holds and who uses it
 * @size: sizeof(struct mshare_stat) as the caller knows it. A kernel that
 *	knows more fields leaves them out; one that knows fewer fills the rest
 *	with zeros.
 * @flags: must be 0
 * @attached: processes that have a window on the region
 * @mappings: objects mapped in the region, as kernel VMAs
 * @mapped: bytes that those mappings span
 * @resident: bytes of memory that the shared page tables map
 * @swapped: bytes of the region that are in swap space
 * @pgtables: bytes of shared page tables
 */
struct mshare_stat {
	__u32 size;
	__u32 flags;
	__aligned_u64 attached;
	__aligned_u64 mappings;
	__aligned_u64 mapped;
	__aligned_u64 resident;
	__aligned_u64 swapped;
	__aligned_u64 pgtables;
};

#define MSHAREFS_IOC_MAGIC 'x'

#define MSHAREFS_GET_SIZE	_IOR(MSHAREFS_IOC_MAGIC, 0, struct mshare_info)
#define MSHAREFS_SET_SIZE	_IOW(MSHAREFS_IOC_MAGIC, 1, struct mshare_info)
#define MSHAREFS_CREATE_MAPPING	_IOW(MSHAREFS_IOC_MAGIC, 2, struct mshare_create)
#define MSHAREFS_UNMAP		_IOW(MSHAREFS_IOC_MAGIC, 3, struct mshare_unmap)
#define MSHAREFS_PROTECT	_IOW(MSHAREFS_IOC_MAGIC, 4, struct mshare_protect)
#define MSHAREFS_STAT		_IOWR(MSHAREFS_IOC_MAGIC, 5, struct mshare_stat)

#endif /* _UAPI_LINUX_MSHAREFS_H */
