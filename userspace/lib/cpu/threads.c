/* SPDX-License-Identifier: MIT */
/*
 * Threads that share the parts of an operation. A part is a bit of a word: who sets
 * it does the part. Between operations all bits are set, so that there is nothing
 * for one that comes late. Locks are for sleeping alone.
 */
#define _GNU_SOURCE
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "threads.h"

/* How long one looks for something to happen before it sleeps. */
#define LOOK_NS		30000
#define PAUSES		64

/**
 * struct helper - a thread besides the caller
 * @done: parts that it did
 */
struct helper {
	struct cpu_threads *all;
	unsigned int index;
	pthread_t thread;
	_Atomic uint64_t done;
};

/**
 * struct cpu_threads
 * @wanted: threads, the caller included
 * @count: those that there are; 0 before the first start
 * @owner: process that started them
 * @look: as many processors as threads: to look for work takes nobody's time
 * @taken: bit by part: begun, or there is no such part
 * @open: parts that are not done
 * @parts: of the operation
 * @expect: see octet_cpu_threads_expect()
 * @asleep: helpers in the condition @work, or about to be
 * @lock: of what follows, up to @env
 * @waits: the caller is in the condition @done
 * @env, @fn, @context, @error: of the operation; read by who has taken a part
 */
struct cpu_threads {
	unsigned int wanted, count;
	pid_t owner;
	bool look;
	_Atomic uint64_t taken;
	atomic_uint open, parts;
	atomic_bool expect;
	atomic_uint asleep;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool stop, waits;
	fenv_t env;
	cpu_part_fn fn;
	void *context;
	atomic_int error;
	struct helper helper[];
};

unsigned int octet_cpu_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void pause_short(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* A part that nobody has begun, one's own share first; -1: there is none. */
static int take(struct cpu_threads *t, unsigned int thread)
{
	uint64_t taken = atomic_load(&t->taken);

	while (~taken) {
		const unsigned int first = thread * atomic_load_explicit(
			&t->parts, memory_order_relaxed) / t->wanted;
		const uint64_t own = ~taken & ~UINT64_C(0) << first;
		const int part = __builtin_ctzll(own ? own : ~taken);

		if (atomic_compare_exchange_weak(&t->taken, &taken, taken |
						 UINT64_C(1) << part))
			return part;
	}
	return -1;
}

static void finish_part(struct cpu_threads *t)
{
	if (atomic_fetch_sub(&t->open, 1) > 1)
		return;
	pthread_mutex_lock(&t->lock);
	if (t->waits)
		pthread_cond_signal(&t->done);
	pthread_mutex_unlock(&t->lock);
}

static void do_part(struct cpu_threads *t, unsigned int part,
		    unsigned int thread)
{
	const int err = t->fn(t->context, part, thread);

	if (err)
		atomic_store(&t->error, err);
}

/* Looks for a part, or for the end; false: found nothing in the time there is. */
static bool look(struct cpu_threads *t)
{
	int64_t end = 0;

	while (atomic_load_explicit(&t->expect, memory_order_relaxed)) {
		for (int i = 0; i < PAUSES; i++) {
			if (~atomic_load_explicit(&t->taken,
						  memory_order_relaxed))
				return true;
			pause_short();
		}
		if (!end)
			end = now() + LOOK_NS;
		else if (now() > end)
			return false;
	}
	return false;
}

/* Returns when there is a part; false: the threads are to end. */
static bool sleep_until(struct cpu_threads *t)
{
	bool stop;

	pthread_mutex_lock(&t->lock);
	/* the caller looks at one after it has written the other, so do we */
	atomic_fetch_add(&t->asleep, 1);
	while (!t->stop && !~atomic_load(&t->taken))
		pthread_cond_wait(&t->work, &t->lock);
	atomic_fetch_sub(&t->asleep, 1);
	stop = t->stop;
	pthread_mutex_unlock(&t->lock);
	return !stop;
}

static void *help(void *opaque)
{
	struct helper *h = opaque;
	struct cpu_threads *t = h->all;
	int part;

	do {
		while ((part = take(t, h->index)) >= 0) {
			fesetenv(&t->env);
			do_part(t, (unsigned int)part, h->index);
			atomic_fetch_add_explicit(&h->done, 1,
						  memory_order_relaxed);
			finish_part(t);
		}
	} while ((t->look && look(t)) || sleep_until(t));
	return NULL;
}

static void reset(struct cpu_threads *t)
{
	t->count = 0;
	t->stop = t->waits = false;
	atomic_init(&t->taken, ~UINT64_C(0));
	atomic_init(&t->open, 0);
	atomic_init(&t->parts, 0);
	atomic_init(&t->expect, false);
	atomic_init(&t->asleep, 0);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->work, NULL);
	pthread_cond_init(&t->done, NULL);
}

struct cpu_threads *octet_cpu_threads_new(unsigned int count)
{
	struct cpu_threads *t;

	t = calloc(1, sizeof(*t) + count * sizeof(t->helper[0]));
	if (!t)
		return NULL;
	t->wanted = count;
	reset(t);
	return t;
}

void octet_cpu_threads_free(struct cpu_threads *t)
{
	if (!t)
		return;
	/* a forked process has nothing of it but the memory */
	if (t->count && t->owner == getpid()) {
		pthread_mutex_lock(&t->lock);
		t->stop = true;
		pthread_cond_broadcast(&t->work);
		pthread_mutex_unlock(&t->lock);
		atomic_store(&t->expect, false);
		for (unsigned int i = 1; i < t->count; i++)
			pthread_join(t->helper[i - 1].thread, NULL);
		pthread_cond_destroy(&t->work);
		pthread_cond_destroy(&t->done);
		pthread_mutex_destroy(&t->lock);
	}
	free(t);
}

unsigned int octet_cpu_threads_start(struct cpu_threads *t)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
	sigset_t all, before;

	if (t->count && t->owner != getpid())
		reset(t);
	if (t->count)
		return t->count;
	t->owner = getpid();
	t->look = octet_cpu_processors() >= t->wanted;
	/* signals are for the program's own threads, but for those of faults */
	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (t->count = 1; t->count < t->wanted; t->count++) {
		struct helper *h = &t->helper[t->count - 1];

		h->all = t;
		h->index = t->count;
		if (pthread_create(&h->thread, NULL, help, h))
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return t->count;
}

static void wake(struct cpu_threads *t, unsigned int most)
{
	unsigned int asleep;

	if (!atomic_load(&t->asleep))
		return;
	/* with the lock: those who are about to sleep do so by now */
	pthread_mutex_lock(&t->lock);
	asleep = atomic_load(&t->asleep);
	pthread_mutex_unlock(&t->lock);
	for (unsigned int i = 0; i < most && i < asleep; i++)
		pthread_cond_signal(&t->work);
}

/* Others are in their last parts. */
static void wait(struct cpu_threads *t)
{
	const int64_t end = now() + LOOK_NS;

	while (atomic_load(&t->open) && t->look && now() < end)
		for (int i = 0; i < PAUSES && atomic_load_explicit(&t->open,
						memory_order_relaxed); i++)
			pause_short();
	if (!atomic_load(&t->open))
		return;
	pthread_mutex_lock(&t->lock);
	t->waits = true;
	while (atomic_load(&t->open))
		pthread_cond_wait(&t->done, &t->lock);
	t->waits = false;
	pthread_mutex_unlock(&t->lock);
}

int octet_cpu_threads_run(struct cpu_threads *t, unsigned int parts,
			  cpu_part_fn fn, void *context)
{
	int part;

	t->fn = fn;
	t->context = context;
	fegetenv(&t->env);
	atomic_store(&t->error, 0);
	atomic_store(&t->parts, parts);
	atomic_store(&t->open, parts);
	atomic_store(&t->taken, parts < 64 ? ~UINT64_C(0) << parts : 0);
	wake(t, parts - 1);
	while ((part = take(t, 0)) >= 0) {
		do_part(t, (unsigned int)part, 0);
		atomic_fetch_sub(&t->open, 1);
	}
	wait(t);
	return atomic_load(&t->error);
}

void octet_cpu_threads_expect(struct cpu_threads *t, bool more)
{
	atomic_store_explicit(&t->expect, more, memory_order_relaxed);
}

uint64_t octet_cpu_threads_helped(const struct cpu_threads *t)
{
	uint64_t all = 0;

	for (unsigned int i = 1; i < t->wanted; i++)
		all += atomic_load_explicit(&t->helper[i - 1].done,
					    memory_order_relaxed);
	return all;
}
