// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Queues
 *
 * A queue belongs to one client. Its jobs run in order, on the core that had the
 * least to do when they were submitted.
 */
#include <linux/capability.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/octet_accel.h>

#include "octet_arena.h"
#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_job.h"
#include "octet_queue.h"

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

	octet_batch_free_spares(queue);
	octet_arena_free(queue->arena);
	mutex_destroy(&queue->lock);
	/*
	 * The callback of a fence that the entity waited for clears the pointer to
	 * it first, which is where drm_sched_entity_fini() looks whether there is
	 * one, and then looks at the entity again.
	 */
	kfree_rcu(queue, rcu);
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
 * @odev: device
 * @entity: entity that gets no more jobs
 */
struct octet_kill {
	struct work_struct work;
	struct octet_device *odev;
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
	if (!kill->odev->parked)
		drm_sched_wqueue_start(sched);
}

/* Jobs that are on the hardware finish; the others are canceled in order. */
static void octet_queue_destroy(struct octet_device *odev,
				struct octet_queue *queue)
{
	struct octet_kill kill = { .odev = odev, .entity = &queue->entity };

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
	spin_lock_init(&queue->spare_lock);
	INIT_LIST_HEAD(&queue->spares);
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
