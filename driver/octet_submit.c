// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Submit
 *
 * copy, validate, look up, prepare, arm, push, attach. Everything that can fail
 * comes before arm.
 */
#include <linux/uaccess.h>

#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/octet_isa.h>

#include "octet_arena.h"
#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_gem.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_submit.h"
#include "octet_sync.h"
#include "octet_trace.h"
#include "octet_vm.h"

/* What the caller passes as @elem is the size of version 1.0. */
int octet_job_check_array(const struct drm_octet_array *array, size_t elem,
			  u32 max)
{
	if (array->count > max || (array->count && array->stride < elem))
		return -EINVAL;
	if (array->count && array->stride > PAGE_SIZE)
		return -E2BIG;
	return 0;
}

/* Return: what octet_ioctl_submit() returns for such a job */
int octet_job_check(const struct drm_octet_job *job,
		    const struct octet_limits *limits)
{
	if (job->flags)
		return -EINVAL;
	if (!job->cmd_count || job->cmd_count > limits->max_cmds)
		return -EINVAL;
	if (!IS_ALIGNED(job->cmd_va, OCTET_CMD_ALIGN) ||
	    !IS_ALIGNED(job->report_va, sizeof(u64)))
		return -EINVAL;
	if ((u64)job->sw + job->lb > limits->sram_size)
		return -EINVAL;
	return 0;
}

int octet_job_check_bo(const struct drm_octet_bo_ref *ref)
{
	const u32 access = DRM_OCTET_BO_READ | DRM_OCTET_BO_WRITE;

	if (ref->flags & ~(access | DRM_OCTET_BO_IMPLICIT))
		return -EINVAL;
	return ref->flags & access ? 0 : -EINVAL;
}

/* Jobs from @first on that can be one batch: up to the next one that waits. */
u32 octet_job_run_length(const struct drm_octet_job *jobs, u32 first, u32 count)
{
	u32 n = 1;

	while (first + n < count && !jobs[first + n].in_syncs.count)
		n++;
	return n;
}

/*
 * Credits of the scheduler, of which a core has as many as the largest submit has
 * jobs. A small batch counts as a quarter: four single jobs are in flight, two
 * arrays of 32, or one of 64. That keeps the core busy, and is little for a job
 * of high priority to wait behind. The ring is deeper, so that it never
 * decides.
 */
u32 octet_job_credits(u32 count)
{
	return max_t(u32, count, OCTET_CREDITS / 4);
}

/* Return: an array in @arena, NULL if it is empty, or an error pointer. */
void *octet_job_copy_array(struct octet_arena *arena,
			   const struct drm_octet_array *array, size_t elem, u32 max)
{
	void __user *from = u64_to_user_ptr(array->ptr);
	void *to;
	u32 i;
	int ret;

	ret = octet_job_check_array(array, elem, max);
	if (ret)
		return ERR_PTR(ret);
	if (!array->count)
		return NULL;

	to = octet_arena_alloc(arena, array->count, elem);
	if (!to)
		return ERR_PTR(-ENOMEM);

	if (array->stride == elem) {
		if (copy_from_user(to, from, array->count * elem))
			ret = -EFAULT;
	} else {
		for (i = 0; i < array->count && !ret; i++)
			ret = copy_struct_from_user(to + i * elem, elem,
						    from + (size_t)i * array->stride,
						    array->stride);
	}
	return ret ? ERR_PTR(ret) : to;
}

/**
 * struct octet_submit - one call of the ioctl
 *
 * @odev: device
 * @file: who calls
 * @client: its state
 * @queue: where to
 * @arena: of the arrays below
 * @jobs: copied
 * @num_jobs: entries of @jobs and @fences
 * @refs: buffer list, copied
 * @num_bos: entries of @refs
 * @maps: mappings of the buffers
 * @num_maps: how many of them are looked up
 * @syncs: fences and syncobjs
 * @batches: not pushed yet, NULL once they are
 * @num_batches: entries of @batches
 * @fences: of the jobs, once armed
 * @num_fences: entries of @fences that are there
 * @exec: locks of the buffers
 */
struct octet_submit {
	struct octet_device *odev;
	struct drm_file *file;
	struct octet_client *client;
	struct octet_queue *queue;
	struct octet_arena *arena;
	struct drm_octet_job *jobs;
	u32 num_jobs;
	struct drm_octet_bo_ref *refs;
	u32 num_bos;
	struct octet_mapping **maps;
	u32 num_maps;
	struct octet_syncs syncs;
	struct octet_batch **batches;
	u32 num_batches;
	struct dma_fence **fences;
	u32 num_fences;
	struct drm_exec exec;
};

static int octet_submit_copy(struct octet_submit *submit,
			     const struct drm_octet_submit *args)
{
	const struct octet_caps *caps = &submit->odev->caps;
	const struct octet_limits limits = {
		.max_cmds = caps->max_cmds,
		.sram_size = caps->sram_size,
	};
	u32 i;
	int ret;

	if (args->flags || !args->jobs.count)
		return -EINVAL;

	submit->jobs = octet_job_copy_array(submit->arena, &args->jobs,
					    sizeof(*submit->jobs), OCTET_MAX_JOBS);
	if (IS_ERR(submit->jobs))
		return PTR_ERR(submit->jobs);
	submit->num_jobs = args->jobs.count;

	submit->refs = octet_job_copy_array(submit->arena, &args->bos,
					    sizeof(*submit->refs), OCTET_MAX_BOS);
	if (IS_ERR(submit->refs))
		return PTR_ERR(submit->refs);
	submit->num_bos = args->bos.count;

	for (i = 0; i < submit->num_jobs; i++) {
		ret = octet_job_check(&submit->jobs[i], &limits);
		if (ret) {
			drm_dbg(&submit->odev->drm, "job %u is invalid\n", i);
			return ret;
		}
	}
	for (i = 0; i < submit->num_bos; i++) {
		ret = octet_job_check_bo(&submit->refs[i]);
		if (ret) {
			drm_dbg(&submit->odev->drm, "buffer %u: flags %#x\n", i,
				submit->refs[i].flags);
			return ret;
		}
	}
	return 0;
}

static int octet_submit_find_bos(struct octet_submit *submit)
{
	u32 i;

	if (!submit->num_bos)
		return 0;

	submit->maps = octet_arena_alloc(submit->arena, submit->num_bos,
					 sizeof(*submit->maps));
	if (!submit->maps)
		return -ENOMEM;

	for (i = 0; i < submit->num_bos; i++) {
		struct octet_mapping *mapping;
		struct drm_gem_object *obj;

		obj = drm_gem_object_lookup(submit->file, submit->refs[i].handle);
		if (!obj)
			return -ENOENT;
		/* NULL if the handle has just been closed by another thread. */
		mapping = octet_mapping_find(submit->client->vm, to_octet_bo(obj));
		drm_gem_object_put(obj);
		if (!mapping)
			return -ENOENT;
		submit->maps[submit->num_maps++] = mapping;
	}
	return 0;
}

/* Jobs of a queue run in order anyway: a dependency would only drain the core. */
static int octet_submit_depend(struct octet_submit *submit, u32 batch,
			       struct dma_fence *fence)
{
	if (fence->context == submit->queue->context)
		return 0;
	return drm_sched_job_add_dependency(&submit->batches[batch]->base,
					    dma_fence_get(fence));
}

static int octet_submit_add_batch(struct octet_submit *submit, u32 first, u32 count)
{
	struct octet_batch *batch;
	u32 i;
	int ret;

	batch = octet_batch_alloc(submit->odev, submit->client, submit->queue,
				  &submit->jobs[first], count);
	if (IS_ERR(batch))
		return PTR_ERR(batch);

	ret = drm_sched_job_init(&batch->base, &submit->queue->entity,
				 octet_job_credits(count), submit->file,
				 submit->file->client_id);
	if (ret) {
		octet_batch_free(batch);
		return ret;
	}
	submit->batches[submit->num_batches++] = batch;

	for (i = 0; i < submit->syncs.num_in; i++) {
		const struct octet_sync_in *in = &submit->syncs.in[i];

		if (in->job != first)
			continue;
		ret = octet_submit_depend(submit, submit->num_batches - 1,
					  in->fence);
		if (ret)
			return ret;
	}
	return 0;
}

static int octet_submit_make_batches(struct octet_submit *submit)
{
	u32 first, count;
	int ret;

	submit->batches = octet_arena_alloc(submit->arena, submit->num_jobs,
					    sizeof(*submit->batches));
	submit->fences = octet_arena_alloc(submit->arena, submit->num_jobs,
					   sizeof(*submit->fences));
	if (!submit->batches || !submit->fences)
		return -ENOMEM;

	for (first = 0; first < submit->num_jobs; first += count) {
		count = octet_job_run_length(submit->jobs, first, submit->num_jobs);
		ret = octet_submit_add_batch(submit, first, count);
		if (ret)
			return ret;
	}
	return 0;
}

static struct drm_gem_object *octet_submit_obj(struct octet_submit *submit, u32 i)
{
	return &submit->maps[i]->bo->base.base;
}

static int octet_submit_implicit(struct octet_submit *submit, u32 i)
{
	bool write = submit->refs[i].flags & DRM_OCTET_BO_WRITE;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int ret;

	dma_resv_for_each_fence(&cursor, octet_submit_obj(submit, i)->resv,
				dma_resv_usage_rw(write), fence) {
		ret = octet_submit_depend(submit, 0, fence);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Locks all buffers and makes room for their fence: twice, because a buffer that
 * is listed both as written and as read gets it as both.
 */
static int octet_submit_lock(struct octet_submit *submit)
{
	u32 i;
	int ret = 0;

	drm_exec_until_all_locked(&submit->exec) {
		for (i = 0; i < submit->num_maps; i++) {
			ret = drm_exec_prepare_obj(&submit->exec,
						   octet_submit_obj(submit, i), 2);
			drm_exec_retry_on_contention(&submit->exec);
			if (ret)
				return ret;
		}
	}
	for (i = 0; i < submit->num_maps; i++) {
		if (!(submit->refs[i].flags & DRM_OCTET_BO_IMPLICIT))
			continue;
		ret = octet_submit_implicit(submit, i);
		if (ret)
			return ret;
	}
	return 0;
}

static void octet_submit_push(struct octet_submit *submit)
{
	struct octet_queue *queue = submit->queue;
	struct octet_core *core;
	u32 i, k;

	lockdep_assert_held(&queue->lock);

	octet_queue_place(queue, submit->odev);
	for (i = 0; i < submit->num_batches; i++) {
		struct octet_batch *batch = submit->batches[i];

		for (k = 0; k < batch->count; k++) {
			struct dma_fence *fence = batch->jobs[k].fence;

			octet_fence_arm(fence, queue->context, ++queue->seqno);
			submit->fences[submit->num_fences++] = dma_fence_get(fence);
		}
		batch->armed = true;
		drm_sched_job_arm(&batch->base);
		core = container_of(batch->base.sched, struct octet_core, sched);
		atomic_add(batch->count, &core->load);
		for (k = 0; k < batch->count; k++)
			trace_octet_job_submit(&batch->jobs[k], core->index);
		/* It may be gone as soon as it is pushed. */
		submit->batches[i] = NULL;
		drm_sched_entity_push_job(&batch->base);
	}
}

static int octet_submit_commit(struct octet_submit *submit)
{
	struct octet_queue *queue = submit->queue;
	struct octet_batch *last = submit->batches[submit->num_batches - 1];
	u32 i;

	mutex_lock(&queue->lock);
	if (queue->closed || READ_ONCE(queue->banned)) {
		mutex_unlock(&queue->lock);
		return queue->closed ? -ENOENT : -ECANCELED;
	}

	/* The buffer locks keep submit->maps valid until the fences are in. */
	for (i = 0; i < submit->num_maps; i++)
		kref_get(&submit->maps[i]->kref);
	last->num_maps = submit->num_maps;

	octet_submit_push(submit);
	mutex_unlock(&queue->lock);

	for (i = 0; i < submit->num_maps; i++)
		dma_resv_add_fence(octet_submit_obj(submit, i)->resv,
				   submit->fences[submit->num_jobs - 1],
				   submit->refs[i].flags & DRM_OCTET_BO_WRITE ?
				   DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
	return 0;
}

/* The last batch of the submit keeps the buffers mapped: make its list now. */
static int octet_submit_give_maps(struct octet_submit *submit)
{
	struct octet_batch *last = submit->batches[submit->num_batches - 1];
	int ret;

	ret = octet_batch_reserve_maps(last, submit->num_maps);
	if (!ret && submit->num_maps)
		memcpy(last->maps, submit->maps,
		       submit->num_maps * sizeof(*last->maps));
	return ret;
}

static int octet_submit_commit_locked(struct octet_submit *submit)
{
	int ret;

	drm_exec_init(&submit->exec, DRM_EXEC_INTERRUPTIBLE_WAIT |
		      DRM_EXEC_IGNORE_DUPLICATES, submit->num_maps);
	ret = octet_submit_lock(submit);
	if (!ret)
		ret = octet_submit_commit(submit);
	drm_exec_fini(&submit->exec);
	return ret;
}

static int octet_submit_run(struct octet_submit *submit)
{
	int ret;

	ret = octet_submit_make_batches(submit);
	if (!ret)
		ret = octet_submit_give_maps(submit);
	if (ret)
		return ret;

	ret = submit->num_maps ? octet_submit_commit_locked(submit) :
				 octet_submit_commit(submit);
	if (!ret)
		octet_sync_attach(&submit->syncs, submit->fences);
	return ret;
}

static void octet_submit_fini(struct octet_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->num_batches; i++) {
		if (!submit->batches[i])
			continue;
		drm_sched_job_cleanup(&submit->batches[i]->base);
		octet_batch_free(submit->batches[i]);
	}
	for (i = 0; i < submit->num_fences; i++)
		dma_fence_put(submit->fences[i]);

	octet_sync_fini(&submit->syncs);
	for (i = 0; i < submit->num_maps; i++)
		octet_mapping_put(submit->maps[i]);
	octet_arena_give(&submit->queue->arena, submit->arena);
}

static int octet_submit_ioctl(struct octet_submit *submit,
			      const struct drm_octet_submit *args)
{
	int ret;

	ret = octet_submit_copy(submit, args);
	if (ret)
		return ret;
	if (READ_ONCE(submit->client->vm->banned))
		return -EIO;
	if (READ_ONCE(submit->queue->banned))
		return -ECANCELED;

	ret = octet_sync_prepare(&submit->syncs, submit->arena, submit->file,
				 submit->jobs, submit->num_jobs);
	if (!ret)
		ret = octet_submit_find_bos(submit);
	if (!ret)
		ret = octet_submit_run(submit);
	return ret;
}

int octet_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_octet_submit *args = data;
	struct octet_submit submit = {
		.odev = to_octet_device(drm),
		.file = file,
		.client = file->driver_priv,
	};
	int ret;

	ret = READ_ONCE(submit.odev->lost);
	if (ret)
		return ret;

	submit.queue = octet_queue_get(submit.client, args->queue);
	if (!submit.queue)
		return -ENOENT;
	submit.arena = octet_arena_take(&submit.queue->arena);
	if (submit.arena) {
		ret = octet_submit_ioctl(&submit, args);
		octet_submit_fini(&submit);
	} else {
		ret = -ENOMEM;
	}
	octet_queue_put(submit.queue);
	return ret;
}
