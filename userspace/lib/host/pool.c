// SPDX-License-Identifier: MIT
/* AVERAGE_POOL_2D and MAX_POOL_2D of int8, uint8 and int16. */

#include "window.h"

static int setup(const struct octet_graph *g, const struct octet_graph_op *op,
		 struct octet_window *w, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	const struct octet_opt_pool *o = &op->opt.pool;

	OCTET_HOST_NEED(in->type == out->type && in->rank == 4 && out->rank == 4 &&
				in->dims[0] == out->dims[0] && in->dims[3] == out->dims[3],
			-EINVAL, "input and output must have rank 4, one type, batch and depth");
	OCTET_HOST_NEED(in->dims[1] < 1 << 24 && in->dims[2] < 1 << 24 &&
				out->dims[1] < 1 << 24 && out->dims[2] < 1 << 24,
			-EINVAL, "images have at most 2^24 rows and columns");
	*w = (struct octet_window){
		.size = { o->filter_h, o->filter_w }, .stride = { o->stride_h, o->stride_w },
		.dilation = { 1, 1 },
		.in = { (int32_t)in->dims[1], (int32_t)in->dims[2] },
		.out = { (int32_t)out->dims[1], (int32_t)out->dims[2] },
	};
	return octet_window_check(w, o->padding, why);
}

static int check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	struct octet_window w;
	int32_t min, max;
	int ret = setup(g, op, &w, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_is8(in) || octet_host_is16(in), -ENOTSUP,
			"the host has pools of int8, uint8 and int16 only");
	OCTET_HOST_NEED(octet_host_quantized(out), -EINVAL,
			"the output needs one valid scale and zero point");
	OCTET_HOST_NEED(octet_host_activation(op->opt.pool.activation, out, &min, &max), -EINVAL,
			"the activation is unknown or leaves no value");
	return 0;
}

static int64_t average(enum octet_dtype type, int64_t sum, int64_t n)
{
	if (type == OCTET_UINT8 || sum > 0)
		return (sum + n / 2) / n;
	return (sum - n / 2) / n;
}

static int64_t window_value(const struct octet_host_call *c, const struct octet_window *w,
			    uint32_t b, int32_t oy, int32_t ox, uint32_t channel)
{
	octet_tensor_t *in = octet_host_tin(c, 0);
	bool mean = c->op->code == OCTET_G_AVERAGE_POOL_2D;
	int64_t y0 = (int64_t)oy * w->stride[0] - w->pad[0], y1 = y0 + w->size[0];
	int64_t x0 = (int64_t)ox * w->stride[1] - w->pad[1], x1 = x0 + w->size[1];
	int64_t sum = 0, max = INT64_MIN, n = 0;

	y0 = y0 < 0 ? 0 : y0;
	x0 = x0 < 0 ? 0 : x0;
	y1 = y1 > w->in[0] ? w->in[0] : y1;
	x1 = x1 > w->in[1] ? w->in[1] : x1;
	for (int64_t y = y0; y < y1; y++) {
		for (int64_t x = x0; x < x1; x++, n++) {
			size_t at = ((b * (size_t)w->in[0] + (size_t)y) * (size_t)w->in[1] +
				     (size_t)x) * in->dims[3] + channel;
			int64_t v = octet_host_load(in->type, octet_host_in(c, 0), at);

			sum += v;
			max = v > max ? v : max;
		}
	}
	/* SAME and VALID leave no window without a pixel. */
	return mean ? average(in->type, sum, n) : max;
}

static int run(const struct octet_host_call *c)
{
	octet_tensor_t *out = octet_host_tout(c, 0);
	struct octet_window w;
	int32_t min, max;
	const char *why;
	size_t to = 0;

	setup(c->g, c->op, &w, &why);
	octet_host_activation(c->op->opt.pool.activation, out, &min, &max);
	for (uint32_t b = 0; b < out->dims[0]; b++)
		for (int32_t y = 0; y < w.out[0]; y++)
			for (int32_t x = 0; x < w.out[1]; x++)
				for (uint32_t i = 0; i < out->dims[3]; i++, to++)
					octet_host_store(out->type, octet_host_out(c, 0), to,
							 octet_host_clamp(window_value(c, &w, b, y,
										       x, i),
									  min, max));
	return 0;
}

const struct octet_host_kernel octet_host_pool[] = {
	{ OCTET_G_AVERAGE_POOL_2D, 1, 1, 1, check, run, NULL },
	{ OCTET_G_MAX_POOL_2D, 1, 1, 1, check, run, NULL },
	{ 0 },
};
