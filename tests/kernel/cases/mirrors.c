// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mirror of a process's page tables learns of changes in the process, and not
 * of changes in a region: a process cannot have both a virtual machine, whose
 * memory is the process's, and a window.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "case.h"
#include "check.h"
#include "peer.h"
#include "region.h"
#include "touch.h"

#define RW    (PROT_READ | PROT_WRITE)
#define BYTES (4 * PAGE)

static uint64_t start;
static int region;

/* Once; negative: this guest can have no guests. */
static int open_kvm(void)
{
	static int kvm = -1;

	if (kvm < 0)
		kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	return kvm;
}

/*
 * Creates a virtual machine in this process; returns its descriptor or a
 * negative errno.
 */
static int make_machine(void)
{
	int machine;

	if (open_kvm() < 0)
		skip_case("this guest can have no guests of its own");
	machine = ioctl(open_kvm(), KVM_CREATE_VM, 0);
	return machine < 0 ? -errno : machine;
}

/* Maps the region into this process: 0 or a negative errno. */
static int attach_with(int flags)
{
	void *window =
		mmap((void *)start, granule, RW, MAP_SHARED | flags, region, 0);

	return window == MAP_FAILED ? -errno : 0;
}

static int attach(void)
{
	return attach_with(0);
}

static void check_words(void)
{
	check(!misses((void *)start, BYTES, PAGE, 1), "other words");
}

static void make_region(void)
{
	start = region_address(450);
	region = region_create(region_path(), start, granule);
	region_fill(region, start, BYTES, RW);
}

static void attach_and_paint(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	must(!attach(), "a process without a machine cannot attach");
	paint((void *)start, BYTES, PAGE, 1);
}

static void attach_and_check(struct peer *parent, void *arg)
{
	(void)parent;
	(void)arg;
	must(!attach(), "a child without a machine cannot attach");
	check_words();
}

/* A client gets a virtual machine once its window is gone, and not before. */
static int machine_after_window(void)
{
	int machine;

	paint((void *)start, BYTES, PAGE, 1);
	check_result(make_machine(), EOPNOTSUPP, "a machine beside a window");
	check_words();
	must(!munmap((void *)start, granule), "munmap: %m");
	machine = make_machine();
	must(machine >= 0, "a machine after a window: error %d", -machine);
	return machine;
}

/* Without its last window, a process is as it was before the first. */
static void client_first(void)
{
	int machine;

	make_region();
	must(!attach(), "attach failed");
	machine = machine_after_window();
	/* MAP_FIXED leaves in place what it cannot replace. */
	must(mmap((void *)start, granule, RW,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED,
	     "mmap: %m");
	paint((void *)start, PAGE, PAGE, 3);
	check_result(attach_with(MAP_FIXED), EOPNOTSUPP,
		     "a window in place of memory");
	check(!misses((void *)start, PAGE, PAGE, 3), "the memory is gone");
	close(machine);
}

static void detach_and_make_machine(struct peer *parent, void *arg)
{
	int machine;

	(void)parent;
	(void)arg;
	check_result(make_machine(), EOPNOTSUPP,
		     "a machine beside an inherited window");
	check_words();
	must(!munmap((void *)start, granule), "munmap: %m");
	machine = make_machine();
	must(machine >= 0, "a machine after an inherited window: error %d",
	     -machine);
	close(machine);
}

static void make_machine_alone(struct peer *parent, void *arg)
{
	int machine = make_machine();

	(void)parent;
	(void)arg;
	must(machine >= 0, "a machine in a child: error %d", -machine);
	close(machine);
}

/* A child is a client by the windows that it has, whatever its parent has. */
static void children(void)
{
	struct peer peer;

	make_region();
	must(!attach(), "attach failed");
	paint((void *)start, BYTES, PAGE, 1);
	peer = peer_start(detach_and_make_machine, NULL);
	peer_end(&peer);
	check_result(make_machine(), EOPNOTSUPP, "a machine beside a window");
	check_words();
	must(!munmap((void *)start, granule), "munmap: %m");
	peer = peer_start(make_machine_alone, NULL);
	peer_end(&peer);
}

/* What was mirrored once is not for ever. */
static void machine_closed(void)
{
	int machine = make_machine();

	must(machine >= 0, "KVM_CREATE_VM: error %d", -machine);
	make_region();
	check_result(attach(), EOPNOTSUPP, "a window beside a machine");
	close(machine);
	must(!attach(), "a process without its machine cannot attach");
	machine = machine_after_window();
	check_result(attach(), EOPNOTSUPP, "a window beside a machine");
	close(machine);
}

/* A machine is its process's alone, so a child may do what its parent may not. */
static void machine_first(void)
{
	int machine = make_machine();
	struct peer peer;

	must(machine >= 0, "KVM_CREATE_VM: error %d", -machine);
	make_region();
	check_result(attach(), EOPNOTSUPP, "a window beside a machine");
	peer = peer_start(attach_and_paint, NULL);
	peer_end(&peer);
	check_result(attach(), EOPNOTSUPP, "a window beside a machine");
	peer = peer_start(attach_and_check, NULL);
	peer_end(&peer);
	close(machine);
}

static const struct test_case cases[] = {
	{ "client-first",
	  "a client cannot create a virtual machine until after munmap",
	  client_first, CASE_NORMAL },
	{ "machine-first",
	  "the process of a virtual machine cannot attach, but its children can",
	  machine_first, CASE_NORMAL },
	{ "children",
	  "a child that detaches can create a virtual machine, as its parent can",
	  children, CASE_NORMAL },
	{ "machine-closed",
	  "a process can attach after its last virtual machine is closed",
	  machine_closed, CASE_NORMAL },
};

/*
 * With the first virtual machine, and without the last one, the kernel changes the
 * code of its scheduler. An emulated CPU can fail then, though rarely: keep a
 * machine as long as the cases run.
 */
static void keep_machine(void)
{
	if (open_kvm() >= 0)
		make_machine();
}

int main(int argc, char **argv)
{
	/* Not in the process of a case, which has the case's name. */
	if (argc < 2 || argv[1][0] == '-')
		keep_machine();
	return run_cases(cases, NULL, argc, argv);
}
