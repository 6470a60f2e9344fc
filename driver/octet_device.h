/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lock order, outermost first:
 *
 *   octet_mmu.gate			who maps memory for the device
 *   octet_device.bos_lock		list of buffers
 *   octet_bo.lock			mappings of a buffer
 *   octet_mmu.lock			buffers and address spaces
 *     dma_resv of buffers		pages; fences, at submit
 *       octet_queue.lock		order of arm and push
 *     octet_vm.lock			addresses and tables
 *     octet_device.tlb_lock		invalidation registers
 *   octet_core.lock (irq-safe)		ring, jobs in flight
 *     octet_queue.info_lock		how a queue's first job failed
 *     dma_fence locks
 *
 * Job completion and resets take octet_core.lock and what is below it, nothing
 * else: no allocation, no reservation lock.
 */
#ifndef __OCTET_DEVICE_H__
#define __OCTET_DEVICE_H__

#include <linux/completion.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>

#include "octet_core.h"
#include "octet_mmu.h"
#include "octet_pm.h"

struct octet_dump;
struct octet_mock;
struct pci_dev;

/**
 * struct octet_caps - capability registers
 *
 * @version: OCTET_REG_VERSION
 * @cores: number of cores
 * @array: OCTET_REG_ARRAY
 * @sram_size: bytes per core
 * @clock_khz: clock
 * @dram_bpc: DRAM bytes per cycle
 * @va_bits: width of a virtual address
 * @dma_bits: width of a DMA address
 * @ops: operations
 * @stages: output stages
 * @types: element types
 * @features: OCTET_FEATURE_*
 * @limits: OCTET_REG_LIMITS
 * @max_cmds: commands per job
 * @tlb_entries: per core
 */
struct octet_caps {
	u32 version;
	u32 cores;
	u32 array;
	u32 sram_size;
	u32 clock_khz;
	u32 dram_bpc;
	u32 va_bits;
	u32 dma_bits;
	u32 ops;
	u32 stages;
	u32 types;
	u32 features;
	u32 limits;
	u32 max_cmds;
	u32 tlb_entries;
};

/**
 * struct octet_device - a device
 *
 * @drm: DRM device; the rest lives as long
 * @regs: BAR 0; gone after unplug, so only inside drm_dev_enter()
 * @caps: capability registers
 * @timeout_ms: longest time a job may take on the hardware
 * @mmu: address-space table
 * @tlb_lock: serialises invalidations
 * @cores: the cores
 * @scheds: their schedulers, for entities
 * @queues: queues ever made, spreads them over the cores
 * @bos_lock: protects @bos
 * @bos: struct octet_bo by octet_bo.node, for debugfs
 * @vm_wq: last puts of mappings and address spaces
 * @reset_wq: ordered: watchdogs and resets, one at a time
 * @reset_work: device reset, on @reset_wq
 * @park_work: stops the device, on @reset_wq
 * @unpark_work: brings it back, on @reset_wq
 * @wedged_work: tells user space that the device is lost, on @vm_wq
 * @parked: stopped until the next device reset; of works on @reset_wq
 * @pm: power references
 * @resets: device resets since probe
 * @lost: 0, or why no job runs any more: -ENODEV (gone), -EIO (stuck); the
 *	device writes no client's memory while it is set
 * @dump: room for what is seen of a failure
 * @stopped: remove has stopped the device
 * @mock: takes the place of @regs in tests
 * @batches: scheduler jobs that exist; teardown waits for 0
 */
struct octet_device {
	struct drm_device drm;
	void __iomem *regs;
	struct octet_caps caps;
	u32 timeout_ms;

	struct octet_mmu mmu;
	struct mutex tlb_lock;	/* TLB registers */

	struct octet_core cores[OCTET_MAX_CORES];
	struct drm_gpu_scheduler *scheds[OCTET_MAX_CORES];

	atomic_t queues;

	struct mutex bos_lock;	/* see above */
	struct list_head bos;

	struct workqueue_struct *vm_wq;
	struct workqueue_struct *reset_wq;
	struct work_struct reset_work;
	struct work_struct park_work;
	struct work_struct unpark_work;
	struct work_struct wedged_work;
	bool parked;
	struct octet_pm pm;
	u64 resets;
	int lost;
	struct octet_dump *dump;
	struct completion stopped;
#if IS_ENABLED(CONFIG_DRM_ACCEL_OCTET_KUNIT_TEST)
	struct octet_mock *mock;
#endif

	atomic_t batches;
};

static inline struct octet_device *to_octet_device(struct drm_device *drm)
{
	return container_of(drm, struct octet_device, drm);
}

#if IS_ENABLED(CONFIG_DRM_ACCEL_OCTET_KUNIT_TEST)
u32 octet_mock_read(struct octet_mock *mock, u32 reg);
void octet_mock_write(struct octet_mock *mock, u32 reg, u32 value);
#endif

/* Inside drm_dev_enter(), or in probe and remove. */
static inline u32 octet_read(struct octet_device *odev, u32 reg)
{
#if IS_ENABLED(CONFIG_DRM_ACCEL_OCTET_KUNIT_TEST)
	if (odev->mock)
		return octet_mock_read(odev->mock, reg);
#endif
	return readl(odev->regs + reg);
}

static inline void octet_write(struct octet_device *odev, u32 reg, u32 value)
{
#if IS_ENABLED(CONFIG_DRM_ACCEL_OCTET_KUNIT_TEST)
	if (odev->mock) {
		octet_mock_write(odev->mock, reg, value);
		return;
	}
#endif
	writel(value, odev->regs + reg);
}

int octet_device_init(struct octet_device *odev, struct pci_dev *pdev);
int octet_device_read_caps(struct octet_device *odev);
int octet_device_init_parts(struct octet_device *odev);
int octet_device_start(struct octet_device *odev);
void octet_device_abandon(struct octet_device *odev);
void octet_device_remove(struct octet_device *odev);
void octet_device_park(struct octet_device *odev);
void octet_device_unpark(struct octet_device *odev);
int octet_device_reset_hw(struct octet_device *odev);
void octet_device_lost(struct octet_device *odev, int error);
void octet_device_queue_reset(void *data);
void *octet_device_alloc_coherent(struct octet_device *odev, size_t size,
				  dma_addr_t *dma);

#endif /* __OCTET_DEVICE_H__ */
