// SPDX-License-Identifier: MIT
/* The int8 digits network as tensors and one job of a context. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "qnet.h"

static int make_parameters(struct octet_ctx *ctx, const struct digits_qlayer *ql, uint32_t l,
			   struct octet_tensor **w, struct octet_tensor **b)
{
	const struct digits_layer *s = ql->shape;
	const uint32_t ohwi[4] = { s->out_c, s->kernel, s->kernel, s->in_c };
	const uint32_t matrix[2] = { s->out_c, s->in_c };
	bool dense = s->kind == DIGITS_DENSE;
	char name[32];
	int ret;

	ret = octet_tensor_new(ctx, OCTET_INT8, dense ? 2 : 4, dense ? matrix : ohwi, w);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "layer%u/weights", l);
	octet_tensor_set_name(*w, name);
	ret = octet_tensor_set_quant_channel(*w, 0, ql->w_scale, ql->w_zero, s->out_c);
	if (!ret)
		ret = octet_tensor_write(*w, ql->weights, digits_layer_weights(s));
	if (!ret)
		ret = octet_tensor_new(ctx, OCTET_INT32, 1, &s->out_c, b);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "layer%u/bias", l);
	octet_tensor_set_name(*b, name);
	return octet_tensor_write(*b, ql->bias, s->out_c * sizeof(*ql->bias));
}

static int make_activation(struct octet_ctx *ctx, uint32_t rank, const uint32_t *dims,
			   const struct digits_range *r, const char *name,
			   struct octet_tensor **t)
{
	int ret = octet_tensor_new(ctx, OCTET_INT8, rank, dims, t);

	if (ret)
		return ret;
	octet_tensor_set_name(*t, name);
	return octet_tensor_set_quant(*t, r->scale, r->zero_point);
}

/* Fewer bits are fewer codes: the output stage clamps to them. */
static bool narrow(const struct digits_qmodel *q, int32_t *min, int32_t *max)
{
	int32_t half = q->bits ? 1 << (q->bits - 1) : 128;

	*min = -half;
	*max = half - 1;
	return q->bits != 0;
}

/*
 * TFLite's rule rounds twice, first to whole products: nothing at 8 bits, an eighth of a
 * step and more where sums are small. Training rounds once, so its network does, too.
 */
static enum octet_stage_code stage(const struct digits_qmodel *q)
{
	return q->bits ? OCTET_FIX_AWAY : OCTET_FIX_DBL;
}

static int add_conv(struct digits_qnet *net, const struct digits_layer *s, struct octet_tensor *x,
		    struct octet_tensor *w, struct octet_tensor *b, struct octet_tensor *y)
{
	OCTET_OPTS(octet_conv_opts, o);

	o.stage = stage(net->model);
	o.activation = s->relu ? OCTET_ACT_RELU : OCTET_ACT_NONE;
	o.has_clamp = narrow(net->model, &o.clamp_min, &o.clamp_max);
	o.stride_h = o.stride_w = s->stride;
	o.pad_top = o.pad_left = o.pad_bottom = o.pad_right = s->pad;
	return octet_job_conv2d(net->job, x, w, b, y, &o);
}

/* A dense layer sees the activation before it as a matrix, on the same bytes. */
static int add_dense(struct digits_qnet *net, const struct digits_layer *s,
		     struct octet_tensor *x, struct octet_tensor *w, struct octet_tensor *b,
		     struct octet_tensor *y)
{
	const uint32_t dims[2] = { net->batch, s->in_c };
	struct octet_tensor *flat;
	OCTET_OPTS(octet_gemm_opts, o);
	int ret = octet_tensor_view(x, 2, dims, &flat);

	if (ret)
		return ret;
	o.stage = stage(net->model);
	o.activation = s->relu ? OCTET_ACT_RELU : OCTET_ACT_NONE;
	o.has_clamp = narrow(net->model, &o.clamp_min, &o.clamp_max);
	o.transpose_b = true;
	o.const_b = true;
	ret = octet_job_gemm(net->job, flat, w, b, y, &o);
	octet_tensor_free(flat);
	return ret;
}

static int add_layer(struct digits_qnet *net, uint32_t l, struct octet_tensor *x)
{
	const struct digits_qlayer *ql = &net->model->layers[l];
	const struct digits_layer *s = ql->shape;
	const uint32_t nhwc[4] = { net->batch, s->out_h, s->out_w, s->out_c };
	const uint32_t matrix[2] = { net->batch, s->out_c };
	bool dense = s->kind == DIGITS_DENSE;
	struct octet_tensor *w = NULL, *b = NULL;
	char name[32];
	int ret;

	snprintf(name, sizeof(name), "layer%u/output", l);
	ret = make_activation(net->ctx, dense ? 2 : 4, dense ? matrix : nhwc, &ql->out, name,
			      &net->out[l]);
	if (!ret)
		ret = make_parameters(net->ctx, ql, l, &w, &b);
	if (!ret)
		ret = dense ? add_dense(net, s, x, w, b, net->out[l]) :
			      add_conv(net, s, x, w, b, net->out[l]);
	/* The job keeps what it uses. */
	octet_tensor_free(w);
	octet_tensor_free(b);
	return ret;
}

int digits_qnet_new(struct digits_qnet *net, struct octet_ctx *ctx,
		    const struct digits_qmodel *q, uint32_t batch)
{
	const struct digits_layer *first = q->layers[0].shape;
	const uint32_t nhwc[4] = { batch, first->in_h, first->in_w, first->in_c };
	OCTET_OPTS(octet_job_opts, o);
	int ret;

	o.const_weights = true;
	memset(net, 0, sizeof(*net));
	net->ctx = ctx;
	net->model = q;
	net->batch = batch;
	ret = make_activation(ctx, 4, nhwc, &q->in, "input", &net->in);
	if (!ret)
		ret = octet_job_new(ctx, &net->job);
	for (uint32_t l = 0; !ret && l < q->n_layers; l++)
		ret = add_layer(net, l, l ? net->out[l - 1] : net->in);
	if (!ret)
		ret = octet_job_ready(net->job, &o);
	if (ret)
		digits_qnet_free(net);
	return ret;
}

void digits_qnet_free(struct digits_qnet *net)
{
	octet_job_free(net->job);
	for (uint32_t l = 0; l < DIGITS_MAX_LAYERS; l++)
		octet_tensor_free(net->out[l]);
	octet_tensor_free(net->in);
	memset(net, 0, sizeof(*net));
}

int digits_qnet_load(struct digits_qnet *net, const struct digits_data *d, size_t first)
{
	int8_t *in = octet_tensor_map(net->in);
	float pixels[DIGITS_PIXELS];
	OCTET_OPTS(octet_quant_opts, o);
	int ret = 0;

	o.type = OCTET_INT8;
	o.bits = net->model->bits;
	for (uint32_t i = 0; !ret && i < net->batch; i++) {
		digits_data_input(d, first + i, pixels);
		ret = octet_quantize(&o, net->model->in.scale, net->model->in.zero_point, pixels,
				     DIGITS_PIXELS, in + (size_t)i * DIGITS_PIXELS);
	}
	return ret;
}

const int8_t *digits_qnet_output(const struct digits_qnet *net, uint32_t l)
{
	return octet_tensor_map(net->out[l]);
}

size_t digits_qnet_outputs(const struct digits_qnet *net, uint32_t l)
{
	return octet_tensor_bytes(net->out[l]);
}
