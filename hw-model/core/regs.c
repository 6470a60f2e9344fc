// SPDX-License-Identifier: MIT
/*
 * The registers: one table for the global page, one for a core's page. What
 * a table does not name reads 0 and ignores writes.
 */
#include <inttypes.h>
#include <string.h>

#include "core_priv.h"

#define ALL		0xffffffffu
#define VERSION		(OCTET_FIELD_PREP(OCTET_HW_VERSION_MAJOR, OCTET_HW_VERSION_1) | \
			 OCTET_FIELD_PREP(OCTET_HW_VERSION_MINOR, OCTET_HW_VERSION_1_STOP))

static bool in_reset(const struct octet_machine *m)
{
	for (unsigned int c = 0; c < m->config.cores; c++)
		if (m->core[c].phase == OCTET_PHASE_RESET)
			return true;
	return false;
}

/* A core has come out of reset: was it the last one of a device reset? */
void octet_regs_reset_done(struct octet_machine *m)
{
	if (!in_reset(m) && !m->stuck)
		m->regs[OCTET_REG_CTRL / 4] = 0;
}

static void write_ctrl(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	(void)core;
	if (value & OCTET_CTRL_RESET)
		octet_device_reset(m);
}

static uint32_t read_status(struct octet_machine *m, struct octet_core *core)
{
	(void)core;
	return m->regs[OCTET_REG_CTRL / 4] & OCTET_CTRL_RESET ? 0 : OCTET_STATUS_READY;
}

static uint32_t read_irq_status(struct octet_machine *m, struct octet_core *core)
{
	uint32_t bits = 0;

	(void)core;
	for (unsigned int c = 0; c < m->config.cores; c++)
		if (octet_creg(&m->core[c], OCTET_CORE_IRQ_STATUS) &
		    octet_creg(&m->core[c], OCTET_CORE_IRQ_ENABLE))
			bits |= OCTET_IRQ_STATUS_CORE(c);
	return bits;
}

static uint32_t read_resets(struct octet_machine *m, struct octet_core *core)
{
	(void)core;
	return m->resets;
}

static void write_asid_count(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	(void)core;
	if (value > BIT(OCTET_ASID_ORDER)) {
		octet_guest_error(m, "ASID_COUNT = 0x%08" PRIx32 ": must be at most %u", value,
				  BIT(OCTET_ASID_ORDER));
		return;
	}
	m->regs[OCTET_REG_ASID_COUNT / 4] = value;
}

static void write_tlb_cmd(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	(void)core;
	if (m->tlb_busy)
		octet_guest_error(m, "TLB_CMD = 0x%08" PRIx32 ": ignored, TLB_STATUS is busy",
				  value);
	else if (value < OCTET_TLB_CMD_ALL || value > OCTET_TLB_CMD_RANGE)
		octet_guest_error(m, "TLB_CMD = 0x%08" PRIx32 ": must be 1, 2 or 3", value);
	else
		octet_mmu_invalidate(m, value);
}

static uint32_t read_tlb_status(struct octet_machine *m, struct octet_core *core)
{
	(void)core;
	return m->tlb_busy ? OCTET_TLB_STATUS_BUSY : 0;
}

uint32_t octet_core_state(const struct octet_core *core)
{
	bool enabled = octet_creg(core, OCTET_CORE_CTRL) & OCTET_CORE_CTRL_ENABLE;

	switch (core->phase) {
	case OCTET_PHASE_RESET:
		return OCTET_CORE_STATE_RESET;
	case OCTET_PHASE_HALTED:
		return OCTET_CORE_STATE_HALTED;
	case OCTET_PHASE_STOPPED:
		return OCTET_CORE_STATE_OFF;
	case OCTET_PHASE_FETCH:
		if (!enabled)
			return OCTET_CORE_STATE_OFF;
		if (core->ring_error || core->head == octet_creg(core, OCTET_CORE_RING_TAIL))
			return OCTET_CORE_STATE_IDLE;
		return OCTET_CORE_STATE_BUSY;
	default:
		return OCTET_CORE_STATE_BUSY;
	}
}

static uint32_t read_core_ctrl(struct octet_machine *m, struct octet_core *core)
{
	uint32_t value = octet_creg(core, OCTET_CORE_CTRL);

	(void)m;
	return core->phase == OCTET_PHASE_RESET ? value | OCTET_CORE_CTRL_RESET : value;
}

static void resume(struct octet_core *core)
{
	if (core->phase == OCTET_PHASE_HALTED)
		core->phase = OCTET_PHASE_FETCH;
	else
		octet_guest_error(core->m, "core %u: CTRL: RESUME, but the core is not halted",
				  core->index);
}

static void write_core_ctrl(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	const uint32_t enable_stop = OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_STOP;
	uint32_t *ctrl = &core->regs[OCTET_CORE_CTRL / 4];
	bool was = *ctrl & OCTET_CORE_CTRL_ENABLE;

	if (value & OCTET_CORE_CTRL_RESET) {
		core->stuck |= octet_inject_fires(core, &m->inject.stuck_core);
		octet_core_reset(core);
		return;
	}
	if (core->phase == OCTET_PHASE_RESET) {
		octet_guest_error(m, "core %u: CTRL = 0x%08" PRIx32 ": ignored during the reset",
				  core->index, value);
		return;
	}
	if (core->phase == OCTET_PHASE_STOPPED) {
		if (value & (OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME))
			octet_guest_error(m, "core %u: CTRL = 0x%08" PRIx32 ": ignored, the core is "
					  "STOPPED until a reset", core->index, value);
		return;
	}
	if ((value & enable_stop) == enable_stop) {
		octet_guest_error(m, "core %u: CTRL: STOP with ENABLE is ignored", core->index);
		value &= ~OCTET_CORE_CTRL_STOP;
	}
	*ctrl = value & enable_stop;
	if ((*ctrl & OCTET_CORE_CTRL_ENABLE) && !was)
		octet_ring_check(core);
	if (value & OCTET_CORE_CTRL_RESUME)
		resume(core);
	if (octet_stopping(core))
		octet_core_stop(core);
	octet_core_kick(core);
}

static uint32_t read_core_status(struct octet_machine *m, struct octet_core *core)
{
	(void)m;
	return OCTET_FIELD_PREP(OCTET_CORE_STATUS_STATE, octet_core_state(core)) |
	       (core->ring_error ? OCTET_CORE_STATUS_RING_ERROR : 0) |
	       (core->phase == OCTET_PHASE_STOPPED ? OCTET_CORE_STATUS_STOPPED : 0);
}

static void write_tail(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	bool enabled = octet_creg(core, OCTET_CORE_CTRL) & OCTET_CORE_CTRL_ENABLE;
	uint32_t old = octet_creg(core, OCTET_CORE_RING_TAIL);
	uint32_t ahead = value - core->head;

	(void)m;
	octet_count(core, OCTET_COUNTER_DOORBELLS, 1);
	octet_count(core, OCTET_COUNTER_DOORBELL_CYCLES, OCTET_CYCLES_DOORBELL);
	core->regs[OCTET_CORE_RING_TAIL / 4] = value;
	if (!enabled || core->ring_error)
		return;
	if (ahead > BIT(octet_creg(core, OCTET_CORE_RING_ORDER)))
		octet_ring_error(core, "RING_TAIL is more than the ring ahead of RING_HEAD");
	else if (ahead < old - core->head)
		octet_ring_error(core, "RING_TAIL went back");
	else
		octet_core_kick(core);
}

static uint32_t read_head(struct octet_machine *m, struct octet_core *core)
{
	(void)m;
	return core->head;
}

static void write_cq_head(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	uint32_t old = octet_creg(core, OCTET_CORE_CQ_HEAD);

	if (value - old > core->cq_tail - old) {
		octet_guest_error(m, "core %u: CQ_HEAD = 0x%08" PRIx32 ": not in 0x%08" PRIx32
				  "..0x%08" PRIx32 " (CQ_TAIL)", core->index, value, old,
				  core->cq_tail);
		return;
	}
	core->regs[OCTET_CORE_CQ_HEAD / 4] = value;
	octet_core_kick(core);
}

static uint32_t read_cq_tail(struct octet_machine *m, struct octet_core *core)
{
	(void)m;
	return core->cq_tail;
}

static void write_irq_enable(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	(void)m;
	core->regs[OCTET_CORE_IRQ_ENABLE / 4] = value;
	if (value & octet_creg(core, OCTET_CORE_IRQ_STATUS))
		octet_irq_message(core);
}

static void write_irq_delay(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	(void)m;
	core->regs[OCTET_CORE_IRQ_DELAY_US / 4] = value;
	octet_ring_delay(core);
	octet_core_kick(core);
}

static void write_vector(struct octet_machine *m, struct octet_core *core, uint32_t value)
{
	if (value > m->config.cores) {
		octet_guest_error(m, "core %u: VECTOR = 0x%08" PRIx32 ": must be below %u",
				  core->index, value, m->config.cores + 1);
		return;
	}
	core->regs[OCTET_CORE_VECTOR / 4] = value;
}

static uint32_t read_progress(struct octet_machine *m, struct octet_core *core)
{
	(void)m;
	if (core->phase == OCTET_PHASE_LIVELOCK)
		atomic_fetch_add(&core->progress, 1);
	return atomic_load(&core->progress);
}

static uint32_t read_seq_lo(struct octet_machine *m, struct octet_core *core)
{
	(void)m;
	return (uint32_t)core->seq;
}

static uint32_t read_seq_hi(struct octet_machine *m, struct octet_core *core)
{
	(void)m;
	return (uint32_t)(core->seq >> 32);
}

static uint32_t read_stop_cmd(struct octet_machine *m, struct octet_core *core)
{
	(void)m;
	return core->phase == OCTET_PHASE_STOPPED ? core->stop_cmd : 0;
}

#define RO(reg, fn)		{ OCTET_##reg, #reg, OCTET_ACC_RO, 0, 0, fn, NULL }
#define CAP(reg, value)		{ OCTET_##reg, #reg, OCTET_ACC_RO, value, 0, NULL, NULL }
#define RW(reg, mask, fn)	{ OCTET_##reg, #reg, OCTET_ACC_RW, 0, mask, NULL, fn }
#define RW_OFF(reg, mask)	{ OCTET_##reg, #reg, OCTET_ACC_RW_OFF, 0, mask, NULL, NULL }

#define STAGES	GENMASK(OCTET_STAGE_FP32_RNE, OCTET_STAGE_RAW)
#define ADDR_BITS (OCTET_FIELD_PREP(OCTET_ADDR_BITS_VA, (uint32_t)OCTET_VA_BITS) | \
		   OCTET_FIELD_PREP(OCTET_ADDR_BITS_DMA, OCTET_DMA_BITS))
#define LIMITS	(OCTET_FIELD_PREP(OCTET_LIMITS_RING_ORDER, OCTET_RING_ORDER_MAX) | \
		 OCTET_FIELD_PREP(OCTET_LIMITS_ASID_ORDER, OCTET_ASID_ORDER) | \
		 OCTET_FIELD_PREP(OCTET_LIMITS_OPERAND_ORDER, OCTET_OPERAND_ORDER) | \
		 OCTET_FIELD_PREP(OCTET_LIMITS_DIM_ORDER, OCTET_DIM_ORDER))

/* Capabilities with reset value 0 here come from the configuration. */
const struct octet_reg octet_global_regs[] = {
	CAP(REG_ID, OCTET_ID_MAGIC),
	CAP(REG_VERSION, VERSION),
	CAP(REG_CORES, 0),
	CAP(REG_ARRAY, 0),
	CAP(REG_SRAM_SIZE, 0),
	CAP(REG_CLOCK_KHZ, 0),
	CAP(REG_DRAM_BPC, 0),
	CAP(REG_ADDR_BITS, ADDR_BITS),
	CAP(REG_OPS, OCTET_OPS),
	CAP(REG_STAGES, STAGES),
	CAP(REG_TYPES, OCTET_TYPES_ALL),
	CAP(REG_FEATURES, OCTET_FEATURE_CHAIN | OCTET_FEATURE_PACKED),
	CAP(REG_LIMITS, LIMITS),
	CAP(REG_MAX_CMDS, OCTET_JOB_CMDS_MAX),
	CAP(REG_TLB_ENTRIES, OCTET_TLB_SIZE),
	CAP(REG_VECTORS, 0),
	{ OCTET_REG_CTRL, "REG_CTRL", OCTET_ACC_RW, 0, OCTET_CTRL_RESET, NULL, write_ctrl },
	RO(REG_STATUS, read_status),
	RO(REG_IRQ_STATUS, read_irq_status),
	RO(REG_RESETS, read_resets),
	RW(REG_ASID_TABLE_LO, 0xfffff000u, NULL),
	RW(REG_ASID_TABLE_HI, 0x00ffffffu, NULL),
	RW(REG_ASID_COUNT, ALL, write_asid_count),
	RW(REG_TLB_ASID, 0xffffu, NULL),
	RW(REG_TLB_VA_LO, 0xfffff000u, NULL),
	RW(REG_TLB_VA_HI, ALL, NULL),
	RW(REG_TLB_PAGES, ALL, NULL),
	{ OCTET_REG_TLB_CMD, "REG_TLB_CMD", OCTET_ACC_WO, 0, ALL, NULL, write_tlb_cmd },
	RO(REG_TLB_STATUS, read_tlb_status),
};

const size_t octet_global_regs_count = sizeof(octet_global_regs) / sizeof(octet_global_regs[0]);

#define CORE_CTRL_BITS \
	(OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESET | OCTET_CORE_CTRL_RESUME | \
	 OCTET_CORE_CTRL_STOP)
#define CORE_IRQ_BITS	(OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR | OCTET_CORE_IRQ_RING)

const struct octet_reg octet_core_regs[] = {
	{ OCTET_CORE_CTRL, "CORE_CTRL", OCTET_ACC_RW, 0, CORE_CTRL_BITS, read_core_ctrl,
	  write_core_ctrl },
	RO(CORE_STATUS, read_core_status),
	RW_OFF(CORE_RING_LO, ALL),
	RW_OFF(CORE_RING_HI, ALL),
	RW_OFF(CORE_RING_ORDER, ALL),
	RW(CORE_RING_TAIL, ALL, write_tail),
	RO(CORE_RING_HEAD, read_head),
	RW_OFF(CORE_CQ_LO, ALL),
	RW_OFF(CORE_CQ_HI, ALL),
	RW_OFF(CORE_CQ_ORDER, ALL),
	RW(CORE_CQ_HEAD, ALL, write_cq_head),
	RO(CORE_CQ_TAIL, read_cq_tail),
	{ OCTET_CORE_IRQ_STATUS, "CORE_IRQ_STATUS", OCTET_ACC_W1C, 0, CORE_IRQ_BITS, NULL, NULL },
	RW(CORE_IRQ_ENABLE, CORE_IRQ_BITS, write_irq_enable),
	RW(CORE_IRQ_DELAY_US, ALL, write_irq_delay),
	RW(CORE_VECTOR, ALL, write_vector),
	RO(CORE_PROGRESS, read_progress),
	RO(CORE_SEQ_LO, read_seq_lo),
	RO(CORE_SEQ_HI, read_seq_hi),
	RO(CORE_STOP_CMD, read_stop_cmd),
	RO(CORE_FAULT_STATUS, NULL),
	RO(CORE_FAULT_ASID, NULL),
	RO(CORE_FAULT_VA_LO, NULL),
	RO(CORE_FAULT_VA_HI, NULL),
	RO(CORE_FAULT_CMD, NULL),
	RO(CORE_FAULT_DETAIL, NULL),
	RO(CORE_FAULT_SEQ_LO, NULL),
	RO(CORE_FAULT_SEQ_HI, NULL),
};

const size_t octet_core_regs_count = sizeof(octet_core_regs) / sizeof(octet_core_regs[0]);

void octet_regs_reset_global(struct octet_machine *m)
{
	const struct octet_config *cfg = &m->config;
	uint32_t *regs = m->regs;

	for (size_t i = 0; i < octet_global_regs_count; i++)
		regs[octet_global_regs[i].offset / 4] = octet_global_regs[i].reset;
	regs[OCTET_REG_CORES / 4] = cfg->cores;
	regs[OCTET_REG_ARRAY / 4] = OCTET_FIELD_PREP(OCTET_ARRAY_P, cfg->p) |
				    OCTET_FIELD_PREP(OCTET_ARRAY_K, cfg->k) |
				    OCTET_FIELD_PREP(OCTET_ARRAY_C, cfg->c);
	regs[OCTET_REG_SRAM_SIZE / 4] = (uint32_t)cfg->sram;
	regs[OCTET_REG_CLOCK_KHZ / 4] = (uint32_t)(cfg->clock_hz / 1000);
	regs[OCTET_REG_DRAM_BPC / 4] = cfg->dram_bpc;
	regs[OCTET_REG_VECTORS / 4] = cfg->cores + 1;
}

void octet_regs_reset_core(struct octet_core *core)
{
	for (size_t i = 0; i < octet_core_regs_count; i++)
		core->regs[octet_core_regs[i].offset / 4] = octet_core_regs[i].reset;
	core->regs[OCTET_CORE_VECTOR / 4] = 1 + core->index;
}

/* Where an offset leads. reg is NULL for a counter (is_counter) or nothing. */
struct place {
	struct octet_core *core;
	const struct octet_reg *reg;
	uint32_t offset;	/* within the page */
	bool is_counter;
};

static const struct octet_reg *find(const struct octet_reg *table, size_t count, uint32_t offset)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].offset == offset)
			return &table[i];
	return NULL;
}

static struct place locate(struct octet_machine *m, uint64_t offset)
{
	uint64_t page = offset / OCTET_CORE_STRIDE;
	struct place at = { .offset = (uint32_t)(offset % OCTET_CORE_STRIDE) };

	if (offset % 4 || page > m->config.cores)
		return at;
	if (!page) {
		at.reg = find(octet_global_regs, octet_global_regs_count, at.offset);
		return at;
	}
	at.core = &m->core[page - 1];
	at.reg = find(octet_core_regs, octet_core_regs_count, at.offset);
	at.is_counter = at.offset >= OCTET_CORE_COUNTER(0) &&
			at.offset < OCTET_CORE_COUNTER(OCTET_COUNTERS);
	return at;
}

static uint32_t *storage(struct octet_machine *m, const struct place *at)
{
	return at->core ? &at->core->regs[at->offset / 4] : &m->regs[at->offset / 4];
}

uint32_t octet_machine_read(struct octet_machine *m, uint64_t offset)
{
	struct place at;

	if (m->inject.gone)
		return ALL;
	at = locate(m, offset);
	if (at.is_counter)
		return octet_counter_read(at.core, at.offset);
	if (!at.reg) {
		octet_guest_error(m, "read of offset 0x%" PRIx64 ": there is no register", offset);
		return 0;
	}
	if (at.reg->access == OCTET_ACC_WO)
		return 0;
	return at.reg->read ? at.reg->read(m, at.core) : *storage(m, &at);
}

/* The rules every register shares. Return: false if the write is ignored. */
static bool may_write(struct octet_machine *m, const struct place *at, uint64_t offset,
		      uint32_t value)
{
	const char *why = NULL;

	if (at->is_counter || (at->reg && at->reg->access == OCTET_ACC_RO))
		why = "read-only";
	else if (!at->reg)
		why = "there is no register";
	else if (at->reg->access == OCTET_ACC_RW_OFF &&
		 octet_core_state(at->core) != OCTET_CORE_STATE_OFF)
		why = "can be written only while the core is OFF";
	if (why) {
		octet_guest_error(m, "write of 0x%08" PRIx32 " to offset 0x%" PRIx64 " (%s): %s",
				  value, offset, at->reg ? at->reg->name : "-", why);
		return false;
	}
	if (value & ~at->reg->mask)
		octet_guest_error(m, "%s = 0x%08" PRIx32 ": bits outside 0x%08" PRIx32
				  " are ignored", at->reg->name, value, at->reg->mask);
	return true;
}

void octet_machine_write(struct octet_machine *m, uint64_t offset, uint32_t value)
{
	struct place at;

	if (m->inject.gone)
		return;
	at = locate(m, offset);
	if (!may_write(m, &at, offset, value))
		return;
	value &= at.reg->mask;
	if (at.reg->access == OCTET_ACC_W1C)
		*storage(m, &at) &= ~value;
	else if (at.reg->write)
		at.reg->write(m, at.core, value);
	else
		*storage(m, &at) = value;
}
