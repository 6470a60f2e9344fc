// SPDX-License-Identifier: MIT
/* The operations, as part of a job or as calls of their own. */

#include "backend/backend.h"
#include "cmd/cmd.h"

typedef int conv_in_job(struct octet_job *job, struct octet_tensor *x, struct octet_tensor *w,
			struct octet_tensor *bias, struct octet_tensor *y,
			const struct octet_conv_opts *opts);

int octet_job_conv2d(struct octet_job *job, struct octet_tensor *x, struct octet_tensor *w,
		     struct octet_tensor *bias, struct octet_tensor *y,
		     const struct octet_conv_opts *opts)
{
	struct octet_conv_call c = { .call = "octet_conv2d", .x = x, .w = w, .bias = bias, .y = y };

	return job ? octet_cmd_conv(job, &c, opts) : -EINVAL;
}

int octet_job_conv1d(struct octet_job *job, struct octet_tensor *x, struct octet_tensor *w,
		     struct octet_tensor *bias, struct octet_tensor *y,
		     const struct octet_conv_opts *opts)
{
	struct octet_conv_call c = {
		.call = "octet_conv1d",
		.oned = true,
		.x = x,
		.w = w,
		.bias = bias,
		.y = y,
	};

	return job ? octet_cmd_conv(job, &c, opts) : -EINVAL;
}

int octet_job_depthwise(struct octet_job *job, struct octet_tensor *x, struct octet_tensor *w,
			struct octet_tensor *bias, struct octet_tensor *y,
			const struct octet_conv_opts *opts)
{
	struct octet_conv_call c = {
		.call = "octet_depthwise",
		.depthwise = true,
		.x = x,
		.w = w,
		.bias = bias,
		.y = y,
	};

	return job ? octet_cmd_conv(job, &c, opts) : -EINVAL;
}

int octet_job_gemm(struct octet_job *job, struct octet_tensor *a, struct octet_tensor *b,
		   struct octet_tensor *bias, struct octet_tensor *y,
		   const struct octet_gemm_opts *opts)
{
	return job ? octet_cmd_gemm(job, a, b, bias, y, opts) : -EINVAL;
}

/* Jobs of earlier single calls whose fence the caller keeps or has freed. */
static void reap(struct octet_ctx *ctx)
{
	struct octet_link *link = ctx->jobs.next, *next;

	for (; link != &ctx->jobs; link = next) {
		struct octet_job *job = octet_entry(link, struct octet_job, link);

		next = link->next;
		if (job->orphan && octet_job_done(job))
			octet_job_destroy(job);
	}
}

/* Run a job of one operation; the job is ours whatever happens. */
static int run_once(struct octet_job *job, int planned, struct octet_fence **fence)
{
	struct octet_ctx *ctx = job->ctx;
	struct octet_fence *own = NULL;
	int ret = planned;

	if (!ret)
		ret = octet_job_ready(job, NULL);
	if (!ret)
		ret = octet_submit(ctx, NULL, &job, 1, NULL, fence ? fence : &own);
	if (ret) {
		octet_job_destroy(job);
		return ret;
	}
	if (fence) {
		job->orphan = true;
		return 0;
	}
	ret = octet_fence_wait(own, -1);
	octet_fence_free(own);
	octet_job_destroy(job);
	return ret;
}

static int start(struct octet_ctx *ctx, struct octet_job **job)
{
	if (!ctx)
		return -EINVAL;
	reap(ctx);
	return octet_job_new(ctx, job);
}

static int conv_once(struct octet_ctx *ctx, conv_in_job *plan, struct octet_tensor *x,
		     struct octet_tensor *w, struct octet_tensor *bias, struct octet_tensor *y,
		     const struct octet_conv_opts *opts, struct octet_fence **fence)
{
	struct octet_job *job;
	int ret = start(ctx, &job);

	return ret ? ret : run_once(job, plan(job, x, w, bias, y, opts), fence);
}

int octet_conv2d(struct octet_ctx *ctx, struct octet_tensor *x, struct octet_tensor *w,
		 struct octet_tensor *bias, struct octet_tensor *y,
		 const struct octet_conv_opts *opts, struct octet_fence **fence)
{
	return conv_once(ctx, octet_job_conv2d, x, w, bias, y, opts, fence);
}

int octet_conv1d(struct octet_ctx *ctx, struct octet_tensor *x, struct octet_tensor *w,
		 struct octet_tensor *bias, struct octet_tensor *y,
		 const struct octet_conv_opts *opts, struct octet_fence **fence)
{
	return conv_once(ctx, octet_job_conv1d, x, w, bias, y, opts, fence);
}

int octet_depthwise(struct octet_ctx *ctx, struct octet_tensor *x, struct octet_tensor *w,
		    struct octet_tensor *bias, struct octet_tensor *y,
		    const struct octet_conv_opts *opts, struct octet_fence **fence)
{
	return conv_once(ctx, octet_job_depthwise, x, w, bias, y, opts, fence);
}

int octet_gemm(struct octet_ctx *ctx, struct octet_tensor *a, struct octet_tensor *b,
	       struct octet_tensor *bias, struct octet_tensor *y,
	       const struct octet_gemm_opts *opts, struct octet_fence **fence)
{
	struct octet_job *job;
	int ret = start(ctx, &job);

	return ret ? ret : run_once(job, octet_job_gemm(job, a, b, bias, y, opts), fence);
}
