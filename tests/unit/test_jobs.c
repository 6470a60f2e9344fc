// SPDX-License-Identifier: MIT
/* Jobs of several commands: planning, raw commands, SRAM, the split of the SRAM. */

#include "libtest.h"

#include <drm/octet_isa.h>

/* 0: the device or the simulator, 1: the CPU. */
static struct octet_ctx *open_one(int i)
{
	return lt_open(i ? OCTET_BACKEND_CPU : lt_machine(), NULL);
}

static int run(struct octet_ctx *ctx, struct octet_job *job)
{
	struct octet_fence *fence;
	int ret = octet_submit(ctx, NULL, &job, 1, NULL, &fence);

	if (!ret) {
		ret = octet_fence_wait(fence, -1);
		octet_fence_free(fence);
	}
	return ret;
}

/* Three layers; the result of all must not depend on who ran them. */
static void layers(struct octet_ctx *ctx, uint8_t out[10])
{
	OCTET_OPTS(octet_conv_opts, c);
	OCTET_OPTS(octet_conv_opts, d);
	OCTET_OPTS(octet_gemm_opts, g);
	struct octet_tensor *x, *w1, *a, *w2, *b, *flat, *w3, *y, *bias;
	struct octet_job *job;
	uint64_t seed = 3, total = 0;

	x = lt_tensor(ctx, "x", OCTET_UINT8, LT_DIMS(1, 16, 16, 3), &seed);
	w1 = lt_tensor(ctx, "w1", OCTET_INT8, LT_DIMS(8, 3, 3, 3), &seed);
	a = lt_tensor(ctx, "a", OCTET_INT8, LT_DIMS(1, 8, 8, 8), NULL);
	w2 = lt_tensor(ctx, "w2", OCTET_INT8, LT_DIMS(3, 3, 8), &seed);
	b = lt_tensor(ctx, "b", OCTET_INT8, LT_DIMS(1, 8, 8, 8), NULL);
	assert_int_equal(octet_tensor_view(b, 2, (uint32_t[]){ 1, 512 }, &flat), 0);
	w3 = lt_tensor(ctx, "w3", OCTET_INT8, LT_DIMS(10, 512), &seed);
	y = lt_tensor(ctx, "y", OCTET_UINT8, LT_DIMS(1, 10), NULL);
	bias = lt_tensor(ctx, "bias", OCTET_INT32, LT_DIMS(10), NULL);
	octet_tensor_set_quant(x, 0.01f, 100);
	octet_tensor_set_quant(w1, 0.02f, 0);
	octet_tensor_set_quant(a, 0.1f, -10);
	octet_tensor_set_quant(w2, 0.03f, 2);
	octet_tensor_set_quant(b, 0.2f, 4);
	octet_tensor_set_quant(flat, 0.2f, 4);
	octet_tensor_set_quant(w3, 0.004f, 0);
	octet_tensor_set_quant(y, 0.5f, 128);
	c.stage = OCTET_FIX_DBL;
	c.stride_h = 2;
	c.stride_w = 2;
	c.pad_bottom = 1;
	c.pad_right = 1;
	d.stage = OCTET_FP32_RNE;
	d.pad_top = 1;
	d.pad_left = 1;
	d.pad_bottom = 1;
	d.pad_right = 1;
	d.activation = OCTET_ACT_RELU6;
	g.stage = OCTET_FIX_UP;
	g.transpose_b = true;
	g.const_b = true;
	assert_int_equal(octet_job_new(ctx, &job), 0);
	assert_int_equal(octet_job_conv2d(job, x, w1, NULL, a, &c), 0);
	assert_int_equal(octet_job_depthwise(job, a, w2, NULL, b, &d), 0);
	assert_int_equal(octet_job_gemm(job, flat, w3, bias, y, &g), 0);
	assert_int_equal(octet_job_length(job), 3);
	assert_int_equal(octet_job_macs(job), 64 * 8 * 27 + 64 * 8 * 9 + 5120);
	/* Bias values are those of octet_job_ready(). */
	for (int i = 0; i < 10; i++)
		((int32_t *)octet_tensor_map(bias))[i] = i * 1000;
	assert_int_equal(octet_job_ready(job, NULL), 0);
	memset(octet_tensor_map(bias), 0, 40);
	for (int i = 0; i < 20; i++)
		assert_int_equal(run(ctx, job), 0);
	for (uint32_t i = 0; i < 3; i++) {
		OCTET_OPTS(octet_op_report, r);

		assert_int_equal(octet_job_report(job, i, &r), 0);
		total += r.total;
	}
	assert_true((total > 0) == (octet_get_backend(ctx) != OCTET_BACKEND_CPU));
	assert_int_equal(octet_tensor_read(y, out, 10), 0);
}

static void test_layers(void **state)
{
	uint8_t out[2][10];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct octet_ctx *ctx = open_one(i);

		layers(ctx, out[i]);
		octet_close(ctx);
	}
	assert_memory_equal(out[0], out[1], 10);
}

/* What a command writes is the weights of none: the machine may prefetch those. */
static void test_const(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_tensor *a = lt_tensor(ctx, "a", OCTET_INT8, LT_DIMS(4, 4), NULL);
	struct octet_tensor *m = lt_tensor(ctx, "middle", OCTET_INT8, LT_DIMS(4, 4), NULL);
	struct octet_tensor *y = lt_tensor(ctx, "y", OCTET_INT8, LT_DIMS(4, 4), NULL);
	OCTET_OPTS(octet_gemm_opts, o);
	struct octet_job *job;

	(void)state;
	o.stage = OCTET_FIX_DBL;
	assert_int_equal(octet_job_new(ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, a, a, NULL, m, &o), 0);
	assert_int_equal(octet_job_gemm(job, a, m, NULL, y, &o), 0);
	o.const_b = true;
	lt_expect(ctx, octet_job_gemm(job, a, m, NULL, y, &o), -EINVAL, "octet_gemm",
		  "'middle' (b) is written by this job", "two jobs");
	assert_int_equal(octet_job_length(job), 2);
	assert_int_equal(octet_job_gemm(job, a, a, NULL, y, &o), 0);
	lt_expect(ctx, octet_job_gemm(job, m, y, NULL, a, &o), -EINVAL, "'y' (b)");
	octet_close(ctx);
}

static struct octet_cmd gemm_cmd(struct octet_tensor *a, struct octet_tensor *y)
{
	return (struct octet_cmd){
		.op = OCTET_OP_GEMM, .act_min = INT32_MIN, .act_max = INT32_MAX, .n = 1, .n2 = 1,
		.h = 4, .w = 1, .cin = 4, .oh = 4, .ow = 1, .cout = 4, .groups = 1, .r = 1, .s = 1,
		.sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.src = { .addr = octet_tensor_address(a), .space = OCTET_SPACE_VA,
			 .type = OCTET_TYPE_INT8, .stride = { 0, 0, 4, 0 } },
		.wgt = { .addr = octet_tensor_address(a), .space = OCTET_SPACE_VA,
			 .type = OCTET_TYPE_INT8, .stride = { 0, 0, 4, 0 } },
		.dst = { .addr = octet_tensor_address(y), .space = OCTET_SPACE_VA,
			 .type = OCTET_TYPE_INT32, .stride = { 0, 0, 16, 0 } },
	};
}

static struct octet_job *raw(struct octet_ctx *ctx, const struct octet_cmd *cmds, size_t count,
			     struct octet_tensor *a, struct octet_tensor *y, uint32_t sw)
{
	struct octet_tensor *const both[] = { a, y };
	OCTET_OPTS(octet_job_opts, o);
	struct octet_job *job;

	o.sram_software = sw;
	assert_int_equal(octet_job_new(ctx, &job), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(octet_job_command(job, &cmds[i], sizeof(cmds[i]), both, 2), 0);
	assert_int_equal(octet_job_ready(job, &o), 0);
	return job;
}

/* a b into the SRAM as int8, then back out of it. */
static void test_sram(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct octet_ctx *ctx = open_one(i);
		struct octet_tensor *a = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(4, 4), NULL);
		struct octet_tensor *y = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(4, 4), NULL);
		struct octet_cmd cmds[2] = { gemm_cmd(a, y), gemm_cmd(a, y) };
		const int32_t *out = octet_tensor_map(y);

		for (int k = 0; k < 4; k++)
			((int8_t *)octet_tensor_map(a))[5 * k] = 2;
		cmds[0].stage = OCTET_STAGE_FIX_UP;
		cmds[0].act_min = -128;
		cmds[0].act_max = 127;
		cmds[0].dst = (struct octet_operand){
			.addr = 64, .space = OCTET_SPACE_SRAM, .type = OCTET_TYPE_INT8,
			.stride = { 0, 0, 4, 0 }, .mult = 1u << 30, .shift = 30,
		};
		cmds[1].src.space = OCTET_SPACE_SRAM;
		cmds[1].src.addr = 64;
		assert_int_equal(run(ctx, raw(ctx, cmds, 2, a, y, 4096)), 0);
		for (int k = 0; k < 16; k++)
			assert_int_equal(out[k], k % 5 ? 0 : 8);
		/* 64 .. 80 is outside of 64 bytes. */
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 64)), -EFAULT, "command 0 (GEMM)",
			  "dst", "BAD_SRAM");
		octet_close(ctx);
	}
}

/* Malformed commands: the machine says which and why; the next job is fine. */
static void test_malformed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct octet_ctx *ctx = open_one(i);
		struct octet_tensor *a = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(4, 4), NULL);
		struct octet_tensor *y = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(4, 4), NULL);
		struct octet_cmd good = gemm_cmd(a, y), cmds[2] = { good, good };

		cmds[1].op = 0;
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 0)), -EFAULT, "command 1", "BAD_OP");
		memset(&cmds[1], 0xff, sizeof(cmds[1]));
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 0)), -EFAULT, "command 1", "BAD_OP");
		cmds[1] = good;
		cmds[1].flags = 1u << 31;
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 0)), -EFAULT, "BAD_FLAGS");
		cmds[1] = good;
		cmds[1].reserved1 = 1;
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 0)), -EFAULT, "RESERVED");
		cmds[1] = good;
		cmds[1].cin = 0;
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 0)), -EFAULT, "BAD_SHAPE");
		cmds[1] = good;
		cmds[1].wgt.type = OCTET_TYPE_INT16;
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 0)), -EFAULT, "wgt", "BAD_TYPE");
		cmds[1] = good;
		cmds[1].dst.addr = (uint64_t)1 << 60;
		lt_expect(ctx, run(ctx, raw(ctx, cmds, 2, a, y, 0)), -EFAULT, "dst",
			  i ? "UNMAPPED" : "NON_CANONICAL");
		assert_int_equal(run(ctx, raw(ctx, &good, 1, a, y, 0)), 0);
		octet_close(ctx);
	}
}

/* The split that the library chooses is not worse than any of a few by hand. */
static void test_split(void **state)
{
	struct octet_ctx *ctx = open_one(0);
	struct octet_tensor *x = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(1, 56, 56, 256), NULL);
	struct octet_tensor *w = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(512, 1, 1, 256), NULL);
	struct octet_tensor *y = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(1, 56, 56, 512), NULL);
	OCTET_OPTS(octet_conv_opts, c);
	uint64_t chosen = 0;

	(void)state;
	c.stage = OCTET_FIX_DBL;
	octet_tensor_set_quant(y, 10, 0);
	for (uint32_t i = 0; i < 8; i++) {
		OCTET_OPTS(octet_job_opts, o);
		OCTET_OPTS(octet_op_report, r);
		struct octet_job *job;

		o.sram_lines = i << 17;
		assert_int_equal(octet_job_new(ctx, &job), 0);
		assert_int_equal(octet_job_conv2d(job, x, w, NULL, y, &c), 0);
		assert_int_equal(octet_job_ready(job, &o), 0);
		assert_int_equal(run(ctx, job), 0);
		assert_int_equal(octet_job_report(job, 0, &r), 0);
		if (!i)
			chosen = r.total;
		assert_true(chosen > 0 && chosen <= r.total);
		octet_job_free(job);
	}
	octet_close(ctx);
}

UNIT_MAIN(unit_case(test_layers), unit_case(test_const), unit_case(test_sram),
	  unit_case(test_malformed), unit_case(test_split))
