// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Scheduling and recovery
 *
 * One scheduler per core; a queue of a client is an entity that may use any of
 * them, one at a time. The scheduler's own timeout starts anew with every job that
 * it hands out, so it is not used: a watchdog per core measures from when a job
 * became the oldest in flight.
 *
 * A core reset needs no help of the scheduler but to stop: jobs keep their fences,
 * and the innocent ones go to the fresh ring. All recovery runs on one ordered
 * workqueue, one at a time.
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/octet_accel.h>

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
	drm_sched_fini(&core->sched);
}

int octet_sched_init(struct octet_core *core)
{
	struct octet_device *odev = core->odev;
	const struct drm_sched_init_args args = {
		.ops = &octet_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = OCTET_RING_ENTRIES,
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

/* Inside drm_dev_enter(), on reset_wq. The innocent of all cores run again. */
static void octet_sched_reset_device(struct octet_device *odev)
{
	struct octet_job *guilty[OCTET_MAX_CORES];
	u32 i, cores = odev->caps.cores;
	int ret;

	for (i = 0; i < cores; i++)
		drm_sched_wqueue_stop(&odev->cores[i].sched);
	for (i = 0; i < cores; i++) {
		guilty[i] = octet_core_quiesce(&odev->cores[i]);
		octet_core_mask(&odev->cores[i]);
	}

	ret = octet_device_reset_hw(odev);
	if (ret) {
		octet_device_lost(odev, ret);
	} else {
		odev->parked = false;
		WRITE_ONCE(odev->resets, odev->resets + 1);
		for (i = 0; i < cores; i++)
			octet_core_restart(&odev->cores[i], guilty[i], -ETIME);
	}

	for (i = 0; i < cores; i++) {
		drm_sched_wqueue_start(&odev->cores[i].sched);
		octet_core_watch(&odev->cores[i]);
	}
}

static void octet_sched_reset_core(struct octet_core *core)
{
	struct octet_device *odev = core->odev;
	struct octet_job *guilty;
	int error;

	drm_sched_wqueue_stop(&core->sched);
	/* It may have finished, and its job freed, before the scheduler stopped. */
	if (!octet_core_stuck(core, &guilty, &error))
		goto out_start;

	drm_err_ratelimited(&odev->drm, "core %u: queue %u: %s, resetting the core\n",
			    core->index, guilty ? guilty->batch->queue->id : 0,
			    error == -ETIME ? "job takes too long" : "bad completion");
	octet_core_mask(core);
	if (octet_core_reset_hw(core)) {
		drm_err(&odev->drm, "core %u does not stop, resetting the device\n",
			core->index);
		octet_sched_reset_device(odev);
		return;
	}
	octet_core_restart(core, guilty, error);
out_start:
	drm_sched_wqueue_start(&core->sched);
	octet_core_watch(core);
}

/* &octet_core.watchdog */
void octet_sched_watchdog(struct work_struct *work)
{
	struct octet_core *core =
		container_of(to_delayed_work(work), struct octet_core, watchdog);
	struct octet_device *odev = core->odev;
	struct octet_job *guilty;
	bool cookie;
	int idx, error;

	/* The reset that ends it watches again. */
	if (odev->parked)
		return;
	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	if (octet_read(odev, OCTET_REG_ID) != OCTET_ID_MAGIC)
		octet_device_lost(odev, -ENODEV);
	else if (octet_core_stuck(core, &guilty, &error))
		octet_sched_reset_core(core);
	else
		octet_core_watch(core);
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}

/* &octet_device.reset_work */
void octet_sched_device_reset(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, reset_work);
	bool cookie;
	int idx;

	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	if (!READ_ONCE(odev->lost))
		octet_sched_reset_device(odev);
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}

/*
 * &octet_device.park_work. A job that does not end now hangs again, and is found
 * out, after the reset. What is pushed meanwhile waits in the ring of a core
 * that is off.
 */
void octet_sched_device_park(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, park_work);
	bool cookie;
	int idx;
	u32 i;

	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	odev->parked = true;
	for (i = 0; i < odev->caps.cores; i++)
		drm_sched_wqueue_stop(&odev->cores[i].sched);
	for (i = 0; i < odev->caps.cores; i++) {
		octet_core_quiesce(&odev->cores[i]);
		octet_core_mask(&odev->cores[i]);
	}
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}

/* Under the core's lock. The first failure is the one to tell. */
void octet_queue_fail(struct octet_queue *queue, const struct octet_fault *fault)
{
	spin_lock(&queue->info_lock);
	if (!queue->banned)
		queue->fault = *fault;
	WRITE_ONCE(queue->banned, true);
	spin_unlock(&queue->info_lock);
}

struct octet_queue *octet_queue_get(struct octet_client *client, u32 id)
{
	struct octet_queue *queue;

	xa_lock(&client->queues);
	queue = xa_load(&client->queues, id);
	if (queue)
		kref_get(&queue->kref);
	xa_unlock(&client->queues);
	return queue;
}

static void octet_queue_release(struct kref *kref)
{
	struct octet_queue *queue = container_of(kref, struct octet_queue, kref);

	mutex_destroy(&queue->lock);
	kfree(queue);
}

void octet_queue_put(struct octet_queue *queue)
{
	kref_put(&queue->kref, octet_queue_release);
}

/*
 * Sends the queue's next jobs to the core with the fewest, its last one if that
 * is no worse. The scheduler would choose by a score that counts idle queues too,
 * and killed jobs for ever. It heeds this once the queue's jobs are done, so
 * that they stay in order.
 */
void octet_queue_place(struct octet_queue *queue, struct octet_device *odev)
{
	u32 i;

	lockdep_assert_held(&queue->lock);

	for (i = 0; i < odev->caps.cores; i++)
		if (atomic_read(&odev->cores[i].load) <
		    atomic_read(&odev->cores[queue->core].load))
			queue->core = i;
	drm_sched_entity_modify_sched(&queue->entity,
				      &odev->scheds[queue->core], 1);
}

/**
 * struct octet_kill - the end of an entity, as work
 *
 * @work: on octet_device.reset_wq
 * @entity: entity that gets no more jobs
 */
struct octet_kill {
	struct work_struct work;
	struct drm_sched_entity *entity;
};

/*
 * A scheduler that has just taken a job puts the entity back into its tree,
 * killed or not, and would find it there when its memory is long gone. So it
 * stands still meanwhile; on the workqueue of resets, which stop it as well.
 */
static void octet_queue_kill(struct work_struct *work)
{
	struct octet_kill *kill = container_of(work, struct octet_kill, work);
	struct drm_gpu_scheduler *sched = kill->entity->rq->sched;

	drm_sched_wqueue_stop(sched);
	drm_sched_entity_fini(kill->entity);
	drm_sched_wqueue_start(sched);
}

/* Jobs that are on the hardware finish; the others are canceled in order. */
static void octet_queue_destroy(struct octet_device *odev,
				struct octet_queue *queue)
{
	struct octet_kill kill = { .entity = &queue->entity };

	mutex_lock(&queue->lock);
	queue->closed = true;
	mutex_unlock(&queue->lock);

	/* Without jobs there is nothing to take. */
	if (spsc_queue_count(&queue->entity.job_queue)) {
		INIT_WORK_ONSTACK(&kill.work, octet_queue_kill);
		queue_work(odev->reset_wq, &kill.work);
		flush_work(&kill.work);
		destroy_work_on_stack(&kill.work);
	} else {
		drm_sched_entity_fini(&queue->entity);
	}
	octet_queue_put(queue);
}

void octet_queue_destroy_all(struct octet_device *odev,
			     struct octet_client *client)
{
	struct octet_queue *queue;
	unsigned long id;

	xa_for_each(&client->queues, id, queue) {
		xa_erase(&client->queues, id);
		octet_queue_destroy(odev, queue);
	}
	xa_destroy(&client->queues);
}

static int octet_queue_priority(u32 arg, enum drm_sched_priority *priority)
{
	switch (arg) {
	case DRM_OCTET_PRIORITY_LOW:
		*priority = DRM_SCHED_PRIORITY_LOW;
		return 0;
	case DRM_OCTET_PRIORITY_NORMAL:
		*priority = DRM_SCHED_PRIORITY_NORMAL;
		return 0;
	case DRM_OCTET_PRIORITY_HIGH:
		*priority = DRM_SCHED_PRIORITY_HIGH;
		return capable(CAP_SYS_NICE) ? 0 : -EACCES;
	default:
		return -EINVAL;
	}
}

int octet_ioctl_queue_create(struct drm_device *drm, void *data,
			     struct drm_file *file)
{
	struct octet_device *odev = to_octet_device(drm);
	struct octet_client *client = file->driver_priv;
	struct drm_octet_queue_create *args = data;
	enum drm_sched_priority priority;
	struct octet_queue *queue;
	int ret;

	if (args->flags || args->pad)
		return -EINVAL;
	ret = octet_queue_priority(args->priority, &priority);
	if (ret)
		return ret;

	queue = kzalloc_obj(*queue);
	if (!queue)
		return -ENOMEM;

	kref_init(&queue->kref);
	mutex_init(&queue->lock);
	spin_lock_init(&queue->info_lock);
	queue->context = dma_fence_context_alloc(1);
	queue->core = (u32)atomic_inc_return(&odev->queues) % odev->caps.cores;
	ret = drm_sched_entity_init(&queue->entity, priority, odev->scheds,
				    odev->caps.cores, NULL);
	if (ret)
		goto err_put;

	/* Once stored, another thread can use and destroy the queue. */
	kref_get(&queue->kref);
	ret = xa_alloc(&client->queues, &queue->id, queue,
		       XA_LIMIT(1, OCTET_MAX_QUEUES), GFP_KERNEL);
	args->queue = queue->id;
	octet_queue_put(queue);
	if (!ret)
		return 0;

	ret = ret == -EBUSY ? -EMFILE : ret;
	drm_sched_entity_fini(&queue->entity);
err_put:
	octet_queue_put(queue);
	return ret;
}

int octet_ioctl_queue_destroy(struct drm_device *drm, void *data,
			      struct drm_file *file)
{
	struct octet_client *client = file->driver_priv;
	struct drm_octet_queue_destroy *args = data;
	struct octet_queue *queue;

	if (args->pad)
		return -EINVAL;

	queue = xa_erase(&client->queues, args->queue);
	if (!queue)
		return -ENOENT;
	octet_queue_destroy(to_octet_device(drm), queue);
	return 0;
}

int octet_ioctl_queue_query(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	struct octet_client *client = file->driver_priv;
	struct drm_octet_queue_query *args = data;
	struct octet_queue *queue;
	struct octet_fault fault;
	unsigned long flags;
	bool banned;

	queue = octet_queue_get(client, args->queue);
	if (!queue)
		return -ENOENT;

	spin_lock_irqsave(&queue->info_lock, flags);
	banned = queue->banned;
	fault = queue->fault;
	spin_unlock_irqrestore(&queue->info_lock, flags);

	args->flags = banned ? DRM_OCTET_QUEUE_BANNED : 0;
	args->error = fault.error;
	args->status = fault.status;
	args->command = fault.command;
	args->detail = fault.detail;
	args->fault_va = fault.va;
	args->completed = atomic64_read(&queue->completed);
	args->resets = atomic64_read(&queue->resets);
	octet_queue_put(queue);
	return 0;
}
