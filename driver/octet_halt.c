// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Stopping a core
 *
 * Before a reset a core is held: it finishes its job, or gives it up between two
 * commands. Commands are atomic but not repeatable, since an output may lie over
 * an input: what has run must not run again. After the reset the job goes on
 * with its next command, in the SRAM as it left it, on the same core; those that
 * had not begun start; and one that would not stop is to blame.
 *
 * Everything here runs inside drm_dev_enter(), on octet_device.reset_wq or in
 * probe, while the core's scheduler stands still, and may sleep.
 */
#include <linux/bitfield.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/ktime.h>

#include <drm/drm_print.h>

#include "octet_device.h"
#include "octet_dump.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_trace.h"

/* A core stops at once, whatever it does. */
#define OCTET_RESET_TIMEOUT_US	(1000 * 1000)
#define OCTET_VERIFY_TIMEOUT_US	(2000 * 1000)
#define OCTET_IRQ_ALL		(OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR | \
				 OCTET_CORE_IRQ_RING)

static bool octet_core_state_busy(u32 status)
{
	u32 state = FIELD_GET(OCTET_CORE_STATUS_STATE, status);

	return state == OCTET_CORE_STATE_BUSY || state == OCTET_CORE_STATE_RESET;
}

bool octet_core_busy(struct octet_core *core)
{
	return octet_core_state_busy(octet_core_read(core, OCTET_CORE_STATUS));
}

static bool octet_core_resumed(struct octet_core *core)
{
	struct octet_job *job;
	unsigned long flags;
	bool waits = false;
	u32 fetched;

	fetched = octet_core_read(core, OCTET_CORE_RING_HEAD);
	spin_lock_irqsave(&core->lock, flags);
	job = octet_core_head(core);
	if (core->mode == OCTET_CORE_RUNNING && job && job->resume)
		waits = (s32)(fetched - (u32)job->seq) <= 0;
	spin_unlock_irqrestore(&core->lock, flags);
	return !waits;
}

/*
 * A job that a reset has interrupted cannot begin anew, and its SRAM would not
 * survive what comes now. It is the first in the ring: wait until it runs. If it
 * does not in its time, see octet_core_lose_sram().
 */
void octet_core_await_resumed(struct octet_core *core)
{
	u64 us = OCTET_RESET_TIMEOUT_US + octet_core_time_left_us(core);
	bool done;

	read_poll_timeout(octet_core_resumed, done, done, 100, us, false, core);
}

/* Whether it has been fetched, of a core that is held or was. */
static bool octet_core_begun(const struct octet_halt *halt, const struct octet_job *job)
{
	return (s32)(halt->fetched - (u32)job->seq) > 0;
}

/*
 * Afterwards the core takes no more entries; the job that it has goes on, however
 * late it is.
 *
 * Return: false if it has stopped before.
 */
bool octet_core_hold(struct octet_core *core)
{
	struct octet_job *job;
	unsigned long flags;
	bool held;

	spin_lock_irqsave(&core->lock, flags);
	/* The verdict on a core that is held already stands until it is judged. */
	if (core->mode == OCTET_CORE_RUNNING) {
		core->halt.guilty = 0;
		core->mode = OCTET_CORE_HELD;
		octet_core_write(core, OCTET_CORE_CTRL, 0);
		octet_core_process_locked(core);
		job = octet_core_head(core);
		if (job && !core->broken && !octet_core_time_left(core))
			core->halt.guilty = job->seq;
	}
	held = core->mode == OCTET_CORE_HELD;
	spin_unlock_irqrestore(&core->lock, flags);
	return held;
}

/* Whether the job of a core that is held was out of time. */
bool octet_core_late(struct octet_core *core)
{
	return core->halt.guilty;
}

/* The job ends before its next command, if it does not hang. */
void octet_core_stop(struct octet_core *core)
{
	octet_core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_STOP);
}

/* The same, of a core that is held, when its job has had all its time. */
void octet_core_expire(struct octet_core *core)
{
	struct octet_job *job;
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	octet_core_process_locked(core);
	job = octet_core_head(core);
	/* If it has just ended, the next one has not begun: octet_core_accuse() */
	if (job && !core->broken)
		core->halt.guilty = job->seq;
	spin_unlock_irqrestore(&core->lock, flags);
	octet_core_stop(core);
}

void octet_core_mask(struct octet_core *core)
{
	octet_core_write(core, OCTET_CORE_IRQ_ENABLE, 0);
	/* Flush: afterwards no new message is on its way. */
	octet_core_read(core, OCTET_CORE_IRQ_ENABLE);
	synchronize_irq(core->irq);
}

/* A running one that has stopped, or ended, is none. */
static void octet_core_accuse(struct octet_core *core, bool busy)
{
	struct octet_job *job = octet_core_head(core);
	struct octet_halt *halt = &core->halt;

	if (!job || !octet_core_begun(halt, job) || halt->ring_error)
		halt->guilty = 0;
	else if (busy || core->broken)
		halt->guilty = job->seq;
}

/* Notes where a held core is. Its ring is of no use any more. */
void octet_core_settle(struct octet_core *core)
{
	struct octet_halt *halt = &core->halt;
	unsigned long flags;
	u32 status;

	if (core->mode != OCTET_CORE_HELD)
		return;

	octet_core_mask(core);
	status = octet_core_read(core, OCTET_CORE_STATUS);
	halt->fetched = octet_core_read(core, OCTET_CORE_RING_HEAD);
	halt->seq = (u64)octet_core_read(core, OCTET_CORE_SEQ_HI) << 32 |
		    octet_core_read(core, OCTET_CORE_SEQ_LO);
	halt->command = octet_core_read(core, OCTET_CORE_STOP_CMD);
	halt->stopped = status & OCTET_CORE_STATUS_STOPPED;
	halt->ring_error = status & OCTET_CORE_STATUS_RING_ERROR;

	spin_lock_irqsave(&core->lock, flags);
	octet_core_collect(core);
	octet_core_accuse(core, octet_core_state_busy(status));
	halt->valid = true;
	octet_core_account(core);
	core->mode = OCTET_CORE_OFF;
	spin_unlock_irqrestore(&core->lock, flags);
}

void octet_core_count_reset(struct octet_core *core, int error)
{
	const char *reason = error == -ETIME ? "a job does not end" :
					       "the ring is out of step";
	struct octet_job *job;
	unsigned long flags;
	bool failed, dump;

	spin_lock_irqsave(&core->lock, flags);
	/* Who was late may have ended since, and another be the first. */
	job = octet_core_head(core);
	if (job && job->seq != core->halt.guilty)
		job = NULL;
	core->stats.resets++;
	trace_octet_core_reset(core, job, error);
	/* That a job takes too long, and stops when told to, is its client's doing. */
	failed = error != -ETIME || (job && !core->halt.stopped);
	dump = failed && octet_dump_capture(core, job, NULL, reason);
	spin_unlock_irqrestore(&core->lock, flags);
	if (failed)
		drm_err_ratelimited(&core->odev->drm, "core %u: %s, resetting the core\n",
				    core->index, reason);
	if (dump)
		octet_dump_finish(core->odev);
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

/* Ends a job that caused a reset. */
static void octet_core_blame(struct octet_core *core, struct octet_job *job,
			     int error)
{
	struct octet_fault fault = { .error = error };

	if (error == -ETIME && core->halt.stopped)
		drm_dbg(&core->odev->drm, "core %u: queue %u: a job takes too long\n",
			core->index, job->batch->queue->id);
	else
		drm_err_ratelimited(&core->odev->drm, "core %u: queue %u: %s\n",
				    core->index, job->batch->queue->id,
				    error == -ETIME ? "a job does not end" :
				    "how a job ended is not known");
	if (error == -ETIME)
		core->stats.timeouts++;
	atomic64_inc(&job->batch->queue->resets);
	octet_core_ban(core, job, &fault);
	octet_core_retire(core, job, error);
}

/* Every entry has one completion, in order: a wrong one is the oldest job's. */
static void octet_core_drain(struct octet_core *core)
{
	struct octet_completion completion;
	struct octet_job *job;

	while (octet_ring_take(&core->ring, &completion)) {
		job = octet_core_head(core);
		if (job && le64_to_cpu(completion.seq) == job->seq)
			octet_core_complete(core, &completion);
		else if (job)
			octet_core_blame(core, job, -EFAULT);
	}
}

static void octet_core_judge_locked(struct octet_core *core)
{
	struct octet_halt *halt = &core->halt;
	struct octet_job *job;

	lockdep_assert_held(&core->lock);

	if (!halt->valid)
		return;
	halt->valid = false;
	octet_core_drain(core);
	job = octet_core_head(core);
	if (!job)
		return;

	if (!octet_core_begun(halt, job)) {
		/* It has not begun. A ring that stays unreadable is no use. */
		if (halt->ring_error && core->retried)
			octet_core_blame(core, job, -EFAULT);
		else
			core->retried |= halt->ring_error;
	} else if (halt->stopped && halt->seq == job->seq &&
		   halt->guilty != job->seq && halt->command < job->args.cmd_count) {
		/*
		 * With all its time again: what it computed was thrown away, and
		 * the reset is another's doing.
		 */
		job->first = halt->command;
		job->resume = true;
	} else {
		octet_core_blame(core, job, halt->ring_error ? -EFAULT : -ETIME);
	}
}

/*
 * Of a core that has stopped: ends the job that was to blame. One that was given
 * up between two commands will go on from there, all others from their start.
 */
void octet_core_judge(struct octet_core *core)
{
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	octet_core_judge_locked(core);
	spin_unlock_irqrestore(&core->lock, flags);
}

/*
 * Of a core that has been judged and loses its SRAM: a job that has left something
 * there cannot go on, and what it has run must not run again.
 */
void octet_core_lose_sram(struct octet_core *core)
{
	struct octet_fault fault = { .error = -EFAULT };
	struct octet_job *job;
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	job = octet_core_head(core);
	if (job && job->resume && !job->first) {
		job->resume = false;
	} else if (job && job->resume) {
		drm_err_ratelimited(&core->odev->drm,
				    "core %u: queue %u: a job was interrupted and did not go on\n",
				    core->index, job->batch->queue->id);
		octet_core_ban(core, job, &fault);
		octet_core_retire(core, job, fault.error);
	}
	spin_unlock_irqrestore(&core->lock, flags);
}

/* Programs a core that is OFF, with interrupts masked. */
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
	octet_core_write(core, OCTET_CORE_IRQ_ENABLE, 0);
	octet_core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE);
}

static bool octet_core_take(struct octet_core *core, struct octet_completion *out)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&core->lock, flags);
	taken = octet_ring_take(&core->ring, out);
	spin_unlock_irqrestore(&core->lock, flags);
	return taken;
}

/* An entry that does nothing must come back from a core that was just reset. */
static int octet_core_verify(struct octet_core *core)
{
	const struct octet_ring_entry nop = { .opcode = OCTET_RING_NOP };
	struct octet_completion completion = {};
	unsigned long flags;
	bool taken;
	u64 seq;

	spin_lock_irqsave(&core->lock, flags);
	octet_ring_reset(&core->ring);
	core->broken = false;
	seq = octet_ring_put(&core->ring, &nop);
	spin_unlock_irqrestore(&core->lock, flags);

	octet_core_program(core);
	octet_core_write(core, OCTET_CORE_RING_TAIL, core->ring.tail);
	if (read_poll_timeout(octet_core_take, taken, taken, 10,
			      OCTET_VERIFY_TIMEOUT_US, false, core, &completion))
		return -EIO;
	octet_core_write(core, OCTET_CORE_CQ_HEAD, core->ring.head);
	return le64_to_cpu(completion.seq) == seq && !completion.status ? 0 : -EIO;
}

/**
 * octet_core_restart - bring a core that was just reset back to work
 * @core: core, OFF
 *
 * All jobs in flight go to the fresh ring in their order, with their fences.
 *
 * Return: 0, or -EIO if the core does not answer; the jobs are still in flight.
 */
int octet_core_restart(struct octet_core *core)
{
	struct octet_job *job;
	unsigned long flags;
	int ret;

	octet_core_judge(core);
	ret = octet_core_verify(core);
	if (ret)
		return ret;

	spin_lock_irqsave(&core->lock, flags);
	core->mode = OCTET_CORE_RUNNING;
	core->head_ns = ktime_get_ns();
	/* What was saved was cleared. */
	core->saved = false;
	core->epoch++;
	list_for_each_entry(job, &core->inflight, node)
		octet_core_emit(core, job);
	octet_core_write(core, OCTET_CORE_IRQ_STATUS, OCTET_IRQ_ALL);
	octet_core_write(core, OCTET_CORE_IRQ_ENABLE, OCTET_IRQ_ALL);
	octet_core_write(core, OCTET_CORE_RING_TAIL, core->ring.tail);
	spin_unlock_irqrestore(&core->lock, flags);
	return 0;
}

/* Ends everything in flight, and everything that comes later, with @error. */
void octet_core_kill(struct octet_core *core, int error)
{
	struct octet_job *job;
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	core->dead = true;
	core->mode = OCTET_CORE_OFF;
	core->saved = true;
	core->epoch++;
	while ((job = octet_core_head(core)))
		octet_core_retire(core, job, error);
	spin_unlock_irqrestore(&core->lock, flags);
}

/* Takes back octet_core_kill(). */
void octet_core_revive(struct octet_core *core)
{
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	core->dead = false;
	spin_unlock_irqrestore(&core->lock, flags);
}
