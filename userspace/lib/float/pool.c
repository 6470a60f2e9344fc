// SPDX-License-Identifier: MIT
/* AVERAGE_POOL_2D and MAX_POOL_2D. */

#include <float.h>

#include "layer.h"

static int setup(const struct octet_graph *g, const struct octet_graph_op *op,
		 struct octet_float_layer *l, const char **why)
{
	const struct octet_opt_pool *o = &op->opt.pool;

	memset(l, 0, sizeof(*l));
	l->in = octet_graph_input(g, op, 0);
	l->out = octet_graph_output(g, op, 0);
	OCTET_HOST_NEED(l->in->type == OCTET_FLOAT32 && l->out->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(l->in->rank == 4 && l->out->rank == 4 &&
				l->in->dims[3] == l->out->dims[3],
			-EINVAL, "input and output must have rank 4 and one depth");
	OCTET_HOST_NEED(octet_host_activation_float(o->activation, &l->low, &l->high), -EINVAL,
			"unknown activation");
	l->w = (struct octet_window){
		.size = { o->filter_h, o->filter_w }, .stride = { o->stride_h, o->stride_w },
		.dilation = { 1, 1 },
	};
	return octet_float_window(l, o->padding, why);
}

int octet_float_pool_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	struct octet_float_layer l;

	return setup(g, op, &l, why);
}

size_t octet_float_pool_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	(void)g;
	(void)op;
	return 0;
}

static void add(float *restrict to, const float *restrict x, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] += x[i];
}

static void larger(float *restrict to, const float *restrict x, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = to[i] < x[i] ? x[i] : to[i];
}

static void pixel(const struct octet_float_layer *l, bool mean, const float *image, int64_t y,
		  int64_t x, float *to)
{
	const struct octet_window *w = &l->w;
	int64_t y1 = y + w->size[0], x1 = x + w->size[1];
	uint32_t depth = l->in->dims[3];
	uint64_t count = 0;

	y = y < 0 ? 0 : y;
	x = x < 0 ? 0 : x;
	y1 = y1 > w->in[0] ? w->in[0] : y1;
	x1 = x1 > w->in[1] ? w->in[1] : x1;
	for (uint32_t i = 0; i < depth; i++)
		to[i] = mean ? 0 : -FLT_MAX;
	for (; y < y1; y++) {
		for (int64_t at = x; at < x1; at++, count++) {
			const float *from = image + (size_t)(y * w->in[1] + at) * depth;

			if (mean)
				add(to, from, depth);
			else
				larger(to, from, depth);
		}
	}
	/* SAME and VALID leave no window without a pixel. */
	for (uint32_t i = 0; i < depth && mean; i++)
		to[i] /= (float)count;
	octet_float_finish(to, NULL, depth, l->low, l->high);
}

int octet_float_pool(const struct octet_host_call *c)
{
	bool mean = c->op->code == OCTET_G_AVERAGE_POOL_2D;
	const float *x = octet_host_in(c, 0);
	float *to = octet_host_out(c, 0);
	struct octet_float_layer l;
	const char *why;

	setup(c->g, c->op, &l, &why);
	for (uint32_t b = 0; b < l.in->dims[0]; b++, x += l.in->elements / l.in->dims[0])
		for (int64_t oy = 0; oy < l.w.out[0]; oy++)
			for (int64_t ox = 0; ox < l.w.out[1]; ox++, to += l.out->dims[3])
				pixel(&l, mean, x, oy * l.w.stride[0] - l.w.pad[0],
				      ox * l.w.stride[1] - l.w.pad[1], to);
	return 0;
}
