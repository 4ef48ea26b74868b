/* SPDX-License-Identifier: GPL-2.0-only */
/* A file whose file system is a program. */
#ifndef GUEST_FUSE_H
#define GUEST_FUSE_H

/*
 * Opens a file that a thread of this process serves, for reading and writing.
 * -1 with errno if the kernel has no FUSE.
 */
int open_fuse(void);

#endif /* GUEST_FUSE_H */
