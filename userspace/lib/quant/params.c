// SPDX-License-Identifier: MIT
/* Scale and zero point from ranges. */

#include <float.h>
#include <math.h>

#include "quant.h"

int octet_codes_get(const struct octet_quant_opts *user, struct octet_codes *codes)
{
	struct octet_quant_opts *o = &codes->opts;
	int ret = octet_opts_in(NULL, "octet_quant_opts", user, sizeof(*o), o);

	if (ret)
		return ret;
	if (!o->type)
		o->type = OCTET_INT8;
	if (!o->bits)
		o->bits = 8;
	if ((o->type != OCTET_INT8 && o->type != OCTET_UINT8) || o->bits < 2 || o->bits > 8 ||
	    (unsigned int)o->scheme > OCTET_SYMMETRIC ||
	    (unsigned int)o->rounding > OCTET_ROUND_STOCHASTIC ||
	    (unsigned int)o->scaling > OCTET_ADD_THEN_ROUND)
		return -EINVAL;
	if (o->type == OCTET_UINT8) {
		if (o->narrow)
			return -EINVAL;
		codes->min = 0;
		codes->max = (1 << o->bits) - 1;
		return 0;
	}
	codes->min = -(1 << (o->bits - 1));
	codes->max = (1 << (o->bits - 1)) - 1;
	if (o->narrow || o->scheme == OCTET_SYMMETRIC)
		codes->min++;
	return 0;
}

static double round_even(double v)
{
	double low = floor(v), rest = v - low;

	if (rest > 0.5 || (rest == 0.5 && fmod(low, 2) != 0))
		low += 1;
	return low;
}

double octet_round(const struct octet_codes *codes, double v, uint64_t index)
{
	const struct octet_quant_opts *o = &codes->opts;

	switch (o->rounding) {
	case OCTET_ROUND_AWAY:
		return round(v);
	case OCTET_ROUND_EVEN:
		return round_even(v);
	case OCTET_ROUND_UP:
		return floor(v + 0.5);
	case OCTET_ROUND_STOCHASTIC:
		return floor(v + octet_stochastic(o->seed, o->stream, index));
	}
	return v;
}

/* Zero points do not depend on the dice: STOCHASTIC takes half to even. */
static double round_zero(const struct octet_codes *codes, double v)
{
	if (codes->opts.rounding == OCTET_ROUND_STOCHASTIC)
		return round_even(v);
	return octet_round(codes, v, 0);
}

static int range_params(const struct octet_codes *codes, double min, double max, float *scale,
			int32_t *zero_point)
{
	const struct octet_quant_opts *o = &codes->opts;
	bool symmetric = o->scheme == OCTET_SYMMETRIC;
	int32_t half = 1 << (o->bits - 1), zero = codes->min;
	float s;

	if (!isfinite(min) || !isfinite(max) || min > max)
		return -EINVAL;
	min = fmin(min, 0);
	max = fmax(max, 0);
	if (min == max)
		s = 1;
	else if (symmetric)
		s = (float)(fmax(-min, max) / (half - 1));
	else
		s = (float)((max - min) / (codes->max - codes->min));
	if (!isnormal(s))
		return -ERANGE;
	if (symmetric) {
		zero = o->type == OCTET_UINT8 ? half : 0;
	} else {
		double z = codes->min - round_zero(codes, min / (double)s);

		zero = (int32_t)fmin(fmax(z, codes->min), codes->max);
	}
	*scale = s;
	*zero_point = zero;
	return 0;
}

int octet_quant_params(const struct octet_quant_opts *opts, float min, float max, float *scale,
		       int32_t *zero_point)
{
	struct octet_codes codes;
	int ret = octet_codes_get(opts, &codes);

	if (ret)
		return ret;
	if (!scale || !zero_point)
		return -EINVAL;
	return range_params(&codes, (double)min, (double)max, scale, zero_point);
}

/* The range of one channel of [outer][channels][inner]. */
static int channel_range(const float *data, size_t outer, size_t channels, size_t inner,
			 size_t channel, float *min, float *max)
{
	*min = 0;
	*max = 0;
	for (size_t o = 0; o < outer; o++) {
		const float *row = data + (o * channels + channel) * inner;

		for (size_t i = 0; i < inner; i++) {
			if (!isfinite(row[i]))
				return -EINVAL;
			*min = fminf(*min, row[i]);
			*max = fmaxf(*max, row[i]);
		}
	}
	return 0;
}

int octet_quant_params_channel(const struct octet_quant_opts *opts, const float *data, size_t outer,
			       size_t channels, size_t inner, float *scale, int32_t *zero_point)
{
	struct octet_codes codes;
	int ret = octet_codes_get(opts, &codes);

	if (ret)
		return ret;
	if (!data || !scale || !zero_point)
		return -EINVAL;
	/* Twice: results stay untouched unless every channel is good. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t c = 0; c < channels; c++) {
			float min, max, s;
			int32_t zero;

			ret = channel_range(data, outer, channels, inner, c, &min, &max);
			if (!ret)
				ret = range_params(&codes, (double)min, (double)max, &s, &zero);
			if (ret)
				return ret;
			if (pass) {
				scale[c] = s;
				zero_point[c] = zero;
			}
		}
	}
	return 0;
}
