/* SPDX-License-Identifier: MIT */
/* Threads that share the parts of an operation, the caller among them. */
#ifndef OCTET_CPU_THREADS_H
#define OCTET_CPU_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#define CPU_THREADS_MAX	64u
#define CPU_PARTS_MAX	64u

struct cpu_threads;

/* Processors that this process may use. */
unsigned int octet_cpu_processors(void);

/* Does part @part with what belongs to thread @thread, 0 the caller; 0 or an error. */
typedef int (*cpu_part_fn)(void *context, unsigned int part,
			   unsigned int thread);

/* @count threads, of which the caller is one; NULL: out of memory. Starts none. */
struct cpu_threads *octet_cpu_threads_new(unsigned int count);

/* Ends and joins them; NULL is allowed. */
void octet_cpu_threads_free(struct cpu_threads *t);

/*
 * Starts what does not run yet, and says how many there are, the caller included:
 * fewer than wanted if the system refuses some. A process that was forked has none
 * of its parent's and starts its own.
 */
unsigned int octet_cpu_threads_start(struct cpu_threads *t);

/*
 * Calls @fn once for each part below @parts, at most CPU_PARTS_MAX, and returns when
 * all have been done: 0 or one of the errors. Who does what is not fixed: a thread
 * begins with its own share and goes on with what nobody has begun, so that one
 * that the system does not let run holds up no more than the part that it is in.
 * Helpers compute with the caller's floating-point environment.
 */
int octet_cpu_threads_run(struct cpu_threads *t, unsigned int parts,
			  cpu_part_fn fn, void *context);

/*
 * Whether more is to come soon. Until then helpers that have nothing to do sleep at
 * once; else they look for more for some microseconds before.
 */
void octet_cpu_threads_expect(struct cpu_threads *t, bool more);

/* Parts done by helpers since they were made. */
uint64_t octet_cpu_threads_helped(const struct cpu_threads *t);

#endif
