// SPDX-License-Identifier: MIT
/*
 * The builder's operators with weights. The scale of the weights follows from
 * that of the result, so that values spread over a good part of their type.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models_priv.h"

#define NAME_SIZE	64
#define SCALE		0.0235f
#define CHANNELS_MAX	4096u

/* struct mb_conv with its defaults. */
struct layer {
	struct mb_conv c;
	enum octet_dtype type, btype;
	bool tensor_scale;
};

static uint32_t or_one(uint32_t v, uint32_t otherwise)
{
	return v ? v : otherwise ? otherwise : 1;
}

static struct layer defaults(struct mb *m, int x, const struct mb_conv *given, bool fc)
{
	struct layer l = { .c = *given, .type = mb_get(m, x)->type };
	struct mb_conv *c = &l.c;

	c->name = c->name ? c->name : fc ? "fc" : "conv";
	c->kh = or_one(c->kh, 1);
	c->kw = or_one(c->kw, c->kh);
	c->stride = or_one(c->stride, 1);
	c->stride_w = or_one(c->stride_w, c->stride);
	c->dilation = or_one(c->dilation, 1);
	c->dilation_w = or_one(c->dilation_w, c->dilation);
	c->groups = or_one(c->groups, 1);
	if (!c->wtype)
		c->wtype = l.type == OCTET_UINT8 || l.type == OCTET_FLOAT32 ? l.type : OCTET_INT8;
	if (c->wtype == OCTET_UINT8 && !c->wzero)
		c->wzero = 128 + (int32_t)(mb_random(m) % 21) - 10;
	l.tensor_scale = c->wtype == OCTET_UINT8 || (fc ? !c->per_channel : c->per_tensor);
	l.btype = l.type == OCTET_FLOAT32 ? OCTET_FLOAT32 :
		  l.type == OCTET_INT16 ? OCTET_INT64 : OCTET_INT32;
	return l;
}

/* The result's tensor, with steps that its values are to spread over in @spread. */
static int result(struct mb *m, const struct layer *l, struct mb_shape shape, double *spread)
{
	const struct mb_conv *c = &l->c;
	bool positive = c->act == OCTET_G_ACT_RELU || c->act == OCTET_G_ACT_RELU6;
	float scale = c->scale > 0 ? c->scale : l->type == OCTET_INT16 ? SCALE / 256 : SCALE;
	int32_t zero = c->zero_point;
	int y;

	if (!(c->scale > 0) && l->type == OCTET_INT8)
		zero = positive ? -128 : (int32_t)(mb_random(m) % 31) - 15;
	else if (!(c->scale > 0) && l->type == OCTET_UINT8)
		zero = positive ? 0 : 128 + (int32_t)(mb_random(m) % 31) - 15;
	*spread = l->type == OCTET_FLOAT32 ? 1 : l->type == OCTET_INT16 ? 8192 :
		  positive ? 64 : 32;
	y = mb_tensor(m, c->name, l->type, shape, l->type == OCTET_FLOAT32 ? 0 : scale, zero);
	m->spread[y] = positive ? 0.7 * *spread : *spread;
	return y;
}

/* How far random weights lie from their zero point. */
static double weight_spread(enum octet_dtype type)
{
	return type == OCTET_INT4 ? 4.3 : type == OCTET_FLOAT32 ? 0.577 : 73.5;
}

/* Weights with scales per tensor or per channel of @axis; depth: taps of a sum. */
static int weights(struct mb *m, const struct layer *l, int x, int y, struct mb_shape shape,
		   uint32_t axis, uint32_t depth, double spread)
{
	double sum = sqrt(depth) * m->spread[x] * weight_spread(l->c.wtype);
	uint32_t channels = shape.dims[axis];
	char name[NAME_SIZE];
	float scale[CHANNELS_MAX];
	int w;

	if (channels > CHANNELS_MAX)
		mb_die("%u channels, the builder makes at most %u", channels, CHANNELS_MAX);
	snprintf(name, sizeof(name), "%s/w", l->c.name);
	if (l->type == OCTET_FLOAT32 && l->c.wtype == OCTET_FLOAT32) {
		w = mb_const(m, name, l->c.wtype, shape, 0, 0, NULL);
		for (uint64_t i = 0; i < mb_get(m, w)->elements; i++)
			((float *)mb_get(m, w)->data)[i] *= (float)(spread / sum);
		return w;
	}
	for (uint32_t i = 0; i < channels; i++) {
		double in = mb_get(m, x)->quants ? mb_get(m, x)->scale[0] : 1;
		double out = mb_get(m, y)->quants ? mb_get(m, y)->scale[0] : 1;

		scale[i] = (float)(spread * out / (in * sum) * (0.6 + 0.8 * mb_uniform(m)));
	}
	if (l->tensor_scale)
		return mb_const(m, name, l->c.wtype, shape, scale[0], l->c.wzero, NULL);
	return mb_const_channel(m, name, l->c.wtype, shape, axis, scale, NULL);
}

/* Half as far from zero as the sums that they are added to. */
static int bias(struct mb *m, const struct layer *l, int x, int w, uint32_t channels,
		uint32_t depth)
{
	double sum = sqrt(depth) * m->spread[x] * weight_spread(l->c.wtype);
	int64_t wide[CHANNELS_MAX];
	int32_t narrow[CHANNELS_MAX];
	float real[CHANNELS_MAX], scale[CHANNELS_MAX];
	char name[NAME_SIZE];

	if (l->c.no_bias)
		return -1;
	snprintf(name, sizeof(name), "%s/b", l->c.name);
	for (uint32_t i = 0; i < channels; i++) {
		double u = mb_uniform(m) - 0.5;

		wide[i] = (int64_t)(u * sum);
		narrow[i] = (int32_t)wide[i];
		real[i] = (float)u;
		if (mb_get(m, x)->quants)
			scale[i] = mb_get(m, x)->scale[0] *
				   mb_get(m, w)->scale[l->tensor_scale ? 0 : i];
	}
	if (l->btype == OCTET_FLOAT32)
		return mb_const(m, name, l->btype, MB(channels), 0, 0, real);
	if (l->tensor_scale)
		return mb_const(m, name, l->btype, MB(channels), scale[0], 0,
				l->btype == OCTET_INT64 ? (void *)wide : narrow);
	return mb_const_channel(m, name, l->btype, MB(channels), 0, scale,
				l->btype == OCTET_INT64 ? (void *)wide : narrow);
}

static uint32_t window(uint32_t in, uint32_t k, uint32_t stride, uint32_t dilation,
		       enum octet_graph_padding padding)
{
	uint32_t taps = (k - 1) * dilation + 1;

	if (padding == OCTET_G_SAME)
		return (in + stride - 1) / stride;
	if (taps > in)
		mb_die("a window of %u does not fit into %u", taps, in);
	return (in - taps) / stride + 1;
}

static struct mb_shape nhwc(struct mb *m, int x)
{
	if (mb_get(m, x)->rank != 4)
		mb_die("tensor %d has rank %u, not 4", x, mb_get(m, x)->rank);
	return mb_shape_of(m, x);
}

int mb_conv2d(struct mb *m, int x, const struct mb_conv *given)
{
	struct layer l = defaults(m, x, given, false);
	const struct mb_conv *c = &l.c;
	struct mb_shape s = nhwc(m, x);
	uint32_t cin = s.dims[3] / c->groups, depth = c->kh * c->kw * cin;
	union octet_graph_options opt = { .conv2d = {
		.padding = (int32_t)c->padding, .stride_w = (int32_t)c->stride_w,
		.stride_h = (int32_t)c->stride, .activation = (int32_t)c->act,
		.dilation_w = (int32_t)c->dilation_w, .dilation_h = (int32_t)c->dilation } };
	double spread;
	int w, b, y;

	y = result(m, &l, MB(s.dims[0],
			     window(s.dims[1], c->kh, c->stride, c->dilation, c->padding),
			     window(s.dims[2], c->kw, c->stride_w, c->dilation_w, c->padding),
			     c->cout), &spread);
	w = weights(m, &l, x, y, MB(c->cout, c->kh, c->kw, cin), 0, depth, spread);
	b = bias(m, &l, x, w, c->cout, depth);
	mb_op(m, OCTET_G_CONV_2D, &opt, MB_LIST(x, w, b), MB_LIST(y));
	return y;
}

int mb_depthwise(struct mb *m, int x, const struct mb_conv *given)
{
	struct layer l = defaults(m, x, given, false);
	const struct mb_conv *c = &l.c;
	struct mb_shape s = nhwc(m, x);
	uint32_t cout = or_one(c->cout, s.dims[3]), depth = c->kh * c->kw;
	union octet_graph_options opt = { .depthwise = {
		.padding = (int32_t)c->padding, .stride_w = (int32_t)c->stride_w,
		.stride_h = (int32_t)c->stride, .multiplier = (int32_t)(cout / s.dims[3]),
		.activation = (int32_t)c->act, .dilation_w = (int32_t)c->dilation_w,
		.dilation_h = (int32_t)c->dilation } };
	double spread;
	int w, b, y;

	y = result(m, &l, MB(s.dims[0],
			     window(s.dims[1], c->kh, c->stride, c->dilation, c->padding),
			     window(s.dims[2], c->kw, c->stride_w, c->dilation_w, c->padding),
			     cout), &spread);
	w = weights(m, &l, x, y, MB(1, c->kh, c->kw, cout), 3, depth, spread);
	b = bias(m, &l, x, w, cout, depth);
	mb_op(m, OCTET_G_DEPTHWISE_CONV_2D, &opt, MB_LIST(x, w, b), MB_LIST(y));
	return y;
}

int mb_fc(struct mb *m, int x, const struct mb_conv *given)
{
	struct layer l = defaults(m, x, given, true);
	const struct mb_conv *c = &l.c;
	struct mb_shape s = mb_shape_of(m, x);
	uint32_t depth = s.dims[s.rank - 1];
	union octet_graph_options opt = { .fc = {
		.activation = (int32_t)c->act, .keep_num_dims = c->keep_num_dims } };
	double spread;
	int w, b, y;

	if (c->keep_num_dims)
		s.dims[s.rank - 1] = c->cout;
	else
		s = MB((uint32_t)(mb_get(m, x)->elements / depth), c->cout);
	y = result(m, &l, s, &spread);
	w = weights(m, &l, x, y, MB(c->cout, depth), 0, depth, spread);
	b = bias(m, &l, x, w, c->cout, depth);
	mb_op(m, OCTET_G_FULLY_CONNECTED, &opt, MB_LIST(x, w, b), MB_LIST(y));
	return y;
}

int mb_tconv2d(struct mb *m, int x, const struct mb_conv *given)
{
	struct layer l = defaults(m, x, given, false);
	const struct mb_conv *c = &l.c;
	struct mb_shape s = nhwc(m, x);
	uint32_t extra_h = c->padding == OCTET_G_VALID && c->kh > c->stride ? c->kh - c->stride : 0;
	uint32_t extra_w = c->padding == OCTET_G_VALID && c->kw > c->stride_w ?
			   c->kw - c->stride_w : 0;
	uint32_t h = or_one(c->out_h, s.dims[1] * c->stride + extra_h);
	uint32_t w_out = or_one(c->out_w, s.dims[2] * c->stride_w + extra_w);
	/* Of the taps only those meet a pixel that its stride lets through. */
	uint32_t depth = s.dims[3] * or_one(c->kh / c->stride, 1) * or_one(c->kw / c->stride_w, 1);
	union octet_graph_options opt = { .tconv = {
		.padding = (int32_t)c->padding, .stride_w = (int32_t)c->stride_w,
		.stride_h = (int32_t)c->stride, .activation = (int32_t)c->act } };
	double spread;
	int shape, w, b, y;

	y = result(m, &l, MB(s.dims[0], h, w_out, c->cout), &spread);
	shape = MB_INTS(m, (int32_t)s.dims[0], (int32_t)h, (int32_t)w_out, (int32_t)c->cout);
	w = weights(m, &l, x, y, MB(c->cout, c->kh, c->kw, s.dims[3]), 0, depth, spread);
	b = bias(m, &l, x, w, c->cout, depth);
	if (b < 0)
		mb_op(m, OCTET_G_TRANSPOSE_CONV, &opt, MB_LIST(shape, w, x), MB_LIST(y));
	else
		mb_op(m, OCTET_G_TRANSPOSE_CONV, &opt, MB_LIST(shape, w, x, b), MB_LIST(y));
	return y;
}

int mb_pool(struct mb *m, uint32_t code, int x, const struct mb_conv *given)
{
	struct layer l = defaults(m, x, given, false);
	const struct mb_conv *c = &l.c;
	struct mb_shape s = nhwc(m, x);
	union octet_graph_options opt = { .pool = {
		.padding = (int32_t)c->padding, .stride_w = (int32_t)c->stride_w,
		.stride_h = (int32_t)c->stride, .filter_w = (int32_t)c->kw,
		.filter_h = (int32_t)c->kh, .activation = (int32_t)c->act } };
	int y;

	s.dims[1] = window(s.dims[1], c->kh, c->stride, 1, c->padding);
	s.dims[2] = window(s.dims[2], c->kw, c->stride_w, 1, c->padding);
	y = mb_alike(m, given->name ? given->name : "pool", x, s);
	mb_op(m, code, &opt, MB_LIST(x), MB_LIST(y));
	return y;
}

int mb_matmul(struct mb *m, int a, int b, bool adj_x, bool adj_y, float scale,
	      int32_t zero_point)
{
	union octet_graph_options opt = { .matmul = { .adj_x = adj_x, .adj_y = adj_y } };
	struct mb_shape s = mb_shape_of(m, a), t = mb_shape_of(m, b);
	uint32_t depth = s.dims[s.rank - (adj_x ? 2 : 1)];
	double sum = sqrt(depth) * m->spread[a] * m->spread[b];
	int y;

	s.dims[s.rank - 2] = s.dims[s.rank - (adj_x ? 1 : 2)];
	s.dims[s.rank - 1] = t.dims[t.rank - (adj_y ? 2 : 1)];
	if (!(scale > 0) && !mb_is_float(m, a))
		scale = (float)(mb_get(m, a)->scale[0] * (double)mb_get(m, b)->scale[0] * sum / 32);
	y = mb_tensor(m, "matmul", mb_get(m, a)->type, s, scale, zero_point);
	m->spread[y] = mb_is_float(m, a) ? sum : 32;
	mb_op(m, OCTET_G_BATCH_MATMUL, &opt, MB_LIST(a, b), MB_LIST(y));
	return y;
}
