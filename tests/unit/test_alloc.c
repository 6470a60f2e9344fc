// SPDX-License-Identifier: MIT
/*
 * octet_submit() allocates nothing but the fences, a run of a plan nothing at all, and a job for
 * whose packed weights there is no memory runs all the same. The linker sends malloc() and its kin
 * here (see tests/build.mk).
 */

#include "libtest.h"
#include "models.h"

/* Of this thread: the simulated cores have threads of their own. */
static _Thread_local unsigned int count, fail_at;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	return ++count == fail_at ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return ++count == fail_at ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return ++count == fail_at ? NULL : __real_realloc(p, size);
}

static void submit(enum octet_backend backend)
{
	struct octet_ctx *ctx = lt_open(backend, NULL);
	struct octet_job *jobs[8];
	struct octet_fence *f;
	unsigned int before;

	for (int i = 0; i < 8; i++)
		jobs[i] = lt_gemm_job(ctx, 16, NULL);
	/* Executors may size their own scratch in the first run. */
	assert_int_equal(octet_submit(ctx, NULL, jobs, 8, NULL, &f), 0);
	assert_int_equal(octet_fence_wait(f, -1), 0);
	octet_fence_free(f);
	before = count;
	assert_int_equal(octet_submit(ctx, NULL, jobs, 8, NULL, NULL), 0);
	assert_int_equal(octet_submit(ctx, NULL, jobs, 8, NULL, &f), 0);
	assert_int_equal(octet_fence_wait(f, -1), 0);
	assert_int_equal(count - before, 1);
	octet_fence_free(f);
	octet_close(ctx);
}

/* A run of a plan: start, wait, and the copies of octet_plan_run(). */
static void plan(enum octet_backend backend)
{
	struct octet_ctx *ctx = lt_open(backend, NULL);
	struct mb *m = mb_new(1);
	struct octet_model *model;
	struct octet_plan *p;
	uint8_t *in, *out;
	unsigned int before;
	size_t size;
	void *bytes;

	mb_samples[0].build(m);
	mb_finish(m, &bytes, &size);
	mb_free(m);
	assert_int_equal(octet_model_load_memory(&model, bytes, size, NULL), 0);
	assert_int_equal(octet_plan_new(ctx, model, NULL, &p), 0);
	octet_plan_input(p, 0, 0, &size);
	in = calloc(1, size);
	octet_plan_output(p, 0, 0, &size);
	out = calloc(1, size);
	for (int round = 0; round < 3; round++) {
		const void *inputs[] = { in };
		void *outputs[] = { out };

		before = count;
		assert_int_equal(octet_plan_run(p, inputs, outputs), 0);
		assert_int_equal(octet_plan_start(p, 0), 0);
		assert_int_equal(octet_plan_wait(p, 0, -1), 0);
		/* Executors may size their own scratch in the first run. */
		if (round)
			assert_int_equal(count - before, 0);
	}
	octet_close(ctx);
	octet_model_free(model);
	free(bytes);
	free(in);
	free(out);
}

static void test_plan(void **state)
{
	(void)state;
	plan(OCTET_BACKEND_SIM);
	plan(OCTET_BACKEND_CPU);
}

static void test_sim(void **state)
{
	(void)state;
	submit(OCTET_BACKEND_SIM);
}

static void test_cpu(void **state)
{
	(void)state;
	submit(OCTET_BACKEND_CPU);
}

/* What octet_job_ready() of constant weights returns; @done: it has less than @nth allocations. */
static int refused(struct octet_ctx *ctx, unsigned int nth, bool *done, uint32_t *buffers)
{
	uint64_t seed = 1;
	struct octet_tensor *w = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(16, 16), &seed);
	struct octet_tensor *x = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(16, 16), NULL);
	struct octet_tensor *y = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(16, 16), NULL);
	OCTET_OPTS(octet_gemm_opts, g);
	OCTET_OPTS(octet_job_opts, o);
	OCTET_OPTS(octet_usage, usage);
	struct octet_fence *fence;
	struct octet_job *job;
	int ret;

	for (int i = 0; i < 16; i++)
		((int8_t *)octet_tensor_map(x))[17 * i] = 1;
	g.const_b = o.const_weights = true;
	assert_int_equal(octet_job_new(ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, x, w, NULL, y, &g), 0);
	/* The newest message is of this, unless the job is refused. */
	assert_int_equal(octet_tensor_set_quant(y, -1, 0), -EINVAL);
	fail_at = count + nth;
	ret = octet_job_ready(job, &o);
	*done = count < fail_at;
	fail_at = 0;
	octet_get_usage(ctx, &usage);
	*buffers = usage.buffers;
	if (ret) {
		lt_expect(ctx, ret, -ENOMEM, "memory");
	} else {
		lt_expect(ctx, ret, 0, "scale of channel 0");
		assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &fence), 0);
		assert_int_equal(octet_fence_wait(fence, -1), 0);
		octet_fence_free(fence);
		for (int i = 0; i < 256; i++)
			assert_int_equal(((int32_t *)octet_tensor_map(y))[i],
					 ((int8_t *)octet_tensor_map(w))[i]);
	}
	octet_job_free(job);
	octet_tensor_free(w);
	octet_tensor_free(x);
	octet_tensor_free(y);
	return ret;
}

/* Without memory for the commands there is no job, without it for a copy there is one. */
static void test_panels(void **state)
{
	unsigned int failed = 0, without = 0;
	uint32_t buffers = 0;
	bool done = false;

	(void)state;
	for (unsigned int nth = 1; !done; nth++) {
		struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, NULL);
		int ret = refused(ctx, nth, &done, &buffers);

		failed += ret != 0;
		without += !ret && buffers == 5;
		octet_close(ctx);
	}
	assert_int_equal(buffers, 6);
	assert_true(failed > 2);
	assert_true(without > 1);
}

UNIT_MAIN(unit_case(test_plan), unit_case(test_sim), unit_case(test_cpu), unit_case(test_panels))
