// SPDX-License-Identifier: MIT
/* Fences: a job's place in its queue, and what the queue's state says of it. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend/backend.h"

int64_t octet_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
}

int64_t octet_deadline(int64_t timeout_ns)
{
	int64_t now;

	/* In a guest without a clock of its own the time is a call of the kernel. */
	if (timeout_ns < 0)
		return INT64_MAX;
	now = octet_now();
	return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

/* Name of the operation of @command in the run @seq; "?" when the job is gone. */
static const char *op_of(struct octet_queue *queue, uint64_t seq, uint32_t command)
{
	struct octet_ctx *ctx = queue->ctx;
	const char *name = "?";

	pthread_mutex_lock(&ctx->lock);
	for (struct octet_link *l = ctx->jobs.next; l != &ctx->jobs; l = l->next) {
		const struct octet_job *job = octet_entry(l, struct octet_job, link);

		if (job->run_queue == queue && job->run_seq == seq && command < job->count)
			name = octet_op_name(job->planned[command].cmd.op);
	}
	pthread_mutex_unlock(&ctx->lock);
	return name;
}

/* What happened to the job that failed, in words. */
static void describe(struct octet_queue *queue, const struct octet_queue_state *s, char *out,
		     size_t size)
{
	unsigned long long job = s->completed + 1;
	uint32_t operand = s->detail & 0xff, access = s->detail >> 8 & 0xff;
	const char *how = access == OCTET_ACCESS_READ  ? "reading " :
			  access == OCTET_ACCESS_WRITE ? "writing " :
			  access == OCTET_ACCESS_FETCH ? "fetching " :
							 "";
	const char *op;
	int n;

	if (!s->status) {
		snprintf(out, size, "job %llu: %s", job,
			 s->text[0] ? s->text :
			 s->error == -ETIME ? "took longer than a job may; its core was reset" :
					      octet_strerror(s->error));
		return;
	}
	op = op_of(queue, job, s->command);
	if (s->fault_va || access)
		n = snprintf(out, size, "job %llu, command %u (%s): %soperand %s at 0x%llx: %s: %s",
			     job, s->command, op, how, octet_operand_name(operand),
			     (unsigned long long)s->fault_va, octet_status_name(s->status),
			     octet_status_text(s->status));
	else
		n = snprintf(out, size, "job %llu, command %u (%s), operand %s: %s: %s", job,
			     s->command, op, octet_operand_name(operand),
			     octet_status_name(s->status), octet_status_text(s->status));
	if (s->text[0] && n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, " (%s)", s->text);
}

int octet_fence_result(struct octet_fence *fence)
{
	struct octet_queue *queue = fence->queue;
	struct octet_queue_state state = { 0 };
	char text[400];
	int ret;

	ret = queue->ctx->ops->state(queue, &state);
	if (ret)
		return ret;
	if (!state.error || fence->seq <= state.completed)
		return 0;
	atomic_store(&queue->reported, true);
	describe(queue, &state, text, sizeof(text));
	if (fence->seq == state.completed + 1)
		return octet_set_error(fence->ctx, state.error, "%s", text);
	return octet_set_error(fence->ctx, -ECANCELED, "job %llu was cancelled because of %s",
			       (unsigned long long)fence->seq, text);
}

int octet_fence_wait(struct octet_fence *fence, int64_t timeout_ns)
{
	int ret;

	if (!fence)
		return -EINVAL;
	ret = fence->ctx->ops->wait(fence->queue, fence->seq, octet_deadline(timeout_ns));
	if (ret == -ETIMEDOUT)
		return octet_set_error(fence->ctx, ret, "octet_fence_wait: not done within %lld ns",
				       (long long)timeout_ns);
	return ret ? ret : octet_fence_result(fence);
}

int octet_fence_fd(struct octet_fence *fence, int *fd)
{
	if (!fence || !fd)
		return -EINVAL;
	return fence->ctx->ops->fence_fd(fence, fd);
}

void octet_fence_free(struct octet_fence *fence)
{
	if (!fence)
		return;
	octet_link_del(&fence->link);
	octet_queue_put(fence->queue);
	free(fence);
}
