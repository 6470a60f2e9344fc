// SPDX-License-Identifier: MIT
/* A range that has so many percent of the values inside. */
#include <math.h>

#include "observer.h"

/* Distance from 0 beyond which @cut values of the sides of @mask lie. */
static double quantile(const struct histogram *h, unsigned int mask, double cut)
{
	for (uint32_t i = h->bins; i-- > 0;) {
		double n = 0;

		for (int side = 0; side < 2; side++)
			if (mask & 1u << side)
				n += (double)h->sides[side][i];
		if (n > 0 && n >= cut)
			return (i + 1 - cut / n) * h->width;
		cut -= n;
	}
	return 0;
}

int search_percentile(struct search *s)
{
	const struct histogram *h = &s->w->h;
	double cut = (100 - s->w->o.percentile) / 100 * (double)h->total;
	bool both = s->min < 0 && s->max > 0;

	if (s->codes->opts.scheme == OCTET_SYMMETRIC) {
		double limit = quantile(h, 3, cut);

		s->min = fmax(s->min, -limit);
		s->max = fmin(s->max, limit);
		return 0;
	}
	if (both)
		cut /= 2;
	s->min = fmax(s->min, -quantile(h, 2, cut));
	s->max = fmin(s->max, quantile(h, 1, cut));
	return 0;
}
