/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses that may raise a signal, and which signal it was. */
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

/* Each returns the number of the signal, or 0 if the access succeeded. */
int load(const volatile void *addr, uint64_t *value);
int store(volatile void *addr, uint64_t value);
/* Runs @act, which a signal may end at any moment. */
int signal_of(void (*act)(void *arg), void *arg);
/* Runs the machine code at @addr, which must return at once. */
int call(const void *addr);

/*
 * Accesses @addr repeatedly, without a system call in between, until the access
 * raises a signal. @count follows each access; store_until_fault() stores the
 * new value of @count, load_until_fault() stores the first value that it read
 * in @first.
 */
void load_until_fault(const volatile void *addr, volatile uint64_t *count,
		      volatile uint64_t *first);
void store_until_fault(volatile void *addr, volatile uint64_t *count);

/* The value at @addr, or all ones if it cannot be read. */
uint64_t peek(const volatile void *addr);

/*
 * Is it the word, or, where only parts of it were there yet when its bytes were
 * copied one by one, 0 in the place of others?
 */
bool is_part_of(uint64_t found, uint64_t word);

/* Machine code that returns at once, as a value for store(). */
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
