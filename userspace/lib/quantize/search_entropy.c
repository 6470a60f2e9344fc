// SPDX-License-Identifier: MIT
/*
 * TensorRT's calibration: of all largest values the one after which the
 * distribution of codes tells most of that of the values, by Kullback and Leibler.
 * Exact zeros do not count: they are exact whatever is chosen.
 */
#include <math.h>
#include <stdlib.h>

#include "observer.h"

/**
 * struct entropy
 *
 * @n: [used]: values by distance from 0
 * @until: [used + 1]: of these the sum below a bin, and so on
 * @filled: bins that have values
 * @logs: n log n
 */
struct entropy {
	uint32_t used, levels;
	double *n, *until, *filled, *logs;
};

static double n_log_n(double n)
{
	return n > 0 ? n * log(n) : 0;
}

/* The first of a level's bins. */
static uint32_t first_of(const struct entropy *e, uint32_t level, uint32_t bins)
{
	return (uint32_t)(((uint64_t)level * bins + e->levels - 1) / e->levels);
}

/*
 * Divergence if the first @bins bins become levels and all others the last bin. Of a
 * level's bins those without values stay without.
 */
static double divergence(const struct entropy *e, uint32_t bins)
{
	double total = e->until[e->used], inside = e->until[bins], outside = total - inside;
	double last = e->n[bins - 1], sum = e->logs[bins];

	/* What was clipped needs a counterpart. */
	if (!(inside > 0) || (outside > 0 && !(last > 0)))
		return INFINITY;
	sum += n_log_n(last + outside) - n_log_n(last);
	for (uint32_t level = 0; level < e->levels; level++) {
		uint32_t from = first_of(e, level, bins), to = first_of(e, level + 1, bins);
		double share = e->until[to] - e->until[from];
		double p = share + (to == bins ? outside : 0);

		if (p > 0)
			sum -= p * log(share / (e->filled[to] - e->filled[from]));
	}
	return sum / total - log(total) + log(inside);
}

static int load(struct entropy *e, const struct histogram *h)
{
	size_t room = (size_t)e->used + 1;

	e->n = calloc(4 * room, sizeof(*e->n));
	if (!e->n)
		return -ENOMEM;
	e->until = e->n + room;
	e->filled = e->until + room;
	e->logs = e->filled + room;
	for (uint32_t i = 0; i < e->used; i++) {
		/* The bin at 0 counts as its neighbour, as in NVIDIA's own search. */
		uint32_t k = i || e->used < 2 ? i : 1;

		e->n[i] = (double)h->sides[0][k] + (double)h->sides[1][k];
		e->until[i + 1] = e->until[i] + e->n[i];
		e->filled[i + 1] = e->filled[i] + (e->n[i] > 0);
		e->logs[i + 1] = e->logs[i] + n_log_n(e->n[i]);
	}
	return 0;
}

int search_entropy(struct search *s)
{
	const struct histogram *h = &s->w->h;
	bool one_sided = s->min == 0 || s->max == 0;
	struct entropy e = { .used = histogram_used(h), .levels = s->w->o.levels };
	double best = INFINITY, limit = INFINITY;
	int ret;

	if (!e.levels) {
		e.levels = 1u << s->codes->opts.bits;
		if (!one_sided || s->codes->opts.scheme == OCTET_SYMMETRIC)
			e.levels /= 2;
	}
	/* Levels of few bins tell nothing. */
	if (e.levels > h->bins / 8 || e.used <= e.levels)
		return 0;
	ret = load(&e, h);
	if (ret)
		return ret;
	for (uint32_t bins = e.levels; bins <= e.used; bins++) {
		double d = divergence(&e, bins);

		/* On a tie the wider range. */
		if (d <= best) {
			best = d;
			limit = bins * h->width;
		}
	}
	free(e.n);
	s->min = fmax(s->min, -limit);
	s->max = fmin(s->max, limit);
	return 0;
}
