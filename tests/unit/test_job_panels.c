// SPDX-License-Identifier: MIT
/*
 * Constant weights of ready jobs: packed once for all jobs that use them alike, freed
 * with the last; never those that the caller has not promised to keep. That packed ones
 * give the same bits is test_ops.c's matter.
 */

#include "libtest.h"

#include <unistd.h>

/** struct setup - a context, and an operation of 24 inputs and 40 outputs */
struct setup {
	struct octet_ctx *ctx;
	struct octet_tensor *x, *w, *y;
	bool packs;
};

/* 0: the device or the simulator, 1: the CPU. */
static void begin(struct setup *s, int i)
{
	uint64_t seed = 5;

	s->ctx = lt_open(i ? OCTET_BACKEND_CPU : lt_machine(), NULL);
	s->packs = !i;
	s->x = lt_tensor(s->ctx, "x", OCTET_INT8, LT_DIMS(3, 24), &seed);
	s->w = lt_tensor(s->ctx, "w", OCTET_UINT8, LT_DIMS(40, 24), &seed);
	s->y = lt_tensor(s->ctx, "y", OCTET_INT32, LT_DIMS(3, 40), NULL);
	octet_tensor_set_quant(s->w, 1, 7);
}

static struct octet_job *job_of(struct setup *s, bool const_b, bool const_weights)
{
	OCTET_OPTS(octet_gemm_opts, g);
	OCTET_OPTS(octet_job_opts, o);
	struct octet_job *job;

	g.transpose_b = true;
	g.const_b = const_b;
	o.const_weights = const_weights;
	assert_int_equal(octet_job_new(s->ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, s->x, s->w, NULL, s->y, &g), 0);
	assert_int_equal(octet_job_ready(job, &o), 0);
	return job;
}

/* Buffers of the context besides those of the tensors and two of each of @jobs. */
static void expect_copies(const struct setup *s, uint32_t tensors, uint32_t jobs, uint32_t copies)
{
	uint32_t want = tensors + 2 * jobs + (s->packs ? copies : 0);
	OCTET_OPTS(octet_usage, usage);

	/* The driver unmaps freed buffers a little later. */
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(octet_get_usage(s->ctx, &usage), 0);
		if (usage.buffers == want)
			break;
		usleep(1000);
	}
	assert_int_equal(usage.buffers, want);
}

/* The job's result is that of the weights @w. */
static void expect_result(struct setup *s, struct octet_job *job, const uint8_t w[40][24])
{
	const int8_t *x = octet_tensor_map(s->x);
	int32_t *y = octet_tensor_map(s->y);
	struct octet_fence *fence;

	memset(y, 0x5a, octet_tensor_bytes(s->y));
	assert_int_equal(octet_submit(s->ctx, NULL, &job, 1, NULL, &fence), 0);
	assert_int_equal(octet_fence_wait(fence, -1), 0);
	octet_fence_free(fence);
	for (int i = 0; i < 3; i++) {
		for (int o = 0; o < 40; o++) {
			int32_t sum = 0;

			for (int k = 0; k < 24; k++)
				sum += x[24 * i + k] * (w[o][k] - 7);
			assert_int_equal(y[40 * i + o], sum);
		}
	}
}

static void weights(const struct setup *s, uint8_t w[40][24])
{
	assert_int_equal(octet_tensor_read(s->w, w, 40 * 24), 0);
}

/* One copy for three jobs, which the last one frees; the tensor may end before. */
static void test_shared(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct octet_job *jobs[3];
		struct octet_tensor *view;
		uint8_t w[40][24];
		struct setup s;
		uint32_t left;

		begin(&s, i);
		weights(&s, w);
		expect_copies(&s, 3, 0, 0);
		jobs[0] = job_of(&s, true, true);
		expect_copies(&s, 3, 1, 1);
		assert_int_equal(octet_tensor_view(s.w, 2, (uint32_t[]){ 40, 24 }, &view), 0);
		octet_tensor_free(s.w);
		s.w = view;
		jobs[1] = job_of(&s, true, true);
		jobs[2] = job_of(&s, true, true);
		expect_copies(&s, 3, 3, 1);
		octet_tensor_free(view);
		/* Only where they are not packed the jobs keep the weights themselves. */
		left = s.packs ? 2 : 3;
		expect_copies(&s, left, 3, 1);
		expect_result(&s, jobs[0], w);
		octet_job_free(jobs[0]);
		expect_result(&s, jobs[1], w);
		octet_job_free(jobs[1]);
		expect_copies(&s, left, 1, 1);
		expect_result(&s, jobs[2], w);
		octet_job_free(jobs[2]);
		expect_copies(&s, 2, 0, 0);
		octet_close(s.ctx);
		/* What is left ends with its context. */
		begin(&s, i);
		job_of(&s, true, true);
		octet_close(s.ctx);
	}
}

/* Other weights in the place of old ones, whose copy is still in use, have their own. */
static void test_replaced(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		uint8_t w[2][40][24];
		struct octet_job *jobs[2];
		uint64_t seed = 77;
		struct setup s;

		begin(&s, i);
		for (int k = 0; k < 2; k++) {
			weights(&s, w[k]);
			jobs[k] = job_of(&s, true, true);
			octet_tensor_free(s.w);
			s.w = lt_tensor(s.ctx, "w", OCTET_UINT8, LT_DIMS(40, 24), &seed);
			octet_tensor_set_quant(s.w, 1, 7);
		}
		expect_copies(&s, s.packs ? 3 : 5, 2, 2);
		for (int k = 0; k < 2; k++)
			expect_result(&s, jobs[k], w[k]);
		octet_close(s.ctx);
	}
}

/* Another use of the same weights is another copy, in one job too. */
static void test_forms(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		OCTET_OPTS(octet_gemm_opts, g);
		OCTET_OPTS(octet_job_opts, o);
		struct octet_tensor *turned, *x40, *y24;
		struct octet_job *job, *first;
		uint64_t seed = 9;
		uint8_t w[40][24];
		struct setup s;

		begin(&s, i);
		weights(&s, w);
		first = job_of(&s, true, true);
		assert_int_equal(octet_tensor_view(s.w, 2, (uint32_t[]){ 24, 40 }, &turned), 0);
		x40 = lt_tensor(s.ctx, NULL, OCTET_INT8, LT_DIMS(2, 40), &seed);
		y24 = lt_tensor(s.ctx, NULL, OCTET_INT32, LT_DIMS(2, 24), NULL);
		assert_int_equal(octet_job_new(s.ctx, &job), 0);
		g.const_b = true;
		assert_int_equal(octet_job_gemm(job, s.x, turned, NULL, s.y, &g), 0);
		g.transpose_b = true;
		assert_int_equal(octet_job_gemm(job, x40, turned, NULL, y24, &g), 0);
		assert_int_equal(octet_job_gemm(job, s.x, s.w, NULL, s.y, &g), 0);
		o.const_weights = true;
		assert_int_equal(octet_job_ready(job, &o), 0);
		expect_copies(&s, 5, 2, 3);
		expect_result(&s, job, w);
		octet_job_free(job);
		expect_copies(&s, 5, 1, 1);
		expect_result(&s, first, w);
		octet_close(s.ctx);
	}
}

#define SIDE	20

/* One square, in turn: as it is, transposed, as a convolution's, of one group and of two. */
static void square(struct octet_ctx *ctx, int32_t out[4][SIDE])
{
	uint64_t seed = 1;
	struct octet_tensor *w = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(SIDE, SIDE), &seed);
	struct octet_tensor *x = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(1, SIDE), &seed);
	struct octet_tensor *w4, *x4, *y[4];
	struct octet_job *jobs[4];
	struct octet_fence *fence;

	assert_int_equal(octet_tensor_view(w, 4, (uint32_t[]){ SIDE, 1, 1, SIDE }, &w4), 0);
	assert_int_equal(octet_tensor_view(x, 4, (uint32_t[]){ 1, 1, 1, SIDE }, &x4), 0);
	for (int i = 0; i < 4; i++) {
		OCTET_OPTS(octet_conv_opts, c);
		OCTET_OPTS(octet_gemm_opts, g);
		OCTET_OPTS(octet_job_opts, o);

		assert_int_equal(octet_job_new(ctx, &jobs[i]), 0);
		g.const_b = o.const_weights = true;
		g.transpose_b = i;
		c.groups = i == 3 ? 2 : 1;
		y[i] = i < 2 ? lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(1, SIDE), NULL) :
			       lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(1, 1, 1, SIDE), NULL);
		if (i == 3)
			x4 = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(1, 1, 1, 2 * SIDE), &seed);
		assert_int_equal(i < 2 ? octet_job_gemm(jobs[i], x, w, NULL, y[i], &g) :
					 octet_job_conv2d(jobs[i], x4, w4, NULL, y[i], &c),
				 0);
		assert_int_equal(octet_job_ready(jobs[i], &o), 0);
	}
	assert_int_equal(octet_submit(ctx, NULL, jobs, 4, NULL, &fence), 0);
	assert_int_equal(octet_fence_wait(fence, -1), 0);
	for (int i = 0; i < 4; i++)
		octet_tensor_read(y[i], out[i], SIDE * sizeof(**out));
}

static void test_square(void **state)
{
	int32_t out[2][4][SIDE] = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct octet_ctx *ctx = lt_open(i ? OCTET_BACKEND_CPU : lt_machine(), NULL);

		square(ctx, out[i]);
		octet_close(ctx);
	}
	assert_memory_equal(out[0], out[1], sizeof(out[0]));
	assert_memory_not_equal(out[0][0], out[0][1], SIDE * sizeof(int32_t));
	assert_memory_equal(out[0][1], out[0][2], SIDE * sizeof(int32_t));
}

/* Without the promise, or of a b that is no constant, weights may change; else between jobs. */
static void test_changes(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		bool const_b = i / 2 != 1, promise = i / 2 != 0;
		struct octet_job *job;
		uint8_t w[40][24];
		struct setup s;

		begin(&s, i % 2);
		job = job_of(&s, const_b, promise);
		weights(&s, w);
		expect_result(&s, job, w);
		expect_copies(&s, 3, 1, const_b && promise);
		if (const_b && promise) {
			octet_job_free(job);
			job = NULL;
		}
		for (int k = 0; k < 40 * 24; k++)
			((uint8_t *)octet_tensor_map(s.w))[k] ^= 0x35;
		weights(&s, w);
		expect_result(&s, job ? job : job_of(&s, true, true), w);
		octet_close(s.ctx);
	}
}

/* No copy of what has few outputs, or batches; and weights that are data as well. */
static void test_others(void **state)
{
	OCTET_OPTS(octet_gemm_opts, g);
	OCTET_OPTS(octet_job_opts, o);
	struct octet_tensor *few, *y3, *deep, *b3, *y9;
	struct octet_job *job;
	uint64_t seed = 2;
	uint8_t w[40][24];
	struct setup s;

	(void)state;
	begin(&s, 0);
	weights(&s, w);
	few = lt_tensor(s.ctx, NULL, OCTET_INT8, LT_DIMS(3, 24), &seed);
	y3 = lt_tensor(s.ctx, NULL, OCTET_INT32, LT_DIMS(3, 3), NULL);
	deep = lt_tensor(s.ctx, NULL, OCTET_INT8, LT_DIMS(2, 3, 24), &seed);
	b3 = lt_tensor(s.ctx, NULL, OCTET_INT8, LT_DIMS(2, 40, 24), &seed);
	y9 = lt_tensor(s.ctx, NULL, OCTET_INT32, LT_DIMS(2, 3, 40), NULL);
	g.const_b = true;
	g.transpose_b = true;
	o.const_weights = true;
	assert_int_equal(octet_job_new(s.ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, s.x, few, NULL, y3, &g), 0);
	assert_int_equal(octet_job_gemm(job, deep, b3, NULL, y9, &g), 0);
	assert_int_equal(octet_job_ready(job, &o), 0);
	expect_copies(&s, 8, 1, 0);
	octet_job_free(job);
	/* Data of one command and weights of the next: the first still reads them. */
	assert_int_equal(octet_job_new(s.ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, s.w, few, NULL,
					lt_tensor(s.ctx, NULL, OCTET_INT32, LT_DIMS(40, 3), NULL),
					&g), 0);
	assert_int_equal(octet_job_gemm(job, s.x, s.w, NULL, s.y, &g), 0);
	assert_int_equal(octet_job_ready(job, &o), 0);
	expect_copies(&s, 9, 1, 1);
	octet_tensor_free(s.w);
	expect_result(&s, job, w);
	octet_close(s.ctx);
}

UNIT_MAIN(unit_case(test_shared), unit_case(test_replaced), unit_case(test_forms),
	  unit_case(test_square), unit_case(test_changes), unit_case(test_others))
