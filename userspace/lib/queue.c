// SPDX-License-Identifier: MIT
/* Queues and submission. */

#include <stdlib.h>

#include "backend/backend.h"

int octet_queue_make(struct octet_ctx *ctx, enum octet_priority priority, struct octet_queue **out)
{
	struct octet_queue *queue = calloc(1, sizeof(*queue));
	int ret;

	if (!queue)
		return octet_set_error(ctx, -ENOMEM, "octet_queue_new: out of memory");
	queue->ctx = ctx;
	atomic_init(&queue->refs, 1);
	ret = ctx->ops->queue_new(queue, priority);
	if (ret) {
		free(queue);
		return ret;
	}
	octet_link_add(&ctx->queues, &queue->link);
	*out = queue;
	return 0;
}

int octet_queue_new(struct octet_ctx *ctx, enum octet_priority priority, struct octet_queue **queue)
{
	if (!ctx || !queue)
		return octet_set_error(ctx, -EINVAL, "octet_queue_new: ctx or queue is NULL");
	if ((unsigned int)priority > OCTET_PRIORITY_HIGH)
		return octet_set_error(ctx, -EINVAL,
				       "octet_queue_new: priority %d is unknown, 0 to %d are",
				       priority, OCTET_PRIORITY_HIGH);
	return octet_queue_make(ctx, priority, queue);
}

struct octet_queue *octet_queue_get(struct octet_queue *queue)
{
	atomic_fetch_add(&queue->refs, 1);
	return queue;
}

void octet_queue_put(struct octet_queue *queue)
{
	if (!queue || atomic_fetch_sub(&queue->refs, 1) > 1)
		return;
	octet_link_del(&queue->link);
	queue->ctx->ops->queue_free(queue);
	free(queue);
}

/* Drop the handle. Nothing runs any more, so jobs need not keep the queue. */
static void retire(struct octet_queue *queue)
{
	struct octet_ctx *ctx = queue->ctx;

	queue->ctx->ops->wait(queue, queue->submitted, INT64_MAX);
	for (struct octet_link *l = ctx->jobs.next; l != &ctx->jobs; l = l->next) {
		struct octet_job *job = octet_entry(l, struct octet_job, link);

		if (job->run_queue != queue)
			continue;
		pthread_mutex_lock(&ctx->lock);
		job->run_queue = NULL;
		pthread_mutex_unlock(&ctx->lock);
		octet_queue_put(queue);
	}
	octet_queue_put(queue);
}

void octet_queue_free(struct octet_queue *queue)
{
	if (queue)
		retire(queue);
}

static int replace_own(struct octet_ctx *ctx)
{
	struct octet_queue *fresh;
	int ret = octet_queue_make(ctx, OCTET_PRIORITY_NORMAL, &fresh);

	if (ret)
		return ret;
	retire(ctx->own);
	ctx->own = fresh;
	return 0;
}

static int check(struct octet_ctx *ctx, struct octet_queue *queue, struct octet_job *const *jobs,
		 size_t count, const struct octet_submit_opts *o)
{
	static const char call[] = "octet_submit";

	if (!jobs || !count)
		return octet_set_error(ctx, -EINVAL, "%s: there is no job", call);
	if (queue && queue->ctx != ctx)
		return octet_set_error(ctx, -EINVAL, "%s: the queue belongs to another context",
				       call);
	for (size_t i = 0; i < count; i++) {
		if (!jobs[i] || jobs[i]->ctx != ctx)
			return octet_set_error(
				ctx, -EINVAL, "%s: jobs[%zu] is NULL or belongs to another context",
				call, i);
		if (!jobs[i]->ready)
			return octet_set_error(
				ctx, -EINVAL,
				"%s: jobs[%zu] is not ready: call octet_job_ready() first", call,
				i);
	}
	if (o->wait_count && !o->wait)
		return octet_set_error(ctx, -EINVAL, "%s: wait is NULL, wait_count %zu", call,
				       o->wait_count);
	for (size_t i = 0; i < o->wait_count; i++)
		if (!o->wait[i] || o->wait[i]->ctx != ctx)
			return octet_set_error(
				ctx, -EINVAL, "%s: wait[%zu] is NULL or belongs to another context",
				call, i);
	return 0;
}

static struct octet_fence *fence_new(struct octet_queue *queue, uint64_t seq)
{
	struct octet_fence *fence = calloc(1, sizeof(*fence));

	if (!fence)
		return NULL;
	fence->ctx = queue->ctx;
	fence->queue = octet_queue_get(queue);
	fence->seq = seq;
	octet_link_add(&queue->ctx->fences, &fence->link);
	return fence;
}

/*
 * The fences of a submit, made before it because nothing may fail after: one
 * per job into @each, and one more into @last. They are not waited for when
 * they are freed again.
 */
static int fences_new(struct octet_queue *queue, size_t count, struct octet_fence **each,
		      struct octet_fence **last)
{
	uint64_t first = queue->submitted + 1;
	size_t made = 0;

	if (last) {
		*last = fence_new(queue, first + count - 1);
		if (!*last)
			goto fail;
	}
	for (; each && made < count; made++) {
		each[made] = fence_new(queue, first + made);
		if (!each[made])
			goto fail_each;
	}
	return 0;
fail_each:
	while (made)
		octet_fence_free(each[--made]);
	if (last)
		octet_fence_free(*last);
fail:
	return octet_set_error(queue->ctx, -ENOMEM, "octet_submit: out of memory");
}

/* A job knows its newest run only, and is freed when that has ended. */
static int check_elsewhere(struct octet_ctx *ctx, const struct octet_queue *queue,
			   struct octet_job *const *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i]->run_queue && jobs[i]->run_queue != queue && !octet_job_done(jobs[i]))
			return octet_set_error(
				ctx, -EBUSY,
				"octet_submit: jobs[%zu] has not ended on another queue: wait for"
				" its fence, or make a job for each queue", i);
	return 0;
}

static void change_queue(struct octet_job *job, struct octet_queue *queue)
{
	struct octet_queue *old = job->run_queue;

	pthread_mutex_lock(&job->ctx->lock);
	job->run_queue = octet_queue_get(queue);
	job->run_seq = 0;
	pthread_mutex_unlock(&job->ctx->lock);
	octet_queue_put(old);
}

static void mark_runs(struct octet_queue *queue, struct octet_job *const *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i]->run_queue != queue)
			change_queue(jobs[i], queue);
	pthread_mutex_lock(&queue->ctx->lock);
	for (size_t i = 0; i < count; i++) {
		jobs[i]->run_seq = queue->submitted + 1 + i;
		jobs[i]->wait_seq = queue->submitted + count;
	}
	pthread_mutex_unlock(&queue->ctx->lock);
	queue->submitted += count;
}

/* A queue that has failed takes nothing more; its own one a context replaces. */
static int refused(struct octet_ctx *ctx, struct octet_queue *queue)
{
	bool own = queue == ctx->own;
	int ret = own ? replace_own(ctx) : 0;

	if (ret)
		return ret;
	return octet_set_error(ctx, -ECANCELED,
			       "octet_submit: an earlier job of this queue failed, %s",
			       own ? "its replacement takes the next submit" : "make a new queue");
}

int octet_submit(struct octet_ctx *ctx, struct octet_queue *queue, struct octet_job *const *jobs,
		 size_t count, const struct octet_submit_opts *opts, struct octet_fence **fence)
{
	struct octet_fence *last = NULL;
	struct octet_submit_opts o;
	struct octet_run run;
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = octet_opts_in(ctx, "octet_submit_opts", opts, sizeof(o), &o);
	if (!ret)
		ret = check(ctx, queue, jobs, count, &o);
	if (!ret && !queue && atomic_load(&ctx->own->reported))
		ret = replace_own(ctx);
	if (ret)
		return ret;
	if (!queue)
		queue = ctx->own;
	ret = check_elsewhere(ctx, queue, jobs, count);
	if (!ret)
		ret = fences_new(queue, count, o.each, fence ? &last : NULL);
	if (ret)
		return ret;
	run = (struct octet_run){
		.jobs = jobs,
		.count = count,
		.wait = o.wait,
		.wait_count = o.wait_count,
		.each = o.each != NULL,
		.first_seq = queue->submitted + 1,
	};
	pthread_mutex_lock(&ctx->submit_lock);
	ret = ctx->ops->submit(queue, &run);
	pthread_mutex_unlock(&ctx->submit_lock);
	if (ret) {
		for (size_t i = 0; o.each && i < count; i++) {
			octet_fence_free(o.each[i]);
			o.each[i] = NULL;
		}
		octet_fence_free(last);
		return ret == -ECANCELED ? refused(ctx, queue) : ret;
	}
	mark_runs(queue, jobs, count);
	if (fence)
		*fence = last;
	return 0;
}
