// SPDX-License-Identifier: MIT
/* Ring entries in, completion entries out, interrupts between. */
#include <string.h>

#include "core_priv.h"

_Static_assert(sizeof(struct octet_ring_entry) == OCTET_ENTRY_SIZE, "ring entry");
_Static_assert(sizeof(struct octet_completion) == OCTET_ENTRY_SIZE, "completion entry");
_Static_assert(sizeof(struct octet_cmd) == OCTET_CMD_SIZE, "command");

/* Sends the core's message, whatever the reason. */
void octet_irq_message(struct octet_core *core)
{
	struct octet_machine *m = core->m;

	if (m->inject.gone || octet_inject_fires(core, &m->inject.drop_irq))
		return;
	octet_count(core, OCTET_COUNTER_IRQS, 1);
	octet_count(core, OCTET_COUNTER_IRQ_CYCLES, OCTET_CYCLES_IRQ);
	m->host.irq(m->host.opaque, octet_creg(core, OCTET_CORE_VECTOR));
}

/* Sets bits; an enabled one that was clear sends a message. */
void octet_irq_raise(struct octet_core *core, uint32_t bits)
{
	uint32_t *status = &core->regs[OCTET_CORE_IRQ_STATUS / 4];
	uint32_t fresh = bits & ~*status;

	*status |= bits;
	if (fresh & octet_creg(core, OCTET_CORE_IRQ_ENABLE))
		octet_irq_message(core);
}

void octet_ring_error(struct octet_core *core, const char *why)
{
	octet_guest_error(core->m, "core %u: ring error: %s; reset the core", core->index, why);
	core->ring_error = true;
	octet_irq_raise(core, OCTET_CORE_IRQ_RING);
}

static uint32_t ring_size(const struct octet_core *core)
{
	return BIT(octet_creg(core, OCTET_CORE_RING_ORDER));
}

static uint32_t queue_size(const struct octet_core *core)
{
	return BIT(octet_creg(core, OCTET_CORE_CQ_ORDER));
}

static uint32_t tail(const struct octet_core *core)
{
	return octet_creg(core, OCTET_CORE_RING_TAIL);
}

static bool base_ok(uint64_t base)
{
	return base && !(base % OCTET_ENTRY_SIZE) && base < BIT_ULL(OCTET_DMA_BITS);
}

/* What is wrong with base and order of ring and queue; NULL: nothing. */
const char *octet_ring_setup_bad(const struct octet_core *core)
{
	uint32_t ring = octet_creg(core, OCTET_CORE_RING_ORDER);
	uint32_t queue = octet_creg(core, OCTET_CORE_CQ_ORDER);

	if (ring < OCTET_RING_ORDER_MIN || ring > OCTET_RING_ORDER_MAX)
		return "RING_ORDER is not in 6..12";
	if (queue < ring || queue > OCTET_RING_ORDER_MAX)
		return "CQ_ORDER is not in RING_ORDER..12";
	if (!base_ok(octet_creg64(core, OCTET_CORE_RING_LO)))
		return "RING is not a 64-byte aligned DMA address";
	if (!base_ok(octet_creg64(core, OCTET_CORE_CQ_LO)))
		return "CQ is not a 64-byte aligned DMA address";
	return NULL;
}

/* The setup is good: does the tail lie? */
bool octet_ring_tail_bad(const struct octet_core *core)
{
	return tail(core) - core->head > ring_size(core);
}

/* Looks at what software has set up when it enables the core. */
void octet_ring_check(struct octet_core *core)
{
	const char *why = octet_ring_setup_bad(core);

	if (!why && octet_ring_tail_bad(core))
		why = "RING_TAIL is more than the ring ahead of RING_HEAD";
	if (why)
		octet_ring_error(core, why);
}

/* Are there entries that have not been fetched? */
bool octet_ring_more(const struct octet_core *core)
{
	return core->head != tail(core);
}

/* Copies the next entry. Return: 1, or 0 if there is none. */
int octet_ring_fetch(struct octet_core *core)
{
	uint64_t base = octet_creg64(core, OCTET_CORE_RING_LO);
	struct octet_job *job = &core->job;
	uint64_t addr;

	if (!(octet_creg(core, OCTET_CORE_CTRL) & OCTET_CORE_CTRL_ENABLE) || core->ring_error ||
	    core->head == tail(core))
		return 0;
	memset(job, 0, sizeof(*job));
	addr = base + OCTET_ENTRY_SIZE * (uint64_t)(core->head & (ring_size(core) - 1));
	if (octet_dma_read(core, addr, &job->entry, sizeof(job->entry))) {
		octet_ring_error(core, "an entry cannot be read");
		return 0;
	}
	core->head++;
	core->seq = job->entry.seq;
	job->start_ns = core->m->host.clock_ns(core->m->host.opaque);
	octet_count(core, OCTET_COUNTER_ENTRIES, 1);
	octet_count(core, OCTET_COUNTER_FETCH_CYCLES, OCTET_CYCLES_FETCH);
	atomic_fetch_add(&core->progress, 1);
	return 1;
}

#define ENTRY_FLAGS	(OCTET_RING_F_IRQ | OCTET_RING_F_RESUME)

bool octet_ring_entry_ok(const struct octet_ring_entry *e)
{
	if (e->opcode > OCTET_RING_RUN || (e->flags & ~ENTRY_FLAGS))
		return false;
	if (e->opcode == OCTET_RING_NOP)
		return true;
	return !e->reserved && e->cmd_count >= 1 && e->cmd_count <= OCTET_JOB_CMDS_MAX &&
	       e->first < e->cmd_count && e->cmd_va % OCTET_CMD_ALIGN == 0;
}

/* Checks the entry and opens its address space: 0 or a status. */
int octet_ring_check_entry(struct octet_core *core, struct octet_fault *fault)
{
	const struct octet_ring_entry *e = &core->job.entry;
	int status;

	if (!octet_ring_entry_ok(e))
		return octet_fail(fault, OCTET_STATUS_BAD_ENTRY, OCTET_OPERAND_CMD,
				  OCTET_ACCESS_NONE, 0);
	if (e->opcode == OCTET_RING_NOP)
		return 0;
	fault->command = e->first;
	if (e->report_va % 8)
		return octet_fail(fault, OCTET_STATUS_BAD_ENTRY, OCTET_OPERAND_REPORT,
				  OCTET_ACCESS_NONE, 0);
	status = octet_mmu_select(core, e->asid);
	if (!status && (uint64_t)e->sw + e->lb > core->m->config.sram)
		status = OCTET_STATUS_BAD_SPLIT;
	if (status)
		return octet_fail(fault, status, OCTET_OPERAND_CMD, OCTET_ACCESS_NONE, 0);
	return 0;
}

static void latch_fault(struct octet_core *core, const struct octet_completion *c)
{
	uint32_t *regs = core->regs;

	regs[OCTET_CORE_FAULT_STATUS / 4] = c->status;
	regs[OCTET_CORE_FAULT_ASID / 4] = c->asid;
	regs[OCTET_CORE_FAULT_VA_LO / 4] = (uint32_t)c->fault_va;
	regs[OCTET_CORE_FAULT_VA_HI / 4] = (uint32_t)(c->fault_va >> 32);
	regs[OCTET_CORE_FAULT_CMD / 4] = c->command;
	regs[OCTET_CORE_FAULT_DETAIL / 4] = c->detail;
	regs[OCTET_CORE_FAULT_SEQ_LO / 4] = (uint32_t)core->job.entry.seq;
	regs[OCTET_CORE_FAULT_SEQ_HI / 4] = (uint32_t)(core->job.entry.seq >> 32);
	octet_count(core, OCTET_COUNTER_ERRORS, 1);
	octet_trace(core->m,
		    "core %u: job %llu failed: status 0x%02x command %u detail 0x%x address 0x%llx",
		    core->index, (unsigned long long)core->job.entry.seq, c->status, c->command,
		    c->detail, (unsigned long long)c->fault_va);
}

static void build(struct octet_core *core, struct octet_completion *c)
{
	const struct octet_job *job = &core->job;
	bool run = job->entry.opcode == OCTET_RING_RUN;

	memset(c, 0, sizeof(*c));
	c->status = job->fault.status;
	if (!((core->cq_tail >> octet_creg(core, OCTET_CORE_CQ_ORDER)) & 1))
		c->flags = OCTET_CQ_PHASE;
	c->seq = job->entry.seq;
	if (octet_inject_fires(core, &core->m->inject.bad_completion))
		c->seq = ~c->seq;
	c->asid = job->entry.asid;
	if (c->status) {
		c->command = job->fault.command;
		c->detail = job->fault.detail;
		c->fault_va = job->fault.va;
	} else if (run) {
		c->command = job->entry.cmd_count;
	}
	c->cycles = job->cycles;
	c->macs = job->macs;
	c->dram_read = job->dram_read;
	c->dram_write = job->dram_write;
}

static int write_entry(struct octet_core *core, const struct octet_completion *c)
{
	uint64_t addr = octet_creg64(core, OCTET_CORE_CQ_LO) +
			OCTET_ENTRY_SIZE * (uint64_t)(core->cq_tail & (queue_size(core) - 1));
	const uint8_t *bytes = (const uint8_t *)c;

	if (octet_dma_write(core, addr + 8, bytes + 8, sizeof(*c) - 8))
		return -1;
	return octet_dma_write(core, addr, bytes, 8);
}

/* All completions so far are covered by one interrupt. */
void octet_ring_announce(struct octet_core *core)
{
	core->unannounced = false;
	core->announce_ns = 0;
	octet_irq_raise(core, OCTET_CORE_IRQ_DONE);
}

/* Sets the time of the interrupt for what is not announced, once there is a delay. */
void octet_ring_delay(struct octet_core *core)
{
	uint64_t delay = (uint64_t)octet_creg(core, OCTET_CORE_IRQ_DELAY_US) * 1000;

	if (core->unannounced && !core->announce_ns && delay)
		core->announce_ns = core->m->host.clock_ns(core->m->host.opaque) + delay;
}

/* Announces what has waited long enough. */
void octet_ring_tick(struct octet_core *core)
{
	if (core->unannounced && core->announce_ns &&
	    core->m->host.clock_ns(core->m->host.opaque) >= core->announce_ns)
		octet_ring_announce(core);
}

static void announce(struct octet_core *core, uint16_t status)
{
	bool enabled = octet_creg(core, OCTET_CORE_CTRL) & OCTET_CORE_CTRL_ENABLE;

	if (status) {
		core->unannounced = false;
		core->announce_ns = 0;
		octet_irq_raise(core, OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR);
	} else if ((core->job.entry.flags & OCTET_RING_F_IRQ) || !enabled ||
		   core->ring_error || core->head == tail(core)) {
		octet_ring_announce(core);
	} else {
		core->unannounced = true;
		octet_ring_delay(core);
	}
}

/*
 * Completes the job; the caller moves the core on. Return: false while the
 * completion queue is full.
 */
bool octet_ring_post(struct octet_core *core)
{
	struct octet_completion c;

	if (core->cq_tail - octet_creg(core, OCTET_CORE_CQ_HEAD) >= queue_size(core)) {
		if (core->unannounced)
			octet_ring_announce(core);
		return false;
	}
	build(core, &c);
	if (c.status)
		latch_fault(core, &c);
	else if (core->job.entry.opcode == OCTET_RING_RUN)
		octet_count(core, OCTET_COUNTER_JOBS, 1);
	core->phase = c.status ? OCTET_PHASE_HALTED : OCTET_PHASE_FETCH;
	if (write_entry(core, &c)) {
		octet_ring_error(core, "a completion cannot be written");
		return true;
	}
	core->cq_tail++;
	announce(core, c.status);
	return true;
}
