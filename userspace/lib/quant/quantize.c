// SPDX-License-Identifier: MIT
/* Real values to codes and back. */

#include <math.h>

#include "quant.h"

static bool params_ok(const struct octet_codes *codes, float scale, int32_t zero_point)
{
	int32_t lowest = codes->opts.type == OCTET_UINT8 ? 0 : -128;

	if (!(scale > 0) || !isfinite(scale) || zero_point < lowest || zero_point > lowest + 255)
		return false;
	/* The reciprocal of a tiny scale is infinite, and 0 * inf is no value. */
	return codes->opts.scaling != OCTET_RECIPROCAL || isfinite(1 / scale);
}

static uint8_t quantize_one(const struct octet_codes *codes, float scale, int32_t zero_point,
			    float x, uint64_t index)
{
	double q, zero = zero_point;
	float steps;

	switch (codes->opts.scaling) {
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
		q = steps > 0 ? codes->max : codes->min;
	else
		q = octet_round(codes, (double)steps, index) + zero;
	q = fmin(fmax(q, codes->min), codes->max);
	return (uint8_t)(int32_t)q;
}

static bool has_nan(const float *in, size_t count)
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
	uint8_t *bytes = out;
	int ret = octet_codes_get(opts, &codes);

	if (ret)
		return ret;
	if (!count)
		return 0;
	if (!in || !out || !params_ok(&codes, scale, zero_point) || has_nan(in, count))
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		bytes[i] = quantize_one(&codes, scale, zero_point, in[i], i);
	return 0;
}

int octet_quantize_channel(const struct octet_quant_opts *opts, const float *scale,
			   const int32_t *zero_point, const float *in, size_t outer,
			   size_t channels, size_t inner, void *out)
{
	struct octet_codes codes;
	uint8_t *bytes = out;
	int ret = octet_codes_get(opts, &codes);
	size_t at = 0;

	if (ret)
		return ret;
	if (!scale || !in || !out || has_nan(in, outer * channels * inner))
		return -EINVAL;
	for (size_t c = 0; c < channels; c++)
		if (!params_ok(&codes, scale[c], zero_point ? zero_point[c] : 0))
			return -EINVAL;
	for (size_t o = 0; o < outer; o++)
		for (size_t c = 0; c < channels; c++)
			for (size_t i = 0; i < inner; i++, at++)
				bytes[at] = quantize_one(&codes, scale[c],
							 zero_point ? zero_point[c] : 0, in[at],
							 at);
	return 0;
}

static int64_t code_at(enum octet_dtype type, const void *in, size_t i)
{
	switch (type) {
	case OCTET_INT8:
		return ((const int8_t *)in)[i];
	case OCTET_UINT8:
		return ((const uint8_t *)in)[i];
	default:
		return ((const int32_t *)in)[i];
	}
}

int octet_dequantize(enum octet_dtype type, float scale, int32_t zero_point, const void *in,
		     size_t count, float *out)
{
	if (!octet_dtype_size(type) || !(scale > 0) || !isfinite(scale))
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
