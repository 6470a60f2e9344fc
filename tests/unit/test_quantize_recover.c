// SPDX-License-Identifier: MIT
/* What wins accuracy back, each on a network that is made to need it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize_run.h"
#include "unit.h"

#define F	OCTET_FLOAT32
#define RELU	OCTET_G_ACT_RELU
#define NONE	OCTET_G_ACT_NONE

static float *floats(struct mb *m, const char *name)
{
	const struct octet_graph *g = mb_graph(m);

	for (uint32_t i = 0; i < g->tensor_count; i++)
		if (!strcmp(g->tensors[i].name, name))
			return (float *)(uintptr_t)g->tensors[i].data;
	fail_msg("no tensor '%s'", name);
	return NULL;
}

static double sqnr(struct qr *q)
{
	int ret = qr_quantize(q);

	if (ret)
		fail_msg("%d, %s", ret, q->err);
	return qr_sqnr(q);
}

/* From below @bad dB to above @good by what @set switches on. */
static void expect_gain(struct qr *q, void (*set)(struct qr *q), double bad, double good)
{
	double before = sqnr(q), after;

	set(q);
	after = sqnr(q);
	if (before > bad || after < good)
		fail_msg("%.1f dB, then %.1f; expected below %.1f and above %.1f", before, after,
			 bad, good);
}

/* Channel c by 10^(spread * -1..1), the same for both neighbours of a tensor. */
static float uneven(uint32_t c, uint32_t channels, float spread)
{
	return powf(10, spread * (2.0f * (float)(c * 5 % channels) / (float)channels - 1));
}

static int vector(struct mb *m, const char *name, uint32_t channels, float at, float spread)
{
	float *v = malloc(channels * sizeof(*v));
	int t;

	for (uint32_t c = 0; c < channels; c++)
		v[c] = at * uneven(c, channels, spread);
	t = mb_const(m, name, F, MB(channels), 0, 0, v);
	free(v);
	return t;
}

static int batch_norm(struct mb *m, int x, uint32_t channels, float spread)
{
	x = mb_arith(m, OCTET_G_MUL, x, vector(m, "gamma", channels, 1, spread), NONE, 0, 0);
	return mb_arith(m, OCTET_G_ADD, x, vector(m, "beta", channels, 0.1f, 0), NONE, 0, 0);
}

/* ---- Folding ---- */

static void fold_off(struct qr *q)
{
	q->opts.no_fold = true;
}

static void fold_on(struct qr *q)
{
	q->opts.no_fold = false;
}

/* Layers whose channels only batch norm brings to one size; then all three kinds. */
static void test_fold(void **state)
{
	struct qr q;
	int x;

	(void)state;
	qr_new(&q, 5);
	x = mb_input(q.m, "x", F, MB(1, 8, 8, 4), 0, 0);
	x = mb_conv2d(q.m, x, &(struct mb_conv){ .name = "c", .cout = 16, .kh = 3, .no_bias = true });
	for (uint32_t i = 0; i < 16 * 36; i++)
		floats(q.m, "c/w")[i] /= uneven(i / 36, 16, 2);
	x = mb_unary(q.m, OCTET_G_RELU6, batch_norm(q.m, x, 16, 2), 0, 0);
	x = mb_depthwise(q.m, x, &(struct mb_conv){ .name = "d", .cout = 16, .kh = 3 });
	x = mb_unary(q.m, OCTET_G_RELU, batch_norm(q.m, x, 16, 0), 0, 0);
	x = mb_reshape(q.m, x, MB(1, 1024));
	x = mb_fc(q.m, x, &(struct mb_conv){ .name = "f", .cout = 8 });
	x = mb_arith(q.m, OCTET_G_SUB, x, vector(q.m, "s", 8, 0.3f, 1), NONE, 0, 0);
	mb_output(q.m, mb_arith(q.m, OCTET_G_DIV, x, vector(q.m, "d", 8, 3, 0.1f), NONE, 0, 0));
	fold_off(&q);
	assert_int_equal(qr_quantize(&q), -ENOTSUP);
	q.opts.exclude = (const char *[]){ "DIV" };
	q.opts.exclude_count = 1;
	expect_gain(&q, fold_on, 15, 30);
	q.opts.exclude_count = 0;
	assert_true(sqnr(&q) > 30);
	/* QUANTIZE, three layers, RESHAPE, DEQUANTIZE. */
	assert_int_equal(qr_graph(&q)->op_count, 6);
	assert_int_equal(qr_op(&q, OCTET_G_CONV_2D, 0)->opt.conv2d.activation, OCTET_G_ACT_RELU6);
	assert_int_equal(qr_op(&q, OCTET_G_DEPTHWISE_CONV_2D, 0)->opt.depthwise.activation, RELU);
	qr_free(&q);
}

/* Where something else reads what lies between, or an operator is excluded, nothing folds. */
static void test_fold_not(void **state)
{
	for (uint32_t kind = 0; kind < 3; kind++) {
		struct qr q;
		int x, y;

		(void)state;
		qr_new(&q, 5);
		x = mb_input(q.m, "x", F, MB(1, 8, 8, 4), 0, 0);
		x = mb_conv2d(q.m, x, &(struct mb_conv){ .name = "c", .cout = 4, .kh = 3 });
		y = mb_unary(q.m, OCTET_G_RELU, x, 0, 0);
		if (kind == 0)
			mb_output(q.m, x);
		if (kind == 1)
			y = mb_arith(q.m, OCTET_G_ADD, x, y, NONE, 0, 0);
		mb_output(q.m, y);
		q.opts.exclude = (const char *[]){ "RELU" };
		q.opts.exclude_count = kind == 2;
		assert_true(sqnr(&q) > 30);
		assert_int_equal(qr_count(&q, OCTET_G_RELU), 1);
		assert_int_equal(qr_op(&q, OCTET_G_CONV_2D, 0)->opt.conv2d.activation, NONE);
		qr_free(&q);
	}
}

/* ---- Bias correction ---- */

static void bias_on(struct qr *q)
{
	q->opts.correct_bias = true;
}

/*
 * One channel has large weights, the others small ones of one sign that are no whole
 * number of its steps, and inputs are positive: a constant error for each channel.
 */
static void test_bias(void **state)
{
	for (uint32_t kind = 0; kind < 4; kind++) {
		struct qr q;
		int x;

		(void)state;
		qr_new(&q, 5);
		q.low = 0.8f;
		q.opts.per_tensor = true;
		x = mb_input(q.m, "x", F, kind == 2 ? MB(1, 8) : MB(1, 8, 8, 8), 0, 0);
		x = kind == 0 ? mb_conv2d(q.m, x, &(struct mb_conv){
				.name = "c", .cout = 8, .kh = 3, .no_bias = true, .act = RELU,
				.padding = OCTET_G_VALID }) :
		    kind == 1 ? mb_depthwise(q.m, x, &(struct mb_conv){
				.name = "c", .cout = 8, .kh = 3, .padding = OCTET_G_VALID }) :
		    kind == 2 ? mb_fc(q.m, x, &(struct mb_conv){ .name = "c", .cout = 8 }) :
				mb_tconv2d(q.m, x, &(struct mb_conv){
				.name = "c", .cout = 8, .kh = 1, .stride = 1, .no_bias = true });
		mb_output(q.m, x);
		for (uint32_t i = 0; i < mb_graph(q.m)->tensor_count; i++) {
			const struct octet_graph_tensor *t = mb_get(q.m, (int)i);

			for (uint64_t k = 0; !strcmp(t->name, "c/w") && k < t->elements; k++)
				((float *)(uintptr_t)t->data)[k] = k ? 0.0117f : 1;
		}
		expect_gain(&q, bias_on, 28, 38);
		qr_free(&q);
	}
}

/* Codes of uint8 have a zero point. */
static void test_bias_uint8(void **state)
{
	struct qr q;
	float *w;
	int x;

	(void)state;
	qr_new(&q, 5);
	q.low = 0.8f;
	q.opts.activations = OCTET_UINT8;
	x = mb_input(q.m, "x", F, MB(1, 8, 8, 8), 0, 0);
	mb_output(q.m, mb_conv2d(q.m, x, &(struct mb_conv){ .name = "c", .cout = 8, .kh = 3 }));
	w = floats(q.m, "c/w");
	for (uint32_t k = 0; k < 8 * 72; k++)
		w[k] = 0.0105f;
	w[0] = 1;
	w[1] = -0.8f;
	expect_gain(&q, bias_on, 15, 22);
	qr_free(&q);
}

/* ---- Equalization ---- */

static void equalize_on(struct qr *q)
{
	q->opts.equalize = true;
}

static void uneven_pair(struct qr *q, enum octet_graph_act act)
{
	int x = mb_input(q->m, "x", F, MB(1, 8, 8, 4), 0, 0);

	x = mb_conv2d(q->m, x, &(struct mb_conv){ .name = "a", .cout = 16, .kh = 3, .act = act });
	x = mb_depthwise(q->m, x, &(struct mb_conv){ .name = "b", .cout = 16, .kh = 3, .act = act });
	mb_output(q->m, mb_conv2d(q->m, x, &(struct mb_conv){ .name = "c", .cout = 4 }));
	for (uint32_t i = 0; i < 16; i++) {
		for (uint32_t k = 0; k < 36; k++)
			floats(q->m, "a/w")[36 * i + k] *= uneven(i, 16, 1.5f);
		floats(q->m, "a/b")[i] *= uneven(i, 16, 1.5f);
		for (uint32_t k = 0; k < 9; k++)
			floats(q->m, "b/w")[16 * k + i] /= uneven(i, 16, 1.5f);
		for (uint32_t k = 0; k < 4; k++)
			floats(q->m, "c/w")[16 * k + i] /= uneven(i, 16, -1);
		for (uint32_t k = 0; k < 9; k++)
			floats(q->m, "b/w")[16 * k + i] *= uneven(i, 16, -1);
		floats(q->m, "b/b")[i] *= uneven(i, 16, -1);
	}
}

static void test_equalize(void **state)
{
	double plain;
	struct qr q;

	(void)state;
	for (uint32_t act = NONE; act <= RELU; act++) {
		qr_new(&q, 5);
		uneven_pair(&q, act);
		q.opts.per_tensor = true;
		expect_gain(&q, equalize_on, 20, 28);
		qr_free(&q);
	}
	/* RELU6 stops it: the same bytes. */
	qr_new(&q, 5);
	uneven_pair(&q, OCTET_G_ACT_RELU6);
	q.opts.per_tensor = true;
	plain = sqnr(&q);
	equalize_on(&q);
	assert_true(sqnr(&q) == plain);
	qr_free(&q);
}

/* ---- Sensitivity ---- */

static int next(void *opaque, uint64_t index, void *const *inputs)
{
	(void)opaque;
	for (uint32_t i = 0; i < 64; i++)
		((float *)inputs[0])[i] = (float)((index * 64 + i) * 37 % 101) / 50 - 1;
	return index < 8;
}

static void keep_on(struct qr *q)
{
	q->opts.keep_worst = 1;
}

/* The second of three layers has one weight that takes all codes. */
static void test_sensitivity(void **state)
{
	uint32_t ops[8], count = 0;
	double db[8];
	struct qr q;
	int x;

	(void)state;
	qr_new(&q, 5);
	x = mb_input(q.m, "x", F, MB(1, 64), 0, 0);
	x = mb_fc(q.m, x, &(struct mb_conv){ .name = "one", .cout = 32 });
	x = mb_fc(q.m, x, &(struct mb_conv){ .name = "two", .cout = 32, .act = NONE });
	x = mb_unary(q.m, OCTET_G_RELU, x, 0, 0);
	mb_output(q.m, mb_fc(q.m, x, &(struct mb_conv){ .name = "three", .cout = 16 }));
	/* It reads a channel that is always 0. */
	floats(q.m, "two/w")[3] = 40;
	memset(floats(q.m, "one/w") + 3 * 64, 0, 64 * sizeof(float));
	floats(q.m, "one/b")[3] = 0;
	expect_gain(&q, keep_on, 20, 30);
	assert_int_equal(qr_op(&q, OCTET_G_FULLY_CONNECTED, 1)->inputs[1] >= 0, 1);
	assert_int_equal(octet_graph_input(qr_graph(&q), qr_op(&q, OCTET_G_FULLY_CONNECTED, 1),
					   1)->type, F);
	assert_int_equal(octet_quantize_sensitivity(q.real, &q.opts, next, NULL, ops, db, &count),
			 0);
	/* RELU is part of "two". */
	assert_int_equal(count, 3);
	assert_int_equal(ops[0], 1);
	assert_true(db[0] < 20 && db[1] > 30 && db[2] >= db[1]);
	q.opts.no_fold = true;
	assert_int_equal(octet_quantize_sensitivity(q.real, &q.opts, next, NULL, ops, db, &count),
			 0);
	assert_int_equal(count, 4);
	assert_int_equal(ops[0], 1);
	qr_free(&q);
}

/* ---- SmoothQuant ---- */

static void smooth_on(struct qr *q)
{
	q->opts.smooth_alpha = 0.5f;
}

/* The end of a layer norm with two channels that stand out, read by two layers. */
static void test_smooth(void **state)
{
	float gamma[32];
	struct qr q;
	int x, y;

	(void)state;
	for (uint32_t i = 0; i < 32; i++)
		gamma[i] = i % 16 == 3 ? 80 : 1;
	qr_new(&q, 5);
	x = mb_input(q.m, "x", F, MB(1, 6, 32), 0, 0);
	x = mb_unary(q.m, OCTET_G_TANH, x, 0, 0);
	x = mb_arith(q.m, OCTET_G_MUL, x, mb_const(q.m, "g", F, MB(32), 0, 0, gamma), NONE, 0, 0);
	x = mb_arith(q.m, OCTET_G_ADD, x, vector(q.m, "b", 32, 0.1f, 0), NONE, 0, 0);
	y = mb_fc(q.m, x, &(struct mb_conv){ .name = "q", .cout = 16, .keep_num_dims = true });
	x = mb_fc(q.m, x, &(struct mb_conv){ .name = "k", .cout = 16, .keep_num_dims = true });
	for (uint32_t i = 3; i < 16 * 32; i += 16) {
		floats(q.m, "q/w")[i] /= 40;
		floats(q.m, "k/w")[i] /= 40;
	}
	mb_output(q.m, x);
	mb_output(q.m, y);
	expect_gain(&q, smooth_on, 20, 29);
	qr_free(&q);
}

/* ---- AdaRound ---- */

static void adaround_on(struct qr *q)
{
	q->opts.adaround = true;
}

/* Positive inputs that are much alike, and one weight that takes all codes: */
static void rough_layer(struct qr *q, uint32_t kind)
{
	struct mb_conv c = { .name = "c", .cout = 8, .kh = 3, .padding = OCTET_G_SAME };
	int x = mb_input(q->m, "x", F, kind == 2 ? MB(1, 24) : MB(1, 8, 8, kind ? 4 : 6), 0, 0);

	if (!kind)
		c.groups = 2;
	if (kind == 2)
		c.kh = 1;
	x = kind == 0 ? mb_conv2d(q->m, x, &c) : kind == 1 ? mb_depthwise(q->m, x, &c) :
							     mb_fc(q->m, x, &c);
	mb_output(q->m, x);
	floats(q->m, "c/w")[0] = 10;
}

static void test_adaround(void **state)
{
	static const double bad[] = { 31, 37.5, 31 }, good[] = { 34, 38.8, 34 };

	(void)state;
	for (uint32_t kind = 0; kind < 6; kind++) {
		struct qr q;

		qr_new(&q, 5);
		q.low = kind < 3 ? 0.8f : -1;
		q.samples = 64;
		q.opts.per_tensor = true;
		rough_layer(&q, kind % 3);
		if (kind < 3) {
			expect_gain(&q, adaround_on, bad[kind], good[kind]);
		} else {
			/* Nothing to gain from what has no structure, nor to lose. */
			double before = sqnr(&q), after;

			adaround_on(&q);
			after = sqnr(&q);
			if (after < before - 0.5)
				fail_msg("kind %u: %.1f dB, then %.1f", kind, before, after);
		}
		qr_free(&q);
	}
}

/* Weights of four bits, where rounding is most of the error. */
static void test_adaround_int4(void **state)
{
	struct qr q;
	int x;

	(void)state;
	qr_new(&q, 5);
	q.samples = 64;
	q.low = 0;
	q.opts.weights = OCTET_INT4;
	x = mb_input(q.m, "x", F, MB(1, 8, 8, 3), 0, 0);
	x = mb_conv2d(q.m, x, &(struct mb_conv){ .name = "a", .cout = 16, .kh = 3, .act = RELU });
	x = mb_depthwise(q.m, x, &(struct mb_conv){ .name = "b", .cout = 16, .kh = 3, .act = RELU });
	mb_output(q.m, mb_conv2d(q.m, x, &(struct mb_conv){ .name = "c", .cout = 8 }));
	expect_gain(&q, adaround_on, 24.5, 26);
	assert_int_equal(octet_graph_input(qr_graph(&q), qr_op(&q, OCTET_G_CONV_2D, 0), 1)->type,
			 OCTET_INT4);
	qr_free(&q);
}

/* With bias correction the bias takes the mean, and rounding what varies: better than either. */
static void test_both(void **state)
{
	double plain, bias, round, both;
	struct qr q;
	int x;

	(void)state;
	qr_new(&q, 5);
	q.opts.per_tensor = true;
	x = mb_input(q.m, "x", F, MB(1, 8, 8, 3), 0, 0);
	x = mb_conv2d(q.m, x, &(struct mb_conv){ .name = "a", .cout = 32, .act = RELU });
	mb_output(q.m, mb_conv2d(q.m, x, &(struct mb_conv){ .name = "c", .cout = 8, .kh = 3 }));
	floats(q.m, "c/w")[0] = 4;
	plain = sqnr(&q);
	bias_on(&q);
	bias = sqnr(&q);
	adaround_on(&q);
	both = sqnr(&q);
	q.opts.correct_bias = false;
	round = sqnr(&q);
	if (bias < plain + 0.5 || both < bias + 2 || both < round)
		fail_msg("%.1f dB, bias %.1f, rounding %.1f, both %.1f", plain, bias, round, both);
	qr_free(&q);
}

UNIT_MAIN(unit_case(test_fold), unit_case(test_fold_not), unit_case(test_bias), unit_case(test_bias_uint8),
	  unit_case(test_equalize), unit_case(test_sensitivity), unit_case(test_smooth),
	  unit_case(test_adaround), unit_case(test_adaround_int4),
	  unit_case(test_both))
