// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Address spaces
 *
 * Every open file has one. The driver chooses the addresses and builds the
 * tables when a buffer gets its first handle in the file, in ioctl context, where
 * memory can be allocated. Unmapping waits for the device, which a job's clean-up
 * must not do: the last put of a mapping goes to a workqueue.
 *
 * Order of unmapping: clear the entries, invalidate, wait, and only then give
 * back the addresses, the pages and the tables. When the wait fails the device
 * may still write there: everything is leaked on purpose, and the device reset.
 * The wait may be as long as a job that uses the pages, and behind those of other
 * clients: octet_vm.lock is not held.
 *
 * Removal of the device takes the tables away, and leaves the addresses.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <drm/drm_gem_shmem_helper.h>

#include "octet_compat.h"
#include "octet_dma.h"
#include "octet_gem.h"
#include "octet_trace.h"
#include "octet_vm.h"

static int octet_vm_reserve(struct octet_vm *vm, struct drm_mm_node *node,
			    u64 size)
{
	lockdep_assert_held(&vm->lock);

	if (!vm->pt.root)
		return -ENODEV;
	if (READ_ONCE(vm->banned))
		return -EIO;
	if (size > OCTET_MAX_BO_BYTES - vm->bytes ||
	    vm->mappings >= OCTET_MAX_MAPPINGS)
		return -ENOSPC;
	return drm_mm_insert_node(&vm->mm, node, size);
}

/* Return: 0, or that the device may still use what is unmapped. */
static int octet_vm_clear(struct octet_vm *vm, u64 va, u64 size)
{
	u64 round;
	bool all;
	int ret;

	mutex_lock(&vm->lock);
	if (!vm->pt.root) {
		mutex_unlock(&vm->lock);
		return 0;
	}
	octet_pt_unmap(&vm->pt, va, size);
	all = !list_empty(&vm->pt.unlinked) || size >> OCTET_PAGE_SHIFT > U32_MAX;
	round = vm->pt.round++;
	mutex_unlock(&vm->lock);

	ret = vm->mmu->ops->invalidate(vm->mmu, vm->asid, va,
				       all ? 0 : size >> OCTET_PAGE_SHIFT);
	if (ret) {
		WRITE_ONCE(vm->banned, true);
		vm->stuck(vm->stuck_data);
		return ret;
	}

	mutex_lock(&vm->lock);
	/* Removal may have taken them away. */
	if (all && vm->pt.root)
		octet_pt_free_until(&vm->pt, round);
	mutex_unlock(&vm->lock);
	return 0;
}

static int octet_vm_write(struct octet_vm *vm, u64 va, struct sg_table *sgt,
			  u64 size, bool writable)
{
	struct scatterlist *sg;
	u64 off = 0;
	int i, ret;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		dma_addr_t dma = sg_dma_address(sg);
		u64 len = min_t(u64, sg_dma_len(sg), size - off);

		if (!IS_ALIGNED(dma | len, OCTET_PAGE_SIZE))
			return -EINVAL;
		ret = octet_pt_map(&vm->pt, va + off, dma, len, writable);
		if (ret)
			return ret;
		off += len;
	}
	return off == size ? 0 : -EINVAL;
}

/**
 * octet_vm_insert - choose an address and map pages there
 * @vm: address space
 * @node: zeroed; holds the address afterwards
 * @sgt: mapped for DMA
 * @size: multiple of the page size
 * @writable: whether the device may write
 *
 * Return: 0; -ENOSPC over a cap or without room, -ENOMEM, -EINVAL for pages
 * that are not whole, -EIO when the address space is banned.
 */
int octet_vm_insert(struct octet_vm *vm, struct drm_mm_node *node,
		    struct sg_table *sgt, u64 size, bool writable)
{
	int ret;

	mutex_lock(&vm->lock);
	ret = octet_vm_reserve(vm, node, size);
	if (ret) {
		mutex_unlock(&vm->lock);
		return ret;
	}
	vm->bytes += size;
	vm->mappings++;
	ret = octet_vm_write(vm, node->start, sgt, size, writable);
	trace_octet_bo_map(vm->mmu->dev, vm->asid, node->start, size, writable);
	mutex_unlock(&vm->lock);

	/* The device may have walked there: undo it like any mapping. */
	if (ret)
		octet_vm_remove(vm, node);
	return ret;
}

/* Return: 0, or that the pages must not go back to the system. */
int octet_vm_remove(struct octet_vm *vm, struct drm_mm_node *node)
{
	int ret;

	ret = octet_vm_clear(vm, node->start, node->size);
	if (ret)
		return ret;

	/* Until here nobody else gets the addresses. */
	mutex_lock(&vm->lock);
	trace_octet_bo_unmap(vm->mmu->dev, vm->asid, node->start, node->size);
	vm->bytes -= node->size;
	vm->mappings--;
	drm_mm_remove_node(node);
	mutex_unlock(&vm->lock);
	return 0;
}

static void octet_mapping_release_work(struct work_struct *work)
{
	struct octet_mapping *mapping =
		container_of(work, struct octet_mapping, release);
	struct octet_vm *vm = mapping->vm;
	struct octet_bo *bo = mapping->bo;

	mutex_lock(&bo->lock);
	list_del(&mapping->bo_link);
	mutex_unlock(&bo->lock);

	if (octet_vm_remove(vm, &mapping->node))
		return;	/* leaks the mapping, the buffer and the address space */

	kfree(mapping);
	drm_gem_object_put(&bo->base.base);
	octet_vm_put(vm);
}

/* Inside octet_mmu_enter(). */
static struct octet_mapping *octet_mapping_create(struct octet_vm *vm,
						  struct octet_bo *bo)
{
	struct drm_gem_object *obj = &bo->base.base;
	struct octet_mapping *mapping;
	struct sg_table *sgt;
	int ret;

	lockdep_assert_held(&bo->lock);

	/* Before pages are pinned; octet_vm_insert() decides. */
	if (obj->size > OCTET_MAX_BO_BYTES - READ_ONCE(vm->bytes))
		return ERR_PTR(-ENOSPC);

	sgt = drm_gem_shmem_get_pages_sgt(&bo->base);
	if (IS_ERR(sgt))
		return ERR_CAST(sgt);
	octet_dma_track(vm->mmu, bo);

	mapping = kzalloc_obj(*mapping);
	if (!mapping)
		return ERR_PTR(-ENOMEM);
	/* Whoever walks the address space finds it. */
	mapping->bo = bo;

	ret = octet_vm_insert(vm, &mapping->node, sgt, obj->size, !bo->readonly);
	if (ret) {
		/* Still in the address space: the device may use the pages. */
		if (drm_mm_node_allocated(&mapping->node)) {
			drm_gem_object_get(obj);
			kref_get(&vm->kref);
		} else {
			kfree(mapping);
		}
		return ERR_PTR(ret);
	}

	kref_init(&mapping->kref);
	kref_get(&vm->kref);
	mapping->vm = vm;
	drm_gem_object_get(obj);
	INIT_WORK(&mapping->release, octet_mapping_release_work);
	list_add_tail(&mapping->bo_link, &bo->mappings);
	return mapping;
}

static struct octet_mapping *octet_mapping_find_locked(struct octet_vm *vm,
						       struct octet_bo *bo)
{
	struct octet_mapping *mapping;

	lockdep_assert_held(&bo->lock);

	/* One whose last reference is gone waits for its work: not found. */
	list_for_each_entry(mapping, &bo->mappings, bo_link)
		if (mapping->vm == vm && kref_get_unless_zero(&mapping->kref))
			return mapping;
	return NULL;
}

/* The mapping of @bo in @vm with a new reference, made if there is none. */
struct octet_mapping *octet_mapping_get(struct octet_vm *vm, struct octet_bo *bo)
{
	struct octet_mapping *mapping;
	int ret;

	ret = octet_mmu_enter(vm->mmu);
	if (ret)
		return ERR_PTR(ret);

	mutex_lock(&bo->lock);
	mapping = octet_mapping_find_locked(vm, bo);
	if (!mapping)
		mapping = octet_mapping_create(vm, bo);
	mutex_unlock(&bo->lock);
	octet_mmu_exit(vm->mmu);
	return mapping;
}

/* The mapping of @bo in @vm with a new reference, or NULL. */
struct octet_mapping *octet_mapping_find(struct octet_vm *vm, struct octet_bo *bo)
{
	struct octet_mapping *mapping;

	mutex_lock(&bo->lock);
	mapping = octet_mapping_find_locked(vm, bo);
	mutex_unlock(&bo->lock);
	return mapping;
}

static void octet_mapping_release(struct kref *kref)
{
	struct octet_mapping *mapping =
		container_of(kref, struct octet_mapping, kref);

	queue_work(mapping->vm->wq, &mapping->release);
}

/* Callable from the clean-up of jobs: it only queues work. */
void octet_mapping_put(struct octet_mapping *mapping)
{
	kref_put(&mapping->kref, octet_mapping_release);
}

static void octet_vm_release_work(struct work_struct *work)
{
	struct octet_vm *vm = container_of(work, struct octet_vm, release);
	struct octet_mmu *mmu = vm->mmu;
	bool attached;

	mutex_lock(&mmu->lock);
	attached = vm->pt.root;
	if (attached)
		octet_mmu_asid_clear(mmu, vm->asid);
	mutex_unlock(&mmu->lock);

	if (attached && mmu->ops->invalidate(mmu, vm->asid, 0, 0)) {
		vm->stuck(vm->stuck_data);
		return;	/* leaks the number, and until removal the tables */
	}

	mutex_lock(&mmu->lock);
	list_del(&vm->mmu_link);
	if (vm->pt.root) {
		octet_pt_fini(&vm->pt);
		octet_mmu_asid_put(mmu, vm->asid);
	}
	mutex_unlock(&mmu->lock);
	drm_mm_takedown(&vm->mm);
	mutex_destroy(&vm->lock);
	kfree(vm);
}

static void octet_vm_release(struct kref *kref)
{
	struct octet_vm *vm = container_of(kref, struct octet_vm, kref);

	queue_work(vm->wq, &vm->release);
}

void octet_vm_put(struct octet_vm *vm)
{
	kref_put(&vm->kref, octet_vm_release);
}

/* After octet_mmu_close(): tables are DMA memory of the device and go with it. */
void octet_vm_detach_all(struct octet_mmu *mmu)
{
	struct octet_vm *vm;

	mutex_lock(&mmu->lock);
	list_for_each_entry(vm, &mmu->vms, mmu_link) {
		mutex_lock(&vm->lock);
		octet_pt_destroy(&vm->pt);
		mutex_unlock(&vm->lock);
	}
	mutex_unlock(&mmu->lock);
}

/**
 * octet_vm_create - a new, empty address space
 * @mmu: the device's
 * @wq: for last puts; outlives the address space
 * @stuck: called when an invalidation does not finish
 * @stuck_data: its argument
 *
 * Inside octet_mmu_enter().
 *
 * Return: the address space, -ENOMEM, or -ENOSPC when all numbers are in use.
 */
struct octet_vm *octet_vm_create(struct octet_mmu *mmu,
				 struct workqueue_struct *wq,
				 void (*stuck)(void *data), void *stuck_data)
{
	struct octet_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	ret = octet_pt_init(&vm->pt, mmu->dev, OCTET_MAX_TABLES);
	if (ret)
		goto err_free;

	ret = octet_mmu_asid_get(mmu, vm->pt.root->dma);
	if (ret < 0)
		goto err_pt;
	vm->asid = ret;

	kref_init(&vm->kref);
	vm->mmu = mmu;
	vm->wq = wq;
	vm->stuck = stuck;
	vm->stuck_data = stuck_data;
	INIT_WORK(&vm->release, octet_vm_release_work);
	mutex_init(&vm->lock);
	drm_mm_init(&vm->mm, OCTET_VA_START, OCTET_VA_END - OCTET_VA_START);

	mutex_lock(&mmu->lock);
	list_add_tail(&vm->mmu_link, &mmu->vms);
	mutex_unlock(&mmu->lock);
	return vm;

err_pt:
	octet_pt_fini(&vm->pt);
err_free:
	kfree(vm);
	return ERR_PTR(ret);
}
