// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitfield.h>
#include <linux/devcoredump.h>

#include <drm/drm_drv.h>
#include <drm/octet_isa.h>

#include "../octet_compat.h"
#include "../octet_drv.h"
#include "octet_mock.h"

#define OCTET_MOCK_IRQ	1000000	/* no interrupt of the system has this number */

static void octet_mock_raise(struct octet_mock *mock, u32 c, u32 bits)
{
	struct octet_mock_core *core = &mock->core[c];

	core->irq_status |= bits;
	if (!(core->irq_status & core->irq_enable))
		return;
	if (core->drop_irqs) {
		core->drop_irqs--;
		return;
	}
	core->counters[OCTET_COUNTER_IRQS]++;
	schedule_work(&mock->irq);
}

/* The handler runs without interrupts. */
static void octet_mock_irq_work(struct work_struct *work)
{
	struct octet_mock *mock = container_of(work, struct octet_mock, irq);
	struct octet_device *odev = mock->odev;
	u32 i;

	for (i = 0; i < odev->caps.cores; i++) {
		local_irq_disable();
		octet_core_irq(odev->cores[i].irq, odev);
		local_irq_enable();
	}
}

static void octet_mock_complete(struct octet_mock *mock, u32 c, u32 status, u64 seq)
{
	struct octet_ring *ring = &mock->odev->cores[c].ring;
	struct octet_mock_core *core = &mock->core[c];
	u32 i = core->cq_tail & (BIT(core->order) - 1);
	u16 phase = core->cq_tail >> core->order & 1 ? 0 : OCTET_CQ_PHASE;
	struct octet_completion *to = &ring->cq[i];

	to->status = cpu_to_le16(status);
	to->command = core->entry.cmd_count;
	to->seq = cpu_to_le64(seq);
	to->cycles = cpu_to_le64(100);
	to->fault_va = cpu_to_le64(status ? 0x1234000 : 0);
	to->detail = cpu_to_le32(status ? 0x0102 : 0);
	/* The flags last: they say that the rest is there. */
	smp_wmb();
	WRITE_ONCE(to->flags, cpu_to_le16(phase));
	core->cq_tail++;
	if (status)
		core->counters[OCTET_COUNTER_ERRORS]++;
	else if (core->entry.opcode == OCTET_RING_RUN)
		core->counters[OCTET_COUNTER_JOBS]++;
}

/* Return: whether the core goes on with the next entry */
static bool octet_mock_end(struct octet_mock *mock, u32 c, u32 status)
{
	struct octet_mock_core *core = &mock->core[c];

	octet_mock_complete(mock, c, status, le64_to_cpu(core->entry.seq));
	core->state = status ? OCTET_CORE_STATE_HALTED : OCTET_CORE_STATE_IDLE;
	octet_mock_raise(mock, c, status ? OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR :
			 OCTET_CORE_IRQ_DONE);
	return !status;
}

static bool octet_mock_run_entry(struct octet_mock *mock, u32 c)
{
	struct octet_mock_core *core = &mock->core[c];
	u64 seq = le64_to_cpu(core->entry.seq);
	u32 arg = 0;

	core->doing = OCTET_MOCK_OK;
	if (core->entry.opcode == OCTET_RING_RUN && core->step < core->steps) {
		arg = core->arg[core->step];
		core->doing = core->act[core->step++];
	}

	switch (core->doing) {
	case OCTET_MOCK_OK:
		return octet_mock_end(mock, c, OCTET_STATUS_OK);
	case OCTET_MOCK_FAIL:
		return octet_mock_end(mock, c, arg);
	case OCTET_MOCK_BAD_SEQ:
		octet_mock_complete(mock, c, OCTET_STATUS_OK, seq + 1000);
		core->state = OCTET_CORE_STATE_IDLE;
		octet_mock_raise(mock, c, OCTET_CORE_IRQ_DONE);
		return true;
	case OCTET_MOCK_RING_ERROR:
		core->head--;
		core->state = OCTET_CORE_STATE_OFF;
		core->flags = OCTET_CORE_STATUS_RING_ERROR;
		core->enabled = false;
		octet_mock_raise(mock, c, OCTET_CORE_IRQ_RING);
		return false;
	case OCTET_MOCK_SLOW:
		core->stop_cmd = arg;
		break;
	case OCTET_MOCK_HANG:
	case OCTET_MOCK_YIELD:
		break;
	}
	core->state = OCTET_CORE_STATE_BUSY;
	return false;
}

static void octet_mock_run(struct octet_mock *mock, u32 c)
{
	struct octet_ring *ring = &mock->odev->cores[c].ring;
	struct octet_mock_core *core = &mock->core[c];
	const struct octet_ring_entry *next;

	if (core->state == OCTET_CORE_STATE_OFF && core->enabled && !core->flags)
		core->state = OCTET_CORE_STATE_IDLE;
	while (core->enabled && core->state == OCTET_CORE_STATE_IDLE &&
	       core->head != core->tail) {
		next = &ring->entries[core->head & (BIT(core->order) - 1)];
		if (core->no_resume && next->flags & OCTET_RING_F_RESUME)
			break;
		core->entry = *next;
		core->head++;
		/* Not what asks a fresh ring whether it answers. */
		if (core->head > 1)
			core->log[core->logged++ % OCTET_MOCK_LOG] = core->entry;
		core->counters[OCTET_COUNTER_ENTRIES]++;
		if (!octet_mock_run_entry(mock, c))
			break;
	}
	if (!core->enabled && core->state == OCTET_CORE_STATE_IDLE)
		core->state = OCTET_CORE_STATE_OFF;
}

static void octet_mock_reset_core(struct octet_mock *mock, u32 c)
{
	struct octet_mock_core *core = &mock->core[c];

	core->enabled = false;
	core->state = OCTET_CORE_STATE_OFF;
	core->flags = 0;
	core->head = 0;
	core->tail = 0;
	core->cq_tail = 0;
	core->irq_status = 0;
	core->irq_enable = 0;
	core->counters[OCTET_COUNTER_RESETS]++;
}

static void octet_mock_core_ctrl(struct octet_mock *mock, u32 c, u32 value)
{
	struct octet_mock_core *core = &mock->core[c];

	if (value & OCTET_CORE_CTRL_RESET) {
		if (core->stuck)
			core->state = OCTET_CORE_STATE_RESET;
		else
			octet_mock_reset_core(mock, c);
		return;
	}
	core->enabled = value & OCTET_CORE_CTRL_ENABLE;
	if (!core->enabled && core->state == OCTET_CORE_STATE_BUSY &&
	    core->doing == OCTET_MOCK_YIELD)
		octet_mock_end(mock, c, OCTET_STATUS_OK);
	if ((value & OCTET_CORE_CTRL_STOP) && !core->enabled &&
	    core->state == OCTET_CORE_STATE_BUSY &&
	    core->doing == OCTET_MOCK_SLOW) {
		core->state = OCTET_CORE_STATE_OFF;
		core->flags |= OCTET_CORE_STATUS_STOPPED;
		core->stops++;
	}
	if ((value & OCTET_CORE_CTRL_RESUME) &&
	    core->state == OCTET_CORE_STATE_HALTED)
		core->state = OCTET_CORE_STATE_IDLE;
	octet_mock_run(mock, c);
}

static void octet_mock_write_core(struct octet_mock *mock, u32 c, u32 reg, u32 value)
{
	struct octet_mock_core *core = &mock->core[c];

	switch (reg) {
	case OCTET_CORE_CTRL:
		octet_mock_core_ctrl(mock, c, value);
		break;
	case OCTET_CORE_RING_ORDER:
		core->order = value;
		break;
	case OCTET_CORE_RING_TAIL:
		core->tail = value;
		core->counters[OCTET_COUNTER_DOORBELLS]++;
		octet_mock_run(mock, c);
		break;
	case OCTET_CORE_IRQ_STATUS:
		core->irq_status &= ~value;
		break;
	case OCTET_CORE_IRQ_ENABLE:
		core->irq_enable = value;
		octet_mock_raise(mock, c, 0);
		break;
	}
}

static void octet_mock_reset(struct octet_mock *mock)
{
	struct octet_device *odev = mock->odev;
	u32 c;

	mock->master = mock->pdev.is_busmaster;
	mock->paused = true;
	for (c = 0; c < odev->caps.cores; c++)
		mock->paused &= READ_ONCE(odev->cores[c].sched.pause_submit);
	if (mock->stuck)
		return;
	mock->resets++;
	for (c = 0; c < odev->caps.cores; c++) {
		octet_mock_reset_core(mock, c);
		mock->core[c].stuck = false;
		memset(mock->core[c].counters, 0, sizeof(mock->core[c].counters));
	}
}

void octet_mock_write(struct octet_mock *mock, u32 reg, u32 value)
{
	unsigned long flags;

	spin_lock_irqsave(&mock->lock, flags);
	if (mock->gone)
		goto out_unlock;
	if (reg >= OCTET_CORE_STRIDE) {
		octet_mock_write_core(mock, reg / OCTET_CORE_STRIDE - 1,
				      reg % OCTET_CORE_STRIDE, value);
		goto out_unlock;
	}
	mock->regs[reg / sizeof(u32)] = value;
	if (reg == OCTET_REG_CTRL && value & OCTET_CTRL_RESET)
		octet_mock_reset(mock);
	if (reg == OCTET_REG_TLB_CMD)
		mock->flushes++;
out_unlock:
	spin_unlock_irqrestore(&mock->lock, flags);
}

static u32 octet_mock_read_core(struct octet_mock *mock, u32 c, u32 reg)
{
	struct octet_mock_core *core = &mock->core[c];
	u32 counter = (reg - OCTET_CORE_COUNTER(0)) / sizeof(u64);

	if (reg >= OCTET_CORE_COUNTER(0) && counter < OCTET_COUNTERS)
		return reg & 4 ? upper_32_bits(core->counters[counter]) :
				 lower_32_bits(core->counters[counter]);
	switch (reg) {
	case OCTET_CORE_CTRL:
		return (core->enabled ? OCTET_CORE_CTRL_ENABLE : 0) |
		       (core->state == OCTET_CORE_STATE_RESET ?
			OCTET_CORE_CTRL_RESET : 0);
	case OCTET_CORE_STATUS:
		return core->state | core->flags;
	case OCTET_CORE_RING_TAIL:
		return core->tail;
	case OCTET_CORE_RING_HEAD:
		return core->head;
	case OCTET_CORE_CQ_TAIL:
		return core->cq_tail;
	case OCTET_CORE_IRQ_STATUS:
		return core->irq_status;
	case OCTET_CORE_IRQ_ENABLE:
		return core->irq_enable;
	case OCTET_CORE_SEQ_LO:
		return lower_32_bits(le64_to_cpu(core->entry.seq));
	case OCTET_CORE_SEQ_HI:
		return upper_32_bits(le64_to_cpu(core->entry.seq));
	case OCTET_CORE_STOP_CMD:
		return core->flags & OCTET_CORE_STATUS_STOPPED ? core->stop_cmd : 0;
	default:
		return 0;
	}
}

u32 octet_mock_read(struct octet_mock *mock, u32 reg)
{
	unsigned long flags;
	u32 value;

	spin_lock_irqsave(&mock->lock, flags);
	if (mock->gone)
		value = U32_MAX;
	else if (reg >= OCTET_CORE_STRIDE)
		value = octet_mock_read_core(mock, reg / OCTET_CORE_STRIDE - 1,
					     reg % OCTET_CORE_STRIDE);
	else if (reg == OCTET_REG_STATUS)
		value = mock->stuck ? 0 : OCTET_STATUS_READY;
	else if (reg == OCTET_REG_RESETS)
		value = mock->resets;
	else if (reg == OCTET_REG_TLB_STATUS)
		value = mock->tlb_stuck ? OCTET_TLB_STATUS_BUSY : 0;
	else
		value = mock->regs[reg / sizeof(u32)];
	spin_unlock_irqrestore(&mock->lock, flags);
	return value;
}

/* The next RUN entry of @core that has no step yet. */
void octet_mock_script(struct octet_mock *mock, u32 core, enum octet_mock_act act,
		       u32 arg)
{
	struct octet_mock_core *c = &mock->core[core];
	unsigned long flags;

	spin_lock_irqsave(&mock->lock, flags);
	c->act[c->steps] = act;
	c->arg[c->steps++] = arg;
	spin_unlock_irqrestore(&mock->lock, flags);
}

/* Ends a slow job. */
void octet_mock_finish(struct octet_mock *mock, u32 core, u32 status)
{
	struct octet_mock_core *c = &mock->core[core];
	unsigned long flags;

	spin_lock_irqsave(&mock->lock, flags);
	if (c->state == OCTET_CORE_STATE_BUSY && c->doing == OCTET_MOCK_SLOW &&
	    octet_mock_end(mock, core, status))
		octet_mock_run(mock, core);
	spin_unlock_irqrestore(&mock->lock, flags);
}

u32 octet_mock_logged(struct octet_mock *mock, u32 core)
{
	unsigned long flags;
	u32 logged;

	spin_lock_irqsave(&mock->lock, flags);
	logged = mock->core[core].logged;
	spin_unlock_irqrestore(&mock->lock, flags);
	return logged;
}

static void octet_mock_set_regs(struct octet_mock *mock, u32 cores)
{
	u32 *regs = mock->regs;

	regs[OCTET_REG_ID / 4] = OCTET_ID_MAGIC;
	regs[OCTET_REG_VERSION / 4] =
		FIELD_PREP(OCTET_HW_VERSION_MAJOR, OCTET_HW_VERSION_1) |
		FIELD_PREP(OCTET_HW_VERSION_MINOR, OCTET_HW_VERSION_1_STOP);
	regs[OCTET_REG_CORES / 4] = cores;
	regs[OCTET_REG_SRAM_SIZE / 4] = 1 << 20;
	regs[OCTET_REG_CLOCK_KHZ / 4] = 1000000;
	regs[OCTET_REG_DRAM_BPC / 4] = 32;
	regs[OCTET_REG_ADDR_BITS / 4] =
		FIELD_PREP(OCTET_ADDR_BITS_VA, OCTET_VA_BITS) |
		FIELD_PREP(OCTET_ADDR_BITS_DMA, 56);
	regs[OCTET_REG_LIMITS / 4] =
		FIELD_PREP(OCTET_LIMITS_RING_ORDER, 10) |
		FIELD_PREP(OCTET_LIMITS_ASID_ORDER, 4);
	regs[OCTET_REG_MAX_CMDS / 4] = 256;
	regs[OCTET_REG_TLB_ENTRIES / 4] = 64;
}

static void octet_mock_release(struct device *dev)
{
	kfree(container_of(dev, struct octet_mock, pdev.dev));
}

static void octet_mock_put(void *data)
{
	struct octet_mock *mock = data;

	devres_release_group(&mock->pdev.dev, NULL);
	/* A dump holds the device, whose release goes with this module. */
	dev_coredump_put(&mock->pdev.dev);
	pm_runtime_disable(&mock->pdev.dev);
	put_device(&mock->pdev.dev);
}

/* A device whose capabilities have not been read; goes with the test. */
struct octet_mock *octet_mock_alloc(struct kunit *test, u32 cores)
{
	struct octet_mock *mock;
	struct device *dev;

	mock = kzalloc_obj(*mock);
	KUNIT_ASSERT_NOT_NULL(test, mock);
	spin_lock_init(&mock->lock);
	INIT_WORK(&mock->irq, octet_mock_irq_work);
	octet_mock_set_regs(mock, cores);

	dev = &mock->pdev.dev;
	device_initialize(dev);
	dev->release = octet_mock_release;
	dev->coherent_dma_mask = DMA_BIT_MASK(32);
	dev->dma_mask = &dev->coherent_dma_mask;
	mock->pdev.error_state = pci_channel_io_perm_failure;
	KUNIT_ASSERT_EQ(test, dev_set_name(dev, "octet-mock"), 0);
	pm_runtime_get_noresume(dev);
	pm_runtime_set_active(dev);
	pm_runtime_enable(dev);
	KUNIT_ASSERT_NOT_NULL(test, devres_open_group(dev, NULL, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, octet_mock_put, mock), 0);

	mock->odev = devm_drm_dev_alloc(dev, &octet_drm_driver, struct octet_device,
					drm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock->odev);
	mock->odev->mock = mock;
	dev_set_drvdata(dev, mock->odev);
	return mock;
}

static void octet_mock_remove(void *data)
{
	struct octet_mock *mock = data;

	/* A test may have done so; address spaces that are still let go know of one removal. */
	if (!drm_dev_is_unplugged(&mock->odev->drm))
		octet_device_remove(mock->odev);
	flush_work(&mock->irq);
	flush_workqueue(mock->odev->vm_wq);
}

/* A device at work, as after probe. */
struct octet_mock *octet_mock_create(struct kunit *test, u32 cores)
{
	struct octet_mock *mock = octet_mock_alloc(test, cores);
	struct octet_device *odev = mock->odev;
	u32 i;

	KUNIT_ASSERT_EQ(test, octet_device_read_caps(odev), 0);
	KUNIT_ASSERT_EQ(test, octet_device_init_parts(odev), 0);
	for (i = 0; i < cores; i++) {
		odev->cores[i].vector = i + 1;
		odev->cores[i].irq = OCTET_MOCK_IRQ + i;
	}
	KUNIT_ASSERT_EQ(test, octet_device_start(odev), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, octet_mock_remove, mock),
			0);
	return mock;
}
