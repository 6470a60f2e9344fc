// SPDX-License-Identifier: MIT
/* DEPTHWISE_CONV_2D: all channels of a pixel side by side. */

#include "layer.h"

static int setup(const struct octet_graph *g, const struct octet_graph_op *op,
		 struct octet_float_layer *l, const char **why)
{
	const struct octet_opt_depthwise *o = &op->opt.depthwise;
	uint32_t channels;
	int ret;

	memset(l, 0, sizeof(*l));
	l->in = octet_graph_input(g, op, 0);
	l->weights = octet_graph_input(g, op, 1);
	l->bias = octet_graph_input(g, op, 2);
	l->out = octet_graph_output(g, op, 0);
	OCTET_HOST_NEED(l->in->rank == 4 && l->weights->rank == 4 && l->out->rank == 4, -EINVAL,
			"input, weights and output must have rank 4");
	channels = l->out->dims[3];
	OCTET_HOST_NEED(l->weights->dims[0] == 1 && l->weights->dims[3] == channels &&
				channels % l->in->dims[3] == 0,
			-EINVAL, "weights and output differ in their channels");
	ret = octet_float_layer(l, channels, 3, o->activation, why);
	if (ret)
		return ret;
	l->w.stride[0] = o->stride_h;
	l->w.stride[1] = o->stride_w;
	l->w.dilation[0] = o->dilation_h;
	l->w.dilation[1] = o->dilation_w;
	return octet_float_window(l, o->padding, why);
}

int octet_float_depthwise_check(const struct octet_graph *g, const struct octet_graph_op *op,
				const char **why)
{
	struct octet_float_layer l;

	return setup(g, op, &l, why);
}

/* Weights that are not float32 yet. */
size_t octet_float_depthwise_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	octet_tensor_t *w = octet_graph_input(g, op, 1);

	return w->type == OCTET_FLOAT32 ? 0 : w->elements * sizeof(float);
}

/* One tap; @times results from each channel of the input. */
static void add_tap(float *restrict y, const float *restrict x, const float *restrict w,
		    uint32_t channels, uint32_t times)
{
	if (times == 1) {
		for (uint32_t i = 0; i < channels; i++)
			y[i] += x[i] * w[i];
		return;
	}
	for (uint32_t i = 0; i < channels; i += times, x++)
		for (uint32_t k = i; k < i + times; k++)
			y[k] += *x * w[k];
}

static void pixel(const struct octet_float_layer *l, const float *image, const float *weights,
		  int64_t y, int64_t x, float *to)
{
	const struct octet_window *w = &l->w;
	uint32_t depth = l->in->dims[3], channels = l->out->dims[3];

	memset(to, 0, channels * sizeof(*to));
	for (int32_t i = 0; i < w->size[0]; i++) {
		int64_t at_y = y + (int64_t)i * w->dilation[0];

		if (at_y < 0 || at_y >= w->in[0])
			continue;
		for (int32_t k = 0; k < w->size[1]; k++) {
			int64_t at_x = x + (int64_t)k * w->dilation[1];

			if (at_x < 0 || at_x >= w->in[1])
				continue;
			add_tap(to, image + (size_t)(at_y * w->in[1] + at_x) * depth,
				weights + ((size_t)i * (size_t)w->size[1] + (size_t)k) * channels,
				channels, channels / depth);
		}
	}
}

int octet_float_depthwise(const struct octet_host_call *c)
{
	const float *bias = octet_host_in(c, 2), *weights = octet_host_in(c, 1);
	const float *x = octet_host_in(c, 0);
	float *to = octet_host_out(c, 0);
	struct octet_float_weights source;
	struct octet_float_layer l;
	const char *why;

	setup(c->g, c->op, &l, &why);
	if (l.weights->type != OCTET_FLOAT32) {
		octet_float_weights_of(&source, l.weights, weights);
		octet_float_plain(&source, l.weights->elements, c->scratch);
		weights = c->scratch;
	}
	for (uint32_t b = 0; b < l.in->dims[0]; b++, x += l.in->elements / l.in->dims[0]) {
		for (int64_t oy = 0; oy < l.w.out[0]; oy++) {
			for (int64_t ox = 0; ox < l.w.out[1]; ox++, to += l.out->dims[3]) {
				pixel(&l, x, weights, oy * l.w.stride[0] - l.w.pad[0],
				      ox * l.w.stride[1] - l.w.pad[1], to);
				octet_float_finish(to, bias, l.out->dims[3], l.low, l.high);
			}
		}
	}
	return 0;
}
