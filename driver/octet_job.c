// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Jobs
 *
 * A run of jobs in which none but the first waits for fences is one scheduler job
 * (a batch): it goes to the ring at once, behind one doorbell.
 *
 * Each job has a fence of its own in the fence context of its queue, made at
 * submit and signalled by the core's completion. It is what user space and
 * reservation objects get: the scheduler's own fence covers a whole batch. A
 * batch that never reaches the hardware signals its fences when it is freed.
 *
 * A queue keeps the memory of batches that are done for its next ones.
 */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_print.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_gem.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_trace.h"
#include "octet_vm.h"

/**
 * struct octet_fence - fence of a job
 *
 * @base: first, it is freed through it
 * @lock: fences outlive every other object with a lock
 */
struct octet_fence {
	struct dma_fence base;
	spinlock_t lock;	/* of @base alone */
};

static const char *octet_fence_driver_name(struct dma_fence *fence)
{
	return "octet";
}

static const char *octet_fence_timeline_name(struct dma_fence *fence)
{
	return "octet-queue";
}

static const struct dma_fence_ops octet_fence_ops = {
	.get_driver_name = octet_fence_driver_name,
	.get_timeline_name = octet_fence_timeline_name,
};

/* Memory only; a fence that is never armed is freed with kfree(). */
static struct dma_fence *octet_fence_alloc(void)
{
	struct octet_fence *fence = kzalloc_obj(*fence);

	octet_fence_prepare();
	return fence ? &fence->base : NULL;
}

void octet_fence_arm(struct dma_fence *base, u64 context, u64 seqno)
{
	struct octet_fence *fence = container_of(base, struct octet_fence, base);

	spin_lock_init(&fence->lock);
	dma_fence_init(base, &octet_fence_ops, &fence->lock, context, seqno);
}

/* Afterwards no code of this module is needed to look at the fence. */
void octet_fence_signal(struct dma_fence *fence, int error)
{
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	octet_fence_detach(fence);
}

/* Signals what has not been; only when the hardware will not. */
void octet_batch_cancel(struct octet_batch *batch, int error)
{
	u32 i;

	for (i = 0; i < batch->count; i++) {
		struct dma_fence *fence = batch->jobs[i].fence;

		if (dma_fence_is_signaled(fence))
			continue;
		trace_octet_job_done(&batch->jobs[i], -1, error);
		octet_fence_signal(fence, error);
	}
}

/* Return: the smallest spare memory for @count jobs, or NULL */
static struct octet_batch *octet_batch_reuse(struct octet_queue *queue, u32 count)
{
	struct octet_batch *batch, *best = NULL;

	spin_lock(&queue->spare_lock);
	list_for_each_entry(batch, &queue->spares, spare)
		if (batch->room >= count && (!best || batch->room < best->room))
			best = batch;
	if (best) {
		list_del(&best->spare);
		queue->num_spares--;
	}
	spin_unlock(&queue->spare_lock);
	return best;
}

static struct octet_batch *octet_batch_new(u32 count)
{
	struct octet_batch *batch;

	batch = kvmalloc(struct_size(batch, jobs, count), GFP_KERNEL);
	if (!batch)
		return NULL;
	batch->room = count;
	batch->maps = NULL;
	batch->room_maps = 0;
	return batch;
}

static void octet_batch_destroy(struct octet_batch *batch)
{
	kvfree(batch->maps);
	kvfree(batch);
}

/* The oldest goes when there are enough, so that sizes of the past do not stay. */
static void octet_batch_recycle(struct octet_queue *queue, struct octet_batch *batch)
{
	struct octet_batch *old = NULL;

	spin_lock(&queue->spare_lock);
	list_add(&batch->spare, &queue->spares);
	if (++queue->num_spares > OCTET_MAX_SPARES) {
		old = list_last_entry(&queue->spares, struct octet_batch, spare);
		list_del(&old->spare);
		queue->num_spares--;
	}
	spin_unlock(&queue->spare_lock);
	if (old)
		octet_batch_destroy(old);
}

/* When the queue's last reference goes. */
void octet_batch_free_spares(struct octet_queue *queue)
{
	struct octet_batch *batch, *next;

	list_for_each_entry_safe(batch, next, &queue->spares, spare)
		octet_batch_destroy(batch);
}

static int octet_batch_fill(struct octet_batch *batch, const struct drm_octet_job *args)
{
	u32 i;

	for (i = 0; i < batch->count; i++) {
		struct octet_job *job = &batch->jobs[i];

		*job = (struct octet_job) { .batch = batch, .args = args[i] };
		INIT_LIST_HEAD(&job->node);
		/* Who waits for a fence must learn; the last one tells of all. */
		job->irq = i == batch->count - 1 || args[i].out_syncs.count;
	}
	for (i = 0; i < batch->count; i++) {
		batch->jobs[i].fence = octet_fence_alloc();
		if (!batch->jobs[i].fence)
			return -ENOMEM;
	}
	return 0;
}

static int octet_batch_prepare(struct octet_batch *batch, const struct drm_octet_job *args)
{
	int ret;

	ret = octet_batch_fill(batch, args);
	if (ret)
		return ret;
	if (atomic_read(&batch->client->queued) > OCTET_MAX_QUEUED)
		return -EBUSY;
	ret = octet_pm_get(batch->odev);
	batch->awake = !ret;
	return ret;
}

/**
 * octet_batch_alloc - a batch that is not armed
 * @odev: device
 * @client: who submits
 * @queue: where to
 * @args: of the jobs, checked
 * @count: jobs
 *
 * Return: the batch, -ENOMEM, -EBUSY when the client has too many jobs queued, or
 * the error of waking the device up.
 */
struct octet_batch *octet_batch_alloc(struct octet_device *odev,
				      struct octet_client *client,
				      struct octet_queue *queue,
				      const struct drm_octet_job *args, u32 count)
{
	struct octet_batch *batch;
	int ret;

	batch = octet_batch_reuse(queue, count) ?: octet_batch_new(count);
	if (!batch)
		return ERR_PTR(-ENOMEM);

	batch->count = count;
	batch->odev = odev;
	batch->client = client;
	kref_get(&client->kref);
	batch->queue = queue;
	kref_get(&queue->kref);
	batch->pid = task_tgid_nr(current);
	get_task_comm(batch->comm, current->group_leader);
	batch->awake = false;
	batch->armed = false;
	batch->num_maps = 0;
	atomic_inc(&odev->batches);
	atomic_add(count, &client->queued);

	ret = octet_batch_prepare(batch, args);
	if (ret) {
		octet_batch_free(batch);
		return ERR_PTR(ret);
	}
	return batch;
}

/* Makes room for the list of buffers that the batch will hold. */
int octet_batch_reserve_maps(struct octet_batch *batch, u32 count)
{
	if (count <= batch->room_maps)
		return 0;

	kvfree(batch->maps);
	batch->room_maps = 0;
	batch->maps = kvmalloc_array(count, sizeof(*batch->maps), GFP_KERNEL);
	if (!batch->maps)
		return -ENOMEM;
	batch->room_maps = count;
	return 0;
}

void octet_batch_free(struct octet_batch *batch)
{
	struct octet_client *client = batch->client;
	struct octet_queue *queue = batch->queue;
	struct octet_device *odev = batch->odev;
	u32 i, count = batch->count;

	for (i = 0; i < count; i++) {
		if (batch->armed)
			dma_fence_put(batch->jobs[i].fence);
		else
			kfree(batch->jobs[i].fence);
	}
	for (i = 0; i < batch->num_maps; i++)
		octet_mapping_put(batch->maps[i]);

	if (batch->awake)
		octet_pm_put(odev);
	atomic_sub(count, &client->queued);
	octet_batch_recycle(queue, batch);
	octet_queue_put(queue);
	octet_client_put(client);

	/* The device may be gone after the last: nothing of it is touched. */
	if (atomic_dec_and_test(&odev->batches))
		wake_up_var(&odev->batches);
}
