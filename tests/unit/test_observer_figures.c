// SPDX-License-Identifier: MIT
/*
 * What calibrators are worth: the signal to quantization noise ratio of each on
 * tensors with heavy tails, in dB, and the share of values that it clips. MSE must
 * be the best on each, because that ratio is what it looks for.
 */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <octet.h>
#include <octet_quantize.h>

#define COUNT 100000
#define KINDS 6
#define TENSORS 8

static uint64_t state64;

static double uniform(void)
{
	uint64_t z = state64 += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
	double r = sqrt(-2 * log(uniform()));

	return r * cos(6.283185307179586 * uniform());
}

static double laplace(void)
{
	double u = uniform() - 0.5;

	return u < 0 ? log(1 + 2 * u) : -log(1 - 2 * u);
}

static double student(void)
{
	double a = normal(), b = normal(), c = normal();

	return normal() / sqrt((a * a + b * b + c * c) / 3);
}

static const char *const tensors[TENSORS] = {
	"normal", "laplace", "student t, 3 degrees", "lognormal", "laplace after ReLU",
	"normal, 1 of 10^4 50-fold", "ReLU, 1 of 10^3 30-fold", "cubed normal",
};

static double value(int tensor)
{
	switch (tensor) {
	case 0:
		return normal();
	case 1:
		return laplace();
	case 2:
		return student();
	case 3:
		return exp(1.5 * normal());
	case 4:
		return fmax(laplace(), 0);
	case 5:
		return normal() * (uniform() < 1e-4 ? 50 : 1);
	case 6:
		return fmax(normal(), 0) * (uniform() < 1e-3 ? 30 : 1);
	default:
		return pow(normal(), 3);
	}
}

/* The ratio in dB; by the way the clipped share, and whether what it says is so. */
static double judge(const struct octet_quant_opts *q, enum octet_observer_kind kind, const float *x,
		    float *y, double *clipped)
{
	double signal = 0, noise = 0, outside = 0;
	OCTET_OPTS(octet_observer_opts, o);
	struct octet_observer *w;
	float min, max, scale;
	int32_t zero;

	o.kind = kind;
	assert_int_equal(octet_observer_new(&w, &o), 0);
	for (size_t i = 0; i < COUNT; i += COUNT / 10)
		assert_int_equal(octet_observer_add(w, x + i, COUNT / 10), 0);
	assert_int_equal(octet_observer_range(w, q, 0, &min, &max, clipped), 0);
	octet_observer_free(w);
	assert_int_equal(octet_quant_params(q, min, max, &scale, &zero), 0);
	assert_int_equal(octet_fake_quant(q, scale, zero, x, COUNT, y), 0);
	for (size_t i = 0; i < COUNT; i++) {
		double d = (double)x[i] - (double)y[i];

		signal += (double)x[i] * (double)x[i];
		noise += d * d;
		outside += x[i] < min || x[i] > max;
	}
	/* Values within a bin of the end count in part. */
	assert_true(fabs(outside / COUNT - *clipped) < 0.01);
	return 10 * log10(signal / noise);
}

static void table(uint32_t bits, enum octet_scheme scheme)
{
	float *x = malloc(2 * COUNT * sizeof(*x));
	double mean[KINDS] = { 0 }, db[KINDS], clipped[KINDS];
	OCTET_OPTS(octet_quant_opts, q);

	assert_non_null(x);
	q.bits = bits;
	q.scheme = scheme;
	fprintf(stderr, "\n%u bits, %s: SQNR in dB (%% clipped)\n%-26s", bits,
		scheme == OCTET_SYMMETRIC ? "symmetric" : "asymmetric", "");
	for (int k = 0; k < KINDS; k++)
		fprintf(stderr, " %14s", octet_observer_name((enum octet_observer_kind)k));
	state64 = 1;
	for (int t = 0; t < TENSORS; t++) {
		fprintf(stderr, "\n%-26s", tensors[t]);
		for (size_t i = 0; i < COUNT; i++)
			x[i] = (float)value(t);
		for (int k = 0; k < KINDS; k++) {
			db[k] = judge(&q, (enum octet_observer_kind)k, x, x + COUNT, &clipped[k]);
			mean[k] += db[k] / TENSORS;
			fprintf(stderr, " %6.2f (%5.3f)", db[k], clipped[k] * 100);
		}
		for (int k = 0; k < KINDS; k++)
			assert_true(db[OCTET_OBSERVE_MSE] >= db[k] - 0.1);
	}
	fprintf(stderr, "\n%-26s", "mean");
	for (int k = 0; k < KINDS; k++)
		fprintf(stderr, " %6.2f        ", mean[k]);
	fprintf(stderr, "\n");
	free(x);
}

static void test_eight(void **state)
{
	(void)state;
	table(8, OCTET_ASYMMETRIC);
	table(8, OCTET_SYMMETRIC);
}

static void test_four(void **state)
{
	(void)state;
	table(4, OCTET_ASYMMETRIC);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Printed, not judged: it is another machine's load that would fail. */
static void test_speed(void **state)
{
	float *x = malloc(COUNT * sizeof(*x)), min, max;

	(void)state;
	assert_non_null(x);
	for (size_t i = 0; i < COUNT; i++)
		x[i] = (float)laplace();
	for (int k = 0; k < KINDS; k++) {
		OCTET_OPTS(octet_observer_opts, o);
		struct octet_observer *w;
		double t0, t1;

		o.kind = (enum octet_observer_kind)k;
		assert_int_equal(octet_observer_new(&w, &o), 0);
		t0 = seconds();
		for (int i = 0; i < 10; i++)
			assert_int_equal(octet_observer_add(w, x, COUNT), 0);
		t1 = seconds();
		assert_int_equal(octet_observer_range(w, NULL, 0, &min, &max, NULL), 0);
		fprintf(stderr, "%-10s %5.2f ns a value, %6.2f ms for the range\n",
			octet_observer_name(o.kind), (t1 - t0) / COUNT / 10 * 1e9,
			(seconds() - t1) * 1e3);
		octet_observer_free(w);
	}
	free(x);
}

UNIT_MAIN(unit_case(test_eight), unit_case(test_four), unit_case(test_speed))
