// SPDX-License-Identifier: MIT
/*
 * Every operation on random shapes and parameters, at once and as a job of constant
 * weights: device (or simulator) and CPU fallback give equal bits, and both the sums of
 * a naive loop.
 */

#include "libtest.h"

#define ROUNDS 150

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	return lt_below(&seed, n);
}

/** struct twin - the same tensor in two contexts */
struct twin {
	struct octet_tensor *t[2];
};

static struct octet_ctx *ctx[2];

static struct twin twin(const char *name, enum octet_dtype type, uint32_t rank,
			const uint32_t *dims, bool random)
{
	struct twin w;

	for (int i = 0; i < 2; i++)
		w.t[i] = lt_tensor(ctx[i], name, type, rank, dims, NULL);
	for (size_t i = 0; random && i < octet_tensor_bytes(w.t[0]); i++)
		((uint8_t *)octet_tensor_map(w.t[0]))[i] = (uint8_t)below(256);
	memcpy(octet_tensor_map(w.t[1]), octet_tensor_map(w.t[0]), octet_tensor_bytes(w.t[0]));
	return w;
}

static void twin_free(struct twin w)
{
	octet_tensor_free(w.t[0]);
	octet_tensor_free(w.t[1]);
}

static enum octet_dtype byte_type(void)
{
	return below(2) ? OCTET_INT8 : OCTET_UINT8;
}

static int32_t zero_of(enum octet_dtype type)
{
	return (int32_t)below(256) - (type == OCTET_INT8 ? 128 : 0);
}

static float scale_of(void)
{
	return 0.001f + (float)below(1000) / 5000;
}

static void quantize(struct twin w, enum octet_dtype type, uint32_t axis)
{
	uint32_t n = octet_tensor_dim(w.t[0], axis);
	float *scale = malloc(n * sizeof(*scale));
	int32_t *zero = malloc(n * sizeof(*zero));
	bool channels = axis != UINT32_MAX && below(2);

	for (uint32_t i = 0; i < n; i++) {
		scale[i] = scale_of();
		zero[i] = zero_of(type);
	}
	if (!channels) {
		scale = realloc(scale, sizeof(*scale));
		zero = realloc(zero, sizeof(*zero));
		*scale = scale_of();
		*zero = zero_of(type);
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(channels ? octet_tensor_set_quant_channel(w.t[i], axis, scale,
									   zero, n) :
					    octet_tensor_set_quant(w.t[i], *scale, *zero),
				 0);
	free(scale);
	free(zero);
}

static void equal(const char *what, struct twin y, int ret[2], uint64_t start)
{
	size_t bytes = octet_tensor_bytes(y.t[0]);
	const uint8_t *a = octet_tensor_map(y.t[0]), *b = octet_tensor_map(y.t[1]);

	if (ret[0] != ret[1] || ret[0]) {
		fprintf(stderr, "%s, seed %llu: machine %d (%s), cpu %d (%s)\n", what,
			(unsigned long long)start, ret[0], octet_last_error(ctx[0]), ret[1],
			octet_last_error(ctx[1]));
		fail();
	}
	for (size_t i = 0; i < bytes; i++) {
		if (a[i] != b[i]) {
			fprintf(stderr, "%s, seed %llu: byte %zu of %zu: machine %u, cpu %u\n", what,
				(unsigned long long)start, i, bytes, a[i], b[i]);
			fail();
		}
	}
}

typedef int conv_call(struct octet_ctx *, struct octet_tensor *, struct octet_tensor *,
		      struct octet_tensor *, struct octet_tensor *, const struct octet_conv_opts *,
		      struct octet_fence **);
typedef int conv_in_job(struct octet_job *, struct octet_tensor *, struct octet_tensor *,
			struct octet_tensor *, struct octet_tensor *,
			const struct octet_conv_opts *);

/* The same as a job of constant weights, twice. */
static int run_ready(struct octet_ctx *c, struct octet_job *job, struct octet_tensor *y)
{
	struct octet_job *const twice[] = { job, job };
	OCTET_OPTS(octet_job_opts, o);
	struct octet_fence *fence;
	int ret;

	o.const_weights = true;
	ret = octet_job_ready(job, &o);
	memset(octet_tensor_map(y), 0x5a, octet_tensor_bytes(y));
	if (!ret)
		ret = octet_submit(c, NULL, twice, 2, NULL, &fence);
	if (ret)
		return ret;
	ret = octet_fence_wait(fence, -1);
	octet_fence_free(fence);
	octet_job_free(job);
	return ret;
}

static uint32_t out_size(uint32_t in, uint32_t pads, uint32_t taps, uint32_t dilation,
			 uint32_t stride)
{
	uint32_t span = (taps - 1) * dilation + 1;

	return in + pads < span ? 0 : (in + pads - span) / stride + 1;
}

static void conv_opts(struct octet_conv_opts *o, enum octet_dtype in)
{
	o->stage = (enum octet_stage_code)below(6);
	o->activation = o->stage ? (enum octet_activation)below(4) : OCTET_ACT_NONE;
	o->stride_h = below(4);
	o->stride_w = below(4);
	o->dilation_h = below(3);
	o->dilation_w = below(3);
	o->pad_top = below(3);
	o->pad_bottom = below(3);
	o->pad_left = below(3);
	o->pad_right = below(3);
	o->has_pad_value = below(2);
	o->pad_value = zero_of(in);
	o->has_clamp = !o->stage && below(2);
	o->clamp_min = -1000;
	o->clamp_max = 100000;
}

/* kind 0: conv2d, 1: conv1d, 2: depthwise */
static void conv(int kind)
{
	static conv_call *const calls[] = { octet_conv2d, octet_conv1d, octet_depthwise };
	static conv_in_job *const in_job[] = { octet_job_conv2d, octet_job_conv1d,
					       octet_job_depthwise };
	static const char *const names[] = { "conv2d", "conv1d", "depthwise" };
	uint32_t n = 1 + below(3), h = kind == 1 ? 1 : 1 + below(9), w = 1 + below(12);
	uint32_t groups = kind == 2 ? 1 : 1 + below(3), ci = 1 + below(9), co = 1 + below(40);
	uint32_t r = kind == 1 ? 1 : 1 + below(3), s = 1 + below(4), oh, ow, one = kind == 1;
	enum octet_dtype tx = byte_type(), tw = byte_type(), ty;
	OCTET_OPTS(octet_conv_opts, o);
	uint64_t start = seed;
	struct twin x, wt, b, y;
	int ret[2];

	conv_opts(&o, tx);
	if (kind == 1) {
		o.stride_h = 0;
		o.dilation_h = 0;
		o.pad_top = 0;
		o.pad_bottom = 0;
	}
	o.groups = kind == 2 ? 0 : groups;
	oh = out_size(h, o.pad_top + o.pad_bottom, r, o.dilation_h + !o.dilation_h,
		      o.stride_h + !o.stride_h);
	ow = out_size(w, o.pad_left + o.pad_right, s, o.dilation_w + !o.dilation_w,
		      o.stride_w + !o.stride_w);
	if (!oh || !ow)
		return;
	ty = o.stage ? byte_type() : OCTET_INT32;
	if (kind == 2)
		co = ci * (1 + below(3));
	{
		uint32_t dx[] = { n, h, w, ci * groups }, dy[] = { n, oh, ow, co * groups };
		uint32_t d1x[] = { n, w, ci * groups }, d1y[] = { n, ow, co * groups };
		uint32_t dw[] = { co * groups, r, s, ci }, d1w[] = { co * groups, s, ci };
		uint32_t dd[] = { r, s, co };

		x = twin("x", tx, 4 - one, one ? d1x : dx, true);
		y = twin("y", ty, 4 - one, one ? d1y : dy, false);
		wt = kind == 2 ? twin("w", tw, 3, dd, true) :
				 twin("w", tw, 4 - one, one ? d1w : dw, true);
		b = twin("bias", OCTET_INT32, 1, (uint32_t[]){ co * groups }, false);
	}
	for (uint32_t i = 0; i < co * groups; i++)
		for (int k = 0; k < 2; k++)
			((int32_t *)octet_tensor_map(b.t[k]))[i] =
				(int32_t)(i * 7919 % 5000) - 2500;
	quantize(x, tx, UINT32_MAX);
	quantize(wt, tw, kind == 2 ? 2 : 0);
	if (o.stage)
		quantize(y, ty, UINT32_MAX);
	for (int i = 0; i < 2; i++)
		ret[i] = calls[kind](ctx[i], x.t[i], wt.t[i], b.t[i], y.t[i], &o, NULL);
	equal(names[kind], y, ret, start);
	for (int i = 0; i < 2; i++) {
		struct octet_job *job;

		assert_int_equal(octet_job_new(ctx[i], &job), 0);
		assert_int_equal(in_job[kind](job, x.t[i], wt.t[i], b.t[i], y.t[i], &o), 0);
		ret[i] = run_ready(ctx[i], job, y.t[i]);
	}
	equal(names[kind], y, ret, start);
	twin_free(x);
	twin_free(wt);
	twin_free(b);
	twin_free(y);
}

static void gemm(void)
{
	uint32_t m = 1 + below(20), k = 1 + below(40), n = 1 + below(24), rank = 2 + below(3);
	uint32_t outer = 1 + below(3), inner = 1 + below(3);
	enum octet_dtype ta = byte_type(), tb = byte_type(), ty;
	OCTET_OPTS(octet_gemm_opts, o);
	uint64_t start = seed;
	struct twin a, b, bias, y;
	int ret[2];

	o.stage = (enum octet_stage_code)below(6);
	o.activation = o.stage ? (enum octet_activation)below(4) : OCTET_ACT_NONE;
	o.transpose_a = below(2);
	o.transpose_b = below(2);
	o.const_b = below(2);
	ty = o.stage ? byte_type() : OCTET_INT32;
	{
		bool one_a = below(3) == 0, one_b = !one_a && below(3) == 0;
		uint32_t da[] = { outer, one_a ? 1 : inner, o.transpose_a ? k : m,
				  o.transpose_a ? m : k };
		uint32_t db[] = { one_b ? 1 : outer, inner, o.transpose_b ? n : k,
				  o.transpose_b ? k : n };
		uint32_t dy[] = { outer, inner, m, n };
		bool flat_b = below(2);

		if (one_a && one_b)
			dy[1] = 1;
		if (flat_b && rank > 2)
			db[0] = db[1] = 1, dy[1] = da[1];
		a = twin("a", ta, rank, da + 4 - rank, true);
		b = flat_b ? twin("b", tb, 2, db + 2, true) :
			     twin("b", tb, rank, db + 4 - rank, true);
		y = twin("y", ty, rank, dy + 4 - rank, false);
		quantize(b, tb, octet_tensor_rank(b.t[0]) - (o.transpose_b ? 2 : 1));
	}
	bias = twin("bias", OCTET_INT32, 1, (uint32_t[]){ n }, false);
	quantize(a, ta, UINT32_MAX);
	if (o.stage)
		quantize(y, ty, UINT32_MAX);
	for (int i = 0; i < 2; i++)
		ret[i] = octet_gemm(ctx[i], a.t[i], b.t[i], bias.t[i], y.t[i], &o, NULL);
	equal("gemm", y, ret, start);
	for (int i = 0; i < 2; i++) {
		struct octet_job *job;

		assert_int_equal(octet_job_new(ctx[i], &job), 0);
		assert_int_equal(octet_job_gemm(job, a.t[i], b.t[i], bias.t[i], y.t[i], &o), 0);
		ret[i] = run_ready(ctx[i], job, y.t[i]);
	}
	equal("gemm", y, ret, start);
	twin_free(a);
	twin_free(b);
	twin_free(bias);
	twin_free(y);
}

static void open_both(void)
{
	ctx[0] = lt_open(lt_machine(), NULL);
	ctx[1] = lt_open(OCTET_BACKEND_CPU, NULL);
}

static void close_both(void)
{
	octet_close(ctx[0]);
	octet_close(ctx[1]);
}

static void sweep(int kind)
{
	open_both();
	for (int i = 0; i < ROUNDS; i++) {
		seed = (uint64_t)kind << 32 | (uint64_t)i;
		if (kind == 3)
			gemm();
		else
			conv(kind);
	}
	close_both();
}

static void test_conv2d(void **state)
{
	(void)state;
	sweep(0);
}

static void test_conv1d(void **state)
{
	(void)state;
	sweep(1);
}

static void test_depthwise(void **state)
{
	(void)state;
	sweep(2);
}

static void test_gemm(void **state)
{
	(void)state;
	sweep(3);
}

/* sum (x - zx)(w - zw) by the plainest loops. */
static void test_naive(void **state)
{
	enum { H = 6, W = 7, CI = 3, CO = 5, R = 3, OH = 3, OW = 4 };
	OCTET_OPTS(octet_conv_opts, o);
	struct twin x, w, b, y;
	const uint8_t *px;
	const int8_t *pw;

	(void)state;
	open_both();
	seed = 99;
	x = twin("x", OCTET_UINT8, LT_DIMS(1, H, W, CI), true);
	w = twin("w", OCTET_INT8, LT_DIMS(CO, R, R, CI), true);
	b = twin("bias", OCTET_INT32, LT_DIMS(CO), true);
	y = twin("y", OCTET_INT32, LT_DIMS(1, OH, OW, CO), false);
	o.stride_h = 2;
	o.stride_w = 2;
	o.pad_top = 1;
	o.pad_left = 1;
	o.pad_bottom = 1;
	o.pad_right = 1;
	o.has_pad_value = true;
	o.pad_value = 200;
	px = octet_tensor_map(x.t[0]);
	pw = octet_tensor_map(w.t[0]);
	for (int i = 0; i < 2; i++) {
		const int32_t *py = octet_tensor_map(y.t[i]), *pb = octet_tensor_map(b.t[i]);

		octet_tensor_set_quant(x.t[i], 1, 30);
		octet_tensor_set_quant(w.t[i], 1, -7);
		assert_int_equal(octet_conv2d(ctx[i], x.t[i], w.t[i], b.t[i], y.t[i], &o, NULL), 0);
		for (int at = 0; at < OH * OW * CO; at++) {
			int oc = at % CO, ox = at / CO % OW, oy = at / CO / OW;
			uint32_t sum = (uint32_t)pb[oc];

			for (int tap = 0; tap < R * R * CI; tap++) {
				int c = tap % CI, ix = ox * 2 - 1 + tap / CI % R;
				int iy = oy * 2 - 1 + tap / CI / R;
				bool in = ix >= 0 && ix < W && iy >= 0 && iy < H;
				int v = in ? px[(iy * W + ix) * CI + c] : 200;

				sum += (uint32_t)((v - 30) * (pw[oc * R * R * CI + tap] + 7));
			}
			assert_int_equal(py[at], (int32_t)sum);
		}
	}
	close_both();
}

/* Activation bounds are those of TFLite: zero point + round(bound / scale). */
static void test_activations(void **state)
{
	static const int32_t expect[][2] = { { -128, 127 }, { 3, 127 }, { 3, 63 }, { -7, 13 } };
	OCTET_OPTS(octet_gemm_opts, o);
	struct octet_tensor *a, *b, *y;

	(void)state;
	open_both();
	a = lt_tensor(ctx[1], NULL, OCTET_INT8, LT_DIMS(2, 1), NULL);
	b = lt_tensor(ctx[1], NULL, OCTET_INT8, LT_DIMS(1, 1), NULL);
	y = lt_tensor(ctx[1], NULL, OCTET_INT8, LT_DIMS(2, 1), NULL);
	octet_tensor_write(a, (int8_t[]){ -128, 127 }, 2);
	octet_tensor_write(b, (int8_t[]){ 127 }, 1);
	octet_tensor_set_quant(y, 0.1f, 3);
	o.stage = OCTET_FIX_DBL;
	for (int i = 0; i < 4; i++) {
		const int8_t *q = octet_tensor_map(y);

		o.activation = (enum octet_activation)i;
		assert_int_equal(octet_gemm(ctx[1], a, b, NULL, y, &o, NULL), 0);
		assert_int_equal(q[0], expect[i][0]);
		assert_int_equal(q[1], expect[i][1]);
	}
	o.has_clamp = true;
	o.clamp_min = -5;
	o.clamp_max = 1000;
	assert_int_equal(octet_gemm(ctx[1], a, b, NULL, y, &o, NULL), 0);
	assert_int_equal(((int8_t *)octet_tensor_map(y))[0], -5);
	assert_int_equal(((int8_t *)octet_tensor_map(y))[1], 13);
	close_both();
}

UNIT_MAIN(unit_case(test_conv2d), unit_case(test_conv1d), unit_case(test_depthwise),
	  unit_case(test_gemm), unit_case(test_naive), unit_case(test_activations))
