// SPDX-License-Identifier: MIT
/* Queues, submission and fences of the device. */

#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "drm.h"

static struct drm_state *state_of(const struct octet_queue *queue)
{
	return queue->ctx->priv;
}

int drm_queue_new(struct octet_queue *queue, enum octet_priority priority)
{
	static const uint32_t priorities[] = {
		[OCTET_PRIORITY_NORMAL] = DRM_OCTET_PRIORITY_NORMAL,
		[OCTET_PRIORITY_LOW] = DRM_OCTET_PRIORITY_LOW,
		[OCTET_PRIORITY_HIGH] = DRM_OCTET_PRIORITY_HIGH,
	};
	struct drm_octet_queue_create create = { .priority = priorities[priority] };
	struct drm_octet_queue_destroy destroy = { 0 };
	struct drm_queue *q = calloc(1, sizeof(*q));
	int fd = state_of(queue)->fd;
	int ret;

	if (!q)
		return octet_set_error(queue->ctx, -ENOMEM, "octet_queue_new: out of memory");
	ret = drm_call(fd, DRM_IOCTL_OCTET_QUEUE_CREATE, &create);
	if (ret) {
		free(q);
		return octet_set_error(queue->ctx, ret, "octet_queue_new: %s%s",
				       octet_strerror(ret),
				       ret == -EACCES ? ": HIGH needs CAP_SYS_NICE" : "");
	}
	q->id = create.queue;
	if (drmSyncobjCreate(fd, 0, &q->timeline)) {
		ret = -errno;
		destroy.queue = q->id;
		drm_call(fd, DRM_IOCTL_OCTET_QUEUE_DESTROY, &destroy);
		free(q);
		return octet_set_error(queue->ctx, ret, "octet_queue_new: no syncobj: %s",
				       strerror(-ret));
	}
	queue->priv = q;
	return 0;
}

void drm_queue_free(struct octet_queue *queue)
{
	struct drm_queue *q = queue->priv;
	struct drm_octet_queue_destroy destroy = { .queue = q->id };
	int fd = state_of(queue)->fd;

	drm_call(fd, DRM_IOCTL_OCTET_QUEUE_DESTROY, &destroy);
	drmSyncobjDestroy(fd, q->timeline);
	free(q);
}

static int list_waits(struct octet_queue *queue, const struct octet_run *run, uint32_t *count)
{
	struct drm_state *drm = state_of(queue);

	*count = 0;
	for (size_t i = 0; i < run->wait_count; i++) {
		const struct octet_fence *fence = run->wait[i];
		const struct drm_queue *other = fence->queue->priv;

		if (fence->queue == queue)
			continue;
		if (*count == DRM_WAITS)
			return octet_set_error(queue->ctx, -EBUSY,
					       "octet_submit: more than %d fences to wait for",
					       DRM_WAITS);
		drm->waits[(*count)++] = (struct drm_octet_sync){
			.handle = other->timeline,
			.flags = DRM_OCTET_SYNC_TIMELINE,
			.point = fence->seq,
		};
	}
	return 0;
}

static void fill_jobs(struct octet_queue *queue, const struct octet_run *run, uint32_t waits)
{
	struct drm_state *drm = state_of(queue);
	const struct drm_queue *q = queue->priv;

	for (size_t i = 0; i < run->count; i++) {
		const struct octet_job *job = run->jobs[i];

		drm->jobs[i] = (struct drm_octet_job){
			.cmd_va = job->commands->va, .cmd_count = job->count, .sw = job->sw,
			.lb = job->lb, .budget = job->budget, .report_va = job->reports->va,
		};
		if (!run->each && i + 1 < run->count)
			continue;
		drm->outs[i] = (struct drm_octet_sync){
			.handle = q->timeline,
			.flags = DRM_OCTET_SYNC_TIMELINE,
			.point = run->first_seq + i,
		};
		drm->jobs[i].out_syncs = (struct drm_octet_array){
			.ptr = (uintptr_t)&drm->outs[i],
			.count = 1,
			.stride = sizeof(*drm->outs),
		};
	}
	if (waits)
		drm->jobs[0].in_syncs = (struct drm_octet_array){
			.ptr = (uintptr_t)drm->waits,
			.count = waits,
			.stride = sizeof(*drm->waits),
		};
}

/*
 * The list of buffers stays empty. It would keep them mapped when a handle is closed
 * while the job runs, which the library does not do: a job holds its buffers, has one
 * queue at a time, and is not freed before it has ended. Each entry costs the kernel
 * some 800 instructions. Jobs of a program that is killed may fault, which is nobody
 * else's matter.
 */
int drm_submit(struct octet_queue *queue, const struct octet_run *run)
{
	struct octet_ctx *ctx = queue->ctx;
	struct drm_state *drm = ctx->priv;
	const struct drm_queue *q = queue->priv;
	struct drm_octet_submit submit;
	uint32_t waits;
	int ret;

	if (run->count > drm->max_jobs)
		return octet_set_error(ctx, -EINVAL,
				       "octet_submit: %zu jobs, the driver takes %u at once",
				       run->count, drm->max_jobs);
	ret = list_waits(queue, run, &waits);
	if (ret)
		return ret;
	fill_jobs(queue, run, waits);
	submit = (struct drm_octet_submit){
		.queue = q->id,
		.jobs = { (uintptr_t)drm->jobs, (uint32_t)run->count, sizeof(*drm->jobs) },
	};
	ret = drm_call(drm->fd, DRM_IOCTL_OCTET_SUBMIT, &submit);
	if (ret && ret != -ECANCELED)
		octet_set_error(ctx, ret, "octet_submit: the driver refused: %s",
				octet_strerror(ret));
	return ret;
}

int drm_wait(struct octet_queue *queue, uint64_t seq, int64_t deadline)
{
	const struct drm_queue *q = queue->priv;
	uint32_t handle = q->timeline;
	int ret;

	if (!seq)
		return 0;
	ret = drmSyncobjTimelineWait(state_of(queue)->fd, &handle, &seq, 1, deadline, 0, NULL);
	if (ret == -ETIME)
		return -ETIMEDOUT;
	if (ret)
		octet_set_error(queue->ctx, ret, "waiting for job %llu: %s",
				(unsigned long long)seq, strerror(-ret));
	return ret;
}

int drm_state(struct octet_queue *queue, struct octet_queue_state *state)
{
	const struct drm_queue *q = queue->priv;
	struct drm_octet_queue_query query = { .queue = q->id };
	int ret = drm_call(state_of(queue)->fd, DRM_IOCTL_OCTET_QUEUE_QUERY, &query);

	if (ret)
		return octet_set_error(queue->ctx, ret, "the state of the queue is unknown: %s",
				       strerror(-ret));
	*state = (struct octet_queue_state){
		.completed = query.completed,
		.error = query.error,
		.status = query.status,
		.command = query.command,
		.detail = query.detail,
		.fault_va = query.fault_va,
	};
	return 0;
}

/* A sync_file comes from a binary syncobj, so the point goes through one. */
int drm_fence_fd(struct octet_fence *fence, int *out)
{
	const struct drm_queue *q = fence->queue->priv;
	int fd = state_of(fence->queue)->fd;
	uint32_t binary;
	int ret = 0;

	if (drmSyncobjCreate(fd, 0, &binary))
		return octet_set_error(fence->ctx, -errno, "octet_fence_fd: no syncobj: %s",
				       strerror(errno));
	if (drmSyncobjTransfer(fd, binary, 0, q->timeline, fence->seq, 0) ||
	    drmSyncobjExportSyncFile(fd, binary, out))
		ret = octet_set_error(fence->ctx, -errno, "octet_fence_fd: no sync_file: %s",
				      strerror(errno));
	drmSyncobjDestroy(fd, binary);
	return ret;
}
