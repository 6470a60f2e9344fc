// SPDX-License-Identifier: MIT
/*
 * The flavour "xnnpack" against XNNPACK itself: random convolutions, depthwise
 * convolutions, fully connected layers and additions, int8 and uint8, every bit.
 * Without the library (Debian: libxnnpack-dev) the Makefile does not build it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xnnpack.h>

#include "libtest.h"
#include "models.h"

#define ROUNDS 60

/** struct net - one operator as a model, and as XNNPACK sees it */
struct net {
	struct mb *m;
	const struct octet_graph *g;
	const struct octet_graph_op *op;
	const struct octet_graph_tensor *x, *w, *b, *y;
	uint8_t *in, *in2, *out;
	size_t out_bytes;
};

static void fill(struct mb *m, uint8_t *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)mb_random(m);
}

static void finish(struct net *n)
{
	n->g = mb_graph(n->m);
	n->op = &n->g->ops[0];
	n->x = octet_graph_input(n->g, n->op, 0);
	n->w = octet_graph_input(n->g, n->op, 1);
	n->b = octet_graph_input(n->g, n->op, 2);
	n->y = octet_graph_output(n->g, n->op, 0);
	n->out_bytes = n->y->bytes;
	/* XNNPACK reads a little further than it has to. */
	n->in = calloc(1, n->x->bytes + 64);
	n->in2 = calloc(1, n->x->bytes + 64);
	n->out = calloc(1, n->out_bytes + 64);
	assert_true(n->in && n->in2 && n->out);
	fill(n->m, n->in, n->x->bytes);
	fill(n->m, n->in2, n->x->bytes);
}

static void release(struct net *n)
{
	mb_free(n->m);
	free(n->in);
	free(n->in2);
	free(n->out);
}

/* The same operator by liboctet. */
static void octet(struct octet_ctx *ctx, const struct net *n, uint8_t *out)
{
	OCTET_OPTS(octet_plan_opts, opts);
	const void *inputs[] = { n->in, n->in2 };
	void *outputs[] = { out };
	struct octet_model *model;
	struct octet_plan *plan;
	size_t size;
	void *bytes;

	mb_finish(n->m, &bytes, &size);
	assert_int_equal(octet_model_load_memory(&model, bytes, size, NULL), 0);
	opts.flavour = OCTET_FLAVOUR_XNNPACK;
	if (octet_plan_new(ctx, model, &opts, &plan) || octet_plan_run(plan, inputs, outputs))
		fail_msg("%s", octet_last_error(ctx));
	for (uint32_t i = 0; i < octet_model_ops(model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		octet_plan_op(plan, i, &op);
		assert_true(op.exact);
		assert_int_equal(op.where, OCTET_ON_DEVICE);
	}
	octet_plan_free(plan);
	octet_model_free(model);
	free(bytes);
}

static void compare(struct octet_ctx *ctx, const struct net *n, const char *what)
{
	uint8_t *out = calloc(1, n->out_bytes);

	octet(ctx, n, out);
	for (size_t i = 0; i < n->out_bytes; i++)
		if (out[i] != n->out[i])
			fail_msg("%s: element %zu of %zu is %u, XNNPACK has %u", what, i,
				 n->out_bytes, out[i], n->out[i]);
	free(out);
}

static void run(xnn_operator_t op)
{
	assert_int_equal(xnn_run_operator(op, NULL), xnn_status_success);
	xnn_delete_operator(op);
}

/* TFLite's SAME padding: what is left over goes below and to the right. */
static uint32_t before(uint32_t in, uint32_t out, uint32_t k, int32_t stride, uint32_t *after)
{
	int64_t all = (int64_t)(out - 1) * stride + k - in;

	all = all < 0 ? 0 : all;
	*after = (uint32_t)(all - all / 2);
	return (uint32_t)(all / 2);
}

/* What the calls of the three types have in common. */
struct window {
	uint32_t pt, pl, pb, pr, kh, kw, sh, sw, groups, in_group, out_group, cin, cout, flags;
};

static struct window window_of(const struct net *n)
{
	bool depthwise = n->op->code == OCTET_G_DEPTHWISE_CONV_2D;
	struct window v = {
		.kh = n->w->dims[1], .kw = n->w->dims[2], .cin = n->x->dims[3],
		.cout = n->y->dims[3], .groups = 1,
	};

	v.sh = (uint32_t)(depthwise ? n->op->opt.depthwise.stride_h : n->op->opt.conv2d.stride_h);
	v.sw = (uint32_t)(depthwise ? n->op->opt.depthwise.stride_w : n->op->opt.conv2d.stride_w);
	v.pt = before(n->x->dims[1], n->y->dims[1], v.kh, (int32_t)v.sh, &v.pb);
	v.pl = before(n->x->dims[2], n->y->dims[2], v.kw, (int32_t)v.sw, &v.pr);
	if (depthwise) {
		v.groups = v.cin;
		v.flags = XNN_FLAG_DEPTHWISE_CONVOLUTION;
	}
	v.in_group = v.cin / v.groups;
	v.out_group = v.cout / v.groups;
	return v;
}

static xnn_operator_t make_qc8(const struct net *n, const struct window *v)
{
	xnn_operator_t op = NULL;

	assert_int_equal(xnn_create_convolution2d_nhwc_qc8(
		v->pt, v->pr, v->pb, v->pl, v->kh, v->kw, v->sh, v->sw, 1, 1, v->groups,
		v->in_group, v->out_group, v->cin, v->cout, (int8_t)n->x->zero_point[0],
		n->x->scale[0], n->w->scale, n->w->data, n->b->data, (int8_t)n->y->zero_point[0],
		n->y->scale[0], -128, 127, v->flags, &op), xnn_status_success);
	assert_int_equal(xnn_setup_convolution2d_nhwc_qc8(op, 1, n->x->dims[1], n->x->dims[2],
							  (const int8_t *)n->in, (int8_t *)n->out,
							  NULL), xnn_status_success);
	return op;
}

static xnn_operator_t make_qu8(const struct net *n, const struct window *v)
{
	xnn_operator_t op = NULL;

	assert_int_equal(xnn_create_convolution2d_nhwc_qu8(
		v->pt, v->pr, v->pb, v->pl, v->kh, v->kw, v->sh, v->sw, 1, 1, v->groups,
		v->in_group, v->out_group, v->cin, v->cout, (uint8_t)n->x->zero_point[0],
		n->x->scale[0], (uint8_t)n->w->zero_point[0], n->w->scale[0], n->w->data,
		n->b->data, (uint8_t)n->y->zero_point[0], n->y->scale[0], 0, 255, v->flags, &op),
		xnn_status_success);
	assert_int_equal(xnn_setup_convolution2d_nhwc_qu8(op, 1, n->x->dims[1], n->x->dims[2],
							  n->in, n->out, NULL),
			 xnn_status_success);
	return op;
}

static void conv(struct octet_ctx *ctx, uint64_t seed, enum octet_dtype type, bool depthwise)
{
	struct net n = { .m = mb_new(seed) };
	uint32_t h = 1 + mb_random(n.m) % 13, w = 1 + mb_random(n.m) % 13;
	uint32_t cin = 1 + mb_random(n.m) % 40;
	struct mb_conv c = {
		.cout = depthwise ? cin : 1 + mb_random(n.m) % 50,
		.kh = 1 + mb_random(n.m) % 4, .kw = 1 + mb_random(n.m) % 4,
		.stride = 1 + mb_random(n.m) % 2, .per_tensor = type == OCTET_UINT8,
		.wzero = type == OCTET_UINT8 ? 100 + (int32_t)(mb_random(n.m) % 60) : 0,
	};
	int32_t zero = type == OCTET_UINT8 ? 128 + (int32_t)(mb_random(n.m) % 9) :
					     (int32_t)(mb_random(n.m) % 9) - 4;
	struct window v;
	int x = mb_input(n.m, "x", type, MB(1, h, w, cin), 0.04f, zero);

	mb_output(n.m, depthwise ? mb_depthwise(n.m, x, &c) : mb_conv2d(n.m, x, &c));
	finish(&n);
	v = window_of(&n);
	run(type == OCTET_INT8 ? make_qc8(&n, &v) : make_qu8(&n, &v));
	compare(ctx, &n, depthwise ? "depthwise" : "convolution");
	release(&n);
}

static xnn_operator_t make_fc(const struct net *n)
{
	size_t k = n->w->dims[1], m = n->w->dims[0], rows = n->x->elements / k;
	xnn_operator_t op = NULL;

	if (n->x->type == OCTET_INT8) {
		assert_int_equal(xnn_create_fully_connected_nc_qs8(
			k, m, k, m, (int8_t)n->x->zero_point[0], n->x->scale[0], n->w->scale[0],
			n->w->data, n->b->data, (int8_t)n->y->zero_point[0], n->y->scale[0], -128,
			127, 0, &op), xnn_status_success);
		assert_int_equal(xnn_setup_fully_connected_nc_qs8(
			op, rows, (const int8_t *)n->in, (int8_t *)n->out, NULL),
			xnn_status_success);
		return op;
	}
	assert_int_equal(xnn_create_fully_connected_nc_qu8(
		k, m, k, m, (uint8_t)n->x->zero_point[0], n->x->scale[0],
		(uint8_t)n->w->zero_point[0], n->w->scale[0], n->w->data, n->b->data,
		(uint8_t)n->y->zero_point[0], n->y->scale[0], 0, 255, 0, &op), xnn_status_success);
	assert_int_equal(xnn_setup_fully_connected_nc_qu8(op, rows, n->in, n->out, NULL),
			 xnn_status_success);
	return op;
}

static void fc(struct octet_ctx *ctx, uint64_t seed, enum octet_dtype type)
{
	struct net n = { .m = mb_new(seed) };
	uint32_t rows = 1 + mb_random(n.m) % 5, k = 1 + mb_random(n.m) % 200;
	struct mb_conv c = {
		.cout = 1 + mb_random(n.m) % 90,
		.wzero = type == OCTET_UINT8 ? 120 : 0,
	};

	mb_output(n.m, mb_fc(n.m, mb_input(n.m, "x", type, MB(rows, k), 0.03f,
					   type == OCTET_UINT8 ? 131 : 2), &c));
	finish(&n);
	run(make_fc(&n));
	compare(ctx, &n, "fully connected");
	release(&n);
}

static xnn_operator_t make_add(const struct net *n)
{
	size_t dims[4] = { n->x->dims[0], n->x->dims[1], n->x->dims[2], n->x->dims[3] };
	xnn_operator_t op = NULL;

	if (n->x->type == OCTET_INT8) {
		assert_int_equal(xnn_create_add_nd_qs8(
			(int8_t)n->x->zero_point[0], n->x->scale[0], (int8_t)n->w->zero_point[0],
			n->w->scale[0], (int8_t)n->y->zero_point[0], n->y->scale[0], -128, 127, 0,
			&op), xnn_status_success);
		assert_int_equal(xnn_setup_add_nd_qs8(op, 4, dims, 4, dims, (const int8_t *)n->in,
						      (const int8_t *)n->in2, (int8_t *)n->out,
						      NULL), xnn_status_success);
		return op;
	}
	assert_int_equal(xnn_create_add_nd_qu8(
		(uint8_t)n->x->zero_point[0], n->x->scale[0], (uint8_t)n->w->zero_point[0],
		n->w->scale[0], (uint8_t)n->y->zero_point[0], n->y->scale[0], 0, 255, 0, &op),
		xnn_status_success);
	assert_int_equal(xnn_setup_add_nd_qu8(op, 4, dims, 4, dims, n->in, n->in2, n->out, NULL),
			 xnn_status_success);
	return op;
}

static void add(struct octet_ctx *ctx, uint64_t seed, enum octet_dtype type)
{
	struct net n = { .m = mb_new(seed) };
	float s1 = 0.005f + (float)(mb_random(n.m) % 1000) * 1e-4f;
	float s2 = 0.005f + (float)(mb_random(n.m) % 1000) * 1e-4f;
	float so = 0.01f + (float)(mb_random(n.m) % 1000) * 1e-4f;
	int32_t mid = type == OCTET_UINT8 ? 128 : 0;
	struct mb_shape shape = MB(1, 3, 5, 1 + mb_random(n.m) % 40);
	int a = mb_input(n.m, "a", type, shape, s1, mid + (int32_t)(mb_random(n.m) % 50));
	int b = mb_input(n.m, "b", type, shape, s2, mid - (int32_t)(mb_random(n.m) % 50));

	mb_output(n.m, mb_arith(n.m, OCTET_G_ADD, a, b, OCTET_G_ACT_NONE, so, mid + 3));
	finish(&n);
	run(make_add(&n));
	compare(ctx, &n, "addition");
	release(&n);
}

static struct octet_ctx *contexts[2];

static void rounds(void (*one)(struct octet_ctx *ctx, uint64_t seed, enum octet_dtype type))
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++)
		one(contexts[seed % 2], seed, seed % 4 < 2 ? OCTET_INT8 : OCTET_UINT8);
}

static void dense(struct octet_ctx *ctx, uint64_t seed, enum octet_dtype type)
{
	conv(ctx, seed, type, false);
}

static void depth(struct octet_ctx *ctx, uint64_t seed, enum octet_dtype type)
{
	conv(ctx, seed, type, true);
}

static void test_conv(void **state)
{
	(void)state;
	contexts[0] = lt_open(OCTET_BACKEND_SIM, NULL);
	contexts[1] = lt_open(OCTET_BACKEND_CPU, NULL);
	assert_int_equal(xnn_initialize(NULL), xnn_status_success);
	rounds(dense);
}

static void test_depthwise(void **state)
{
	(void)state;
	rounds(depth);
}

static void test_fc(void **state)
{
	(void)state;
	rounds(fc);
}

static void test_add(void **state)
{
	(void)state;
	rounds(add);
	octet_close(contexts[0]);
	octet_close(contexts[1]);
}

UNIT_MAIN(unit_case(test_conv), unit_case(test_depthwise), unit_case(test_fc), unit_case(test_add))
