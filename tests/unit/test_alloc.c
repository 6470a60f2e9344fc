// SPDX-License-Identifier: MIT
/*
 * octet_submit() allocates nothing but the fences, a run of a plan nothing at all. The linker sends malloc()
 * and its kin here (see tests/build.mk).
 */

#include "libtest.h"
#include "models.h"

/* Of this thread: the simulated cores have threads of their own. */
static _Thread_local unsigned int count;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	count++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	count++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	count++;
	return __real_realloc(p, size);
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

UNIT_MAIN(unit_case(test_plan), unit_case(test_sim), unit_case(test_cpu))
