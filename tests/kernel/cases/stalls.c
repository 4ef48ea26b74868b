// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callers whose memory makes the kernel wait, as memory of userfaultfd and FUSE
 * does: what a request has found must not be kept meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>

#include "case.h"
#include "check.h"
#include "peer.h"
#include "program.h"
#include "region.h"

#define LENGTH (40 * MIB)

/* A page, and the descriptor that tells of its faults. */
struct slow {
	int uffd;
	void *at;
};

/* Which access waits: any, or that of a writer. */
enum slow_access {
	ANY,
	WRITE
};

/* @size: first word of the page, for an access that does not wait */
static struct slow slow_page(enum slow_access which, uint32_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct slow slow = {
		.uffd = syscall(SYS_userfaultfd, O_CLOEXEC),
		.at = map_with(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS),
	};
	struct uffdio_register range = {
		.range = { (uintptr_t)slow.at, PAGE },
		.mode = which == ANY ? UFFDIO_REGISTER_MODE_MISSING :
				       UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect protect = {
		.range = range.range,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	must(slow.uffd >= 0 && !ioctl(slow.uffd, UFFDIO_API, &api),
	     "userfaultfd: %m");
	if (which == WRITE)
		*(uint32_t *)slow.at = size;
	must(!ioctl(slow.uffd, UFFDIO_REGISTER, &range), "register: %m");
	if (which == WRITE)
		must(!ioctl(slow.uffd, UFFDIO_WRITEPROTECT, &protect),
		     "protect: %m");
	return slow;
}

/* Returns when an access waits. */
static void wait_stalled(const struct slow *slow)
{
	struct uffd_msg msg;

	must(read(slow->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
		     msg.event == UFFD_EVENT_PAGEFAULT,
	     "no fault");
}

static void end_stall(const struct slow *slow)
{
	struct uffdio_range range = { (uintptr_t)slow->at, PAGE };

	must(!ioctl(slow->uffd, UFFDIO_UNREGISTER, &range), "unregister: %m");
	close(slow->uffd);
}

/* A call of a thread, which stalls. */
struct call {
	pthread_t thread;
	const struct slow *slow;
	int fd;
	unsigned long number;
	void *arg;
	char *at;
	long ret;
};

static void start_call(struct call *call, const struct slow *slow,
		       void *(*run)(void *))
{
	call->slow = slow;
	must(!pthread_create(&call->thread, NULL, run, call), "no thread");
	wait_stalled(slow);
}

static long end_call(struct call *call)
{
	end_stall(call->slow);
	must(!pthread_join(call->thread, NULL), "join");
	return call->ret;
}

static void *call_request(void *arg)
{
	struct call *call = arg;

	call->ret = request(call->fd, call->number, call->arg);
	return NULL;
}

static void *call_mbind(void *arg)
{
	struct call *call = arg;

	call->ret = result(syscall(SYS_mbind, call->at, LENGTH, MPOL_PREFERRED,
				   call->slow->at, 64, 0));
	return NULL;
}

static int segment(char **at)
{
	int id = shmget(IPC_PRIVATE, LENGTH, IPC_CREAT | 0600);

	must(id >= 0, "shmget: %m");
	*at = shmat(id, NULL, 0);
	must(*at != (char *)-1 && is_window_named(*at, "/SYSV"), "shmat: %m");
	return id;
}

static void end_segment(int id, const char *at)
{
	must(!shmctl(id, IPC_RMID, NULL) && !shmdt(at), "IPC_RMID: %m");
}

/* The number of the segment's region in the list. */
static uint64_t number_of(int list, int id)
{
	struct listed l = { 0 };

	do
		must(!next_listed(list, &l, l.nameless.number), "not listed");
	while (l.nameless.shmid != id);
	return l.nameless.number;
}

static bool exists(int list, uint64_t number)
{
	struct listed l;

	return !next_listed(list, &l, number - 1) &&
	       l.nameless.number == number;
}

/* The kernel ends regions a little later than programs do. */
static void check_end(int list, uint64_t number, const char *when)
{
	for (int i = 0; i < 1000 && exists(list, number); i++)
		sleep_ms(10);
	check(!exists(list, number), "%s: the region exists", when);
}

static void list_segment(enum slow_access which, const char *when)
{
	struct slow slow = slow_page(which, sizeof(struct msharefs_stat));
	struct msharefs_nameless nameless = {
		.size = sizeof(nameless),
		.stat = (uintptr_t)slow.at,
	};
	struct call call = {
		.fd = open_list(),
		.number = MSHAREFS_NEXT_NAMELESS,
		.arg = &nameless,
	};
	uint64_t number;
	char *at;
	int id = segment(&at);

	number = number_of(call.fd, id);
	nameless.number = number - 1;
	start_call(&call, &slow, call_request);
	end_segment(id, at);
	check_end(call.fd, number, when);
	/* The size in the page that is read is 0. */
	check_result(end_call(&call), which == ANY ? EINVAL : 0, "%s", when);
	if (which == WRITE)
		check_int(((struct msharefs_stat *)slow.at)->attached, 1);
	munmap(slow.at, PAGE);
	close(call.fd);
}

static void lists(void)
{
	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	list_segment(ANY, "the structure is read");
	list_segment(WRITE, "the structure is written");
}

static void binds(void)
{
	struct slow slow = slow_page(ANY, 0);
	struct call call = { .fd = open_list() };
	uint64_t number;
	int id;

	must(!set_min_size(16 * MIB, PR_MSHARE_STRICT), "PR_SET_MSHARE: %m");
	id = segment(&call.at);
	number = number_of(call.fd, id);
	start_call(&call, &slow, call_mbind);
	end_segment(id, call.at);
	check_end(call.fd, number, "mbind");
	/* There is no memory at the address any more. */
	check_result(end_call(&call), EFAULT, "mbind");
}

static uint64_t used(const char *mount)
{
	struct statfs fs;

	must(!statfs(mount, &fs), "statfs: %m");
	return (fs.f_blocks - fs.f_bfree) * fs.f_bsize;
}

static void list_removed(const char *mount, struct msharefs_removed *removed,
			 const struct slow *slow, const char *when)
{
	const char *path = region_path();
	int fd = region_create(path, region_address(0), granule);
	struct call call = {
		.fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.number = MSHAREFS_NEXT_REMOVED,
		.arg = removed,
	};

	region_fill(fd, region_address(0), LENGTH, RW);
	must(!region_advise(fd, region_address(0), LENGTH, MADV_POPULATE_WRITE),
	     "populate: %m");
	must(!unlink(path), "unlink: %m");
	start_call(&call, slow, call_request);
	check(used(mount) >= LENGTH, "%s: only %lu bytes used", when,
	      used(mount));
	close(fd);
	for (int i = 0; i < 1000 && used(mount); i++)
		sleep_ms(10);
	check_int(used(mount), 0);
	check_result(end_call(&call), 0, "%s", when);
	check_int(removed->length, granule);
	munmap(slow->at, PAGE);
	close(call.fd);
}

static void removed(void)
{
	const char *mount = regions_mount("size=1G");
	struct slow name = slow_page(ANY, 0);
	struct slow stat = slow_page(WRITE, sizeof(struct msharefs_stat));

	list_removed(mount,
		     &(struct msharefs_removed){
			     .size = sizeof(struct msharefs_removed),
			     .name = (uintptr_t)name.at,
			     .name_size = PAGE },
		     &name, "the name");
	list_removed(mount,
		     &(struct msharefs_removed){
			     .size = sizeof(struct msharefs_removed),
			     .stat = (uintptr_t)stat.at },
		     &stat, "the structure");
}

/* The file of a mapping: its file system can be unmounted. */
static void files(void)
{
	struct slow slow = slow_page(ANY, 0);
	int fd = region_create(region_path(), region_address(0), granule);
	struct msharefs_mapping mapping = {
		.size = sizeof(mapping),
		.name = (uintptr_t)slow.at,
		.name_size = PAGE,
	};
	struct call call = {
		.fd = fd,
		.number = MSHAREFS_NEXT_MAPPING,
		.arg = &mapping,
	};
	int file;

	mounts_unshare();
	must(!mount("tmpfs", "/mnt", "tmpfs", 0, NULL), "mount: %m");
	file = open("/mnt/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	must(file >= 0 && !ftruncate(file, LENGTH), "file: %m");
	must(!region_map_file(fd, region_address(0), LENGTH, RW,
			      MAP_SHARED | MAP_FIXED, file, 0),
	     "map: %m");
	close(file);
	start_call(&call, &slow, call_request);
	must(!region_unmap(fd, region_address(0), LENGTH), "unmap: %m");
	check_int(umount("/mnt") ? -errno : 0, 0);
	check_result(end_call(&call), 0, "NEXT_MAPPING");
	check_string(slow.at, "/mnt/file");
	close(fd);
}

static const struct test_case cases[] = {
	{ "lists", "NEXT_NAMELESS that waits for its caller keeps no segment",
	  lists },
	{ "binds", "mbind() that waits for its caller keeps no segment",
	  binds },
	{ "removed", "NEXT_REMOVED that waits for its caller keeps no region",
	  removed },
	{ "files", "NEXT_MAPPING that waits for its caller keeps no file",
	  files },
};

int main(int argc, char **argv)
{
	return run_cases(cases, NULL, argc, argv);
}
