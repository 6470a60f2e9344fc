// SPDX-License-Identifier: MIT
/* Multiplying, adding up, rescaling. */

#include "product.h"

/* The factor from sums to results. */
static double factor(const struct octet_product *p, uint32_t channel)
{
	float s_x = p->in->scale[0], s_y = p->out->scale[0];
	float s_w = p->weights->scale[p->weights->quants > 1 ? channel : 0];
	float product = s_x * s_w;

	if (p->float_scale && p->weights->quants <= 1)
		return (double)product / (double)s_y;
	return (double)s_x * (double)s_w / (double)s_y;
}

static int bias_check(const struct octet_product *p, const char **why)
{
	octet_tensor_t *b = p->bias;
	bool allowed;

	if (!b)
		return 0;
	OCTET_HOST_NEED(b->elements == p->channels, -EINVAL,
			"the bias does not have one value for each output channel");
	allowed = b->type == OCTET_INT32 || (b->type == OCTET_INT64 && octet_host_is16(p->in));
	OCTET_HOST_NEED(allowed, -ENOTSUP, "the bias must be int32 (int16 inputs: or int64)");
	for (uint32_t i = 0; i < b->quants; i++)
		OCTET_HOST_NEED(!b->zero_point[i], -EINVAL, "zero points of biases must be 0");
	return 0;
}

static int weights_check(const struct octet_product *p, uint32_t axis, const char **why)
{
	octet_tensor_t *w = p->weights;
	bool zero = true;

	if (p->in->type == OCTET_UINT8)
		OCTET_HOST_NEED(w->type == OCTET_UINT8, -ENOTSUP,
				"uint8 inputs have uint8 weights only");
	else
		OCTET_HOST_NEED(w->type == OCTET_INT8 || w->type == OCTET_INT16 ||
					(w->type == OCTET_INT4 && p->in->type == OCTET_INT8),
				-ENOTSUP, "the weights must be int8 (int8 inputs: or int4)");
	if (w->type == OCTET_INT16)
		OCTET_HOST_NEED(octet_host_is16(p->in) && p->wide, -ENOTSUP,
				"int16 weights are for BATCH_MATMUL only");
	OCTET_HOST_NEED(w->quants == 1 || (w->quants == p->channels && w->axis == axis &&
					   axis < w->rank && p->in->type != OCTET_UINT8),
			-EINVAL, "the weights need one scale, or one for each output channel");
	for (uint32_t i = 0; i < w->quants; i++) {
		OCTET_HOST_NEED(w->scale[i] > 0 && isfinite(w->scale[i]), -EINVAL,
				"a scale of the weights is not valid");
		zero &= !w->zero_point[i];
	}
	OCTET_HOST_NEED(zero || w->quants == 1, -EINVAL,
			"zero points of weights with a scale per channel must be 0");
	/* Kernels without @float_scale take int8 weights to be symmetric. */
	OCTET_HOST_NEED(zero || p->float_scale, -EINVAL, "zero points of int8 weights must be 0");
	return 0;
}

int octet_product_check(const struct octet_product *p, uint32_t axis, const char **why)
{
	int32_t mult, min, max;
	int shift, ret;

	OCTET_HOST_NEED(p->in->type != OCTET_FLOAT32, -ENOTSUP,
			"float32 (and hybrid) products are not on the host");
	OCTET_HOST_NEED(octet_host_is8(p->in) || octet_host_is16(p->in), -ENOTSUP,
			"the input must be int8, uint8 or int16");
	OCTET_HOST_NEED(p->out->type == p->in->type, -ENOTSUP,
			"input and output differ in type");
	OCTET_HOST_NEED(octet_host_quantized(p->in) && octet_host_quantized(p->out), -EINVAL,
			"input and output need one valid scale and zero point each");
	OCTET_HOST_NEED(!octet_host_is16(p->in) ||
				(!p->in->zero_point[0] && !p->out->zero_point[0]),
			-EINVAL, "zero points of int16 tensors must be 0");
	ret = weights_check(p, axis, why);
	if (!ret)
		ret = bias_check(p, why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_activation(p->activation, p->out, &min, &max), -EINVAL,
			"the activation is unknown or leaves no value");
	for (uint32_t c = 0; c < p->weights->quants; c++) {
		octet_fx_multiplier(factor(p, c), &mult, &shift);
		OCTET_HOST_NEED(shift <= (p->wide ? 7 : 30), -EINVAL,
				"a factor between the scales is too large");
	}
	return 0;
}

size_t octet_product_scratch(const struct octet_product *p)
{
	size_t unpacked = p->weights->type == OCTET_INT4 ? p->weights->elements : 0;

	return p->channels * (sizeof(int32_t) + sizeof(int)) + unpacked;
}

void octet_product_begin(struct octet_product *p, void *scratch)
{
	p->mult = scratch;
	p->shift = (int *)(p->mult + p->channels);
	if (p->weights->type == OCTET_INT4) {
		int8_t *unpacked = (int8_t *)(p->shift + p->channels);

		octet_host_int4(p->w, p->weights->elements, unpacked);
		p->w = unpacked;
	}
	for (uint32_t c = 0; c < p->channels; c++)
		octet_fx_multiplier(factor(p, c), &p->mult[c], &p->shift[c]);
	p->zp_x = p->in->zero_point[0];
	p->zp_w = p->weights->quants == 1 ? p->weights->zero_point[0] : 0;
	p->zp_y = p->out->zero_point[0];
	octet_host_activation(p->activation, p->out, &p->min, &p->max);
}

#define DOT(name, X, W)								\
static int64_t name(const X *x, const W *w, size_t n, int32_t zp_x, int32_t zp_w)	\
{										\
	int64_t sum = 0;							\
										\
	for (size_t i = 0; i < n; i++)						\
		sum += (int64_t)(x[i] - zp_x) * (w[i] - zp_w);			\
	return sum;								\
}

DOT(dot_s8, int8_t, int8_t)
DOT(dot_u8, uint8_t, uint8_t)
DOT(dot_s16, int16_t, int8_t)
DOT(dot_wide, int16_t, int16_t)

int64_t octet_product_dot(const struct octet_product *p, size_t x, size_t w, size_t n)
{
	const uint8_t *w8 = (const uint8_t *)p->w + w;

	if (p->in->type == OCTET_INT8)
		return dot_s8((const int8_t *)p->x + x, (const int8_t *)w8, n, p->zp_x, p->zp_w);
	if (p->in->type == OCTET_UINT8)
		return dot_u8((const uint8_t *)p->x + x, w8, n, p->zp_x, p->zp_w);
	if (p->weights->type == OCTET_INT16)
		return dot_wide((const int16_t *)p->x + x, (const int16_t *)p->w + w, n, p->zp_x,
				p->zp_w);
	return dot_s16((const int16_t *)p->x + x, (const int8_t *)w8, n, p->zp_x, p->zp_w);
}

int64_t octet_product_one(const struct octet_product *p, size_t x, size_t w)
{
	return octet_product_dot(p, x, w, 1);
}

void octet_product_store(const struct octet_product *p, uint32_t channel, size_t to, int64_t sum)
{
	int64_t y;

	if (p->bias)
		sum += octet_host_load(p->bias->type, p->b, channel);
	if (p->wide)
		y = octet_fx_scale64(sum, p->mult[channel], p->shift[channel]);
	else
		y = octet_fx_scale((int32_t)(uint32_t)sum, p->mult[channel], p->shift[channel]);
	octet_host_store(p->out->type, p->y, to, octet_host_clamp(y + p->zp_y, p->min, p->max));
}
