// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stddef.h>

#include "check.h"
#include "touch.h"

__thread struct touch_fault touch_fault;

static __thread sigjmp_buf after_fault;
static __thread volatile int may_fault;

#if defined(__x86_64__)
const uint64_t return_instruction = 0xc3;
#elif defined(__aarch64__)
const uint64_t return_instruction = 0xd65f03c0;
#endif

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (!may_fault) {
		/* Not from an access of this file: use the default action. */
		struct sigaction act = { .sa_handler = SIG_DFL };

		sigaction(signal, &act, NULL);
		return;
	}
	touch_fault.signal = signal;
	touch_fault.code = info->si_code;
	touch_fault.addr = info->si_addr;
	touch_fault.lsb = info->si_addr_lsb;
	siglongjmp(after_fault, 1);
}

void touch_init(void)
{
	struct sigaction act = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO,
	};

	must(!sigaction(SIGSEGV, &act, NULL), "sigaction: %m");
	must(!sigaction(SIGBUS, &act, NULL), "sigaction: %m");
}

/* A macro because the frame that called sigsetjmp() must stay alive. */
#define try(access)                                      \
	do {                                             \
		touch_fault = (struct touch_fault){ 0 }; \
		may_fault = 1;                           \
		if (!sigsetjmp(after_fault, 1))          \
			access;                          \
		may_fault = 0;                           \
	} while (0)

int load(const volatile void *addr, uint64_t *value)
{
	try(*value = *(const volatile uint64_t *)addr);
	return touch_fault.signal;
}

int store(volatile void *addr, uint64_t value)
{
	try(*(volatile uint64_t *)addr = value);
	return touch_fault.signal;
}

int signal_of(void (*act)(void *arg), void *arg)
{
	try(act(arg));
	return touch_fault.signal;
}

int call(const void *addr)
{
	try(((void (*)(void))addr)());
	return touch_fault.signal;
}

static void load_for_ever(const volatile uint64_t *word,
			  volatile uint64_t *count, volatile uint64_t *first)
{
	*first = *word;
	for (;;) {
		(void)*word;
		++*count;
	}
}

void load_until_fault(const volatile void *addr, volatile uint64_t *count,
		      volatile uint64_t *first)
{
	try(load_for_ever(addr, count, first));
}

static void store_for_ever(volatile uint64_t *word, volatile uint64_t *count)
{
	for (;;) {
		*word = *count + 1;
		++*count;
	}
}

void store_until_fault(volatile void *addr, volatile uint64_t *count)
{
	try(store_for_ever(addr, count));
}

uint64_t peek(const volatile void *addr)
{
	uint64_t value;

	return load(addr, &value) ? ~0ULL : value;
}

bool is_part_of(uint64_t found, uint64_t word)
{
	for (uint64_t byte = 0xff; byte; byte <<= 8)
		if ((found & byte) && (found & byte) != (word & byte))
			return false;
	return true;
}

uint64_t paint_for(const void *word, uint64_t tag)
{
	return (uint64_t)word ^ (tag << 48) ^ 0x5a5a;
}

void paint(void *from, uint64_t size, uint64_t step, uint64_t tag)
{
	for (char *word = from; word < (char *)from + size; word += step)
		*(volatile uint64_t *)word = paint_for(word, tag);
}

uint64_t misses(const void *from, uint64_t size, uint64_t step, uint64_t tag)
{
	uint64_t count = 0;

	for (const char *word = from; word < (const char *)from + size;
	     word += step)
		count += peek(word) != paint_for(word, tag);
	return count;
}
