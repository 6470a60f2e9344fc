// SPDX-License-Identifier: MIT
/* Each refusal: its errno, and a message that names the tensor and the values. */

#include "libtest.h"

struct fixture {
	struct octet_ctx *ctx;
	struct octet_tensor *x, *w, *y, *bias;
	struct octet_conv_opts o;
};

static struct fixture conv_fixture(void)
{
	struct fixture f = { .o = { .size = sizeof(f.o), .stage = OCTET_FIX_DBL } };

	f.ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	f.x = lt_tensor(f.ctx, "image", OCTET_INT8, LT_DIMS(1, 8, 8, 4), NULL);
	f.w = lt_tensor(f.ctx, "filter", OCTET_INT8, LT_DIMS(6, 3, 3, 4), NULL);
	f.y = lt_tensor(f.ctx, "result", OCTET_INT8, LT_DIMS(1, 6, 6, 6), NULL);
	f.bias = lt_tensor(f.ctx, NULL, OCTET_INT32, LT_DIMS(6), NULL);
	octet_tensor_set_quant(f.x, 0.5f, 1);
	octet_tensor_set_quant(f.w, 0.25f, 0);
	return f;
}

static int conv(struct fixture *f)
{
	return octet_conv2d(f->ctx, f->x, f->w, f->bias, f->y, &f->o, NULL);
}

static void test_good(void **state)
{
	struct fixture f = conv_fixture();

	(void)state;
	assert_int_equal(conv(&f), 0);
	octet_close(f.ctx);
}

static void test_conv_shapes(void **state)
{
	struct fixture f = conv_fixture();
	struct octet_tensor *w = f.w, *y = f.y, *x = f.x;

	(void)state;
	f.w = lt_tensor(f.ctx, NULL, OCTET_INT8, LT_DIMS(6, 3, 3, 3), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "octet_conv2d: tensor 'w' has 3 input channels",
		  "'image' (x) has 4 and groups is 1");
	f.w = lt_tensor(f.ctx, "filter", OCTET_INT8, LT_DIMS(5, 3, 3, 4), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'filter' (w) has 5 output channels", "has 6");
	f.w = lt_tensor(f.ctx, "filter", OCTET_INT8, LT_DIMS(6, 9, 3, 4), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "9x3 kernel", "larger than the padded image, 8x8");
	f.w = lt_tensor(f.ctx, "filter", OCTET_INT8, LT_DIMS(6, 3, 3), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'filter' (w) has rank 3, must have 4", "[O,R,S,I]");
	f.w = w;
	f.y = lt_tensor(f.ctx, "result", OCTET_INT8, LT_DIMS(1, 6, 5, 6), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y) is 6x5", "give 6x6");
	f.y = lt_tensor(f.ctx, "result", OCTET_INT8, LT_DIMS(2, 6, 6, 6), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y) has 2 images", "has 1");
	f.y = lt_tensor(f.ctx, "result", OCTET_INT8, LT_DIMS(6, 6, 6), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y) has rank 3");
	f.y = y;
	f.x = lt_tensor(f.ctx, "image", OCTET_INT8, LT_DIMS(8, 8, 4), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'image' (x) has rank 3");
	f.x = x;
	f.o.groups = 5;
	lt_expect(f.ctx, conv(&f), -EINVAL, "groups is 5", "divide");
	f.o.groups = 0;
	f.o.stride_h = 70000;
	lt_expect(f.ctx, conv(&f), -EINVAL, "stride", "65535");
	octet_close(f.ctx);
}

static void test_conv_tensors(void **state)
{
	struct fixture f = conv_fixture(), other = conv_fixture();
	struct octet_tensor *x = f.x, *bias = f.bias, *y = f.y;

	(void)state;
	f.x = NULL;
	lt_expect(f.ctx, conv(&f), -EINVAL, "tensor 'x' is NULL");
	f.x = other.x;
	lt_expect(f.ctx, conv(&f), -EINVAL, "'image' (x) belongs to another context");
	f.x = lt_tensor(f.ctx, "wide", OCTET_INT32, LT_DIMS(1, 8, 8, 4), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'wide' (x) is int32");
	f.x = x;
	f.y = NULL;
	lt_expect(f.ctx, conv(&f), -EINVAL, "tensor 'y' is NULL");
	f.y = other.y;
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y) belongs");
	f.y = y;
	f.bias = lt_tensor(f.ctx, "offsets", OCTET_INT32, LT_DIMS(5), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'offsets' (bias) has 5 values", "6 output channels");
	f.bias = lt_tensor(f.ctx, "offsets", OCTET_INT8, LT_DIMS(24), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'offsets' (bias) is int8", "int32");
	f.bias = bias;
	/* Weights that the command itself overwrites. */
	f.y = lt_tensor(f.ctx, "self", OCTET_INT8, LT_DIMS(1, 1, 1, 36), NULL);
	assert_int_equal(octet_tensor_view(f.y, 4, (uint32_t[]){ 1, 1, 1, 36 }, &f.w), 0);
	f.x = lt_tensor(f.ctx, "image", OCTET_INT8, LT_DIMS(1, 1, 1, 36), NULL);
	f.bias = NULL;
	f.y = lt_tensor(f.ctx, "one", OCTET_INT8, LT_DIMS(1, 1, 1, 1), NULL);
	assert_int_equal(conv(&f), 0);
	assert_int_equal(octet_tensor_view(f.w, 4, (uint32_t[]){ 36, 1, 1, 1 }, &f.x), 0);
	f.w = lt_tensor(f.ctx, "filter", OCTET_INT8, LT_DIMS(1, 1, 1, 1), NULL);
	assert_int_equal(octet_tensor_view(f.w, 4, (uint32_t[]){ 1, 1, 1, 1 }, &f.y), 0);
	f.x = lt_tensor(f.ctx, "image", OCTET_INT8, LT_DIMS(1, 1, 1, 1), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'filter'", "is written by this job");
	octet_close(f.ctx);
	octet_close(other.ctx);
}

static void test_conv_stage(void **state)
{
	struct fixture f = conv_fixture();
	struct octet_tensor *y = f.y;

	(void)state;
	f.o.stage = OCTET_RAW;
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y) is int8 with stage RAW", "int32");
	f.o.stage = (enum octet_stage_code)6;
	lt_expect(f.ctx, conv(&f), -EINVAL, "stage 6");
	f.o.stage = OCTET_FIX_UP;
	f.y = lt_tensor(f.ctx, "result", OCTET_INT32, LT_DIMS(1, 6, 6, 6), NULL);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y) is int32 with stage FIX_UP");
	f.o.stage = OCTET_RAW;
	f.o.activation = OCTET_ACT_RELU;
	lt_expect(f.ctx, conv(&f), -EINVAL, "activation with stage RAW");
	f.y = y;
	f.o.stage = OCTET_FIX_DBL;
	f.o.activation = (enum octet_activation)4;
	lt_expect(f.ctx, conv(&f), -EINVAL, "activation 4");
	f.o.activation = OCTET_ACT_NONE;
	f.o.has_clamp = true;
	f.o.clamp_min = 10;
	f.o.clamp_max = 5;
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y)", "10..5");
	f.o.has_clamp = false;
	f.o.has_pad_value = true;
	f.o.pad_value = 200;
	lt_expect(f.ctx, conv(&f), -EINVAL, "pad_value 200 is outside -128..127", "'image' (x)");
	octet_close(f.ctx);
}

static void test_scales(void **state)
{
	static const float six[] = { 1, 1, 1, 1, 1, 1 }, nought[] = { 1, 0, 1, 1, 1, 1 };
	static const int32_t far[] = { 0, 0, 0, 0, 0, 300 };
	struct fixture f = conv_fixture();
	float tiny[6] = { 1, 1, 1e-30f, 1, 1, 1 };

	(void)state;
	lt_expect(f.ctx, octet_tensor_set_quant(f.x, 0, 0), -EINVAL, "'image'", "scale", "is 0");
	lt_expect(f.ctx, octet_tensor_set_quant(f.x, -1, 0), -EINVAL, "'image'", "-1");
	lt_expect(f.ctx, octet_tensor_set_quant(f.x, 1, 128), -EINVAL, "'image'",
		  "128, outside -128..127");
	lt_expect(f.ctx, octet_tensor_set_quant_channel(f.w, 4, six, NULL, 6), -EINVAL,
		  "'filter': axis 4", "rank is 4");
	lt_expect(f.ctx, octet_tensor_set_quant_channel(f.w, 0, six, NULL, 5), -EINVAL,
		  "'filter': 5 scales", "dims[0] is 6");
	lt_expect(f.ctx, octet_tensor_set_quant_channel(f.w, 0, nought, NULL, 6), -EINVAL,
		  "'filter': scale of channel 1 is 0");
	lt_expect(f.ctx, octet_tensor_set_quant_channel(f.w, 0, six, far, 6), -EINVAL,
		  "'filter': zero point of channel 5 is 300");
	assert_int_equal(octet_tensor_set_quant_channel(f.w, 0, tiny, NULL, 6), 0);
	lt_expect(f.ctx, conv(&f), -ERANGE, "'filter' (w): channel 2", "FIX_DBL");
	assert_int_equal(octet_tensor_set_quant_channel(f.w, 3, six, NULL, 4), 0);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'filter' (w) has scales along axis 3", "axis 0");
	assert_int_equal(octet_tensor_set_quant(f.w, 1, 0), 0);
	assert_int_equal(octet_tensor_set_quant_channel(f.x, 3, six, NULL, 4), 0);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'image' (x) has a scale per channel");
	assert_int_equal(octet_tensor_set_quant(f.x, 1, 0), 0);
	assert_int_equal(octet_tensor_set_quant_channel(f.y, 3, six, NULL, 6), 0);
	lt_expect(f.ctx, conv(&f), -EINVAL, "'result' (y) has a scale per channel");
	assert_int_equal(octet_tensor_set_quant(f.y, 1e-12f, 0), 0);
	f.o.activation = OCTET_ACT_RELU6;
	lt_expect(f.ctx, conv(&f), -ERANGE, "'result' (y)", "over int32");
	octet_close(f.ctx);
}

static void test_conv1d_depthwise(void **state)
{
	struct fixture f = conv_fixture();
	struct octet_tensor *x = lt_tensor(f.ctx, NULL, OCTET_INT8, LT_DIMS(1, 8, 4), NULL);
	struct octet_tensor *w = lt_tensor(f.ctx, NULL, OCTET_INT8, LT_DIMS(2, 3, 4), NULL);
	struct octet_tensor *y = lt_tensor(f.ctx, NULL, OCTET_INT8, LT_DIMS(1, 6, 2), NULL);

	(void)state;
	assert_int_equal(octet_conv1d(f.ctx, x, w, NULL, y, &f.o, NULL), 0);
	f.o.pad_top = 1;
	lt_expect(f.ctx, octet_conv1d(f.ctx, x, w, NULL, y, &f.o, NULL), -EINVAL,
		  "octet_conv1d: stride_h", "pad_top 1", "one row");
	f.o.pad_top = 0;
	lt_expect(f.ctx, octet_conv1d(f.ctx, f.x, w, NULL, y, &f.o, NULL), -EINVAL,
		  "'image' (x) has rank 4, must have 3: [N,W,C]");
	w = lt_tensor(f.ctx, "taps", OCTET_INT8, LT_DIMS(3, 3, 6), NULL);
	lt_expect(f.ctx, octet_depthwise(f.ctx, f.x, w, NULL, f.y, &f.o, NULL), -EINVAL,
		  "octet_depthwise: tensor 'result' (y) has 6 channels, no multiple of the 4");
	w = lt_tensor(f.ctx, "taps", OCTET_INT8, LT_DIMS(3, 3, 8), NULL);
	lt_expect(f.ctx, octet_depthwise(f.ctx, f.x, w, NULL, f.y, &f.o, NULL), -EINVAL,
		  "'taps' (w) has 8 output channels, 'result' (y) has 6");
	f.o.groups = 4;
	lt_expect(f.ctx, octet_depthwise(f.ctx, f.x, w, NULL, f.y, &f.o, NULL), -EINVAL,
		  "groups is 4");
	octet_close(f.ctx);
}

static void test_gemm(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_tensor *a = lt_tensor(ctx, "left", OCTET_INT8, LT_DIMS(3, 4, 8), NULL);
	struct octet_tensor *b = lt_tensor(ctx, "right", OCTET_UINT8, LT_DIMS(8, 5), NULL);
	struct octet_tensor *y = lt_tensor(ctx, "out", OCTET_INT8, LT_DIMS(3, 4, 5), NULL);
	struct octet_tensor *flat = lt_tensor(ctx, "flat", OCTET_INT8, LT_DIMS(8), NULL);
	struct octet_tensor *b2 = lt_tensor(ctx, "b2", OCTET_INT8, LT_DIMS(2, 8, 5), NULL);
	struct octet_tensor *one = lt_tensor(ctx, "one", OCTET_INT8, LT_DIMS(4, 5), NULL);
	OCTET_OPTS(octet_gemm_opts, o);

	(void)state;
	o.stage = OCTET_FIX_DBL;
	assert_int_equal(octet_gemm(ctx, a, b, NULL, y, &o, NULL), 0);
	lt_expect(ctx, octet_gemm(ctx, flat, b, NULL, y, &o, NULL), -EINVAL,
		  "octet_gemm: tensor 'flat' (a) has rank 1");
	lt_expect(ctx, octet_gemm(ctx, a, b2, NULL, y, &o, NULL), -EINVAL,
		  "inner batch of 'a' is 3", "'b' 2");
	lt_expect(ctx, octet_gemm(ctx, a, b, NULL, one, &o, NULL), -EINVAL,
		  "inner batch of 'y' is 1", "give 3");
	o.transpose_b = true;
	lt_expect(ctx, octet_gemm(ctx, a, b, NULL, y, &o, NULL), -EINVAL,
		  "'right' (b) is 8x5 transposed", "inner extents 8 and 5 differ");
	o.transpose_b = false;
	lt_expect(ctx, octet_gemm(ctx, a, b, NULL, a, &o, NULL), -EINVAL, "'left' (y) is 4x8",
		  "gives 4x5");
	lt_expect(ctx, octet_gemm(ctx, a, NULL, NULL, y, &o, NULL), -EINVAL, "tensor 'b' is NULL");
	octet_close(ctx);
}

static void test_tensors(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_tensor *t, *v = NULL;
	uint32_t dims[] = { 2, 0, 3, 1u << 21, 1 };
	uint32_t large[] = { 1u << 20, 1u << 20 };
	char name[65], data[6] = "";

	(void)state;
	lt_expect(ctx, octet_tensor_new(ctx, (enum octet_dtype)3, 1, dims, &t), -EINVAL, "type 3");
	lt_expect(ctx, octet_tensor_new(ctx, OCTET_INT8, 5, dims, &t), -EINVAL, "rank is 5");
	lt_expect(ctx, octet_tensor_new(ctx, OCTET_INT8, 0, dims, &t), -EINVAL, "rank is 0");
	lt_expect(ctx, octet_tensor_new(ctx, OCTET_INT8, 1, NULL, &t), -EINVAL, "dims is NULL");
	lt_expect(ctx, octet_tensor_new(ctx, OCTET_INT8, 2, dims, &t), -EINVAL, "dims[1] is 0");
	lt_expect(ctx, octet_tensor_new(ctx, OCTET_INT8, 1, dims + 3, &t), -EINVAL,
		  "dims[0] is 2097152");
	lt_expect(ctx, octet_tensor_new(ctx, OCTET_INT8, 2, large, &t), -EINVAL, "exceed");
	t = lt_tensor(ctx, "box", OCTET_INT8, LT_DIMS(2, 3), NULL);
	lt_expect(ctx, octet_tensor_write(t, data, 5), -EINVAL, "'box' has 6 bytes, not 5");
	lt_expect(ctx, octet_tensor_read(t, NULL, 6), -EINVAL, "'box'", "NULL");
	lt_expect(ctx, octet_tensor_view(t, 1, (uint32_t[]){ 7 }, &v), -EINVAL,
		  "octet_tensor_view: tensor 'box' has 6 bytes", "7");
	assert_null(v);
	assert_int_equal(octet_tensor_view(t, 1, (uint32_t[]){ 6 }, &v), 0);
	assert_ptr_equal(octet_tensor_map(t), octet_tensor_map(v));
	octet_tensor_free(t);
	assert_int_equal(octet_tensor_write(v, "abcdef", 6), 0);
	assert_int_equal(octet_tensor_read(v, data, 6), 0);
	assert_memory_equal(data, "abcdef", 6);
	memset(name, 'n', 64);
	name[64] = 0;
	lt_expect(ctx, octet_tensor_set_name(v, name), -EINVAL, "64 bytes", "63");
	name[63] = 0;
	assert_int_equal(octet_tensor_set_name(v, name), 0);
	octet_tensor_free(NULL);
	octet_close(ctx);
	octet_close(NULL);
}

static void test_jobs(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_job *job, *empty;
	struct octet_fence *fence = NULL;
	struct octet_queue *queue;
	OCTET_OPTS(octet_job_opts, o);
	OCTET_OPTS(octet_op_report, report);

	(void)state;
	assert_int_equal(octet_job_new(ctx, &empty), 0);
	lt_expect(ctx, octet_job_ready(empty, NULL), -EINVAL, "no command");
	lt_expect(ctx, octet_submit(ctx, NULL, &empty, 1, NULL, &fence), -EINVAL,
		  "jobs[0] is not ready");
	lt_expect(ctx, octet_submit(ctx, NULL, &empty, 0, NULL, &fence), -EINVAL, "no job");
	assert_null(fence);
	o.sram_software = 1u << 20;
	o.sram_lines = 64;
	lt_expect(ctx, octet_job_ready(empty, &o), -EINVAL, "no command");
	job = lt_gemm_job(ctx, 4, NULL);
	lt_expect(ctx, octet_job_ready(job, NULL), -EINVAL, "ready already");
	lt_expect(ctx, octet_job_command(job, &o, 512, NULL, 0), -EINVAL, "ready");
	lt_expect(ctx, octet_job_command(empty, &o, 511, NULL, 0), -EINVAL, "511 bytes", "512");
	lt_expect(ctx, octet_job_report(job, 1, &report), -EINVAL, "command 1 of 1");
	lt_expect(ctx, octet_queue_new(ctx, (enum octet_priority)3, &queue), -EINVAL, "priority 3");
	assert_int_equal(octet_job_length(job), 1);
	assert_int_equal(octet_job_macs(job), 64);
	octet_job_free(NULL);
	octet_queue_free(NULL);
	octet_fence_free(NULL);
	octet_close(ctx);
}

static void test_sram_split(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, "sram=64K");
	struct octet_tensor *a, *b, *y;
	struct octet_job *job;
	OCTET_OPTS(octet_gemm_opts, g);
	OCTET_OPTS(octet_job_opts, o);

	(void)state;
	a = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(4, 4), NULL);
	b = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(4, 4), NULL);
	y = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(4, 4), NULL);
	assert_int_equal(octet_job_new(ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, a, b, NULL, y, &g), 0);
	o.sram_software = 60000;
	o.sram_lines = 6000;
	lt_expect(ctx, octet_job_ready(job, &o), -EINVAL, "60000", "6000", "65536");
	o.sram_lines = 0;
	o.sram_software = 65536;
	lt_expect(ctx, octet_job_ready(job, &o), -EINVAL,
		  "command 0 (GEMM) fits no split of 0 bytes");
	o.sram_software = 0;
	assert_int_equal(octet_job_ready(job, &o), 0);
	octet_close(ctx);
}

static void test_options(void **state)
{
	struct {
		struct octet_gemm_opts o;
		uint64_t newer;
	} large = { .o.size = sizeof(large) };
	struct {
		struct octet_info info;
		uint64_t newer;
	} info = { .info.size = sizeof(info), .newer = 7 };
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_CPU, NULL);
	struct octet_tensor *a = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(4, 4), NULL);
	struct octet_tensor *y = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(4, 4), NULL);
	OCTET_OPTS(octet_counters, counters);

	(void)state;
	assert_int_equal(octet_gemm(ctx, a, a, NULL, y, NULL, NULL), 0);
	assert_int_equal(octet_gemm(ctx, a, a, NULL, y, &large.o, NULL), 0);
	large.newer = (uint64_t)1 << 63;
	lt_expect(ctx, octet_gemm(ctx, a, a, NULL, y, &large.o, NULL), -EINVAL,
		  "struct octet_gemm_opts: byte", "is set", "0.1.0");
	large.o.size = sizeof(large.o) - 1;
	lt_expect(ctx, octet_gemm(ctx, a, a, NULL, y, &large.o, NULL), -EINVAL,
		  "struct octet_gemm_opts: size is", "OCTET_OPTS()");
	large.o.size = (size_t)1 << 40;
	lt_expect(ctx, octet_gemm(ctx, a, a, NULL, y, &large.o, NULL), -EINVAL, "cannot be");
	assert_int_equal(octet_get_info(ctx, &info.info), 0);
	assert_int_equal(info.newer, 0);
	assert_int_equal(info.info.size, sizeof(info));
	info.info.size = 8;
	lt_expect(ctx, octet_get_info(ctx, &info.info), -EINVAL, "struct octet_info");
	lt_expect(ctx, octet_get_info(ctx, NULL), -EINVAL, "struct octet_info", "NULL");
	lt_expect(ctx, octet_get_counters(ctx, 9, &counters), -ENOENT, "core 9");
	octet_close(ctx);
}

UNIT_MAIN(unit_case(test_good), unit_case(test_conv_shapes), unit_case(test_conv_tensors),
	  unit_case(test_conv_stage), unit_case(test_scales), unit_case(test_conv1d_depthwise),
	  unit_case(test_gemm), unit_case(test_tensors), unit_case(test_jobs),
	  unit_case(test_sram_split), unit_case(test_options))
