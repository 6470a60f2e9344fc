// SPDX-License-Identifier: MIT
/* Fake quantization: forward, and the gradients backward. */

#include <math.h>

#include "quant.h"

/** struct layout - values, and the parameters that each takes */
struct layout {
	const float *scale;
	const int32_t *zero;
	size_t outer, channels, inner;
};

static int32_t zero_of(const struct layout *l, size_t channel)
{
	return l->zero ? l->zero[channel] : 0;
}

static size_t count_of(const struct layout *l)
{
	return l->outer * l->channels * l->inner;
}

/* Are options, parameters and values good? */
static int begin(const struct octet_quant_opts *opts, const struct layout *l, const float *in,
		 struct octet_codes *codes)
{
	int ret = octet_codes_get(opts, codes);

	if (ret)
		return ret;
	if (!l->scale || (count_of(l) && !in))
		return -EINVAL;
	for (size_t c = 0; c < l->channels; c++)
		if (!octet_params_ok(codes, l->scale[c], zero_of(l, c)))
			return -EINVAL;
	return octet_has_nan(in, count_of(l)) ? -EINVAL : 0;
}

static int forward(const struct octet_quant_opts *opts, const struct layout *l, const float *in,
		   float *out, uint8_t *mask)
{
	struct octet_codes codes;
	int ret = begin(opts, l, in, &codes);

	if (ret)
		return ret;
	if (count_of(l) && !out && !mask)
		return -EINVAL;
	for (size_t i = 0, n = count_of(l); i < n; i++) {
		size_t c = i / l->inner % l->channels;
		double q = octet_code_of(&codes, l->scale[c], zero_of(l, c), in[i], i);
		double clamped = fmin(fmax(q, codes.min), codes.max);

		if (mask)
			mask[i] = q == clamped;
		else
			out[i] = (float)((double)l->scale[c] * (clamped - zero_of(l, c)));
	}
	return 0;
}

int octet_fake_quant_channel(const struct octet_quant_opts *opts, const float *scale,
			     const int32_t *zero_point, const float *in, size_t outer,
			     size_t channels, size_t inner, float *out)
{
	struct layout l = { scale, zero_point, outer, channels, inner };

	return forward(opts, &l, in, out, NULL);
}

int octet_fake_quant(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
		     const float *in, size_t count, float *out)
{
	return octet_fake_quant_channel(opts, &scale, &zero_point, in, 1, 1, count, out);
}

int octet_fake_quant_mask_channel(const struct octet_quant_opts *opts, const float *scale,
				  const int32_t *zero_point, const float *in, size_t outer,
				  size_t channels, size_t inner, uint8_t *mask)
{
	struct layout l = { scale, zero_point, outer, channels, inner };

	return forward(opts, &l, in, NULL, mask);
}

int octet_fake_quant_mask(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
			  const float *in, size_t count, uint8_t *mask)
{
	return octet_fake_quant_mask_channel(opts, &scale, &zero_point, in, 1, 1, count, mask);
}

/** struct sums - gradients of one channel's scale and zero point */
struct sums {
	double scale, zero;
};

static void gather(const struct octet_codes *codes, const struct layout *l, size_t c, float x,
		   double grad, uint64_t index, struct sums *sums, float *grad_in)
{
	double q = octet_code_of(codes, l->scale[c], zero_of(l, c), x, index);
	double clamped = fmin(fmax(q, codes->min), codes->max);
	double level = clamped - zero_of(l, c);
	bool inside = q == clamped;

	sums->scale += grad * (inside ? level - (double)x / (double)l->scale[c] : level);
	if (!inside)
		sums->zero -= grad * (double)l->scale[c];
	if (grad_in)
		*grad_in = inside ? (float)grad : 0;
}

int octet_fake_quant_backward_channel(const struct octet_quant_opts *opts, const float *scale,
				      const int32_t *zero_point, const float *in,
				      const float *grad_out, size_t outer, size_t channels,
				      size_t inner, const struct octet_fake_quant_grads *grads)
{
	struct layout l = { scale, zero_point, outer, channels, inner };
	struct octet_fake_quant_grads g;
	struct octet_codes codes;
	int ret = begin(opts, &l, in, &codes);

	if (ret)
		return ret;
	ret = octet_opts_in(NULL, "octet_fake_quant_grads", grads, sizeof(g), &g);
	if (ret)
		return ret;
	if (!grads || (count_of(&l) && !grad_out) || !isfinite(g.factor))
		return -EINVAL;
	if (g.factor == 0)
		g.factor = outer && inner ? 1 / sqrt((double)(outer * inner) * codes.max) : 0;
	for (size_t c = 0; c < channels; c++) {
		struct sums sums = { 0 };

		for (size_t o = 0; o < outer; o++) {
			for (size_t i = 0; i < inner; i++) {
				size_t at = (o * channels + c) * inner + i;

				gather(&codes, &l, c, in[at], (double)grad_out[at], at, &sums,
				       g.in ? g.in + at : NULL);
			}
		}
		if (g.scale)
			g.scale[c] = (float)(sums.scale * g.factor);
		if (g.zero_point)
			g.zero_point[c] = (float)(sums.zero * g.factor);
	}
	return 0;
}

int octet_fake_quant_backward(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
			      const float *in, const float *grad_out, size_t count,
			      const struct octet_fake_quant_grads *grads)
{
	return octet_fake_quant_backward_channel(opts, &scale, &zero_point, in, grad_out, 1, 1,
						 count, grads);
}
