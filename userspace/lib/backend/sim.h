/* SPDX-License-Identifier: MIT */
/*
 * The simulator backend: a small driver over the registers of the hardware
 * model, in this process. sim.c opens and closes it, sim_queue.c has queues and
 * fences, sim_core.c a core's ring and thread, sim_memory.c page tables.
 *
 * One mutex guards the machine and all of this; cores compute without it.
 */
#ifndef OCTET_SIM_H
#define OCTET_SIM_H

#include "backend.h"
#include "ranges.h"
#include "watch.h"

#include <core/bits.h>
#include <core/octet_core.h>
#include <octet_regs.h>

#define SIM_ASID		1
#define SIM_ASIDS		16
#define SIM_RING_ORDER		7
#define SIM_RING		(1u << SIM_RING_ORDER)
#define SIM_QUEUE_DEPTH		1024
#define SIM_WAITS		128
/* A job that gives its core no work for so long hangs: the driver's default limit. */
#define SIM_HANG_NS		((int64_t)2000000000)

/**
 * struct sim_memory - what the machine may reach, and where
 *
 * A DMA address is an address of this process, checked against @dma.
 *
 * @va: mapped addresses
 * @asids: ASID table
 * @root: root page table of SIM_ASID
 * @tables: page tables, with the root
 */
struct sim_memory {
	struct octet_ranges dma, va;
	uint64_t *asids;
	uint64_t *root;
	size_t tables;
};

/** struct sim_pending - a job of a queue */
struct sim_pending {
	uint64_t cmd_va, report_va, budget;
	uint32_t cmd_count, sw, lb;
	uint32_t waits;
	bool irq;
};

struct sim_wait {
	struct sim_queue *queue;
	uint64_t seq;
};

/**
 * struct sim_queue
 *
 * @refs: of the public queue and of waits for it
 * @pending: jobs not yet on a ring, numbers @taken + 1 ..
 * @waits: what the pending jobs wait for, in their order
 * @state: error != 0: nothing more will run
 * @watchers: descriptors of fences
 */
struct sim_queue {
	struct sim *sim;
	struct sim_core *core;
	struct sim_queue *next;
	enum octet_priority priority;
	unsigned int refs;
	uint64_t taken;
	struct sim_pending pending[SIM_QUEUE_DEPTH];
	size_t head, count;
	struct sim_wait waits[SIM_WAITS];
	size_t wait_head, wait_count;
	struct octet_queue_state state;
	struct octet_watch *watchers;
};

/** struct sim_flight - an entry on a ring; @queue NULL: cancelled */
struct sim_flight {
	struct sim_queue *queue;
	struct octet_ring_entry entry;
};

/**
 * struct sim_core
 *
 * @tail: entries published; @done: entries completed: flight[done..tail)
 * @cq_head: completions consumed
 * @worked_ns: when it last had something to do
 */
struct sim_core {
	struct sim *sim;
	unsigned int index;
	pthread_t thread;
	bool threaded;
	pthread_cond_t wake;
	bool kicked, irq;
	struct octet_ring_entry *ring;
	struct octet_completion *cq;
	uint32_t tail, done, cq_head;
	uint64_t seq;
	struct sim_flight flight[SIM_RING];
	struct sim_queue *queues;
	unsigned int queue_count;
	int64_t worked_ns;
};

/** struct sim - @done is signalled when jobs end or a core has stepped */
struct sim {
	struct octet_ctx *ctx;
	struct octet_machine *machine;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool stop, gone;
	unsigned int invalidating;
	unsigned int core_count;
	struct sim_core cores[OCTET_CORE_MAX];
	struct sim_memory memory;
};

/* sim_memory.c: all but init under the lock */

int sim_memory_init(struct sim_memory *memory);
void sim_memory_free(struct sim_memory *memory);
/** sim_memory_dma() - zeroed pages that the machine reaches; NULL: no memory */
void *sim_memory_dma(struct sim_memory *memory, size_t bytes);
void sim_memory_dma_free(struct sim_memory *memory, void *host, size_t bytes);
/** sim_memory_map() - a device address for pages; -ENOSPC, -ENOMEM */
int sim_memory_map(struct sim_memory *memory, void *host, size_t bytes, bool writable,
		   uint64_t *va);
/** sim_memory_unmap() - clears the entries; the caller invalidates */
void sim_memory_unmap(struct sim_memory *memory, uint64_t va, size_t bytes);
bool sim_memory_reaches(const struct sim_memory *memory, uint64_t addr, size_t bytes);

/* sim_core.c */

int sim_core_start(struct sim_core *core);
void sim_core_stop(struct sim_core *core);
/** sim_core_feed() - publish what may run */
void sim_core_feed(struct sim_core *core);
uint32_t sim_read(struct sim *sim, uint64_t offset);
void sim_write(struct sim *sim, uint64_t offset, uint32_t value);

/* sim_queue.c */

int sim_queue_new(struct octet_queue *queue, enum octet_priority priority);
void sim_queue_free(struct octet_queue *queue);
int sim_submit(struct octet_queue *queue, const struct octet_run *run);
int sim_queue_wait(struct octet_queue *queue, uint64_t seq, int64_t deadline);
int sim_queue_state(struct octet_queue *queue, struct octet_queue_state *state);
int sim_fence_fd(struct octet_fence *fence, int *fd);
/** sim_queue_ready() - its oldest job has nothing to wait for */
bool sim_queue_ready(struct sim_queue *queue);
/** sim_queue_fail() - its oldest unfinished job failed: cancel the rest */
void sim_queue_fail(struct sim_queue *queue, const struct octet_queue_state *why);
/** sim_queue_signal() - tell those who wait */
void sim_queue_signal(struct sim_queue *queue);

#endif /* OCTET_SIM_H */
