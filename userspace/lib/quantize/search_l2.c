// SPDX-License-Identifier: MIT
/*
 * PyTorch's search: narrow the range from whichever end loses fewer values, as
 * long as the L2 error of the values, taken as uniform in their bins, falls.
 */
#include <math.h>
#include <stdlib.h>

#include "observer.h"

#define STEP 1e-5

/** struct l2 - @total: sum of counts; @sums: [bins], cumulative */
struct l2 {
	const struct torch_histogram *t;
	double width, total, levels;
	float *sums;
};

static double cube(double x)
{
	return x * x * x;
}

/* Error with levels from the first bin of a range to its last; not around 0. */
static double error_of(const struct l2 *l, uint32_t first, uint32_t last)
{
	double step = l->width * (last - first + 1) / l->levels, half = step / 2, sum = 0;
	double whole = (cube(half) - cube(-half)) / 3;

	for (uint32_t i = 0; i < l->t->bins; i++) {
		double begin = ((double)i - first) * l->width, end = begin + l->width;
		double from = fmin(fmax(floor(begin / step), 0), l->levels - 1);
		double to = fmin(fmax(floor(end / step), 0), l->levels - 1);
		double norm = (cube(half) - cube(begin - (from + 0.5) * step)) / 3;

		if (l->t->counts[i] == 0)
			continue;
		norm += (to - from - 1) * whole;
		norm += (cube(end - (to * step + half)) - cube(-half)) / 3;
		sum += (double)l->t->counts[i] / l->width * norm;
	}
	return sum;
}

static void narrow(const struct l2 *l, uint32_t *start, uint32_t *end)
{
	double alpha = 0, beta = 1, best = INFINITY;

	while (alpha < beta) {
		double next_alpha = alpha + STEP, next_beta = beta - STEP, norm;
		uint32_t left = *start, right = *end, first = *start, last = *end;

		while (left < *end && l->sums[left] < (float)(next_alpha * l->total))
			left++;
		while (right > *start && l->sums[right] > (float)(next_beta * l->total))
			right--;
		if (left - *start > *end - right) {
			first = left;
			alpha = next_alpha;
		} else {
			last = right;
			beta = next_beta;
		}
		if (first == *start && last == *end)
			continue;
		norm = error_of(l, first, last);
		if (norm > best)
			return;
		best = norm;
		*start = first;
		*end = last;
	}
}

int search_l2(struct search *s)
{
	const struct torch_histogram *t = &s->w->torch;
	struct l2 l = { .t = t, .levels = s->w->o.levels };
	uint32_t start = 0, end = t->bins - 1;
	float width, sum = 0;

	if (t->whole || t->min == t->max)
		return 0;
	l.sums = calloc(t->bins, sizeof(*l.sums));
	if (!l.sums)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->bins; i++) {
		sum += t->counts[i];
		l.sums[i] = sum;
	}
	l.total = (double)sum;
	l.width = ((double)t->max - (double)t->min) / t->bins;
	if (!s->w->o.levels)
		l.levels = ldexp(1, (int)s->codes->opts.bits);
	narrow(&l, &start, &end);
	free(l.sums);
	/* In float32, as there. */
	width = (t->max - t->min) / (float)t->bins;
	s->min = fmin((double)(t->min + width * (float)start), 0);
	s->max = fmax((double)(t->min + width * (float)(end + 1)), 0);
	return 0;
}
