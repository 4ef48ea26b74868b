// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults KIND COUNT: nanoseconds for a first touch by COUNT processes that
 * share a region ("msharefs") or COUNT threads of one process ("plain"). Each
 * touches its own part of the memory, all at the same time.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "counters.h"
#include "crowd.h"
#include "memory.h"

#define PART      (128 * MIB)
#define MAX_COUNT 64

static struct memory memory;
static volatile char *shared;

static void touch_part(int number)
{
	volatile char *part = shared + number * PART;

	for (uint64_t i = 0; i < PART; i += PAGE)
		part[i] = 0;
}

static void attach(int number)
{
	shared = memory_map(&memory);
	pin_to(number);
}

static void *thread(void *number)
{
	pin_to((int)(intptr_t)number);
	touch_part((int)(intptr_t)number);
	return NULL;
}

static uint64_t run_threads(int count)
{
	pthread_t threads[MAX_COUNT];
	uint64_t since = now();

	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, thread,
				   (void *)(intptr_t)i))
			fail("pthread_create");
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return now() - since;
}

static uint64_t run_processes(int count)
{
	struct crowd crowd = crowd_start(count, attach, touch_part);
	uint64_t since = now(), took;

	crowd_step(&crowd);
	took = now() - since;
	crowd_end(&crowd);
	return took;
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0;
	uint64_t took;

	if (count < 1 || count > MAX_COUNT)
		return EXIT_FAILURE;
	memory = memory_make(argv[1], count * PART);
	if (memory.region) {
		took = run_processes(count);
	} else {
		shared = memory_map(&memory);
		took = run_threads(count);
	}
	report("first-touch", took / (count * (PART / PAGE)));
	return EXIT_SUCCESS;
}
