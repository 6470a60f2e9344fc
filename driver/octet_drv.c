// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Octet accel driver
 *
 * PCI driver, open files, ioctl table, queries, fdinfo.
 */
#include <linux/bitfield.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_print.h>
#include <drm/octet_accel.h>

#include "octet_compat.h"
#include "octet_debugfs.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_gem.h"
#include "octet_job.h"
#include "octet_pm.h"
#include "octet_queue.h"
#include "octet_submit.h"
#include "octet_sysfs.h"
#include "octet_vm.h"

static void octet_client_release(struct kref *kref)
{
	struct octet_client *client = container_of(kref, struct octet_client, kref);

	octet_quota_put(client->quota);
	octet_vm_put(client->vm);
	kfree(client);
}

void octet_client_put(struct octet_client *client)
{
	kref_put(&client->kref, octet_client_release);
}

u32 octet_client_asid(const struct octet_client *client)
{
	return client->vm->asid;
}

static int octet_drv_create_vm(struct octet_device *odev,
			       struct octet_client *client)
{
	int ret;

	ret = octet_mmu_enter(&odev->mmu);
	if (ret)
		return ret;
	client->vm = octet_vm_create(&odev->mmu, odev->vm_wq,
				     octet_device_queue_reset, odev);
	octet_mmu_exit(&odev->mmu);
	return PTR_ERR_OR_ZERO(client->vm);
}

static int octet_drv_open(struct drm_device *drm, struct drm_file *file)
{
	struct octet_device *odev = to_octet_device(drm);
	struct octet_client *client;
	int ret;

	ret = READ_ONCE(odev->lost);
	if (ret)
		return ret;

	client = kzalloc_obj(*client);
	if (!client)
		return -ENOMEM;
	client->quota = octet_quota_create();
	if (!client->quota) {
		ret = -ENOMEM;
		goto err_free;
	}
	ret = octet_drv_create_vm(odev, client);
	if (ret)
		goto err_quota;

	kref_init(&client->kref);
	client->id = file->client_id;
	xa_init_flags(&client->queues, XA_FLAGS_ALLOC1);
	file->driver_priv = client;
	return 0;

err_quota:
	octet_quota_put(client->quota);
err_free:
	kfree(client);
	return ret;
}

/* GEM has closed the handles; jobs on the hardware hold what they need. */
static void octet_drv_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct octet_client *client = file->driver_priv;

	octet_queue_destroy_all(to_octet_device(drm), client);
	octet_client_put(client);
}

static void octet_query_device(struct octet_device *odev,
			       struct drm_octet_device_info *info)
{
	const struct octet_caps *caps = &odev->caps;

	*info = (struct drm_octet_device_info) {
		.version = caps->version,
		.cores = caps->cores,
		.array_p = FIELD_GET(OCTET_ARRAY_P, caps->array),
		.array_k = FIELD_GET(OCTET_ARRAY_K, caps->array),
		.array_c = FIELD_GET(OCTET_ARRAY_C, caps->array),
		.sram_size = caps->sram_size,
		.clock_khz = caps->clock_khz,
		.dram_bpc = caps->dram_bpc,
		.va_bits = caps->va_bits,
		.ops = caps->ops,
		.stages = caps->stages,
		.types = caps->types,
		.features = caps->features,
		.max_cmds = caps->max_cmds,
		.operand_order = FIELD_GET(OCTET_LIMITS_OPERAND_ORDER, caps->limits),
		.dim_order = FIELD_GET(OCTET_LIMITS_DIM_ORDER, caps->limits),
		.tlb_entries = caps->tlb_entries,
		.ring_entries = OCTET_RING_ENTRIES,
		.max_jobs = OCTET_MAX_JOBS,
		.max_bos = OCTET_MAX_BOS,
		.job_timeout_ms = odev->timeout_ms,
		.va_start = OCTET_VA_START,
		.va_end = OCTET_VA_END,
	};
}

static int octet_query_core(struct octet_device *odev, u32 index,
			    struct drm_octet_core_counters *counters)
{
	bool awake;
	int idx;

	if (index >= odev->caps.cores)
		return -ENOENT;
	if (!drm_dev_enter(&odev->drm, &idx))
		return -ENODEV;
	/* Of a device that sleeps all are saved. */
	awake = octet_pm_enter(odev);
	octet_core_counters(&odev->cores[index], counters);
	if (awake)
		octet_pm_exit(odev);
	drm_dev_exit(idx);
	return 0;
}

static void octet_query_client(struct octet_client *client,
			       struct drm_octet_client_info *info)
{
	struct octet_vm *vm = client->vm;
	struct octet_queue *queue;
	unsigned long id;

	mutex_lock(&vm->lock);
	info->bo_bytes = vm->bytes;
	info->bos = vm->mappings;
	info->table_bytes = (u64)vm->pt.tables * OCTET_PAGE_SIZE;
	mutex_unlock(&vm->lock);

	info->asid = vm->asid;
	info->queues = 0;
	xa_for_each(&client->queues, id, queue)
		info->queues++;
	info->pad = 0;
}

static int octet_query_copy(struct drm_octet_dev_query *args, const void *info,
			    u32 size)
{
	void __user *to = u64_to_user_ptr(args->ptr);
	u32 copy = min(args->size, size);

	if (args->size && copy_to_user(to, info, copy))
		return -EFAULT;
	if (args->size > copy && clear_user(to + copy, args->size - copy))
		return -EFAULT;
	args->size = size;
	return 0;
}

static int octet_ioctl_dev_query(struct drm_device *drm, void *data,
				 struct drm_file *file)
{
	struct octet_device *odev = to_octet_device(drm);
	struct drm_octet_dev_query *args = data;
	union {
		struct drm_octet_device_info device;
		struct drm_octet_core_counters core;
		struct drm_octet_client_info client;
	} info;
	u32 size;
	int ret;

	if (args->pad || (args->index && args->query != DRM_OCTET_QUERY_CORE))
		return -EINVAL;

	switch (args->query) {
	case DRM_OCTET_QUERY_DEVICE:
		octet_query_device(odev, &info.device);
		size = sizeof(info.device);
		break;
	case DRM_OCTET_QUERY_CORE:
		ret = octet_query_core(odev, args->index, &info.core);
		if (ret)
			return ret;
		size = sizeof(info.core);
		break;
	case DRM_OCTET_QUERY_CLIENT:
		octet_query_client(file->driver_priv, &info.client);
		size = sizeof(info.client);
		break;
	default:
		return -EINVAL;
	}
	return octet_query_copy(args, &info, size);
}

static void octet_drv_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct octet_device *odev = to_octet_device(file->minor->dev);
	struct octet_client *client = file->driver_priv;
	u32 i;

	for (i = 0; i < odev->caps.cores; i++) {
		drm_printf(p, "drm-engine-octet%u:\t%llu ns\n", i,
			   octet_core_busy_ns(&odev->cores[i], client));
		drm_printf(p, "drm-cycles-octet%u:\t%lld\n", i,
			   atomic64_read(&client->cycles[i]));
		drm_printf(p, "drm-maxfreq-octet%u:\t%llu Hz\n", i,
			   odev->caps.clock_khz * 1000ULL);
	}
	drm_show_memory_stats(p, file);
}

static const struct drm_ioctl_desc octet_drv_ioctls[] = {
	DRM_IOCTL_DEF_DRV(OCTET_DEV_QUERY, octet_ioctl_dev_query, 0),
	DRM_IOCTL_DEF_DRV(OCTET_BO_CREATE, octet_ioctl_bo_create, 0),
	DRM_IOCTL_DEF_DRV(OCTET_BO_INFO, octet_ioctl_bo_info, 0),
	DRM_IOCTL_DEF_DRV(OCTET_BO_WAIT, octet_ioctl_bo_wait, 0),
	DRM_IOCTL_DEF_DRV(OCTET_QUEUE_CREATE, octet_ioctl_queue_create, 0),
	DRM_IOCTL_DEF_DRV(OCTET_QUEUE_DESTROY, octet_ioctl_queue_destroy, 0),
	DRM_IOCTL_DEF_DRV(OCTET_QUEUE_QUERY, octet_ioctl_queue_query, 0),
	DRM_IOCTL_DEF_DRV(OCTET_SUBMIT, octet_ioctl_submit, 0),
	DRM_IOCTL_DEF_DRV(OCTET_BO_SET_NAME, octet_ioctl_bo_set_name, 0),
};

static const struct file_operations octet_drv_fops = {
	.owner = THIS_MODULE,
	DRM_ACCEL_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

const struct drm_driver octet_drm_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = octet_drv_open,
	.postclose = octet_drv_postclose,
	.gem_create_object = octet_gem_create_object,
	.gem_prime_import = octet_gem_prime_import,
	.gem_prime_import_sg_table = octet_gem_prime_import_sg_table,
	.show_fdinfo = octet_drv_show_fdinfo,
	.ioctls = octet_drv_ioctls,
	.num_ioctls = ARRAY_SIZE(octet_drv_ioctls),
	.fops = &octet_drv_fops,
	.name = "octet",
	.desc = "Octet int8 accelerator",
	.major = DRM_OCTET_MAJOR,
	.minor = DRM_OCTET_MINOR,
};

static int octet_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct octet_device *odev;
	int ret;

	odev = devm_drm_dev_alloc(&pdev->dev, &octet_drm_driver,
				  struct octet_device, drm);
	if (IS_ERR(odev))
		return PTR_ERR(odev);
	pci_set_drvdata(pdev, odev);

	ret = octet_device_init(odev, pdev);
	if (ret)
		return ret;
	octet_debugfs_init(odev);
	ret = drm_dev_register(&odev->drm, 0);
	if (ret) {
		octet_device_abandon(odev);
		return ret;
	}
	octet_pm_enable(odev);

	drm_info(&odev->drm, "%u cores, %lux%lux%lu MACs, %u KiB SRAM, %u ms job timeout\n",
		 odev->caps.cores, FIELD_GET(OCTET_ARRAY_P, odev->caps.array),
		 FIELD_GET(OCTET_ARRAY_K, odev->caps.array),
		 FIELD_GET(OCTET_ARRAY_C, odev->caps.array),
		 odev->caps.sram_size / 1024, odev->timeout_ms);
	return 0;
}

static void octet_pci_remove(struct pci_dev *pdev)
{
	octet_device_remove(pci_get_drvdata(pdev));
}

static const struct pci_device_id octet_pci_ids[] = {
	{ PCI_DEVICE(OCTET_PCI_VENDOR_ID, OCTET_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, octet_pci_ids);

static void octet_pci_reset_prepare(struct pci_dev *pdev)
{
	octet_pm_prepare_reset(pci_get_drvdata(pdev));
}

static void octet_pci_reset_done(struct pci_dev *pdev)
{
	octet_pm_finish_reset(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers octet_pci_errors = {
	.reset_prepare = octet_pci_reset_prepare,
	.reset_done = octet_pci_reset_done,
};

static struct pci_driver octet_pci_driver = {
	.name = "octet",
	.id_table = octet_pci_ids,
	.probe = octet_pci_probe,
	.remove = octet_pci_remove,
	.shutdown = octet_pci_remove,
	.err_handler = &octet_pci_errors,
	.dev_groups = octet_sysfs_groups,
	.driver.pm = pm_ptr(&octet_pm_ops),
};

static int __init octet_drv_init(void)
{
	if (drm_firmware_drivers_only())
		return -ENODEV;
	octet_sysfs_init();
	return pci_register_driver(&octet_pci_driver);
}

static void __exit octet_drv_exit(void)
{
	pci_unregister_driver(&octet_pci_driver);
	/* Who looks at a fence's callbacks does so under RCU. */
	synchronize_rcu();
	/*
	 * The scheduler frees jobs of killed queues from the system's workqueue; the
	 * last one lets the device go, and is on its way out of octet_batch_free().
	 */
	synchronize_rcu_tasks();
}

module_init(octet_drv_init);
module_exit(octet_drv_exit);

MODULE_DESCRIPTION("Octet int8 accelerator");
MODULE_LICENSE("GPL");
OCTET_IMPORT_NS("DMA_BUF");
