// SPDX-License-Identifier: MIT
/*
 * TRANSPOSE_CONV: inputs are the shape of the output, weights, input, bias.
 * Each pixel of the input becomes a row of what it adds to its neighbourhood.
 */

#include "layer.h"

/** struct tconv - @l.w is that of a convolution back to the input */
struct tconv {
	struct octet_float_layer l;
	float *y;
};

static int setup(const struct octet_graph *g, const struct octet_graph_op *op, struct tconv *t,
		 const char **why)
{
	const struct octet_opt_tconv *o = &op->opt.tconv;
	struct octet_float_layer *l = &t->l, back;
	int ret;

	memset(t, 0, sizeof(*t));
	l->in = octet_graph_input(g, op, 2);
	l->weights = octet_graph_input(g, op, 1);
	l->bias = octet_graph_input(g, op, 3);
	l->out = octet_graph_output(g, op, 0);
	OCTET_HOST_NEED(l->in->rank == 4 && l->weights->rank == 4 && l->out->rank == 4, -EINVAL,
			"input, weights and output must have rank 4");
	OCTET_HOST_NEED(l->weights->dims[0] == l->out->dims[3] &&
				l->weights->dims[3] == l->in->dims[3],
			-EINVAL, "the weights' channels are not those of input and output");
	ret = octet_float_layer(l, l->out->dims[3], 0, o->activation, why);
	if (ret)
		return ret;
	back = *l;
	back.in = l->out;
	back.out = l->in;
	back.w.stride[0] = o->stride_h;
	back.w.stride[1] = o->stride_w;
	back.w.dilation[0] = back.w.dilation[1] = 1;
	ret = octet_float_window(&back, o->padding, why);
	l->w = back.w;
	OCTET_HOST_NEED(ret || l->weights->elements / l->in->dims[3] <=
					UINT32_MAX / OCTET_FLOAT_PANEL,
			-EINVAL, "the window has too many weights");
	return ret;
}

int octet_float_tconv_check(const struct octet_graph *g, const struct octet_graph_op *op,
			    const char **why)
{
	struct tconv t;

	return setup(g, op, &t, why);
}

/* What one pixel adds to a pixel of the output: every @step-th from @from on. */
static void add(float *restrict to, const float *restrict from, size_t step, uint32_t channels)
{
	for (uint32_t i = 0; i < channels; i++)
		to[i] += from[i * step];
}

static void spread(const struct tconv *t, uint64_t pixel, const float *from)
{
	const struct octet_window *w = &t->l.w;
	uint64_t plane = (uint64_t)w->out[0] * (uint64_t)w->out[1];
	int64_t y = (int64_t)(pixel % plane) / w->out[1] * w->stride[0] - w->pad[0];
	int64_t x = (int64_t)(pixel % plane) % w->out[1] * w->stride[1] - w->pad[1];
	size_t taps = (size_t)w->size[0] * (size_t)w->size[1];
	uint32_t channels = t->l.out->dims[3];
	float *image = t->y + pixel / plane * (t->l.out->elements / t->l.out->dims[0]);

	for (int32_t i = 0; i < w->size[0]; i++) {
		if (y + i < 0 || y + i >= w->in[0])
			continue;
		for (int32_t k = 0; k < w->size[1]; k++) {
			size_t tap = (size_t)i * (size_t)w->size[1] + (size_t)k;

			if (x + k < 0 || x + k >= w->in[1])
				continue;
			add(image + (size_t)((y + i) * w->in[1] + x + k) * channels, from + tap,
			    taps, channels);
		}
	}
}

static void drain(const void *context, uint64_t first, uint32_t count, const float *from)
{
	const struct tconv *t = context;
	size_t row = t->l.weights->elements / t->l.in->dims[3];

	for (uint64_t r = first; r < first + count; r++, from += row)
		spread(t, r, from);
}

static void product(const struct tconv *t, struct octet_float_product *p)
{
	memset(p, 0, sizeof(*p));
	p->depth = t->l.in->dims[3];
	p->rows = t->l.in->elements / p->depth;
	p->cols = (uint32_t)(t->l.weights->elements / p->depth);
	p->x_row = p->depth;
	p->low = -INFINITY;
	p->high = INFINITY;
	p->drain = drain;
	p->context = t;
}

size_t octet_float_tconv_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_float_product p;
	const char *why;
	struct tconv t;

	if (setup(g, op, &t, &why))
		return 0;
	product(&t, &p);
	return octet_float_scratch(&p);
}

int octet_float_tconv(const struct octet_host_call *c)
{
	const float *bias = octet_host_in(c, 3);
	struct octet_float_product p;
	const char *why;
	struct tconv t;

	setup(c->g, c->op, &t, &why);
	t.y = octet_host_out(c, 0);
	memset(t.y, 0, t.l.out->elements * sizeof(*t.y));
	product(&t, &p);
	octet_float_weights_of(&p.w, t.l.weights, octet_host_in(c, 1));
	p.w.row = p.depth;
	p.w.step = 1;
	p.w.per = (uint32_t)(t.l.w.size[0] * t.l.w.size[1]);
	p.x = octet_host_in(c, 2);
	octet_float_run(&p, c->scratch);
	for (uint64_t i = 0; i < t.l.out->elements; i += t.l.out->dims[3])
		octet_float_finish(t.y + i, bias, t.l.out->dims[3], t.l.low, t.l.high);
	return 0;
}
