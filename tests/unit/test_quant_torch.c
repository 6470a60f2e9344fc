// SPDX-License-Identifier: MIT
/*
 * PyTorch's own choices, from tests/vectors/torch.txt: scales and zero points of
 * observers are equal, but for sums over 2048 bins in float32, whose order PyTorch
 * does not promise: there the found range may be off by two bins.
 */
#include "unit.h"
#include "vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>
#include <octet_quantize.h>
#include <quantize/observer.h>

#define VALUES 20000
#define WORDS 260

/** struct line - words of a vector, and room for its values */
struct line {
	char text[16384], *word[WORDS];
	int words;
	float x[VALUES];
};

/* Calls @check for each line of the kind; there are @expect of them. */
static void each(const char *kind, int expect, void (*check)(struct line *l, FILE *f))
{
	FILE *f = vectors_open("torch.txt");
	struct line *l = malloc(sizeof(*l));
	int seen = 0;

	assert_non_null(f);
	assert_non_null(l);
	for (;;) {
		l->words = vectors_next(f, l->text, sizeof(l->text), l->word, WORDS);
		if (l->words < 0)
			break;
		if (strcmp(l->word[0], kind))
			continue;
		check(l, f);
		seen++;
	}
	assert_int_equal(seen, expect);
	fprintf(stderr, "PyTorch's %s: %d of %d equal\n", kind, seen, expect);
	free(l);
	fclose(f);
}

static unsigned int number(const struct line *l, int i)
{
	return (unsigned int)strtoul(l->word[i], NULL, 10);
}

static float real(const struct line *l, int i)
{
	return strtof(l->word[i], NULL);
}

static struct octet_quant_opts options(const char *dtype, const char *scheme, int reduce)
{
	OCTET_OPTS(octet_quant_opts, o);

	o.type = !strcmp(dtype, "quint8") ? OCTET_UINT8 : OCTET_INT8;
	o.rule = OCTET_PARAMS_PYTORCH;
	o.rounding = OCTET_ROUND_EVEN;
	o.scaling = OCTET_RECIPROCAL;
	o.bits = reduce ? 7 : 8;
	if (!strcmp(scheme, "symmetric")) {
		o.scheme = OCTET_SYMMETRIC;
		o.full = o.type == OCTET_INT8;
	}
	return o;
}

static void params_equal(const struct octet_quant_opts *q, float min, float max, float scale,
			 int32_t zero)
{
	float s;
	int32_t z;

	assert_int_equal(octet_quant_params(q, min, max, &s, &z), 0);
	if (s != scale)
		print_error("scale %a, there %a\n", (double)s, (double)scale);
	assert_true(s == scale);
	assert_int_equal(z, zero);
}

static void check_minmax(struct line *l, FILE *f)
{
	struct octet_quant_opts q = options(l->word[4], l->word[5], atoi(l->word[6]));
	struct octet_observer *w;
	float min, max;

	(void)f;
	assert_int_equal(octet_observer_new(&w, NULL), 0);
	vectors_fill(l->word[1], number(l, 2), l->x, number(l, 3));
	assert_int_equal(octet_observer_add(w, l->x, number(l, 3)), 0);
	assert_int_equal(octet_observer_range(w, &q, 0, &min, &max, NULL), 0);
	params_equal(&q, min, max, real(l, 7), atoi(l->word[8]));
	octet_observer_free(w);
}

static void test_minmax(void **state)
{
	(void)state;
	each("minmax", 140, check_minmax);
}

static void check_moving(struct line *l, FILE *f)
{
	struct octet_quant_opts q = options(l->word[4], l->word[5], 0);
	OCTET_OPTS(octet_observer_opts, o);
	struct octet_observer *w;
	float min, max;

	(void)f;
	o.kind = OCTET_OBSERVE_MOVING;
	assert_int_equal(octet_observer_new(&w, &o), 0);
	for (unsigned int k = 0; k < number(l, 2); k++) {
		vectors_fill(l->word[1], k, l->x, number(l, 3));
		assert_int_equal(octet_observer_add(w, l->x, number(l, 3)), 0);
	}
	assert_int_equal(octet_observer_range(w, &q, 0, &min, &max, NULL), 0);
	params_equal(&q, min, max, real(l, 7), atoi(l->word[8]));
	octet_observer_free(w);
}

static void test_moving(void **state)
{
	(void)state;
	each("moving", 6, check_moving);
}

static void check_channel(struct line *l, FILE *f)
{
	struct octet_quant_opts q = options("qint8", l->word[5], 0);
	float scale[6];
	int32_t zero[6];
	unsigned int c = number(l, 4);

	(void)f;
	vectors_fill(l->word[1], number(l, 2), l->x, 240);
	assert_int_equal(octet_quant_params_channel(&q, l->x, 1, 6, 40, scale, zero), 0);
	assert_true(scale[c] == real(l, 6));
	assert_int_equal(zero[c], atoi(l->word[7]));
}

static void test_channel(void **state)
{
	(void)state;
	each("channel", 36, check_channel);
}

/* How far found ranges are from PyTorch's, in bins. */
static int same, close_by;

static void check_histogram(struct line *l, FILE *f)
{
	struct octet_quant_opts q = options(l->word[5], "affine", 0);
	float min, max, low = real(l, 6), high = real(l, 7), bin = (high - low) / 2048;
	OCTET_OPTS(octet_observer_opts, o);
	struct octet_observer *w;

	(void)f;
	o.kind = OCTET_OBSERVE_HISTOGRAM;
	o.levels = 256;
	assert_int_equal(octet_observer_new(&w, &o), 0);
	for (unsigned int k = 0; k < number(l, 3); k++) {
		vectors_fill(l->word[1], number(l, 2) + k, l->x, number(l, 4));
		assert_int_equal(octet_observer_add(w, l->x, number(l, 4)), 0);
	}
	assert_int_equal(octet_observer_range(w, &q, 0, &min, &max, NULL), 0);
	octet_observer_free(w);
	if (min == fminf(low, 0) && max == fmaxf(high, 0)) {
		same++;
		params_equal(&q, min, max, real(l, 8), atoi(l->word[9]));
		return;
	}
	close_by++;
	print_error("%s %s: [%a, %a], there [%a, %a]\n", l->word[1], l->word[2], (double)min,
		    (double)max, (double)low, (double)high);
	assert_true(fabsf(min - fminf(low, 0)) <= 2 * bin);
	assert_true(fabsf(max - fmaxf(high, 0)) <= 2 * bin);
}

static void test_histogram(void **state)
{
	(void)state;
	same = close_by = 0;
	each("histogram", 6, check_histogram);
	each("histogram-float", 42, check_histogram);
	fprintf(stderr, "of HistogramObserver's ranges %d bit for bit, %d within 2 bins\n", same,
		close_by);
	assert_true(close_by <= 4);
}

/* The histogram while its range grows, bin by bin. */
static void check_bins(struct line *l, FILE *f)
{
	struct torch_histogram t = { 0 };
	double sum = 0;

	(void)f;
	assert_int_equal(torch_histogram_init(&t, 2048), 0);
	for (unsigned int k = 0; k < number(l, 3); k++) {
		unsigned int count = 20 + 100 * k;
		float min = INFINITY, max = -INFINITY;

		vectors_fill(l->word[1], number(l, 2) + k, l->x, count);
		for (unsigned int i = 0; i < count; i++) {
			min = fminf(min, l->x[i]);
			max = fmaxf(max, l->x[i]);
		}
		torch_histogram_add(&t, l->x, count, min, max);
	}
	for (uint64_t i = 0; i < 2048; i++)
		sum += (double)t.counts[i] * (double)(i * 2654435761u % 1000003);
	assert_true(t.min == real(l, 4) && t.max == real(l, 5));
	if (sum != strtod(l->word[6], NULL))
		print_error("%s %s: %a, there %s\n", l->word[1], l->word[2], sum, l->word[6]);
	assert_true(sum == strtod(l->word[6], NULL));
	torch_histogram_free(&t);
}

static void test_bins(void **state)
{
	(void)state;
	each("bins", 16, check_bins);
}

static void preset_activations(struct line *l, const struct octet_quant_opts *q,
			       const struct octet_observer_opts *o)
{
	struct octet_observer *w;
	float min, max;

	assert_int_equal(octet_observer_new(&w, o), 0);
	for (unsigned int k = 0; k < number(l, 4); k++) {
		vectors_fill("whole", number(l, 3) + k, l->x, number(l, 5));
		assert_int_equal(octet_observer_add(w, l->x, number(l, 5)), 0);
	}
	assert_int_equal(octet_observer_range(w, q, 0, &min, &max, NULL), 0);
	octet_observer_free(w);
	params_equal(q, min, max, real(l, 6), atoi(l->word[7]));
}

/* From the name of the preset to scale and zero point. */
static void check_preset(struct line *l, FILE *f)
{
	bool weights = !strcmp(l->word[2], "weights"), per_channel;
	OCTET_OPTS(octet_observer_opts, o);
	OCTET_OPTS(octet_quant_opts, q);
	enum octet_preset preset;
	float scale[6];
	int32_t zero[6];

	(void)f;
	assert_int_equal(octet_preset_parse(l->word[1], &preset), 0);
	assert_int_equal(octet_preset_get(preset, weights ? OCTET_ROLE_WEIGHTS :
					  OCTET_ROLE_ACTIVATIONS, &q, &o, &per_channel), 0);
	if (!weights) {
		preset_activations(l, &q, &o);
		return;
	}
	assert_int_equal(number(l, 4), per_channel ? 6 : 1);
	vectors_fill("peaked", number(l, 3), l->x, 240);
	assert_int_equal(octet_quant_params_channel(&q, l->x, 1, number(l, 4), 240 / number(l, 4),
						    scale, zero), 0);
	for (int c = 0; c < (int)number(l, 4); c++) {
		assert_true(scale[c] == real(l, 6 + 2 * c));
		assert_int_equal(zero[c], atoi(l->word[7 + 2 * c]));
	}
}

static void test_preset(void **state)
{
	(void)state;
	each("preset", 20, check_preset);
}

static void check_choose(struct line *l, FILE *f)
{
	OCTET_OPTS(octet_quant_opts, q);

	(void)f;
	q.type = OCTET_UINT8;
	q.rule = OCTET_PARAMS_FBGEMM;
	q.bits = atoi(l->word[3]) ? 7 : 8;
	params_equal(&q, real(l, 1), real(l, 2), real(l, 4), atoi(l->word[5]));
}

static void test_choose(void **state)
{
	(void)state;
	each("choose", 102, check_choose);
}

static void check_quantize(struct line *l, FILE *f)
{
	struct octet_quant_opts q = options(l->word[4], "affine", 0);
	unsigned int n = number(l, 3);
	uint8_t codes[200];

	(void)f;
	assert_int_equal(n + 7, l->words);
	vectors_fill(l->word[1], number(l, 2), l->x, n);
	assert_int_equal(octet_quantize(&q, real(l, 5), atoi(l->word[6]), l->x, n, codes), 0);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(q.type == OCTET_UINT8 ? codes[i] : (int8_t)codes[i],
				 atoi(l->word[7 + i]));
}

static void check_ties(struct line *l, FILE *f)
{
	struct octet_quant_opts q = options("qint8", "affine", 0);
	float scale = real(l, 1), x[18];
	int8_t codes[18];

	(void)f;
	for (int i = 0; i < 18; i++)
		x[i] = (float)((double)scale * (i - 8.5));
	assert_int_equal(octet_quantize(&q, scale, 0, x, 18, codes), 0);
	for (int i = 0; i < 18; i++)
		assert_int_equal(codes[i], atoi(l->word[2 + i]));
}

static void test_quantize(void **state)
{
	(void)state;
	each("quantize", 3, check_quantize);
	each("ties", 20, check_ties);
}

/* Three lines: parameters and their gradients, results, gradients of the values. */
static void check_fake(struct line *l, FILE *f)
{
	struct octet_quant_opts q = options("qint8", "affine", 0);
	float y[64], g[64], dx[64], dscale, dzero, scale = real(l, 4);
	float want_scale = real(l, 6), want_zero = real(l, 7);
	OCTET_OPTS(octet_fake_quant_grads, grads);
	int32_t zero = atoi(l->word[5]);

	vectors_fill(l->word[1], number(l, 2), l->x, 64);
	vectors_fill("uniform", number(l, 2) + 100, g, 64);
	grads.in = dx;
	grads.scale = &dscale;
	grads.zero_point = &dzero;
	grads.factor = 1;
	assert_int_equal(octet_fake_quant(&q, scale, zero, l->x, 64, y), 0);
	assert_int_equal(octet_fake_quant_backward(&q, scale, zero, l->x, g, 64, &grads), 0);
	/* Sums of float32 there. */
	assert_true(fabsf(dscale - want_scale) <= 1e-5f * fmaxf(1, fabsf(want_scale)));
	assert_true(fabsf(dzero - want_zero) <= 1e-5f * fmaxf(1, fabsf(want_zero)));
	assert_int_equal(vectors_next(f, l->text, sizeof(l->text), l->word, WORDS), 65);
	for (int i = 0; i < 64; i++)
		assert_true(y[i] == real(l, i + 1));
	assert_int_equal(vectors_next(f, l->text, sizeof(l->text), l->word, WORDS), 65);
	for (int i = 0; i < 64; i++)
		assert_true(dx[i] == real(l, i + 1));
}

static void test_fake(void **state)
{
	(void)state;
	each("fake", 3, check_fake);
}

UNIT_MAIN(unit_case(test_minmax), unit_case(test_moving), unit_case(test_channel),
	  unit_case(test_histogram), unit_case(test_bins), unit_case(test_preset),
	  unit_case(test_choose), unit_case(test_quantize), unit_case(test_fake))
