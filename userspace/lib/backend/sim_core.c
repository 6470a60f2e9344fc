// SPDX-License-Identifier: MIT
/* A simulated core: its ring, completions and the thread that steps it. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

#define RING_BYTES (SIM_RING * sizeof(struct octet_ring_entry))
#define CQ_BYTES (SIM_RING * sizeof(struct octet_completion))

uint32_t sim_read(struct sim *sim, uint64_t offset)
{
	return octet_machine_read(sim->machine, offset);
}

void sim_write(struct sim *sim, uint64_t offset, uint32_t value)
{
	octet_machine_write(sim->machine, offset, value);
}

static uint32_t core_read(struct sim_core *core, uint64_t offset)
{
	return sim_read(core->sim, OCTET_CORE(core->index) + offset);
}

static void core_write(struct sim_core *core, uint64_t offset, uint32_t value)
{
	sim_write(core->sim, OCTET_CORE(core->index) + offset, value);
}

/* Set the registers of a core that is OFF and enable it. */
static void power_up(struct sim_core *core)
{
	uint64_t ring = (uintptr_t)core->ring, cq = (uintptr_t)core->cq;

	memset(core->cq, 0, CQ_BYTES);
	core->tail = 0;
	core->done = 0;
	core->cq_head = 0;
	core_write(core, OCTET_CORE_RING_LO, (uint32_t)ring);
	core_write(core, OCTET_CORE_RING_HI, (uint32_t)(ring >> 32));
	core_write(core, OCTET_CORE_RING_ORDER, SIM_RING_ORDER);
	core_write(core, OCTET_CORE_CQ_LO, (uint32_t)cq);
	core_write(core, OCTET_CORE_CQ_HI, (uint32_t)(cq >> 32));
	core_write(core, OCTET_CORE_CQ_ORDER, SIM_RING_ORDER);
	core_write(core, OCTET_CORE_IRQ_ENABLE,
		   OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR | OCTET_CORE_IRQ_RING);
	core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE);
}

static void publish(struct sim_core *core, const struct sim_flight *flight)
{
	uint32_t slot = core->tail++ % SIM_RING;

	if (&core->flight[slot] != flight)
		core->flight[slot] = *flight;
	core->ring[slot] = flight->entry;
}

static void publish_job(struct sim_core *core, struct sim_queue *q)
{
	const struct sim_pending *p = &q->pending[q->head];
	struct sim_flight flight = {
		.queue = q,
		.entry = {
			.opcode = OCTET_RING_RUN,
			.flags = p->irq ? OCTET_RING_F_IRQ : 0,
			.asid = SIM_ASID,
			.seq = ++core->seq,
			.cmd_va = p->cmd_va,
			.cmd_count = p->cmd_count,
			.sw = p->sw,
			.lb = p->lb,
			.budget = p->budget,
			.report_va = p->report_va,
		},
	};

	publish(core, &flight);
	q->head = (q->head + 1) % SIM_QUEUE_DEPTH;
	q->count--;
	q->taken++;
}

/* A quarter of the ring per queue and turn: one doorbell for an array of jobs. */
static void feed_queue(struct sim_core *core, struct sim_queue *q)
{
	for (unsigned int n = 0; n < SIM_RING / 4; n++) {
		if (core->tail - core->done == SIM_RING || !sim_queue_ready(q))
			return;
		publish_job(core, q);
	}
}

void sim_core_feed(struct sim_core *core)
{
	static const enum octet_priority order[] = {
		OCTET_PRIORITY_HIGH,
		OCTET_PRIORITY_NORMAL,
		OCTET_PRIORITY_LOW,
	};
	uint32_t before = core->tail;

	/* Half of the ring stays for what comes after. */
	if (core->tail - core->done >= SIM_RING / 2)
		return;
	for (size_t i = 0; i < 3; i++)
		for (struct sim_queue *q = core->queues; q; q = q->next)
			if (q->priority == order[i])
				feed_queue(core, q);
	if (core->tail == before)
		return;
	if (core->done == before)
		core->worked_ns = octet_now();
	core_write(core, OCTET_CORE_RING_TAIL, core->tail);
}

/* A wait may have ended on any core. */
static void feed_all(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->core_count; i++)
		sim_core_feed(&sim->cores[i]);
}

/* Entries of a failed queue that the core has not fetched yet: it is halted. */
static void cancel(struct sim_core *core, const struct sim_queue *q)
{
	for (uint32_t i = core->done; i != core->tail; i++) {
		struct sim_flight *flight = &core->flight[i % SIM_RING];

		if (flight->queue != q)
			continue;
		flight->queue = NULL;
		flight->entry.opcode = OCTET_RING_NOP;
		core->ring[i % SIM_RING].opcode = OCTET_RING_NOP;
	}
}

static void fail_queue(struct sim_core *core, struct sim_queue *q,
		       const struct octet_queue_state *why)
{
	cancel(core, q);
	sim_queue_fail(q, why);
}

/* Reset the core, then publish again what is left. */
static void restart(struct sim_core *core)
{
	struct sim_flight *left = calloc(SIM_RING, sizeof(*left));
	uint32_t count = 0;

	core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	while (core_read(core, OCTET_CORE_CTRL) & OCTET_CORE_CTRL_RESET)
		octet_core_step(core->sim->machine, core->index);
	for (uint32_t i = core->done; i != core->tail; i++)
		if (left && core->flight[i % SIM_RING].queue)
			left[count++] = core->flight[i % SIM_RING];
	power_up(core);
	for (uint32_t i = 0; i < count; i++)
		publish(core, &left[i]);
	free(left);
	core->worked_ns = octet_now();
	core_write(core, OCTET_CORE_RING_TAIL, core->tail);
}

/* The oldest entry did not end as it should: fail its queue, start again. */
static void recover(struct sim_core *core, int error, uint32_t status)
{
	struct octet_queue_state why = { .error = error, .status = status };
	struct sim_flight *oldest = &core->flight[core->done % SIM_RING];
	struct sim_queue *q = oldest->queue;

	oldest->queue = NULL;
	core->done++;
	if (q)
		fail_queue(core, q, &why);
	restart(core);
}

static bool completion_next(struct sim_core *core, struct octet_completion *out)
{
	const struct octet_completion *cq = &core->cq[core->cq_head % SIM_RING];
	uint16_t phase = core->cq_head / SIM_RING % 2 ? 0 : OCTET_CQ_PHASE;

	if ((cq->flags & OCTET_CQ_PHASE) != phase || core->done == core->tail)
		return false;
	*out = *cq;
	core->cq_head++;
	core_write(core, OCTET_CORE_CQ_HEAD, core->cq_head);
	return true;
}

static void complete(struct sim_core *core, const struct octet_completion *c)
{
	struct sim_queue *q = core->flight[core->done % SIM_RING].queue;
	struct octet_queue_state why = {
		.error = octet_status_error(c->status),
		.status = c->status,
		.command = c->command,
		.detail = c->detail,
		.fault_va = c->fault_va,
	};

	core->done++;
	core->worked_ns = octet_now();
	if (c->status == OCTET_STATUS_OK) {
		if (q) {
			q->state.completed++;
			sim_queue_signal(q);
		}
		return;
	}
	if (q)
		fail_queue(core, q, &why);
	core_write(core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
}

/* The interrupt: clear first, then read until nothing is new. */
static void service(struct sim_core *core)
{
	struct octet_completion c;

	core->irq = false;
	core_write(core, OCTET_CORE_IRQ_STATUS, core_read(core, OCTET_CORE_IRQ_STATUS));
	while (completion_next(core, &c)) {
		if (c.seq != core->flight[core->done % SIM_RING].entry.seq) {
			recover(core, -EFAULT, OCTET_STATUS_BUS_ERROR);
			break;
		}
		complete(core, &c);
	}
	if (core->done != core->tail &&
	    (core_read(core, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_RING_ERROR))
		recover(core, -EFAULT, OCTET_STATUS_BUS_ERROR);
	feed_all(core->sim);
}

static void lose(struct sim *sim)
{
	sim->gone = true;
	for (unsigned int i = 0; i < sim->core_count; i++)
		for (struct sim_queue *q = sim->cores[i].queues; q; q = q->next)
			sim_queue_signal(q);
}

/*
 * Nothing was heard for a while: a lost interrupt, a hung job, a lost device? All work of
 * the core is done by its thread: a job that leaves it nothing to do does not run,
 * whatever PROGRESS says. One that computes is not looked at, however long it takes.
 */
static void watch(struct sim_core *core)
{
	if (sim_read(core->sim, OCTET_REG_ID) != OCTET_ID_MAGIC) {
		lose(core->sim);
		return;
	}
	service(core);
	if (core->done == core->tail) {
		core->worked_ns = octet_now();
	} else if (octet_now() - core->worked_ns > SIM_HANG_NS) {
		recover(core, -ETIME, 0);
		feed_all(core->sim);
	}
}

/* Until a kick, an interrupt, the machine's own deadline, or time to look. */
static void rest(struct sim_core *core, uint64_t deadline)
{
	int64_t until = octet_now() + SIM_HANG_NS / 8;
	bool paced = deadline && (int64_t)deadline < until;
	struct timespec t;

	if (paced)
		until = (int64_t)deadline;
	t.tv_sec = until / 1000000000;
	t.tv_nsec = until % 1000000000;
	if (core->done == core->tail && !deadline)
		pthread_cond_wait(&core->wake, &core->sim->lock);
	else if (pthread_cond_timedwait(&core->wake, &core->sim->lock, &t) == ETIMEDOUT && !paced &&
		 !core->kicked && !core->sim->stop && !core->sim->gone)
		watch(core);
	if (deadline)
		core->worked_ns = octet_now();
}

static void *core_main(void *opaque)
{
	struct sim_core *core = opaque;
	struct sim *sim = core->sim;

	pthread_mutex_lock(&sim->lock);
	while (!sim->stop) {
		struct octet_step step;

		core->kicked = false;
		step = octet_core_step(sim->machine, core->index);
		if (sim->invalidating)
			pthread_cond_broadcast(&sim->done);
		if (step.kind == OCTET_STEP_COMPUTE) {
			pthread_mutex_unlock(&sim->lock);
			octet_core_compute(sim->machine, core->index);
			pthread_mutex_lock(&sim->lock);
			core->worked_ns = octet_now();
			continue;
		}
		if (core->irq)
			service(core);
		if (!core->kicked && !core->irq && !sim->stop)
			rest(core, step.deadline_ns);
	}
	pthread_mutex_unlock(&sim->lock);
	return NULL;
}

int sim_core_start(struct sim_core *core)
{
	core->ring = sim_memory_dma(&core->sim->memory, RING_BYTES);
	core->cq = sim_memory_dma(&core->sim->memory, CQ_BYTES);
	if (!core->ring || !core->cq)
		return -ENOMEM;
	power_up(core);
	if (pthread_create(&core->thread, NULL, core_main, core))
		return -ENOMEM;
	core->threaded = true;
	return 0;
}

void sim_core_stop(struct sim_core *core)
{
	if (core->threaded)
		pthread_join(core->thread, NULL);
	core->threaded = false;
}
