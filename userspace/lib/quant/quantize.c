// SPDX-License-Identifier: MIT
/* Real values to codes and back. */

#include <math.h>

#include "quant.h"

bool octet_params_ok(const struct octet_codes *codes, float scale, int32_t zero_point)
{
	int32_t lowest = codes->opts.type == OCTET_UINT8 ? 0 : -128, highest = lowest + 255;

	if (codes->opts.type == OCTET_INT16) {
		lowest = INT16_MIN;
		highest = INT16_MAX;
	}
	if (!(scale > 0) || !isfinite(scale) || zero_point < lowest || zero_point > highest)
		return false;
	/* The reciprocal of a tiny scale is infinite, and 0 * inf is no value. */
	return codes->opts.scaling != OCTET_RECIPROCAL || isfinite(1 / scale);
}

double octet_code_of(const struct octet_codes *codes, float scale, int32_t zero_point, float x,
		     uint64_t index)
{
	const struct octet_quant_opts *o = &codes->opts;
	double zero = zero_point;
	float steps;

	if (o->noise > 0)
		x = (float)((double)x + (double)o->noise * (double)scale *
						octet_normal(o->seed, o->stream, index));
	switch (o->scaling) {
	case OCTET_RECIPROCAL:
		steps = x * (1 / scale);
		break;
	case OCTET_ADD_THEN_ROUND:
		steps = x / scale + (float)zero_point;
		zero = 0;
		break;
	default:
		steps = x / scale;
	}
	if (isinf(steps))
		return (double)steps;
	return octet_round(codes, (double)steps, index) + zero;
}

static void store(const struct octet_codes *codes, double q, void *out, size_t at)
{
	int32_t code = (int32_t)fmin(fmax(q, codes->min), codes->max);

	if (codes->opts.type == OCTET_INT16)
		((int16_t *)out)[at] = (int16_t)code;
	else
		((uint8_t *)out)[at] = (uint8_t)code;
}

bool octet_has_nan(const float *in, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (isnan(in[i]))
			return true;
	return false;
}

int octet_quantize(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
		   const float *in, size_t count, void *out)
{
	struct octet_codes codes;
	int ret = octet_codes_get(opts, &codes);

	if (ret)
		return ret;
	if (!count)
		return 0;
	if (!in || !out || !octet_params_ok(&codes, scale, zero_point) || octet_has_nan(in, count))
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		store(&codes, octet_code_of(&codes, scale, zero_point, in[i], i), out, i);
	return 0;
}

int octet_quantize_channel(const struct octet_quant_opts *opts, const float *scale,
			   const int32_t *zero_point, const float *in, size_t outer,
			   size_t channels, size_t inner, void *out)
{
	struct octet_codes codes;
	int ret = octet_codes_get(opts, &codes);
	size_t at = 0;

	if (ret)
		return ret;
	if (!scale || !in || !out || octet_has_nan(in, outer * channels * inner))
		return -EINVAL;
	for (size_t c = 0; c < channels; c++)
		if (!octet_params_ok(&codes, scale[c], zero_point ? zero_point[c] : 0))
			return -EINVAL;
	for (size_t o = 0; o < outer; o++) {
		for (size_t c = 0; c < channels; c++) {
			int32_t zero = zero_point ? zero_point[c] : 0;

			for (size_t i = 0; i < inner; i++, at++)
				store(&codes, octet_code_of(&codes, scale[c], zero, in[at], at),
				      out, at);
		}
	}
	return 0;
}

static int64_t code_at(enum octet_dtype type, const void *in, size_t i)
{
	switch (type) {
	case OCTET_INT8:
		return ((const int8_t *)in)[i];
	case OCTET_UINT8:
		return ((const uint8_t *)in)[i];
	case OCTET_INT16:
		return ((const int16_t *)in)[i];
	default:
		return ((const int32_t *)in)[i];
	}
}

int octet_dequantize(enum octet_dtype type, float scale, int32_t zero_point, const void *in,
		     size_t count, float *out)
{
	if ((!octet_dtype_size(type) && type != OCTET_INT16) || !(scale > 0) || !isfinite(scale))
		return -EINVAL;
	if (!count)
		return 0;
	if (!in || !out)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		out[i] = (float)((double)scale * (double)(code_at(type, in, i) - zero_point));
	return 0;
}

static int bias_one(double s_in, double s_w, float bias, int32_t *out)
{
	double q = round((double)bias / (s_in * s_w));

	if (isnan(q))
		return -EINVAL;
	if (q < INT32_MIN || q > INT32_MAX)
		return -ERANGE;
	*out = (int32_t)q;
	return 0;
}

int octet_quantize_bias(float s_in, const float *s_w, bool per_channel, const float *bias,
			size_t count, int32_t *out)
{
	if (!s_w || (count && (!bias || !out)) || !(s_in > 0) || !isfinite(s_in))
		return -EINVAL;
	/* Twice: results stay untouched unless every value fits. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < count; i++) {
			float w = s_w[per_channel ? i : 0];
			int32_t q;
			int ret;

			if (!(w > 0) || !isfinite(w))
				return -EINVAL;
			ret = bias_one((double)s_in, (double)w, bias[i], &q);
			if (ret)
				return ret;
			if (pass)
				out[i] = q;
		}
	}
	return 0;
}
