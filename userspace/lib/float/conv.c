// SPDX-License-Identifier: MIT
/* CONV_2D, with groups and dilation, as products of rows of pixels. */

#include "layer.h"

/** struct conv - @group: that is computed; @groups: @depth input channels each */
struct conv {
	struct octet_float_layer l;
	uint32_t groups, depth, group;
	const float *x;
};

static int setup(const struct octet_graph *g, const struct octet_graph_op *op, struct conv *c,
		 const char **why)
{
	const struct octet_opt_conv2d *o = &op->opt.conv2d;
	struct octet_float_layer *l = &c->l;
	uint32_t channels;
	int ret;

	memset(c, 0, sizeof(*c));
	l->in = octet_graph_input(g, op, 0);
	l->weights = octet_graph_input(g, op, 1);
	l->bias = octet_graph_input(g, op, 2);
	l->out = octet_graph_output(g, op, 0);
	OCTET_HOST_NEED(l->in->rank == 4 && l->weights->rank == 4 && l->out->rank == 4, -EINVAL,
			"input, weights and output must have rank 4");
	channels = l->out->dims[3];
	c->depth = l->weights->dims[3];
	OCTET_HOST_NEED(l->weights->dims[0] == channels, -EINVAL,
			"weights and output differ in their channels");
	OCTET_HOST_NEED(l->in->dims[3] % c->depth == 0, -EINVAL,
			"the input's channels do not fit the weights'");
	c->groups = l->in->dims[3] / c->depth;
	OCTET_HOST_NEED(channels % c->groups == 0, -EINVAL,
			"the output's channels are no multiple of the groups");
	ret = octet_float_layer(l, channels, 0, o->activation, why);
	if (ret)
		return ret;
	l->w.stride[0] = o->stride_h;
	l->w.stride[1] = o->stride_w;
	l->w.dilation[0] = o->dilation_h;
	l->w.dilation[1] = o->dilation_w;
	ret = octet_float_window(l, o->padding, why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(l->weights->elements / channels <= UINT32_MAX / OCTET_FLOAT_PANEL, -EINVAL,
			"the window has too many weights");
	return 0;
}

int octet_float_conv_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	struct conv c;

	return setup(g, op, &c, why);
}

/* One row of the window, the pixels that it meets; the rest is zero. */
static void fill_row(const struct conv *c, const float *image, int64_t y, int64_t x, float *to)
{
	const struct octet_window *w = &c->l.w;
	size_t pixel = c->l.in->dims[3], size = c->depth * sizeof(float);
	const float *row;

	if (y < 0 || y >= w->in[0]) {
		memset(to, 0, (size_t)w->size[1] * size);
		return;
	}
	row = image + (size_t)y * (size_t)w->in[1] * pixel;
	if (x >= 0 && x + w->size[1] <= w->in[1] && w->dilation[1] == 1 && c->groups == 1) {
		memcpy(to, row + (size_t)x * pixel, (size_t)w->size[1] * size);
		return;
	}
	for (int32_t i = 0; i < w->size[1]; i++, x += w->dilation[1], to += c->depth) {
		if (x >= 0 && x < w->in[1])
			memcpy(to, row + (size_t)x * pixel, size);
		else
			memset(to, 0, size);
	}
}

static void fill(const void *context, uint64_t first, uint32_t count, float *to)
{
	const struct conv *c = context;
	const struct octet_window *w = &c->l.w;
	uint64_t plane = (uint64_t)w->out[0] * (uint64_t)w->out[1];
	size_t image = c->l.in->elements / c->l.in->dims[0];

	for (uint64_t r = first; r < first + count; r++) {
		const float *x = c->x + r / plane * image + (size_t)c->group * c->depth;
		int64_t oy = (int64_t)(r % plane) / w->out[1], ox = (int64_t)(r % plane) % w->out[1];

		for (int32_t i = 0; i < w->size[0]; i++, to += (size_t)w->size[1] * c->depth)
			fill_row(c, x, oy * w->stride[0] - w->pad[0] + (int64_t)i * w->dilation[0],
				 ox * w->stride[1] - w->pad[1], to);
	}
}

static void product(const struct conv *c, struct octet_float_product *p)
{
	const struct octet_float_layer *l = &c->l;
	const struct octet_window *w = &l->w;
	uint32_t channels = l->out->dims[3];

	memset(p, 0, sizeof(*p));
	p->rows = l->out->elements / channels;
	p->cols = channels / c->groups;
	p->depth = (uint32_t)(l->weights->elements / channels);
	p->x_row = l->in->dims[3];
	p->y_row = channels;
	p->low = l->low;
	p->high = l->high;
	p->context = c;
	/* Windows of one pixel are rows already. */
	if (w->size[0] != 1 || w->size[1] != 1 || w->stride[0] != 1 || w->stride[1] != 1)
		p->fill = fill;
}

size_t octet_float_conv_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_float_product p;
	const char *why;
	struct conv c;

	if (setup(g, op, &c, &why))
		return 0;
	product(&c, &p);
	return octet_float_scratch(&p);
}

int octet_float_conv(const struct octet_host_call *call)
{
	const float *bias = octet_host_in(call, 2);
	float *y = octet_host_out(call, 0);
	struct octet_float_product p;
	const char *why;
	struct conv c;

	setup(call->g, call->op, &c, &why);
	c.x = octet_host_in(call, 0);
	product(&c, &p);
	octet_float_weights_of(&p.w, c.l.weights, octet_host_in(call, 1));
	p.w.row = p.depth;
	p.w.step = 1;
	for (; c.group < c.groups; c.group++) {
		size_t first = (size_t)c.group * p.cols;

		p.x = c.x + (size_t)c.group * c.depth;
		p.y = y + first;
		p.bias = bias ? bias + first : NULL;
		p.first = first;
		octet_float_run(&p, call->scratch);
	}
	return 0;
}
