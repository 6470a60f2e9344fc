// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Cores
 *
 * A core executes its ring strictly in order, and so its completions come in
 * ring order: the oldest job in flight is the one that runs, and the next
 * completion is its. One irq-safe lock owns ring, list and the signalling of
 * fences, so that completion, submission and recovery cannot disagree.
 *
 * After an error the core halts. The queue is banned, its published entries that
 * were not fetched become NOPs, which complete in their turn, and the core goes on.
 */
#include <linux/bitfield.h>
#include <linux/dma-fence.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/ktime.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/octet_accel.h>
#include <drm/octet_isa.h>

#include "octet_device.h"
#include "octet_drv.h"
#include "octet_fault.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_reset.h"
#include "octet_trace.h"

/* A core stops at once, whatever it does. */
#define OCTET_RESET_TIMEOUT_US	(1000 * 1000)
#define OCTET_IRQ_ALL		(OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR | \
				 OCTET_CORE_IRQ_RING)

static u32 octet_core_read(struct octet_core *core, u32 reg)
{
	return octet_read(core->odev, OCTET_CORE(core->index) + reg);
}

static void octet_core_write(struct octet_core *core, u32 reg, u32 value)
{
	octet_write(core->odev, OCTET_CORE(core->index) + reg, value);
}

static struct octet_job *octet_core_head(struct octet_core *core)
{
	lockdep_assert_held(&core->lock);
	return list_first_entry_or_null(&core->inflight, struct octet_job, node);
}

/* Charges its client for the running job; from here on the next one runs. */
static void octet_core_account(struct octet_core *core)
{
	struct octet_job *job = octet_core_head(core);
	u64 now = ktime_get_ns();

	if (job) {
		atomic64_add(now - core->head_ns,
			     &job->batch->client->busy_ns[core->index]);
		core->stats.busy_ns += now - core->head_ns;
	}
	core->head_ns = now;
}

/* Ends a job: the only way out of the list, so that no busy time is lost. */
static void octet_core_retire(struct octet_core *core, struct octet_job *job,
			      int error)
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
static void octet_core_ban(struct octet_core *core, struct octet_job *bad,
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
static bool octet_core_complete(struct octet_core *core,
				const struct octet_completion *c)
{
	struct octet_job *job = octet_core_head(core);
	struct octet_fault fault = {
		.status = le16_to_cpu(c->status),
		.command = le32_to_cpu(c->command),
		.detail = le32_to_cpu(c->detail),
		.va = le64_to_cpu(c->fault_va),
	};

	if (!job || le64_to_cpu(c->seq) != job->seq) {
		drm_err_ratelimited(&core->odev->drm,
				    "core %u: completion %llu is not of job %lld\n",
				    core->index, le64_to_cpu(c->seq),
				    job ? job->seq : -1LL);
		core->broken = true;
		return false;
	}

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
	octet_core_ban(core, job, &fault);
	octet_core_retire(core, job, fault.error);
	return true;
}

/*
 * Signals what is complete. Return: whether the core halted. Without MMIO, so that
 * it also serves after the core has been reset.
 */
static bool octet_core_collect(struct octet_core *core)
{
	struct octet_completion completion;
	bool halted = false;

	lockdep_assert_held(&core->lock);

	while (!core->broken && octet_ring_take(&core->ring, &completion))
		halted |= octet_core_complete(core, &completion);
	if (core->broken)
		mod_delayed_work(core->odev->reset_wq, &core->watchdog, 0);
	return halted;
}

static void octet_core_process_locked(struct octet_core *core)
{
	u64 head = core->ring.head;
	bool halted;

	lockdep_assert_held(&core->lock);

	if (core->dead)
		return;
	halted = octet_core_collect(core);
	if (head == core->ring.head)
		return;
	octet_core_write(core, OCTET_CORE_CQ_HEAD, core->ring.head);
	/* The NOPs are in memory before the core looks again: writel() orders. */
	if (halted)
		octet_core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE |
				 OCTET_CORE_CTRL_RESUME);
}

/* Signals what is complete. Inside drm_dev_enter(). */
void octet_core_process(struct octet_core *core)
{
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	octet_core_process_locked(core);
	spin_unlock_irqrestore(&core->lock, flags);
}

/* Clears the bits before the thread reads: a later event sends a new message. */
static bool octet_core_ack(struct octet_core *core)
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
	spin_unlock(&core->lock);
	return true;
}

/*
 * The interrupt is freed before the registers are unmapped, and masked in the
 * device before that: no drm_dev_enter() here.
 */
irqreturn_t octet_core_irq(int irq, void *data)
{
	struct octet_device *odev = data;
	bool any = false;
	u32 i;

	for (i = 0; i < odev->caps.cores; i++)
		if (odev->cores[i].irq == irq)
			any |= octet_core_ack(&odev->cores[i]);
	return any ? IRQ_WAKE_THREAD : IRQ_NONE;
}

irqreturn_t octet_core_irq_thread(int irq, void *data)
{
	struct octet_device *odev = data;
	bool cookie;
	int idx;
	u32 i;

	if (!drm_dev_enter(&odev->drm, &idx))
		return IRQ_HANDLED;

	cookie = dma_fence_begin_signalling();
	for (i = 0; i < odev->caps.cores; i++)
		if (odev->cores[i].irq == irq)
			octet_core_process(&odev->cores[i]);
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
	return IRQ_HANDLED;
}

static u64 octet_core_budget(struct octet_core *core, const struct octet_job *job)
{
	u64 max = (u64)core->odev->caps.clock_khz * core->odev->timeout_ms;
	u64 budget = job->args.budget;

	return budget ? min(budget, max) : max;
}

static void octet_core_emit(struct octet_core *core, struct octet_job *job)
{
	const struct octet_batch *batch = job->batch;
	const struct drm_octet_job *args = &job->args;
	struct octet_ring_entry entry = {
		.opcode = job->canceled ? OCTET_RING_NOP : OCTET_RING_RUN,
		.flags = job->irq ? OCTET_RING_F_IRQ : 0,
		.asid = cpu_to_le16(octet_client_asid(batch->client)),
		.queue = cpu_to_le32(batch->queue->id),
		.cmd_va = cpu_to_le64(args->cmd_va),
		.cmd_count = cpu_to_le32(args->cmd_count),
		.sw = cpu_to_le32(args->sw),
		.lb = cpu_to_le32(args->lb),
		.budget = cpu_to_le64(octet_core_budget(core, job)),
		.report_va = cpu_to_le64(args->report_va),
	};

	lockdep_assert_held(&core->lock);
	job->seq = octet_ring_put(&core->ring, &entry);
	trace_octet_job_run(core, job);
}

/* Jiffies that the running job may still take. */
static unsigned long octet_core_time_left(struct octet_core *core)
{
	u64 limit = (u64)core->odev->timeout_ms * NSEC_PER_MSEC;
	u64 spent = ktime_get_ns() - core->head_ns;

	lockdep_assert_held(&core->lock);
	return spent < limit ? nsecs_to_jiffies(limit - spent) + 1 : 0;
}

static void octet_core_watch_locked(struct octet_core *core)
{
	lockdep_assert_held(&core->lock);

	if (core->watching || list_empty(&core->inflight) || core->dead)
		return;
	core->watching = true;
	queue_delayed_work(core->odev->reset_wq, &core->watchdog,
			   octet_core_time_left(core));
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
		octet_core_emit(core, job);
		list_add_tail(&job->node, &core->inflight);
	}
	core->stats.submitted += batch->count;

	/* When unplugged, octet_core_kill() comes for them. */
	if (present) {
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

u32 octet_core_state(struct octet_core *core)
{
	return FIELD_GET(OCTET_CORE_STATUS_STATE,
			 octet_core_read(core, OCTET_CORE_STATUS));
}

void octet_core_mask(struct octet_core *core)
{
	octet_core_write(core, OCTET_CORE_IRQ_ENABLE, 0);
	/* Flush: afterwards no new message is on its way. */
	octet_core_read(core, OCTET_CORE_IRQ_ENABLE);
	synchronize_irq(core->irq);
}

/* Return: 0 when the core has stopped, so that it writes no memory any more. */
int octet_core_reset_hw(struct octet_core *core)
{
	u32 status;

	octet_core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	return read_poll_timeout(octet_core_read, status,
				 FIELD_GET(OCTET_CORE_STATUS_STATE, status) ==
				 OCTET_CORE_STATE_OFF,
				 10, OCTET_RESET_TIMEOUT_US, false, core,
				 OCTET_CORE_STATUS);
}

/* Programs a core that is OFF and rings the doorbell for what the ring holds. */
static void octet_core_program(struct octet_core *core)
{
	octet_core_write(core, OCTET_CORE_RING_LO, lower_32_bits(core->ring_dma));
	octet_core_write(core, OCTET_CORE_RING_HI, upper_32_bits(core->ring_dma));
	octet_core_write(core, OCTET_CORE_RING_ORDER, OCTET_RING_ORDER);
	octet_core_write(core, OCTET_CORE_CQ_LO, lower_32_bits(core->cq_dma));
	octet_core_write(core, OCTET_CORE_CQ_HI, upper_32_bits(core->cq_dma));
	octet_core_write(core, OCTET_CORE_CQ_ORDER, OCTET_RING_ORDER);
	octet_core_write(core, OCTET_CORE_VECTOR, core->vector);
	octet_core_write(core, OCTET_CORE_IRQ_DELAY_US, OCTET_IRQ_DELAY_US);
	octet_core_write(core, OCTET_CORE_IRQ_STATUS, OCTET_IRQ_ALL);
	octet_core_write(core, OCTET_CORE_IRQ_ENABLE, OCTET_IRQ_ALL);
	octet_core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE);
	if (core->ring.tail)
		octet_core_write(core, OCTET_CORE_RING_TAIL, core->ring.tail);
}

/**
 * octet_core_restart - bring a core that was just reset back to work
 * @core: core, OFF
 * @guilty: job to end, if it has not completed after all; or NULL
 * @error: how to end it
 *
 * All other jobs in flight go to the fresh ring in their order, with their fences.
 */
void octet_core_restart(struct octet_core *core, struct octet_job *guilty, int error)
{
	struct octet_fault fault = { .error = error };
	struct octet_job *job;
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	octet_core_collect(core);
	if (guilty && guilty == octet_core_head(core)) {
		if (error == -ETIME)
			core->stats.timeouts++;
		atomic64_inc(&guilty->batch->queue->resets);
		octet_core_ban(core, guilty, &fault);
		octet_core_retire(core, guilty, error);
	}

	octet_core_account(core);
	octet_ring_reset(&core->ring);
	core->broken = false;
	list_for_each_entry(job, &core->inflight, node)
		octet_core_emit(core, job);
	octet_core_program(core);
	spin_unlock_irqrestore(&core->lock, flags);
}

/* Starts an idle core after probe. */
void octet_core_start(struct octet_core *core)
{
	octet_core_restart(core, NULL, 0);
}

/* Ends everything in flight, and everything that comes later, with @error. */
void octet_core_kill(struct octet_core *core, int error)
{
	struct octet_job *job;
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	core->dead = true;
	while ((job = octet_core_head(core)))
		octet_core_retire(core, job, error);
	spin_unlock_irqrestore(&core->lock, flags);
}

/**
 * octet_core_stuck - whether a core needs a reset
 * @core: core
 * @guilty: the job that is to blame, NULL if none is. It stays valid while the
 *	scheduler is stopped.
 * @error: how to end it
 *
 * Inside drm_dev_enter(). Looks at the completion queue first: an interrupt may
 * have been lost.
 *
 * Return: true if it does.
 */
bool octet_core_stuck(struct octet_core *core, struct octet_job **guilty, int *error)
{
	struct octet_job *job;
	unsigned long flags;
	bool late;
	u32 status;

	spin_lock_irqsave(&core->lock, flags);
	/* Of a lost message the bit is still set, and no other would come. */
	status = octet_core_read(core, OCTET_CORE_IRQ_STATUS);
	octet_core_write(core, OCTET_CORE_IRQ_STATUS, status);
	core->broken |= status != U32_MAX && status & OCTET_CORE_IRQ_RING;
	octet_core_process_locked(core);
	job = octet_core_head(core);
	late = job && !octet_core_time_left(core);
	*guilty = job;
	*error = core->broken ? -EFAULT : -ETIME;
	late |= core->broken;
	spin_unlock_irqrestore(&core->lock, flags);
	return late;
}

/**
 * octet_core_quiesce - let a core finish its job and stop before the next
 * @core: core; its scheduler is stopped
 *
 * Return: NULL, or the job that it would not finish in time.
 */
struct octet_job *octet_core_quiesce(struct octet_core *core)
{
	struct octet_job *job;
	unsigned long flags;
	u64 left = 0;
	u32 state;

	octet_core_write(core, OCTET_CORE_CTRL, 0);

	spin_lock_irqsave(&core->lock, flags);
	job = octet_core_head(core);
	if (job)
		left = jiffies_to_usecs(octet_core_time_left(core));
	spin_unlock_irqrestore(&core->lock, flags);

	if (!read_poll_timeout(octet_core_state, state,
			       state != OCTET_CORE_STATE_BUSY &&
			       state != OCTET_CORE_STATE_RESET, 100,
			       max(left, 1000ULL), false, core))
		return NULL;

	/* The completions that have come meanwhile are still to be collected. */
	spin_lock_irqsave(&core->lock, flags);
	octet_core_collect(core);
	job = octet_core_head(core);
	spin_unlock_irqrestore(&core->lock, flags);
	return job;
}

/* Time that the running job has taken so far, if it is @client's. */
u64 octet_core_busy_ns(struct octet_core *core, struct octet_client *client)
{
	struct octet_job *job;
	unsigned long flags;
	u64 ns = 0;

	spin_lock_irqsave(&core->lock, flags);
	job = octet_core_head(core);
	if (job && job->batch->client == client)
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
	if (octet_core_head(core))
		out->busy_ns += ktime_get_ns() - core->head_ns;
	spin_unlock_irqrestore(&core->lock, flags);
}

static u64 octet_core_counter(struct octet_core *core, u32 i)
{
	u32 reg = OCTET_CORE_COUNTER(i);
	u32 hi, lo, again = octet_core_read(core, reg + 4);

	do {
		hi = again;
		lo = octet_core_read(core, reg);
		again = octet_core_read(core, reg + 4);
	} while (hi != again);
	return (u64)hi << 32 | lo;
}

/* Inside drm_dev_enter(). */
void octet_core_counters(struct octet_core *core,
			 struct drm_octet_core_counters *out)
{
	struct octet_core_stats stats;
	u64 *counter = (u64 *)out;
	u32 i;

	/* The first fields are the device's, in its order. */
	static_assert(offsetof(struct drm_octet_core_counters, submitted) ==
		      OCTET_COUNTERS * sizeof(u64));
	for (i = 0; i < OCTET_COUNTERS; i++)
		counter[i] = octet_core_counter(core, i);

	octet_core_stats(core, &stats);
	out->submitted = stats.submitted;
	out->completed = stats.completed;
	out->failed = stats.failed;
	out->interrupts = stats.interrupts;
	out->timeouts = stats.timeouts;
	out->device_resets = READ_ONCE(core->odev->resets);
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
