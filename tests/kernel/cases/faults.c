// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the first memory allocation of each operation fail, or its first copy
 * from or to the caller; then the second one, and so on until nothing is left
 * to fail. Every failure must be a clean error that leaves the previous state,
 * and nothing may leak. Needs CONFIG_FAULT_INJECTION.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/mempolicy.h>

#include "case.h"
#include "check.h"
#include "leak.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW (PROT_READ | PROT_WRITE)
/*
 * An operation that still fails after this number of attempts never succeeds.
 */
#define MOST 2000
/*
 * The number of repetitions of each failure, so that leaks add up to more than
 * SLACK_ROUNDS, the changes that the rest of the guest may cause in a figure.
 */
#define ROUNDS       7
#define SLACK_ROUNDS 10
#define PAGES        16
#define LENGTH       (PAGES * PAGE)
#define PLACES       8

#define DIRECTORY MSHARE_MOUNT "/test-faults-directory"
#define REGION    MSHARE_MOUNT "/test-faults"
#define RENAMED   MSHARE_MOUNT "/test-faults-renamed"
#define MOUNT     "/tmp/test-faults-mount"

/*
 * Each operation has its own region: two objects of LENGTH, one of which is a
 * file, with the contents of paint(), and a window.
 */
static uint64_t start, anonymous, file_object, vacant;
static int fd, file, huge_file, device, made = -1;

static void new_region(void)
{
	fd = region_open(REGION, O_RDWR | O_CREAT | O_EXCL);
	check_result(region_set_size(fd, start, granule), 0, "SET_SIZE");
	check_result(region_map(fd, anonymous, LENGTH, RW, 0), 0, "memory");
	check_result(region_map_file(fd, file_object, LENGTH, RW, 0, file, 0),
		     0, "a file");
	window_map(fd, start, granule, RW, 0);
}

static void painted_region(void)
{
	new_region();
	paint((void *)anonymous, LENGTH, PAGE, 1);
	paint((void *)file_object, LENGTH, PAGE, 2);
}

static void end_region(void)
{
	munmap((void *)start, granule);
	close(fd);
	unlink(REGION);
}

/* The state that a failure must not change. */
struct snapshot {
	struct mshare_info range;
	uint64_t attached, mapped, locked, seals;
	unsigned int places;
	struct msharefs_mapping place[PLACES];
};

static bool continues(const struct msharefs_mapping *one,
		      const struct msharefs_mapping *next)
{
	return one->addr + one->length == next->addr &&
	       one->prot == next->prot && one->flags == next->flags &&
	       one->inode == next->inode;
}

/* Splitting a mapping is not a change. */
static void add_place(struct snapshot *snapshot,
		      const struct msharefs_mapping *place)
{
	struct msharefs_mapping *last = &snapshot->place[snapshot->places - 1];

	if (snapshot->places && continues(last, place)) {
		last->length += place->length;
		return;
	}
	must(snapshot->places < PLACES, "too many mappings");
	snapshot->place[snapshot->places++] = *place;
}

static int next_mapping(struct msharefs_mapping *mapping, uint64_t addr,
			char *name, uint32_t room)
{
	memset(mapping, 0, sizeof(*mapping));
	mapping->size = sizeof(*mapping);
	mapping->addr = addr;
	mapping->name = (uintptr_t)name;
	mapping->name_size = room;
	return request(fd, MSHAREFS_NEXT_MAPPING, mapping);
}

static struct snapshot take_snapshot(void)
{
	struct snapshot snapshot;
	struct msharefs_mapping place;
	struct msharefs_stat stat;
	uint64_t at = 0;

	memset(&snapshot, 0, sizeof(snapshot));
	check_result(region_get_size(fd, &snapshot.range), 0, "GET_SIZE");
	check_result(region_stat(fd, &stat), 0, "STAT");
	snapshot.attached = stat.attached;
	snapshot.mapped = stat.mapped;
	snapshot.locked = stat.locked;
	snapshot.seals = stat.seals;
	for (; !next_mapping(&place, at, NULL, 0);
	     at = place.addr + place.length)
		add_place(&snapshot, &place);
	return snapshot;
}

struct operation {
	const char *name;
	void (*prepare)(void);
	/* 0 or -errno. */
	int (*run)(void);
	/* Checks the state after a failure, except for the region itself. */
	void (*look)(void);
	/* Undoes prepare() and run(), which may have failed. */
	void (*clean)(void);
	/* The result of run() without a failure. */
	int done;
	/* Allowed errors besides ENOMEM, and EFAULT if the operation copies. */
	int error;
	/* The operation changes the file system or the mount, not a region. */
	bool no_region;
};

static int fail_nth;

/* Makes failure @nth in this thread happen. */
static void arm(int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", nth);

	must(pwrite(fail_nth, text, length, 0) == length, "fail-nth: %m");
}

/* Returns true if an operation was made to fail. */
static bool disarm(void)
{
	char text[16] = "";
	bool fired = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 &&
		     !atoi(text);

	/* Reading and writing copy, too, and may be what fails now. */
	while (!fired && pwrite(fail_nth, "0", 1, 0) != 1)
		;
	return fired;
}

static bool is_clean(const struct operation *op, int ret)
{
	return ret == -ENOMEM || ret == -EFAULT || ret == op->done ||
	       (op->error && ret == -op->error);
}

static void check_unchanged(const struct operation *op, int nth,
			    const struct snapshot *before)
{
	struct snapshot now;

	if (op->look)
		op->look();
	if (op->no_region)
		return;
	now = take_snapshot();
	check(!memcmp(&now, before, sizeof(now)),
	      "%s: the region is not what it was after failure %d: "
	      "%lu bytes of %u mappings, %lu attached, %lu locked; "
	      "before %lu of %u, %lu, %lu",
	      op->name, nth, now.mapped, now.places, now.attached, now.locked,
	      before->mapped, before->places, before->attached, before->locked);
}

/* Returns true if an operation was made to fail. */
static bool attempt(const struct operation *op, int nth)
{
	struct snapshot before;
	bool fired = false;
	int ret;

	if (op->prepare)
		op->prepare();
	if (!op->no_region)
		before = take_snapshot();
	if (nth)
		arm(nth);
	ret = op->run();
	if (nth)
		fired = disarm();
	if (fired)
		check(is_clean(op, ret), "%s: failure %d gives %s", op->name,
		      nth, strerrorname_np(-ret));
	else
		check_result(ret, -op->done, "%s", op->name);
	if (ret)
		check_unchanged(op, nth, &before);
	if (op->clean)
		op->clean();
	return fired;
}

static void fail_each(const struct operation *op)
{
	int nth = 1;

	for (int i = 0; i < 3; i++)
		attempt(op, 0);
	leaks_begin();
	for (; nth < MOST && attempt(op, nth); nth++)
		for (int i = 1; i < ROUNDS; i++)
			attempt(op, nth);
	check(nth < MOST, "%s fails for ever", op->name);
	check(nth > 1, "%s: nothing was made to fail", op->name);
	leaks_check(SLACK_ROUNDS);
	printf("%s: %d failures\n", op->name, nth - 1);
}

static void fail_all(const struct operation *op)
{
	static const char *const settings[][2] = {
		{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/failslab/verbose", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
		{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
		{ "/sys/kernel/debug/fail_usercopy/verbose", "0" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		set_for_now(settings[i][0], settings[i][1]);
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	must(fail_nth >= 0, "no fail-nth: %m");
	for (; op->name; op++)
		fail_each(op);
}

/* 0, whatever the call returned on success; or a negative errno */
static int outcome(int ret)
{
	return ret < 0 ? -errno : 0;
}

/* Files and directories */

static int run_open(void)
{
	made = open(REGION, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return outcome(made);
}

/* A file that exists is a complete region, whether or not it was opened. */
static void look_for_region(void)
{
	int found = open(REGION, O_RDWR | O_CLOEXEC);
	struct mshare_info info;

	if (found < 0)
		return;
	check_result(region_get_size(found, &info), 0, "a region of half");
	close(found);
}

static void remove_made(void)
{
	if (made >= 0)
		close(made);
	made = -1;
	unlink(REGION);
}

static int run_mkdir(void)
{
	return outcome(mkdir(DIRECTORY, 0700));
}

static void look_for_directory(void)
{
	check(access(DIRECTORY, F_OK), "mkdir failed and made a directory");
}

static void remove_directory(void)
{
	rmdir(DIRECTORY);
}

static int run_unlink(void)
{
	return outcome(unlink(REGION));
}

static void look_for_name(void)
{
	check(!access(REGION, F_OK), "the name is gone");
}

static int run_rename(void)
{
	return outcome(rename(REGION, RENAMED));
}

static int run_link(void)
{
	return outcome(link(REGION, RENAMED));
}

static void look_for_one_name(void)
{
	look_for_name();
	check(access(RENAMED, F_OK), "the new name is there");
}

static void end_renamed(void)
{
	end_region();
	unlink(RENAMED);
}

static int run_mount(void)
{
	return outcome(
		mount("mshare", MOUNT, "msharefs", 0, "mode=700,uid=3,gid=4"));
}

static void make_mount_point(void)
{
	mkdir(MOUNT, 0700);
}

static void look_for_mount(void)
{
	struct statfs fs;

	check(!statfs(MOUNT, &fs) && fs.f_type == TMPFS_MAGIC,
	      "mount failed and mounted something");
}

static void end_mount(void)
{
	umount(MOUNT);
}

static const struct operation file_operations[] = {
	{ "open", NULL, run_open, look_for_region, remove_made, 0, 0, true },
	{ "mkdir", NULL, run_mkdir, look_for_directory, remove_directory, 0, 0,
	  true },
	{ "unlink", new_region, run_unlink, look_for_name, end_region, 0, 0,
	  false },
	{ "rename", new_region, run_rename, look_for_one_name, end_renamed, 0,
	  0, false },
	{ "link", new_region, run_link, look_for_one_name, end_renamed, 0, 0,
	  false },
	{ "mount", make_mount_point, run_mount, look_for_mount, end_mount, 0, 0,
	  true },
	{ 0 },
};

static void files(void)
{
	fail_all(file_operations);
}

/* Requests */

static void sizeless_region(void)
{
	fd = region_open(REGION, O_RDWR | O_CREAT | O_EXCL);
}

static int run_set_size(void)
{
	return region_set_size(fd, start, granule);
}

static int run_map(void)
{
	return region_map(fd, vacant, LENGTH, RW, 0);
}

static int run_map_file(void)
{
	return region_map_file(fd, vacant, LENGTH, RW, 0, file, 0);
}

static int run_populate(void)
{
	return region_map(fd, vacant, LENGTH, RW, MAP_POPULATE);
}

/*
 * A regular file with memory of the kernel. The kernel detects that after
 * mapping the file, and must unmap the file again.
 */
static int run_map_device(void)
{
	return region_map_file(fd, vacant, PAGE, PROT_READ, 0, device, 0);
}

static void check_painted(void)
{
	uint64_t missing = misses((void *)anonymous, LENGTH, PAGE, 1);
	uint64_t in_file = misses((void *)file_object, LENGTH, PAGE, 2);

	check(!missing && !in_file,
	      "of the memory, %lu words are not what they were, of the file %lu",
	      missing, in_file);
}

static int run_unmap(void)
{
	return region_unmap(fd, anonymous + PAGE, PAGE);
}

static int run_unmap_both(void)
{
	return region_unmap(fd, anonymous + PAGE,
			    file_object + PAGE - anonymous);
}

static int run_protect(void)
{
	return region_protect(fd, anonymous + PAGE, PAGE, PROT_READ);
}

static const struct operation map_operations[] = {
	{ "SET_SIZE", sizeless_region, run_set_size, NULL, end_region, 0, 0,
	  false },
	/* ENOSPC: the tmpfs with the memory has no inode for the file. */
	{ "CREATE_MAPPING of memory", new_region, run_map, NULL, end_region, 0,
	  ENOSPC, false },
	{ "CREATE_MAPPING of a file", new_region, run_map_file, NULL,
	  end_region, 0, 0, false },
	{ "CREATE_MAPPING with MAP_POPULATE", new_region, run_populate, NULL,
	  end_region, 0, ENOSPC, false },
	{ "UNMAP", painted_region, run_unmap, check_painted, end_region, 0, 0,
	  false },
	{ "UNMAP of two parts", painted_region, run_unmap_both, check_painted,
	  end_region, 0, 0, false },
	{ "PROTECT", painted_region, run_protect, check_painted, end_region, 0,
	  0, false },
	{ 0 },
};

static void requests(void)
{
	fail_all(map_operations);
}

static const struct operation device_operations[] = {
	{ "CREATE_MAPPING of a device", new_region, run_map_device, NULL,
	  end_region, -ENODEV, 0, false },
	{ 0 },
};

static void devices(void)
{
	device = open("/sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw",
		      O_RDONLY | O_CLOEXEC);
	must(device >= 0, "no buffer of traces: %m");
	fail_all(device_operations);
}

static void empty_region(void)
{
	fd = region_create(REGION, start, granule);
	window_map(fd, start, granule, RW, 0);
}

/* A whole granule: what is undone in the wrong process is its whole window. */
static int run_map_huge(void)
{
	return region_map_file(fd, start, granule, RW, MAP_NORESERVE, huge_file,
			       0);
}

static const struct operation huge_operations[] = {
	{ "CREATE_MAPPING of a hugetlbfs file", empty_region, run_map_huge,
	  NULL, end_region, 0, 0, false },
	{ 0 },
};

static void huge_files(void)
{
	huge_file = object_open(&object_kinds[HUGETLB], granule);
	fail_all(huge_operations);
}

static int advise(uint32_t advice)
{
	return region_advise(fd, anonymous, LENGTH, advice);
}

static int run_advise_populate(void)
{
	return advise(MADV_POPULATE_WRITE);
}

static int run_advise_pageout(void)
{
	return advise(MADV_PAGEOUT);
}

static int run_advise_huge(void)
{
	return region_advise(fd, anonymous + PAGE, PAGE, MADV_HUGEPAGE);
}

static int run_advise_remove(void)
{
	return advise(MADV_REMOVE);
}

static int on_range(unsigned long number)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.addr = anonymous + PAGE,
		.length = PAGE,
	};

	return request(fd, number, &range);
}

static int run_lock(void)
{
	return on_range(MSHAREFS_LOCK);
}

static void locked_region(void)
{
	struct msharefs_range range = {
		.size = sizeof(range),
		.addr = anonymous,
		.length = LENGTH,
	};

	painted_region();
	check_result(request(fd, MSHAREFS_LOCK, &range), 0, "LOCK");
}

static int run_unlock(void)
{
	return on_range(MSHAREFS_UNLOCK);
}

static int run_seal(void)
{
	struct msharefs_seal seal = { sizeof(seal), 0, MSHAREFS_SEAL_PROTECT };

	return request(fd, MSHAREFS_SEAL, &seal);
}

static int run_stat(void)
{
	struct msharefs_stat stat;

	return region_stat(fd, &stat);
}

static int run_next_mapping(void)
{
	struct msharefs_mapping mapping;
	char name[256];

	return next_mapping(&mapping, file_object, name, sizeof(name));
}

static int run_mempolicy(void)
{
	uint64_t mask = 1;
	struct msharefs_mempolicy policy = {
		.size = sizeof(policy),
		.mode = MPOL_BIND,
		.addr = anonymous + PAGE,
		.length = PAGE,
		.nodemask = (uintptr_t)&mask,
		.maxnode = 64,
	};

	return request(fd, MSHAREFS_MEMPOLICY, &policy);
}

static const struct operation advice_operations[] = {
	{ "ADVISE MADV_POPULATE_WRITE", new_region, run_advise_populate, NULL,
	  end_region, 0, 0, false },
	{ "ADVISE MADV_PAGEOUT", painted_region, run_advise_pageout,
	  check_painted, end_region, 0, 0, false },
	{ "ADVISE MADV_HUGEPAGE", painted_region, run_advise_huge,
	  check_painted, end_region, 0, EAGAIN, false },
	{ "ADVISE MADV_REMOVE", painted_region, run_advise_remove, NULL,
	  end_region, 0, 0, false },
	{ "LOCK", painted_region, run_lock, check_painted, end_region, 0,
	  EAGAIN, false },
	{ "UNLOCK", locked_region, run_unlock, check_painted, end_region, 0,
	  EAGAIN, false },
	{ "SEAL", new_region, run_seal, NULL, end_region, 0, 0, false },
	{ "STAT", new_region, run_stat, NULL, end_region, 0, 0, false },
	{ "NEXT_MAPPING", new_region, run_next_mapping, NULL, end_region, 0, 0,
	  false },
	{ "MEMPOLICY", painted_region, run_mempolicy, check_painted, end_region,
	  0, 0, false },
	{ 0 },
};

static void advices(void)
{
	fail_all(advice_operations);
}

/* Windows */

static void unattached_region(void)
{
	painted_region();
	munmap((void *)start, granule);
}

static int run_mmap(void)
{
	return mmap(NULL, granule, RW, MAP_SHARED, fd, 0) == MAP_FAILED ?
		       -errno :
		       0;
}

static void check_vacant(void)
{
	uint64_t value;

	check(load((void *)anonymous, &value) == SIGSEGV,
	      "mmap failed and left a window");
}

static int run_munmap(void)
{
	return outcome(munmap((void *)start, granule));
}

/* The first access in the granule: both page tables lack all other tables. */
static void untouched_region(void)
{
	new_region();
}

/*
 * A fault without memory is repeated until memory is available. If no cgroup
 * has reached its limit, the OOM killer frees memory, as elsewhere.
 */
static int run_touch(void)
{
	return -store((void *)anonymous, 42);
}

static void check_touched(void)
{
	check(peek((void *)anonymous) == 42, "the store is lost");
	end_region();
}

static int run_touch_window(void)
{
	uint64_t value;
	int signal = load((void *)file_object, &value);

	return signal                                     ? -signal :
	       value == paint_for((void *)file_object, 2) ? 0 :
							    -1;
}

static void relinked_region(void)
{
	unattached_region();
	window_map(fd, start, granule, RW, 0);
}

static pid_t child;

static int run_fork(void)
{
	child = fork();
	if (!child)
		_exit(peek((void *)anonymous) !=
		      paint_for((void *)anonymous, 1));
	return outcome(child);
}

static void end_child(void)
{
	int status;

	if (child > 0)
		check(waitpid(child, &status, 0) == child && !status,
		      "the child does not see the region");
	end_region();
}

static const struct operation window_operations[] = {
	{ "mmap", unattached_region, run_mmap, check_vacant, end_region, 0, 0,
	  false },
	{ "munmap", painted_region, run_munmap, check_painted, end_region, 0, 0,
	  false },
	{ "the first touch", untouched_region, run_touch, NULL, check_touched,
	  0, 0, false },
	{ "the first touch of a window", relinked_region, run_touch_window,
	  NULL, end_region, 0, 0, false },
	{ 0 },
};

static void windows(void)
{
	fail_all(window_operations);
}

static const struct operation fork_operations[] = {
	{ "fork", painted_region, run_fork, check_painted, end_child, 0, EAGAIN,
	  false },
	{ 0 },
};

static void forks(void)
{
	fail_all(fork_operations);
}

/*
 * A process outside of the paying cgroup gets SIGBUS, since the kernel cannot
 * free memory for that cgroup, and finds the page at the next attempt.
 */
#define GROUP "/sys/fs/cgroup/test-faults"

static struct peer creator;

static void tell(const char *path, const char *text)
{
	int control = open(path, O_WRONLY | O_CLOEXEC);

	must(control >= 0 && write(control, text, strlen(text)) > 0, "%s: %m",
	     path);
	close(control);
}

/* A process of the paying cgroup, which pays for all regions. */
static void be_creator(struct peer *parent, void *arg)
{
	(void)arg;
	tell(GROUP "/cgroup.procs", "0");
	for (;;) {
		wait_go(parent);
		new_region();
		munmap((void *)start, granule);
		close(fd);
		go(parent);
	}
}

static void region_of_others(void)
{
	go(&creator);
	wait_go(&creator);
	fd = region_open(REGION, O_RDWR);
	window_map(fd, start, granule, RW, 0);
}

static void check_touched_again(void)
{
	check(!store((void *)anonymous, 42), "no page the next time either");
	check_touched();
}

static const struct operation other_operations[] = {
	{ "the first touch of others' memory", region_of_others, run_touch,
	  NULL, check_touched_again, 0, SIGBUS, false },
	{ 0 },
};

static void others(void)
{
	tell("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir(GROUP, 0700);
	creator = peer_start(be_creator, NULL);
	fail_all(other_operations);
	peer_kill(&creator);
	rmdir(GROUP);
}

static const struct test_case cases[] = {
	{ "files",
	  "creating files, directories and mounts leaks nothing on failure",
	  files, CASE_DEBUG },
	{ "requests",
	  "CREATE_MAPPING, UNMAP and PROTECT that fail do not change the region",
	  requests, CASE_DEBUG },
	{ "devices",
	  "CREATE_MAPPING of an unsuitable file leaks nothing, whatever fails",
	  devices, CASE_DEBUG },
	{ "huge-files",
	  "CREATE_MAPPING of hugetlbfs that fails does not touch the caller",
	  huge_files, CASE_DEBUG },
	{ "advices", "other requests that fail do not change the region",
	  advices, CASE_DEBUG },
	{ "windows",
	  "a failed mmap leaves no window, and a fault waits for memory",
	  windows, CASE_DEBUG },
	{ "forks", "a failed fork does not change the parent's windows", forks,
	  CASE_DEBUG },
	{ "others", "a fault charged to another cgroup ends in SIGBUS at worst",
	  others, CASE_DEBUG },
};

static void setup(void)
{
	file = object_open(&object_kinds[MEMFD], LENGTH);
	start = region_address(200);
	anonymous = start + MIB;
	file_object = start + 2 * MIB;
	vacant = start + 8 * MIB;
}

/*
 * A thread that was preempted after fork() has that recorded in its rseq area,
 * which needs a copy of that page. If the copy fails, the kernel sends SIGSEGV.
 */
static void do_without_rseq(char **argv)
{
	if (getenv("GLIBC_TUNABLES"))
		return;
	setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
	execv("/proc/self/exe", argv);
	must(false, "exec: %m");
}

int main(int argc, char **argv)
{
	do_without_rseq(argv);
	return run_cases(cases, setup, argc, argv);
}
