/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_MMU_H__
#define __OCTET_MMU_H__

#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "octet_regs.h"

struct device;
struct octet_mmu;

/**
 * struct octet_mmu_ops - what the tables need from the hardware
 *
 * @invalidate: drop cached translations of @pages pages from @va on, or of the
 *	whole ASID if @pages is 0, and wait until no access uses one. Not 0:
 *	the device may still use them.
 */
struct octet_mmu_ops {
	int (*invalidate)(struct octet_mmu *mmu, u32 asid, u64 va, u32 pages);
};

/**
 * struct octet_mmu - address-space table of the device
 *
 * @dev: for DMA memory
 * @ops: hardware access
 * @ida: ASIDs in use; 0 never is
 * @count: entries of the table
 * @table: the table, read by the device
 * @table_dma: its DMA address
 * @gate: read by who maps memory for the device, written to end that
 * @closed: nothing is mapped any more
 * @lock: protects what follows
 * @bos: struct octet_bo by octet_bo.dma_link, mapped for DMA
 * @vms: struct octet_vm by octet_vm.mmu_link
 */
struct octet_mmu {
	struct device *dev;
	const struct octet_mmu_ops *ops;
	struct ida ida;
	u32 count;
	__le64 *table;
	dma_addr_t table_dma;

	struct rw_semaphore gate;
	bool closed;
	struct mutex lock;	/* see above */
	struct list_head bos;
	struct list_head vms;
};

int octet_mmu_init(struct octet_mmu *mmu, struct device *dev,
		   const struct octet_mmu_ops *ops, u32 count);
void octet_mmu_fini(struct octet_mmu *mmu);
int octet_mmu_enter(struct octet_mmu *mmu);
void octet_mmu_exit(struct octet_mmu *mmu);
void octet_mmu_close(struct octet_mmu *mmu);
int octet_mmu_asid_get(struct octet_mmu *mmu, dma_addr_t root);
void octet_mmu_asid_clear(struct octet_mmu *mmu, u32 asid);
void octet_mmu_asid_put(struct octet_mmu *mmu, u32 asid);

/**
 * struct octet_table - one table of an address space
 *
 * @ptes: what the device reads
 * @dma: its DMA address
 * @used: entries that are valid
 * @child: tables of the next level, those unlinked included; NULL at level 0
 * @parent: table of the level above, NULL for the root
 * @index: entry of @parent
 * @node: in octet_pt.unlinked
 * @round: octet_pt.round when it was unlinked
 */
struct octet_table {
	__le64 *ptes;
	dma_addr_t dma;
	u32 used;
	struct octet_table **child;
	struct octet_table *parent;
	u32 index;
	struct list_head node;
	u64 round;
};

/**
 * struct octet_pt - page tables of one address space
 *
 * The caller serialises everything.
 *
 * @dev: for DMA memory
 * @root: table of level 2; NULL after octet_pt_destroy()
 * @tables: tables allocated, those unlinked included
 * @max_tables: cap
 * @unlinked: tables that the device may still have cached, oldest first; each
 *	before its parent
 * @round: of unmapping; each ends with an invalidation
 */
struct octet_pt {
	struct device *dev;
	struct octet_table *root;
	u32 tables;
	u32 max_tables;
	struct list_head unlinked;
	u64 round;
};

int octet_pt_init(struct octet_pt *pt, struct device *dev, u32 max_tables);
void octet_pt_fini(struct octet_pt *pt);
void octet_pt_destroy(struct octet_pt *pt);
int octet_pt_map(struct octet_pt *pt, u64 va, dma_addr_t dma, u64 size,
		 bool writable);
void octet_pt_unmap(struct octet_pt *pt, u64 va, u64 size);
void octet_pt_free_until(struct octet_pt *pt, u64 round);
void octet_pt_free_unlinked(struct octet_pt *pt);

#endif /* __OCTET_MMU_H__ */
