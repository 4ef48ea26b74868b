// SPDX-License-Identifier: GPL-2.0-only
/*
 * flush KIND SLEEPERS: the cost of freeing a page that SLEEPERS sleeping
 * processes have used, by UNMAP and by advice, and of write-protecting the page.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

#define ROUNDS 15

static struct memory memory;

static void take_right(const struct memory *of)
{
	memory_protect(of, PROT_READ);
}

static void give_right(const struct memory *of)
{
	memory_protect(of, PROT_READ | PROT_WRITE);
}

static void leave(const struct memory *of)
{
	(void)of;
}

/* For plain memory, only the operations that affect all sharers. */
static const struct operation {
	const char *metric, *interrupts;
	bool plain;
	void (*run)(const struct memory *of);
	void (*undo)(const struct memory *of);
} operations[] = {
	{ "unmap", "unmap-interrupts", true, memory_take_away,
	  memory_give_back },
	{ "remove", "remove-interrupts", true, memory_punch, leave },
	{ "protect", "protect-interrupts", false, take_right, give_right },
};

static void attach(int number)
{
	(void)number;
	memory_map(&memory);
}

/* Always on the other CPU, which is idle and last ran one of the sleepers. */
static void attach_there(int number)
{
	pin_to(1);
	attach(number);
}

static void use(int number)
{
	(void)number;
	memory_write(&memory, PAGE);
}

static void measure(struct crowd *crowd, const struct operation *operation)
{
	uint64_t took[ROUNDS], interrupts[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t since, before;

		crowd_step(crowd);
		/* Until the last process sleeps. */
		usleep(10000);
		use(0);
		before = flush_interrupts(ALL_PROCESSORS);
		since = instructions();
		operation->run(&memory);
		took[i] = instructions() - since;
		interrupts[i] = flush_interrupts(ALL_PROCESSORS) - before;
		operation->undo(&memory);
	}
	report(operation->metric, median(took, ROUNDS));
	report(operation->interrupts, median(interrupts, ROUNDS));
}

int main(int argc, char **argv)
{
	struct crowd crowd;

	if (argc != 3)
		return EXIT_FAILURE;
	memory = memory_make(argv[1], PAGE);
	pin_to(0);
	crowd = crowd_start(atoi(argv[2]), attach_there, use);
	attach(0);
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (memory.region || operations[i].plain)
			measure(&crowd, &operations[i]);
	crowd_end(&crowd);
	return EXIT_SUCCESS;
}
