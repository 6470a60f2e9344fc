/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernels of the 6.12 series lack of the API that the driver is written
 * for. Kbuild probes the headers; nothing else in the driver knows of other
 * kernels. Upstream, this file and its includes go.
 */
#ifndef __OCTET_COMPAT_H__
#define __OCTET_COMPAT_H__

#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <drm/gpu_scheduler.h>

#ifndef OCTET_HAVE_SCHED_INIT_ARGS
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	u32 num_rqs;
	u32 credit_limit;
	unsigned int hang_limit;
	long timeout;
	atomic_t *score;
	const char *name;
	struct device *dev;
};

static inline int octet_sched_init_args(struct drm_gpu_scheduler *sched,
					const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs,
			      args->credit_limit, args->hang_limit,
			      args->timeout, args->timeout_wq, args->score,
			      args->name, args->dev);
}

#define drm_sched_init octet_sched_init_args
#endif

#ifndef OCTET_HAVE_SCHED_CLIENT_ID
static inline int octet_sched_job_init(struct drm_sched_job *job,
				       struct drm_sched_entity *entity,
				       u32 credits, void *owner, u64 client_id)
{
	return drm_sched_job_init(job, entity, credits, owner);
}

#define drm_sched_job_init octet_sched_job_init
#endif

#ifndef OCTET_HAVE_FENCE_DETACH
/*
 * A sync_file can outlive the module. Newer kernels take the callbacks from a
 * signalled fence for that reason; here it gets those of the kernel's own stub.
 */
static const struct dma_fence_ops *octet_fence_stub_ops;

static inline void octet_fence_prepare(void)
{
	struct dma_fence *stub;

	if (READ_ONCE(octet_fence_stub_ops))
		return;
	stub = dma_fence_get_stub();
	WRITE_ONCE(octet_fence_stub_ops, stub->ops);
	dma_fence_put(stub);
}

static inline void octet_fence_detach(struct dma_fence *fence)
{
	WRITE_ONCE(fence->ops, octet_fence_stub_ops);
}
#else
static inline void octet_fence_prepare(void) { }
static inline void octet_fence_detach(struct dma_fence *fence) { }
#endif

#ifndef OCTET_HAVE_KZALLOC_OBJ
#define kzalloc_obj(obj) kzalloc(sizeof(obj), GFP_KERNEL)
#define kvzalloc_obj(obj) kvzalloc(sizeof(obj), GFP_KERNEL)
#endif

/* Newer kernels write MODULE_IMPORT_NS() with a string. */
#define OCTET_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)

#endif /* __OCTET_COMPAT_H__ */
