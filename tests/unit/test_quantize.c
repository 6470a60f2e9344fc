// SPDX-License-Identifier: MIT
/* The quantizer as a whole: kinds of networks, the rules of their parameters, what it refuses. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize_run.h"
#include "unit.h"

#define RELU	OCTET_G_ACT_RELU
#define RELU6	OCTET_G_ACT_RELU6
#define F	OCTET_FLOAT32

static void cnn(struct mb *m)
{
	int x = mb_input(m, "image", F, MB(1, 12, 12, 3), 0, 0);

	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "c1", .cout = 8, .kh = 3, .act = RELU });
	x = mb_pool(m, OCTET_G_MAX_POOL_2D, x, &(struct mb_conv){ .kh = 2, .stride = 2 });
	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "c2", .cout = 16, .kh = 3, .stride = 2,
					       .padding = OCTET_G_VALID, .act = RELU });
	x = mb_fc(m, mb_reshape(m, x, MB(1, 64)), &(struct mb_conv){ .name = "fc", .cout = 10 });
	mb_output(m, mb_softmax(m, x, 1));
}

static void mobile(struct mb *m)
{
	int x = mb_input(m, "image", F, MB(1, 16, 16, 3), 0, 0), y;

	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "stem", .cout = 8, .kh = 3, .stride = 2,
					       .act = RELU6 });
	y = mb_conv2d(m, x, &(struct mb_conv){ .name = "expand", .cout = 24, .act = RELU6 });
	y = mb_depthwise(m, y, &(struct mb_conv){ .name = "dw", .kh = 3, .act = RELU6 });
	y = mb_conv2d(m, y, &(struct mb_conv){ .name = "project", .cout = 8 });
	x = mb_arith(m, OCTET_G_ADD, x, y, OCTET_G_ACT_NONE, 0, 0);
	x = mb_depthwise(m, x, &(struct mb_conv){ .name = "dw2", .cout = 16, .kh = 5, .kw = 3,
						  .dilation = 2 });
	x = mb_reduce(m, OCTET_G_MEAN, x, 2, (int32_t[]){ 1, 2 }, false, 0, 0);
	mb_output(m, mb_fc(m, x, &(struct mb_conv){ .name = "classes", .cout = 5 }));
}

static void unet(struct mb *m)
{
	int x = mb_input(m, "image", F, MB(1, 8, 8, 4), 0, 0), d, u;

	d = mb_conv2d(m, x, &(struct mb_conv){ .name = "down", .cout = 8, .kh = 3, .stride = 2 });
	u = mb_tconv2d(m, d, &(struct mb_conv){ .name = "up", .cout = 4, .kh = 3, .stride = 2 });
	x = mb_concat(m, 3, 2, (int[]){ x, u });
	d = mb_resize(m, OCTET_G_RESIZE_BILINEAR, d, 8, 8, false, true);
	x = mb_concat(m, -1, 2, (int[]){ x, d });
	x = mb_unary(m, OCTET_G_LEAKY_RELU, x, 0, 0);
	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "grouped", .cout = 8, .kh = 3, .groups = 2 });
	mb_output(m, mb_unary(m, OCTET_G_LOGISTIC, x, 0, 0));
}

static void attention(struct mb *m)
{
	int x = mb_input(m, "tokens", F, MB(1, 6, 16), 0, 0), q, k, v, y;

	q = mb_fc(m, x, &(struct mb_conv){ .name = "q", .cout = 16, .keep_num_dims = true });
	k = mb_fc(m, x, &(struct mb_conv){ .name = "k", .cout = 16, .keep_num_dims = true });
	v = mb_fc(m, x, &(struct mb_conv){ .name = "v", .cout = 16, .keep_num_dims = true });
	y = mb_softmax(m, mb_matmul(m, q, k, false, true, 0, 0), 1);
	y = mb_matmul(m, y, v, false, false, 0, 0);
	mb_output(m, mb_arith(m, OCTET_G_ADD, x, y, OCTET_G_ACT_NONE, 0, 0));
}

static void autoencoder(struct mb *m)
{
	int x = mb_input(m, "features", F, MB(1, 40), 0, 0);

	x = mb_fc(m, x, &(struct mb_conv){ .name = "e1", .cout = 16, .act = RELU });
	x = mb_fc(m, x, &(struct mb_conv){ .name = "e2", .cout = 8, .act = RELU });
	x = mb_fc(m, x, &(struct mb_conv){ .name = "d1", .cout = 16, .no_bias = true });
	x = mb_unary(m, OCTET_G_TANH, x, 0, 0);
	mb_output(m, mb_fc(m, x, &(struct mb_conv){ .name = "d2", .cout = 40 }));
}

static void made(struct qr *q, void (*build)(struct mb *m))
{
	qr_new(q, 7);
	build(q->m);
}

static void expect_good(struct qr *q, const char *name, double bound)
{
	double db;
	int ret = qr_quantize(q);

	if (ret)
		fail_msg("%s: %d, %s", name, ret, q->err);
	db = qr_sqnr(q);
	if (!(db > bound))
		fail_msg("%s: %.1f dB, not %.1f", name, db, bound);
}

static void all_on(struct qr *q)
{
	q->opts.equalize = q->opts.correct_bias = q->opts.adaround = true;
	q->opts.smooth_alpha = 0.5f;
	q->opts.keep_worst = 1;
}

static void test_kinds(void **state)
{
	static const struct {
		const char *name;
		void (*build)(struct mb *m);
	} nets[] = { { "cnn", cnn }, { "mobile", mobile }, { "unet", unet },
		     { "attention", attention }, { "autoencoder", autoencoder } };

	(void)state;
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		struct qr q;

		made(&q, nets[i].build);
		expect_good(&q, nets[i].name, 27);
		q.opts.activations = OCTET_UINT8;
		/* Only some kernels of TFLite know uint8. */
		if (nets[i].build == cnn)
			expect_good(&q, "uint8", 27);
		q.opts.activations = OCTET_INT8;
		all_on(&q);
		expect_good(&q, nets[i].name, 27);
		qr_free(&q);
	}
}

/* Excluded by type, by name, by pattern: float between QUANTIZE and DEQUANTIZE. */
static void test_exclude(void **state)
{
	static const char *const how[] = { "CONV_2D", "c2", "c[2-9]", "nothing" };

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct qr q;
		uint32_t real = 0;

		made(&q, cnn);
		q.opts.exclude = &how[i];
		q.opts.exclude_count = 1;
		if (i == 3) {
			assert_int_equal(qr_quantize(&q), -EINVAL);
			assert_non_null(strstr(q.err, "nothing"));
			qr_free(&q);
			continue;
		}
		expect_good(&q, how[i], 27);
		for (uint32_t k = 0; k < 2; k++) {
			const struct octet_graph_op *op = qr_op(&q, OCTET_G_CONV_2D, k);

			real += octet_graph_input(qr_graph(&q), op, 1)->type == F;
		}
		assert_int_equal(real, i ? 1 : 2);
		qr_free(&q);
	}
}

static const struct octet_graph_tensor *in(const struct qr *q, const struct octet_graph_op *op,
					   uint32_t i)
{
	return octet_graph_input(qr_graph(q), op, i);
}

static void assert_alike(const struct octet_graph_tensor *a, const struct octet_graph_tensor *b)
{
	assert_true(a->scale[0] == b->scale[0]);
	assert_int_equal(a->zero_point[0], b->zero_point[0]);
}

/* A concatenation, a pool and a reshape have what they read. */
static void test_shared(void **state)
{
	const struct octet_graph_op *op;
	struct qr q;
	int x, y;

	(void)state;
	qr_new(&q, 3);
	x = mb_input(q.m, "x", F, MB(1, 8, 8, 4), 0, 0);
	y = mb_conv2d(q.m, x, &(struct mb_conv){ .name = "c", .cout = 4, .kh = 3, .act = RELU });
	x = mb_concat(q.m, 3, 2, (int[]){ x, y });
	x = mb_pool(q.m, OCTET_G_AVERAGE_POOL_2D, x, &(struct mb_conv){ .kh = 2, .stride = 2 });
	mb_output(q.m, mb_reshape(q.m, x, MB(1, 128)));
	q.opts.real_io = false;
	assert_int_equal(qr_quantize(&q), 0);
	op = qr_op(&q, OCTET_G_CONCATENATION, 0);
	assert_alike(in(&q, op, 0), in(&q, op, 1));
	assert_alike(in(&q, op, 0), octet_graph_output(qr_graph(&q), op, 0));
	op = qr_op(&q, OCTET_G_AVERAGE_POOL_2D, 0);
	assert_alike(in(&q, op, 0), octet_graph_output(qr_graph(&q), op, 0));
	op = qr_op(&q, OCTET_G_RESHAPE, 0);
	assert_alike(in(&q, op, 0), octet_graph_output(qr_graph(&q), op, 0));
	assert_int_equal(qr_count(&q, OCTET_G_QUANTIZE), 0);
	qr_free(&q);
}

static void test_fixed(void **state)
{
	static const struct {
		uint32_t code;
		float scale;
		int32_t zero;
	} want[] = { { OCTET_G_SOFTMAX, 1.0f / 256, -128 }, { OCTET_G_LOGISTIC, 1.0f / 256, -128 },
		     { OCTET_G_TANH, 1.0f / 128, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct octet_graph_tensor *t;
		struct qr q;
		int x;

		qr_new(&q, 3);
		x = mb_input(q.m, "x", F, MB(1, 20), 0, 0);
		mb_output(q.m, want[i].code == OCTET_G_SOFTMAX ? mb_softmax(q.m, x, 1) :
			       mb_unary(q.m, want[i].code, x, 0, 0));
		assert_int_equal(qr_quantize(&q), 0);
		t = octet_graph_output(qr_graph(&q), qr_op(&q, want[i].code, 0), 0);
		assert_true(t->scale[0] == want[i].scale);
		assert_int_equal(t->zero_point[0], want[i].zero);
		qr_free(&q);
	}
}

static void test_real_io(void **state)
{
	struct qr q;

	(void)state;
	made(&q, cnn);
	for (uint32_t real = 0; real < 2; real++) {
		OCTET_OPTS(octet_tensor_info, info);

		q.opts.real_io = real;
		assert_int_equal(qr_quantize(&q), 0);
		octet_model_tensor(q.codes, (uint32_t)octet_model_input(q.codes, 0), &info);
		assert_int_equal(info.type, real ? F : OCTET_INT8);
		octet_model_tensor(q.codes, (uint32_t)octet_model_output(q.codes, 0), &info);
		assert_int_equal(info.type, real ? F : OCTET_INT8);
		assert_int_equal(qr_count(&q, OCTET_G_QUANTIZE), real);
		assert_int_equal(qr_count(&q, OCTET_G_DEQUANTIZE), real);
	}
	qr_free(&q);
}

static float *floats(struct mb *m, const char *name)
{
	const struct octet_graph *g = mb_graph(m);

	for (uint32_t i = 0; i < g->tensor_count; i++)
		if (!strcmp(g->tensors[i].name, name))
			return (float *)(uintptr_t)g->tensors[i].data;
	return NULL;
}

static void test_refused(void **state)
{
	static const char *const where[] = { "c1/w", "c1/b", "fc/w", "fc/b" };
	struct qr q;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		made(&q, cnn);
		floats(q.m, where[i / 2])[3] = i % 2 ? INFINITY : NAN;
		assert_int_equal(qr_quantize(&q), -EINVAL);
		assert_null(q.codes);
		if (!strstr(q.err, where[i / 2]) || !strstr(q.err, "element 3"))
			fail_msg("%s: '%s'", where[i / 2], q.err);
		qr_free(&q);
	}
	made(&q, cnn);
	q.bad = 5;
	assert_int_equal(qr_quantize(&q), -EINVAL);
	assert_non_null(strstr(q.err, "sample 5"));
	q.bad = -1;
	q.samples = 0;
	assert_int_equal(qr_quantize(&q), -EINVAL);
	assert_non_null(strstr(q.err, "no sample"));
	q.samples = 4;
	q.opts.smooth_alpha = NAN;
	assert_int_equal(qr_quantize(&q), -EINVAL);
	assert_non_null(strstr(q.err, "smooth_alpha"));
	qr_free(&q);
}

static int stop(void *opaque, uint64_t done)
{
	return done == *(const uint64_t *)opaque;
}

static void test_cancel(void **state)
{
	uint64_t at = 20;
	struct qr q;

	(void)state;
	made(&q, cnn);
	q.opts.progress = stop;
	q.opts.progress_opaque = &at;
	/* One pass of 16 samples does not reach it, a second does. */
	assert_int_equal(qr_quantize(&q), 0);
	q.opts.correct_bias = true;
	assert_int_equal(qr_quantize(&q), -ECANCELED);
	assert_int_equal(q.asked, 20);
	qr_free(&q);
}

/* A channel without weights, one with a huge bias: neither breaks the others or itself. */
static void test_odd_channels(void **state)
{
	for (uint32_t kind = 0; kind < 2; kind++) {
		const struct octet_graph_tensor *w, *b;
		size_t count = 0;
		float *y, *ref;
		struct qr q;
		int x;

		(void)state;
		qr_new(&q, 9);
		x = mb_input(q.m, "x", F, MB(1, 5, 5, 3), 0, 0);
		mb_output(q.m, mb_conv2d(q.m, x, &(struct mb_conv){ .name = "c", .cout = 4,
								     .kh = 3 }));
		for (uint32_t i = 0; i < 27; i++)
			floats(q.m, "c/w")[27 + i] *= kind ? 1e-9f : 0;
		floats(q.m, "c/b")[1] = kind ? 3 : 0.7f;
		expect_good(&q, kind ? "huge bias" : "no weights", 30);
		w = in(&q, qr_op(&q, OCTET_G_CONV_2D, 0), 1);
		b = in(&q, qr_op(&q, OCTET_G_CONV_2D, 0), 2);
		for (uint32_t c = 0; c < 4; c++)
			assert_true(isnormal(w->scale[c]) && isnormal(b->scale[c]));
		if (!kind)
			assert_true(w->scale[1] == fmaxf(w->scale[0], fmaxf(w->scale[2], w->scale[3])));
		y = qr_run(&q, q.codes, 0, &count);
		ref = qr_run(&q, q.real, 0, &count);
		for (size_t i = 1; i < count; i += 4)
			assert_true(fabsf(y[i] - ref[i]) < 0.05f);
		free(y);
		free(ref);
		qr_free(&q);
	}
}

/* The same twice, with everything switched on. */
static void test_repeatable(void **state)
{
	size_t n, count;
	float *a, *b;
	struct qr q;

	(void)state;
	made(&q, mobile);
	all_on(&q);
	assert_int_equal(qr_quantize(&q), 0);
	a = qr_run(&q, q.codes, 3, &n);
	assert_int_equal(qr_quantize(&q), 0);
	b = qr_run(&q, q.codes, 3, &count);
	assert_int_equal(n, count);
	assert_memory_equal(a, b, n * sizeof(*a));
	free(a);
	free(b);
	qr_free(&q);
}

/* Methods go with every format that has codes, and are refused where nothing has. */
static void test_formats(void **state)
{
	struct qr q;

	(void)state;
	made(&q, cnn);
	all_on(&q);
	q.opts.format = OCTET_FORMAT_INT16X8;
	expect_good(&q, "16x8", 35);
	q.opts.format = OCTET_FORMAT_INT8;
	q.opts.weights = OCTET_INT4;
	expect_good(&q, "int4", 18);
	q.opts.weights = 0;
	q.opts.activations = OCTET_UINT8;
	assert_int_equal(qr_quantize(&q), -EINVAL);
	assert_non_null(strstr(q.err, "adaround"));
	q.opts.adaround = false;
	expect_good(&q, "uint8", 27);
	q.opts.activations = 0;
	q.opts.adaround = true;
	for (uint32_t i = OCTET_FORMAT_DYNAMIC_RANGE; i <= OCTET_FORMAT_FLOAT16; i++) {
		q.opts.format = i;
		assert_int_equal(qr_quantize(&q), -EINVAL);
		assert_non_null(strstr(q.err, "keep_worst"));
	}
	qr_free(&q);
}

/* More than there are: the float network. */
static void test_keep_all(void **state)
{
	struct qr q;

	(void)state;
	made(&q, cnn);
	q.opts.keep_worst = UINT32_MAX;
	expect_good(&q, "all float", 120);
	assert_int_equal(qr_count(&q, OCTET_G_QUANTIZE), 0);
	q.opts.real_io = false;
	assert_int_equal(qr_quantize(&q), 0);
	assert_int_equal(qr_count(&q, OCTET_G_QUANTIZE), 1);
	qr_free(&q);
}

UNIT_MAIN(unit_case(test_kinds), unit_case(test_exclude), unit_case(test_shared),
	  unit_case(test_fixed), unit_case(test_real_io), unit_case(test_refused),
	  unit_case(test_cancel), unit_case(test_odd_channels), unit_case(test_repeatable),
	  unit_case(test_formats), unit_case(test_keep_all))
