// SPDX-License-Identifier: GPL-2.0-only
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "check.h"

#define FILE_NAME "/tmp/fuse"

struct reply {
	struct fuse_out_header head;
	union {
		struct fuse_init_out init;
		struct fuse_open_out open;
	};
};

/* The file system has one file, which can be opened and nothing else. */
static struct reply answer(const struct fuse_in_header *request)
{
	struct reply reply = {
		.head = { .len = sizeof(reply.head),
			  .unique = request->unique },
	};

	switch (request->opcode) {
	case FUSE_INIT:
		reply.head.len += sizeof(reply.init);
		reply.init.major = FUSE_KERNEL_VERSION;
		reply.init.minor = FUSE_KERNEL_MINOR_VERSION;
		reply.init.max_write = 4096;
		break;
	case FUSE_OPEN:
		reply.head.len += sizeof(reply.open);
		break;
	case FUSE_RELEASE:
		break;
	default:
		reply.head.error = -ENOSYS;
	}
	return reply;
}

static void *serve(void *arg)
{
	static _Alignas(struct fuse_in_header) char request[1 << 16];
	int device = (int)(long)arg;

	while (read(device, request, sizeof(request)) > 0) {
		struct reply reply = answer((void *)request);

		if (write(device, &reply, reply.head.len) < 0)
			break;
	}
	return NULL;
}

int open_fuse(void)
{
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	pthread_t thread;
	char options[80];
	int file;

	if (device < 0)
		return -1;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100666,user_id=0,group_id=0", device);
	close(open(FILE_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	must(!mount("fuse", FILE_NAME, "fuse", 0, options), "mount: %m");
	must(!pthread_create(&thread, NULL, serve, (void *)(long)device),
	     "no thread");
	file = open(FILE_NAME, O_RDWR | O_CLOEXEC);
	umount2(FILE_NAME, MNT_DETACH);
	return file;
}
