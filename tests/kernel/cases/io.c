// SPDX-License-Identifier: GPL-2.0-only
/*
 * Input and output: every way to move bytes into a region and out of it without
 * the CPU's own translations. Each is tested with pages that are resident,
 * pages that are absent, and pages that this process has not linked yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/aio_abi.h>
#include <linux/futex.h>

#include "case.h"
#include "check.h"
#include "figures.h"
#include "object.h"
#include "peer.h"
#include "region.h"
#include "ring.h"
#include "touch.h"

#define RW       (PROT_READ | PROT_WRITE)
#define HUGE     (2 * MIB)
#define STEP     512
#define MOST     (3 * PAGE)
#define ANY_ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static const char *path;
static uint64_t start, size;
static int fd;

/*
 * Clients: processes that have a window and follow orders. This process is a
 * client, too.
 */

struct order {
	enum what {
		ATTACH, /* attach anew, and thus without a link */
		LINK,
		PAINT,
		LOOK
	} what;
	char *at;
	uint64_t length, tag;
	int flags, prot;
	uint64_t wrong;
};

static struct order *order;

static void attach(int flags, int prot)
{
	int mine = region_open(path, flags);

	munmap((void *)start, size);
	window_map(mine, start, size, prot, 0);
	close(mine);
}

/* A tag of 0 means untouched pages. */
static uint64_t wrong_words(const char *at, uint64_t length, uint64_t tag)
{
	uint64_t wrong = 0;

	if (tag)
		return misses(at, length, STEP, tag);
	for (uint64_t i = 0; i < length; i += STEP)
		wrong += peek(at + i) != 0;
	return wrong;
}

static void obey(void)
{
	switch (order->what) {
	case ATTACH:
		attach(order->flags, order->prot);
		break;
	case LINK:
		for (uint64_t i = 0; i < order->length; i += PAGE)
			peek(order->at + i);
		break;
	case PAINT:
		paint(order->at, order->length, STEP, order->tag);
		break;
	case LOOK:
		order->wrong =
			wrong_words(order->at, order->length, order->tag);
		break;
	}
}

static void be_client(struct peer *parent, void *arg)
{
	(void)arg;
	attach(O_RDWR, RW);
	for (;;) {
		go(parent);
		wait_go(parent);
		obey();
	}
}

/* NULL means this process. */
static void tell(struct peer *client, const struct order *what)
{
	*order = *what;
	if (!client) {
		obey();
		return;
	}
	go(client);
	wait_go(client);
}

/*
 * Movers: each moves bytes between a buffer and a place in the region, in this
 * process or in another process, and returns 0 or a negative errno.
 */

struct place {
	struct peer *client;
	char *at;
	uint64_t length;
};

static int file, direct;

static long whole(long moved, uint64_t length)
{
	if (moved < 0)
		return -errno;
	return moved == (long)length ? 0 : -EIO;
}

/* Through a file: @transfer moves bytes between the file and the place. */
static long by_file(const struct place *place, char *buffer, bool in,
		    long (*transfer)(const struct place *place, bool in))
{
	long result;

	if (in)
		must(pwrite(file, buffer, place->length, 0) ==
			     (long)place->length,
		     "pwrite: %m");
	result = transfer(place, in);
	if (!in && !result)
		must(pread(file, buffer, place->length, 0) ==
			     (long)place->length,
		     "pread: %m");
	return result;
}

static long transfer_direct(const struct place *place, bool in)
{
	return whole(in ? pread(direct, place->at, place->length, 0) :
			  pwrite(direct, place->at, place->length, 0),
		     place->length);
}

static long move_direct(const struct place *place, char *buffer, bool in)
{
	return by_file(place, buffer, in, transfer_direct);
}

static long transfer_aio(const struct place *place, bool in)
{
	struct iocb request = {
		.aio_lio_opcode = in ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE,
		.aio_fildes = direct,
		.aio_buf = (uintptr_t)place->at,
		.aio_nbytes = place->length,
	}, *requests = &request;
	aio_context_t context = 0;
	struct io_event event = { .res = 0 };
	long result;

	must(!syscall(SYS_io_setup, 1, &context), "io_setup: %m");
	result = syscall(SYS_io_submit, context, 1, &requests);
	if (result == 1) {
		must(syscall(SYS_io_getevents, context, 1, 1, &event, NULL) ==
			     1,
		     "io_getevents: %m");
		result = event.res < 0 ? event.res :
					 whole(event.res, place->length);
	} else {
		result = -errno;
	}
	syscall(SYS_io_destroy, context);
	return result;
}

static long move_aio(const struct place *place, char *buffer, bool in)
{
	return by_file(place, buffer, in, transfer_aio);
}

static long transfer_ring(const struct place *place, bool in)
{
	struct io_uring ring;
	long result;

	ring_open(&ring);
	result = ring_register(&ring, place->at, place->length);
	if (!result)
		result = ring_fixed(&ring, direct, in, place->at, place->length,
				    0);
	io_uring_queue_exit(&ring);
	return result;
}

static long move_ring(const struct place *place, char *buffer, bool in)
{
	return by_file(place, buffer, in, transfer_ring);
}

static long move_vmsplice(const struct place *place, char *buffer, bool in)
{
	struct iovec here = { place->at, place->length };
	int ends[2];
	long result;

	must(!pipe(ends), "pipe: %m");
	if (in)
		must(write(ends[1], buffer, place->length) ==
			     (long)place->length,
		     "write to a pipe: %m");
	result = whole(vmsplice(ends[!in], &here, 1, 0), place->length);
	if (!in && !result)
		must(read(ends[0], buffer, place->length) ==
			     (long)place->length,
		     "read from a pipe: %m");
	close(ends[0]);
	close(ends[1]);
	return result;
}

static long move_process_vm(const struct place *place, char *buffer, bool in)
{
	struct iovec here = { buffer, place->length };
	struct iovec there = { place->at, place->length };
	pid_t pid = place->client->pid;

	return whole(in ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			  process_vm_readv(pid, &here, 1, &there, 1, 0),
		     place->length);
}

static long move_mem(const struct place *place, char *buffer, bool in)
{
	char name[64];
	long result;
	int mem;

	snprintf(name, sizeof(name), "/proc/%d/mem", place->client->pid);
	mem = open(name, O_RDWR | O_CLOEXEC);
	must(mem >= 0, "cannot open %s: %m", name);
	result = whole(
		in ? pwrite(mem, buffer, place->length, (off_t)place->at) :
		     pread(mem, buffer, place->length, (off_t)place->at),
		place->length);
	close(mem);
	return result;
}

/* The words that are checked. Checking all words would take longer. */
static long move_words(pid_t pid, const struct place *place, char *buffer,
		       bool in)
{
	for (uint64_t i = 0; i < place->length; i += STEP) {
		long *word = (long *)(buffer + i);

		errno = 0;
		if (in)
			ptrace(PTRACE_POKEDATA, pid, place->at + i, *word);
		else
			*word = ptrace(PTRACE_PEEKDATA, pid, place->at + i,
				       NULL);
		if (errno)
			return -errno;
	}
	return 0;
}

static long move_ptrace(const struct place *place, char *buffer, bool in)
{
	pid_t pid = place->client->pid;
	long result;

	must(!ptrace(PTRACE_SEIZE, pid, NULL, NULL), "PTRACE_SEIZE: %m");
	must(!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) &&
		     waitpid(pid, NULL, 0) == pid,
	     "PTRACE_INTERRUPT: %m");
	result = move_words(pid, place, buffer, in);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return result;
}

struct mover {
	const char *name;
	long (*move)(const struct place *place, char *buffer, bool in);
	/* Does the mover access another process? */
	bool outside;
	/* Does the mover pin the pages, and thus require write access? */
	bool pins;
	/* The error where access is forbidden. */
	int refusal;
};

static const struct mover movers[] = {
	{ "O_DIRECT", move_direct, .refusal = EFAULT },
	{ "AIO", move_aio, .refusal = EFAULT },
	{ "io_uring", move_ring, .refusal = EFAULT, .pins = true },
	{ "vmsplice", move_vmsplice, .refusal = EFAULT },
	{ "process_vm", move_process_vm, .refusal = EFAULT, .outside = true },
	{ "/proc/PID/mem", move_mem, .refusal = EIO, .outside = true },
	{ "ptrace", move_ptrace, .refusal = EIO, .outside = true },
};

#define NR_MOVERS (sizeof(movers) / sizeof(movers[0]))

/* The clients of all cases: one is accessed, one observes. */
static struct peer target, witness;

static struct peer *client_of(const struct mover *mover)
{
	return mover->outside ? &target : NULL;
}

static void start_clients(void)
{
	order = mmap(NULL, sizeof(*order), RW, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	must(order != MAP_FAILED, "mmap: %m");
	size = 2 * granule;
	fd = region_create(path = region_path(), start, size);
	file = object_open(&object_kinds[EXT4], MOST);
	direct = object_reopen(file, O_RDWR | O_DIRECT);
	target = peer_start(be_client, NULL);
	wait_go(&target);
	witness = peer_start(be_client, NULL);
	wait_go(&witness);
	attach(O_RDWR, RW);
}

static void end_clients(void)
{
	peer_kill(&target);
	peer_kill(&witness);
	munmap((void *)start, size);
	close(direct);
	close(file);
	close(fd);
}

/* The place that bytes are moved to and from, and the mapping there. */
static const struct span {
	const char *name;
	int kind; /* NR_KINDS stands for anonymous memory */
	/* Relative to the start of the region, or of its second granule. */
	bool second;
	int64_t offset;
	uint64_t length;
} spans[] = {
	{ "pages", NR_KINDS, false, 16 * MIB + PAGE, 3 * PAGE },
	{ "two tables", NR_KINDS, false, 20 * MIB - PAGE, 2 * PAGE },
	{ "two granules", NR_KINDS, true, -(int64_t)PAGE, 2 * PAGE },
	{ "a file on ext4", EXT4, false, 64 * MIB + PAGE, 2 * PAGE },
	{ "huge pages", HUGETLB, false, 130 * MIB - PAGE, 2 * PAGE },
};

#define NR_SPANS    (sizeof(spans) / sizeof(spans[0]))
#define SMALL_PAGES (&spans[0])
#define LARGE_PAGES (&spans[NR_SPANS - 1])

static char *address_of(const struct span *span)
{
	return (char *)start + span->second * granule + span->offset;
}

/* The page tables that the span is in, as a whole. */
static uint64_t object_of(const struct span *span, uint64_t *length)
{
	uint64_t from = (uint64_t)address_of(span) & -HUGE;
	uint64_t end = (uint64_t)address_of(span) + span->length;

	*length = ((end + HUGE - 1) & -HUGE) - from;
	return from;
}

static void map_span(const struct span *span)
{
	uint64_t length, at = object_of(span, &length);
	int object;

	if (span->kind == NR_KINDS) {
		region_fill(fd, at, length, RW);
		return;
	}
	object = object_open(&object_kinds[span->kind], length);
	must(check_result(region_map_file(fd, at, length, RW, 0, object, 0), 0,
			  "mapping %s", span->name),
	     "no object");
	close(object);
}

static void empty_span(const struct span *span)
{
	uint64_t length, at = object_of(span, &length);

	must(!region_advise(fd, at, length, MADV_REMOVE), "MADV_REMOVE: %s",
	     span->name);
}

static const char *const states[] = { "absent", "not linked", "linked" };

enum state {
	ABSENT,
	NOT_LINKED,
	LINKED,
	NR_STATES
};

struct rights {
	const char *name;
	int flags, window, object;
};

static const struct rights all_rights = { "all rights", O_RDWR, RW, RW };

/* Makes the span painted, or empty, with a new window on the region. */
static void prepare(const struct span *span, enum state state,
		    const struct mover *mover, const struct rights *rights)
{
	uint64_t length, object = object_of(span, &length);
	struct order what = {
		.at = address_of(span),
		.length = span->length,
		.flags = rights->flags,
		.prot = rights->window,
		.tag = 1,
	};

	if (rights->object != RW)
		check_result(region_protect(fd, object, length, RW), 0,
			     "PROTECT");
	empty_span(span);
	if (state != ABSENT) {
		what.what = PAINT;
		tell(&witness, &what);
	}
	if (rights->object != RW)
		check_result(region_protect(fd, object, length, rights->object),
			     0, "PROTECT");
	what.what = ATTACH;
	tell(client_of(mover), &what);
	if (state == LINKED) {
		what.what = LINK;
		tell(client_of(mover), &what);
	}
}

static uint64_t wrong_for_witness(const struct span *span, uint64_t tag)
{
	const struct order what = {
		.what = LOOK,
		.at = address_of(span),
		.length = span->length,
		.tag = tag,
	};

	tell(&witness, &what);
	return order->wrong;
}

static char *new_buffer(void)
{
	char *buffer = mmap(NULL, MOST, RW, ANY_ANON, -1, 0);

	must(buffer != MAP_FAILED, "mmap: %m");
	return buffer;
}

/* Fills a buffer with the words that paint() writes to the region. */
static uint64_t wrong_in_buffer(const char *buffer, const struct span *span,
				uint64_t tag)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < span->length; i += STEP)
		wrong += *(const uint64_t *)(buffer + i) !=
			 (tag ? paint_for(address_of(span) + i, tag) : 0);
	return wrong;
}

static void paint_buffer(char *buffer, const struct span *span, uint64_t tag)
{
	memset(buffer, 0, MOST);
	for (uint64_t i = 0; i < span->length; i += STEP)
		*(uint64_t *)(buffer + i) =
			paint_for(address_of(span) + i, tag);
}

static struct place place_of(const struct mover *mover, const struct span *span)
{
	return (struct place){ client_of(mover), address_of(span),
			       span->length };
}

/* Another client finds the bytes that were moved in, and nothing besides. */
static void check_in(const struct mover *mover, const struct span *span,
		     const char *where, char *buffer)
{
	const struct place place = place_of(mover, span);
	const char *at = place.at;
	uint64_t wrong;

	paint_buffer(buffer, span, 2);
	check_result(mover->move(&place, buffer, true), 0, "%s into %s, %s",
		     mover->name, span->name, where);
	wrong = wrong_for_witness(span, 2);
	check(!wrong, "%s into %s, %s: a client misses %lu words", mover->name,
	      span->name, where, wrong);
	check(!peek(at - 8) && !peek(at + span->length),
	      "%s into %s, %s: something else changed", mover->name, span->name,
	      where);
}

static void check_out(const struct mover *mover, const struct span *span,
		      const char *where, uint64_t tag, char *buffer)
{
	const struct place place = place_of(mover, span);
	uint64_t wrong;

	memset(buffer, 0xee, MOST);
	check_result(mover->move(&place, buffer, false), 0, "%s from %s, %s",
		     mover->name, span->name, where);
	wrong = wrong_in_buffer(buffer, span, tag);
	check(!wrong, "%s from %s, %s: %lu words are wrong", mover->name,
	      span->name, where, wrong);
}

static void check_mover(const struct mover *mover)
{
	char *buffer = new_buffer();

	for (size_t i = 0; i < NR_SPANS; i++) {
		/* Files are refused for long-term pins: see lasting_files(). */
		if (mover->pins && spans[i].kind == EXT4)
			continue;
		for (enum state state = ABSENT; state < NR_STATES; state++) {
			prepare(&spans[i], state, mover, &all_rights);
			check_out(mover, &spans[i], states[state],
				  state == ABSENT ? 0 : 1, buffer);
			prepare(&spans[i], state, mover, &all_rights);
			check_in(mover, &spans[i], states[state], buffer);
		}
	}
	munmap(buffer, MOST);
}

static void check_movers(bool outside)
{
	/* Two descriptors, and those that a closed ring releases later. */
	set_for_now(HUGE_PAGES, "32");
	start_clients();
	for (size_t i = 0; i < NR_SPANS; i++)
		map_span(&spans[i]);
	for (size_t i = 0; i < NR_MOVERS; i++)
		if (movers[i].outside == outside)
			check_mover(&movers[i]);
	end_clients();
}

static void by_client(void)
{
	check_movers(false);
}

static void from_outside(void)
{
	check_movers(true);
}

/* A mover cannot write where writing is forbidden. */

static void check_denied(const struct mover *mover, const struct span *span,
			 enum state state, const struct rights *rights,
			 char *buffer)
{
	const struct place place = place_of(mover, span);
	uint64_t tag = state == ABSENT ? 0 : 1, wrong;

	paint_buffer(buffer, span, 2);
	check_result(mover->move(&place, buffer, true), mover->refusal,
		     "%s into %s of %s, %s", mover->name, span->name,
		     rights->name, states[state]);
	wrong = wrong_for_witness(span, tag);
	check(!wrong, "%s into %s of %s, %s: %lu words changed", mover->name,
	      span->name, rights->name, states[state], wrong);
	if (!mover->pins)
		check_out(mover, span, rights->name, tag, buffer);
}

static void deny_small(const struct rights *rights, char *buffer)
{
	for (size_t i = 0; i < NR_MOVERS; i++) {
		for (enum state state = ABSENT; state < NR_STATES; state++) {
			prepare(SMALL_PAGES, state, &movers[i], rights);
			check_denied(&movers[i], SMALL_PAGES, state, rights,
				     buffer);
		}
	}
}

/* For places with few tables below the link; new huge pages are slow. */
static void deny_large(const struct rights *rights, char *buffer)
{
	for (size_t i = 0; i < NR_MOVERS; i++) {
		if (!i || movers[i].outside != movers[i - 1].outside)
			prepare(LARGE_PAGES, LINKED, &movers[i], rights);
		check_denied(&movers[i], LARGE_PAGES, LINKED, rights, buffer);
	}
}

static void read_only(void)
{
	const struct rights rights[] = {
		{ "a read-only descriptor's window", O_RDONLY, PROT_READ, RW },
		{ "a read-only window", O_RDWR, PROT_READ, RW },
		{ "a read-only object", O_RDWR, RW, PROT_READ },
	};
	char *buffer = new_buffer();

	set_for_now(HUGE_PAGES, "32");
	start_clients();
	map_span(SMALL_PAGES);
	map_span(LARGE_PAGES);
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		deny_small(&rights[i], buffer);
		deny_large(&rights[i], buffer);
	}
	end_clients();
}

/* A debugger can read what the process may not; other movers cannot. */
static void no_access(void)
{
	const struct rights rights = { "no access", O_RDWR, PROT_NONE, RW };
	char *buffer = new_buffer();

	start_clients();
	map_span(&spans[0]);
	for (size_t i = 0; i < NR_MOVERS; i++) {
		const struct mover *mover = &movers[i];
		const struct place place = place_of(mover, &spans[0]);

		for (enum state state = ABSENT; state < NR_STATES; state++) {
			uint64_t tag = state == ABSENT ? 0 : 1;

			prepare(&spans[0], state, mover, &rights);
			check_result(mover->move(&place, buffer, true),
				     mover->refusal, "%s into a window, %s",
				     mover->name, states[state]);
			if (mover->refusal == EIO) {
				check_out(mover, &spans[0], states[state], tag,
					  buffer);
				continue;
			}
			check_result(mover->move(&place, buffer, false),
				     mover->refusal, "%s from a window, %s",
				     mover->name, states[state]);
			check(!wrong_for_witness(&spans[0], tag),
			      "%s, %s: contents changed", mover->name,
			      states[state]);
		}
	}
	end_clients();
}

/* In a region with another object in the same page table. */
static void holes(void)
{
	const struct span *span = &spans[0];
	char *buffer = new_buffer();

	start_clients();
	region_fill(fd, (uint64_t)address_of(span) - PAGE, PAGE, RW);
	for (size_t i = 0; i < NR_MOVERS; i++) {
		const struct mover *mover = &movers[i];
		const struct place place = place_of(mover, span);
		struct order what = {
			.what = ATTACH,
			.at = place.at - PAGE,
			.length = PAGE,
			.flags = O_RDWR,
			.prot = RW,
		};

		tell(client_of(mover), &what);
		for (int linked = 0; linked < 2; linked++) {
			for (int in = 0; in < 2; in++)
				check_result(mover->move(&place, buffer, in),
					     mover->refusal, "%s %s a hole",
					     mover->name, in ? "into" : "from");
			what.what = LINK;
			tell(client_of(mover), &what);
		}
	}
	end_clients();
}

/* Pages that the kernel keeps for io_uring after their mapping is removed */

#define PINNED (16 * PAGE)

static long pins(void)
{
	int refresh = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	/* CPUs cache a part of what they count. */
	must(refresh >= 0 && write(refresh, "1", 1) == 1, "stat_refresh: %m");
	close(refresh);
	return vmstat("nr_foll_pin_acquired") - vmstat("nr_foll_pin_released");
}

/* The kernel unpins what earlier cases pinned, and what 9p reads, a bit later. */
static long pins_at_rest(void)
{
	long before, now = pins();

	do {
		before = now;
		sleep_ms(100);
		now = pins();
	} while (now != before);
	return now;
}

/* The file's words, as they would be in the region. */
static uint64_t wrong_in_file(uint64_t at, uint64_t tag)
{
	uint64_t wrong = 0;

	for (uint64_t i = 0; i < PINNED; i += PAGE)
		wrong += file_word(file, i) != paint_for((char *)at + i, tag);
	return wrong;
}

static void paint_file(uint64_t at, uint64_t tag)
{
	for (uint64_t i = 0; i < PINNED; i += PAGE)
		set_file_word(file, i, paint_for((char *)at + i, tag));
}

/* The pinned pages have @old; they get @new, and return it. */
static void use_pinned(struct io_uring *ring, uint64_t at, uint64_t old,
		       uint64_t new)
{
	char *there = (char *)at;

	check_result(ring_fixed(ring, direct, false, there, PINNED, 0), 0,
		     "a write from pinned pages");
	check(!wrong_in_file(at, old), "%lu of the pinned pages changed",
	      wrong_in_file(at, old));
	paint_file(at, new);
	check_result(ring_fixed(ring, direct, true, there, PINNED, 0), 0,
		     "a read into pinned pages");
	paint_file(at, 9);
	check_result(ring_fixed(ring, direct, false, there, PINNED, 0), 0,
		     "a write from pinned pages");
	check(!wrong_in_file(at, new), "%lu of the pinned pages were not read",
	      wrong_in_file(at, new));
}

static void pinned(void)
{
	const uint64_t other = 32 * MIB;
	uint64_t at = start + 16 * MIB;
	struct order look = {
		.what = PAINT,
		.at = (char *)at,
		.length = PINNED,
		.tag = 3,
	};
	struct io_uring ring;
	long before, pinned_now;
	char *memory;

	start_clients();
	must(!ftruncate(file, PINNED), "ftruncate: %m");
	region_fill(fd, at, PINNED, RW);
	paint((void *)at, PINNED, STEP, 1);
	ring_open(&ring);
	before = pins_at_rest();
	must(!ring_register(&ring, (void *)at, PINNED), "no fixed buffers");
	pinned_now = pins_at_rest() - before;
	check(pinned_now == (long)(PINNED / PAGE), "%ld pages pinned",
	      pinned_now);

	/* UNMAP empties the range, and new memory is mapped there. */
	check_result(region_unmap(fd, at, PINNED), 0, "UNMAP");
	check(load((void *)at, &(uint64_t){ 0 }) == SIGSEGV,
	      "what is pinned stays mapped");
	region_fill(fd, at, PINNED, RW);
	tell(&witness, &look);
	use_pinned(&ring, at, 1, 2);
	check(!misses((void *)at, PINNED, STEP, 3),
	      "the pinned pages are those of the new memory");

	/* All of the memory is freed, and others use it. */
	peer_kill(&target);
	peer_kill(&witness);
	munmap((void *)start, size);
	close(fd);
	unlink(path);
	sleep_ms(300);
	memory = mmap(NULL, other, RW, ANY_ANON, -1, 0);
	must(memory != MAP_FAILED, "mmap: %m");
	paint(memory, other, STEP, 4);
	use_pinned(&ring, at, 2, 5);
	check(!misses(memory, other, STEP, 4), "others' memory changed");
	io_uring_queue_exit(&ring);
	settle(pins, before);
	pinned_now = pins_at_rest() - before;
	check(!pinned_now, "%ld pages stay pinned", pinned_now);
	munmap(memory, other);
	close(direct);
	close(file);
}

/*
 * The kernel forbids long-term writes to pages of a disk's file behind the file
 * system's back; a region does not circumvent that.
 */
static void lasting_files(void)
{
	const struct span *span = &spans[3];
	struct io_uring ring;

	start_clients();
	map_span(span);
	ring_open(&ring);
	for (enum state state = ABSENT; state < NR_STATES; state++) {
		prepare(span, state, &movers[0], &all_rights);
		check_result(
			ring_register(&ring, address_of(span), span->length),
			EFAULT, "fixed buffers in %s, %s", span->name,
			states[state]);
	}
	io_uring_queue_exit(&ring);
	end_clients();
}

/* Futexes: the kernel identifies a futex by its page, in any process. */

struct sync {
	pthread_mutex_t mutex, robust;
	pthread_cond_t turn;
	uint64_t count;
	uint32_t word;
};

#define ROUNDS 500

static struct sync *sync_words(void)
{
	return (struct sync *)(start + 16 * MIB);
}

static void init_sync(struct sync *sync)
{
	pthread_mutexattr_t attr;
	pthread_condattr_t shared;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	must(!pthread_mutex_init(&sync->mutex, &attr), "no mutex");
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	must(!pthread_mutex_init(&sync->robust, &attr), "no robust mutex");
	pthread_condattr_init(&shared);
	pthread_condattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	must(!pthread_cond_init(&sync->turn, &shared), "no condition");
}

/* Odd and even processes alternate: each wakes the other. */
static void count_in_turn(struct peer *parent, void *arg)
{
	struct sync *sync = sync_words();
	uint64_t mine = (uintptr_t)arg;

	(void)parent;
	attach(O_RDWR, RW);
	pthread_mutex_lock(&sync->mutex);
	while (sync->count < ROUNDS) {
		while (sync->count % 2 != mine && sync->count < ROUNDS)
			pthread_cond_wait(&sync->turn, &sync->mutex);
		sync->count++;
		pthread_cond_broadcast(&sync->turn);
	}
	pthread_mutex_unlock(&sync->mutex);
}

static void hold_and_stay(struct peer *parent, void *arg)
{
	(void)arg;
	attach(O_RDWR, RW);
	check(!pthread_mutex_lock(&sync_words()->robust), "lock");
	go(parent);
	wait_go(parent);
}

static long futex(uint32_t *word, int operation, uint32_t value)
{
	const struct timespec limit = { .tv_sec = 60 };

	return syscall(SYS_futex, word, operation, value,
		       operation == FUTEX_WAIT ? &limit : NULL, NULL, 0) < 0 ?
		       -errno :
		       0;
}

static void wait_on_word(struct peer *parent, void *arg)
{
	uint32_t *word = &sync_words()->word;

	attach((uintptr_t)arg, PROT_READ);
	go(parent);
	while (!*(volatile uint32_t *)word)
		must(futex(word, FUTEX_WAIT, 0) != -ETIMEDOUT,
		     "nobody wakes this process");
}

/* A waiter with read access only, and a page that is absent before the wait. */
static void wake_reader(int flags)
{
	uint32_t *word = &sync_words()->word;
	struct peer waiter;
	int woken = 0;

	must(!region_advise(fd, (uint64_t)sync_words(), PAGE, MADV_REMOVE),
	     "MADV_REMOVE");
	waiter = peer_start(wait_on_word, (void *)(uintptr_t)flags);
	wait_go(&waiter);
	/* Each process that is woken has waited for the same word. */
	for (int i = 0; i < 3000 && woken < 1; i++) {
		sleep_ms(10);
		woken = syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
	}
	check(woken == 1, "FUTEX_WAKE reaches %d", woken);
	store(word, 1);
	futex(word, FUTEX_WAKE, 1);
	peer_end(&waiter);
}

static void futexes(void)
{
	struct sync *sync = sync_words();
	struct peer peers[2];

	size = 2 * granule;
	fd = region_create(path = region_path(), start, size);
	region_fill(fd, start + 16 * MIB, 16 * PAGE, RW);
	attach(O_RDWR, RW);
	init_sync(sync);
	for (uintptr_t i = 0; i < 2; i++)
		peers[i] = peer_start(count_in_turn, (void *)i);
	for (int i = 0; i < 2; i++)
		peer_end(&peers[i]);
	check(sync->count >= ROUNDS && sync->count <= ROUNDS + 1,
	      "%lu rounds, not %d", sync->count, ROUNDS);

	/* A process dies with a lock that others wait for. */
	peers[0] = peer_start(hold_and_stay, NULL);
	wait_go(&peers[0]);
	check(pthread_mutex_trylock(&sync->robust) == EBUSY,
	      "the lock is free although somebody holds it");
	peer_kill(&peers[0]);
	check(pthread_mutex_lock(&sync->robust) == EOWNERDEAD,
	      "nobody says that the owner died");
	check(!pthread_mutex_consistent(&sync->robust) &&
		      !pthread_mutex_unlock(&sync->robust) &&
		      !pthread_mutex_lock(&sync->robust),
	      "the lock cannot be used any more");

	wake_reader(O_RDONLY);
	wake_reader(O_RDWR);
	check_result(futex((uint32_t *)(start + 64 * MIB), FUTEX_WAIT, 0),
		     EFAULT, "a futex in a hole");
	close(fd);
}

static const struct test_case cases[] = {
	{ "by-client",
	  "O_DIRECT, AIO, io_uring and vmsplice of a client use the shared memory",
	  by_client },
	{ "from-outside",
	  "process_vm_writev, /proc/PID/mem and ptrace use the shared memory",
	  from_outside },
	{ "read-only", "I/O does not write to a read-only window or mapping",
	  read_only },
	{ "no-access", "only debuggers can read a window without access rights",
	  no_access },
	{ "holes", "I/O to a hole fails", holes },
	{ "pinned",
	  "fixed buffers of io_uring outlive the mapping and the region",
	  pinned },
	{ "lasting-files", "io_uring refuses files on disks as fixed buffers",
	  lasting_files },
	{ "futexes",
	  "mutexes, condition variables and futexes work between processes",
	  futexes },
};

static void setup(void)
{
	start = region_address(300);
}

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
