// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Device
 *
 * Probe reads the capability registers and assumes nothing. What an open file can
 * reach belongs to the DRM device and goes with its last reference; what is
 * hardware goes when the driver is unbound, however many files are open.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "octet_device.h"
#include "octet_dma.h"
#include "octet_dump.h"
#include "octet_job.h"
#include "octet_reset.h"
#include "octet_sched.h"
#include "octet_trace.h"
#include "octet_vm.h"

#define OCTET_TIMEOUT_MS	2000
#define OCTET_MAX_TIMEOUT_MS	8000	/* fences must signal in finite time */
#define OCTET_READY_TIMEOUT_US	(1000 * 1000)
#define OCTET_MAX_DMA_BITS	56	/* what an entry of a table holds */

static unsigned int octet_timeout_ms = OCTET_TIMEOUT_MS;
module_param_named(job_timeout_ms, octet_timeout_ms, uint, 0444);
MODULE_PARM_DESC(job_timeout_ms,
		 "Longest time of a job on the hardware, 1..8000 ms (default 2000)");

static bool octet_one_vector;
module_param_named(one_vector, octet_one_vector, bool, 0444);
MODULE_PARM_DESC(one_vector, "Share one interrupt vector (default no)");

/*
 * Lets the device access memory, once its reset is over: what it had at work
 * before, under this driver or another, may have stopped for nothing else.
 *
 * Return: -EIO while the device hangs on, -ENODEV when it is gone
 */
int octet_device_reset_hw(struct octet_device *odev)
{
	u32 status;
	int ret;

	octet_write(odev, OCTET_REG_CTRL, OCTET_CTRL_RESET);
	ret = read_poll_timeout(octet_read, status, status & OCTET_STATUS_READY,
				100, OCTET_READY_TIMEOUT_US, false, odev,
				OCTET_REG_STATUS);
	if (octet_read(odev, OCTET_REG_ID) != OCTET_ID_MAGIC)
		return -ENODEV;
	/* That it comes back as another is no recovery either. */
	if (ret || octet_read(odev, OCTET_REG_VERSION) != odev->caps.version ||
	    octet_read(odev, OCTET_REG_CORES) != odev->caps.cores)
		return -EIO;

	octet_write(odev, OCTET_REG_ASID_TABLE_LO,
		    lower_32_bits(odev->mmu.table_dma));
	octet_write(odev, OCTET_REG_ASID_TABLE_HI,
		    upper_32_bits(odev->mmu.table_dma));
	octet_write(odev, OCTET_REG_ASID_COUNT, odev->mmu.count);
	pci_set_master(to_pci_dev(odev->drm.dev));
	return 0;
}

/* Afterwards it writes no memory. Of a device that is gone there is no asking. */
static void octet_device_clear_master(struct octet_device *odev, bool present)
{
	struct pci_dev *pdev = to_pci_dev(odev->drm.dev);

	pci_clear_master(pdev);
	if (present && !pci_wait_for_pending_transaction(pdev))
		drm_err(&odev->drm, "accesses of the device do not end\n");
}

/* Nothing runs any more; whoever waits is told. The schedulers keep running. */
void octet_device_lost(struct octet_device *odev, int error)
{
	u32 i;

	if (READ_ONCE(odev->lost))
		return;

	drm_err(&odev->drm, "the device is %s\n",
		error == -ENODEV ? "gone" : "beyond recovery");
	/* First: buffers go back to the system as soon as @lost is seen. */
	octet_device_clear_master(odev, error == -EIO);
	WRITE_ONCE(odev->lost, error);
	for (i = 0; i < odev->caps.cores; i++) {
		if (error == -EIO)
			octet_core_judge(&odev->cores[i]);
		octet_core_kill(&odev->cores[i], -ENODEV);
	}
	if (error == -EIO)
		queue_work(odev->vm_wq, &odev->wedged_work);
}

void octet_device_queue_reset(void *data)
{
	struct octet_device *odev = data;

	drm_err_ratelimited(&odev->drm, "an invalidation does not finish\n");
	queue_work(odev->reset_wq, &odev->reset_work);
}

/* Remove waits for who is inside drm_dev_enter(), and so ends a wait in there. */
static bool octet_device_going(struct octet_device *odev)
{
	return READ_ONCE(odev->lost) || drm_dev_is_unplugged(&odev->drm);
}

static int octet_device_tlb_idle(struct octet_device *odev)
{
	/* A job may hold its translations until the watchdog ends it. */
	u64 limit = (2ULL * odev->timeout_ms + 1000) * USEC_PER_MSEC;
	u32 status;

	/* All ones is a device that is gone. */
	return read_poll_timeout(octet_read, status,
				 !(status & OCTET_TLB_STATUS_BUSY) ||
				 status == U32_MAX || octet_device_going(odev),
				 50, limit, false, odev, OCTET_REG_TLB_STATUS);
}

/* Inside drm_dev_enter(). Who is asleep forgets all translations. */
static int octet_device_flush_tlb(struct octet_device *odev, u32 asid, u64 va,
				  u32 pages)
{
	int ret;

	if (!octet_pm_enter(odev))
		return 0;
	mutex_lock(&odev->tlb_lock);
	/*
	 * Pairs with octet_reset_revive(): jobs of a device that has come back find
	 * the entries cleared, or it is seen here that it is not lost any more.
	 */
	smp_mb();
	ret = octet_device_tlb_idle(odev);
	if (ret || READ_ONCE(odev->lost))
		goto out_unlock;
	octet_write(odev, OCTET_REG_TLB_ASID, asid);
	octet_write(odev, OCTET_REG_TLB_VA_LO, lower_32_bits(va));
	octet_write(odev, OCTET_REG_TLB_VA_HI, upper_32_bits(va));
	octet_write(odev, OCTET_REG_TLB_PAGES, pages);
	octet_write(odev, OCTET_REG_TLB_CMD,
		    pages ? OCTET_TLB_CMD_RANGE : OCTET_TLB_CMD_ASID);
	ret = octet_device_tlb_idle(odev);
	trace_octet_mmu_invalidate(odev, asid, va, pages, ret);
out_unlock:
	mutex_unlock(&odev->tlb_lock);
	octet_pm_exit(odev);
	return ret;
}

static int octet_device_invalidate(struct octet_mmu *mmu, u32 asid, u64 va,
				   u32 pages)
{
	struct octet_device *odev = container_of(mmu, struct octet_device, mmu);
	int idx, ret = 0;

	if (drm_dev_enter(&odev->drm, &idx)) {
		ret = octet_device_flush_tlb(odev, asid, va, pages);
		drm_dev_exit(idx);
	}
	/* The device runs on until remove stops it, which ends all accesses. */
	if (drm_dev_is_unplugged(&odev->drm)) {
		wait_for_completion(&odev->stopped);
		ret = 0;
	}
	return ret;
}

static const struct octet_mmu_ops octet_device_mmu_ops = {
	.invalidate = octet_device_invalidate,
};

/* Return: -ENODEV for a device that this driver does not know */
int octet_device_read_caps(struct octet_device *odev)
{
	struct octet_caps *caps = &odev->caps;
	u32 id = octet_read(odev, OCTET_REG_ID);
	u32 major, minor, width;

	if (id != OCTET_ID_MAGIC)
		return dev_err_probe(odev->drm.dev, -ENODEV,
				     "ID register is %#x, not %#x: not an Octet device\n",
				     id, OCTET_ID_MAGIC);

	caps->version = octet_read(odev, OCTET_REG_VERSION);
	major = FIELD_GET(OCTET_HW_VERSION_MAJOR, caps->version);
	minor = FIELD_GET(OCTET_HW_VERSION_MINOR, caps->version);
	if (major != OCTET_HW_VERSION_1)
		return dev_err_probe(odev->drm.dev, -ENODEV,
				     "device version %u.%u: this driver knows major version %u only\n",
				     major, minor, OCTET_HW_VERSION_1);
	if (minor < OCTET_HW_VERSION_1_STOP)
		return dev_err_probe(odev->drm.dev, -ENODEV,
				     "version %u.%u cannot stop a job: a device needs %u.%u or newer\n",
				     major, minor, OCTET_HW_VERSION_1,
				     OCTET_HW_VERSION_1_STOP);

	width = octet_read(odev, OCTET_REG_ADDR_BITS);
	caps->va_bits = FIELD_GET(OCTET_ADDR_BITS_VA, width);
	caps->dma_bits = FIELD_GET(OCTET_ADDR_BITS_DMA, width);
	caps->cores = octet_read(odev, OCTET_REG_CORES);
	caps->array = octet_read(odev, OCTET_REG_ARRAY);
	caps->sram_size = octet_read(odev, OCTET_REG_SRAM_SIZE);
	caps->clock_khz = octet_read(odev, OCTET_REG_CLOCK_KHZ);
	caps->dram_bpc = octet_read(odev, OCTET_REG_DRAM_BPC);
	caps->ops = octet_read(odev, OCTET_REG_OPS);
	caps->stages = octet_read(odev, OCTET_REG_STAGES);
	caps->types = octet_read(odev, OCTET_REG_TYPES);
	caps->features = octet_read(odev, OCTET_REG_FEATURES);
	caps->limits = octet_read(odev, OCTET_REG_LIMITS);
	caps->max_cmds = octet_read(odev, OCTET_REG_MAX_CMDS);
	caps->tlb_entries = octet_read(odev, OCTET_REG_TLB_ENTRIES);

	if (!caps->cores || caps->cores > OCTET_MAX_CORES ||
	    caps->va_bits != OCTET_VA_BITS ||
	    caps->dma_bits < 32 || caps->dma_bits > OCTET_MAX_DMA_BITS ||
	    FIELD_GET(OCTET_LIMITS_RING_ORDER, caps->limits) < OCTET_RING_ORDER ||
	    !FIELD_GET(OCTET_LIMITS_ASID_ORDER, caps->limits) ||
	    FIELD_GET(OCTET_LIMITS_ASID_ORDER, caps->limits) > 16)
		return dev_err_probe(odev->drm.dev, -ENODEV,
				     "capabilities out of range: cores %u, address bits %#x, limits %#x\n",
				     caps->cores, width, caps->limits);
	/* What is divided by, and what jobs must have. */
	if (!caps->clock_khz || !caps->max_cmds)
		return dev_err_probe(odev->drm.dev, -ENODEV,
				     "clock of %u kHz, jobs of %u commands: neither may be 0\n",
				     caps->clock_khz, caps->max_cmds);
	return 0;
}

static void octet_device_destroy_wq(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

static int octet_device_init_wqs(struct octet_device *odev)
{
	int ret;

	odev->vm_wq = alloc_workqueue("octet-vm", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!odev->vm_wq)
		return -ENOMEM;
	ret = drmm_add_action_or_reset(&odev->drm, octet_device_destroy_wq,
				       odev->vm_wq);
	if (ret)
		return ret;

	odev->reset_wq = alloc_ordered_workqueue("octet-reset", WQ_MEM_RECLAIM);
	if (!odev->reset_wq)
		return -ENOMEM;
	INIT_WORK(&odev->reset_work, octet_reset_work);
	INIT_WORK(&odev->park_work, octet_reset_park_work);
	INIT_WORK(&odev->unpark_work, octet_reset_unpark_work);
	INIT_WORK(&odev->wedged_work, octet_reset_wedged_work);
	return drmm_add_action_or_reset(&odev->drm, octet_device_destroy_wq,
					odev->reset_wq);
}

static void octet_device_fini_mmu(void *mmu)
{
	octet_mmu_fini(mmu);
}

static int octet_device_init_mmu(struct octet_device *odev)
{
	u32 order = FIELD_GET(OCTET_LIMITS_ASID_ORDER, odev->caps.limits);
	int ret;

	ret = drmm_mutex_init(&odev->drm, &odev->tlb_lock);
	if (ret)
		return ret;
	ret = octet_mmu_init(&odev->mmu, odev->drm.dev, &octet_device_mmu_ops,
			     BIT(min(order, 12)));
	if (ret)
		return ret;
	return devm_add_action_or_reset(odev->drm.dev, octet_device_fini_mmu,
					&odev->mmu);
}

/* Goes with the binding; nothing looks at it once the cores are killed. */
void *octet_device_alloc_coherent(struct octet_device *odev, size_t size,
				  dma_addr_t *dma)
{
	return dmam_alloc_coherent(odev->drm.dev, size, dma, GFP_KERNEL);
}

static int octet_device_init_irqs(struct octet_device *odev, struct pci_dev *pdev)
{
	u32 want = odev->caps.cores + 1;
	int i, count, ret;

	count = pci_alloc_irq_vectors(pdev, 1, octet_one_vector ? 1 : want,
				      PCI_IRQ_MSIX | PCI_IRQ_MSI);
	if (count < 0)
		return dev_err_probe(&pdev->dev, count, "no interrupt vectors\n");

	for (i = 0; i < odev->caps.cores; i++) {
		struct octet_core *core = &odev->cores[i];

		core->vector = count == want ? i + 1 : 0;
		core->irq = pci_irq_vector(pdev, core->vector);
		if (i && !core->vector)
			continue;
		ret = devm_request_irq(&pdev->dev, core->irq, octet_core_irq, 0,
				       "octet", odev);
		if (ret)
			return dev_err_probe(&pdev->dev, ret, "interrupt %d\n",
					     core->irq);
	}
	return 0;
}

static int octet_device_init_pci(struct octet_device *odev, struct pci_dev *pdev)
{
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "cannot enable the function\n");
	if (pci_resource_len(pdev, OCTET_BAR_REGS) < OCTET_BAR_SIZE)
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "BAR %u has %llu bytes, not %u\n", OCTET_BAR_REGS,
				     (u64)pci_resource_len(pdev, OCTET_BAR_REGS),
				     OCTET_BAR_SIZE);
	odev->regs = pcim_iomap_region(pdev, OCTET_BAR_REGS, "octet");
	if (IS_ERR(odev->regs))
		return dev_err_probe(&pdev->dev, PTR_ERR(odev->regs),
				     "cannot map the registers\n");

	ret = octet_device_read_caps(odev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev,
					DMA_BIT_MASK(odev->caps.dma_bits));
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "no DMA with %u bits\n",
				     odev->caps.dma_bits);
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	return 0;
}

/* All that needs no PCI, once the capabilities are known. */
int octet_device_init_parts(struct octet_device *odev)
{
	u32 i;
	int ret;

	init_completion(&odev->stopped);
	octet_pm_init(odev);
	INIT_LIST_HEAD(&odev->bos);
	odev->timeout_ms = clamp(octet_timeout_ms, 1U, OCTET_MAX_TIMEOUT_MS);

	ret = drmm_mutex_init(&odev->drm, &odev->bos_lock);
	if (!ret)
		ret = octet_device_init_mmu(odev);
	/* Before the workqueues: a dump in work is waited for with them. */
	if (!ret)
		ret = octet_dump_init(odev);
	if (!ret)
		ret = octet_device_init_wqs(odev);
	for (i = 0; i < odev->caps.cores && !ret; i++) {
		ret = octet_core_init(&odev->cores[i], odev, i);
		if (!ret)
			ret = octet_sched_init(&odev->cores[i]);
	}
	return ret;
}

/* It accesses no memory after this. It may be here or gone. */
static void octet_device_stop(struct octet_device *odev)
{
	u32 i;

	for (i = 0; i < odev->caps.cores; i++)
		octet_core_mask(&odev->cores[i]);
	octet_device_clear_master(odev, octet_device_reset_hw(odev) != -ENODEV);
}

int octet_device_start(struct octet_device *odev)
{
	u32 i;
	int ret;

	ret = octet_device_reset_hw(odev);
	if (ret)
		return dev_err_probe(odev->drm.dev, ret,
				     "device does not come out of reset\n");
	for (i = 0; i < odev->caps.cores; i++) {
		ret = octet_core_restart(&odev->cores[i]);
		if (ret) {
			octet_device_stop(odev);
			return dev_err_probe(odev->drm.dev, ret,
					     "core %u does not answer\n", i);
		}
	}
	return 0;
}

/* A device that was lost may need more than its own reset to come back. */
static int octet_device_flr(struct pci_dev *pdev)
{
	int ret;

	pci_save_state(pdev);
	ret = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	return ret;
}

/* Those that run are waited for, none comes any more. */
static void octet_device_disable_works(struct octet_device *odev)
{
	u32 i;

	disable_work_sync(&odev->reset_work);
	for (i = 0; i < odev->caps.cores; i++)
		disable_delayed_work_sync(&odev->cores[i].watchdog);
}

/* Instead of octet_device_remove(), of a device that nobody could open. */
void octet_device_abandon(struct octet_device *odev)
{
	/* An error of a ring may have queued some. */
	octet_device_disable_works(odev);
	octet_device_stop(odev);
}

/* The order matters: what is registered later is released earlier. */
int octet_device_init(struct octet_device *odev, struct pci_dev *pdev)
{
	int ret;

	ret = octet_device_init_pci(odev, pdev);
	if (!ret)
		ret = octet_device_init_parts(odev);
	if (!ret)
		ret = octet_device_init_irqs(odev, pdev);
	if (ret)
		return ret;

	ret = octet_device_start(odev);
	if (ret == -EIO && !octet_device_flr(pdev))
		ret = octet_device_start(odev);
	if (ret)
		octet_device_abandon(odev);
	return ret;
}

/*
 * The hardware may be here or gone, and files may be open. Afterwards nothing
 * touches it: fences are signalled, jobs that come later fail at once, and no
 * memory is mapped for it.
 */
void octet_device_remove(struct octet_device *odev)
{
	u32 i;

	drm_dev_unplug(&odev->drm);
	octet_device_disable_works(odev);
	octet_device_stop(odev);
	WRITE_ONCE(odev->lost, -ENODEV);
	complete_all(&odev->stopped);
	for (i = 0; i < odev->caps.cores; i++)
		octet_core_kill(&odev->cores[i], -ENODEV);
	/* It may go while it is parked, and no resume come. */
	octet_device_unpark(odev);
	octet_pm_disable(odev);

	octet_mmu_close(&odev->mmu);
	octet_dma_unmap_all(&odev->mmu);
	octet_vm_detach_all(&odev->mmu);
}

/* Before the device loses its state: the running jobs end, no other starts. */
void octet_device_park(struct octet_device *odev)
{
	queue_work(odev->reset_wq, &odev->park_work);
	flush_work(&odev->park_work);
}

/* Afterwards: a device reset programs everything, jobs that are left run. */
void octet_device_unpark(struct octet_device *odev)
{
	queue_work(odev->reset_wq, &odev->unpark_work);
	flush_work(&odev->unpark_work);
}
