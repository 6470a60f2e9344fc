/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device behind octet_read() and octet_write(), without PCI: cores execute their
 * rings by a script, at once, when the doorbell is written.
 */
#ifndef __OCTET_MOCK_H__
#define __OCTET_MOCK_H__

#include <kunit/test.h>

#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/octet_accel.h>

#include "../octet_device.h"

struct octet_client;

/* How long a test waits for what must come: never a measure of speed. */
#define OCTET_MOCK_WAIT		(120 * HZ)

/**
 * enum octet_mock_act - what becomes of a RUN entry
 *
 * @OCTET_MOCK_OK: completes
 * @OCTET_MOCK_FAIL: ends with status @arg, the core halts
 * @OCTET_MOCK_SLOW: runs until octet_mock_finish(), stops before command @arg
 * @OCTET_MOCK_HANG: runs until a reset
 * @OCTET_MOCK_YIELD: runs until the core is held, and then completes
 * @OCTET_MOCK_BAD_SEQ: completes with another job's number
 * @OCTET_MOCK_RING_ERROR: cannot be fetched: a ring error
 */
enum octet_mock_act {
	OCTET_MOCK_OK,
	OCTET_MOCK_FAIL,
	OCTET_MOCK_SLOW,
	OCTET_MOCK_HANG,
	OCTET_MOCK_YIELD,
	OCTET_MOCK_BAD_SEQ,
	OCTET_MOCK_RING_ERROR,
};

#define OCTET_MOCK_STEPS	32
#define OCTET_MOCK_LOG		1024

/**
 * struct octet_mock_core - a core
 *
 * @act: script, one for each RUN entry; after its end all complete
 * @arg: of @act
 * @steps: entries of @act
 * @step: next of them
 * @enabled: OCTET_CORE_CTRL_ENABLE
 * @state: OCTET_CORE_STATE_*
 * @flags: OCTET_CORE_STATUS_* beside the state
 * @head: entries fetched
 * @tail: entries published
 * @cq_tail: completions written
 * @doing: what becomes of @entry
 * @stop_cmd: OCTET_CORE_STOP_CMD
 * @entry: fetched and not completed
 * @irq_status: bits set
 * @irq_enable: bits enabled
 * @stops: jobs that have stopped
 * @stuck: its reset does not end
 * @no_resume: fetches no entry that resumes a job
 * @drop_irqs: messages to lose
 * @order: log2 of the ring
 * @counters: OCTET_COUNTER_*
 * @log: entries fetched, across resets
 * @logged: entries of @log
 */
struct octet_mock_core {
	enum octet_mock_act act[OCTET_MOCK_STEPS];
	u32 arg[OCTET_MOCK_STEPS];
	u32 steps;
	u32 step;

	bool enabled;
	u32 state;
	u32 flags;
	u32 head;
	u32 tail;
	u32 cq_tail;
	enum octet_mock_act doing;
	u32 stop_cmd;
	struct octet_ring_entry entry;
	u32 irq_status;
	u32 irq_enable;
	u32 stops;
	bool stuck;
	bool no_resume;
	u32 drop_irqs;
	u32 order;
	u64 counters[OCTET_COUNTERS];

	struct octet_ring_entry log[OCTET_MOCK_LOG];
	u32 logged;
};

/**
 * struct octet_mock - a device
 *
 * @pdev: PCI device that has gone from its bus, so that nobody looks for it
 * @odev: the driver's
 * @irq: delivers interrupts
 * @lock: protects what follows
 * @regs: registers of the global page
 * @core: cores
 * @gone: all reads are ones
 * @stuck: a device reset does not end
 * @tlb_stuck: an invalidation does not end
 * @flushes: invalidations
 * @resets: device resets
 * @master: it could access memory when its last reset was asked for
 * @paused: no scheduler handed out jobs then
 */
struct octet_mock {
	struct pci_dev pdev;
	struct octet_device *odev;
	struct work_struct irq;

	spinlock_t lock;	/* irq-safe, innermost */
	u32 regs[OCTET_CORE_STRIDE / sizeof(u32)];
	struct octet_mock_core core[OCTET_MAX_CORES];
	bool gone;
	bool stuck;
	bool tlb_stuck;
	u32 flushes;
	u32 resets;
	bool master;
	bool paused;
};

/**
 * struct octet_mock_client - what most tests begin with, in test->priv
 *
 * @mock: a device of one core
 * @file: a client of it
 * @queue: the client's
 */
struct octet_mock_client {
	struct octet_mock *mock;
	struct drm_file *file;
	u32 queue;
};

struct octet_mock *octet_mock_alloc(struct kunit *test, u32 cores);
struct octet_mock *octet_mock_create(struct kunit *test, u32 cores);
void octet_mock_script(struct octet_mock *mock, u32 core, enum octet_mock_act act,
		       u32 arg);
void octet_mock_finish(struct octet_mock *mock, u32 core, u32 status);
u32 octet_mock_logged(struct octet_mock *mock, u32 core);

struct drm_file *octet_mock_open(struct kunit *test, struct octet_mock *mock);
int octet_mock_client_init(struct kunit *test);
void octet_mock_close(struct kunit *test, struct drm_file *file);
u32 octet_mock_queue(struct kunit *test, struct octet_mock *mock,
		     struct drm_file *file);
u32 octet_mock_bo(struct kunit *test, struct octet_mock *mock,
		  struct drm_file *file, u64 size);
u32 octet_mock_syncobj(struct kunit *test, struct drm_file *file);
void __user *octet_mock_user(struct kunit *test, const void *data, size_t size);
int octet_mock_submit(struct kunit *test, struct octet_mock *mock,
		      struct drm_file *file, u32 queue,
		      const struct drm_octet_job *jobs, u32 count);
int octet_mock_jobs(struct kunit *test, struct octet_mock *mock,
		    struct drm_file *file, u32 queue, struct dma_fence **fences,
		    u32 count);
struct dma_fence *octet_mock_job_at(struct kunit *test, struct octet_mock *mock,
				    struct drm_file *file, u32 queue, u64 cmd_va);
struct dma_fence *octet_mock_job(struct kunit *test, struct octet_mock *mock,
				 struct drm_file *file, u32 queue);
int octet_mock_wait(struct kunit *test, struct dma_fence *fence);
void octet_mock_fetched(struct kunit *test, struct octet_mock *mock, u32 core,
			u32 entries);
void octet_mock_watch(struct octet_mock *mock, u32 core);
void octet_mock_late(struct octet_mock *mock, u32 core);
struct drm_octet_queue_query octet_mock_query(struct kunit *test,
					      struct octet_mock *mock,
					      struct drm_file *file, u32 queue);

#endif /* __OCTET_MOCK_H__ */
