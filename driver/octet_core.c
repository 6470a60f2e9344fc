// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Cores
 *
 * A core executes its ring strictly in order, and so its completions come in
 * ring order: the oldest job in flight is the one that runs, and the next
 * completion is its. One irq-safe lock owns ring, list and the signalling of
 * fences, so that completion, submission and recovery cannot disagree. How a
 * core is stopped and brought back is in octet_halt.c.
 *
 * After an error the core halts. The queue is banned, its published entries that
 * were not fetched become NOPs, which complete in their turn, and the core goes on.
 */
#include <linux/bitfield.h>
#include <linux/dma-fence.h>
#include <linux/interrupt.h>
#include <linux/ktime.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/octet_accel.h>
#include <drm/octet_isa.h>

#include "octet_device.h"
#include "octet_drv.h"
#include "octet_dump.h"
#include "octet_fault.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_reset.h"
#include "octet_trace.h"

u32 octet_core_read(struct octet_core *core, u32 reg)
{
	return octet_read(core->odev, OCTET_CORE(core->index) + reg);
}

void octet_core_write(struct octet_core *core, u32 reg, u32 value)
{
	octet_write(core->odev, OCTET_CORE(core->index) + reg, value);
}

struct octet_job *octet_core_head(struct octet_core *core)
{
	lockdep_assert_held(&core->lock);
	return list_first_entry_or_null(&core->inflight, struct octet_job, node);
}

/* Charges its client for the running job; from here on the next one runs. */
void octet_core_account(struct octet_core *core)
{
	struct octet_job *job = octet_core_head(core);
	u64 now = ktime_get_ns();

	if (job && core->mode != OCTET_CORE_OFF) {
		atomic64_add(now - core->head_ns,
			     &job->batch->client->busy_ns[core->index]);
		core->stats.busy_ns += now - core->head_ns;
	}
	core->head_ns = now;
}

/* Ends a job: the only way out of the list, so that no busy time is lost. */
void octet_core_retire(struct octet_core *core, struct octet_job *job, int error)
{
	struct octet_batch *batch = job->batch;
	struct dma_fence *fence = dma_fence_get(job->fence);

	lockdep_assert_held(&core->lock);

	if (job == octet_core_head(core))
		octet_core_account(core);
	list_del_init(&job->node);

	if (error) {
		core->stats.failed++;
	} else {
		core->stats.completed++;
		core->retried = false;
		atomic64_inc(&batch->queue->completed);
	}
	trace_octet_job_done(job, core->index, error);
	/* From here on the batch may be gone. */
	octet_fence_signal(fence, error);
	dma_fence_put(fence);
}

static int octet_core_status_error(u32 status)
{
	switch (status) {
	case OCTET_STATUS_OK:
		return 0;
	case OCTET_STATUS_BUDGET:
		return -ETIME;
	default:
		return -EFAULT;
	}
}

/* Bans the queue of a failed job and cancels its jobs behind that. */
void octet_core_ban(struct octet_core *core, struct octet_job *bad,
		    const struct octet_fault *fault)
{
	struct octet_queue *queue = bad->batch->queue;
	struct octet_job *job;

	lockdep_assert_held(&core->lock);

	octet_queue_fail(queue, fault);
	list_for_each_entry(job, &core->inflight, node) {
		if (job == bad || job->batch->queue != queue)
			continue;
		job->canceled = true;
		octet_ring_cancel(&core->ring, job->seq);
	}
}

/* Return: whether the core halted */
bool octet_core_complete(struct octet_core *core, const struct octet_completion *c)
{
	struct octet_job *job = octet_core_head(core);
	struct octet_fault fault = {
		.status = le16_to_cpu(c->status),
		.command = le32_to_cpu(c->command),
		.detail = le32_to_cpu(c->detail),
		.va = le64_to_cpu(c->fault_va),
	};

	job->cycles = le64_to_cpu(c->cycles);
	atomic64_add(job->cycles, &job->batch->client->cycles[core->index]);
	fault.error = octet_core_status_error(fault.status);
	if (!fault.error) {
		octet_core_retire(core, job, job->canceled ? -ECANCELED : 0);
		return false;
	}
	core->stats.faults++;
	trace_octet_job_fault(core, job, &fault);
	octet_fault_report(core, job, &fault);
	/*
	 * In the interrupt, for the core is about to go on and overwrite it. No
	 * client can bring it about.
	 */
	if (!octet_fault_is_clients(fault.status) &&
	    octet_dump_capture(core, job, &fault, "fault"))
		octet_dump_defer(core->odev);
	octet_core_ban(core, job, &fault);
	octet_core_retire(core, job, fault.error);
	return true;
}

static bool octet_core_expects(struct octet_core *core,
			       const struct octet_completion *c)
{
	struct octet_job *job = octet_core_head(core);

	return job && le64_to_cpu(c->seq) == job->seq;
}

/* It stays in the queue until the core has stopped: see octet_core_judge(). */
static void octet_core_suspect(struct octet_core *core,
			       const struct octet_completion *c)
{
	drm_err_ratelimited(&core->odev->drm,
			    "core %u: completion %llu has sequence number %llu\n",
			    core->index, core->ring.head, le64_to_cpu(c->seq));
	core->broken = true;
}

/*
 * Signals what is complete. Return: whether the core halted. Without MMIO, so that
 * it also serves after the core has been reset.
 */
bool octet_core_collect(struct octet_core *core)
{
	struct octet_completion completion;
	bool halted = false;

	lockdep_assert_held(&core->lock);

	while (!core->broken && octet_ring_peek(&core->ring, &completion)) {
		if (octet_core_expects(core, &completion)) {
			core->ring.head++;
			halted |= octet_core_complete(core, &completion);
		} else {
			octet_core_suspect(core, &completion);
		}
	}
	if (core->broken)
		mod_delayed_work(core->odev->reset_wq, &core->watchdog, 0);
	return halted;
}

void octet_core_process_locked(struct octet_core *core)
{
	u64 head = core->ring.head;
	bool halted;

	lockdep_assert_held(&core->lock);

	/* What is in the queue of a core that is OFF is octet_halt.c's. */
	if (core->mode == OCTET_CORE_OFF)
		return;
	halted = octet_core_collect(core);
	if (head == core->ring.head)
		return;
	octet_core_write(core, OCTET_CORE_CQ_HEAD, core->ring.head);
	/* The NOPs are in memory before the core looks again: writel() orders. */
	if (halted && core->mode == OCTET_CORE_RUNNING)
		octet_core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE |
				 OCTET_CORE_CTRL_RESUME);
}

/* Clears the bits before it reads: a later event sends a new message. */
static bool octet_core_handle(struct octet_core *core)
{
	u32 status = octet_core_read(core, OCTET_CORE_IRQ_STATUS);

	if (!status || status == U32_MAX)
		return false;

	octet_core_write(core, OCTET_CORE_IRQ_STATUS, status);
	spin_lock(&core->lock);
	core->stats.interrupts++;
	if (status & OCTET_CORE_IRQ_RING) {
		core->broken = true;
		mod_delayed_work(core->odev->reset_wq, &core->watchdog, 0);
	}
	octet_core_process_locked(core);
	spin_unlock(&core->lock);
	return true;
}

/*
 * All is done here: a thread would cost as much again as a job. The interrupt is
 * freed before the registers are unmapped, and masked in the device before
 * that: no drm_dev_enter().
 */
irqreturn_t octet_core_irq(int irq, void *data)
{
	struct octet_device *odev = data;
	bool any = false, cookie;
	u32 i;

	cookie = dma_fence_begin_signalling();
	for (i = 0; i < odev->caps.cores; i++)
		if (odev->cores[i].irq == irq)
			any |= octet_core_handle(&odev->cores[i]);
	dma_fence_end_signalling(cookie);
	return any ? IRQ_HANDLED : IRQ_NONE;
}

static u64 octet_core_budget(struct octet_core *core, const struct octet_job *job)
{
	u64 max = (u64)core->odev->caps.clock_khz * core->odev->timeout_ms;
	u64 budget = job->args.budget;

	return budget ? min(budget, max) : max;
}

void octet_core_emit(struct octet_core *core, struct octet_job *job)
{
	const struct octet_batch *batch = job->batch;
	const struct drm_octet_job *args = &job->args;
	struct octet_ring_entry entry = {
		.opcode = job->canceled ? OCTET_RING_NOP : OCTET_RING_RUN,
		.flags = (job->irq ? OCTET_RING_F_IRQ : 0) |
			 (job->resume && !job->canceled ? OCTET_RING_F_RESUME : 0),
		.asid = cpu_to_le16(octet_client_asid(batch->client)),
		.queue = cpu_to_le32(batch->queue->id),
		.cmd_va = cpu_to_le64(args->cmd_va),
		.cmd_count = cpu_to_le32(args->cmd_count),
		.first = cpu_to_le32(job->first),
		.sw = cpu_to_le32(args->sw),
		.lb = cpu_to_le32(args->lb),
		.budget = cpu_to_le64(octet_core_budget(core, job)),
		.report_va = cpu_to_le64(args->report_va),
	};

	lockdep_assert_held(&core->lock);
	job->seq = octet_ring_put(&core->ring, &entry);
	trace_octet_job_run(core, job);
}

/* Nanoseconds that the running job may still take. */
u64 octet_core_time_left(struct octet_core *core)
{
	u64 limit = (u64)core->odev->timeout_ms * NSEC_PER_MSEC;
	u64 spent = ktime_get_ns() - core->head_ns;

	return spent < limit ? limit - spent : 0;
}

u64 octet_core_time_left_us(struct octet_core *core)
{
	unsigned long flags;
	u64 left;

	spin_lock_irqsave(&core->lock, flags);
	left = octet_core_time_left(core);
	spin_unlock_irqrestore(&core->lock, flags);
	return div_u64(left, NSEC_PER_USEC);
}

static void octet_core_watch_locked(struct octet_core *core)
{
	lockdep_assert_held(&core->lock);

	if (core->watching || core->mode != OCTET_CORE_RUNNING ||
	    list_empty(&core->inflight))
		return;
	core->watching = true;
	queue_delayed_work(core->odev->reset_wq, &core->watchdog,
			   nsecs_to_jiffies(octet_core_time_left(core)) + 1);
}

/* Arms the watchdog again if there is something to watch. */
void octet_core_watch(struct octet_core *core)
{
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	core->watching = false;
	octet_core_watch_locked(core);
	spin_unlock_irqrestore(&core->lock, flags);
}

/**
 * octet_core_push - put a batch on the ring
 * @core: core
 * @batch: batch; its credits made sure of room
 *
 * Return: false if the core is dead; the fences are the caller's to signal then,
 * and those of earlier batches have been.
 */
bool octet_core_push(struct octet_core *core, struct octet_batch *batch)
{
	unsigned long flags;
	bool alive, present;
	int idx;
	u32 i;

	present = drm_dev_enter(&core->odev->drm, &idx);

	spin_lock_irqsave(&core->lock, flags);
	alive = !core->dead;
	if (!alive)
		goto out_unlock;

	/* On the list before the doorbell: the hardware may be faster. */
	if (list_empty(&core->inflight))
		core->head_ns = ktime_get_ns();
	for (i = 0; i < batch->count; i++) {
		struct octet_job *job = &batch->jobs[i];

		job->canceled = READ_ONCE(batch->queue->banned);
		if (core->mode != OCTET_CORE_OFF)
			octet_core_emit(core, job);
		list_add_tail(&job->node, &core->inflight);
	}
	core->stats.submitted += batch->count;

	/* Else octet_core_restart() or octet_core_kill() comes for them. */
	if (present && core->mode == OCTET_CORE_RUNNING) {
		/* writel() orders the entries before it. */
		octet_core_write(core, OCTET_CORE_RING_TAIL, core->ring.tail);
		octet_core_watch_locked(core);
	}
out_unlock:
	spin_unlock_irqrestore(&core->lock, flags);
	if (present)
		drm_dev_exit(idx);
	return alive;
}

/**
 * octet_core_stuck - find out whether a core needs a reset
 * @core: core
 * @error: -ETIME if its job takes too long, -EFAULT if it cannot be trusted
 *
 * Inside drm_dev_enter(). Looks at the completion queue first: an interrupt may
 * have been lost.
 *
 * Return: whether it does.
 */
bool octet_core_stuck(struct octet_core *core, int *error)
{
	unsigned long flags;
	u32 status;
	bool stuck;

	spin_lock_irqsave(&core->lock, flags);
	/* Of a lost message the bit is still set, and no other would come. */
	status = octet_core_read(core, OCTET_CORE_IRQ_STATUS);
	octet_core_write(core, OCTET_CORE_IRQ_STATUS, status);
	core->broken |= status != U32_MAX && status & OCTET_CORE_IRQ_RING;
	octet_core_process_locked(core);
	stuck = core->mode == OCTET_CORE_RUNNING &&
		(core->broken || (octet_core_head(core) && !octet_core_time_left(core)));
	*error = core->broken ? -EFAULT : -ETIME;
	spin_unlock_irqrestore(&core->lock, flags);
	return stuck;
}

/* Time that the running job has taken so far, if it is @client's. */
u64 octet_core_busy_ns(struct octet_core *core, struct octet_client *client)
{
	struct octet_job *job;
	unsigned long flags;
	u64 ns = 0;

	spin_lock_irqsave(&core->lock, flags);
	job = octet_core_head(core);
	if (job && job->batch->client == client &&
	    core->mode != OCTET_CORE_OFF)
		ns = ktime_get_ns() - core->head_ns;
	ns += atomic64_read(&client->busy_ns[core->index]);
	spin_unlock_irqrestore(&core->lock, flags);
	return ns;
}

/* The driver's own counters; reads no register. */
void octet_core_stats(struct octet_core *core, struct octet_core_stats *out)
{
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	*out = core->stats;
	if (octet_core_head(core) && core->mode != OCTET_CORE_OFF)
		out->busy_ns += ktime_get_ns() - core->head_ns;
	spin_unlock_irqrestore(&core->lock, flags);
}

int octet_core_init(struct octet_core *core, struct octet_device *odev, u32 index)
{
	struct octet_ring_entry *entries;
	struct octet_completion *cq;

	core->odev = odev;
	core->index = index;
	snprintf(core->name, sizeof(core->name), "octet%u", index);
	spin_lock_init(&core->lock);
	INIT_LIST_HEAD(&core->inflight);
	INIT_DELAYED_WORK(&core->watchdog, octet_reset_watchdog);

	entries = octet_device_alloc_coherent(odev, sizeof(*entries) *
					      OCTET_RING_ENTRIES, &core->ring_dma);
	cq = octet_device_alloc_coherent(odev, sizeof(*cq) * OCTET_RING_ENTRIES,
					 &core->cq_dma);
	if (!entries || !cq)
		return -ENOMEM;
	octet_ring_init(&core->ring, entries, cq, OCTET_RING_ORDER);
	return 0;
}
