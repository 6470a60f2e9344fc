/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_CORE_H__
#define __OCTET_CORE_H__

#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "octet_ring.h"

struct drm_octet_core_counters;
struct octet_batch;
struct octet_client;
struct octet_device;
struct octet_fault;
struct octet_job;

/* Entries of a ring: four submits of the largest size. */
#define OCTET_RING_ORDER	8
#define OCTET_RING_ENTRIES	BIT(OCTET_RING_ORDER)

/*
 * No completion stays unannounced for longer. Whoever was promised a fence gets
 * an interrupt of its own; this one is for fences that others pick up later.
 */
#define OCTET_IRQ_DELAY_US	1000

/**
 * struct octet_core_stats - what the driver counts of a core, since probe
 *
 * @submitted: jobs put on the ring
 * @completed: fences signalled without error
 * @failed: fences signalled with an error
 * @faults: error completions of the device
 * @interrupts: interrupts handled
 * @timeouts: jobs ended for taking too long
 * @resets: core resets, those that did not help included
 * @busy_ns: time that a job was on the hardware
 */
struct octet_core_stats {
	u64 submitted;
	u64 completed;
	u64 failed;
	u64 faults;
	u64 interrupts;
	u64 timeouts;
	u64 resets;
	u64 busy_ns;
};

/**
 * enum octet_core_mode - what a core does with the jobs in flight
 *
 * @OCTET_CORE_OFF: nothing: they wait in the list for octet_core_restart()
 * @OCTET_CORE_RUNNING: they are in the ring, and it executes them
 * @OCTET_CORE_HELD: it takes no more of them; the one that runs goes on
 */
enum octet_core_mode {
	OCTET_CORE_OFF = 0,
	OCTET_CORE_RUNNING,
	OCTET_CORE_HELD,
};

/**
 * struct octet_halt - where a core was when it was stopped, for after its reset
 *
 * @valid: nobody has drawn the conclusions yet
 * @fetched: OCTET_CORE_RING_HEAD
 * @ring_error: OCTET_CORE_STATUS_RING_ERROR
 * @stopped: OCTET_CORE_STATUS_STOPPED
 * @seq: of the job that was given up
 * @command: its first command that has not run
 * @guilty: of the job that the reset is for, if that is known; else 0
 */
struct octet_halt {
	bool valid;
	u32 fetched;
	bool ring_error;
	bool stopped;
	u64 seq;
	u32 command;
	u64 guilty;
};

/**
 * struct octet_core - a core of the device
 *
 * @odev: device
 * @index: number of the core
 * @name: of the scheduler and its threads
 * @sched: its scheduler
 * @load: jobs given to the scheduler and not freed
 * @irq: Linux interrupt
 * @vector: MSI-X vector
 * @watchdog: looks whether the oldest job takes too long, recovers the core
 * @lock: protects what follows and orders the signalling of fences
 * @ring: ring and completion queue
 * @ring_dma: DMA address of the ring
 * @cq_dma: DMA address of the completion queue
 * @inflight: struct octet_job by octet_job.node, in ring order; the first runs
 * @head_ns: when the first one became the first
 * @mode: what it does with them
 * @watching: the watchdog is pending
 * @broken: what the device says cannot be trusted until a core reset
 * @retried: an entry could not be fetched, and no job has completed since
 * @dead: no hardware any more: fail jobs at once
 * @stats: counters; the running job's time is not in them yet
 * @halt: of the last time it was stopped
 * @base: what the device has counted before its counters were last cleared
 * @saved: @base has everything, the registers nothing to add
 * @epoch: changes with @base and @saved
 */
struct octet_core {
	struct octet_device *odev;
	u32 index;
	char name[16];
	struct drm_gpu_scheduler sched;
	atomic_t load;
	int irq;
	u32 vector;
	struct delayed_work watchdog;

	spinlock_t lock;	/* irq-safe */
	struct octet_ring ring;
	dma_addr_t ring_dma;
	dma_addr_t cq_dma;
	struct list_head inflight;
	u64 head_ns;
	enum octet_core_mode mode;
	bool watching;
	bool broken;
	bool retried;
	bool dead;
	struct octet_core_stats stats;
	struct octet_halt halt;
	u64 base[OCTET_COUNTERS];
	bool saved;
	u32 epoch;
};

int octet_core_init(struct octet_core *core, struct octet_device *odev, u32 index);
bool octet_core_push(struct octet_core *core, struct octet_batch *batch);
void octet_core_watch(struct octet_core *core);
bool octet_core_stuck(struct octet_core *core, int *error);
u64 octet_core_time_left_us(struct octet_core *core);

/* For octet_halt.c and octet_counters.c */
u32 octet_core_read(struct octet_core *core, u32 reg);
void octet_core_write(struct octet_core *core, u32 reg, u32 value);
struct octet_job *octet_core_head(struct octet_core *core);
u64 octet_core_time_left(struct octet_core *core);
void octet_core_account(struct octet_core *core);
void octet_core_retire(struct octet_core *core, struct octet_job *job, int error);
void octet_core_ban(struct octet_core *core, struct octet_job *bad,
		    const struct octet_fault *fault);
void octet_core_emit(struct octet_core *core, struct octet_job *job);
bool octet_core_complete(struct octet_core *core, const struct octet_completion *c);
bool octet_core_collect(struct octet_core *core);
void octet_core_process_locked(struct octet_core *core);

/* octet_halt.c */
bool octet_core_busy(struct octet_core *core);
void octet_core_await_resumed(struct octet_core *core);
bool octet_core_hold(struct octet_core *core);
bool octet_core_late(struct octet_core *core);
void octet_core_stop(struct octet_core *core);
void octet_core_expire(struct octet_core *core);
void octet_core_settle(struct octet_core *core);
void octet_core_mask(struct octet_core *core);
void octet_core_count_reset(struct octet_core *core, int error);
int octet_core_reset_hw(struct octet_core *core);
void octet_core_judge(struct octet_core *core);
void octet_core_lose_sram(struct octet_core *core);
int octet_core_restart(struct octet_core *core);
void octet_core_kill(struct octet_core *core, int error);
void octet_core_revive(struct octet_core *core);

/* octet_counters.c */
void octet_core_save_counters(struct octet_core *core);
void octet_core_counters(struct octet_core *core,
			 struct drm_octet_core_counters *out);

u64 octet_core_busy_ns(struct octet_core *core, struct octet_client *client);
void octet_core_stats(struct octet_core *core, struct octet_core_stats *out);
irqreturn_t octet_core_irq(int irq, void *data);

#endif /* __OCTET_CORE_H__ */
