// SPDX-License-Identifier: MIT
/* Cases of convolutions, matrix products and pools. */

#include <math.h>
#include <string.h>

#include "test_host_cases.h"

/* Weights of @dims; a scale for each of dims[axis], or one for all. */
static int32_t weights(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims,
		       uint32_t axis, bool per_channel, int32_t zero_point)
{
	int32_t t = one_tensor(o, type, rank, dims, (float)exp(one_real(o, -7, -4)), zero_point);
	float scale[64];

	if (per_channel) {
		for (uint32_t i = 0; i < dims[axis]; i++)
			scale[i] = (float)exp(one_real(o, -7, -4));
		one_channels(o, t, axis, scale, NULL);
	}
	one_fill(o, t);
	one_const(o, t);
	return t;
}

static int32_t bias(struct one *o, enum octet_dtype type, uint32_t n, int32_t in, int32_t w)
{
	int32_t t = one_tensor(o, type, 1, &n, o->t[in].scale[0] * o->t[w].scale[0], 0);

	for (uint32_t i = 0; i < n; i++) {
		int32_t v = (int32_t)one_random(o, 20000) - 10000;

		if (type == OCTET_INT64)
			((int64_t *)o->buffers[t])[i] = (int64_t)v * 100;
		else
			((int32_t *)o->buffers[t])[i] = v;
	}
	if (o->t[w].quants > 1) {
		float scale[64];

		for (uint32_t i = 0; i < n; i++)
			scale[i] = o->t[in].scale[0] * o->t[w].scale[i];
		one_channels(o, t, 0, scale, NULL);
	}
	one_const(o, t);
	return t;
}

static int32_t image(struct one *o, enum octet_dtype type, const uint32_t *dims)
{
	int32_t t = case_quantized(o, type, 4, dims);

	one_fill(o, t);
	return t;
}

/* A scale that keeps most results inside of the type. */
static int32_t result(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims,
		      int32_t in, int32_t w, uint32_t depth)
{
	double step = type == OCTET_INT16 ? 0.1 : 20;
	double scale = (double)o->t[in].scale[0] * (double)o->t[w].scale[0] * step *
		       sqrt((double)depth) * exp(one_real(o, -1, 1));

	if (type == OCTET_INT16)
		scale *= 50;
	return one_tensor(o, type, rank, dims, (float)scale, case_zp(o, type));
}

static uint32_t out_size(uint32_t in, uint32_t size, uint32_t stride, uint32_t dilation,
			 int32_t padding)
{
	uint32_t reach = (size - 1) * dilation + 1;

	return padding == OCTET_G_SAME ? (in + stride - 1) / stride :
					 (in + stride - reach) / stride;
}

/* What varies: the types of input, weights and bias. */
struct kind {
	enum octet_dtype in, w, b;
	bool per_channel;
};

static struct kind pick_kind(struct one *o, bool depthwise)
{
	static const struct kind kinds[] = {
		{ OCTET_INT8, OCTET_INT8, OCTET_INT32, true },
		{ OCTET_INT8, OCTET_INT8, OCTET_INT32, false },
		{ OCTET_UINT8, OCTET_UINT8, OCTET_INT32, false },
		{ OCTET_INT8, OCTET_INT4, OCTET_INT32, true },
		{ OCTET_INT16, OCTET_INT8, OCTET_INT64, true },
		{ OCTET_INT16, OCTET_INT8, OCTET_INT32, true },
	};

	return kinds[one_random(o, depthwise ? 5 : 6)];
}

/* Sizes of window, strides, dilations; an image that has room for them. */
static void window(struct one *o, uint32_t *filter, uint32_t *dims, int32_t *padding,
		   uint32_t stride[2], uint32_t dilation[2], uint32_t out[4])
{
	*padding = (int32_t)one_random(o, 2);
	dims[0] = 1 + one_random(o, 2);
	for (uint32_t d = 0; d < 2; d++) {
		filter[1 + d] = 1 + one_random(o, 4);
		dilation[d] = one_random(o, 3) ? 1 : 2;
		stride[d] = 1 + one_random(o, 3);
		dims[1 + d] = (filter[1 + d] - 1) * dilation[d] + 1 + one_random(o, 6);
		if (stride[d] > 1 && dilation[d] > 1)
			stride[d] = 1;
		out[1 + d] = out_size(dims[1 + d], filter[1 + d], stride[d], dilation[d], *padding);
	}
	out[0] = dims[0];
}

static void conv(struct one *o)
{
	struct kind k = pick_kind(o, false);
	struct octet_opt_conv2d *p = &o->op.opt.conv2d;
	uint32_t filter[4], dims[4], out[4], stride[2], dilation[2], groups;
	int32_t in, w, zp = k.in == OCTET_UINT8 ? (int32_t)one_random(o, 256) : 0;

	groups = 1;
	if (k.in == OCTET_INT8 && k.w == OCTET_INT8 && !one_random(o, 3))
		groups = 2;
	window(o, filter, dims, &p->padding, stride, dilation, out);
	p->stride_h = (int32_t)stride[0];
	p->stride_w = (int32_t)stride[1];
	p->dilation_h = (int32_t)dilation[0];
	p->dilation_w = (int32_t)dilation[1];
	p->activation = (int32_t)one_random(o, 4);
	filter[3] = 1 + one_random(o, 5);
	dims[3] = filter[3] * groups;
	filter[0] = groups * (1 + one_random(o, 5));
	out[3] = filter[0];
	in = image(o, k.in, dims);
	w = weights(o, k.w, 4, filter, 0, k.per_channel, zp);
	one_input(o, in);
	one_input(o, w);
	one_input(o, bias(o, k.b, out[3], in, w));
	one_output(o, result(o, k.in, 4, out, in, w, filter[1] * filter[2] * filter[3]));
}

static void depthwise(struct one *o)
{
	struct kind k = pick_kind(o, true);
	struct octet_opt_depthwise *p = &o->op.opt.depthwise;
	uint32_t filter[4], dims[4], out[4], stride[2], dilation[2];
	int32_t in, w, zp = k.in == OCTET_UINT8 ? (int32_t)one_random(o, 256) : 0;

	window(o, filter, dims, &p->padding, stride, dilation, out);
	p->stride_h = (int32_t)stride[0];
	p->stride_w = (int32_t)stride[1];
	p->dilation_h = (int32_t)dilation[0];
	p->dilation_w = (int32_t)dilation[1];
	p->activation = (int32_t)one_random(o, 4);
	p->multiplier = 1 + (int32_t)one_random(o, 3);
	dims[3] = 1 + one_random(o, 5);
	filter[0] = 1;
	filter[3] = out[3] = dims[3] * (uint32_t)p->multiplier;
	in = image(o, k.in, dims);
	w = weights(o, k.w, 4, filter, 3, k.per_channel && filter[3] > 1, zp);
	one_input(o, in);
	one_input(o, w);
	one_input(o, bias(o, k.b, out[3], in, w));
	one_output(o, result(o, k.in, 4, out, in, w, filter[1] * filter[2]));
}

static void tconv(struct one *o)
{
	struct kind k = pick_kind(o, false);
	struct octet_opt_tconv *p = &o->op.opt.tconv;
	uint32_t filter[4], dims[4], out[4], stride[2], dilation[2];
	int32_t in, w, shape[4], zp = k.in == OCTET_UINT8 ? (int32_t)one_random(o, 256) : 0;

	if (k.w == OCTET_INT4)
		k.w = OCTET_INT8;
	do {
		window(o, filter, out, &p->padding, stride, dilation, dims);
	} while (dilation[0] > 1 || dilation[1] > 1);
	p->stride_h = (int32_t)stride[0];
	p->stride_w = (int32_t)stride[1];
	p->activation = (int32_t)one_random(o, 4);
	filter[0] = out[3] = 2 + one_random(o, 4);
	filter[3] = dims[3] = 1 + one_random(o, 5);
	for (uint32_t d = 0; d < 4; d++)
		shape[d] = (int32_t)out[d];
	in = image(o, k.in, dims);
	w = weights(o, k.w, 4, filter, 0, k.per_channel, zp);
	one_input(o, one_ints(o, 4, shape));
	one_input(o, w);
	one_input(o, in);
	o->op.version = 3;
	if (one_random(o, 2))
		one_input(o, bias(o, k.b, out[3], in, w));
	one_output(o, result(o, k.in, 4, out, in, w, filter[1] * filter[2] * filter[3]));
}

static void fc(struct one *o)
{
	static const struct kind kinds[] = {
		{ OCTET_INT8, OCTET_INT8, OCTET_INT32, false },
		{ OCTET_UINT8, OCTET_UINT8, OCTET_INT32, false },
		{ OCTET_INT8, OCTET_INT4, OCTET_INT32, false },
		{ OCTET_INT16, OCTET_INT8, OCTET_INT64, false },
		{ OCTET_INT16, OCTET_INT8, OCTET_INT32, false },
		{ OCTET_INT8, OCTET_INT8, OCTET_INT32, true },
		{ OCTET_INT16, OCTET_INT8, OCTET_INT64, true },
	};
	struct kind k = kinds[one_random(o, 7)];
	uint32_t dims[2], shape[2], out[2];
	int32_t in, w, zp = 0;

	dims[0] = 1 + one_random(o, 4);
	dims[1] = 1 + one_random(o, 60);
	shape[0] = 2 + one_random(o, 10);
	shape[1] = dims[1];
	out[0] = dims[0];
	out[1] = shape[0];
	if (k.in != OCTET_INT16 && !k.per_channel && k.w != OCTET_INT4)
		zp = k.in == OCTET_UINT8 ? (int32_t)one_random(o, 256) :
					   (int32_t)one_random(o, 40) - 20;
	o->op.opt.fc.activation = (int32_t)one_random(o, 4);
	in = case_quantized(o, k.in, 2, dims);
	one_fill(o, in);
	w = weights(o, k.w, 2, shape, 0, k.per_channel, zp);
	one_input(o, in);
	one_input(o, w);
	if (one_random(o, 3))
		one_input(o, bias(o, k.b, out[1], in, w));
	else
		one_input(o, -1);
	one_output(o, result(o, k.in, 2, out, in, w, dims[1]));
}

static void matmul_types(struct one *o, enum octet_dtype type)
{
	uint32_t rank = 2 + one_random(o, 3), a[8], b[8], y[8], m, n, k;
	bool adj_x = false;
	int32_t x, w;

	m = 1 + one_random(o, 6);
	n = 1 + one_random(o, 6);
	k = 1 + one_random(o, 20);
	for (uint32_t d = 0; d + 2 < rank; d++) {
		y[d] = a[d] = b[d] = 1 + one_random(o, 3);
		if (!one_random(o, 4))
			a[d] = 1;
		else if (!one_random(o, 4))
			b[d] = 1;
		/* With adj_x TFLite folds what is broadcast on the right wrongly. */
		adj_x |= b[d] != y[d] || b[d] == 1;
	}
	o->op.opt.matmul.adj_x = adj_x ? 0 : (int32_t)one_random(o, 2);
	o->op.opt.matmul.adj_y = (int32_t)one_random(o, 2);
	a[rank - 2] = o->op.opt.matmul.adj_x ? k : m;
	a[rank - 1] = o->op.opt.matmul.adj_x ? m : k;
	b[rank - 2] = o->op.opt.matmul.adj_y ? n : k;
	b[rank - 1] = o->op.opt.matmul.adj_y ? k : n;
	y[rank - 2] = m;
	y[rank - 1] = n;
	x = case_quantized(o, type, rank, a);
	w = case_quantized(o, type, rank, b);
	one_fill(o, x);
	one_fill(o, w);
	one_input(o, x);
	one_input(o, w);
	if (type == OCTET_FLOAT32) {
		one_output(o, one_tensor(o, type, rank, y, 0, 0));
		return;
	}
	one_output(o, result(o, type, rank, y, x, w, k));
	/* Two factors of 16 bits. */
	if (type == OCTET_INT16)
		*(float *)(uintptr_t)o->t[o->out[0]].scale *= 256;
}

static void matmul(struct one *o)
{
	matmul_types(o, one_random(o, 2) ? OCTET_INT8 : OCTET_INT16);
}

static void matmul_real(struct one *o)
{
	matmul_types(o, OCTET_FLOAT32);
}

static void pool(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	enum octet_dtype type = case_pick(o, 3, types);
	struct octet_opt_pool *p = &o->op.opt.pool;
	uint32_t filter[4], dims[4], out[4], stride[2], dilation[2];
	int32_t in, to;

	do {
		window(o, filter, dims, &p->padding, stride, dilation, out);
	} while (dilation[0] > 1 || dilation[1] > 1);
	p->stride_h = (int32_t)stride[0];
	p->stride_w = (int32_t)stride[1];
	p->filter_h = (int32_t)filter[1];
	p->filter_w = (int32_t)filter[2];
	p->activation = (int32_t)one_random(o, 4);
	dims[3] = out[3] = 1 + one_random(o, 6);
	in = image(o, type, dims);
	one_input(o, in);
	to = case_quantized(o, type, 4, out);
	*(float *)(uintptr_t)o->t[to].scale = o->t[in].scale[0];
	*(int32_t *)(uintptr_t)o->t[to].zero_point = o->t[in].zero_point[0];
	one_output(o, to);
}

const struct host_group host_groups_heavy[] = {
	{ "CONV_2D", OCTET_G_CONV_2D, conv },
	{ "DEPTHWISE_CONV_2D", OCTET_G_DEPTHWISE_CONV_2D, depthwise },
	{ "TRANSPOSE_CONV", OCTET_G_TRANSPOSE_CONV, tconv },
	{ "FULLY_CONNECTED", OCTET_G_FULLY_CONNECTED, fc },
	{ "BATCH_MATMUL", OCTET_G_BATCH_MATMUL, matmul },
	{ "BATCH_MATMUL/float", OCTET_G_BATCH_MATMUL, matmul_real },
	{ "AVERAGE_POOL_2D", OCTET_G_AVERAGE_POOL_2D, pool },
	{ "MAX_POOL_2D", OCTET_G_MAX_POOL_2D, pool },
	{ 0 },
};
