// SPDX-License-Identifier: MIT
/* CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV of types that the machine lacks. */

#include "product.h"
#include "window.h"

#define EXTENT_MAX (1 << 24)

int octet_window_check(struct octet_window *w, int32_t padding, const char **why)
{
	OCTET_HOST_NEED(padding == OCTET_G_SAME || padding == OCTET_G_VALID, -EINVAL,
			"the padding is neither SAME nor VALID");
	for (int d = 0; d < 2; d++) {
		int64_t reach, out, pad;

		OCTET_HOST_NEED(w->stride[d] > 0 && w->dilation[d] > 0 &&
					w->stride[d] < EXTENT_MAX && w->dilation[d] < EXTENT_MAX,
				-EINVAL, "strides and dilations must be positive");
		OCTET_HOST_NEED(w->in[d] < EXTENT_MAX && w->size[d] > 0 && w->size[d] < EXTENT_MAX,
				-EINVAL, "image or window is out of range");
		reach = (int64_t)(w->size[d] - 1) * w->dilation[d] + 1;
		if (padding == OCTET_G_SAME)
			out = (w->in[d] + w->stride[d] - 1) / w->stride[d];
		else
			out = (w->in[d] + w->stride[d] - reach) / w->stride[d];
		OCTET_HOST_NEED(out == w->out[d], -EINVAL,
				"the output's rows or columns are not what the window gives");
		pad = ((out - 1) * w->stride[d] + reach - w->in[d]) / 2;
		w->pad[d] = (int32_t)(pad > 0 ? pad : 0);
	}
	return 0;
}

static void extents(int32_t to[2], octet_tensor_t *t)
{
	to[0] = (int32_t)t->dims[1];
	to[1] = (int32_t)t->dims[2];
}

/* What the three have in common; @in, @weights, @bias: inputs of the operator. */
static int setup(const struct octet_graph *g, const struct octet_graph_op *op,
		 struct octet_product *p, uint32_t in, uint32_t weights, uint32_t bias,
		 const char **why)
{
	memset(p, 0, sizeof(*p));
	p->in = octet_graph_input(g, op, in);
	p->weights = octet_graph_input(g, op, weights);
	p->bias = octet_graph_input(g, op, bias);
	p->out = octet_graph_output(g, op, 0);
	p->float_scale = p->in->type == OCTET_UINT8;
	p->wide = octet_host_is16(p->in) && p->bias && p->bias->type == OCTET_INT64;
	OCTET_HOST_NEED(p->in->rank == 4 && p->weights->rank == 4 && p->out->rank == 4, -EINVAL,
			"input, weights and output must have rank 4");
	OCTET_HOST_NEED(p->in->dims[0] == p->out->dims[0], -EINVAL,
			"input and output differ in batch");
	OCTET_HOST_NEED(p->in->dims[1] < EXTENT_MAX && p->in->dims[2] < EXTENT_MAX &&
				p->out->dims[1] < EXTENT_MAX && p->out->dims[2] < EXTENT_MAX &&
				p->weights->dims[1] < EXTENT_MAX &&
				p->weights->dims[2] < EXTENT_MAX,
			-EINVAL, "images have at most 2^24 rows and columns");
	p->channels = p->out->dims[3];
	return 0;
}

static void contents(const struct octet_host_call *c, struct octet_product *p, uint32_t in,
		     uint32_t weights, uint32_t bias)
{
	p->x = octet_host_in(c, in);
	p->w = octet_host_in(c, weights);
	p->b = octet_host_in(c, bias);
	p->y = octet_host_out(c, 0);
	octet_product_begin(p, c->scratch);
}

static size_t at(octet_tensor_t *t, uint32_t b, int64_t y, int64_t x)
{
	return ((b * (size_t)t->dims[1] + (size_t)y) * t->dims[2] + (size_t)x) * t->dims[3];
}

/* ---- CONV_2D -------------------------------------------------------------------------- */

static int conv_setup(const struct octet_graph *g, const struct octet_graph_op *op,
		      struct octet_product *p, struct octet_window *w, const char **why)
{
	const struct octet_opt_conv2d *o = &op->opt.conv2d;
	int ret = setup(g, op, p, 0, 1, 2, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(p->weights->dims[0] == p->channels, -EINVAL,
			"weights and output differ in their channels");
	OCTET_HOST_NEED(p->in->dims[3] % p->weights->dims[3] == 0 &&
				p->channels % (p->in->dims[3] / p->weights->dims[3]) == 0,
			-EINVAL, "the input's channels do not fit the weights'");
	p->activation = o->activation;
	*w = (struct octet_window){ .stride = { o->stride_h, o->stride_w },
				    .dilation = { o->dilation_h, o->dilation_w } };
	extents(w->size, p->weights);
	extents(w->in, p->in);
	extents(w->out, p->out);
	return octet_window_check(w, o->padding, why);
}

static int conv_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	struct octet_product p;
	struct octet_window w;
	int ret = conv_setup(g, op, &p, &w, why);

	return ret ? ret : octet_product_check(&p, 0, why);
}

static size_t scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	uint32_t first = op->code == OCTET_G_TRANSPOSE_CONV ? 2 : 0;
	struct octet_product p;
	const char *why;

	setup(g, op, &p, first, 1, first ? 3 : 2, &why);
	return octet_product_scratch(&p);
}

/* Products of one tap: kernel row @fy, column @fx on the input pixel @from. */
typedef int64_t tap_fn(const struct octet_product *p, size_t from, uint32_t channel, int32_t fy,
		       int32_t fx);

/* All taps of a result that lie inside the image. */
static int64_t window_sum(const struct octet_product *p, const struct octet_window *w, uint32_t b,
			  int32_t oy, int32_t ox, uint32_t channel, tap_fn *tap)
{
	int64_t sum = 0;

	for (int32_t fy = 0; fy < w->size[0]; fy++) {
		int64_t y = (int64_t)oy * w->stride[0] - w->pad[0] + (int64_t)fy * w->dilation[0];

		if (y < 0 || y >= w->in[0])
			continue;
		for (int32_t fx = 0; fx < w->size[1]; fx++) {
			int64_t x = (int64_t)ox * w->stride[1] - w->pad[1] +
				    (int64_t)fx * w->dilation[1];

			if (x >= 0 && x < w->in[1])
				sum += tap(p, at(p->in, b, y, x), channel, fy, fx);
		}
	}
	return sum;
}

static void every_result(struct octet_product *p, const struct octet_window *w, tap_fn *tap)
{
	size_t to = 0;

	for (uint32_t b = 0; b < p->out->dims[0]; b++)
		for (int32_t y = 0; y < w->out[0]; y++)
			for (int32_t x = 0; x < w->out[1]; x++)
				for (uint32_t o = 0; o < p->channels; o++, to++)
					octet_product_store(p, o, to,
							    window_sum(p, w, b, y, x, o, tap));
}

static int64_t conv_tap(const struct octet_product *p, size_t from, uint32_t channel, int32_t fy,
			int32_t fx)
{
	uint32_t depth = p->weights->dims[3], groups = p->in->dims[3] / depth;
	uint32_t first = channel / (p->channels / groups) * depth;

	return octet_product_dot(p, from + first, at(p->weights, channel, fy, fx), depth);
}

static int conv(const struct octet_host_call *c)
{
	struct octet_product p;
	struct octet_window w;
	const char *why;

	conv_setup(c->g, c->op, &p, &w, &why);
	contents(c, &p, 0, 1, 2);
	every_result(&p, &w, conv_tap);
	return 0;
}

/* ---- DEPTHWISE_CONV_2D ------------------------------------------------------------------ */

static int depthwise_setup(const struct octet_graph *g, const struct octet_graph_op *op,
			   struct octet_product *p, struct octet_window *w, const char **why)
{
	const struct octet_opt_depthwise *o = &op->opt.depthwise;
	int ret = setup(g, op, p, 0, 1, 2, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(p->weights->dims[0] == 1 && p->weights->dims[3] == p->channels &&
				p->channels % p->in->dims[3] == 0,
			-EINVAL, "weights and output differ in their channels");
	/* Its int16 kernel knows one type of sum. */
	p->wide = octet_host_is16(p->in);
	OCTET_HOST_NEED(!p->wide || !p->bias || p->bias->type == OCTET_INT64, -ENOTSUP,
			"DEPTHWISE_CONV_2D of int16 has an int64 bias");
	p->activation = o->activation;
	*w = (struct octet_window){ .stride = { o->stride_h, o->stride_w },
				    .dilation = { o->dilation_h, o->dilation_w } };
	extents(w->size, p->weights);
	extents(w->in, p->in);
	extents(w->out, p->out);
	return octet_window_check(w, o->padding, why);
}

static int depthwise_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	struct octet_product p;
	struct octet_window w;
	int ret = depthwise_setup(g, op, &p, &w, why);

	return ret ? ret : octet_product_check(&p, 3, why);
}

static int64_t depthwise_tap(const struct octet_product *p, size_t from, uint32_t channel,
			     int32_t fy, int32_t fx)
{
	uint32_t input = channel / (p->channels / p->in->dims[3]);

	return octet_product_one(p, from + input, at(p->weights, 0, fy, fx) + channel);
}

static int depthwise(const struct octet_host_call *c)
{
	struct octet_product p;
	struct octet_window w;
	const char *why;

	depthwise_setup(c->g, c->op, &p, &w, &why);
	contents(c, &p, 0, 1, 2);
	every_result(&p, &w, depthwise_tap);
	return 0;
}

/* ---- TRANSPOSE_CONV: shape of the output, weights, input, bias --------------------------- */

static int tconv_setup(const struct octet_graph *g, const struct octet_graph_op *op,
		       struct octet_product *p, struct octet_window *w, const char **why)
{
	const struct octet_opt_tconv *o = &op->opt.tconv;
	int ret = setup(g, op, p, 2, 1, 3, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(p->weights->dims[0] == p->channels &&
				p->weights->dims[3] == p->in->dims[3],
			-EINVAL, "the weights' channels are not those of input and output");
	p->activation = o->activation;
	/* Seen from the output this is a convolution back to the input. */
	*w = (struct octet_window){ .stride = { o->stride_h, o->stride_w },
				    .dilation = { 1, 1 } };
	extents(w->size, p->weights);
	extents(w->in, p->out);
	extents(w->out, p->in);
	return octet_window_check(w, o->padding, why);
}

static int tconv_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	struct octet_product p;
	struct octet_window w;
	int ret = tconv_setup(g, op, &p, &w, why);

	return ret ? ret : octet_product_check(&p, 0, why);
}

static int64_t tconv_sum(const struct octet_product *p, const struct octet_window *w, uint32_t b,
			 int32_t oy, int32_t ox, uint32_t channel)
{
	int64_t sum = 0;

	for (int32_t fy = 0; fy < w->size[0]; fy++) {
		int32_t y = oy + w->pad[0] - fy;

		if (y < 0 || y % w->stride[0] || y / w->stride[0] >= w->out[0])
			continue;
		for (int32_t fx = 0; fx < w->size[1]; fx++) {
			int32_t x = ox + w->pad[1] - fx;

			if (x < 0 || x % w->stride[1] || x / w->stride[1] >= w->out[1])
				continue;
			sum += octet_product_dot(p, at(p->in, b, y / w->stride[0],
						       x / w->stride[1]),
						 at(p->weights, channel, fy, fx), p->in->dims[3]);
		}
	}
	return sum;
}

static int tconv(const struct octet_host_call *c)
{
	struct octet_product p;
	struct octet_window w;
	const char *why;
	size_t to = 0;

	tconv_setup(c->g, c->op, &p, &w, &why);
	contents(c, &p, 2, 1, 3);
	for (uint32_t b = 0; b < p.out->dims[0]; b++)
		for (int32_t y = 0; y < w.in[0]; y++)
			for (int32_t x = 0; x < w.in[1]; x++)
				for (uint32_t o = 0; o < p.channels; o++, to++)
					octet_product_store(&p, o, to,
							    tconv_sum(&p, &w, b, y, x, o));
	return 0;
}

const struct octet_host_kernel octet_host_conv[] = {
	{ OCTET_G_CONV_2D, 2, 3, 1, conv_check, conv, scratch },
	{ OCTET_G_DEPTHWISE_CONV_2D, 2, 3, 1, depthwise_check, depthwise, scratch },
	{ OCTET_G_TRANSPOSE_CONV, 3, 4, 1, tconv_check, tconv, scratch },
	{ 0 },
};
