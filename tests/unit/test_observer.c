// SPDX-License-Identifier: MIT
/* Observers: worked numbers, all kinds on all sorts of values, bad input. */
#include "unit.h"
#include "vectors.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>
#include <octet_quantize.h>

#define KINDS 6
#define COUNT 20000

static struct octet_observer *make(enum octet_observer_kind kind)
{
	OCTET_OPTS(octet_observer_opts, o);
	struct octet_observer *w;

	o.kind = kind;
	assert_int_equal(octet_observer_new(&w, &o), 0);
	return w;
}

/** struct found - what an observer says */
struct found {
	float min, max;
	double clipped;
};

static struct found range(struct octet_observer *w, const struct octet_quant_opts *q)
{
	struct found f;

	assert_int_equal(octet_observer_range(w, q, 0, &f.min, &f.max, &f.clipped), 0);
	return f;
}

static struct found of(enum octet_observer_kind kind, const struct octet_quant_opts *q,
		       const float *x, size_t count)
{
	struct octet_observer *w = make(kind);
	struct found f;

	assert_int_equal(octet_observer_add(w, x, count), 0);
	f = range(w, q);
	octet_observer_free(w);
	return f;
}

static void test_names(void **state)
{
	enum octet_observer_kind kind;

	(void)state;
	for (int k = 0; k < KINDS; k++) {
		const char *name = octet_observer_name((enum octet_observer_kind)k);

		assert_int_equal(octet_observer_parse(name, &kind), 0);
		assert_int_equal(kind, k);
	}
	assert_string_equal(octet_observer_name((enum octet_observer_kind)KINDS), "?");
	assert_int_equal(octet_observer_parse("nonsense", &kind), -EINVAL);
	assert_int_equal(octet_observer_parse(NULL, &kind), -EINVAL);
}

static void test_bad(void **state)
{
	static const float bad[] = { NAN, INFINITY, -INFINITY };
	OCTET_OPTS(octet_quant_opts, q);
	float min = 7, max = 8;

	(void)state;
	q.bits = 99;
	for (int k = 0; k < KINDS; k++) {
		struct octet_observer *w = make((enum octet_observer_kind)k);

		assert_int_equal(octet_observer_range(w, NULL, 0, &min, &max, NULL), -ENODATA);
		assert_int_equal(octet_observer_add(w, NULL, 0), 0);
		assert_int_equal(octet_observer_add(w, NULL, 1), -EINVAL);
		assert_int_equal(octet_observer_range(w, NULL, 0, &min, &max, NULL), -ENODATA);
		for (int b = 0; b < 3; b++) {
			float x[] = { 1, 1000, bad[b] };

			assert_int_equal(octet_observer_add(w, x, 3), -EINVAL);
		}
		assert_int_equal(octet_observer_range(w, NULL, 0, &min, &max, NULL), -ENODATA);
		assert_int_equal(octet_observer_add(w, (float[]){ 2 }, 1), 0);
		assert_int_equal(octet_observer_range(w, NULL, 1, &min, &max, NULL), -EINVAL);
		assert_int_equal(octet_observer_range(w, &q, 0, &min, &max, NULL), -EINVAL);
		assert_int_equal(octet_observer_range(w, NULL, 0, NULL, &max, NULL), -EINVAL);
		assert_true(min == 7 && max == 8);
		octet_observer_free(w);
	}
	assert_int_equal(octet_observer_add(NULL, &min, 1), -EINVAL);
	octet_observer_free(NULL);
}

static void refuse(const struct octet_observer_opts *o)
{
	struct octet_observer *w = NULL;

	assert_int_equal(octet_observer_new(&w, o), -EINVAL);
	assert_null(w);
}

static void test_bad_options(void **state)
{
	struct octet_observer_opts bad[] = {
		{ .kind = (enum octet_observer_kind)KINDS }, { .bins = 15 }, { .bins = 65537 },
		{ .percentile = 50 }, { .percentile = 100.5 }, { .percentile = (double)NAN },
		{ .momentum = -0.1 }, { .momentum = 1.5 }, { .levels = 3 }, { .levels = 65537 },
		{ .kind = OCTET_OBSERVE_MSE, .channels = 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bad[i].size = sizeof(bad[i]);
		refuse(&bad[i]);
	}
}

/* All kinds agree where there is nothing to choose. */
static void test_plain(void **state)
{
	static const float zeros[64], equal[] = { 3, 3, 3 }, below[] = { -5, -5 };
	float s;
	int32_t z;

	(void)state;
	for (int k = 0; k < KINDS; k++) {
		enum octet_observer_kind kind = (enum octet_observer_kind)k;
		struct found f = of(kind, NULL, zeros, 64);

		assert_true(f.min == 0 && f.max == 0 && f.clipped == 0);
		assert_int_equal(octet_quant_params(NULL, f.min, f.max, &s, &z), 0);
		assert_true(s == 1 && z == -128);
		f = of(kind, NULL, equal, 3);
		assert_true(f.min == 0 && f.max == 3 && f.clipped == 0);
		f = of(kind, NULL, below, 2);
		assert_true(f.min == -5 && f.max == 0 && f.clipped == 0);
		assert_false(signbit(f.max));
	}
}

/* Values that are nearly not float32: no overflow, nothing invented. */
static void test_huge(void **state)
{
	static const float wide[] = { -FLT_MAX, 1, 2, -3, FLT_MAX, 0 };
	static const float tiny[] = { 1e-44f, 2e-44f, 0, 3e-44f };
	static const float jump[] = { 1e-30f, 5e-31f };

	(void)state;
	for (int k = 0; k < KINDS; k++) {
		enum octet_observer_kind kind = (enum octet_observer_kind)k;
		struct octet_observer *w = make(kind);
		struct found f = of(kind, NULL, wide, 6);
		float s;
		int32_t z;

		assert_true(f.min >= -FLT_MAX && f.max <= FLT_MAX && f.min < 0 && f.max > 0);
		assert_int_equal(octet_quant_params(NULL, f.min, f.max, &s, &z), 0);
		f = of(kind, NULL, tiny, 4);
		assert_true(f.min == 0 && f.max >= 1e-44f && f.max <= 3e-44f);
		assert_int_equal(octet_quant_params(NULL, f.min, f.max, &s, &z), -ERANGE);
		/* From tiny to huge in two calls. */
		assert_int_equal(octet_observer_add(w, jump, 2), 0);
		assert_int_equal(octet_observer_add(w, wide, 6), 0);
		f = range(w, NULL);
		assert_true(isfinite(f.min) && isfinite(f.max) && f.min < f.max);
		octet_observer_free(w);
	}
}

/* One-sided values never gain another side, whatever the scheme. */
static void test_one_sided(void **state)
{
	float *x = malloc(COUNT * sizeof(*x));
	OCTET_OPTS(octet_quant_opts, q);

	(void)state;
	assert_non_null(x);
	vectors_fill("relu", 5, x, COUNT);
	x[17] = 400;
	for (int k = 0; k < KINDS; k++) {
		for (int scheme = 0; scheme < 2; scheme++) {
			enum octet_observer_kind kind = (enum octet_observer_kind)k;
			struct found f;

			q.scheme = (enum octet_scheme)scheme;
			f = of(kind, &q, x, COUNT);
			assert_true(f.min == 0 && !signbit(f.min));
			assert_true(f.max > 1 && f.max <= 400);
			assert_true(f.clipped >= 0 && f.clipped < 0.2);
			for (int i = 0; i < COUNT; i++)
				x[i] = -x[i];
			f = of(kind, &q, x, COUNT);
			assert_true(f.max == 0 && f.min < -1);
			for (int i = 0; i < COUNT; i++)
				x[i] = -x[i];
		}
	}
	free(x);
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static int by_size(const void *a, const void *b)
{
	float x = fabsf(*(const float *)a), y = fabsf(*(const float *)b);

	return (x > y) - (x < y);
}

/* Neither order nor the size of calls matters where a histogram of ours decides. */
static void test_order(void **state)
{
	static const enum octet_observer_kind kinds[] = {
		OCTET_OBSERVE_MINMAX, OCTET_OBSERVE_PERCENTILE, OCTET_OBSERVE_MSE,
		OCTET_OBSERVE_ENTROPY,
	};
	float *x = malloc(COUNT * sizeof(*x));

	(void)state;
	assert_non_null(x);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct octet_observer *w = make(kinds[k]);
		struct found all, f;

		vectors_fill("peaked", 3, x, COUNT);
		all = of(kinds[k], NULL, x, COUNT);
		/* Small ones first: bins merge again and again. */
		qsort(x, COUNT, sizeof(*x), by_size);
		for (size_t i = 0; i < COUNT; i += 100)
			assert_int_equal(octet_observer_add(w, x + i, 100), 0);
		f = range(w, NULL);
		assert_true(f.min == all.min && f.max == all.max && f.clipped == all.clipped);
		octet_observer_free(w);
	}
	free(x);
}

/* Against the values sorted: right to a bin, of which there are 1024 at least. */
static void test_percentile(void **state)
{
	static const double parts[] = { 90, 99, 99.9, 100 };
	float *x = malloc(COUNT * sizeof(*x));
	OCTET_OPTS(octet_observer_opts, o);

	(void)state;
	assert_non_null(x);
	vectors_fill("peaked", 9, x, COUNT);
	qsort(x, COUNT, sizeof(*x), ascending);
	o.kind = OCTET_OBSERVE_PERCENTILE;
	for (int i = 0; i < 4; i++) {
		size_t cut = (size_t)llround((100 - parts[i]) / 200 * COUNT);
		struct octet_observer *w;
		struct found f;

		o.percentile = parts[i];
		assert_int_equal(octet_observer_new(&w, &o), 0);
		assert_int_equal(octet_observer_add(w, x, COUNT), 0);
		f = range(w, NULL);
		assert_true(fabsf(f.min - x[cut]) <= 8.0f / 1024);
		assert_true(fabsf(f.max - x[COUNT - 1 - cut]) <= 8.0f / 1024);
		assert_true(fabs(f.clipped - (100 - parts[i]) / 100) < 1e-9);
		octet_observer_free(w);
	}
	free(x);
}

/* Squared error of values by the library's own quantization. */
static double error_of(const struct octet_quant_opts *q, float min, float max, const float *x,
		       float *y, size_t count)
{
	double sum = 0;
	float s;
	int32_t z;

	assert_int_equal(octet_quant_params(q, min, max, &s, &z), 0);
	assert_int_equal(octet_fake_quant(q, s, z, x, count, y), 0);
	for (size_t i = 0; i < count; i++)
		sum += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]);
	return sum / (double)count;
}

/* The best range of a grid, by the values themselves. */
static double best_of(const struct octet_quant_opts *q, const struct found *all, const float *x,
		      float *y, size_t count)
{
	double best = INFINITY;

	for (int a = 1; a <= 20; a++)
		for (int b = 1; b <= 20; b++)
			best = fmin(best, error_of(q, all->min * (float)a / 20,
						   all->max * (float)b / 20, x, y, count));
	return best;
}

/* No range of a grid is better than the one found from bins. */
static void test_mse(void **state)
{
	static const char *const shapes[] = { "uniform", "peaked", "relu", "tail", "outlier" };
	enum { N = 4000 };
	float x[N], y[N];
	OCTET_OPTS(octet_quant_opts, q);

	(void)state;
	for (int i = 0; i < 5; i++) {
		vectors_fill(shapes[i], 4, x, N);
		for (q.bits = 3; q.bits <= 8; q.bits += 5) {
			struct found f = of(OCTET_OBSERVE_MSE, &q, x, N);
			struct found all = of(OCTET_OBSERVE_MINMAX, &q, x, N);
			double found = error_of(&q, f.min, f.max, x, y, N);
			double best = best_of(&q, &all, x, y, N);

			fprintf(stderr, "mse %s, %u bits: %.4g, of a grid %.4g, min-max %.4g\n",
				shapes[i], q.bits, found, best,
				error_of(&q, all.min, all.max, x, y, N));
			assert_true(found <= 1.02 * best);
		}
	}
}

/* No options are int8, asymmetric. */
static void test_default(void **state)
{
	float *x = malloc(COUNT * sizeof(*x));
	OCTET_OPTS(octet_quant_opts, q);

	(void)state;
	assert_non_null(x);
	vectors_fill("tail", 8, x, COUNT);
	for (int k = 0; k < KINDS; k++) {
		struct found a = of((enum octet_observer_kind)k, NULL, x, COUNT);
		struct found b = of((enum octet_observer_kind)k, &q, x, COUNT);

		assert_true(a.min == b.min && a.max == b.max && a.clipped == b.clipped);
		if (k == OCTET_OBSERVE_MSE)
			assert_true(a.clipped > 0);
	}
	free(x);
}

/* Entropy leaves a uniform distribution whole and cuts off lonely outliers. */
static void test_entropy(void **state)
{
	float *x = malloc(COUNT * sizeof(*x));
	OCTET_OPTS(octet_quant_opts, q);
	struct found f;

	(void)state;
	assert_non_null(x);
	vectors_fill("uniform", 4, x, COUNT);
	f = of(OCTET_OBSERVE_ENTROPY, NULL, x, COUNT);
	assert_true(f.max > 0.95f && f.min < -0.95f);
	x[5] = 6;
	x[6] = -3;
	q.scheme = OCTET_SYMMETRIC;
	f = of(OCTET_OBSERVE_ENTROPY, &q, x, COUNT);
	assert_true(f.max > 0.9f && f.max < 1.2f && f.min == -f.max);
	assert_true(f.clipped > 0 && f.clipped < 0.05);
	/* So many codes that nothing can be gained. */
	q.type = OCTET_INT16;
	q.bits = 16;
	f = of(OCTET_OBSERVE_ENTROPY, &q, x, COUNT);
	assert_true(f.max == 6 && f.min == -3 && f.clipped == 0);
	free(x);
}

/* Divergence as its definition says: of two distributions written out. */
static double divergence(const double *n, int used, int bins, double *q)
{
	double total = 0, inside = 0, outside = 0, sum = 0, level[128] = { 0 };
	int filled[128] = { 0 };

	for (int i = 0; i < used; i++) {
		total += n[i];
		outside += i < bins ? 0 : n[i];
	}
	for (int i = 0; i < bins; i++) {
		level[i * 128 / bins] += n[i];
		filled[i * 128 / bins] += n[i] > 0;
	}
	for (int i = 0; i < bins; i++) {
		q[i] = n[i] > 0 ? level[i * 128 / bins] / filled[i * 128 / bins] : 0;
		inside += q[i];
	}
	for (int i = 0; i < bins; i++) {
		double p = (n[i] + (i == bins - 1 ? outside : 0)) / total;

		if (p > 0)
			sum += p * log(p / (q[i] / inside));
	}
	return sum;
}

/* The range of the smallest of all divergences. */
static void test_entropy_plain(void **state)
{
	static const char *const shapes[] = { "peaked", "relu", "tail", "outlier" };
	float *x = malloc(COUNT * sizeof(*x));
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	assert_non_null(x);
	o.scheme = OCTET_SYMMETRIC;
	for (int s = 0; s < 4; s++) {
		double n[2048] = { 0 }, q[2048], best = INFINITY, limit = 0, largest = 0, width;
		struct found f;
		int used = 0;

		vectors_fill(shapes[s], 2, x, COUNT);
		f = of(OCTET_OBSERVE_ENTROPY, &o, x, COUNT);
		for (int i = 0; i < COUNT; i++)
			largest = fmax(largest, fabs((double)x[i]));
		width = exp2(floor(log2(largest / 2048)) + 1);
		for (int i = 0; i < COUNT; i++) {
			int bin = (int)(fabs((double)x[i]) / width);

			n[bin] += x[i] != 0;
			used = bin >= used ? bin + 1 : used;
		}
		n[0] = n[1];
		for (int bins = 128; bins <= used; bins++) {
			double d = divergence(n, used, bins, q);

			if (d <= best) {
				best = d;
				limit = bins * width;
			}
		}
		fprintf(stderr, "entropy %s: |x| to %g of %g\n", shapes[s], limit, largest);
		assert_true(fmaxf(-f.min, f.max) == (float)fmin(limit, largest));
	}
	free(x);
}

/* Channels are innermost. */
static void test_channels(void **state)
{
	static const float x[] = { 1, -2, 0, 4, 5, 0 };
	OCTET_OPTS(octet_observer_opts, o);
	struct octet_observer *w;
	double clipped = 5;
	float min, max;

	(void)state;
	o.channels = 3;
	assert_int_equal(octet_observer_new(&w, &o), 0);
	assert_int_equal(octet_observer_add(w, x, 4), -EINVAL);
	assert_int_equal(octet_observer_add(w, x, 6), 0);
	for (uint32_t c = 0; c < 3; c++) {
		assert_int_equal(octet_observer_range(w, NULL, c, &min, &max, &clipped), 0);
		assert_true(min == (c == 1 ? -2 : 0) && max == (c == 0 ? 4 : c == 1 ? 5 : 0));
		assert_true(clipped == 0);
	}
	assert_int_equal(octet_observer_range(w, NULL, 3, &min, &max, &clipped), -EINVAL);
	octet_observer_free(w);
	o.kind = OCTET_OBSERVE_MOVING;
	o.momentum = 0.5;
	assert_int_equal(octet_observer_new(&w, &o), 0);
	assert_int_equal(octet_observer_add(w, x, 3), 0);
	assert_int_equal(octet_observer_add(w, x + 3, 3), 0);
	assert_int_equal(octet_observer_range(w, NULL, 0, &min, &max, &clipped), 0);
	assert_true(min == 0 && max == 2.5f && clipped == -1);
	octet_observer_free(w);
}

/* Half of the values above what the average has reached. */
static void test_moving(void **state)
{
	static const float first[] = { 0, 1 }, second[] = { 0, 3 };
	OCTET_OPTS(octet_observer_opts, o);
	struct octet_observer *w;
	struct found f;

	(void)state;
	o.kind = OCTET_OBSERVE_MOVING;
	o.momentum = 0.25;
	assert_int_equal(octet_observer_new(&w, &o), 0);
	assert_int_equal(octet_observer_add(w, first, 2), 0);
	assert_int_equal(octet_observer_add(w, second, 2), 0);
	f = range(w, NULL);
	assert_true(f.min == 0 && f.max == 1.5f && f.clipped == 0.25);
	octet_observer_free(w);
}

UNIT_MAIN(unit_case(test_names), unit_case(test_bad), unit_case(test_bad_options),
	  unit_case(test_plain), unit_case(test_huge), unit_case(test_one_sided),
	  unit_case(test_order), unit_case(test_percentile), unit_case(test_mse), unit_case(test_default),
	  unit_case(test_entropy), unit_case(test_entropy_plain), unit_case(test_channels), unit_case(test_moving))
