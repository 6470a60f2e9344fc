// SPDX-License-Identifier: MIT
/*
 * One network, its weights as float32, as float16 behind DEQUANTIZE, and as int8
 * of a hybrid model: the weights are numbers that each type has, so results are
 * the same bits, on every executor and in batches.
 */
#include <math.h>

#include "libtest.h"
#include "models.h"

#define SIDE	9
#define INPUT	(SIDE * SIDE * 3)
#define CLASSES	7

enum kind {
	FLOAT, HALF, HYBRID, HYBRID_CHANNELS, KINDS
};

/* A float16 of a small multiple of 1/64. */
static uint16_t half_of(int q)
{
	uint16_t sign = q < 0 ? 0x8000 : 0;
	int e = 15 - 6, m = abs(q);

	if (!m)
		return 0;
	m <<= 10;
	for (; m >= 2048; m >>= 1)
		e++;
	return (uint16_t)(sign | e << 10 | (m & 1023));
}

/* Codes from -100 to 100, each times 1/64. */
static int weights(struct mb *m, enum kind kind, uint32_t axis, struct mb_shape shape)
{
	static float real[4096], scales[256];
	static uint16_t half[4096];
	static int8_t code[4096];
	uint32_t n = 1;
	int w, y;

	for (uint32_t d = 0; d < shape.rank; d++)
		n *= shape.dims[d];
	assert_true(n <= 4096);
	for (uint32_t i = 0; i < n; i++) {
		code[i] = (int8_t)((int)(mb_random(m) % 201) - 100);
		real[i] = (float)code[i] / 64;
		half[i] = half_of(code[i]);
	}
	for (uint32_t i = 0; i < shape.dims[axis]; i++)
		scales[i] = 1.0f / 64;
	switch (kind) {
	case HALF:
		w = mb_const(m, "half", OCTET_FLOAT16, shape, 0, 0, half);
		y = mb_tensor(m, "w", OCTET_FLOAT32, shape, 0, 0);
		MB_OP(m, OCTET_G_DEQUANTIZE, NULL, MB_LIST(w), MB_LIST(y));
		return y;
	case HYBRID:
		return mb_const(m, "w", OCTET_INT8, shape, 1.0f / 64, 0, code);
	case HYBRID_CHANNELS:
		return mb_const_channel(m, "w", OCTET_INT8, shape, axis, scales, code);
	default:
		return mb_const(m, "w", OCTET_FLOAT32, shape, 0, 0, real);
	}
}

static void build(struct mb *m, enum kind kind)
{
	union octet_graph_options opt = {
		.conv2d = { OCTET_G_SAME, 2, 2, OCTET_G_ACT_RELU, 1, 1, 0 },
	};
	int x = mb_input(m, "x", OCTET_FLOAT32, MB(1, SIDE, SIDE, 3), 0, 0), y, w;

	w = weights(m, kind, 0, MB(20, 3, 3, 3));
	y = mb_tensor(m, "conv", OCTET_FLOAT32, MB(1, 5, 5, 20), 0, 0);
	MB_OP(m, OCTET_G_CONV_2D, &opt, MB_LIST(x, w, -1), MB_LIST(y));
	opt = (union octet_graph_options){
		.depthwise = { OCTET_G_SAME, 1, 1, 1, OCTET_G_ACT_NONE, 1, 1 },
	};
	w = weights(m, kind, 3, MB(1, 3, 3, 20));
	x = mb_tensor(m, "dw", OCTET_FLOAT32, MB(1, 5, 5, 20), 0, 0);
	MB_OP(m, OCTET_G_DEPTHWISE_CONV_2D, &opt, MB_LIST(y, w, -1), MB_LIST(x));
	x = mb_arith(m, OCTET_G_ADD, x, y, OCTET_G_ACT_RELU6, 0, 0);
	x = mb_pool(m, OCTET_G_AVERAGE_POOL_2D, x, &(struct mb_conv){ .kh = 5, .stride = 5 });
	x = mb_reshape(m, x, MB(1, 20));
	w = weights(m, kind, 0, MB(CLASSES, 20));
	y = mb_tensor(m, "fc", OCTET_FLOAT32, MB(1, CLASSES), 0, 0);
	MB_OP(m, OCTET_G_FULLY_CONNECTED, NULL, MB_LIST(x, w, -1), MB_LIST(y));
	mb_output(m, mb_softmax(m, y, 0.25f));
}

static void classify(enum octet_backend backend, enum kind kind, uint32_t batch, const float *x,
		     float *y)
{
	OCTET_OPTS(octet_plan_opts, opts);
	OCTET_OPTS(octet_model_opts, how);
	struct octet_ctx *ctx = lt_open(backend, NULL);
	struct octet_model *model;
	struct octet_plan *plan;
	struct mb *m = mb_new(11);
	char err[256] = "";
	void *bytes;
	size_t size;

	build(m, kind);
	mb_finish(m, &bytes, &size);
	mb_free(m);
	how.errbuf = err;
	how.errbuf_size = sizeof(err);
	if (octet_model_load_memory(&model, bytes, size, &how))
		fail_msg("kind %d: %s", kind, err);
	opts.batch = batch;
	if (octet_plan_new(ctx, model, &opts, &plan) ||
	    octet_plan_run(plan, (const void *const[]){ x }, (void *const[]){ y }))
		fail_msg("kind %d: %s", kind, octet_last_error(ctx));
	octet_plan_free(plan);
	octet_model_free(model);
	free(bytes);
	octet_close(ctx);
}

static void test_kinds(void **state)
{
	float x[2 * INPUT], want[2 * CLASSES], have[2 * CLASSES];
	uint64_t seed = 3;
	float sum = 0;

	(void)state;
	for (int i = 0; i < 2 * INPUT; i++)
		x[i] = (float)lt_below(&seed, 2000) / 1000 - 1;
	classify(OCTET_BACKEND_CPU, FLOAT, 1, x, want);
	classify(OCTET_BACKEND_CPU, FLOAT, 1, x + INPUT, want + CLASSES);
	for (int i = 0; i < CLASSES; i++)
		sum += want[i];
	assert_true(fabsf(sum - 1) < 1e-6f);
	assert_memory_not_equal(want, want + CLASSES, sizeof(want) / 2);
	for (int kind = 0; kind < KINDS; kind++) {
		classify(OCTET_BACKEND_CPU, (enum kind)kind, 2, x, have);
		assert_memory_equal(want, have, sizeof(want));
		classify(OCTET_BACKEND_SIM, (enum kind)kind, 1, x, have);
		assert_memory_equal(want, have, sizeof(want) / 2);
	}
}

UNIT_MAIN(unit_case(test_kinds))
