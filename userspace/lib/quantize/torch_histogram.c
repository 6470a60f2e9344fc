// SPDX-License-Identifier: MIT
/*
 * The histogram of PyTorch's HistogramObserver, step by step in float32 as there,
 * but with the old counts moved bin by bin: PyTorch spreads them over an array that
 * is as long as the range has grown. Where PyTorch forgets values that were all
 * equal when others come, here they are counted.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "observer.h"

/* Each bin is taken for so many when the range grows. */
#define UPSAMPLE 128

int torch_histogram_init(struct torch_histogram *t, uint32_t bins)
{
	t->bins = bins;
	t->empty = true;
	t->counts = calloc(bins, sizeof(*t->counts));
	t->next = calloc(bins, sizeof(*t->next));
	t->sums = calloc(bins + 1, sizeof(*t->sums));
	return t->counts && t->next && t->sums ? 0 : -ENOMEM;
}

void torch_histogram_free(struct torch_histogram *t)
{
	free(t->counts);
	free(t->next);
	free(t->sums);
}

/* torch.histc: the share of the range, times bins, in this order of operations. */
static uint32_t bin_of(const struct torch_histogram *t, float x, float min, float max)
{
	float pos = (x - min) * (float)t->bins / (max - min);

	if (!(pos > 0))
		return 0;
	return pos < (float)t->bins ? (uint32_t)pos : t->bins - 1;
}

static void count_all(struct torch_histogram *t, float *counts, const float *data, size_t count,
		      float min, float max)
{
	for (size_t i = 0; i < count; i++)
		counts[bin_of(t, data[i], min, max)]++;
}

/* Old values up to fine bin @k of the new range, which they enter at @start. */
static double old_until(const struct torch_histogram *t, double k, double start)
{
	double fine = k - start, last = (double)t->bins * UPSAMPLE;
	uint32_t bin;

	if (fine <= 0)
		return 0;
	if (fine >= last)
		return t->sums[t->bins];
	bin = (uint32_t)(fine / UPSAMPLE);
	return t->sums[bin] + (fine - (double)bin * UPSAMPLE) * (double)t->counts[bin];
}

static void combine(struct torch_histogram *t, double down, double start)
{
	double before = 0;

	for (uint32_t i = 0; i < t->bins; i++)
		t->sums[i + 1] = t->sums[i] + (double)t->counts[i] * UPSAMPLE;
	for (uint32_t i = 0; i < t->bins; i++) {
		double until = old_until(t, (i + 1) * down, start);

		/* PyTorch keeps the sum before as float32. */
		t->next[i] += (float)((until - before) / UPSAMPLE);
		before = (double)(float)until;
	}
}

/* Old and new values in a range for both. */
static void grow(struct torch_histogram *t, const float *data, size_t count, float min, float max)
{
	float fine = (t->max - t->min) / (float)(t->bins * UPSAMPLE);
	float step = (float)t->bins * fine, down, high;

	/* All equal until now: they are counted anew. */
	if (t->min == t->max) {
		t->counts[bin_of(t, t->min, min, max)] = (float)t->single;
		count_all(t, t->counts, data, count, min, max);
		t->min = min;
		t->max = max;
		return;
	}
	down = ceilf((max - min) / step);
	high = max + (down * step - (max - min));
	if (!isnormal(fine) || !isfinite(down) || !isfinite(high - min)) {
		t->whole = true;
		return;
	}
	memset(t->next, 0, t->bins * sizeof(*t->next));
	count_all(t, t->next, data, count, min, high);
	if (min == t->min && high == t->max)
		for (uint32_t i = 0; i < t->bins; i++)
			t->next[i] += t->counts[i];
	else
		combine(t, (double)down, (double)rintf((t->min - min) / fine));
	memcpy(t->counts, t->next, t->bins * sizeof(*t->next));
	t->min = min;
	t->max = high;
}

void torch_histogram_add(struct torch_histogram *t, const float *data, size_t count, float min,
			 float max)
{
	if (t->whole)
		return;
	if (t->empty) {
		t->min = min;
		t->max = max;
	}
	if (fminf(t->min, min) == fmaxf(t->max, max)) {
		t->single += count;
		t->empty = false;
		return;
	}
	if (!isnormal(fmaxf(t->max, max) - fminf(t->min, min))) {
		t->whole = true;
	} else if (t->empty) {
		count_all(t, t->counts, data, count, min, max);
		t->empty = false;
	} else {
		grow(t, data, count, fminf(t->min, min), fmaxf(t->max, max));
	}
}
