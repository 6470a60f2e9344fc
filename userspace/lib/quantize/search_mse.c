// SPDX-License-Identifier: MIT
/*
 * The range whose quantization has the smallest mean squared error, computed
 * exactly for values that are uniform in their bins, with the scale and zero point
 * that the options give for the range.
 */
#include <math.h>

#include "observer.h"

#define SHRINKS 100
#define ROUNDS 2

/* Integral of squared rounding errors from 0 to @x with steps @s. */
static double rounding(double x, double s)
{
	double k = floor(x / s + 0.5), rest = x - k * s;

	return k * s * s * s / 12 + rest * rest * rest / 3;
}

/* Of squared errors of [from, to] where all becomes @limit. */
static double clipping(double from, double to, double limit)
{
	double a = from - limit, b = to - limit;

	return (b * b * b - a * a * a) / 3;
}

/* Error of one side of 0, whose last code stands for @limit. */
static double side_error(const struct histogram *h, int side, uint32_t used, double limit, double s)
{
	double sum = 0;

	for (uint32_t i = 0; i < used; i++) {
		double from = i * h->width, to = from + h->width, error = 0, mid;

		if (!h->sides[side][i])
			continue;
		mid = fmin(fmax(limit, from), to);
		if (mid > from)
			error += rounding(mid, s) - rounding(from, s);
		if (to > mid)
			error += clipping(mid, to, limit);
		sum += (double)h->sides[side][i] * error / h->width;
	}
	return sum;
}

static double error_of(const struct search *s, double min, double max)
{
	const struct histogram *h = &s->w->h;
	uint32_t used = histogram_used(h);
	float scale;
	int32_t zero;

	/* Nothing is no range, though it has a scale. */
	if ((float)min == (float)max)
		return INFINITY;
	if (octet_range_params(s->codes, (float)min, (float)max, &scale, &zero))
		return INFINITY;
	return side_error(h, 0, used, (double)scale * (s->codes->max - zero), (double)scale) +
	       side_error(h, 1, used, (double)scale * (zero - s->codes->min), (double)scale);
}

static void try(struct search *s, double min, double max, double *best)
{
	double error = error_of(s, min, max);

	/* On a tie the wider range stays. */
	if (!(error < *best))
		return;
	*best = error;
	s->min = min;
	s->max = max;
}

int search_mse(struct search *s)
{
	double min = s->min, max = s->max, best = error_of(s, min, max);
	bool both = min < 0 && max > 0 && s->codes->opts.scheme != OCTET_SYMMETRIC;
	double largest = fmax(-min, max);

	/* Without a scale for the whole there is nothing to compare with. */
	if (!isfinite(best))
		return 0;
	for (int i = SHRINKS - 1; i > 0; i--) {
		double part = (double)i / SHRINKS;

		if (s->codes->opts.scheme == OCTET_SYMMETRIC)
			try(s, fmax(min, -part * largest), fmin(max, part * largest), &best);
		else
			try(s, part * min, part * max, &best);
	}
	/* Then either end for itself. */
	for (int round = 0; both && round < ROUNDS; round++) {
		for (int i = SHRINKS; i >= 0; i--)
			try(s, (double)i / SHRINKS * min, s->max, &best);
		for (int i = SHRINKS; i >= 0; i--)
			try(s, s->min, (double)i / SHRINKS * max, &best);
	}
	return 0;
}
