// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that a DRM driver with the scheduler can do for a job: one ioctl, one
 * scheduler job, one doorbell, one interrupt, one fence. The yardstick of what
 * Octet's submission costs. It drives QEMU's edu device, whose interrupt register
 * is the doorbell.
 */
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>

#include "noop.h"
#include "octet_compat.h"

#define EDU_RAISE	0x60
#define EDU_ACK		0x64
#define EDU_STATUS	0x24
#define DEPTH		64

struct noop {
	struct drm_device drm;
	void __iomem *regs;
	struct drm_gpu_scheduler sched;
	struct drm_gpu_scheduler *scheds[1];
	spinlock_t lock;	/* list and fences */
	struct list_head running;
	u64 context;
	u64 seqno;
};

struct noop_fence {
	struct dma_fence base;
	struct list_head node;
};

struct noop_job {
	struct drm_sched_job base;
	struct noop *noop;
	struct noop_fence *fence;
};

struct noop_file {
	struct drm_sched_entity entity;
	struct mutex lock;	/* arm and push are one step */
};

static const char *noop_name(struct dma_fence *fence)
{
	return "noop";
}

static const struct dma_fence_ops noop_fence_ops = {
	.get_driver_name = noop_name,
	.get_timeline_name = noop_name,
};

static struct dma_fence *noop_run_job(struct drm_sched_job *base)
{
	struct noop_job *job = container_of(base, struct noop_job, base);
	struct noop *noop = job->noop;

	dma_fence_init(&job->fence->base, &noop_fence_ops, &noop->lock,
		       noop->context, ++noop->seqno);
	dma_fence_get(&job->fence->base);
	spin_lock_irq(&noop->lock);
	list_add_tail(&job->fence->node, &noop->running);
	spin_unlock_irq(&noop->lock);
	writel(1, noop->regs + EDU_RAISE);
	return &job->fence->base;
}

static void noop_free_job(struct drm_sched_job *base)
{
	drm_sched_job_cleanup(base);
	kfree(container_of(base, struct noop_job, base));
}

static const struct drm_sched_backend_ops noop_sched_ops = {
	.run_job = noop_run_job,
	.free_job = noop_free_job,
};

static irqreturn_t noop_irq(int irq, void *data)
{
	struct noop *noop = data;
	struct noop_fence *fence;
	u32 status = readl(noop->regs + EDU_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, noop->regs + EDU_ACK);
	spin_lock(&noop->lock);
	fence = list_first_entry_or_null(&noop->running, struct noop_fence, node);
	if (fence) {
		list_del(&fence->node);
		dma_fence_signal_locked(&fence->base);
		dma_fence_put(&fence->base);
	}
	spin_unlock(&noop->lock);
	return IRQ_HANDLED;
}

static int noop_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct noop *noop = container_of(drm, struct noop, drm);
	struct noop_file *nf = file->driver_priv;
	struct drm_noop_submit *args = data;
	struct drm_syncobj *sync;
	struct noop_job *job;
	int ret = -ENOMEM;

	sync = drm_syncobj_find(file, args->syncobj);
	if (!sync)
		return -ENOENT;
	job = kzalloc_obj(*job);
	if (!job)
		goto out_sync;
	job->noop = noop;
	job->fence = kzalloc_obj(*job->fence);
	if (!job->fence)
		goto err_job;
	ret = drm_sched_job_init(&job->base, &nf->entity, 1, NULL, file->client_id);
	if (ret)
		goto err_fence;

	mutex_lock(&nf->lock);
	drm_sched_job_arm(&job->base);
	drm_syncobj_replace_fence(sync, &job->base.s_fence->finished);
	drm_sched_entity_push_job(&job->base);
	mutex_unlock(&nf->lock);
	goto out_sync;

err_fence:
	kfree(job->fence);
err_job:
	kfree(job);
out_sync:
	drm_syncobj_put(sync);
	return ret;
}

static int noop_open(struct drm_device *drm, struct drm_file *file)
{
	struct noop *noop = container_of(drm, struct noop, drm);
	struct noop_file *nf = kzalloc_obj(*nf);
	int ret;

	if (!nf)
		return -ENOMEM;
	mutex_init(&nf->lock);
	ret = drm_sched_entity_init(&nf->entity, DRM_SCHED_PRIORITY_NORMAL,
				    noop->scheds, 1, NULL);
	if (ret)
		kfree(nf);
	else
		file->driver_priv = nf;
	return ret;
}

static void noop_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct noop_file *nf = file->driver_priv;

	drm_sched_entity_destroy(&nf->entity);
	kfree(nf);
}

static const struct drm_ioctl_desc noop_ioctls[] = {
	DRM_IOCTL_DEF_DRV(NOOP_SUBMIT, noop_ioctl_submit, 0),
};

DEFINE_DRM_ACCEL_FOPS(noop_fops);

static const struct drm_driver noop_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = noop_open,
	.postclose = noop_postclose,
	.ioctls = noop_ioctls,
	.num_ioctls = ARRAY_SIZE(noop_ioctls),
	.fops = &noop_fops,
	.name = "noop",
	.desc = "no-op",
	.major = 1,
};

static int noop_start(struct noop *noop, struct pci_dev *pdev)
{
	const struct drm_sched_init_args args = {
		.ops = &noop_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = DEPTH,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "noop",
		.dev = &pdev->dev,
	};
	int ret;

	noop->regs = pcim_iomap(pdev, 0, 0);
	if (!noop->regs)
		return -ENOMEM;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;
	ret = drm_sched_init(&noop->sched, &args);
	if (ret)
		return ret;
	noop->scheds[0] = &noop->sched;
	ret = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), noop_irq, 0,
			       "noop", noop);
	return ret ?: drm_dev_register(&noop->drm, 0);
}

static int noop_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct noop *noop;
	int ret;

	noop = devm_drm_dev_alloc(&pdev->dev, &noop_driver, struct noop, drm);
	if (IS_ERR(noop))
		return PTR_ERR(noop);
	pci_set_drvdata(pdev, noop);
	spin_lock_init(&noop->lock);
	INIT_LIST_HEAD(&noop->running);
	noop->context = dma_fence_context_alloc(1);
	ret = pcim_enable_device(pdev);
	return ret ?: noop_start(noop, pdev);
}

/* The bench closes its file first. */
static void noop_remove(struct pci_dev *pdev)
{
	struct noop *noop = pci_get_drvdata(pdev);

	drm_dev_unplug(&noop->drm);
	drm_sched_fini(&noop->sched);
}

static const struct pci_device_id noop_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, noop_ids);

static struct pci_driver noop_pci_driver = {
	.name = "noop",
	.id_table = noop_ids,
	.probe = noop_probe,
	.remove = noop_remove,
};
module_pci_driver(noop_pci_driver);

MODULE_DESCRIPTION("No-op DRM driver, a yardstick");
MODULE_LICENSE("GPL");
