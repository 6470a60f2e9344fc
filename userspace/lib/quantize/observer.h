/* SPDX-License-Identifier: MIT */
/*
 * Observers. observer.c has the calls, histogram.c the histogram that grows,
 * torch_histogram.c PyTorch's, and each search_*.c one way to find a range.
 */
#ifndef OCTET_QUANTIZE_OBSERVER_H
#define OCTET_QUANTIZE_OBSERVER_H

#include "../quant/quant.h"

/**
 * struct histogram - counts of bins around 0
 *
 * @bins: on either side
 * @width: of a bin, a power of two; 0: nothing but zeros was seen
 * @sides: [2][bins]: of values above and below 0, by their distance from 0
 * @zeros: exact zeros
 * @total: all values
 */
struct histogram {
	uint32_t bins;
	double width;
	uint64_t *sides[2];
	uint64_t zeros, total;
};

int histogram_init(struct histogram *h, uint32_t bins);
void histogram_free(struct histogram *h);
/** histogram_add() - finite values, the largest |x| of which is @largest */
void histogram_add(struct histogram *h, const float *data, size_t count, float largest);
/** histogram_outside() - values outside [min, max], which has 0; bins count in part */
double histogram_outside(const struct histogram *h, double min, double max);
/** histogram_used() - bins up to the last with a value on either side */
uint32_t histogram_used(const struct histogram *h);

/**
 * struct torch_histogram - as PyTorch's HistogramObserver keeps it
 *
 * @counts: [bins], divided up when the range grows, so no whole numbers
 * @next: @sums: room for that
 * @single: values seen while all were equal
 * @whole: the range does not fit float32's arithmetic: bins mean nothing
 */
struct torch_histogram {
	uint32_t bins;
	float min, max;
	float *counts, *next;
	double *sums;
	uint64_t single;
	bool empty, whole;
};

int torch_histogram_init(struct torch_histogram *t, uint32_t bins);
void torch_histogram_free(struct torch_histogram *t);
void torch_histogram_add(struct torch_histogram *t, const float *data, size_t count, float min,
			 float max);

/**
 * struct octet_observer
 *
 * @seen: values per channel
 * @min: @max: [channels], of MOVING the averages
 * @lowest: @highest: of all values
 */
struct octet_observer {
	struct octet_observer_opts o;
	uint64_t seen;
	float *min, *max;
	float lowest, highest;
	struct histogram h;
	struct torch_histogram torch;
};

/** struct search - what a search finds from; @min and @max begin as the whole range with 0 */
struct search {
	const struct octet_observer *w;
	const struct octet_codes *codes;
	double min, max;
};

int search_percentile(struct search *s);
int search_l2(struct search *s);
int search_mse(struct search *s);
int search_entropy(struct search *s);

#endif /* OCTET_QUANTIZE_OBSERVER_H */
