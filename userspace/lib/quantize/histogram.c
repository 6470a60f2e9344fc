// SPDX-License-Identifier: MIT
/*
 * A histogram that grows. Bins begin at 0 and are a power of two wide, so which
 * values share a bin depends on the largest value alone, not on when it came.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "observer.h"

int histogram_init(struct histogram *h, uint32_t bins)
{
	h->bins = bins;
	for (int side = 0; side < 2; side++) {
		h->sides[side] = calloc(bins, sizeof(*h->sides[side]));
		if (!h->sides[side])
			return -ENOMEM;
	}
	return 0;
}

void histogram_free(struct histogram *h)
{
	free(h->sides[0]);
	free(h->sides[1]);
}

/* Each bin and its neighbour become one. */
static void fold(struct histogram *h)
{
	for (int side = 0; side < 2; side++) {
		uint64_t *n = h->sides[side];
		uint32_t half = (h->bins + 1) / 2;

		for (uint32_t i = 0; i < half; i++) {
			uint64_t next = 2 * i + 1 < h->bins ? n[2 * i + 1] : 0;

			n[i] = n[2 * i] + next;
		}
		memset(n + half, 0, (h->bins - half) * sizeof(*n));
	}
	h->width *= 2;
}

/* The smallest power of two such that @largest lies in the last bin or before. */
static double width_for(uint32_t bins, double largest)
{
	int exponent;

	frexp(largest / bins, &exponent);
	for (double w = ldexp(1, exponent - 2);; w *= 2)
		if (largest < w * bins)
			return w;
}

void histogram_add(struct histogram *h, const float *data, size_t count, float largest)
{
	double scale;

	h->total += count;
	if (!(largest > 0)) {
		h->zeros += count;
		return;
	}
	if (h->width == 0)
		h->width = width_for(h->bins, (double)largest);
	while ((double)largest >= h->width * h->bins)
		fold(h);
	scale = 1 / h->width;
	for (size_t i = 0; i < count; i++) {
		double x = (double)data[i] * scale;

		/* Signs are hard to predict, zeros are not. */
		if (x == 0)
			h->zeros++;
		else
			h->sides[x < 0][(uint32_t)fabs(x)]++;
	}
}

double histogram_outside(const struct histogram *h, double min, double max)
{
	double limit[2] = { max, -min }, sum = 0;

	for (int side = 0; side < 2 && h->width > 0; side++) {
		for (uint32_t i = 0; i < h->bins; i++) {
			double inside = limit[side] / h->width - i;

			inside = fmin(fmax(inside, 0), 1);
			if (h->sides[side][i])
				sum += (double)h->sides[side][i] * (1 - inside);
		}
	}
	return sum;
}

uint32_t histogram_used(const struct histogram *h)
{
	uint32_t used = h->bins;

	while (used && !h->sides[0][used - 1] && !h->sides[1][used - 1])
		used--;
	return used;
}
