// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Scheduling
 *
 * One scheduler per core; a queue of a client is an entity that may use any of
 * them, one at a time. The scheduler's own timeout starts anew with every job that
 * it hands out, so it is not used: see octet_reset.c.
 */
#include <linux/wait_bit.h>

#include <drm/drm_managed.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_job.h"
#include "octet_sched.h"

static struct dma_fence *octet_sched_run_job(struct drm_sched_job *job)
{
	struct octet_core *core = container_of(job->sched, struct octet_core, sched);
	struct octet_batch *batch = to_octet_batch(job);
	struct dma_fence *fence;
	bool cookie;

	cookie = dma_fence_begin_signalling();
	if (octet_core_push(core, batch)) {
		fence = dma_fence_get(batch->jobs[batch->count - 1].fence);
	} else {
		octet_batch_cancel(batch, -ENODEV);
		fence = ERR_PTR(-ENODEV);
	}
	dma_fence_end_signalling(cookie);
	return fence;
}

/* Also for jobs that were killed before they ran; they have to signal too. */
static void octet_sched_free_job(struct drm_sched_job *job)
{
	struct octet_core *core = container_of(job->sched, struct octet_core, sched);
	struct octet_batch *batch = to_octet_batch(job);

	atomic_sub(batch->count, &core->load);
	octet_batch_cancel(batch, -ECANCELED);
	drm_sched_job_cleanup(job);
	octet_batch_free(batch);
}

#ifdef OCTET_HAVE_SCHED_CANCEL_JOB
static void octet_sched_cancel_job(struct drm_sched_job *job)
{
	octet_batch_cancel(to_octet_batch(job), -ECANCELED);
}
#endif

static const struct drm_sched_backend_ops octet_sched_ops = {
	.run_job = octet_sched_run_job,
	.free_job = octet_sched_free_job,
#ifdef OCTET_HAVE_SCHED_CANCEL_JOB
	.cancel_job = octet_sched_cancel_job,
#endif
};

/*
 * After the last close, when every fence is signalled: jobs of killed queues may
 * still wait for fences of others before they are freed. They need the scheduler.
 */
static void octet_sched_fini(struct drm_device *drm, void *data)
{
	struct octet_device *odev = to_octet_device(drm);
	struct octet_core *core = data;

	wait_var_event(&odev->batches, !atomic_read(&odev->batches));
	/* The callback of a fence that a job waited for still looks at its run queue. */
	synchronize_rcu();
	drm_sched_fini(&core->sched);
}

int octet_sched_init(struct octet_core *core)
{
	struct octet_device *odev = core->odev;
	const struct drm_sched_init_args args = {
		.ops = &octet_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = OCTET_CREDITS,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.timeout_wq = odev->reset_wq,
		.name = core->name,
		.dev = odev->drm.dev,
	};
	int ret;

	ret = drm_sched_init(&core->sched, &args);
	if (ret)
		return ret;
	odev->scheds[core->index] = &core->sched;
	return drmm_add_action_or_reset(&odev->drm, octet_sched_fini, core);
}
