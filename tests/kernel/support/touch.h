/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses that may end in a signal, and which it was. */
#ifndef GUEST_TOUCH_H
#define GUEST_TOUCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* The signal that the last access of this thread raised. */
struct touch_fault {
	int signal;
	int code;
	void *addr;
	/* Of BUS_MCEERR_*: how much memory failed, as a power of two. */
	int lsb;
};

extern __thread struct touch_fault touch_fault;

void touch_init(void);

/* Each returns the signal's number, or 0 when the access worked. */
int load(const volatile void *addr, uint64_t *value);
int store(volatile void *addr, uint64_t value);
/* Runs @act, which may be left at any moment. */
int signal_of(void (*act)(void *arg), void *arg);
/* Runs the machine code at @addr, which is to return at once. */
int call(const void *addr);

/*
 * Accesses @addr again and again, with no system call between, until that
 * raises a signal. @count follows each access; store_until_fault() stores the
 * value that @count has afterwards, load_until_fault() leaves the first value
 * that it saw in @first.
 */
void load_until_fault(const volatile void *addr, volatile uint64_t *count,
		      volatile uint64_t *first);
void store_until_fault(volatile void *addr, volatile uint64_t *count);

/* The value at @addr, or all ones when it cannot be read. */
uint64_t peek(const volatile void *addr);

/*
 * Is it the word, or, where only parts of it were there yet when its bytes were
 * copied one by one, 0 in the place of others?
 */
bool is_part_of(uint64_t found, uint64_t word);

/* Machine code that returns at once, in a value that store() can put down. */
extern const uint64_t return_instruction;

/*
 * Touches a word at every @step bytes: writes the word's own address mixed
 * with @tag, or looks whether it is still there and returns how many are not.
 * paint_for() is what such a word holds.
 */
uint64_t paint_for(const void *word, uint64_t tag);
void paint(void *from, uint64_t size, uint64_t step, uint64_t tag);
uint64_t misses(const void *from, uint64_t size, uint64_t step, uint64_t tag);

#endif /* GUEST_TOUCH_H */
