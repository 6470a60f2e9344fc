// SPDX-License-Identifier: MIT
/* Scale and zero point of a range, by each of the rules. All ranges have 0 inside. */

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "quant.h"

/* FBGEMM does not go below this scale. */
#define FBGEMM_SMALLEST 6.1e-5f

/** struct found - @zero: before it is clamped to the codes */
struct found {
	double scale, zero;
};

static bool symmetric(const struct octet_codes *c)
{
	return c->opts.scheme == OCTET_SYMMETRIC;
}

/* Zero point of symmetric codes. */
static double middle(const struct octet_codes *c)
{
	return c->opts.type == OCTET_UINT8 ? 1 << (c->opts.bits - 1) : 0;
}

/* Rounded up, so that nothing more is clipped. */
static double scaled(const struct octet_codes *c, double scale)
{
	int exponent;

	if (!c->opts.power_of_two || !(scale > 0) || !isfinite(scale))
		return scale;
	if (frexp(scale, &exponent) == 0.5)
		exponent--;
	return ldexp(1, exponent);
}

/* Zero points do not depend on the dice: STOCHASTIC takes half to even. */
static double round_zero(const struct octet_codes *c, double v)
{
	return c->opts.rounding == OCTET_ROUND_STOCHASTIC ? octet_round_even(v) :
							    octet_round(c, v, 0);
}

static struct found by_octet(const struct octet_codes *c, double min, double max)
{
	struct found f = { .zero = middle(c) };
	double s = 1;

	if (min != max)
		s = symmetric(c) ? fmax(-min, max) / ((1 << (c->opts.bits - 1)) - 1) :
				   (max - min) / (c->max - c->min);
	f.scale = (double)(float)scaled(c, s);
	if (!symmetric(c))
		f.zero = c->min - round_zero(c, min / f.scale);
	return f;
}

static struct found by_tflite(const struct octet_codes *c, double min, double max)
{
	struct found f = by_octet(c, min, max);
	double from_min, from_max;

	if (symmetric(c))
		return f;
	if (min != max)
		f.scale = scaled(c, (max - min) / (c->max - c->min));
	from_min = c->min - min / f.scale;
	from_max = c->max - max / f.scale;
	f.zero = round(abs(c->min) + fabs(min / f.scale) < abs(c->max) + fabs(max / f.scale) ?
			       from_min : from_max);
	return f;
}

static struct found by_pytorch(const struct octet_codes *c, float min, float max)
{
	struct found f = { .zero = middle(c) };
	float codes = (float)(c->max - c->min), s;

	s = symmetric(c) ? fmaxf(-min, max) / (codes / 2) : (max - min) / codes;
	s = (float)scaled(c, (double)fmaxf(s, FLT_EPSILON));
	f.scale = (double)s;
	if (!symmetric(c))
		f.zero = c->min - octet_round_even((double)(min / s));
	return f;
}

/* What FBGEMM calls preserving sparsity: one scale for both sides of 0. */
static void widen_symmetric(const struct octet_codes *c, double *min, double *max)
{
	int32_t half = (c->max - c->min) / 2;
	int32_t low = c->opts.type == OCTET_UINT8 || c->opts.full ? half + 1 : half;
	double s = fmax(-*min / low, *max / half);

	*min = -s * low;
	*max = s * half;
}

static struct found by_fbgemm(const struct octet_codes *c, double min, double max)
{
	struct found f = { .zero = middle(c) };
	double s, from_min, from_max;

	if (symmetric(c))
		widen_symmetric(c, &min, &max);
	s = (max - min) / (c->max - c->min);
	if ((float)s == 0 || isinf(1 / (float)s))
		s = 0.1;
	s = scaled(c, s);
	if (s < (double)FBGEMM_SMALLEST) {
		double grow = (double)(FBGEMM_SMALLEST / (float)s);

		s = (double)FBGEMM_SMALLEST;
		/* Both ends in float32, as there. */
		min = max == 0 ? -s * (c->max - c->min) : (double)((float)min * (float)grow);
		max = min == 0 ? s * (c->max - c->min) : (double)((float)max * (float)grow);
	}
	f.scale = s;
	if (symmetric(c))
		return f;
	from_min = c->min - min / s;
	from_max = c->max - max / s;
	f.zero = abs(c->min) - fabs(min / s) < abs(c->max) - fabs(max / s) ? from_min : from_max;
	f.zero = octet_round_even(f.zero);
	return f;
}

static struct found by_onnxruntime(const struct octet_codes *c, float min, float max)
{
	struct found f = { .scale = 1, .zero = 0 };
	double s;

	if (symmetric(c)) {
		max = fmaxf(-min, max);
		min = -max;
	}
	s = (double)(max - min) / (c->max - c->min);
	if (s < (double)FLT_MIN) {
		f.zero = symmetric(c) ? middle(c) : 0;
		return f;
	}
	f.scale = scaled(c, s);
	f.zero = symmetric(c) ? middle(c) : octet_round_even(c->min - (double)min / f.scale);
	return f;
}

static struct found find(const struct octet_codes *c, float min, float max)
{
	switch (c->opts.rule) {
	case OCTET_PARAMS_TFLITE:
		return by_tflite(c, (double)min, (double)max);
	case OCTET_PARAMS_PYTORCH:
		return by_pytorch(c, min, max);
	case OCTET_PARAMS_FBGEMM:
		return by_fbgemm(c, (double)min, (double)max);
	case OCTET_PARAMS_ONNXRUNTIME:
		return by_onnxruntime(c, min, max);
	default:
		return by_octet(c, (double)min, (double)max);
	}
}

int octet_range_params(const struct octet_codes *c, float min, float max, float *scale,
		       int32_t *zero_point)
{
	struct found f;

	if (!isfinite(min) || !isfinite(max) || min > max)
		return -EINVAL;
	f = find(c, fminf(min, 0), fmaxf(max, 0));
	if (!isnormal((float)f.scale))
		return -ERANGE;
	*scale = (float)f.scale;
	*zero_point = (int32_t)fmin(fmax(f.zero, c->min), c->max);
	return 0;
}
