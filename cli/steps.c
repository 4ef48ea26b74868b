// SPDX-License-Identifier: GPL-2.0-only
#include "steps.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "progress.h"

/* The kernel's own steps are smaller, and divide this size. */
#define STEP (64ULL << 20)

/* Between two looks at the progress, in nanoseconds. */
#define LOOK 100000000

/* The work is in a thread, because a blocked signal interrupts no request. */
struct work {
	const struct steps *steps;
	pthread_t waiter;
	_Atomic uint64_t done;
	atomic_bool has_ended;
	int err; /* valid after the thread */
};

/* Up to the next multiple of STEP. */
static uint64_t step_size(struct range left)
{
	const uint64_t size = STEP - left.start % STEP;

	return size < left.size ? size : left.size;
}

static int apply_all(const struct steps *s, struct work *w)
{
	struct range left = s->range;
	int hole = 0, err;

	while (left.size) {
		struct range step = { left.start, step_size(left) };

		err = s->apply(s->fd, step, s->input);
		if (err == -ENOMEM && s->passes_holes)
			hole = err;
		else if (err)
			return err;
		left.start += step.size;
		left.size -= step.size;
		atomic_store(&w->done, s->range.size - left.size);
	}
	return hole;
}

static void *work(void *data)
{
	struct work *w = data;

	w->err = apply_all(w->steps, w);
	atomic_store(&w->has_ended, true);
	/* Blocked in all threads: a mark that wakes the waiter. */
	pthread_kill(w->waiter, SIGCHLD);
	return NULL;
}

/* Blocks the signals to take; those that are blocked already stay so. */
static void block(sigset_t *set, sigset_t *before)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(set, taken[i]);
	pthread_sigmask(SIG_BLOCK, set, before);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (sigismember(before, taken[i]) == 1)
			sigdelset(set, taken[i]);
}

/* The signal ends the process, and thereby a request of the other thread. */
static void take(int sig, const struct work *w, struct progress *p,
		 const sigset_t *before)
{
	if (sig < 0 || sig == SIGCHLD || !interrupt_ends(sig))
		return;
	progress_end(p);
	progress_interrupted(w->steps->name, atomic_load(&w->done), p->total,
			     NULL);
	pthread_sigmask(SIG_SETMASK, before, NULL);
	kill(getpid(), sig);
}

static void await(struct work *w, const sigset_t *set, const sigset_t *before)
{
	struct progress p =
		progress_begin(w->steps->range.size, w->steps->quiet);
	struct timespec ts = { .tv_nsec = LOOK };

	while (!atomic_load(&w->has_ended)) {
		take(sigtimedwait(set, NULL, &ts), w, &p, before);
		progress_update(&p, atomic_load(&w->done));
	}
	/* A signal of the last moment. */
	ts.tv_nsec = 0;
	for (int sig; (sig = sigtimedwait(set, NULL, &ts)) > 0;)
		take(sig, w, &p, before);
	progress_end(&p);
}

int steps_apply(const struct steps *s)
{
	struct work w = { .steps = s, .waiter = pthread_self() };
	sigset_t set, before;
	pthread_t thread;

	if (s->range.size <= STEP)
		return s->apply(s->fd, s->range, s->input);
	block(&set, &before);
	if (pthread_create(&thread, NULL, work, &w)) {
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		return apply_all(s, &w);
	}
	await(&w, &set, &before);
	pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w.err;
}
