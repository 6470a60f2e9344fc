// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Buffer objects
 *
 * GEM objects of the shmem helper. A handle is a mapping: GEM calls .open for each
 * handle of a file and .close when it goes, for created and imported objects
 * alike, so that nothing of a buffer belongs to the file that created it, but a
 * place in its quota.
 */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>
#include <drm/octet_accel.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_dma.h"
#include "octet_drv.h"
#include "octet_gem.h"
#include "octet_vm.h"

struct octet_quota *octet_quota_create(void)
{
	struct octet_quota *quota = kzalloc_obj(*quota);

	if (quota)
		kref_init(&quota->kref);
	return quota;
}

static void octet_quota_release(struct kref *kref)
{
	kfree(container_of(kref, struct octet_quota, kref));
}

void octet_quota_put(struct octet_quota *quota)
{
	kref_put(&quota->kref, octet_quota_release);
}

/* Before the buffer gets its pages; octet_gem_free() gives them back. */
static int octet_quota_charge(struct octet_quota *quota, struct octet_bo *bo)
{
	u64 size = bo->base.base.size;
	s64 bytes = atomic64_read(&quota->bytes);

	do {
		if (size > OCTET_MAX_BO_BYTES - bytes)
			return -ENOSPC;
	} while (!atomic64_try_cmpxchg(&quota->bytes, &bytes, bytes + size));

	kref_get(&quota->kref);
	bo->quota = quota;
	return 0;
}

static void octet_gem_free(struct drm_gem_object *obj)
{
	struct octet_device *odev = to_octet_device(obj->dev);
	struct octet_bo *bo = to_octet_bo(obj);
	struct octet_quota *quota = bo->quota;
	size_t size = obj->size;

	mutex_lock(&odev->bos_lock);
	list_del(&bo->node);
	mutex_unlock(&odev->bos_lock);

	drm_WARN_ON(obj->dev, !list_empty(&bo->mappings));
	octet_dma_unmap(bo);
	mutex_destroy(&bo->lock);
	drm_gem_shmem_free(&bo->base);

	if (quota) {
		atomic64_sub(size, &quota->bytes);
		octet_quota_put(quota);
	}
}

static int octet_gem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	struct octet_device *odev = to_octet_device(obj->dev);
	struct octet_client *client = file->driver_priv;
	struct octet_bo *bo = to_octet_bo(obj);
	struct octet_mapping *mapping;

	/* With the first handle: imported buffers come by no other way. */
	mutex_lock(&odev->bos_lock);
	if (list_empty(&bo->node))
		list_add_tail(&bo->node, &odev->bos);
	mutex_unlock(&odev->bos_lock);

	mapping = octet_mapping_get(client->vm, bo);
	return PTR_ERR_OR_ZERO(mapping);
}

static void octet_gem_close(struct drm_gem_object *obj, struct drm_file *file)
{
	struct octet_client *client = file->driver_priv;
	struct octet_mapping *mapping;

	mapping = octet_mapping_find(client->vm, to_octet_bo(obj));
	if (drm_WARN_ON(obj->dev, !mapping))
		return;
	octet_mapping_put(mapping);	/* the reference just found */
	octet_mapping_put(mapping);	/* the handle's */
}

static enum drm_gem_object_status octet_gem_status(struct drm_gem_object *obj)
{
	struct octet_bo *bo = to_octet_bo(obj);

	return bo->base.pages || bo->base.sgt ? DRM_GEM_OBJECT_RESIDENT : 0;
}

static const struct drm_gem_object_funcs octet_gem_funcs = {
	.free = octet_gem_free,
	.open = octet_gem_open,
	.close = octet_gem_close,
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
	.status = octet_gem_status,
};

/* &drm_driver.gem_create_object, for created and imported buffers */
struct drm_gem_object *octet_gem_create_object(struct drm_device *drm, size_t size)
{
	struct octet_bo *bo = kzalloc_obj(*bo);

	if (!bo)
		return ERR_PTR(-ENOMEM);

	mutex_init(&bo->lock);
	INIT_LIST_HEAD(&bo->mappings);
	INIT_LIST_HEAD(&bo->dma_link);
	INIT_LIST_HEAD(&bo->node);
	spin_lock_init(&bo->name_lock);
	bo->creator = task_tgid_nr(current);
	get_task_comm(bo->comm, current->group_leader);
	bo->base.base.funcs = &octet_gem_funcs;
	return &bo->base.base;
}

/* &drm_driver.gem_prime_import_sg_table, from octet_gem_prime_import() */
struct drm_gem_object *
octet_gem_prime_import_sg_table(struct drm_device *drm,
				struct dma_buf_attachment *attach,
				struct sg_table *sgt)
{
	struct octet_device *odev = to_octet_device(drm);
	struct drm_gem_object *obj;

	/* Not the shmem default: the device needs the sg table. */
	obj = drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
	if (!IS_ERR(obj))
		octet_dma_track(&odev->mmu, to_octet_bo(obj));
	return obj;
}

/* &drm_driver.gem_prime_import */
struct drm_gem_object *octet_gem_prime_import(struct drm_device *drm,
					      struct dma_buf *dma_buf)
{
	struct octet_device *odev = to_octet_device(drm);
	struct drm_gem_object *obj;
	int ret;

	ret = octet_mmu_enter(&odev->mmu);
	if (ret)
		return ERR_PTR(ret);
	obj = drm_gem_prime_import(drm, dma_buf);
	octet_mmu_exit(&odev->mmu);
	return obj;
}

void octet_gem_name(struct octet_bo *bo, char name[DRM_OCTET_BO_NAME_MAX + 1])
{
	spin_lock(&bo->name_lock);
	memcpy(name, bo->name, sizeof(bo->name));
	spin_unlock(&bo->name_lock);
}

static u64 octet_gem_va(struct octet_client *client, struct drm_gem_object *obj)
{
	struct octet_mapping *mapping;
	u64 va;

	mapping = octet_mapping_find(client->vm, to_octet_bo(obj));
	if (!mapping)
		return 0;
	va = octet_mapping_va(mapping);
	octet_mapping_put(mapping);
	return va;
}

int octet_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct octet_client *client = file->driver_priv;
	struct drm_octet_bo_create *args = data;
	struct drm_gem_shmem_object *shmem;
	struct drm_gem_object *obj;
	int ret;

	if (!args->size || args->flags & ~DRM_OCTET_BO_READONLY ||
	    args->vm_id || args->pad)
		return -EINVAL;
	if (args->size > OCTET_MAX_BO_BYTES)
		return -ENOSPC;

	shmem = drm_gem_shmem_create(drm, args->size);
	if (IS_ERR(shmem))
		return PTR_ERR(shmem);
	obj = &shmem->base;
	to_octet_bo(obj)->readonly = args->flags & DRM_OCTET_BO_READONLY;

	ret = octet_quota_charge(client->quota, to_octet_bo(obj));
	if (!ret)
		ret = drm_gem_handle_create(file, obj, &args->handle);
	if (!ret) {
		args->size = obj->size;
		args->va = octet_gem_va(client, obj);
		args->mmap_offset = drm_vma_node_offset_addr(&obj->vma_node);
	}
	drm_gem_object_put(obj);
	return ret;
}

int octet_ioctl_bo_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct octet_client *client = file->driver_priv;
	struct drm_octet_bo_info *args = data;
	struct drm_gem_object *obj;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	args->flags = to_octet_bo(obj)->readonly ? DRM_OCTET_BO_READONLY : 0;
	args->size = obj->size;
	args->va = octet_gem_va(client, obj);
	args->mmap_offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return 0;
}

int octet_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_octet_bo_wait *args = data;
	struct drm_gem_object *obj;
	enum dma_resv_usage usage;
	unsigned long timeout;
	long ret;

	if (args->flags & ~DRM_OCTET_BO_WAIT_WRITERS)
		return -EINVAL;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	usage = args->flags & DRM_OCTET_BO_WAIT_WRITERS ?
		DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ;
	timeout = args->timeout_ns > 0 ?
		  drm_timeout_abs_to_jiffies(args->timeout_ns) : 0;
	ret = dma_resv_wait_timeout(obj->resv, usage, true, timeout);
	drm_gem_object_put(obj);
	if (!ret)
		return -ETIMEDOUT;
	return ret < 0 ? ret : 0;
}

int octet_ioctl_bo_set_name(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	struct drm_octet_bo_set_name *args = data;
	char name[DRM_OCTET_BO_NAME_MAX + 1] = "";
	struct drm_gem_object *obj;
	struct octet_bo *bo;
	u32 i;

	if (args->size > DRM_OCTET_BO_NAME_MAX)
		return -E2BIG;
	if (copy_from_user(name, u64_to_user_ptr(args->ptr), args->size))
		return -EFAULT;
	for (i = 0; i < args->size; i++)
		if (!isascii(name[i]) || !isprint(name[i]))
			return -EINVAL;

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	bo = to_octet_bo(obj);
	spin_lock(&bo->name_lock);
	memcpy(bo->name, name, sizeof(name));
	spin_unlock(&bo->name_lock);
	drm_gem_object_put(obj);
	return 0;
}
