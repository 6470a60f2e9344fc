// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: DMA mappings
 *
 * A buffer may live for as long as somebody has a file open or a dma-buf
 * attached, its DMA mapping for no longer than the binding of the driver: it is
 * the device's, which may get another driver, or none and another IOMMU domain.
 * So buffers that are mapped for DMA are on a list, and removal unmaps them. What
 * the processor has mapped stays: the pages belong to the buffer.
 *
 * A mapping is made inside octet_mmu_enter(), and so not after removal.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_device.h>

#include "octet_dma.h"
#include "octet_gem.h"
#include "octet_mmu.h"

/* @bo has an sg table that is mapped for the device. Inside octet_mmu_enter(). */
void octet_dma_track(struct octet_mmu *mmu, struct octet_bo *bo)
{
	mutex_lock(&mmu->lock);
	bo->mmu = mmu;
	if (list_empty(&bo->dma_link))
		list_add_tail(&bo->dma_link, &mmu->bos);
	mutex_unlock(&mmu->lock);
}

static void octet_dma_unmap_sgt(struct octet_bo *bo)
{
	struct drm_gem_shmem_object *shmem = &bo->base;
	struct drm_gem_object *obj = &shmem->base;

	if (obj->import_attach) {
		dma_buf_unmap_attachment_unlocked(obj->import_attach, shmem->sgt,
						  DMA_BIDIRECTIONAL);
		shmem->sgt = NULL;
		return;
	}

	/* The reference to the pages is dropped with the object. */
	dma_resv_lock(obj->resv, NULL);
	dma_unmap_sgtable(obj->dev->dev, shmem->sgt, DMA_BIDIRECTIONAL, 0);
	sg_free_table(shmem->sgt);
	kfree(shmem->sgt);
	shmem->sgt = NULL;
	dma_resv_unlock(obj->resv);
}

static void octet_dma_unmap_locked(struct octet_mmu *mmu, struct octet_bo *bo)
{
	lockdep_assert_held(&mmu->lock);

	list_del_init(&bo->dma_link);
	octet_dma_unmap_sgt(bo);
}

/*
 * When the last reference has gone. Not left to the object's release, which would
 * not be under the lock, and so could come after removal.
 */
void octet_dma_unmap(struct octet_bo *bo)
{
	struct octet_mmu *mmu = bo->mmu;

	if (!mmu)
		return;
	mutex_lock(&mmu->lock);
	if (!list_empty(&bo->dma_link))
		octet_dma_unmap_locked(mmu, bo);
	mutex_unlock(&mmu->lock);
}

/* After octet_mmu_close() */
void octet_dma_unmap_all(struct octet_mmu *mmu)
{
	struct octet_bo *bo, *tmp;

	mutex_lock(&mmu->lock);
	list_for_each_entry_safe(bo, tmp, &mmu->bos, dma_link)
		octet_dma_unmap_locked(mmu, bo);
	mutex_unlock(&mmu->lock);
}
