/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_VM_H__
#define __OCTET_VM_H__

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <drm/drm_mm.h>

#include "octet_mmu.h"

struct octet_bo;
struct sg_table;

/* The first addresses stay unmapped, so that a null pointer faults. */
#define OCTET_VA_START		SZ_64K
/* The half of Sv39 whose addresses need no sign extension. */
#define OCTET_VA_END		BIT_ULL(OCTET_VA_BITS - 1)

/* Caps of one client. Over them: -ENOSPC. */
#define OCTET_MAX_BO_BYTES	(8ULL * SZ_1G)	/* mapped, and created */
#define OCTET_MAX_MAPPINGS	SZ_64K
#define OCTET_MAX_TABLES	SZ_16K	/* of 4 KiB */

/**
 * struct octet_vm - address space of one client
 *
 * @kref: held by the client and by each mapping
 * @mmu: the device's table of address spaces
 * @wq: where the last put of the address space and its mappings runs
 * @release: on @wq
 * @stuck: called when an invalidation did not finish
 * @stuck_data: for @stuck
 * @asid: number of this address space
 * @banned: an invalidation did not finish: nothing may be mapped or run
 * @mmu_link: in octet_mmu.vms
 * @lock: protects what follows
 * @mm: addresses in use
 * @pt: page tables; without a root after removal
 * @bytes: mapped
 * @mappings: number of mappings
 */
struct octet_vm {
	struct kref kref;
	struct octet_mmu *mmu;
	struct workqueue_struct *wq;
	struct work_struct release;
	void (*stuck)(void *data);
	void *stuck_data;
	u32 asid;
	bool banned;
	struct list_head mmu_link;

	struct mutex lock;	/* see above */
	struct drm_mm mm;
	struct octet_pt pt;
	u64 bytes;
	u32 mappings;
};

/**
 * struct octet_mapping - a buffer in an address space
 *
 * Belongs to the pair (vm, bo). Each handle and each job that lists the buffer
 * holds a reference; the last put unmaps, on the address space's workqueue.
 *
 * @kref: references
 * @vm: holds a reference
 * @bo: holds a reference of the GEM object
 * @node: address range
 * @bo_link: in octet_bo.mappings
 * @release: on octet_vm.wq
 */
struct octet_mapping {
	struct kref kref;
	struct octet_vm *vm;
	struct octet_bo *bo;
	struct drm_mm_node node;
	struct list_head bo_link;
	struct work_struct release;
};

struct octet_vm *octet_vm_create(struct octet_mmu *mmu,
				 struct workqueue_struct *wq,
				 void (*stuck)(void *data), void *stuck_data);
void octet_vm_put(struct octet_vm *vm);
void octet_vm_detach_all(struct octet_mmu *mmu);

int octet_vm_insert(struct octet_vm *vm, struct drm_mm_node *node,
		    struct sg_table *sgt, u64 size, bool writable);
int octet_vm_remove(struct octet_vm *vm, struct drm_mm_node *node);

struct octet_mapping *octet_mapping_get(struct octet_vm *vm, struct octet_bo *bo);
struct octet_mapping *octet_mapping_find(struct octet_vm *vm, struct octet_bo *bo);
void octet_mapping_put(struct octet_mapping *mapping);

static inline u64 octet_mapping_va(const struct octet_mapping *mapping)
{
	return mapping->node.start;
}

#endif /* __OCTET_VM_H__ */
