// SPDX-License-Identifier: MIT
/* Constants become codes: weights symmetric, biases in units of input times weight. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

/* Largest bias in steps: half of what sums hold, the rest is the products'. */
#define BIAS_STEPS 0x1p30
#define BIAS_STEPS_WIDE 0x1p46

/* Channels that training left all but empty: models have no smaller scales. */
#define SCALE_LEAST 0x1p-40f

/* [outer][channels][inner] of a tensor around an axis. */
struct layout {
	size_t outer, channels, inner;
};

static struct layout around(const struct octet_graph_tensor *t, uint32_t axis)
{
	struct layout l = { 1, 1, 1 };

	for (uint32_t i = 0; i < t->rank; i++) {
		if (i < axis)
			l.outer *= t->dims[i];
		else if (i == axis)
			l.channels = t->dims[i];
		else
			l.inner *= t->dims[i];
	}
	return l;
}

static float half_to_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = h >> 10 & 31, frac = h & 1023, bits;
	float v;

	if (!exp) {
		v = ldexpf((float)frac, -24);
		return sign ? -v : v;
	}
	bits = sign | (exp == 31 ? 255u : exp + 112) << 23 | frac << 13;
	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* Codes of a hybrid model's weights, per tensor or per channel. */
static void dequantize(const struct octet_graph_tensor *t, float *out)
{
	struct layout l = around(t, t->quants > 1 ? t->axis : t->rank);
	const int8_t *q = t->data;

	for (uint64_t i = 0; i < t->elements; i++) {
		size_t c = t->quants > 1 ? i / l.inner % l.channels : 0;
		int32_t code = t->type == OCTET_UINT8 ? (uint8_t)q[i] : q[i];

		out[i] = (float)(code - t->zero_point[c]) * t->scale[c];
	}
}

const float *quantize_reals(struct quantizer *z, const struct octet_graph_tensor *t)
{
	float *out;

	if (t->type == OCTET_FLOAT32)
		return t->data;
	out = octet_graph_alloc(z->q, t->elements, sizeof(*out));
	if (!out)
		return NULL;
	if (t->type == OCTET_FLOAT16)
		for (uint64_t i = 0; i < t->elements; i++)
			out[i] = half_to_float(((const uint16_t *)t->data)[i]);
	else
		dequantize(t, out);
	return out;
}

int quantize_finite(const struct quantizer *z, const struct octet_graph_tensor *t, const float *v)
{
	for (uint64_t i = 0; i < t->elements; i++)
		if (!isfinite(v[i]))
			return quantize_fail(z, -EINVAL,
					     "tensor '%s': element %llu is NaN or infinite", t->name,
					     (unsigned long long)i);
	return 0;
}

/*
 * A channel without weights takes the largest scale of the others, so that its
 * bias has steps; one whose bias would leave int32 takes a larger one.
 */
static void mend_scales(float *scale, size_t count, const float *max, const float *bias,
			double bias_step)
{
	float largest = 0;

	for (size_t c = 0; c < count; c++)
		if (max[c] > 0)
			largest = fmaxf(largest, scale[c]);
	for (size_t c = 0; c < count; c++) {
		if (!(max[c] > 0) && largest > 0)
			scale[c] = largest;
		if (bias)
			scale[c] = fmaxf(scale[c], (float)(fabs((double)bias[c]) / bias_step));
		scale[c] = fmaxf(scale[c], SCALE_LEAST);
	}
}

static void magnitudes(const float *v, const struct layout *l, float *max)
{
	for (size_t o = 0; o < l->outer; o++)
		for (size_t c = 0; c < l->channels; c++)
			for (size_t i = 0; i < l->inner; i++)
				max[c] = fmaxf(max[c],
					       fabsf(v[(o * l->channels + c) * l->inner + i]));
}

/* Scales of the weights, mended by the bias where it has as many channels. */
static int scales_of(struct quantizer *z, const struct octet_graph_op *op,
		     const struct quantize_op_rule *rule, const float *v, const struct layout *l,
		     float in_scale, float *scale, int32_t *zero)
{
	const struct octet_graph_tensor *b = octet_graph_input(z->g, op, rule->bias);
	double steps = z->type == OCTET_INT16 ? BIAS_STEPS_WIDE : BIAS_STEPS;
	OCTET_OPTS(octet_quant_opts, q);
	float *max = calloc(l->channels, sizeof(*max));
	bool whole;
	int ret;

	if (!max)
		return -ENOMEM;
	format_weights(z, op, &q, &whole);
	ret = octet_quant_params_channel(&q, v, l->outer, l->channels, l->inner, scale, zero);
	magnitudes(v, l, max);
	if (!ret)
		mend_scales(scale, l->channels, max,
			    b && b->data && b->type == OCTET_FLOAT32 &&
					    b->elements == l->channels ? b->data : NULL,
			    (double)in_scale * steps);
	free(max);
	return ret;
}

int quantize_codes(struct quantizer *z, const struct octet_graph_op *op,
		   const struct quantize_op_rule *rule, float in_scale, struct quantize_codes *c)
{
	const struct octet_graph_tensor *w = octet_graph_input(z->g, op, rule->weights);
	bool whole = z->o.per_tensor || rule->axis >= w->rank;
	struct layout l;
	OCTET_OPTS(octet_quant_opts, q);
	int ret;

	format_weights(z, op, &q, &whole);
	l = around(w, whole ? w->rank : rule->axis);
	if (whole)
		l = (struct layout){ 1, 1, w->elements };
	*c = (struct quantize_codes){ l.outer, l.channels, l.inner, whole, NULL, NULL, NULL, NULL };
	c->scale = octet_graph_alloc(z->q, l.channels, sizeof(*c->scale));
	c->zero = octet_graph_alloc(z->q, l.channels, sizeof(*c->zero));
	c->codes = octet_graph_alloc(z->q, w->elements, 1);
	c->reals = quantize_reals(z, w);
	if (!c->scale || !c->zero || !c->codes || !c->reals)
		return -ENOMEM;
	ret = quantize_finite(z, w, c->reals);
	if (ret)
		return ret;
	ret = scales_of(z, op, rule, c->reals, &l, in_scale, c->scale, c->zero);
	if (!ret)
		ret = octet_quantize_channel(&q, c->scale, c->zero, c->reals, l.outer, l.channels,
					     l.inner, c->codes);
	return !ret || ret == -ENOMEM ? ret : quantize_fail(z, ret, "weights '%s': no scale stands "
							    "for their range", w->name);
}

int quantize_weights(struct quantizer *z, const struct octet_graph_op *op,
		     const struct quantize_op_rule *rule, float in_scale, int32_t *tensor)
{
	const struct octet_graph_tensor *w = octet_graph_input(z->g, op, rule->weights);
	struct quantize_codes c;
	int ret = quantize_codes(z, op, rule, in_scale, &c);

	if (!ret)
		ret = quantize_tensor(z, w, tensor);
	if (ret)
		return ret;
	z->q->tensors[*tensor].data = c.codes;
	return quantize_set(z, *tensor, format_store(z, op, c.codes, w->elements),
			    (uint32_t)c.channels, c.whole ? 0 : rule->axis, c.scale, c.zero);
}

int quantize_bias(struct quantizer *z, const struct octet_graph_op *op,
		  const struct quantize_op_rule *rule, float in_scale, int32_t weights,
		  int32_t *tensor)
{
	const struct octet_graph_tensor *b = octet_graph_input(z->g, op, rule->bias), *w;
	uint32_t quants = z->q->tensors[weights].quants;
	float *scale = octet_graph_alloc(z->q, quants, sizeof(*scale));
	int32_t *zero = octet_graph_alloc(z->q, quants, sizeof(*zero));
	int32_t *codes = octet_graph_alloc(z->q, b->elements, sizeof(*codes));
	const float *v = quantize_reals(z, b);
	int ret;

	if (!scale || !zero || !codes || !v)
		return -ENOMEM;
	w = &z->q->tensors[weights];
	ret = quantize_finite(z, b, v);
	if (!ret && z->type == OCTET_INT16)
		return format_wide_bias(z, b, in_scale, weights, v, tensor);
	if (!ret)
		ret = octet_quantize_bias(in_scale, w->scale, quants > 1, v, b->elements, codes);
	if (ret == -ERANGE)
		return quantize_fail(z, ret, "bias '%s' leaves int32 in steps of %g", b->name,
				     (double)in_scale * (double)w->scale[0]);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < quants; i++)
		scale[i] = in_scale * w->scale[i];
	ret = quantize_tensor(z, b, tensor);
	if (ret)
		return ret;
	z->q->tensors[*tensor].data = codes;
	return quantize_set(z, *tensor, OCTET_INT32, quants, 0, scale, zero);
}

int quantize_constant(struct quantizer *z, int32_t from, int32_t *tensor)
{
	const struct octet_graph_tensor *t = &z->g->tensors[from];
	float *scale = octet_graph_alloc(z->q, 1, sizeof(*scale)), min = 0, max = 0;
	int32_t *zero = octet_graph_alloc(z->q, 1, sizeof(*zero));
	int16_t *codes = octet_graph_alloc(z->q, t->elements, z->type == OCTET_INT16 ? 2 : 1);
	const float *v = quantize_reals(z, t);
	OCTET_OPTS(octet_quant_opts, q);
	int ret;

	if (!scale || !zero || !codes || !v)
		return -ENOMEM;
	ret = quantize_finite(z, t, v);
	for (uint64_t i = 0; i < t->elements && !ret; i++) {
		min = fminf(min, v[i]);
		max = fmaxf(max, v[i]);
	}
	format_activation(z, &q);
	if (!ret)
		ret = octet_quant_params(&q, min, max, scale, zero);
	if (!ret)
		ret = octet_quantize(&q, *scale, *zero, v, t->elements, codes);
	if (!ret)
		ret = quantize_tensor(z, t, tensor);
	if (ret)
		return ret;
	z->q->tensors[*tensor].data = codes;
	return quantize_set(z, *tensor, z->type, 1, 0, scale, zero);
}
