// SPDX-License-Identifier: MIT
/* How far two lists of numbers are apart. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

/* Beyond the codes by more than rounding. */
static bool saturates(const struct compare_layer *l, double ref, double got)
{
	double step = (double)l->scale;

	return (ref > l->high + step / 2 && got > l->high - step / 4) ||
	       (ref < l->low - step / 2 && got < l->low + step / 4);
}

void compare_add(struct compare_stats *s, const struct compare_layer *l, const float *ref,
		 const float *got)
{
	for (size_t i = 0; i < l->elements; i++) {
		double x = (double)ref[i], y = (double)got[i], d = fabs(x - y);

		s->signal += x * x;
		s->noise += d * d;
		s->dot += x * y;
		s->power += y * y;
		/* Written so that NaN becomes the largest. */
		if (!(d <= s->largest))
			s->largest = d;
		s->saturated += l->coded && saturates(l, x, y);
	}
	s->count += l->elements;
}

double compare_sqnr(const struct compare_stats *s)
{
	if (s->noise == 0)
		return INFINITY;
	return 10 * log10(s->signal / s->noise);
}

double compare_cosine(const struct compare_stats *s)
{
	double lengths = sqrt(s->signal) * sqrt(s->power);

	if (s->noise == 0)
		return 1;
	if (lengths > 0)
		return fmin(s->dot / lengths, 1);
	/* Nothing but zeros on one of the sides. */
	return 0;
}

double compare_saturated(const struct compare_stats *s)
{
	return s->count ? (double)s->saturated / (double)s->count : 0;
}

/* Twice the reach: pairs of bins become one, in the middle half. */
static void widen(struct compare_histogram *h)
{
	uint64_t wide[COMPARE_BINS] = { 0 };

	for (size_t i = 0; i < COMPARE_BINS; i++)
		wide[COMPARE_BINS / 4 + i / 2] += h->bin[i];
	memcpy(h->bin, wide, sizeof(wide));
	h->reach *= 2;
}

void compare_see(struct compare_histogram *h, const float *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double x = (double)v[i];
		size_t at;

		if (!isfinite(x))
			continue;
		if (!h->count) {
			h->reach = ldexp(1, -20);
			h->min = h->max = x;
		}
		while (fabs(x) >= h->reach)
			widen(h);
		at = (size_t)((x / h->reach + 1) * (COMPARE_BINS / 2));
		h->bin[at < COMPARE_BINS ? at : COMPARE_BINS - 1]++;
		h->min = fmin(h->min, x);
		h->max = fmax(h->max, x);
		h->count++;
	}
}

bool compare_decode(const struct octet_tensor_info *t, const void *data, size_t count, float *out)
{
	float scale = t->quants == 1 ? t->scale[0] : 1;
	int32_t zero = t->quants == 1 ? t->zero_point[0] : 0;

	if (t->type == OCTET_FLOAT32) {
		memcpy(out, data, count * sizeof(*out));
		return true;
	}
	if (t->type != OCTET_INT8 && t->type != OCTET_UINT8 && t->type != OCTET_INT16 &&
	    t->type != OCTET_INT32)
		return false;
	if (t->type != OCTET_INT16) {
		return !octet_dequantize(t->type, scale, zero, data, count, out);
	}
	for (size_t i = 0; i < count; i++)
		out[i] = (float)(((const int16_t *)data)[i] - zero) * scale;
	return true;
}

static int worse(const void *x, const void *y)
{
	const struct compare_layer *a = *(const struct compare_layer *const *)x;
	const struct compare_layer *b = *(const struct compare_layer *const *)y;
	double p = compare_sqnr(&a->accumulated), q = compare_sqnr(&b->accumulated);

	if (p != q)
		return p < q ? -1 : 1;
	return a->op < b->op ? -1 : a->op > b->op;
}

const struct compare_layer **compare_sort(const struct compare *c)
{
	const struct compare_layer **list = calloc(c->layers + 1, sizeof(*list));

	for (size_t i = 0; list && i < c->layers; i++)
		list[i] = &c->layer[i];
	if (list)
		qsort(list, c->layers, sizeof(*list), worse);
	return list;
}

const char *compare_short(const char *name, char *out, size_t size)
{
	size_t n = strcspn(name, ";");

	if (n < size) {
		memcpy(out, name, n);
		out[n] = '\0';
		return out;
	}
	/* The end of a path says more than its beginning. */
	memcpy(out, "...", 3);
	memcpy(out + 3, name + n - (size - 4), size - 4);
	out[size - 1] = '\0';
	return out;
}
