/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_GEM_H__
#define __OCTET_GEM_H__

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include <drm/drm_gem_shmem_helper.h>
#include <drm/octet_accel.h>

struct octet_mmu;

/**
 * struct octet_quota - what the buffers that a client has created take
 *
 * A buffer that was exported needs no handle to live, so this is apart from what
 * is mapped. It counts until it is freed. The quota of a client that is gone
 * serves nobody: then a buffer counts where it is mapped, as elsewhere.
 *
 * @kref: held by the client and by each of the buffers
 * @bytes: of those that are not freed; at most OCTET_MAX_BO_BYTES
 */
struct octet_quota {
	struct kref kref;
	atomic64_t bytes;
};

/**
 * struct octet_bo - a buffer object
 *
 * @base: GEM object with shmem pages, or imported
 * @readonly: the device may not write; set before the first mapping
 * @quota: of the client that created it; NULL if it was imported
 * @creator: process that created or imported it first
 * @comm: its name then
 * @node: in octet_device.bos
 * @name_lock: protects @name
 * @name: for people; empty if it has none
 * @lock: protects @mappings; taken before the reservation lock
 * @mappings: one per address space, and those waiting to be unmapped
 * @mmu: whose list @dma_link is in; NULL before the first mapping for DMA
 * @dma_link: in octet_mmu.bos while mapped for DMA
 */
struct octet_bo {
	struct drm_gem_shmem_object base;
	bool readonly;
	struct octet_quota *quota;
	pid_t creator;
	char comm[TASK_COMM_LEN];
	struct list_head node;

	spinlock_t name_lock;	/* see above */
	char name[DRM_OCTET_BO_NAME_MAX + 1];

	struct mutex lock;	/* see above */
	struct list_head mappings;

	struct octet_mmu *mmu;
	struct list_head dma_link;
};

static inline struct octet_bo *to_octet_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct octet_bo, base.base);
}

struct octet_quota *octet_quota_create(void);
void octet_quota_put(struct octet_quota *quota);

void octet_gem_name(struct octet_bo *bo, char name[DRM_OCTET_BO_NAME_MAX + 1]);
struct drm_gem_object *octet_gem_create_object(struct drm_device *drm, size_t size);
struct drm_gem_object *octet_gem_prime_import(struct drm_device *drm,
					      struct dma_buf *dma_buf);
struct drm_gem_object *
octet_gem_prime_import_sg_table(struct drm_device *drm,
				struct dma_buf_attachment *attach,
				struct sg_table *sgt);

int octet_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int octet_ioctl_bo_info(struct drm_device *drm, void *data, struct drm_file *file);
int octet_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file);
int octet_ioctl_bo_set_name(struct drm_device *drm, void *data,
			    struct drm_file *file);

#endif /* __OCTET_GEM_H__ */
