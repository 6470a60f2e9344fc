// SPDX-License-Identifier: MIT
/*
 * A run of the CPU backend that is cancelled does not look like a success: its
 * fence says so, those behind it are cancelled, other queues go on.
 */
#include "libtest.h"

#include "cpu/cpu.h"
#include "internal.h"

/* The executor is what the backend's state begins with. */
static struct octet_cpu *executor(struct octet_ctx *ctx)
{
	return *(struct octet_cpu **)ctx->priv;
}

static void cancelled_run(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_job *job = lt_gemm_job(ctx, 16, NULL);
	struct octet_fence *first, *second, *other;
	struct octet_queue *queue;

	(void)state;
	assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &queue), 0);
	octet_cpu_cancel(executor(ctx));
	assert_int_equal(octet_submit(ctx, queue, &job, 1, NULL, &first), 0);
	lt_expect(ctx, octet_fence_wait(first, -1), -ECANCELED, "job 1", "cancelled at command 0");
	lt_expect(ctx, octet_submit(ctx, queue, &job, 1, NULL, &second), -ECANCELED, "earlier job");
	/* Nothing is left of it for the context's own queue. */
	assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &other), 0);
	assert_int_equal(octet_fence_wait(other, -1), 0);
	octet_fence_free(first);
	octet_fence_free(other);
	octet_queue_free(queue);
	octet_job_free(job);
	octet_close(ctx);
}

/* While it computes: either it was too late, or the fence tells. */
static void cancelled_midway(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_job *job = lt_gemm_job(ctx, 512, NULL);
	struct octet_fence *fence;
	struct octet_queue *queue;
	int seen = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		int ret;

		assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &queue), 0);
		assert_int_equal(octet_submit(ctx, queue, &job, 1, NULL, &fence), 0);
		usleep((useconds_t)i * 50);
		octet_cpu_cancel(executor(ctx));
		ret = octet_fence_wait(fence, -1);
		assert_true(ret == 0 || ret == -ECANCELED);
		seen += ret != 0;
		octet_fence_free(fence);
		octet_queue_free(queue);
		/* A cancel that came too late is for the next run: use it up. */
		if (ret)
			continue;
		assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &queue), 0);
		assert_int_equal(octet_submit(ctx, queue, &job, 1, NULL, &fence), 0);
		ret = octet_fence_wait(fence, -1);
		assert_true(ret == 0 || ret == -ECANCELED);
		octet_fence_free(fence);
		octet_queue_free(queue);
	}
	assert_true(seen > 0);
	octet_job_free(job);
	octet_close(ctx);
}

UNIT_MAIN(unit_case(cancelled_run), unit_case(cancelled_midway))
