// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program of cases that end in each way in which a case can end, for
 * 320-harness.bats. The harness is tests/kernel/support/case.c; what would change
 * the machine has stand-ins here.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "case.h"
#include "check.h"
#include "region.h"
#include "swap.h"

static int prepared;

void regions_init(void)
{
}

const char *swap_device(void)
{
	return getenv("SWAP");
}

void swap_add(void)
{
	setenv("SWAP", "on", 1);
}

void swap_remove(void)
{
	unsetenv("SWAP");
}

static void setup(void)
{
	prepared++;
}

static void passes(void)
{
	puts("nobody reads this");
	check(prepared == 1, "set up %d times", prepared);
}

static void fails(void)
{
	puts("before");
	check(prepared == 2, "set up %d times", prepared);
	check(false, "the second");
}

static void stops(void)
{
	must(false, "the first");
	check(false, "the second");
}

static void crashes(void)
{
	abort();
}

static void leaves(void)
{
	exit(3);
}

static void hangs(void)
{
	if (!fork())
		sleep(10);
	pause();
}

static void skips(void)
{
	skip_case("nothing to see");
}

static void swaps(void)
{
	check(swap_device(), "no swap space");
}

static void does_not_swap(void)
{
	check(!swap_device(), "swap space");
}

static void leaves_regions(void)
{
	check(open(MSHARE_MOUNT "/directory/region", O_CREAT, 0600) >= 0,
	      "open: %m");
}

static const struct test_case cases[] = {
	{ "passes", "a case passes", passes },
	{ "fails", "a case fails", fails },
	{ "stops", "a case stops", stops },
	{ "crashes", "a case crashes", crashes },
	{ "leaves", "a case exits", leaves },
	{ "hangs", "a case hangs", hangs },
	{ "skips", "a case is skipped", skips },
	{ "swaps", "swap space is there", swaps, CASE_SWAP },
	{ "does-not-swap", "swap space is not there", does_not_swap },
	{ "leaves-regions", "a region stays", leaves_regions },
	{ "internal", NULL, passes },
	{ "normal", "a case of the normal kernel", passes, CASE_NORMAL },
	{ "debug", "a case of the debug kernel", passes, CASE_DEBUG },
	{ "long", "a long case", passes, CASE_LONG },
};

int main(int argc, char **argv)
{
	return run_cases(cases, setup, argc, argv);
}
